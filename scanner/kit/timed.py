"""Answers that must come within a time as a whole.

A socket's timeout is each piece's: who sends a byte now and then holds a call for ever, in the
headers as well as in the body. Here every read may take what is left of the whole.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

WHOLE_SECONDS = 600.0
"""Of an answer that is read as a whole (64 MiB at most): a megabit a second is enough."""


class _Timed(io.RawIOBase):
    """A socket's bytes until a moment; ``TimeoutError`` after it, as of a socket."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._seconds = seconds
        self.until: float | None = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.until is not None:
            left = self.until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the answer was not whole after {self._seconds:.0f} s")
            each = self._sock.gettimeout()
            if each is None or left < each:
                self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class HeaderTimed(http.client.HTTPResponse):
    """Status and headers within the time; the body, which may be a long download, as it comes."""

    seconds: float | None = None
    """None: ``WHOLE_SECONDS``."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        seconds = WHOLE_SECONDS if self.seconds is None else self.seconds
        self._timed = _Timed(sock.makefile("rb", buffering=0), sock, seconds)
        self.fp.close()
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        super().begin()
        self._headed()

    def _headed(self) -> None:
        self._timed.until = None


class WholeTimed(HeaderTimed):
    """The body, too."""

    def _headed(self) -> None:
        pass
