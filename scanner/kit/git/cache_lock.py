"""One writer a cached repository, over processes: a lock that ends with whoever holds it.

On POSIX it is an flock(2) whose descriptor can be handed to git: when the scanner is killed in the
middle of a fetch, git lives on for a while, and the lock lives exactly as long.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

if sys.platform != "win32":
    import fcntl

_POLL_SECONDS = 0.1


class CacheLock:
    """Not reentrant; one object a holder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._plain = FileLock(path, thread_local=False)

    def acquire(self, seconds: float) -> bool:
        """Whether it could be had within ``seconds``; 0: at once or not at all."""
        if sys.platform == "win32":
            try:
                self._plain.acquire(timeout=seconds)
            except Timeout:
                return False
            return True
        until = time.monotonic() + seconds
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() >= until:
                    os.close(descriptor)
                    return False
                time.sleep(_POLL_SECONDS)
            else:
                self._descriptor = descriptor
                return True

    def release(self) -> None:
        """Releasing what is not held changes nothing."""
        if sys.platform == "win32":
            self._plain.release()
        elif self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1

    @property
    def descriptors(self) -> tuple[int, ...]:
        """To be inherited by a child that writes to what is locked."""
        return (self._descriptor,) if self._descriptor >= 0 else ()
