"""A tar as a stream: headers by Python's ``tarfile``, read from a tape that only goes forward.

Owns what keeps hostile headers harmless: no header block may be large, none may lead back, and the
end that ``tarfile`` takes silently is told when it is damage.
"""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Iterator
from typing import IO, cast

from scanner.kit.expressions import expression
from scanner.kit.streams import Corrupt, Stream
from scanner.kit.text import printable

_MOST_HEADER = 64 << 10
"""Bytes of a long name or of a pax header."""
_DIGITS = expression(rb"\d{40}")
"""No number in a header is so long; ``tarfile`` of Python before 3.12.6 looks for numbers in
quadratic time (CVE-2024-6232)."""
_BROKEN = (
    tarfile.TarError, ValueError, OverflowError, EOFError, IndexError, KeyError, struct.error,
    RecursionError,
)  # fmt: skip
"""What ``tarfile`` raises for headers that are none."""


class Tape:
    """``stream`` as a file that remembers one block: ``tarfile`` steps one byte back to see whether
    a member was whole. Also the stream that a member's bytes are read from."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._end = 0
        """Of what was read of the stream."""
        self._tail = b""
        self._at = 0
        self.last_header: bytes = b""

    def tell(self) -> int:
        return self._at

    def seek(self, at: int, whence: int = 0) -> int:
        if whence or at < self._end - len(self._tail):
            raise Corrupt("a header leads back")
        if at > self._end:
            self._stream.skip(at - self._end)
            self._tail, self._end = b"", at
        self._at = at
        return at

    def read(self, size: int) -> bytes:
        back = self._end - self._at
        data = self._tail[len(self._tail) - back :][:size] if back else b""
        if len(data) < size:
            more = self._stream.read(size - len(data))
            data += more
            self._end += len(more)
            self._tail = (self._tail + more)[-tarfile.BLOCKSIZE :]
        self._at += len(data)
        return data

    def skip(self, size: int) -> None:
        self.seek(self._at + size)


class _Headers:
    """The tape as ``tarfile`` sees it."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.tell = tape.tell
        self.seek = tape.seek

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _MOST_HEADER:
            raise Corrupt(f"a header of {size} bytes")
        data = self._tape.read(size)
        if size > tarfile.BLOCKSIZE and _DIGITS.search(data):
            raise Corrupt("a header of digits")
        if size == tarfile.BLOCKSIZE:
            self._tape.last_header = data
        return data


def tape_members(tape: Tape) -> Iterator[tuple[str, int, bool]]:
    """Name, bytes to read from the tape now, and whether it is a link, of every member but folders,
    devices and pipes. Raises ``Corrupt``."""
    headers = cast(IO[bytes], _Headers(tape))
    try:
        archive = tarfile.TarFile(fileobj=headers, mode="r", encoding="utf-8")
        while (info := archive.next()) is not None:
            # Of a sparse file the bytes that are stored, without its holes.
            stored = archive.offset - info.offset_data if info.issparse() else info.size
            if info.isreg() or info.islnk() or info.issym():
                yield printable(info.name), max(0, stored), not info.isreg()
    except _BROKEN as error:
        raise Corrupt(str(error) or type(error).__name__) from error
    if tape.last_header.strip(b"\0"):
        raise Corrupt("ends amid its headers")
