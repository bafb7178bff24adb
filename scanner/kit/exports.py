"""Exported files of events: packed or not, one document or a line a record.

Owns opening and the bounds of what is held at once; what a record is, the connector knows.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_MOST_LINE = 16 << 20
_MOST_DOCUMENT = 512 << 20


def opened(path: Path) -> IO[bytes]:
    """Unpacked by what it begins with, whatever its name."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def first_line(stream: IO[bytes]) -> tuple[int, bytes]:
    """Number and text of the first line that is not blank, without a byte-order mark; an empty one
    at the end."""
    line, number = b"", 0
    while not line.strip():
        line = stream.readline(_MOST_LINE)
        number += 1
        if not line:
            return number, b""
    return number, line.removeprefix(b"\xef\xbb\xbf")


def is_document(line: bytes) -> bool:
    """Whether a file that begins with this line is one JSON document, not a record a line."""
    return line.lstrip()[:1] == b"[" or line.strip() == b"{"


def document(line: bytes, stream: IO[bytes]) -> bytes:
    """The whole of it."""
    return line + stream.read(_MOST_DOCUMENT)


def lines(number: int, line: bytes, stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """This line and those behind it, with their numbers, without the blank ones."""
    while line:
        if line.strip():
            yield number, line
        line = stream.readline(_MOST_LINE)
        number += 1
