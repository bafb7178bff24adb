"""Files of logs and their bytes in blocks of whole lines.

Memory does not grow with a file, nor with a line. Which files there are is
:mod:`connectors.logs.listing`'s, what is new in one :mod:`connectors.logs.opening`'s.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from connectors.logs import objects
from connectors.logs.packed import BROKEN, text_of
from scanner.model.errors import Denied, SourceError, Unavailable

if TYPE_CHECKING:
    from scanner.kit.json_stream import Readable

BLOCK = 1 << 20
_MOST_LINE = 8 << 20
"""A longer line is cut: what is found in a part of it counts."""
_PIECE = 1 << 18
_BEYOND = 1 << 16
"""Bytes that are read of the next block, in which most last lines end."""


@dataclass(frozen=True)
class LogFile:
    """``path``: of the machine, an address of an object store, or ``-``."""

    path: str
    changed: int = 0
    """When it was changed last, in seconds since 1970; 0: unknown, or just now."""

    @property
    def day(self) -> int:
        """Of its last change, as 20261231: for lines that tell no year."""
        at = datetime.fromtimestamp(self.changed or time.time(), UTC)
        return at.year * 10_000 + at.month * 100 + at.day


@contextmanager
def opened(file: LogFile) -> Iterator[IO[bytes]]:
    """Its bytes, unpacked by what it begins with, whatever its name. Raises the source errors."""
    try:
        with _raw(file) as raw:
            yield text_of(raw, file.path)
    except PermissionError as error:
        raise Denied(f"{file.path}: may not be read") from error
    except BROKEN as error:
        raise Unavailable(f"{file.path}: {error}") from error


@contextmanager
def _raw(file: LogFile) -> Iterator[BinaryIO]:
    if file.path == "-":
        yield sys.stdin.buffer
    elif "://" in file.path:
        with objects.opened(file.path) as stream:
            yield stream
    else:
        with Path(file.path).open("rb") as stream:
            yield stream


def plain_size(file: LogFile, stream: IO[bytes]) -> int:
    """Of a file of this machine that is not packed: its parts may be read side by side. -1: it is
    not one. ``stream``: what :func:`opened` gave."""
    if file.path == "-" or "://" in file.path or type(stream) is not BufferedReader:
        return -1
    status = os.fstat(stream.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else -1


def bytes_before(descriptor: int, offset: int, size: int) -> bytes:
    """Up to ``size`` bytes that stand before ``offset`` in a plain file."""
    return os.pread(descriptor, min(size, offset), max(0, offset - size))


def next_line(descriptor: int, offset: int, mark: bytes = b"\n") -> int:
    """Where the first line begins that is whole behind ``offset``: one whose end came later was
    read with what came before it. ``mark``: what ends a line."""
    while data := os.pread(descriptor, BLOCK, offset):
        cut = data.find(mark) + 1
        offset += cut or len(data)
        if cut:
            break
    return offset


@dataclass(frozen=True)
class Part:
    """``data[start:stop]``: the whole lines that begin in a part of a file. ``end``: where in the
    file ``stop`` is; ``tail``: what stands before that, where it is not the data itself."""

    data: bytes
    start: int
    stop: int
    end: int
    tail: bytes = b""


def part(descriptor: int, begin: int, at: int, end: int, mark: bytes = b"\n") -> Part:
    """Lines that begin at ``at`` or behind it and within a block; ``begin``: where the reading of
    the file began, ``end``: its size then. A line that is too long for any honest log is cut."""
    before = 0 if at == begin else 1
    want = min(BLOCK, end - at)
    data = os.pread(descriptor, before + want + _BEYOND, at - before)
    data = data[: before + (end - at)]
    start = data.find(mark, 0, before + want) + 1 if before else 0
    if before and not start:
        return Part(data, 0, 0, at)  # the middle of a line that began before
    last = before + want - 1
    stop = data.find(mark, last) + 1
    if not stop and at - before + len(data) < end:
        data += os.pread(descriptor, _MOST_LINE, at - before + len(data))[: end - at + before]
        stop = data.find(mark, last) + 1
    stop = stop or len(data)
    return Part(data, start, stop, at - before + stop)


def blocks(
    stream: Readable, first: bytes = b"", trouble: Exception | None = None, mark: bytes = b"\n"
) -> Iterator[bytes]:
    """Whole lines, some megabytes at a time; ``first`` and ``trouble``: what :func:`read` has given
    before. The last line may lack its end. Raises what ended the stream, behind what came before
    it."""
    carry, is_over = first, False
    while not is_over and trouble is None:
        data, trouble = read(stream)
        is_over = not data
        cut = data.rfind(mark) + 1
        if cut:
            yield carry + data[:cut]
            carry = data[cut:]
            continue
        carry += data
        if len(carry) > _MOST_LINE:
            yield carry
            carry = b""
    if carry:
        yield carry
    if trouble is not None:
        raise trouble


def read(stream: Readable, most: int = BLOCK) -> tuple[bytes, Exception | None]:
    """A block in pieces: a packed file that was cut off gives what came before."""
    pieces: list[bytes] = []
    size = 0
    try:
        while size < most:
            piece = stream.read(min(_PIECE, most - size))
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
    except (*BROKEN, SourceError) as error:
        return b"".join(pieces), error
    return b"".join(pieces), None
