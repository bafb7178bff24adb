"""Token buckets, one per source and rate bucket, shared by all threads of a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping


class Limits:
    """``take`` blocks until the bucket has a token. ``rates`` are calls a second; a bucket that
    is not named is not limited."""

    def __init__(
        self,
        rates: Mapping[str, float] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rates = dict(rates or {})
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()
        self._clock = clock
        self._sleep = sleep

    def take(self, bucket: str) -> None:
        rate = self._rates.get(bucket)
        if not rate:
            return
        with self._lock:
            now = self._clock()
            start = max(now, self._next.get(bucket, now))
            self._next[bucket] = start + 1 / rate
        if start > now:
            self._sleep(start - now)

    def hold(self, bucket: str, seconds: float) -> None:
        """The source asked for a pause: nobody takes from ``bucket`` before it is over."""
        with self._lock:
            until = self._clock() + seconds
            self._next[bucket] = max(self._next.get(bucket, 0.0), until)
        self._rates.setdefault(bucket, 50.0)

    def resume(self, bucket: str) -> None:
        """A pause that was asked for is over: whoever has waited it out may go on."""
        with self._lock:
            self._next.pop(bucket, None)
