"""A year of simulated scans, through the real judging, life cycle and state; every metric is then
counted again by hand, from the script of the year and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import median
from types import SimpleNamespace

import pytest

from scanner.app.metering import history_of, keep
from scanner.assess.lifecycle import advance
from scanner.assess.measuring import measure
from scanner.assess.metrics import History, Metric, metrics
from scanner.assess.policies import Situation, evaluate
from scanner.emit.metrics_text import prometheus, section
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import BASES, OwnerBook, Ownership
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.facts import Asset, AssetClass
from scanner.model.registry import (
    Assessment,
    AssessmentStatus,
    Attestation,
    Binding,
    BindingType,
    RegistryEntry,
    Stage,
    StageDate,
)
from scanner.reconcile.norms import Norms
from scanner.reconcile.reconcile import reconcile
from scanner.rulebook import load
from scanner.store.state import State

_RULES = load.load()
_POLICIES = [p for p in _RULES.policies if p.id in ("SAI-001", "SAI-041", "SAI-050", "SAI-060")]
"""Few enough to count by hand: unregistered (medium), owner left (high), unassessed in production
(medium), pilot in production (high)."""
_START = datetime(2025, 12, 1, 9, tzinfo=UTC)
WEEKS = 53


@dataclass
class System:
    """The script of one system, in weeks from the start."""

    name: str
    appears: int
    registered: int = 99
    production: int = 99
    """Its stage in the registry becomes production."""
    runs_in_production: int = 99
    assessed: int = 99
    owned: bool = True
    unit: str = ""
    pilot_day: str = ""
    shard: str = "a"
    provider: str = "openai"
    gone: int = 99


YEAR = [
    System("s00", 0, registered=0, production=0, runs_in_production=0, assessed=0, unit="Care",
           pilot_day="2025-09-02"),
    System("s01", 0, registered=4, production=10, runs_in_production=6, assessed=20, unit="Care",
           pilot_day="2026-01-05"),
    System("s02", 0, owned=False),
    System("s03", 3, registered=9, production=30, runs_in_production=30, assessed=29, unit="Risk",
           pilot_day="2026-02-02"),
    System("s04", 8, gone=20),
    System("s05", 12, shard="b"),
    System("s06", 15, shard="b", registered=40, unit="Risk", provider="mistral"),
    System("s07", 51),
    System("s08", 52),
    System("s09", 48, registered=50, production=50, runs_in_production=50, unit="Care"),
]  # fmt: skip
SECOND_SHARD = 12
"""The week in which the second part of the sources is read for the first time."""
DENIED = frozenset({33, 52})
"""Weeks in which it is not read."""


def _at(week: int) -> datetime:
    return _START + timedelta(weeks=week)


def _stamp(week: int) -> str:
    return _at(week).isoformat().replace("+00:00", "Z")


def _alive(week: int) -> list[System]:
    return [s for s in YEAR if s.appears <= week < s.gone
            and (s.shard == "a" or week >= SECOND_SHARD)]  # fmt: skip


def _asset(system: System, week: int) -> Asset:
    running = week >= system.runs_in_production
    return Asset(
        id=NodeId(system.name), kind="t.t", name=f"{system.name} zq{system.name}x",
        provider=system.provider,
        asset_class=AssetClass.MODEL_ENDPOINT, environment="production" if running else "",
        tags={"owner": "bo@example.com"} if system.owned else {},
    )  # fmt: skip


def _entry(system: System, week: int) -> RegistryEntry:
    live = week >= system.production
    dates = [StageDate(stage=Stage.PILOT, at=system.pilot_day)] if system.pilot_day else []
    if live:
        day = _at(system.production).date().isoformat()
        dates.append(StageDate(stage=Stage.PRODUCTION, at=day))
    done = Assessment(type="impact", status=AssessmentStatus.DONE)
    return RegistryEntry(
        id=f"E-{system.name}", name=f"entry {system.name}", owner="bo@example.com",
        business_unit=system.unit, stage=Stage.PRODUCTION if live else Stage.PILOT,
        stage_dates=tuple(dates), bindings=(Binding(type=BindingType.ID, value=system.name),),
        assessments=(done,) if week >= system.assessed else (),
        attestations=(Attestation(vendor="openai", type="soc2", expires_at="2026-06-30"),),
    )  # fmt: skip


@dataclass
class Run:
    state: State
    found: list[Metric]
    opened: list[tuple[int, str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def year() -> Run:
    state = State("sqlite://")
    for week in range(WEEKS):
        _scan(state, week)
    return Run(state, metrics(history_of(state)))


def _scan(state: State, week: int) -> None:
    alive = _alive(week)
    read = {"a"} | ({"b"} if week >= SECOND_SHARD and week not in DENIED else set())
    rows = [(ShardId(s.shard), _asset(s, week), s.shard in read) for s in alive]
    graph = AssetGraph(rows, frozenset(ShardId(s) for s in read))
    known = {"a": Outcome.COMPLETE}
    if week >= SECOND_SHARD:
        known["b"] = Outcome.DENIED if week in DENIED else Outcome.COMPLETE
    coverage = tuple(Coverage(shard=ShardId(s), source="t", status=o) for s, o in known.items())
    entries = [_entry(s, week) for s in YEAR if s.registered <= week]
    now = _stamp(week)
    norms = Norms(today=now)
    found = reconcile(graph, entries, {}, coverage, norms=norms)
    book = OwnerBook(graph)
    claims = {i: book.owners(i, "") for i in found.standings}
    situation = Situation(graph=graph, reconciliation=found, owners=claims, coverage=coverage,
                          now=now, norms=norms)  # fmt: skip
    opened = state.open_scan(f"m{week}", now, {}, resume=False, not_before=now)
    _store_coverage(state, opened.id, coverage)
    life = advance(
        evaluate(_POLICIES, situation), state.findings(), {r.shard: r for r in coverage},
        scan=opened.id, now=now,
    )  # fmt: skip
    state.save_findings(life.findings, life.events)
    state.finish_scan(opened.id, now, 0)
    rulebook = SimpleNamespace(frameworks=_RULES.frameworks, policies=_POLICIES)
    keep(state, situation, life.findings, rulebook, opened.id)  # type: ignore[arg-type]


def _store_coverage(state: State, scan: str, coverage: tuple[Coverage, ...]) -> None:
    from scanner.store.writer import _put_coverage

    with state.engine.begin() as db:
        for row in coverage:
            _put_coverage(db, scan, row)


def _metric(run: Run, ident: str) -> Metric:
    return next(m for m in run.found if m.id == ident)


def _trend(run: Run, ident: str) -> list[float | None]:
    points = _metric(run, ident).trend
    assert [p.at for p in points] == [_stamp(week) for week in range(WEEKS)]
    return [p.value for p in points]


def _share(yes: int, of: int) -> float | None:
    return round(yes / of, 4) if of else None


def _seen(week: int) -> list[System]:
    """What the graph holds: also what the denied part showed before."""
    return _alive(week)


def test_registered_share_each_week(year: Run) -> None:
    by_hand = [
        _share(sum(s.registered <= week for s in _seen(week)), len(_seen(week)))
        for week in range(WEEKS)
    ]
    assert _trend(year, "registered_share") == by_hand
    last = _metric(year, "registered_share")
    # s00, s01, s02, s03, s05, s06, s07, s08, s09 are there; s00, s01, s03, s06, s09 are registered
    assert (last.yes, last.of, last.value) == (5, 9, 0.5556)


def test_production_systems_with_a_current_assessment(year: Run) -> None:
    last = _metric(year, "production_assessed_share")
    # in production: s00, s01, s03, s09; s09 reports no assessment
    assert (last.yes, last.of, last.unknown) == (3, 4, 1)
    by_hand = []
    for week in range(WEEKS):
        live = [s for s in YEAR if s.registered <= week and s.production <= week]
        by_hand.append(_share(sum(s.assessed <= week for s in live), len(live)))
    assert _trend(year, "production_assessed_share") == by_hand


def test_owner_coverage(year: Run) -> None:
    by_hand = [
        _share(sum(s.owned or s.registered <= week for s in _seen(week)), len(_seen(week)))
        for week in range(WEEKS)
    ]
    assert _trend(year, "owner_coverage") == by_hand
    assert _metric(year, "owner_coverage").value == 0.8889  # all but s02


def test_attestation_coverage_ends_with_the_paper(year: Run) -> None:
    by_hand = []
    for week in range(WEEKS):
        used = {s.provider for s in _seen(week)}
        in_force = _at(week).date() <= date(2026, 6, 30)
        by_hand.append(_share(int("openai" in used and in_force), len(used)))
    assert _trend(year, "attestation_coverage") == by_hand
    assert _metric(year, "attestation_coverage").value == 0.0


def test_coverage_of_the_scan(year: Run) -> None:
    by_hand = [
        1.0 if week < SECOND_SHARD else (0.5 if week in DENIED else 1.0) for week in range(WEEKS)
    ]
    assert _trend(year, "scan_coverage") == by_hand


def test_new_shadow_a_week_and_what_is_only_new_to_the_scan(year: Run) -> None:
    by_hand = [0.0] * WEEKS
    for system in YEAR:
        first = max(system.appears, SECOND_SHARD if system.shard == "b" else 0)
        is_backfill = first == 0 or (first == SECOND_SHARD and system.shard == "b")
        if system.registered > first and not is_backfill:
            by_hand[first] += 1
    assert _trend(year, "new_shadow_per_week") == by_hand
    assert by_hand[3] == by_hand[8] == by_hand[15] == by_hand[48] == by_hand[51] == by_hand[52] == 1
    assert _metric(year, "new_shadow_per_week").by["kind"] == {"new": 1.0, "first read": 0.0}


def test_from_pilot_to_production(year: Run) -> None:
    days = {s.name: (_at(s.production).date() - date.fromisoformat(s.pilot_day)).days
            for s in YEAR if s.pilot_day and s.production < WEEKS}  # fmt: skip
    assert days == {"s00": 90, "s01": 35, "s03": 147}
    last = _metric(year, "pilot_to_production_days")
    assert last.value == median(days.values()) == 90.0
    assert last.by == {"days": {"median": 90.0, "longest": 147.0, "systems": 3.0}}
    assert _trend(year, "pilot_to_production_days")[:11] == [90.0] * 10 + [62.5]


def _intervals() -> list[tuple[str, str, str, int, int]]:
    """(policy, severity, unit, week opened, week resolved or 99), from the script alone."""
    found = []
    for s in YEAR:
        first = max(s.appears, SECOND_SHARD if s.shard == "b" else 0)
        if s.registered > first:
            end = min(s.registered, s.gone)
            if s.shard == "b":
                while end in DENIED:
                    end += 1
            unit_then = s.unit if s.registered < WEEKS and end == s.registered else ""
            found.append(("SAI-001", "medium", "", first, end))
            assert unit_then is not None
        if s.registered < WEEKS:
            began = max(s.registered, s.runs_in_production)
            if began < s.production:
                found.append(("SAI-060", "high", s.unit, began, s.production))
            if s.production < s.assessed and s.production < WEEKS:
                found.append(("SAI-050", "medium", s.unit, s.production, s.assessed))
    return found


def test_mean_time_to_remediation_by_severity_and_unit(year: Run) -> None:
    rows = _intervals()
    assert ("SAI-060", "high", "Care", 6, 10) in rows
    assert ("SAI-050", "medium", "Care", 10, 20) in rows

    def by_hand(week: int) -> float | None:
        ended = [7.0 * (end - start) for _, _, _, start, end in rows
                 if end <= week and 7 * (week - end) < 90]  # fmt: skip
        return round(sum(ended) / len(ended), 4) if ended else None

    assert _trend(year, "time_to_remediation_days") == [by_hand(week) for week in range(WEEKS)]
    # in the last ninety days: s06 registered in week 40 after 25 weeks, s09 in week 50 after 2
    last = _metric(year, "time_to_remediation_days")
    assert last.value == 94.5
    assert last.by["severity"] == {"medium": 94.5}


def test_incident_rate_by_severity_and_unit(year: Run) -> None:
    rows = [row for row in _intervals() if row[1] == "high"]

    def by_hand(week: int) -> float:
        count = sum(start <= week and 7 * (week - start) < 30 for _, _, _, start, _ in rows)
        return round(100 * count / len(_seen(week)), 4)

    assert _trend(year, "incident_rate") == [by_hand(week) for week in range(WEEKS)]
    assert by_hand(8) == 20.0  # one pilot in production among five systems


def test_audit_pass_rate_per_framework(year: Run) -> None:
    last = _metric(year, "audit_pass_rate")
    assert last.value == 0.0  # a part was denied in the last week: nothing is told as passed
    before = _trend(year, "audit_pass_rate")[51]
    failing = {"SAI-001", "SAI-050"}  # open in week 51: s02, s05, s07; s09 in production unassessed
    asked, passed = set(), set()
    for framework in _RULES.frameworks:
        for control in framework.controls:
            name = f"{framework.id}:{control.id}"
            asking = {p.id for p in _POLICIES if name in p.controls}
            if asking:
                asked.add(name)
                passed |= set() if asking & failing else {name}
    assert before == round(len(passed) / len(asked), 4)
    assert 0 < len(passed) < len(asked)


def test_nothing_to_count_is_no_zero() -> None:
    assert metrics(History(snapshots=[])) == []
    state = State("sqlite://")
    _scan(state, 0)
    found = {m.id: m for m in metrics(history_of(state))}
    assert found["time_to_remediation_days"].value is None
    text = prometheus(list(found.values())).decode()
    assert "shadow_ai_time_to_remediation_days" not in text
    assert "shadow_ai_registered_share 0.3333" in text  # s00 of s00, s01, s02


def test_prometheus_text_is_well_formed_and_names_cannot_break_it(year: Run) -> None:
    import msgspec

    metric = _metric(year, "incident_rate")
    strange = msgspec.structs.replace(metric, by={"business_unit": {'a"b\\c\nd': 1.0}})
    line = re.compile(r'^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="(?:[^"\\\n]|\\.)*"\})? -?[\d.e+-]+)$')
    for row in prometheus([*year.found, strange]).decode().splitlines():
        assert line.match(row), row


def test_the_page_shows_value_trend_and_definition(year: Run) -> None:
    html = section(year.found)
    assert html.count("<polyline") >= 8
    assert "55.6 %" in html
    assert "5 of 9" in html
    assert "<script" not in html
    assert section([]) == ""


@pytest.mark.parametrize(
    ("claims", "yes", "unknown", "unowned"),
    [
        ([("info@acme.example", "git-committer")], 0, 0, True),
        ([("ann@acme.example", "git-committer")], 0, 1, False),
        ([("security@acme.example", "tag"), ("ann@acme.example", "introduced-by")], 0, 1, False),
        ([("ann@acme.example", "tag")], 1, 0, False),
        ([("payments-team", "codeowners")], 1, 0, False),
        ([], 0, 0, True),
    ],
)
def test_a_mailbox_and_a_guess_are_no_owner(
    claims: list[tuple[str, str]], yes: int, unknown: int, unowned: bool
) -> None:
    asset = Asset(id=NodeId("a"), kind="t.t", name="a", asset_class=AssetClass.AGENT,
                  provider="openai")  # fmt: skip
    graph = AssetGraph([(ShardId("s"), asset, True)])
    owners = tuple(
        Ownership(owner=owner, basis=basis, confidence=BASES[basis], reason="")
        for owner, basis in claims
    )
    situation = Situation(graph=graph, reconciliation=reconcile(graph, [], {}, []),
                          owners={asset.id: owners}, coverage=(), now="2026-11-28")  # fmt: skip
    found = measure(situation, [], (), (), "scan").owned
    assert (found.yes, found.of, found.unknown) == (yes, 1, unknown)
    drafts = evaluate(_RULES.policies, situation).drafts.values()
    assert ("SAI-040" in {draft.policy for draft in drafts}) == unowned


@pytest.mark.parametrize("stage", [Stage.RETIRED, Stage.IDEA])
def test_what_should_not_be_there_and_names_nobody_is_not_owned(stage: Stage) -> None:
    asset = Asset(id=NodeId("a"), kind="t.t", name="a", asset_class=AssetClass.AGENT)
    graph = AssetGraph([(ShardId("s"), asset, True)])
    bound = (Binding(type=BindingType.ID, value="a"),)
    entry = RegistryEntry(id="E", name="e", stage=stage, bindings=bound)
    situation = Situation(graph=graph, reconciliation=reconcile(graph, [entry], {}, []),
                          owners={}, coverage=(), now="2026-11-28")  # fmt: skip
    assert measure(situation, [], (), (), "scan").owned.yes == 0
