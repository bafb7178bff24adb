"""Tickets that should be open x what the ledger knows x what the tracker says -> what is to be
done.

Pure. What a person does in the tracker is respected: a ticket that was closed there while what it
is about goes on is noticed once and left closed; nothing that was deleted is made again. What ends
is closed, what comes back is opened again. No run makes more than some new tickets: the rest
becomes one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from scanner.emit.tickets.content import Routing, Ticket, overflow
from scanner.model.finding import Finding
from scanner.model.ticket import ClosedBy, TicketRow, TicketState

LEASE = timedelta(minutes=15)
"""How long a reservation of another run is left alone."""
LOST = "lost"
"""In place of a run's token: its answer was lost, and nobody is at it."""
SAME = timedelta(days=90)
"""What comes back later gets a new ticket, with the former one named in it."""
DIGEST = "digest"


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
    MISSING = "missing"
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
    wanted, spared = _bounded(wanted, rows, most_new)
    if spared:
        wanted = {**wanted, DIGEST: overflow(list(spared.values()), routing)}
    actions = [
        _wanted(ticket, rows.get(key), remote.get(key, Remote.UNKNOWN), now, token, settles)
        for key, ticket in wanted.items()
    ]
    kept = {k: row for k, row in rows.items() if not _held(row, now, token, settles)}
    actions += _unwanted(set(wanted) | set(spared), kept, remote, findings)
    return sorted(actions, key=lambda one: _ORDER.index(one.do))


_ORDER = (Do.SETTLE, Do.RECOVER, Do.CLOSE, Do.REOPEN, Do.NOTICE, Do.UPDATE, Do.CREATE, Do.SKIP)


def _bounded(
    wanted: Mapping[str, Ticket], rows: Mapping[str, TicketRow], most_new: int
) -> tuple[dict[str, Ticket], dict[str, Ticket]]:
    """The first ``most_new`` of the new ones, which are the riskiest, and those that are left."""
    new = [key for key in wanted if key not in rows]
    left = set(new[most_new:])
    return (
        {key: ticket for key, ticket in wanted.items() if key not in left},
        {key: wanted[key] for key in new[most_new:]},
    )


def _held(row: TicketRow, now: str, token: str, settles: timedelta) -> str:
    """Why a reservation is left alone for now; empty: it is not."""
    if row.state is not TicketState.RESERVED or row.token == token:
        return ""
    age = _since(row.reserved_at, now)
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
    if row.state is TicketState.CLOSED and row.closed_by is ClosedBy.PERSON:
        return action(Do.SKIP, "closed by a person while it is still there")
    if row.state is TicketState.CLOSED:
        if remote is Remote.OPEN:
            return _settled(row, TicketState.OPEN, ClosedBy.NOBODY, "opened again by a person")
        if remote is Remote.MISSING or _since(row.closed_at, now) > SAME:
            return action(Do.CREATE, "it came back, and its former ticket is past")
        return action(Do.REOPEN, "it came back")
    if remote is Remote.CLOSED and row.attempt.startswith(f"{Do.CLOSE}-"):
        return action(Do.REOPEN, "it came back; a run ended while it was closed")
    if remote is Remote.CLOSED:
        return action(Do.NOTICE, "closed by a person while it is still there")
    if remote is Remote.MISSING:
        reason = "deleted by a person; it is not made again"
        return _settled(row, TicketState.CLOSED, ClosedBy.PERSON, reason)
    if row.digest != ticket.digest:
        return action(Do.UPDATE, "it changed" if row.digest else "it was there already")
    return action(Do.SKIP, "nothing changed")


def _unwanted(
    wanted: set[str],
    rows: Mapping[str, TicketRow],
    remote: Mapping[str, Remote],
    findings: Mapping[str, Finding],
) -> Iterator[Action]:
    for key, row in rows.items():
        if key in wanted:
            continue
        is_shut = remote.get(key) in (Remote.CLOSED, Remote.MISSING)
        if row.state is TicketState.OPEN and not is_shut:
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
