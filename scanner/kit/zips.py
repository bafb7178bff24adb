"""The directory of a zip: what it lists, where each entry's bytes are, and which cannot be read.

Owns the refusals: entries that overlap, that are encrypted or packed by a method that is not known
here. Python's ``zipfile`` reads the directory, from a file that gives it no more than a directory's
worth of bytes; what entries hold is read by :mod:`scanner.kit.streams`.
"""

from __future__ import annotations

import stat
import struct
import zipfile
from dataclasses import dataclass
from typing import BinaryIO, cast

from scanner.kit.streams import BUNZIP, INFLATE, UNXZ, Corrupt, Make, new_zstd
from scanner.kit.text import printable

_MOST_DIRECTORY = 16 << 20
"""Bytes; 150,000 entries with names of usual length."""
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x1
_UTF8 = 0x800
_METHODS: dict[int, Make | None] = {0: None, 8: INFLATE, 12: BUNZIP, 95: UNXZ}
_ZSTD = (20, 93)
_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError, OverflowError,
    OSError, EOFError, struct.error, IndexError,
)  # fmt: skip
"""What ``zipfile`` raises for files that are none (https://docs.python.org/3/library/zipfile.html
names the first two alone)."""


@dataclass(frozen=True)
class Entry:
    """``packed``: bytes, as the directory says; ``make``: None for what is stored; ``unread``: why
    it is not to be read."""

    name: str
    header: int
    packed: int
    crc: int
    make: Make | None
    is_link: bool
    unread: str

    def start(self, file: BinaryIO) -> int:
        """Where its bytes begin: behind a header of its own. Raises ``Corrupt``."""
        if self.header < 0:
            raise Corrupt("an entry before the file's begin")
        file.seek(self.header)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise Corrupt("no entry where the directory says")
        fields = _LOCAL.unpack(header)
        return self.header + _LOCAL.size + int(fields[-2]) + int(fields[-1])


def entries(file: BinaryIO, size: int) -> list[Entry]:
    """Of everything but folders, in the directory's order. Raises ``Corrupt``."""
    try:
        with zipfile.ZipFile(cast(BinaryIO, _Bounded(file))) as archive:
            listed = archive.infolist()
            end = getattr(archive, "start_dir", size)
    except _BROKEN as error:
        raise Corrupt(str(error) or type(error).__name__) from error
    overlapping = _overlapping(listed, end)
    return [
        _entry(info, number in overlapping)
        for number, info in enumerate(listed)
        if not info.filename.endswith("/")
    ]


def _entry(info: zipfile.ZipInfo, overlaps: bool) -> Entry:
    method = info.compress_type
    make = new_zstd if method in _ZSTD else _METHODS.get(method)
    unread = ""
    if info.flag_bits & _ENCRYPTED:
        unread = "encrypted"
    elif overlaps:
        unread = "overlaps another entry, as in a bomb"
    elif method not in _METHODS and make is None:
        unread = f"packed by method {method}, which is not known here"
    return Entry(
        name=_name(info),
        header=info.header_offset,
        packed=info.compress_size,
        crc=info.CRC,
        make=make,
        is_link=stat.S_ISLNK(info.external_attr >> 16),
        unread=unread,
    )


def _name(info: zipfile.ZipInfo) -> str:
    """Many tools write UTF-8 without saying so; ``zipfile`` then takes it for code page 437."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8:
        try:
            name = name.encode("cp437").decode()
        except UnicodeError:
            name = info.orig_filename
    return printable(name.replace("\0", "\\x00"))


def _overlapping(listed: list[zipfile.ZipInfo], end: int) -> set[int]:
    """Entries whose bytes reach into another's or into the directory: how a small file unpacks to
    petabytes (https://www.usenix.org/conference/woot19/presentation/fifield). The one that
    comes last of those that share bytes is honest, unless it begins where another does."""
    order = sorted(range(len(listed)), key=lambda number: listed[number].header_offset)
    found: set[int] = set()
    after, seen = end, -1
    for number in reversed(order):
        info = listed[number]
        least = info.header_offset + _LOCAL.size + len(info.orig_filename)
        if least + info.compress_size > after or info.header_offset == seen:
            found.add(number)
        seen = info.header_offset
        after = min(after, seen)
    return found


class _Bounded:
    """The file as ``zipfile`` sees it: it asks for the whole directory at once, by a size that the
    file states."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _MOST_DIRECTORY:
            raise zipfile.BadZipFile(f"a directory of {size} bytes")
        return self._file.read(size if size >= 0 else _MOST_DIRECTORY)

    def close(self) -> None:
        """The file stays open: it is somebody else's."""
