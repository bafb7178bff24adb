"""How fast a vendor is asked that counts calls by caller and place, and says when it is too fast.

A key is whatever the vendor counts for (a subscription, a project and an API). One that is held
back slows no other. Owns the waiting; how a key's calls are counted is a bucket's, of which there
are two kinds: one that fills, where the vendor publishes its rate, and one that learns, where it
does not.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

MOST_WAIT = 120.0
"""Seconds that a vendor may ask for; longer, and the call has failed."""
_MINUTE = 60.0
_UNTOLD = 2.0
"""Seconds of the first wait where the vendor does not say how long; each further one is doubled."""


class Bucket(Protocol):
    """Of one key; only ever asked by one thread at a time."""

    def wait(self, now: float) -> float:
        """Seconds until the next call may go; 0: it goes now and is counted."""
        ...

    def hold(self, now: float, seconds: float) -> None:
        """A call was refused: no other goes before it is over."""
        ...


class Filling:
    """``burst`` calls at once, and ``rate`` a second after that."""

    def __init__(self, burst: int, rate: float) -> None:
        self._burst, self._rate = float(burst), rate
        self._tokens = float(burst)
        self._counted: float | None = None
        self._held = 0.0

    def wait(self, now: float) -> float:
        if self._held > now:
            return self._held - now
        since = now - self._counted if self._counted is not None else 0.0
        self._tokens = min(self._burst, self._tokens + since * self._rate)
        self._counted = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0

    def hold(self, now: float, seconds: float) -> None:
        self._held = max(self._held, now + seconds)


class Learning:
    """Not limited before the vendor says so; what was let through in the minute before is what it
    allows, which is kept to from then on."""

    SHARE = 0.9
    """Of what was let through, so that others who use the quota have some of it."""
    FEWEST = 1.0
    """Calls a second: a refusal after few calls says that somebody else has used the quota up."""
    KEPT = 5 * _MINUTE
    """Seconds for which a rate is kept to."""

    def __init__(self) -> None:
        self._passed: deque[float] = deque()
        """When the calls of the last minute went."""
        self._rate = 0.0
        self._next = 0.0
        self._learned = 0.0

    def wait(self, now: float) -> float:
        if self._next > now:
            return self._next - now
        self._forget(now)
        if self._rate and now > self._learned + self.KEPT:
            self._rate = 0.0  # somebody else may have used it up then
        if self._rate:
            self._next = now + 1 / self._rate
        self._passed.append(now)
        return 0.0

    def hold(self, now: float, seconds: float) -> None:
        # Of calls that were refused at the same time, the first alone says what the rate was.
        if now >= self._next or not self._rate:
            self._forget(now)
            let_through = max(0, len(self._passed) - 1)
            self._rate = max(self.FEWEST, self.SHARE * let_through / _MINUTE)
            self._learned = now
        self._next = max(self._next, now + seconds)

    def _forget(self, now: float) -> None:
        while self._passed and self._passed[0] < now - _MINUTE:
            self._passed.popleft()


class Pace:
    """``made``: the bucket of a key that was not asked before."""

    def __init__(
        self,
        made: Callable[[], Bucket],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._made = made
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def take(self, key: str) -> None:
        """Waits for the turn of a call."""
        while (wait := self._wait(key)) > 0:
            self._sleep(wait)

    def _wait(self, key: str) -> float:
        with self._lock:
            return self._bucket(key).wait(self._clock())

    def hold(self, key: str, seconds: float) -> None:
        """The vendor asked for a pause: nobody asks for ``key`` before it is over."""
        with self._lock:
            self._bucket(key).hold(self._clock(), seconds)

    def pause(self, seconds: float) -> None:
        """Before a call that broke off is made again."""
        self._sleep(seconds)

    def _bucket(self, key: str) -> Bucket:
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = self._made()
        return found


def wait_of(told: float | None, attempt: int) -> float:
    """Seconds after the ``attempt``-th refusal; ``told``: by the vendor."""
    return told if told is not None else min(_MINUTE, _UNTOLD * 2 ** (attempt - 1))


def back_off(attempt: int) -> float:
    """Seconds after the ``attempt``-th call that broke off."""
    return min(30.0, float(1 << attempt) / 2)
