"""Audit logs of forges: windows of time, each read to its end, added up and remembered.

Events come in any order and may be late: the end of the last window is read again and what is known
there is skipped. What was read is stored with the moment it reaches to, so a later scan goes on
there. Only what an event tells of an application counts; it is added up per event type, thing and
actor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import msgspec

from scanner.kit.clocks import Clock, lost_by
from scanner.kit.counted import Counted
from scanner.kit.folding import FAILED
from scanner.kit.forge.details import Where
from scanner.kit.overlooked import Happened
from scanner.kit.values import iso
from scanner.model.base import NodeId
from scanner.model.evidence import Ends
from scanner.model.facts import Identity
from scanner.model.items import Activity, Checkpoint, Gap, Item

OVERLAP = timedelta(minutes=5)
_MOST_KNOWN = 20_000


@dataclass(frozen=True)
class Event:
    """One record of a log, in common words."""

    key: str
    """Tells it from every other of this log."""
    at: str
    """ISO 8601, UTC."""
    action: str
    """Event type, as the forge spells it."""
    thing: NodeId
    """What was acted on."""
    label: str = ""
    """Its name: of an application, an integration, an extension, a variable."""
    hosts: tuple[str, ...] = ()
    client_id: str = ""
    scopes: tuple[str, ...] = ()
    actor: Identity | None = None
    relation: str = "used_by"
    is_guess: bool = False
    """See :class:`scanner.model.items.Activity`."""
    ends: Ends = Ends.NOTHING
    """Of an event that tells whose access is over; the forge's words for it decide otherwise."""
    account: NodeId | None = None
    """Where it happened, of a log that is of several; None: in that of which the log is."""


def guessed(event: Event, found: Happened) -> Event:
    """With the application that it names, of whatever type it is; the same where it names none."""
    named = next((one for one in found[2] if isinstance(one, Activity)), None)
    if named is None:
        return event
    action = event.action + (FAILED if named.rule.endswith(FAILED) else "")
    return replace(
        event, action=action, thing=named.app_id, label=named.label, hosts=named.hosts,
        relation=named.relation, is_guess=True,
    )  # fmt: skip


@dataclass(frozen=True)
class Log:
    """How far back a log goes, and how much of it is asked for at a time."""

    kept: timedelta
    """The forge keeps events this long."""
    first: timedelta
    """How far back a first reading goes."""
    span: timedelta
    """The longest window that one query may have."""


class _Cursor(msgspec.Struct, frozen=True, kw_only=True):
    until: str
    known: tuple[str, ...] = ()
    """Digests of the events of the last minutes before ``until``."""


Events = Callable[[datetime, datetime], Iterable[Event | None]]
"""Those from a moment up to another, both included, in any order; None for a record that is none.
Raises the source errors."""


def read_events(
    where: Where, events: Events, log: Log, now: datetime, since: Checkpoint | None,
    counted: Counted | None = None,
) -> Iterator[Item]:  # fmt: skip
    """Activities, a checkpoint after each window. ``counted``: remembers events for files of the
    same log."""
    now = now.astimezone(UTC).replace(microsecond=0)
    start, known, lost = _start(log, now, since)
    if lost:
        yield Gap(what=f"audit log of {where.name}", reason=lost)
    recent = dict.fromkeys(known)
    clock, counted = Clock(now), counted or Counted()
    odd = 0
    for begin, end in spans(start, now, log.span):
        rows = Rows(where, clock)
        edge = iso(end - OVERLAP)
        fresh: list[str] = []
        for event in events(begin, end):
            if event is None:
                odd += 1
                continue
            mark = hashlib.blake2b(event.key.encode(), digest_size=8).hexdigest()
            if mark in recent:
                continue
            recent[mark] = None
            counted.is_elsewhere(event.key, event.at)
            rows.add(event, count=0 if counted.is_left(event.key, event.at) else 1)
            if not event.at or event.at >= edge:
                fresh.append(mark)
        yield from counted.of_part(rows.found.values())
        if counted.is_kept:
            yield counted.remembered()
        kept = tuple(dict.fromkeys([*known, *fresh]))[-_MOST_KNOWN:]
        known = kept
        yield Checkpoint(cursor=msgspec.json.encode(_Cursor(until=iso(end), known=kept)).decode())
    if odd:
        yield Gap(what=f"audit log of {where.name}", reason=f"{odd} records are no events")
    yield from clock.gaps(f"audit log of {where.name}")


def spans(start: datetime, end: datetime, most: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Windows that follow each other without a hole, the last one up to ``end``."""
    while end - start > most:
        yield start, start + most
        start += most
    yield start, end


def _start(
    log: Log, now: datetime, since: Checkpoint | None
) -> tuple[datetime, tuple[str, ...], str]:
    """Where to begin, which events there are known, and what is lost if the last time is too long
    ago."""
    oldest = now - min(log.kept, log.first)
    if since is None:
        return oldest, (), ""
    try:
        cursor = msgspec.json.decode(since.cursor, type=_Cursor)
        at = datetime.fromisoformat(cursor.until)
    except (msgspec.MsgspecError, ValueError):
        return oldest, (), "the stored cursor is unreadable; read again from the beginning"
    kept = now - log.kept
    if at < kept:
        return kept, cursor.known, f"events from {cursor.until} to {iso(kept)} are no longer kept"
    return min(at, now) - OVERLAP, cursor.known, lost_by(at, now, OVERLAP)


@dataclass
class Rows:
    """Events of one type by one actor on one thing, added up to one activity."""

    where: Where
    clock: Clock | None = None
    found: dict[tuple[str, ...], Activity] = field(default_factory=dict)

    def add(self, event: Event, count: int = 1) -> None:
        account = event.account or self.where.account
        key: tuple[str, ...] = (
            event.action, event.thing, event.actor.id if event.actor else "", account,
        )  # fmt: skip
        if event.relation == "grants":
            key = (*key, *event.scopes)  # they may be taken back without the others
        at = self.clock.time(event.at) if self.clock is not None else event.at
        old = self.found.get(key)
        if old is None:
            self.found[key] = Activity(
                rule=event.action,
                actor=event.actor,
                account=account,
                app_id=event.thing,
                label=event.label,
                client_id=event.client_id,
                hosts=event.hosts,
                scopes=event.scopes,
                relation=event.relation,
                count=count,
                first_at=at,
                last_at=at,
                resource=event.account or self.where.subject,
                is_guess=event.is_guess,
                is_own=event.is_guess,
                ends=event.ends,
            )
            return
        seen = sorted(filter(None, (old.first_at, old.last_at, at)))
        self.found[key] = msgspec.structs.replace(
            old,
            count=old.count + count,
            first_at=seen[0] if seen else "",
            last_at=seen[-1] if seen else "",
            scopes=tuple(sorted({*old.scopes, *event.scopes})),
        )


@dataclass
class Totals:
    """Events of a file, each once, added up."""

    rows: Rows
    counted: Counted

    def add(self, event: Event, otherwise: Callable[[], Event] | None = None) -> bool:
        """``otherwise``: what one that tells of nothing is, looked at once more. Whether it tells
        something, and not when."""
        if self.counted.is_repeated(event.key):
            return False
        if not event.thing and otherwise is not None:
            event = otherwise()
        if event.thing and not self.counted.is_elsewhere(event.key, event.at):
            is_left = self.counted.is_left(event.key, event.at)
            self.rows.add(event, count=0 if is_left else 1)
        return bool(event.thing) and not event.at
