"""How much memory the scan takes, and how many shards may be read at once for it.

A soft limit slows: above it no further shard is begun until one has ended, down to one at a time;
below, the number grows again, a step a moment. It never ends anything; a large shard is
read and stored in portions.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

_ENOUGH = 0.85
"""Of the limit: below this, one more; below half of it, twice as many."""
_FIRST = 2
_PAUSE_SECONDS = 2.0
"""Between two steps up, and between two attempts at giving memory back: a shard takes its time
until its memory shows."""


def resident_mib(pid: int) -> float:
    """What a process has in memory; 0 where it is gone or the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class SoftLimit:
    """``used``: MiB that are taken now."""

    def __init__(
        self,
        limit_mib: int,
        used: Callable[[], float],
        give_back: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit_mib
        self._used = used
        self._give_back = give_back
        self._clock = clock
        self._allowed: dict[int, int] = {}
        self._next_at = 0.0
        self.slowed = 0
        """How often it has held a shard back."""

    def room(self, at_once: int, flying: int) -> int:
        """How many shards of a lane that could read ``at_once`` may be read now."""
        now, used = self._clock(), self._used()
        allowed = self._allowed.setdefault(at_once, min(at_once, _FIRST))
        if used > self._limit:
            if now >= self._next_at:
                self._next_at = now + _PAUSE_SECONDS
                self._give_back()
                used = self._used()
            if used > self._limit:
                self.slowed += allowed > 1
                allowed = max(1, min(allowed, flying - 1))
        elif allowed < at_once and now >= self._next_at and used < self._limit * _ENOUGH:
            self._next_at = now + _PAUSE_SECONDS
            more = allowed if used < self._limit / 2 else 1
            allowed = min(at_once, allowed + more)
        self._allowed[at_once] = allowed
        return allowed
