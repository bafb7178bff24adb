"""Tickets of another state: of another host, or of this one before its state was lost.

What is taken over is read from the tracker: whether it is open, what it says, and, of a closed one,
who closed it. Nothing of that is guessed: what cannot be read yet is left alone, and asked for by
the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from scanner.emit.tickets.content import Ticket
from scanner.emit.tickets.planning import DIGEST, Do, Remote
from scanner.emit.tickets.sink import Sink, SinkError, There, understood
from scanner.model.ticket import ClosedBy, TicketRow, TicketState
from scanner.store import tickets as ledger
from scanner.store.state import State

_GIVE_UP = 3
"""Questions in a row that came to nothing, after which the rest is left for the next run."""


@dataclass
class Adoption:
    """For one run with one tracker. ``doubts``: what could not be read."""

    state: State
    sink: Sink
    name: str
    """Of the tracker in the configuration."""
    token: str
    now: str
    dry_run: bool
    doubts: list[str] = field(default_factory=list)

    def adopt(
        self,
        wanted: Mapping[str, Ticket],
        rows: Mapping[str, TicketRow],
        known: Iterable[str],
        most_new: int,
    ) -> tuple[dict[str, TicketRow], dict[str, Remote]]:
        """Rows, and how they are, of all tickets that are there for what is ``wanted`` and that
        this state has no row of. A state without any row asks for all that is ``known``: findings
        that have ended may have left tickets open. All rows are taken at once, so that a run that
        ends leaves none of them behind."""
        keys = [key for key in wanted if key not in rows]
        ended = [] if rows else [key for key in known if key not in wanted]
        digest = [DIGEST] if DIGEST not in rows and (not rows or len(keys) > most_new) else []
        asked = [*keys, *ended, *digest]
        there = dict(self.sink.find(asked)) if asked and self.sink.two_way else {}
        if rows and sum(key not in there for key in keys) <= most_new:
            there.pop(DIGEST, None)  # another state's, and none is needed here
        found = {key: self._row(key, one, wanted.get(key)) for key, one in there.items()}
        taken = found if self.dry_run else ledger.reserve_all(self.state, found)
        return taken, {key: there[key].state for key in taken}

    def _row(self, key: str, one: There, ticket: Ticket | None) -> TicketRow:
        is_one = ticket is None or [str(f.fingerprint) for f in ticket.findings] == [key]
        return TicketRow(
            sink=self.name, key=key, state=TicketState.OPEN, token=self.token,
            external_id=one.made.external_id, url=one.made.url, severity=one.severity,
            findings=(key,) if is_one and key != DIGEST else (),
        )  # fmt: skip

    def judge(
        self, wanted: Iterable[str], rows: dict[str, TicketRow], remote: dict[str, Remote]
    ) -> None:
        """Of tickets that are closed while this state took them for open: who closed them, another
        state of ours or a person. Changes ``rows``; of what cannot be read, ``remote`` becomes
        unseen."""
        failed = 0
        for key in (*wanted, DIGEST):
            row = rows.get(key)
            if row is None or row.state is not TicketState.OPEN or not row.external_id:
                continue
            if remote.get(key) is not Remote.CLOSED or row.attempt.startswith(f"{Do.CLOSE}-"):
                continue
            try:
                if failed == _GIVE_UP:
                    raise SinkError("the rest is left for the next run")
                with understood("who closed a ticket"):
                    marks = self.sink.attempts(row.external_id)
                failed = 0
            except SinkError as error:
                failed += 1
                remote[key] = Remote.MISSING
                self.doubts.append(f"{row.external_id}: nobody knows yet who closed it: {error}")
                continue
            rows[key] = self._kept(row, self._told(row, marks[-1] if marks else ""))

    def _told(self, row: TicketRow, last: str) -> TicketRow:
        """The row as what we did last to the ticket, in whatever state, says. Our word stands
        before each close of ours; of one that this state closed itself, a person has opened it
        again since (``closed_at`` is left of that), and closed it."""
        by_us = last.startswith(f"{Do.CLOSE}-") and not row.closed_at
        is_noticed = last.startswith(f"{Do.NOTICE}-") and row.is_adopted
        if not by_us and not is_noticed:
            return row  # a person closed it, which was not noticed yet
        return msgspec.structs.replace(
            row, state=TicketState.CLOSED, closed_at=self.now, attempt="",
            closed_by=ClosedBy.US if by_us else ClosedBy.PERSON,
        )  # fmt: skip

    def _kept(self, before: TicketRow, row: TicketRow) -> TicketRow:
        if self.dry_run or row == before or ledger.take_over(self.state, row, before):
            return row
        return before
