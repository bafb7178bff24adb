"""The members of an archive, and of the archives in it, without writing or trusting anything.

Owns what is opened (zip and all that are zips inside, tar, gzip, bzip2, xz, Zstandard; by their
bytes, whatever their name), how far (:class:`Bounds`) and how members are called
(``outer.zip!/inner.jar!/a.py``, as in a ``jar:`` URL). Names are only shown: nothing is extracted,
so ``..`` and links lead nowhere. Sizes that an archive states are never believed. Formats:
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT and
https://www.gnu.org/software/tar/manual/html_node/Standard.html
"""

from __future__ import annotations

import io
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec

from scanner.kit.expressions import expression
from scanner.kit.packages import installed, is_record, is_within, setting_of_member
from scanner.kit.streams import (
    CHUNK,
    SINGLE,
    Budget,
    Corrupt,
    Exceeded,
    Inflated,
    Peeked,
    Section,
    Stream,
)
from scanner.kit.tapes import Tape, tape_members
from scanner.kit.text import PROBE, is_text
from scanner.kit.zips import Entry, entries
from scanner.model.evidence import Setting
from scanner.model.items import Gap

SEPARATOR = "!/"
_MOST_NOTES = 200
"""Gaps of one outermost archive; more are counted."""
_MOST_RECORD = 1 << 20
"""Bytes of one distribution's list of files."""
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04")
_PREFIXED = (b"#!", b"Cr24")
"""Zips behind something: Python and Java programs that start with a shell's line, and browser
extensions behind their signature."""
_RUN_AS_ZIP = (".pyz", ".pyzw", ".pex", ".jar", ".war", ".crx")
_BZIP2 = expression(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_OLD_SUM = expression(rb"[ 0-7]{1,7}[\0 ]")
_SUFFIX = expression(r"\.(?:gz|bz2|xz|zst|z|lzma)$", re.I)


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far one archive is opened, all archives within it together."""

    depth: int = 4
    """Archives within each other; a compressed tar is one."""
    members: int = 50_000
    total_mib: int = 512
    """Unpacked bytes."""
    member_mib: int = 32
    """Of one text, and of a zip within another archive."""
    ratio: int = 200
    """Unpacked bytes a packed one; the first 64 MiB are free."""


@dataclass(frozen=True)
class Member:
    """``path``: with that of its archive. ``data``: the whole of a text, the first bytes of a
    binary, nothing of a link. ``setting``: ``PRODUCTION`` unless the archive itself is somebody's
    package or a document."""

    path: str
    data: bytes
    setting: Setting = Setting.PRODUCTION


def is_archive(head: bytes, name: str = "") -> bool:
    """Whether ``members`` would open what begins with ``head`` (at best 8,000 bytes)."""
    return bool(_kind_of(head, name))


def members(
    name: str,
    data: bytes | BinaryIO,
    bounds: Bounds,
    *,
    leave_out: Callable[[str], bool] = lambda path: False,
) -> Iterator[Member | Gap]:
    """Every member that can be read, archives in it included, and then a gap for what could not:
    one a reason and archive, naming the first member. ``data``: the archive, or a file of it that
    can seek. ``leave_out``: asked with a member's path inside its archive before it is read.
    Nothing for what is no archive. Raises ``OSError`` when the file itself cannot be read."""
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    size = file.seek(0, io.SEEK_END)
    budget = Budget(
        members=bounds.members,
        total=bounds.total_mib << 20,
        ratio=bounds.ratio,
        packed=size,
    )
    walk = _Walk(bounds, budget, leave_out)
    try:
        yield from walk.opened(name, Peeked(Section(file, 0, size, None)), (file, size))
    except Exceeded as error:
        walk.note(name, walk.at, f"{error}; this and what follows was not read")
    yield from walk.gaps()


@dataclass
class _Walk:
    bounds: Bounds
    budget: Budget
    leave_out: Callable[[str], bool]
    at: str = ""
    """The member that is being read."""
    _notes: dict[tuple[str, str], list[int | str]] = field(default_factory=dict)
    _more: int = 0

    def note(self, archive: str, what: str, reason: str) -> None:
        key = (archive, reason)
        if key in self._notes:
            self._notes[key][1] = int(self._notes[key][1]) + 1
        elif len(self._notes) < _MOST_NOTES:
            self._notes[key] = [what or archive, 1]
        else:
            self._more += 1

    def gaps(self) -> Iterator[Gap]:
        for (_, reason), (what, count) in self._notes.items():
            more = f" (and {int(count) - 1} more in this archive)" if int(count) > 1 else ""
            yield Gap(what=str(what), reason=f"{reason}{more}")
        if self._more:
            yield Gap(what="archive members", reason=f"{self._more} more could not be read")

    def opened(
        self,
        path: str,
        stream: Peeked,
        file: tuple[BinaryIO, int] | None = None,
        depth: int = 1,
        setting: Setting = Setting.PRODUCTION,
    ) -> Iterator[Member]:
        """The members of the archive that ``stream`` holds; ``file``: the same, if it can seek."""
        self.at = path
        kind = _kind_of(stream.peek(PROBE), path)
        try:
            if kind == "zip":
                found = file or self._spooled(path, stream)
                if found is not None:
                    yield from self._zip(path, *found, depth, setting)
            elif kind == "tar":
                charged = Peeked(Section(file[0], 0, file[1], self.budget)) if file else stream
                yield from self._tar(path, charged, depth, setting)
            elif kind:
                yield from self._single(path, stream, kind, depth, setting)
        except Corrupt as error:
            self.note(path, path, f"damaged: {error}; what it holds was not all read")

    def _spooled(self, path: str, stream: Peeked) -> tuple[BinaryIO, int] | None:
        """A zip can only be read from its end."""
        data = stream.read((self.bounds.member_mib << 20) + 1)
        if len(data) > self.bounds.member_mib << 20:
            self.note(path, path, f"a zip larger than {self._member_bound}; not opened")
            return None
        return io.BytesIO(data), len(data)

    @property
    def _member_bound(self) -> str:
        return f"{self.bounds.member_mib} MiB (archives.member_mib)"

    def _zip(
        self, path: str, file: BinaryIO, size: int, depth: int, setting: Setting
    ) -> Iterator[Member]:
        listed = entries(file, size)
        others = installed(self._records(file, listed))
        for entry in listed:
            shown = f"{path}{SEPARATOR}{entry.name}"
            self.at = shown
            self.budget.spend_member()
            if self.leave_out(entry.name):
                continue
            here = setting_of_member(path, entry.name, setting)
            if others and is_within(entry.name, others):
                here = Setting.VENDORED
            if entry.is_link:
                yield Member(shown, b"", here)
            elif entry.unread:
                self.note(path, shown, f"{entry.unread}; not read")
            else:
                yield from self._zip_member(path, shown, file, entry, depth, here)

    def _records(self, file: BinaryIO, listed: list[Entry]) -> Iterator[tuple[str, bytes]]:
        for entry in listed:
            if is_record(entry.name) and not entry.unread:
                with suppress(Corrupt):  # told where it is read as a member
                    yield entry.name, self._unpacked(file, entry).read(_MOST_RECORD)

    def _unpacked(self, file: BinaryIO, entry: Entry) -> Stream:
        start = entry.start(file)
        if entry.make is None:
            return Section(file, start, entry.packed, self.budget)
        return Inflated(Section(file, start, entry.packed, None), entry.make, self.budget)

    def _zip_member(
        self, archive: str, path: str, file: BinaryIO, entry: Entry, depth: int, setting: Setting
    ) -> Iterator[Member]:
        try:
            stream = Peeked(self._unpacked(file, entry))
            yield from self._member(archive, path, stream, depth, setting, entry.crc)
        except Corrupt as error:
            self.note(archive, path, f"damaged: {error}; not read")

    def _tar(self, path: str, stream: Peeked, depth: int, setting: Setting) -> Iterator[Member]:
        tape = Tape(stream)
        for name, size, is_link in tape_members(tape):
            shown = f"{path}{SEPARATOR}{name}"
            self.at = shown
            self.budget.spend_member()
            if self.leave_out(name):
                continue
            here = setting_of_member(path, name, setting)
            if is_link:
                yield Member(shown, b"", here)
            else:
                yield from self._member(path, shown, Peeked(tape, size), depth, here)

    def _single(
        self, path: str, stream: Peeked, kind: str, depth: int, setting: Setting
    ) -> Iterator[Member]:
        """One compressed file. A tar in it is the archive itself."""
        magic, make = next((m, make) for m, known, make in SINGLE if known == kind)
        if make is None:
            self.note(path, path, f"{kind} cannot be unpacked here; `pip install backports.zstd`")
            return
        inner = Peeked(Inflated(stream, make, self.budget, magic))
        if _is_tar(inner.peek(PROBE)):
            yield from self._tar(path, inner, depth, setting)
            return
        self.budget.spend_member()
        name = path.rpartition("/")[2]
        shown = f"{path}{SEPARATOR}{_SUFFIX.sub('', name) or 'content'}"
        self.at = shown
        yield from self._member(path, shown, inner, depth, setting)

    def _member(
        self,
        archive: str,
        path: str,
        stream: Peeked,
        depth: int,
        setting: Setting,
        crc: int | None = None,
    ) -> Iterator[Member]:
        head = stream.peek(PROBE)
        if _kind_of(head, path):
            yield Member(path, head, setting)
            if depth < self.bounds.depth:
                yield from self.opened(path, stream, None, depth + 1, setting)
            else:
                reason = f"deeper than {self.bounds.depth} archives (archives.depth); not opened"
                self.note(archive, path, reason)
            return
        if not is_text(head):
            yield Member(path, head, setting)
            return
        most = self.bounds.member_mib << 20
        parts, size, broken = [], 0, ""
        try:
            while size <= most and (part := stream.read(min(CHUNK, most + 1 - size))):
                parts.append(part)
                size += len(part)
        except Corrupt as error:
            broken = str(error)
        if size > most:
            self.note(archive, path, f"larger than {self._member_bound}; not read")
            return
        data = b"".join(parts)
        if not broken and crc is not None and zlib.crc32(data) != crc:
            broken = "its checksum does not fit"
        if broken:
            self.note(archive, path, f"damaged: {broken}; read as far as it goes")
        yield Member(path, data, setting)


def _kind_of(head: bytes, name: str) -> str:
    """``zip``, ``tar``, a format of one stream, or empty."""
    if head.startswith(_ZIP_MAGIC):
        return "zip"
    if head.startswith(_PREFIXED):
        is_named = name.lower().endswith(_RUN_AS_ZIP)
        return "zip" if is_named or b"PK\x03\x04" in head else ""
    for magic, kind, _ in SINGLE:
        if head.startswith(magic):
            return kind if kind != "bzip2" or _BZIP2.match(head) else ""
    return "tar" if _is_tar(head) else ""


def _is_tar(head: bytes) -> bool:
    """By the magic of POSIX, or by the checksum of a header from before it."""
    if len(head) < tarfile.BLOCKSIZE or b"\0" not in head[:100]:
        return False
    if head[257:262] == b"ustar":
        return True
    if not _OLD_SUM.match(head, 148):
        return False
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return False
    return True
