"""Files of logs: which there are, what is new in them, and their bytes in blocks of whole lines.

A file is known by how it begins, not by its name, so that one that was rotated or packed since is
gone on with where its reading stopped. Memory does not grow with a file, nor with a line.
"""

from __future__ import annotations

import bz2
import fnmatch
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from connectors.logs.parquet import MAGIC, Lines
from scanner.model.errors import Denied, SourceError, Unavailable

BLOCK = 1 << 20
_MOST_LINE = 8 << 20
"""A longer line is cut: what is found in a part of it counts."""
_PIECE = 1 << 18
_BEYOND = 1 << 16
"""Bytes that are read of the next block, in which most last lines end."""
_FREE = 1 << 30
_MOST_RATIO = 1100
"""gzip's format cannot pack more tightly than 1032 to 1 (https://www.zlib.net/zlib_tech.html)."""
_GZIP, _ZSTD, _BZIP2 = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh"


@dataclass(frozen=True)
class LogFile:
    """``path``: of the machine, an address of an object store, or ``-``."""

    path: str
    year: int = 0
    """Of its last change, for lines that have none."""


def listed(root: Path, named: str, exclude: tuple[str, ...]) -> list[LogFile]:
    """The files that one entry of ``files`` stands for, the oldest first. Raises the source
    errors."""
    if named == "-":
        return [LogFile("-")]
    if "://" in named:
        return _objects(named)
    path = root / Path(named).expanduser()
    try:
        if any(char in named for char in "*?["):
            found = sorted(one for one in path.parent.glob(path.name) if one.is_file())
        elif path.is_dir():
            found = sorted(one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
        else:
            found = [path]
        kept = [one for one in found if not any(fnmatch.fnmatch(one.name, e) for e in exclude)]
        if not kept:
            raise Unavailable(f"{named}: there is no such file")
        ages = sorted((one.stat().st_mtime, str(one)) for one in kept)
    except PermissionError as error:
        raise Denied(f"{named}: may not be read; let the scanner's user read it") from error
    except OSError as error:
        raise Unavailable(f"{named}: {error.strerror or error}") from error
    return [LogFile(path, _year(age)) for age, path in ages]


def _year(age: float) -> int:
    return datetime.fromtimestamp(age, UTC).year


def _objects(named: str) -> list[LogFile]:
    filesystem, path = _filesystem(named)
    protocol = named.partition("://")[0]
    try:
        found = filesystem.glob(path) if any(c in path for c in "*?[") else filesystem.find(path)
    except PermissionError as error:
        raise Denied(f"{named}: may not be listed") from error
    except Exception as error:  # every store's library has errors of its own
        raise Unavailable(f"{named}: {type(error).__name__}: {str(error)[:200]}") from error
    if not found:
        raise Unavailable(f"{named}: there is no such object")
    return [LogFile(f"{protocol}://{one.removeprefix(protocol + '://')}") for one in sorted(found)]


def _filesystem(named: str) -> tuple[Any, str]:
    try:
        import fsspec  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise Unavailable(f"{named}: install `shadow-ai-scanner[objects]` to read it") from error
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(named)
    except (ImportError, ValueError) as error:
        raise Unavailable(f"{named}: {str(error)[:200]}") from error
    return found


@contextmanager
def opened(file: LogFile) -> Iterator[IO[bytes]]:
    """Its bytes, unpacked by what it begins with, whatever its name. Raises the source errors."""
    try:
        with _raw(file) as raw:
            yield _unpacked(raw, file.path)
    except PermissionError as error:
        raise Denied(f"{file.path}: may not be read") from error
    except (OSError, EOFError, zlib.error) as error:
        raise Unavailable(f"{file.path}: {error}") from error


@contextmanager
def _raw(file: LogFile) -> Iterator[BinaryIO]:
    if file.path == "-":
        yield sys.stdin.buffer
    elif "://" in file.path:
        filesystem, path = _filesystem(file.path)
        with filesystem.open(path, "rb") as stream:
            yield stream
    else:
        with Path(file.path).open("rb") as stream:
            yield stream


class _Joined:
    """What was read to see how a stream begins, and the rest of it."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int = -1) -> bytes:
        if self._head:
            given, self._head = self._head[:size], self._head[size:] if size >= 0 else b""
            return given
        return self._rest.read(size)


class Bounded:
    """Raises ``Unavailable`` when more comes out than any honest file of that size holds."""

    def __init__(self, stream: Any, path: str, packed: _Counted) -> None:
        self._stream, self._path, self._packed, self._given = stream, path, packed, 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self._given += len(data)
        if self._given > _FREE + _MOST_RATIO * self._packed.given:
            raise Unavailable(f"{self._path}: it unpacks to more than a log of its size can")
        return data


class _Counted:
    def __init__(self, stream: Any) -> None:
        self._stream, self.given = stream, 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self.given += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def _unpacked(raw: BinaryIO, path: str) -> IO[bytes]:
    if raw.seekable():
        head = raw.read(4)
        raw.seek(0)
        stream: Any = raw
    else:
        head = raw.read(4)
        stream = _Joined(head, raw)
    if head == MAGIC:
        if not raw.seekable():
            raise Unavailable(f"{path}: Parquet is read from a file, not from a stream; name it")
        return cast("IO[bytes]", Bounded(Lines(raw, path), path, _whole(raw)))
    counted = _Counted(stream)
    if head.startswith(_GZIP):
        return cast("IO[bytes]", Bounded(_gzip(counted), path, counted))
    if head.startswith(_ZSTD):
        return cast("IO[bytes]", Bounded(_zstd(counted, path), path, counted))
    if head.startswith(_BZIP2):
        return cast("IO[bytes]", Bounded(bz2.BZ2File(cast("Any", counted)), path, counted))
    return cast("IO[bytes]", stream)


def _whole(raw: BinaryIO) -> _Counted:
    """For a file that is not read from one end to the other."""
    counted = _Counted(raw)
    counted.given = raw.seek(0, os.SEEK_END)
    return counted


def _gzip(stream: Any) -> Any:
    try:
        from isal import igzip

        return igzip.GzipFile(fileobj=stream)  # type: ignore[no-untyped-call,unused-ignore]
    except ImportError:
        import gzip

        return gzip.GzipFile(fileobj=stream)


def _zstd(stream: Any, path: str) -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from backports import zstd
        except ImportError as error:
            raise Unavailable(f"{path}: install `shadow-ai-scanner[zstd]` to read it") from error
    return zstd.ZstdFile(stream)


def plain_size(file: LogFile, stream: IO[bytes]) -> int:
    """Of a file of this machine that is not packed: its parts may be read side by side. -1: it is
    not one. ``stream``: what :func:`opened` gave."""
    if file.path == "-" or type(stream) is not BufferedReader:
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
    stream: IO[bytes], first: bytes = b"", trouble: Exception | None = None, mark: bytes = b"\n"
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


def read(stream: IO[bytes], most: int = BLOCK) -> tuple[bytes, Exception | None]:
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
    except (OSError, EOFError, ValueError, zlib.error, SourceError) as error:
        return b"".join(pieces), error
    return b"".join(pieces), None
