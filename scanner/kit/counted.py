"""Which events have counted: of a source that is told in several files, or by its API and in files,
each counts once, and those of all add up.

A reading remembers its events by marks of eight bytes, of which nothing can be read; one that comes
after it leaves out what it has counted. So the sum is the same however the events are divided, but
for who counts an event that several tell: the first. What a file or a log has counted that its
source names no more (an export that was renamed, a part that was switched off) stays counted: those
that tell the same events show them, and count none.

Memory is bounded: beyond :data:`MOST_REMEMBERED` events of one reading the oldest told are
forgotten, and beyond :data:`MOST_LEFT` of all that are named no more those whose last reading is
longest ago. Events that are forgotten would count again where a later file tells them, too.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from scanner.kit.contract import Context, Mode, Shard
from scanner.kit.folding import Lately, counted
from scanner.model.base import ShardId
from scanner.model.evidence import PART
from scanner.model.facts import Fact
from scanner.model.items import Activity, Remembered

Told = tuple[Activity | Fact, ...]

MOST_REMEMBERED = 500_000
"""Four megabytes a reading."""
MOST_LEFT = 2_000_000
"""Sixteen megabytes of all readings that are named no more."""
_BYTES = 8
HEAD = b"counted\0"
"""What is remembered begins with it: others remember other things."""


class Counted:
    """Of one reading. ``before``: what those that come before it remember; ``own``: what it
    remembers itself, to which a log that ``goes_on`` adds. ``left``: what those remember that are
    named no more, the last one read first. ``is_kept``: it is remembered, and its evidence a part
    of the source's. ``lately``: how far back an event is told from its repetition here."""

    def __init__(
        self, before: Iterable[bytes] = (), own: bytes = b"", *, is_kept: bool = False,
        goes_on: bool = False, lately: Lately | None = None, left: Iterable[bytes] = (),
    ) -> None:  # fmt: skip
        self.is_kept = is_kept
        self._before = [_sorted(_marks(one)) for one in before]
        self._former = _marks(own)
        self._known = _sorted(self._former) if goes_on else _marks(b"")
        self._new = _marks(b"")
        self._lately = lately or Lately()
        self._left = _sorted(_newest(left))

    def is_repeated(self, ident: str) -> bool:
        """Whether this reading itself has told it; from now on it has."""
        return self._lately.before(ident)

    def is_elsewhere(self, ident: str, at: str) -> bool:
        """Whether a reading before this one has counted it; else this one does. An id may be of
        several logs: its time tells them apart."""
        mark = _mark(ident, at)
        if any(_has(known, mark) for known in self._before):
            return True
        if not _has(self._known, mark) and not _has(self._left, mark):
            self._new.append(mark)
            if len(self._new) >= 2 * MOST_REMEMBERED:
                self._new = self._new[-MOST_REMEMBERED:]
        return False

    def unadded(self, told: Told, ident: str, at: str) -> Told:
        """What an event tells: all of it, but that it counts nothing where a reading that is named
        no more has counted it. It is remembered there, so that either of the two counts it, whoever
        is named again."""
        if not ident or not told or not self.is_left(ident, at):
            return told
        return tuple(_uncounted(one) for one in told)

    def is_left(self, ident: str, at: str) -> bool:
        """Whether a reading that is named no more has counted it."""
        return bool(self._left) and _has(self._left, _mark(ident, at))

    def told(self, event: tuple[str, str, Told]) -> Told:
        """What an event tells that has not counted yet. Without an id it is nobody's repetition."""
        ident, at, told = event
        if ident and (self.is_repeated(ident) or (told and self.is_elsewhere(ident, at))):
            return ()
        return self.unadded(told, ident, at)

    def remembered(self, *, is_whole: bool = False) -> Remembered:
        """Also of former runs, but where ``is_whole``: all that there is was counted now."""
        new = self._new[-MOST_REMEMBERED:]
        room = 0 if is_whole else min(MOST_REMEMBERED - len(new), len(self._former))
        kept = self._former[len(self._former) - room :] + new
        return Remembered(data=HEAD + kept.tobytes(), is_whole=is_whole)

    def of_part(self, told: Iterable[Activity | Fact]) -> Iterator[Activity | Fact]:
        """Evidence of events that this reading has counted, which adds to that of others."""
        for one in told:
            if not self.is_kept:
                yield one
            elif isinstance(one, Activity):
                yield msgspec.structs.replace(one, part=PART)
            else:
                rows = tuple(msgspec.structs.replace(row, part=PART) for row in one.evidence)
                yield msgspec.structs.replace(one, evidence=rows)


def of_file(ctx: Context[Any], shard: Shard) -> Counted:
    """Of a file, whose shard comes after those that may tell the same events."""
    before = (ctx.recall(one) for one in shard.after)
    return Counted(before, ctx.recall(shard.id), is_kept=True, left=_left(ctx, shard))


def of_list(ctx: Context[Any], shard: Shard) -> Counted:
    """Of a log that is told whole each time."""
    before = (ctx.recall(one) for one in shard.after)
    return Counted(before, is_kept=True, left=_left(ctx, shard))


def of_log(ctx: Context[Any], shard: Shard) -> Counted:
    """Of a log that is read on from where its last reading ended."""
    own = ctx.recall(shard.id)
    return Counted(own=own, is_kept=True, goes_on=True, left=_left(ctx, shard))


def _left(ctx: Context[Any], shard: Shard) -> Iterator[bytes]:
    return (ctx.recall(one) for one in shard.left)


def in_turn(shards: Iterable[Shard], counting: Callable[[Shard], bool]) -> Iterator[Shard]:
    """Of a source: those whose events count once among them, each after those before it."""
    before: list[ShardId] = []
    for shard in shards:
        if not counting(shard):
            yield shard
            continue
        is_first = shard.mode is Mode.INCREMENTAL
        after = () if is_first else tuple(before)
        yield msgspec.structs.replace(shard, after=after, counts_once=True)
        before.append(shard.id)


def _marks(data: bytes) -> array[int]:
    data = data.removeprefix(HEAD)
    found = array("Q")
    found.frombytes(data[: len(data) - len(data) % _BYTES])
    return found


def _mark(ident: str, at: str) -> int:
    text = f"{ident}\0{at}".encode("utf-8", "backslashreplace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=_BYTES).digest(), "little")


def _newest(left: Iterable[bytes]) -> array[int]:
    found = _marks(b"")
    for one in left:
        found.extend(_marks(one)[-(MOST_LEFT - len(found)) :])
        if len(found) >= MOST_LEFT:
            break
    return found


def _uncounted(one: Activity | Fact) -> Activity | Fact:
    if isinstance(one, Activity):
        return counted(one, 0)
    rows = tuple(row.uncounted for row in one.evidence)
    return msgspec.structs.replace(one, evidence=rows)


def _sorted(marks: array[int]) -> array[int]:
    return array("Q", sorted(marks))


def _has(marks: array[int], mark: int) -> bool:
    at = bisect_left(marks, mark)
    return at < len(marks) and marks[at] == mark
