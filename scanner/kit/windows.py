"""Logs that are read by time, in windows that follow each other, with late events counted once.

Owns where a reading begins, the overlap with the last one and the cursor. What was counted inside
the overlap is kept as numbers a row, not as ids an event: a busy tenant's day has millions of them,
and the order in which they are told, or a clock that is wrong, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from scanner.kit.clocks import Clock, lost_by
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.folding import Fold, Lately, key_of, mark_of
from scanner.kit.overlooked import Happened, Novel, Overlooked
from scanner.kit.values import iso
from scanner.model.facts import Fact
from scanner.model.items import Activity, Checkpoint, Gap, Item

Events = Callable[[datetime, datetime], Iterable[Happened | Novel | None]]
"""Those from one moment up to another, in any order; None for a record that is none. Raises the
source errors."""


@dataclass(frozen=True)
class Log:
    """``name`` for people; ``kept``: how long the source keeps it; ``first``: how far back the
    first reading goes; ``span``: of one window; ``overlap``: how late events may come."""

    name: str
    kept: timedelta
    first: timedelta
    span: timedelta
    overlap: timedelta


class _Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """``settled``: nothing before it is asked for again. ``until``: up to where was read.
    ``counted``: events between the two by the mark of their row. ``newest``: the last time of an
    event, ``then``: those of that second: from there it goes on where the two were of a clock that
    was ahead."""

    settled: str
    until: str
    counted: dict[str, int] = {}
    newest: str = ""
    then: dict[str, int] = {}


_MOST_NEAR = 20_000
"""Ids of events that are compared with the next ones: a page, or a border, that is told twice."""


def read_log(
    log: Log, events: Events, now: datetime, since: Checkpoint | None,
    counted: Counted | None = None, ctx: Context[Any] | None = None,
) -> Iterator[Item]:  # fmt: skip
    """Activities, a checkpoint after each window. ``counted``: remembers events for files of the
    same log; ``ctx``: for events that tell nothing. Raises the source errors; what a checkpoint has
    covered stays stored."""
    now = now.astimezone(UTC).replace(microsecond=0)
    start, until, before, lost = _start(log, now, since)
    if lost:
        yield Gap(what=log.name, reason=lost)
    edge = now - log.overlap
    clock, counted = Clock(now), counted or Counted()
    fold = Fold(known=dict(before.counted), clock=clock)
    again: dict[str, int] = {}
    newest = before.newest
    then: dict[str, int] = {} if iso(start) <= newest else dict(before.then)
    near = Lately(_MOST_NEAR)
    odd, unknown = 0, Overlooked(ctx)
    # What was counted and is no longer told must not be taken off what came since.
    asked = [(start, until)] if lost and start < until < now else []
    asked += spans(until if asked else start, until, now, log.span)
    for begin, end in asked:
        first, last = iso(begin), iso(end)
        for event in events(begin, end):
            if event is None:
                odd += 1
                continue
            ident, at, _ = event.event if isinstance(event, Novel) else event
            if not first <= at < last or near.before(ident):
                continue  # told by the window that it belongs to
            told = unknown.event(event)[2]
            if told:
                counted.is_elsewhere(ident, at)
                told = counted.unadded(told, ident, at)
            if at > newest:
                newest, then = at, {}
            for one in told:
                fold.add(one)
                if at >= iso(edge):
                    _count(again, one)
                if at == newest:
                    _count(then, one)
        fold.known.clear()  # the first window has reached what was read before
        yield from counted.of_part(fold.take())
        settled = iso(min(end, max(edge, start)))
        cursor = _Cursor(settled=settled, until=last, counted=again, newest=newest, then=then)
        if counted.is_kept:
            yield counted.remembered()
        yield Checkpoint(cursor=msgspec.json.encode(cursor).decode())
    if odd:
        yield Gap(what=log.name, reason=f"{odd} records are no events")
    yield from unknown.gap(log.name)
    yield from clock.gaps(log.name)


def _count(rows: dict[str, int], one: Activity | Fact) -> None:
    mark = mark_of(key_of(one))
    rows[mark] = rows.get(mark, 0) + (one.count if isinstance(one, Activity) else 1)


def spans(
    start: datetime, until: datetime, end: datetime, most: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Windows without a hole between them; the first reaches at least up to ``until``."""
    first = min(end, max(until, start + most))
    yield start, first
    while first < end:
        last = min(end, first + most)
        yield first, last
        first = last


def _start(
    log: Log, now: datetime, since: Checkpoint | None
) -> tuple[datetime, datetime, _Cursor, str]:
    """Where to begin, up to where was read, what of that is counted, and what is lost."""
    oldest = now - min(log.kept, log.first)
    nothing = _Cursor(settled="", until="")
    if since is None:
        return oldest, oldest, nothing, ""
    try:
        cursor = msgspec.json.decode(since.cursor, type=_Cursor)
        settled = datetime.fromisoformat(cursor.settled).astimezone(UTC)
        until = datetime.fromisoformat(cursor.until).astimezone(UTC)
        newest = datetime.fromisoformat(cursor.newest or cursor.until).astimezone(UTC)
    except (msgspec.MsgspecError, ValueError):
        lost = "the stored cursor is unreadable; read again from the beginning"
        return oldest, oldest, nothing, lost
    kept = now - log.kept
    if until < kept:
        lost = f"events from {cursor.until} to {iso(kept)} are no longer kept"
        return kept, kept, nothing, lost
    if settled < kept:
        lost = f"late events from {cursor.settled} to {iso(kept)} are no longer kept"
        return kept, min(until, now), cursor, lost
    if until > now and newest < min(settled, now):
        # Of a clock that was ahead: what came between would be skipped.
        begin = max(newest, kept)
        known = replace(cursor, counted=cursor.then if begin == newest else {})
        return begin, begin, known, lost_by(until, now, log.overlap)
    if settled > now:
        return now, now, nothing, lost_by(until, now, log.overlap)
    return settled, min(until, now), cursor, ""
