"""Files as people download them: one, packed or not, or a zip of several.

Owns which members of a zip are read, and how records of them are placed.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from scanner.kit.exports import UntilDamage, as_utf8, opened
from scanner.kit.streams import Budget, Corrupt, Exceeded, Inflated, Section, Stream
from scanner.kit.zips import Entry, entries

_ZIP = b"PK\x03\x04"
_TEXTS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".log", ".yml", ".yaml", ".dsl",
          "/data")  # fmt: skip
"""Also what a component of a Copilot Studio agent is called, which is YAML."""
_OF_DATA = (".gz", ".zst", ".bz2", ".xz", ".zip", ".tar", ".tgz", ".xlsx", ".xls", ".parquet",
            ".avro")  # fmt: skip
"""What may hold the same and is not read within a zip."""
_PLAIN = ("data", "configuration", "definition")
"""Names of files that say nothing: their folder does."""
_MOST_MEMBERS, _MOST_BYTES, _MOST_RATIO = 50_000, 1 << 40, 1032
"""Text of logs packs to a hundredth, and to no less than deflate can."""
_BUFFER = 1 << 18


class At(int):
    """The number of a record, within a member of a zip."""

    member: str

    def __new__(cls, number: int, member: str) -> At:
        made = super().__new__(cls, number)
        made.member = member
        return made

    def __str__(self) -> str:
        return f"{self.member}:{int(self)}"

    def __format__(self, spec: str) -> str:
        return str(self)


class _Member(UntilDamage):
    damages = (ValueError,)

    def __init__(self, stream: Stream, crc: int) -> None:
        self._stream, self._expected, self._crc = stream, crc, 0

    def piece(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except (Corrupt, Exceeded, OSError) as error:
            raise ValueError(str(error)) from error
        self._crc = zlib.crc32(data, self._crc)
        if not data and self._crc != self._expected:
            raise ValueError("its checksum is wrong")
        return data


def is_zip(path: Path) -> bool:
    """A file that cannot be read is none."""
    try:
        with path.open("rb") as file:
            return file.read(len(_ZIP)) == _ZIP
    except OSError:
        return False


def files_in(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The member's name, empty for a file that is no zip, and what it holds, to be read before the
    next is asked for. Raises ``ValueError`` for a zip in which nothing can be read, and behind what
    could for one with members that could not; ``OSError`` for the file itself."""
    with path.open("rb") as file:
        is_other = file.read(len(_ZIP)) != _ZIP
    if is_other:
        yield "", opened(path)
        return
    with path.open("rb") as file:
        yield from _members(file)


def _members(file: BinaryIO) -> Iterator[tuple[str, IO[bytes]]]:
    size = file.seek(0, io.SEEK_END)
    budget = Budget(members=_MOST_MEMBERS, total=_MOST_BYTES, ratio=_MOST_RATIO, packed=size)
    trouble, has_any, other = "", False, list[str]()
    try:
        for entry in entries(file, size):
            budget.spend_member()
            if _is_other(entry):
                if entry.name.casefold().endswith(_OF_DATA):
                    other.append(entry.name)
                continue
            has_any = True
            if entry.unread:
                trouble = trouble or f"{entry.name} is {entry.unread}"
                continue
            start = entry.start(file)
            packed = Section(file, start, entry.packed, None if entry.make else budget)
            stream = Inflated(packed, entry.make, budget) if entry.make else packed
            yield entry.name, as_utf8(io.BufferedReader(_Member(stream, entry.crc), _BUFFER))
    except (Corrupt, Exceeded) as error:
        trouble = trouble or str(error)
    if not trouble and other:
        trouble = (
            f"{len(other)} members are packed again or tables of another kind, such as {other[0]}; "
            "unpack them, and give JSON, CSV or YAML"
        )
    if trouble:
        raise ValueError(trouble)
    if not has_any:
        raise ValueError("a zip without JSON, CSV or YAML in it")


def stem(name: str) -> str:
    """Of a file or member, without folders and what its kind is called by; that of its folder,
    where it says nothing itself."""
    path = PurePosixPath(name.replace("\\", "/"))
    plain = path.name.removesuffix(".gz")
    found = plain.rpartition(".")[0] or plain
    return path.parent.name or found if found.casefold() in _PLAIN else found


def _is_other(entry: Entry) -> bool:
    name = entry.name.casefold()
    return entry.is_link or not name.endswith(_TEXTS) or "__macosx/" in name
