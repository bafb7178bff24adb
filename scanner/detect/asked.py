"""What providers were asked about keys, and whose turn it is: of one process, or of all that read a
scan on this machine.

Owns the promise that a key is asked about once. It holds marks of keys, under a salt that is not
stored beside them, and answers; never a key.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

Tags = tuple[tuple[str, str], ...]


class Page(msgspec.Struct):
    """Of one host. ``next_at``: of the machine's monotonic clock, which its processes share."""

    known: dict[str, Tags] = {}
    calls: int = 0
    next_at: float = 0.0


class Book(Protocol):
    def page(self, host: str) -> AbstractContextManager[Page]:
        """Nobody else's as long as it is open; kept when it is closed."""

    def keep(self, host: str, page: Page) -> None:
        """What would be true if this process ended now."""


class OwnBook:
    """For the threads of one process."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[threading.Lock, Page]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def page(self, host: str) -> Iterator[Page]:
        with self._lock:
            lock, page = self._pages.setdefault(host, (threading.Lock(), Page()))
        with lock:
            yield page

    def keep(self, host: str, page: Page) -> None:
        """Nobody outlives it."""


_PAGES = msgspec.json.Decoder(Page)


class SharedBook:
    """A file a host in ``folder``, which is the scan's own and goes with it. The lock is the
    operating system's: a dead process keeps none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def page(self, host: str) -> Iterator[Page]:
        from filelock import FileLock  # a scan that asks nobody starts without it

        file = self._file(host)
        with FileLock(f"{file}.lock", mode=0o600):
            page = _PAGES.decode(file.read_bytes()) if file.exists() else Page()
            yield page
            self.keep(host, page)

    def keep(self, host: str, page: Page) -> None:
        file = self._file(host)
        fresh = file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(page))
        os.replace(fresh, file)

    def _file(self, host: str) -> Path:
        return self._folder / f"{hashlib.sha256(host.encode()).hexdigest()[:32]}.json"
