"""Waiting for a child without waiting for ever.

Owns the difference between a child that works and one that hangs: it prints nothing and uses
neither processor nor disk while somebody waits for it. How long its reader takes does not count.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

PATIENCE_SECONDS = 60.0
_BLIND = 10
"""Times as patient where the system does not tell what a process does."""
_END_SECONDS = 5.0
_MOST_BYTES = 8 << 30
"""Of a child's own memory; the history of the Linux kernel takes less than one GiB."""

P = ParamSpec("P")
T = TypeVar("T")


class Watch:
    """Ends ``process`` when it has done nothing for ``patience`` seconds of waiting."""

    def __init__(self, process: subprocess.Popen[bytes], patience: float) -> None:
        self._process = process
        self._patience = patience
        self._since: float | None = None
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.is_stalled = False

    def __enter__(self) -> None:
        self._since = time.monotonic()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._since = None

    def during(self, wait: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``wait(...)``, which returns at the latest when the process ends."""
        with self:
            return wait(*args, **kwargs)

    def stop(self) -> None:
        self._over.set()

    def _run(self) -> None:
        worked, at = _work(self._process.pid), time.monotonic()
        while not self._over.wait(min(self._patience / 4, 5.0)):
            since, now = self._since, time.monotonic()
            if since is None:
                at = now
                continue
            at = max(at, since)
            work = _work(self._process.pid)
            if work != worked:
                worked, at = work, now
            elif now - at > self._patience * (1 if work else _BLIND):
                self.is_stalled = True
                self._process.kill()
                return


def bound(pid: int) -> None:
    """A tree that was made to have no end ends git, and not the machine: also where its reader was
    killed, so that nobody is left to end it. Only what a process writes itself counts
    (RLIMIT_DATA, setrlimit(2)): packs are mapped, however large. Linux alone can."""
    if not hasattr(os, "sysconf") or sys.platform != "linux":
        return
    import resource

    most = min(_MOST_BYTES, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    with suppress(OSError, ValueError):  # it has ended, or its own limit is lower
        resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))


def end(process: subprocess.Popen[bytes]) -> None:
    """Whatever it does. One that waits for a disk that is away cannot be ended, and is left."""
    if process.poll() is None:
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
    for stream in (process.stdout, process.stderr, process.stdin):
        if stream:
            with suppress(OSError):
                stream.close()


def _work(pid: int) -> tuple[str, ...]:
    """What a process has used: faults that read from a disk, user and system time
    (proc_pid_stat(5), fields 12, 14 and 15), and bytes read (proc_pid_io(5)). Empty where nothing
    tells."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ()
    told = (fields[9], *fields[11:13]) if len(fields) > 12 else ()
    with suppress(OSError):
        told = (*told, Path(f"/proc/{pid}/io").read_text().partition("\n")[0])
    return told
