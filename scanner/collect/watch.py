"""Whether a reading has gone on for too long, asked by whoever waits for it: it may hang where it
cannot ask itself, in a call that does not come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Abandoned(Exception):
    """Nobody waits for this reading any more; what it has found is not stored."""


class Watch:
    """Shared by the one that reads and the one that waits. Of the two, one has the last word:
    what is being stored is not given up, and what was given up stores nothing."""

    def __init__(self, deadline_seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = deadline_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._until: float | None = None
        self._stores = False
        self._is_given_up = False

    # --- of the one that reads -------------------------------------------------------------------

    def begin(self) -> None:
        """An attempt: the deadline is each one's."""
        self._until = self._clock() + self._seconds

    def pause(self) -> None:
        """Nothing is read until the next attempt begins."""
        self._until = None

    def is_late(self) -> bool:
        return self._until is not None and self._clock() > self._until

    def check(self) -> None:
        """Raises ``Abandoned``."""
        if self._is_given_up:
            raise Abandoned

    @contextmanager
    def storing(self) -> Iterator[None]:
        """Raises ``Abandoned``, or keeps it from being given up."""
        with self._lock:
            self.check()
            self._stores = True
        try:
            yield
        finally:
            self._stores = False

    # --- of the one that waits -------------------------------------------------------------------

    def give_up(self) -> bool:
        """Where its time is over, and nothing of it is being stored."""
        with self._lock:
            if self._stores or not self.is_late():
                return False
            self._is_given_up = True
            return True
