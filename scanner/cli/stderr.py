"""Standard error that nothing depends on: what cannot be written there is lost, and costs no scan.

A full disk under a log, or a collector that went away, would otherwise end a command at its first
line, with an exit code that says something else.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Lenient(io.RawIOBase):
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: ReadableBuffer, /) -> int:
        with suppress(OSError):
            return os.write(self._descriptor, data)
        return memoryview(data).nbytes

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


def make_lenient() -> None:
    """Only of the process's own: what a caller has put in its place is the caller's."""
    real = sys.__stderr__
    if real is None or sys.stderr is not real:
        return
    try:
        descriptor = real.fileno()
    except (OSError, ValueError):
        return
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Lenient(descriptor)), encoding=real.encoding, errors=real.errors,
        line_buffering=True,
    )  # fmt: skip
