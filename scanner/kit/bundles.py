"""Files as people download them: one, packed or not, or a zip of several.

Owns which members of a zip are read, and how records of them are placed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from scanner.kit.archives import Bounds, members
from scanner.kit.exports import opened
from scanner.model.items import Gap

_ZIP = b"PK\x03\x04"
_TEXTS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".log", ".yml", ".yaml", ".dsl",
          "/data")  # fmt: skip
"""Also what a component of a Copilot Studio agent is called, which is YAML."""
_PLAIN = ("data", "configuration", "definition")
"""Names of files that say nothing: their folder does."""
_BOUNDS = Bounds(depth=2, members=20_000, total_mib=1024, member_mib=512)
_WITHIN = "!/"


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


def files_in(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The member's name, empty for a file that is no zip, and what it holds. Raises ``ValueError``
    for a zip in which nothing can be read, and behind what could for one with members that could
    not; ``OSError`` for the file itself."""
    with path.open("rb") as file:
        is_zip = file.read(len(_ZIP)) == _ZIP
    if not is_zip:
        yield "", opened(path)
        return
    trouble, has_any = "", False
    with path.open("rb") as file:
        for one in members(path.name, file, _BOUNDS, leave_out=_is_other):
            if isinstance(one, Gap):
                trouble = trouble or f"{one.what.partition(_WITHIN)[2] or one.what}: {one.reason}"
            elif not _is_other(one.path):
                has_any = True
                yield one.path.partition(_WITHIN)[2], io.BytesIO(one.data)
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


def _is_other(path: str) -> bool:
    name = path.casefold()
    return not name.endswith(_TEXTS) or "__macosx/" in name
