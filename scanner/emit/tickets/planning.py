"""Tickets that should be open x what the ledger knows x what the tracker says -> what is to be
done.

Pure. What a person does in the tracker is respected: a ticket that was closed there while what it
is about goes on is noticed once and left closed, until it gets worse than it was; nothing that was
deleted is made again. What is merely not shown is neither: it is left as it is known, and told.
What ends is closed, what comes back is opened again, and what comes and goes stays open until it
has been gone for some days. No run makes or opens again more than some tickets: the rest becomes
one. Nor does it change more than some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from scanner.emit.tickets.content import Routing, Ticket, overflow
from scanner.model.finding import Finding
from scanner.model.ticket import ClosedBy, TicketRow, TicketState
from scanner.rulebook.policy import Severity

LEASE = timedelta(minutes=15)
"""How long a reservation of another run is left alone."""
LOST = "lost"
"""In place of a run's token: its answer was lost, and nobody is at it."""
SAME = timedelta(days=90)
"""What comes back later gets a new ticket, with the former one named in it."""
DIGEST = "digest"
UNSEEN_NEW = "what is made cannot be seen by this account"
UNSEEN = "it cannot be seen: deleted, or kept from this account"
MOST_CHANGED = 100
"""Tickets that one run writes anew, the riskiest first; the next run goes on."""
FLAPS, FLAP_WINDOW, QUIET = 3, timedelta(days=30), timedelta(days=7)
"""What was opened again so often within the window comes and goes: it is closed when it has been
gone for the time of quiet."""


class Do(StrEnum):
    CREATE = "create"
    RECOVER = "recover"
    """Look whether it was made before the run ended, else make it."""
    UPDATE = "update"
    CLOSE = "close"
    REOPEN = "reopen"
    NOTICE = "notice"
    """Say once that what it is about is still there."""
    SETTLE = "settle"
    """Only the ledger is wrong; ``row`` is as it should be."""
    SKIP = "skip"


class Remote(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    GONE = "gone"
    """The tracker itself says that it was deleted."""
    MISSING = "missing"
    """It is not shown: deleted, or kept from this account. Nobody knows which."""
    UNKNOWN = "unknown"
    """The tracker does not tell (a message was sent, not a ticket made)."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    do: Do
    key: str
    reason: str
    ticket: Ticket | None = None
    row: TicketRow | None = None


def plan(
    wanted: Mapping[str, Ticket],
    rows: Mapping[str, TicketRow],
    remote: Mapping[str, Remote],
    findings: Mapping[str, Finding],
    routing: Routing,
    *,
    most_new: int,
    now: str,
    token: str,
    settles: timedelta = timedelta(0),
) -> list[Action]:
    """In the order in which it is to be done. ``remote``: key -> state. ``findings``: all, also
    those that no ticket is wanted for, so that a ticket says why it is closed. ``settles``: after
    which time the tracker's search shows what was made."""

    def action_of(ticket: Ticket) -> Action:
        state = remote.get(ticket.key, Remote.UNKNOWN)
        return _wanted(ticket, rows.get(ticket.key), state, now, token, settles)

    actions, spared = _bounded([action_of(ticket) for ticket in wanted.values()], most_new)
    meant = set(wanted)
    if spared:
        actions.append(action_of(overflow(spared, routing)))
        meant.add(DIGEST)
    kept = {k: row for k, row in rows.items() if not _held(row, now, token, settles)}
    actions += _unwanted(meant, kept, remote, findings, now)
    return sorted(actions, key=lambda one: _ORDER.index(one.do))


_ORDER = (Do.SETTLE, Do.RECOVER, Do.CLOSE, Do.REOPEN, Do.NOTICE, Do.UPDATE, Do.CREATE, Do.SKIP)


def _bounded(actions: list[Action], most_new: int) -> tuple[list[Action], list[Ticket]]:
    """Without what is too much for one run, and the tickets that are neither made nor opened again
    in it. What comes first, which is the riskiest, is done."""
    kept: list[Action] = []
    spared: list[Ticket] = []
    new = changed = 0
    for one in actions:
        new += one.do in (Do.CREATE, Do.REOPEN)
        changed += one.do is Do.UPDATE
        if one.do in (Do.CREATE, Do.REOPEN) and new > most_new and one.ticket is not None:
            spared.append(one.ticket)
        elif one.do is Do.UPDATE and changed > MOST_CHANGED:
            reason = f"it changed; left for the next run, as {MOST_CHANGED} others changed too"
            kept.append(msgspec.structs.replace(one, do=Do.SKIP, reason=reason))
        else:
            kept.append(one)
    return kept, spared


def _held(row: TicketRow, now: str, token: str, settles: timedelta) -> str:
    """Why a reservation is left alone for now; empty: it is not."""
    if row.state is not TicketState.RESERVED or row.token == token:
        return ""
    age = abs(_since(row.reserved_at, now))  # what a clock that was ahead reserved, holds nobody
    if row.token == LOST:
        return "it may be there; the tracker's search is too young to tell" if age < settles else ""
    return "another run is at it" if age < LEASE + settles else ""


def _wanted(
    ticket: Ticket,
    row: TicketRow | None,
    remote: Remote,
    now: str,
    token: str,
    settles: timedelta,
) -> Action:
    def action(do: Do, reason: str) -> Action:
        return Action(do=do, key=ticket.key, reason=reason, ticket=ticket, row=row)

    if row is None:
        return action(Do.CREATE, "new")
    if row.state is TicketState.RESERVED:
        if held := _held(row, now, token, settles):
            return action(Do.SKIP, held)
        return action(Do.RECOVER, "a run ended while it was made")
    if row.state is TicketState.CLOSED:
        return _closed(action, ticket, row, remote, now)
    if remote is Remote.MISSING:
        return action(Do.SKIP, UNSEEN)
    if remote is Remote.CLOSED and row.attempt.startswith(f"{Do.CLOSE}-"):
        return action(Do.REOPEN, "it came back; a run ended while it was closed")
    if remote is Remote.CLOSED:
        worse = _worse(ticket, row)
        if worse:
            return action(Do.REOPEN, worse)
        return action(Do.NOTICE, "closed by a person while it is still there")
    if remote is Remote.GONE:
        reason = "deleted by a person; it is not made again"
        return _settled(row, TicketState.CLOSED, ClosedBy.PERSON, reason)
    if row.digest != ticket.digest:
        return action(Do.UPDATE, "it changed" if row.digest else "it was there already")
    return action(Do.SKIP, "nothing changed")


def _closed(
    action: Callable[[Do, str], Action],
    ticket: Ticket,
    row: TicketRow,
    remote: Remote,
    now: str,
) -> Action:
    if remote is Remote.OPEN:
        return _settled(row, TicketState.OPEN, ClosedBy.NOBODY, "opened again by a person")
    if row.closed_by is ClosedBy.PERSON:
        worse = _worse(ticket, row)
        if not worse:
            return action(Do.SKIP, "closed by a person while it is still there")
        if remote is Remote.MISSING:
            return action(Do.SKIP, UNSEEN)
        return action(Do.CREATE if remote is Remote.GONE else Do.REOPEN, worse)
    if remote is Remote.GONE or _since(row.closed_at, now) > SAME:
        return action(Do.CREATE, "it came back, and its former ticket is past")
    if remote is Remote.MISSING:
        return action(Do.SKIP, UNSEEN)
    return action(Do.REOPEN, "it came back")


def _worse(ticket: Ticket, row: TicketRow) -> str:
    """What of the ticket is worse than whoever closed it could know; empty: nothing is. Of one that
    another state made, what it said may not be known: then it is taken for less."""
    if ticket.key == DIGEST:
        return ""
    if not row.severity or not row.findings:
        return "it was closed, and nobody knows what it said then" if row.is_adopted else ""
    if Severity(ticket.severity).rank > Severity(row.severity).rank:
        return f"it became worse since: {row.severity} -> {ticket.severity}"
    known = set(row.findings)
    new = [f for f in ticket.findings if known.isdisjoint((f.fingerprint, *f.formerly))]
    return f"{len(new)} more findings since" if new else ""


def is_flapping(row: TicketRow, now: str) -> bool:
    """Whether it came and went too often of late."""
    return sum(_since(at, now) < FLAP_WINDOW for at in row.reopened) >= FLAPS


def _is_quiet(row: TicketRow, findings: Mapping[str, Finding], now: str) -> bool:
    """Whether nothing that it is about was there for a while."""
    gone = (findings[mark].resolved_at for mark in row.findings if mark in findings)
    last = max((at for at in gone if at), default="")
    return not last or _since(last, now) >= QUIET


def _unwanted(
    wanted: set[str],
    rows: Mapping[str, TicketRow],
    remote: Mapping[str, Remote],
    findings: Mapping[str, Finding],
    now: str,
) -> Iterator[Action]:
    for key, row in rows.items():
        if key in wanted:
            continue
        is_shut = remote.get(key) in (Remote.CLOSED, Remote.GONE)
        is_open = row.state is TicketState.OPEN and not is_shut
        if remote.get(key) is Remote.MISSING:
            if row.state is TicketState.OPEN:
                yield Action(do=Do.SKIP, key=key, reason=UNSEEN, row=row)
            continue
        if is_open and is_flapping(row, now) and not _is_quiet(row, findings, now):
            reason = f"it comes and goes; closed when it has been gone for {QUIET.days} days"
            yield Action(do=Do.SKIP, key=key, reason=reason, row=row)
        elif is_open or (row.closed_by is ClosedBy.PERSON and remote.get(key) is Remote.OPEN):
            yield Action(do=Do.CLOSE, key=key, reason=_why(row, findings), row=row)
        elif row.state is TicketState.RESERVED:
            yield Action(do=Do.RECOVER, key=key, reason=_why(row, findings), row=row)
        elif row.state is TicketState.OPEN or row.closed_by is ClosedBy.PERSON:
            yield _settled(row, TicketState.CLOSED, ClosedBy.US, _why(row, findings))


def _settled(row: TicketRow, state: TicketState, by: ClosedBy, reason: str) -> Action:
    after = msgspec.structs.replace(row, state=state, closed_by=by)
    return Action(do=Do.SETTLE, key=row.key, reason=reason, row=after)


def _why(row: TicketRow, findings: Mapping[str, Finding]) -> str:
    """Why no ticket is wanted any more, for those who read it."""
    if row.key == DIGEST:
        return "no findings are left over"
    known: dict[str, Finding] = {
        mark: one for one in findings.values() for mark in (one.fingerprint, *one.formerly)
    }
    told = []
    for mark in row.findings:
        finding = known.get(mark)
        if finding is None:
            told.append(f"{mark[:15]} is not in the state any more")
        elif finding.decided:
            told.append(f"{finding.title}: {finding.status}, {finding.decided}")
        elif finding.status.is_open:
            told.append(f"{finding.title}: no longer sent here")
        else:
            told.append(f"{finding.title}: {finding.status} {finding.resolved_at}".rstrip())
    return "; ".join(told[:5]) + (f"; and {len(told) - 5} more" if len(told) > 5 else "")


def _since(then: str, now: str) -> timedelta:
    try:
        return datetime.fromisoformat(now) - datetime.fromisoformat(then)
    except ValueError:
        return timedelta.max
