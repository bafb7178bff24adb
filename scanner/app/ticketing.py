"""Findings of the state to the trackers of the configuration.

Killed at any moment, run twice or from two hosts at once, it leaves one ticket a finding: a row is
reserved before a ticket is made, and who finds an old reservation, or no row at all (another state,
one that was lost), asks the tracker first. What a tracker does not take is told and tried again by
the next run; the rest goes on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from scanner.app.adopting import Adoption
from scanner.emit.tickets.content import Routing, Ticket, tickets
from scanner.emit.tickets.planning import (
    FLAPS,
    LOST,
    QUIET,
    UNSEEN_NEW,
    Action,
    Do,
    Remote,
    is_flapping,
    plan,
)
from scanner.emit.tickets.sink import (
    Busy,
    Made,
    Refused,
    Sink,
    SinkError,
    Unclear,
    Wrote,
    understood,
)
from scanner.model.finding import Finding
from scanner.model.ticket import ClosedBy, TicketRow, TicketState
from scanner.store import tickets as ledger
from scanner.store.history import changed_at
from scanner.store.state import State

_FLAPPING = (
    f"It comes and goes: it was opened again {FLAPS} times of late. Until it has been gone for "
    f"{QUIET.days} days it stays open, and nothing more is said of it."
)
_NAMED = 5
"""Tickets that cannot be seen are named up to so many."""
_GIVE_UP = 3
"""Changes in a row that came to nothing, after which the rest is left for the next run."""


@dataclass(frozen=True)
class Target:
    """One tracker of the configuration."""

    name: str
    sink: Sink
    routing: Routing
    most_new: int = 25


@dataclass
class Report:
    """What was done, or would be, with one tracker."""

    sink: str
    actions: list[Action] = field(default_factory=list)
    troubles: list[tuple[str, str]] = field(default_factory=list)
    """(key, what went wrong)."""

    def count(self, do: Do) -> int:
        return sum(action.do is do for action in self.actions)


def sync(
    state: State,
    target: Target,
    *,
    now: Callable[[], str],
    dry_run: bool = False,
    findings: Mapping[str, Finding] | None = None,
) -> Report:
    """Brings one tracker up to the findings. ``findings``: as people see them; None: as they stand
    in the state. ``dry_run``: tells what it would do, and changes neither the tracker nor the
    ledger."""
    report = Report(target.name)
    seen = state.findings() if findings is None else findings
    run = _Run(state, target, now, secrets.token_hex(8), seen)
    try:
        with understood("what the tracker has"):
            actions = run.planned(dry_run=dry_run)
    except SinkError as error:
        report.troubles.append(("", str(error)))
        return report
    report.troubles += [("", told) for told in run.doubts]
    if dry_run:
        report.actions = actions
        return report
    busy = 0
    for action in actions:
        if action.do is Do.SKIP:
            report.actions.append(action)
            continue
        try:
            done = run.apply(action)
        except SinkError as error:
            report.troubles.append((action.key, str(error)))
            busy = busy + 1 if isinstance(error, (Busy, Unclear)) else 0
            if busy == _GIVE_UP:
                report.troubles.append(("", "the rest is left for the next run"))
                break
            continue
        busy = 0
        report.actions.append(done)
    return report


@dataclass
class _Run:
    state: State
    target: Target
    now: Callable[[], str]
    token: str
    findings: Mapping[str, Finding]
    doubts: list[str] = field(default_factory=list)
    is_blind: bool = False
    """Not one ticket of ours was seen: whether the first that is made can be is looked for, before
    there are more that nobody finds again."""
    is_unseen: bool = False
    """It could not."""
    _first: tuple[str, str] = ("", "")
    """Key and id of the first ticket that was made."""
    _found: dict[str, Made] = field(default_factory=dict)
    """What the tracker has of the keys that it was asked for."""

    @property
    def sink(self) -> Sink:
        return self.target.sink

    def planned(self, *, dry_run: bool) -> list[Action]:
        findings = self.findings
        routing = self.target.routing
        changed = changed_at(self.state) if routing.filter.since else {}
        wanted = tickets(findings.values(), routing, changed)
        rows = self._rows(wanted, findings, dry_run=dry_run)
        asked = {
            key: row.external_id
            for key, row in rows.items()
            if row.external_id
            and (row.state is TicketState.OPEN or row.closed_by is ClosedBy.PERSON or key in wanted)
        }
        remote = dict(self.sink.states(asked)) if asked and self.sink.two_way else {}
        self._tell_unseen(asked, remote, wanted)
        others = Adoption(
            self.state, self.sink, self.target.name, self.token, self.now(), dry_run, self.doubts
        )
        adopted, states = others.adopt(wanted, rows, findings, self.target.most_new)
        rows |= adopted
        remote |= states
        seen = {Remote.OPEN, Remote.CLOSED} & set(remote.values())
        self.is_blind = self.sink.two_way and not seen
        others.judge(wanted, rows, remote)
        actions = plan(
            wanted, rows, remote, findings, self.target.routing,
            most_new=self.target.most_new, now=self.now(), token=self.token,
            settles=self.sink.settles,
        )  # fmt: skip
        lost = [action.key for action in actions if action.do is Do.RECOVER]
        if lost and not dry_run:
            self._found |= {key: one.made for key, one in self.sink.find(lost).items()}
        return actions

    def _tell_unseen(
        self,
        asked: Mapping[str, str],
        remote: Mapping[str, Remote],
        wanted: Mapping[str, Ticket],
    ) -> None:
        """What is wanted and cannot be seen is told until it can be, or until a person says that
        it is gone: nothing is made in its place, and nothing taken for closed."""
        unseen = [
            asked[key] for key in asked if key in wanted and remote.get(key) is Remote.MISSING
        ]
        if unseen:
            named = ", ".join(unseen[:_NAMED]) + (", ..." if len(unseen) > _NAMED else "")
            self.doubts.append(
                f"{len(unseen)} of {len(asked)} tickets cannot be seen ({named}): deleted, or kept "
                "from this account. Nothing is taken for deleted; let the account read them, or "
                "say `shadow-ai tickets forget` of those that are gone"
            )

    def _rows(
        self, wanted: Mapping[str, Ticket], findings: Mapping[str, Finding], *, dry_run: bool
    ) -> dict[str, TicketRow]:
        """The ledger, with what was renamed under its new key."""
        rows = ledger.rows(self.state, self.target.name)
        renamed: list[tuple[str, Sequence[str]]] = [
            (str(one.fingerprint), one.formerly) for one in findings.values()
        ]
        renamed += [(ticket.key, ticket.formerly) for ticket in wanted.values()]
        for key, before in renamed:
            for former in before:
                if former in rows and former not in wanted and key not in rows:
                    row = rows.pop(former)
                    if not dry_run:
                        ledger.rename(self.state, row, key)
                    rows[key] = msgspec.structs.replace(row, key=key)
        return rows

    def apply(self, action: Action) -> Action:
        """Does it, and tells what was done in the end. Raises ``SinkError``."""
        try:
            with understood(f"{action.do}"):
                return _DOING[action.do](self, action)
        except _Left as left:
            return msgspec.structs.replace(action, do=Do.SKIP, reason=str(left))

    # --- one by one ------------------------------------------------------------------------------

    def create(self, action: Action) -> Action:
        ticket = _of(action)
        self._look()
        row = TicketRow(
            sink=self.target.name, key=ticket.key, state=TicketState.RESERVED,
            token=self.token, reserved_at=self.now(),
            formerly=action.row.url if action.row else "",
            number=action.row.number + 1 if action.row else 1,
        )  # fmt: skip
        if action.row is None:
            if not ledger.reserve(self.state, row):
                raise _Taken
        elif not ledger.take_over(self.state, row, action.row):
            raise _Taken
        return self._make(action, row, ticket)

    def _make(self, action: Action, row: TicketRow, ticket: Ticket) -> Action:
        try:
            with understood("the answer to a new ticket"):
                numbered = msgspec.structs.replace(ticket, number=row.number)
                made = self.sink.create(numbered, row.formerly)
        except Unclear:
            # The reservation stays, and nobody is at it: the next run asks whether it is there.
            ledger.save(self.state, msgspec.structs.replace(row, token=LOST))
            raise
        except SinkError:
            self._unmade(row, action.row)
            raise
        self._first = self._first if self._first[0] else (row.key, made.external_id)
        return self._opened(action, row, ticket, made)

    def _unmade(self, row: TicketRow, before: TicketRow | None) -> None:
        """What is known of a former ticket stays so: it is not opened again because the one that
        should take its place was refused."""
        if before is not None and before.state is not TicketState.RESERVED:
            ledger.save(self.state, before)
        elif row.number > 1:
            ledger.save(self.state, msgspec.structs.replace(row, token=LOST))
        else:
            ledger.drop(self.state, row)

    def _opened(self, action: Action, row: TicketRow, ticket: Ticket, made: Made) -> Action:
        after = msgspec.structs.replace(
            row, state=TicketState.OPEN, external_id=made.external_id, url=made.url,
            digest=ticket.digest, findings=tuple(str(one.fingerprint) for one in ticket.findings),
            severity=ticket.severity, title=ticket.title, due=ticket.due,
            closed_by=ClosedBy.NOBODY, closed_at="", attempt="", synced_at=self.now(),
        )  # fmt: skip
        ledger.save(self.state, after)
        return msgspec.structs.replace(action, row=after)

    def _look(self) -> None:
        key, ident = self._first
        if self.is_unseen:
            raise _Left(UNSEEN_NEW)
        if not self.is_blind or not key:
            return
        if self.sink.states({key: ident})[key] in (Remote.OPEN, Remote.CLOSED):
            self.is_blind = False
            return
        self.is_unseen = True
        raise Refused(
            f"{ident} was made, and this account cannot see it: others may be there, too, so no "
            "more are made; let the account read the tickets that it makes"
        )

    def recover(self, action: Action) -> Action:
        before = _row(action)
        if action.ticket is not None and action.key not in self._found:
            self._look()
        row = msgspec.structs.replace(before, token=self.token, reserved_at=self.now())
        if not ledger.take_over(self.state, row, before):
            raise _Taken
        made = self._found.get(action.key)
        if made is not None and made.url and made.url == row.formerly:
            made = None  # the one that it takes the place of
        if action.ticket is None:
            if made is None:
                ledger.drop(self.state, row)
                return action
            opened = msgspec.structs.replace(
                row, state=TicketState.OPEN, external_id=made.external_id, url=made.url
            )
            ledger.save(self.state, opened)
            return self.close(msgspec.structs.replace(action, do=Do.CLOSE, row=opened))
        if made is None:
            return self._make(action, row, action.ticket)
        return self._opened(action, row, action.ticket, made)

    def update(self, action: Action) -> Action:
        ticket = _of(action)
        row, attempt = self._begun(action)
        self.sink.update(row.external_id, ticket, attempt, _wrote(row))
        return self._opened(action, row, ticket, Made(row.external_id, row.url))

    def close(self, action: Action) -> Action:
        row, attempt = self._begun(action)
        self.sink.close(row.external_id, action.reason, attempt)
        after = msgspec.structs.replace(
            row, state=TicketState.CLOSED, closed_by=ClosedBy.US, closed_at=self.now(), attempt="",
            synced_at=self.now(),
        )  # fmt: skip
        ledger.save(self.state, after)
        return msgspec.structs.replace(action, row=after)

    def reopen(self, action: Action) -> Action:
        before = _row(action)
        row, attempt = self._begun(action)
        ticket = _of(action)
        self.sink.reopen(row.external_id, ticket, attempt)
        if row.digest != ticket.digest:
            self.sink.update(row.external_id, ticket, f"u-{attempt}", _wrote(row))
        now = self.now()
        times = (*row.reopened[-FLAPS:], now) if before.closed_by is ClosedBy.US else row.reopened
        row = msgspec.structs.replace(row, reopened=times)
        if is_flapping(row, now):
            self.sink.comment(row.external_id, _FLAPPING, f"flaps-{attempt}")
        return self._opened(action, row, ticket, Made(row.external_id, row.url))

    def notice(self, action: Action) -> Action:
        row, attempt = self._begun(action)
        self.sink.comment(
            row.external_id,
            "Closed here, and still seen by the scanner. Nothing more is said of it here until it "
            "is gone; `shadow-ai findings accept` says that it may stay.",
            attempt,
        )
        after = msgspec.structs.replace(
            row, state=TicketState.CLOSED, closed_by=ClosedBy.PERSON, closed_at=self.now(),
            attempt="", synced_at=self.now(),
        )  # fmt: skip
        ledger.save(self.state, after)
        return msgspec.structs.replace(action, row=after)

    def settle(self, action: Action) -> Action:
        row = _row(action)
        closed = self.now() if row.state is TicketState.CLOSED else ""
        ledger.save(self.state, msgspec.structs.replace(row, closed_at=row.closed_at or closed))
        return action

    def _begun(self, action: Action) -> tuple[TicketRow, str]:
        """The row with what is begun noted in it: the same mark when it is tried again. Raises
        ``_Taken`` when another run has it."""
        before = _row(action)
        is_again = before.attempt.startswith(f"{action.do}-")
        attempt = before.attempt if is_again else f"{action.do}-{secrets.token_hex(6)}"
        row = msgspec.structs.replace(before, attempt=attempt, token=self.token)
        if not ledger.take_over(self.state, row, before):
            raise _Taken
        return row, attempt


class _Left(Exception):
    """It is not done, and the message says why."""


class _Taken(_Left):
    def __init__(self) -> None:
        super().__init__("another run is at it")


_DOING: Mapping[Do, Callable[[_Run, Action], Action]] = {
    Do.CREATE: _Run.create,
    Do.RECOVER: _Run.recover,
    Do.UPDATE: _Run.update,
    Do.CLOSE: _Run.close,
    Do.REOPEN: _Run.reopen,
    Do.NOTICE: _Run.notice,
    Do.SETTLE: _Run.settle,
}


def _of(action: Action) -> Ticket:
    if action.ticket is None:
        raise TypeError(f"{action.do} of {action.key} without a ticket")
    return action.ticket


def _wrote(row: TicketRow) -> Wrote:
    return Wrote(row.title, row.severity, row.due)


def _row(action: Action) -> TicketRow:
    if action.row is None:
        raise TypeError(f"{action.do} of {action.key} without a row")
    return action.row


def lines(report: Report) -> Iterator[tuple[str, str, str, str]]:
    """(what, ticket, title, why) of all that is worth telling."""
    for action in report.actions:
        if action.do is Do.SKIP and action.reason == "nothing changed":
            continue
        where = action.row.url or action.row.external_id if action.row else ""
        title = action.ticket.title if action.ticket else action.key[:15]
        yield str(action.do), where or action.key[:15], title, action.reason
