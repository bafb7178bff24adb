"""Which shard of a divided source reads which files, and what it knows of the others' readings.

A file is one part's, by how it begins, so that a log that is rotated while a scan lists it is read
once. Connections are joined by names of all files, and are one shard's that reads these too. What
a part has counted bears its name, and is added up where numbers are shown
(:func:`scanner.model.evidence.whole`). When the number of parts changes, what the earlier ones have
counted stays theirs, and the new ones go on where they stopped: nothing is read twice or left out.
Owns no format and reads no line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from connectors.logs import files as log_files
from connectors.logs.cursor import Cursor
from connectors.logs.files import LogFile
from connectors.logs.marks import HEAD
from scanner.kit.contract import Mode, Shard
from scanner.model.base import ShardId
from scanner.model.errors import SourceError
from scanner.model.items import Checkpoint, Gap, Item

CONNECTIONS = "connections"
_PARTS = re.compile(r"([1-9]\d*)of([1-9]\d*)|connections")


@dataclass(frozen=True)
class Listed:
    """What there is to read."""

    files: list[LogFile]
    gaps: list[Gap]


class Share(msgspec.Struct, frozen=True):
    """What a shard is told of the division. ``part``: empty for a source that is not divided;
    ``earlier``: a cursor of what others have read; ``is_done``: of a division that is no more."""

    part: str = ""
    files: tuple[tuple[str, int], ...] = ()
    gaps: tuple[Gap, ...] = ()
    earlier: str = ""
    is_done: bool = False

    @property
    def is_first(self) -> bool:
        return self.part.startswith("1of")

    @property
    def listed(self) -> Listed:
        return Listed([LogFile(path, changed) for path, changed in self.files], list(self.gaps))


def share_of(shard: Shard) -> Share:
    text = shard.scope.get("share", "")
    return msgspec.json.decode(text, type=Share) if text else Share()


def shards(
    name: str, count: int, listed: Listed | None, stored: Mapping[ShardId, str]
) -> Iterator[Shard]:
    """``listed``: of a source that is divided; ``stored``: cursors of all shards of the place."""
    whole = f"logs:{name}"
    cursors = {
        part: cursor
        for ident, cursor in stored.items()
        if not (part := str(ident).removeprefix(whole).removeprefix("/")) or _PARTS.fullmatch(part)
    }
    now = [""] if listed is None else [*(f"{n + 1}of{count}" for n in range(count)), CONNECTIONS]
    files: dict[str, list[tuple[str, int]]] = {part: [] for part in now}
    for file in listed.files if listed else ():
        files[now[part_of(file, count)]].append((file.path, file.changed))
        files[CONNECTIONS].append((file.path, file.changed))
    for part in now:
        share = Share(
            part,
            tuple(files[part]),
            tuple(listed.gaps) if listed and (part == now[0] or part == CONNECTIONS) else (),
            _known(part, cursors),
        )
        yield _shard(name, share)
    for part in sorted(cursors.keys() - set(now)):
        yield _shard(name, Share(part, is_done=True))


def _shard(name: str, share: Share) -> Shard:
    part = share.part
    more = f", {part.replace('of', ' of ')}" if part else ""
    return Shard(
        id=ShardId(f"logs:{name}/{part}" if part else f"logs:{name}"),
        mode=Mode.INCREMENTAL,
        title=f"traffic of {name}{more}" + ", as it was divided before" * share.is_done,
        scope={} if share == Share() else {"share": msgspec.json.encode(share).decode()},
    )


def _known(part: str, cursors: Mapping[str, str]) -> str:
    """What others have read that would be this shard's."""
    known = Cursor()
    is_any = False
    for other, cursor in sorted(cursors.items()):
        if other == part or (other == CONNECTIONS and part):
            continue  # connections' shard counts no names: what it has read of them is to be read
        if part == CONNECTIONS and other:
            continue
        is_any = True
        known.join(
            cursor,
            names=other != CONNECTIONS,
            answers=CONNECTIONS in (part, other),
        )
    return known.text if is_any else ""


def part_of(file: LogFile, count: int) -> int:
    """The same wherever a file of this machine is, whatever it is called or packed in."""
    begins = b""
    if "://" not in file.path:
        try:
            with log_files.opened(file) as stream:
                begins, _ = log_files.read(stream, HEAD)
        except (SourceError, ValueError):
            begins = b""  # its part will tell
    mark = hashlib.blake2b(begins or file.path.encode(errors="surrogateescape"), digest_size=8)
    return int.from_bytes(mark.digest()) % count


def labelled(items: Iterator[Item], part: str) -> Iterator[Item]:
    """With the part on all evidence."""
    if not part:
        yield from items
        return
    for item in items:
        evidence = getattr(item, "evidence", ())
        if evidence:
            rows = tuple(msgspec.structs.replace(row, part=part) for row in evidence)
            yield msgspec.structs.replace(item, evidence=rows)
        else:
            yield item


def nothing_more(since: Checkpoint | None) -> Iterator[Item]:
    """Of a division that is no more: what it has counted stays."""
    yield Checkpoint(cursor=since.cursor if since else Cursor().text)
