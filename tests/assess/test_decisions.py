"""A finding's life as a machine of states: whatever is found, fixed, unread, accepted, suppressed,
renamed or let expire in whatever order, what is shown is what a plain model of it says."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import insert, update

from scanner.app.deciding import decide, over, undo, undo_all
from scanner.assess.decisions import matches
from scanner.assess.evaluation import Evaluation
from scanner.assess.fingerprint import fingerprint
from scanner.assess.lifecycle import Life as Left
from scanner.assess.lifecycle import advance
from scanner.assess.selection import Filter
from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId, encode
from scanner.model.coverage import Coverage, Outcome
from scanner.model.decision import Ground, Selector, Verb
from scanner.model.errors import ConfigError
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass
from scanner.model.finding import Finding, FindingStatus
from scanner.store import schema
from scanner.store.decisions import add, decisions
from scanner.store.state import State

SHARD = ShardId("made:one")
POLICY = "SAI-001"


def _draft(name: str, now: str) -> Finding:
    return Finding(
        fingerprint=fingerprint(POLICY, (name,)), policy=POLICY, severity="high", risk=60,
        title=f"Unregistered AI: {name}", asset=NodeId(name), first_seen=now, last_seen=now,
        owner="ada@example.com", shards=(SHARD,),
    )  # fmt: skip


class World:
    """A state, a day, and the assets that are really there."""

    def __init__(self) -> None:
        self.state = State("sqlite://")
        self.day = date(2026, 1, 1)
        self.scans = 0

    @property
    def now(self) -> str:
        return f"{self.day.isoformat()}T00:00:00Z"

    def scan(
        self,
        there: set[str],
        *,
        is_read: bool = True,
        names: dict[NodeId, NodeId] | None = None,
        hidden: frozenset[str] = frozenset(),
        severity: str = "high",
    ) -> None:
        """``hidden``: names of which the scanned content says that they are not to be reported."""
        self.scans += 1
        shown_here = there - hidden
        drafts = {(one := _draft(name, self.now)).fingerprint: one for name in shown_here}
        for mark, one in drafts.items():
            drafts[mark] = msgspec.structs.replace(one, severity=severity)
        evaluation = Evaluation(drafts=dict(drafts) if is_read else {}, seen=set(drafts))
        row = Coverage(shard=SHARD, source="made",
                       status=Outcome.COMPLETE if is_read else Outcome.DENIED)  # fmt: skip
        before = self.state.findings()
        life = advance(evaluation if is_read else Evaluation(), before, {SHARD: row},
                       scan=str(self.scans), now=self.now, names=names or {},
                       hidden=dict.fromkeys(there & hidden, "comments"))  # fmt: skip
        shown, _ = over(
            life, before, self.state, self.graph(there), scan=str(self.scans), now=self.now
        )
        self.state.save_findings(shown.findings, shown.events)

    def graph(self, there: set[str]) -> AssetGraph:
        facts = [
            Asset(id=NodeId(name), kind="made.app", name=name, asset_class=AssetClass.INTEGRATION,
                  evidence=(Evidence(rule="r", source="made", path=f"src/{name}.py"),))
            for name in there
        ]  # fmt: skip
        return AssetGraph((SHARD, fact, True) for fact in facts)

    def decide(self, verb: Verb, selector: Selector, days: int = 10) -> str:
        made, _ = decide(
            self.state, None, verb, selector, ground=Ground.ACCEPTED_RISK, reason="a pilot",
            by="ada", until=(self.day + timedelta(days=days)).isoformat(), now=self.now,
        )  # fmt: skip
        return made.id

    def of(self, name: str) -> Finding | None:
        return self.state.findings().get(fingerprint(POLICY, (name,)))


class Life(RuleBasedStateMachine):
    """Three assets; the model knows of each what scans have seen, and which decisions stand."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.there: set[str] = set()
        self.scanned: dict[str, str] = {}
        """Name -> what scans say, in the words of this test."""
        self.standing: dict[str, tuple[set[str], date]] = {}
        """Decision -> (names that it speaks of, last day)."""
        self.hidden: set[str] = set()
        """Names that the scanned content leaves out."""
        self.called = {name: name for name in ("a", "b", "c")}
        """Name -> what it is called now."""

    def now(self, names: set[str]) -> set[str]:
        return {self.called[name] for name in names}

    def of(self, name: str) -> Finding | None:
        return self.world.of(self.called[name])

    names = st.sampled_from(["a", "b", "c"])

    @rule(name=names)
    def build(self, name: str) -> None:
        self.there.add(name)

    @rule(name=names)
    def fix(self, name: str) -> None:
        self.there.discard(name)

    @rule(name=names)
    def write_or_remove_a_comment(self, name: str) -> None:
        self.hidden ^= {name}

    @rule(days=st.integers(1, 6))
    def wait(self, days: int) -> None:
        self.world.day += timedelta(days=days)

    @rule(name=names)
    def rename(self, name: str) -> None:
        """It is called otherwise, and a scan learns it at once."""
        if name not in self.there - self.hidden:
            return
        old, new = self.called[name], f"{self.called[name]}+"
        self.called[name] = new
        self.scan({NodeId(old): NodeId(new)})
        finding = self.of(name)
        assert finding is not None
        assert self.world.of(old) is None

    @rule()
    def scan(self, names: dict[NodeId, NodeId] | None = None) -> None:
        hidden = frozenset(self.now(self.hidden))
        self.world.scan(self.now(self.there), hidden=hidden, names=names)
        for name in ("a", "b", "c"):
            old = self.scanned.get(name, "")
            if name in self.there & self.hidden:
                continue  # what was known is what it was, and is not shown
            if name in self.there:
                back = old in ("resolved", "reopened")
                self.scanned[name] = "reopened" if back else "open" if old else "new"
            elif old:
                self.scanned[name] = "resolved"

    @rule()
    def scan_is_refused(self) -> None:
        hidden = frozenset(self.now(self.hidden))
        self.world.scan(self.now(self.there), is_read=False, hidden=hidden)
        for name, old in self.scanned.items():
            if old != "resolved" and name not in self.there & self.hidden:
                self.scanned[name] = "held"

    @precondition(lambda self: bool(self.scanned))
    @rule(data=st.data(), days=st.integers(0, 8))
    def accept(self, data: st.DataObject, days: int) -> None:
        name = data.draw(st.sampled_from(sorted(self.scanned)))
        finding = self.of(name)
        assert finding is not None
        made = self.world.decide(Verb.ACCEPT, Selector(fingerprints=(finding.fingerprint,)), days)
        self.standing[made] = ({name}, self.world.day + timedelta(days=days))

    @rule(days=st.integers(0, 8))
    def suppress_all(self, days: int) -> None:
        made = self.world.decide(Verb.SUPPRESS, Selector(policy="SAI-*"), days)
        self.standing[made] = ({"a", "b", "c"}, self.world.day + timedelta(days=days))

    @precondition(lambda self: bool(self.standing))
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        which = data.draw(st.sampled_from(sorted(self.standing)))
        undo(self.world.state, which, by="bob", reason="no longer", now=self.world.now)
        del self.standing[which]

    @rule()
    def look_again(self) -> None:
        """What a person sees after a scan is what stands on that day."""
        self.scan()
        for name, said in self.scanned.items():
            finding = self.of(name)
            assert finding is not None
            is_covered = any(
                name in whom and self.world.day <= last for whom, last in self.standing.values()
            )
            if said != "resolved" and name in self.there & self.hidden:
                assert finding.status is FindingStatus.SUPPRESSED
                assert (finding.scan_status, finding.decision) == (said, "")
            elif said != "resolved" and is_covered:
                assert finding.status in (FindingStatus.ACCEPTED, FindingStatus.SUPPRESSED)
                assert finding.scan_status == said
                assert finding.decision in self.standing
            else:
                assert finding.status == said
                assert finding.decision == ""

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        found = self.world.state.findings()
        assert {finding.asset for finding in found.values()} == self.now(set(self.scanned))
        for name in self.scanned:
            finding = self.of(name)
            assert finding is not None
            assert len(finding.formerly) <= len(self.called[name]) - 1

    @invariant()
    def events_tell_the_same_story(self) -> None:
        """The scans' own words, read from the first event on, end in what is there."""
        for mark, finding in self.world.state.findings().items():
            scans = [e.change for e in self.world.state.events(mark)
                     if e.change in ("opened", "held", "resolved", "reopened")]  # fmt: skip
            assert scans[0] == "opened"
            assert scans.count("reopened") == finding.times_reopened
            says = finding.scan_status or finding.status
            assert (says is FindingStatus.RESOLVED) is (scans[-1] == "resolved")
            last = self.world.state.events(mark)[-1].change
            seen = [e.change for e in self.world.state.events(mark)
                    if e.change in ("opened", "held", "seen", "resolved", "reopened")]  # fmt: skip
            assert (says is FindingStatus.HELD) is (seen[-1] == "held")
            if finding.status is FindingStatus.SUPPRESSED and not finding.decision:
                assert last == "suppressed"
            assert last != "suppressed" or finding.status is FindingStatus.SUPPRESSED


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.fixture
def world() -> World:
    made = World()
    made.scan({"a", "b"})
    return made


def test_what_a_comment_hid_and_nobody_could_read_is_told_as_held(world: World) -> None:
    mark = fingerprint(POLICY, ("a",))
    world.scan({"a", "b"}, hidden=frozenset({"a"}))
    world.scan({"b"}, is_read=False)
    assert [e.change for e in world.state.events(mark)][-3:] == ["suppressed", "withdrawn", "held"]
    world.scan({"a", "b"}, severity="critical")
    last = world.state.events(mark)[-1]
    assert (last.change, last.detail) == ("seen", "severity: high -> critical")


def test_a_rule_that_speaks_of_others_too_outlives_what_was_decided_of_one(world: World) -> None:
    rule = world.decide(Verb.SUPPRESS, Selector(policy="SAI-*"))
    one = world.of("a")
    assert one is not None
    mine = set()
    for _ in range(2):
        world.day += timedelta(days=1)
        mine.add(world.decide(Verb.ACCEPT, Selector(fingerprints=(one.fingerprint,))))
    one = world.of("a")
    assert one is not None
    gone, met = undo_all(world.state, one, by="bob", reason="no longer", now=world.now)
    assert {decision.id for decision in gone} == mine
    assert [(finding.asset, finding.decision) for finding in met] == [("a", rule)]
    gone, _ = undo_all(world.state, met[0], by="bob", reason="nor that", now=world.now)
    assert [decision.id for decision in gone] == [rule]
    with pytest.raises(ConfigError, match="no decision stands"):
        undo_all(world.state, world.state.findings()[one.fingerprint], by="b", reason="r", now="")


def test_there_is_time_from_the_end_of_a_decision_or_a_comment_on(world: World) -> None:
    made = world.decide(Verb.ACCEPT, Selector(asset="a"))
    world.scan({"a", "b"}, hidden=frozenset({"b"}))
    world.day += timedelta(days=3)
    undo(world.state, made, by="bob", reason="no longer", now=world.now)
    assert (one := world.of("a")) is not None
    assert one.since == world.now
    world.scan({"a", "b"})
    assert (other := world.of("b")) is not None
    assert other.since == world.now
    world.scan({"a", "b"})
    assert (one := world.of("a")) is not None
    assert one.since == world.now


def test_what_became_worse_behind_a_comment_is_told_when_that_is_gone(world: World) -> None:
    world.scan({"a", "b"}, hidden=frozenset({"a"}))
    world.scan({"a", "b"}, severity="critical")
    told = world.state.events(fingerprint(POLICY, ("a",)))[-2:]
    assert [event.change for event in told] == ["withdrawn", "updated"]


def test_a_renamed_asset_keeps_its_history_and_its_decision(world: World) -> None:
    old = world.of("a")
    assert old is not None
    made = world.decide(Verb.ACCEPT, Selector(fingerprints=(old.fingerprint,)))
    world.scan({"z", "b"}, names={NodeId("a"): NodeId("z")})
    now = world.of("z")
    assert now is not None
    assert (now.status, now.decision) == (FindingStatus.ACCEPTED, made)
    assert now.formerly == (old.fingerprint,)
    assert now.first_seen == old.first_seen
    assert world.of("a") is None
    changes = [event.change for event in world.state.events(now.fingerprint)]
    assert [one for one in changes if one != "updated"] == ["opened", "accepted", "renamed"]
    world.scan({"b"})
    assert world.state.findings()[now.fingerprint].status is FindingStatus.RESOLVED


def test_a_part_of_what_is_renamed_is_renamed_with_it(world: World) -> None:
    world.scan({"a", "b", "a#ai/openai"})
    world.scan({"z", "b", "z#ai/openai"}, names={NodeId("a"): NodeId("z")})
    now = world.of("z#ai/openai")
    assert now is not None
    assert now.formerly == (fingerprint(POLICY, ("a#ai/openai",)),)


def test_a_policy_that_is_called_otherwise_keeps_its_findings(world: World) -> None:
    before = world.state.findings()
    drafts, formerly = {}, {}
    for mark, finding in before.items():
        new = fingerprint("SAI-900", (finding.asset,))
        drafts[new] = msgspec.structs.replace(
            _draft(finding.asset, world.now), fingerprint=new, policy="SAI-900"
        )
        formerly[str(new)] = (str(mark),)
    evaluation = Evaluation(drafts=dict(drafts), seen=set(drafts), formerly=formerly)
    row = Coverage(shard=SHARD, source="made", status=Outcome.COMPLETE)
    life = advance(evaluation, before, {SHARD: row}, scan="2", now=world.now)
    assert {event.change for event in life.events} == {"renamed"}
    assert {finding.status for finding in life.findings} == {FindingStatus.OPEN}


def test_two_that_could_be_meant_are_not_guessed(world: World) -> None:
    drafts = {
        mark: msgspec.structs.replace(_draft("z", world.now), fingerprint=mark)
        for mark in (fingerprint(POLICY, ("z", "model")), fingerprint(POLICY, ("z", "region")))
    }
    row = Coverage(shard=SHARD, source="made", status=Outcome.COMPLETE)
    life = advance(
        Evaluation(drafts=dict(drafts), seen=set(drafts)), world.state.findings(), {SHARD: row},
        scan="2", now=world.now, names={NodeId("a"): NodeId("z")},
    )  # fmt: skip
    assert "renamed" not in {event.change for event in life.events}


def test_a_decision_by_path_speaks_of_findings_all_of_whose_places_are_there(world: World) -> None:
    graph = world.graph({"a", "b"})
    made, met = decide(
        world.state, graph, Verb.SUPPRESS, Selector(path="src/a*"), ground=Ground.FALSE_POSITIVE,
        reason="a sample", by="ada", until="2026-01-10", now=world.now,
    )  # fmt: skip
    assert [finding.asset for finding in met] == ["a"]
    world.scan({"a", "b"})
    finding = world.of("a")
    assert finding is not None
    assert finding.decision == made.id
    other = world.decide(Verb.ACCEPT, Selector(asset="b"))  # knows no paths, and harms none
    finding = world.of("a")
    assert finding is not None
    assert finding.decision == made.id
    assert (covered := world.of("b")) is not None
    assert covered.decision == other


@pytest.mark.parametrize("part", ["path", "asset", "owner", "policy"])
def test_brackets_are_brackets(part: str) -> None:
    """``app/[slug]/page.tsx`` is a file of its own, and not ``app/s/page.tsx``."""

    def is_meant(text: str, pattern: str) -> bool:
        one = msgspec.structs.replace(_draft("a", "2026-01-01"), asset=NodeId("a"), policy="P")
        if part != "path":
            one = msgspec.structs.replace(one, **{part: text})
        is_listed = part == "path" or Filter(**{part: pattern}).holds(one)
        return is_listed and matches(Selector(**{part: pattern}), one, lambda finding: [text])

    assert not is_meant("app/s/page.tsx", "app/[slug]/page.tsx")
    assert is_meant("app/[slug]/page.tsx", "app/[slug]/page.tsx")
    assert is_meant("app/[...all]/page.tsx", "app/[*]/page.ts?")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"until": "2025-12-31"}, "past"),
        ({"until": "soon"}, "YYYY-MM-DD"),
        ({"until": "2026-12-31"}, "180 days"),
        ({"reason": "  "}, "--reason"),
        ({"by": ""}, "--by"),
        ({"selector": Selector()}, "say which findings"),
    ],
)
def test_what_no_decision_may_be_is_refused_and_leaves_nothing(
    world: World, changes: dict[str, object], told: str
) -> None:
    asked: dict[str, object] = {
        "selector": Selector(policy=POLICY), "ground": Ground.ACCEPTED_RISK, "reason": "x",
        "by": "ada", "until": "2026-01-10", "now": world.now, **changes,
    }  # fmt: skip
    selector = asked.pop("selector")
    with pytest.raises(ConfigError, match=told):
        decide(world.state, None, Verb.ACCEPT, selector, **asked)  # type: ignore[arg-type]
    assert decisions(world.state) == []


def test_a_decision_is_withdrawn_once(world: World) -> None:
    made = world.decide(Verb.ACCEPT, Selector(policy=POLICY))
    _, met = undo(world.state, made, by="bob", reason="no", now=world.now)
    assert {finding.status for finding in met} == {FindingStatus.NEW}
    with pytest.raises(ConfigError, match="withdrawn by bob"):
        undo(world.state, made, by="eve", reason="no", now=world.now)
    with pytest.raises(ConfigError, match="no decision `d-0`"):
        undo(world.state, "d-0", by="eve", reason="no", now=world.now)


@pytest.mark.parametrize("name", ["reason", "by"])
def test_words_that_are_too_long_are_refused_before_anything_is_kept(
    world: World, name: str
) -> None:
    asked: dict[str, str] = {"reason": "x", "by": "ada", name: "x" * 3000}
    with pytest.raises(ConfigError, match=f"--{name}: 3000 characters"):
        decide(
            world.state, None, Verb.ACCEPT, Selector(policy=POLICY), ground=Ground.ACCEPTED_RISK,
            until="2026-01-10", now=world.now, **asked,
        )  # fmt: skip
    made = world.decide(Verb.ACCEPT, Selector(policy=POLICY))
    with pytest.raises(ConfigError, match=f"--{name}: 3000 characters"):
        undo(world.state, made, now=world.now, **asked)
    assert [one.withdrawn_at for one in decisions(world.state)] == [""]


def test_nothing_is_stored_that_could_not_be_read_again(world: World) -> None:
    world.decide(Verb.ACCEPT, Selector(policy=POLICY))
    (made,) = decisions(world.state)
    with pytest.raises(ConfigError, match="can be kept"):
        add(world.state, msgspec.structs.replace(made, id="d-2", reason="x" * 3000))
    assert decisions(world.state) == [made]


def test_a_row_that_cannot_be_read_costs_itself_alone(world: World) -> None:
    good = world.decide(Verb.ACCEPT, Selector(asset="a"))
    long = world.decide(Verb.ACCEPT, Selector(asset="b"))
    rows = schema.finding_decision
    with world.state.engine.begin() as db:
        stored = {one.id: one for one in decisions(world.state)}
        body = encode(msgspec.structs.replace(stored[long], reason="x" * 3000))  # as once stored
        db.execute(update(rows).where(rows.c.id == long).values(body=body))
        db.execute(insert(rows).values(id="d-broken", body=b'{"verb": "accept"'))
    assert {one.id for one in decisions(world.state)} == {good, long}
    life = Left(tuple(world.state.findings().values()), ())
    _, told = over(life, world.state.findings(), world.state, world.graph(set()), scan="2",
                   now=world.now)  # fmt: skip
    assert [one for one in told if "d-broken" in one and "cannot be read" in one]
    world.scan({"a", "b"})
    assert [f.decision for f in (world.of("a"), world.of("b")) if f] == [good, long]
    _, met = undo(world.state, long, by="bob", reason="over", now=world.now)
    assert [finding.asset for finding in met] == ["b"]


def test_a_rule_hides_what_becomes_worse_no_longer_than_its_severity_allows(world: World) -> None:
    made = world.decide(Verb.SUPPRESS, Selector(owner="*"), days=170)  # made over high ones
    world.day += timedelta(days=20)
    world.scan({"a", "b"}, severity="critical")
    assert [f.decision for f in world.state.findings().values()] == [made, made]
    world.day += timedelta(days=71)
    world.scan({"a", "b"}, severity="critical")
    assert {f.status for f in world.state.findings().values()} == {FindingStatus.OPEN}
    last = world.state.events(fingerprint(POLICY, ("a",)))[-1]
    assert (last.change, last.detail[:36]) == ("expired", "it stands 90 days over critical find")
    world.scan({"a", "b"})
    assert [f.decision for f in world.state.findings().values()] == [made, made]
