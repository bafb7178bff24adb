"""One scan in numbers: what every metric needs of it, counted at its end and kept.

Owns the counting of one situation; what becomes of the numbers over time is
:mod:`scanner.assess.metrics`. Everything is counted three ways: yes, no, and not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from scanner.assess.governance import UseCase, is_present, use_cases
from scanner.assess.owning import is_owned
from scanner.assess.policies import Situation
from scanner.model.base import Model
from scanner.model.coverage import Outcome
from scanner.model.facts import Asset
from scanner.model.finding import Finding
from scanner.model.registry import (
    Disposition,
    EntryOutcome,
    EntryStanding,
    RegistryEntry,
    Stage,
)
from scanner.reconcile.assessments import assessed, made_last, reported
from scanner.reconcile.obligations import Obligations, begun
from scanner.rulebook.policy import Framework, Policy

_NOBODY = {EntryOutcome.OWNERLESS, EntryOutcome.OWNER_LEFT, EntryOutcome.OWNER_MAILBOX}


class Count(Model, frozen=True, kw_only=True):
    """``yes`` of ``of``; ``unknown`` of them are neither yes nor no."""

    yes: int = 0
    of: int = 0
    unknown: int = 0

    @property
    def share(self) -> float | None:
        """0 to 1; None where there is nothing to count."""
        return self.yes / self.of if self.of else None


class Snapshot(Model, frozen=True, kw_only=True):
    """What is kept of one scan."""

    scan: str
    at: str
    registered: Count
    """Systems that were found; unknown: the registry could not be read to its end."""
    probable: int = 0
    """Of those that are not registered: a person has to confirm them."""
    assessed: Count
    """Entries in production, by what they say or, where they state no stage, by where they run;
    unknown: an assessment that they need is reported neither done nor
    not, or whether they need it is not told."""
    owned: Count
    """Systems that were found, with a person or team who answers for them; unknown: there are only
    guesses at whom to ask, such as who last changed the code."""
    attested: Count
    """Vendors that are used, or may be by an entry, with every paper that is asked for, in force,
    for every class of data that they get."""
    shards: Count
    """Parts of the sources; unknown: a source that is not enabled has nothing to read."""
    frameworks: dict[str, Count] = {}
    """Controls that rules ask about, without a finding, decided or not; unknown: not everything
    was read."""
    to_production: dict[str, int] = {}
    """Entry -> days from its pilot to production."""


def measure(
    situation: Situation,
    findings: Sequence[Finding],
    frameworks: Iterable[Framework],
    policies: Sequence[Policy],
    scan: str,
) -> Snapshot:
    opened = [finding for finding in findings if finding.status.is_open]
    standings = situation.reconciliation.standings
    rows = {row.entry.id: row for row in situation.reconciliation.entries}
    cases = [case for case in use_cases(situation, opened) if case.assets]
    unjudged = sum(
        any(standings[ident].status is Disposition.NOT_JUDGED for ident in case.assets)
        for case in cases
    )
    probable = sum(
        not case.registered
        and any(standings[ident].status is Disposition.PROBABLE for ident in case.assets)
        for case in cases
    )
    live = [row for row in rows.values() if row.in_production]
    marks = [_assessed(row, situation) for row in live]
    asked = {name for policy in policies for name in policy.controls}
    failing = {name for finding in findings if is_present(finding) for name in finding.controls}
    is_incomplete = any(row.status.is_lacking for row in situation.coverage)
    wanted = [row for row in situation.coverage if row.status is not Outcome.LEFT_OUT]
    return Snapshot(
        scan=scan,
        at=situation.now,
        registered=Count(yes=sum(c.registered for c in cases), of=len(cases), unknown=unjudged),
        probable=probable,
        assessed=Count(yes=marks.count(True), of=len(live), unknown=marks.count(None)),
        owned=_owned(cases, rows, situation),
        attested=_attested(situation),
        shards=Count(
            yes=sum(row.status.proves_absence for row in wanted),
            of=len(wanted),
        ),
        frameworks={
            framework.id: _passed(framework, asked, failing, is_incomplete)
            for framework in frameworks
        },
        to_production={
            row.entry.id: days
            for row in rows.values()
            if (days := _days_to_production(row.entry)) is not None
        },
    )


def _passed(framework: Framework, asked: set[str], failing: set[str], is_incomplete: bool) -> Count:
    """As :func:`scanner.assess.governance.assess` answers for the whole estate."""
    names = {f"{framework.id}:{control.id}" for control in framework.controls} & asked
    clear = len(names - failing)
    return Count(
        yes=0 if is_incomplete else clear, of=len(names), unknown=clear if is_incomplete else 0
    )


def owned_systems(situation: Situation) -> Count:
    """As the metric counts them."""
    rows = {row.entry.id: row for row in situation.reconciliation.entries}
    return _owned([case for case in use_cases(situation, ()) if case.assets], rows, situation)


def _owned(
    cases: Sequence[UseCase], rows: Mapping[str, EntryStanding], situation: Situation
) -> Count:
    marks = [_is_owned(case, rows, situation) for case in cases]
    return Count(yes=marks.count(True), of=len(cases), unknown=marks.count(None))


def _is_owned(
    case: UseCase, rows: Mapping[str, EntryStanding], situation: Situation
) -> bool | None:
    """Of what is registered by its entry, which names somebody; else by what claims it."""
    if case.registered:
        return not _NOBODY & set(rows[case.id].outcomes)
    return is_owned([c for ident in case.assets for c in situation.owners.get(ident, ())])


def _assessed(row: EntryStanding, situation: Situation) -> bool | None:
    """Whether every assessment that it needs, and every other that it reports, is done, passed and
    in force; None: what it needs is not reported, or not known."""
    over = {EntryOutcome.ASSESSMENT_EXPIRED, EntryOutcome.CHANGED_SINCE_ASSESSED}
    rules = situation.norms.rules.assessments
    entry = _running(row)
    today = situation.norms.today
    found = assessed(entry, rules, today)
    if over & set(row.outcomes) or not all(reported(row.entry, rules, today)):
        return False
    if found.unknown or _is_ageless(entry, row, situation):
        return None
    return not found.lacking


def _is_ageless(entry: RegistryEntry, row: EntryStanding, situation: Situation) -> bool:
    """Whether nothing tells if what runs is younger than an assessment that it needs."""
    nodes = (situation.graph.node(ident) for ident in row.assets)
    if not any(isinstance(node, Asset) and begun(node) for node in nodes):
        return False
    norms = situation.norms
    owed = made_last(entry, norms.rules.assessments, norms.today)
    return any(rows and not any(one.at for one in rows) for _, rows in owed)


def _attested(situation: Situation) -> Count:
    """By what findings ask: a vendor lacks a paper where any system that uses it lacks it."""
    rows = [(row, _running(row)) for row in situation.reconciliation.entries]
    owed = Obligations(situation.graph, [entry for _, entry in rows], situation.norms)
    alone = {a.provider for a in situation.graph.assets() if a.provider} - situation.norms.own
    users: dict[str, list[RegistryEntry | None]] = {vendor: [None] for vendor in alone}
    for row, entry in rows:
        nodes = (situation.graph.node(ident) for ident in row.assets)
        for vendor in owed.vendors(entry, [node for node in nodes if isinstance(node, Asset)]):
            users.setdefault(vendor, [None]).append(entry)
    yes = sum(
        bool(owed.papers.get(vendor))
        and not any(gap for entry in entries for gap in owed.of_vendor(vendor, entry))
        for vendor, entries in users.items()
    )
    return Count(yes=yes, of=len(users))


def _running(row: EntryStanding) -> RegistryEntry:
    """With the stage that it is held to."""
    if not row.in_production:
        return row.entry
    return msgspec.structs.replace(row.entry, stage=Stage.PRODUCTION)


def _days_to_production(entry: RegistryEntry) -> int | None:
    """Only where both days are told: a month is no day."""
    pilot, live = entry.since(Stage.PILOT), entry.since(Stage.PRODUCTION)
    if len(pilot) < 10 or len(live) < 10:
        return None
    try:
        return (date.fromisoformat(live[:10]) - date.fromisoformat(pilot[:10])).days
    except ValueError:
        return None
