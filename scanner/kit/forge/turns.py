"""Whose turn it is: settings of repositories, where a forge allows fewer calls than all need.

What was asked longest ago is asked first, so that every scan covers others, and all have been read
after a few. Owns the memory of when each was asked. Everything else comes before them: there is
little of it, and behind ten thousand repositories it would never be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from scanner.kit.contract import Context, Shard
from scanner.kit.forge.details import Detail, Where
from scanner.kit.forge.plan import SETTINGS
from scanner.kit.values import iso
from scanner.model.errors import SourceError, Throttled
from scanner.model.items import Item, Remembered

Read = Callable[[Detail, Where], Iterator[Any]]


class _Turn(msgspec.Struct, frozen=True, kw_only=True):
    at: str = ""
    """When it was asked last; empty: never to its end."""
    is_begun: bool = False
    """It was broken off in the middle once: it is asked first the next time, and goes to the end
    of the line if that is not enough either."""


def in_turn(ctx: Context[Any], shards: Iterable[Shard]) -> Iterator[Shard]:
    """``shards``, with the settings of repositories at the end, those asked longest ago first; what
    ended them is raised behind those."""
    waiting: list[tuple[str, str, Shard]] = []
    trouble: SourceError | None = None
    try:
        for shard in shards:
            if shard.scope.get("part") == SETTINGS and "repository" in shard.scope:
                waiting.append((_turn(ctx.recall(shard.id)).at, shard.id, shard))
            else:
                yield shard
    except SourceError as error:
        trouble = error
    yield from (shard for _, _, shard in sorted(waiting, key=lambda turn: turn[:2]))
    if trouble is not None:
        raise trouble


def taking_turns(
    ctx: Context[Any], shard: Shard, read: Read, items: Callable[[Read], Iterator[Item]]
) -> Iterator[Item]:
    """What ``items`` makes of ``read``, and when it was asked. Who refuses was asked; who was not
    reached before the forge said that it is enough was not."""
    before, answers = _turn(ctx.recall(shard.id)), 0

    def counted(detail: Detail, where: Where) -> Iterator[Any]:
        nonlocal answers
        yield from read(detail, where)
        answers += 1

    asked = _Turn(at=iso(ctx.now()))
    try:
        yield from items(counted)
    except Throttled:
        if answers:
            half = _Turn(at=before.at, is_begun=True)
            yield _remembered(asked if before.is_begun else half)
        raise
    except SourceError:
        yield _remembered(asked)
        raise
    yield _remembered(asked)


def _turn(data: bytes) -> _Turn:
    try:
        return msgspec.msgpack.decode(data, type=_Turn)
    except (msgspec.MsgspecError, ValueError):
        return _Turn()


def _remembered(turn: _Turn) -> Remembered:
    return Remembered(data=msgspec.msgpack.encode(turn))
