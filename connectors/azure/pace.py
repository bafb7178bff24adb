"""How fast each subscription is asked: Azure counts reads by subscription and caller.

A bucket of 250 that fills with 25 a second
(https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling);
Resource Graph counts by caller alone. One subscription that throttles slows no other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

BURST = 200
RATE = 20.0


class Pace:
    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._filled: dict[str, tuple[float, float]] = {}
        """Tokens, and when they were counted."""
        self._held: dict[str, float] = {}

    def take(self, subscription: str) -> None:
        """Waits for the turn of a call in ``subscription``."""
        while (wait := self._wait(subscription)) > 0:
            self._sleep(wait)

    def _wait(self, subscription: str) -> float:
        with self._lock:
            now = self._clock()
            held = self._held.get(subscription, 0.0) - now
            if held > 0:
                return held
            tokens, counted = self._filled.get(subscription, (float(BURST), now))
            tokens = min(float(BURST), tokens + (now - counted) * RATE)
            if tokens < 1:
                self._filled[subscription] = (tokens, now)
                return (1 - tokens) / RATE
            self._filled[subscription] = (tokens - 1, now)
            return 0.0

    def hold(self, subscription: str, seconds: float) -> None:
        """Azure asked for a pause: nobody asks in ``subscription`` before it is over."""
        with self._lock:
            until = self._clock() + seconds
            self._held[subscription] = max(self._held.get(subscription, 0.0), until)
