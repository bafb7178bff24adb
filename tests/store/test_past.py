"""The facts of any earlier scan can be made again, whatever happened since."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from scanner.kit.contract import Shard
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import ConfigError
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Fact, fact_key
from scanner.store.past import KEPT_SCANS, facts_at
from scanner.store.state import State
from scanner.store.writer import StateSink

NAMES = st.lists(st.sampled_from("abcd"), unique=True)


def _asset(name: str, region: str, times: int = 1) -> Asset:
    return Asset(
        id=NodeId(name), kind="t.t", name=name, asset_class=AssetClass.MODEL, region=region,
        evidence=(Evidence(rule="r", source="t", count=times),),
    )  # fmt: skip


def _read(sink: StateSink, shard: str, facts: list[Asset], status: Outcome) -> None:
    writer = sink.writer(Shard(id=ShardId(shard)))
    for fact in facts:
        writer.add(fact)
    writer.close(Coverage(shard=ShardId(shard), source="t", status=status))


def _bare(rows: object) -> set[tuple[str, str, str]]:
    return {
        (shard, fact_key(fact), getattr(fact, "region", ""))
        for shard, fact, _ in rows  # type: ignore[attr-defined]
    }


class Weeks(RuleBasedStateMachine):
    """Against copies of the whole state, taken after every scan."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State("sqlite://")
        self.copies: dict[str, set[tuple[str, str, str]]] = {}
        self.number = 0

    def teardown(self) -> None:
        self.state.close()

    @rule(
        shards=st.dictionaries(
            st.sampled_from(["s1", "s2"]),
            st.tuples(NAMES, st.sampled_from(["eu", "us"]), st.integers(1, 2),
                      st.sampled_from([Outcome.COMPLETE, Outcome.PARTIAL])),
        ),
        gone=st.lists(st.sampled_from(["s1", "s2"]), max_size=1),
    )  # fmt: skip
    def scan(self, shards: dict[str, tuple[list[str], str, int, Outcome]], gone: list[str]) -> None:
        self.number += 1
        at = f"2026-01-{1 + self.number // 24:02}T{self.number % 24:02}:00:00Z"
        opened = self.state.open_scan("c", at, {}, resume=False)
        sink = StateSink(self.state, opened.id, at)
        for shard, (names, region, times, status) in shards.items():
            _read(sink, shard, [_asset(name, region, times) for name in names], status)
        self.state.forget_shards([ShardId(shard) for shard in gone], opened.id)
        self.state.finish_scan(opened.id, at, 0)
        self.copies[opened.id] = _bare(self.state.facts())

    @precondition(lambda self: self.copies)
    @invariant()
    def every_scan_can_be_made_again(self) -> None:
        for scan, wanted in self.copies.items():
            assert _bare(facts_at(self.state, scan)) == wanted


TestWeeks = Weeks.TestCase
TestWeeks.settings = settings(max_examples=60, stateful_step_count=8, deadline=None)


def _one_scan(state: State, number: int, facts: list[Fact]) -> str:
    at = f"2026-{1 + number // 28:02}-{1 + number % 28:02}T00:00:00Z"
    opened = state.open_scan("c", at, {}, resume=False)
    _read(StateSink(state, opened.id, at), "s", facts, Outcome.COMPLETE)  # type: ignore[arg-type]
    state.finish_scan(opened.id, at, 0)
    return opened.id


def test_a_scan_that_sees_the_same_writes_no_history() -> None:
    state = State("sqlite://")
    _one_scan(state, 1, [_asset("a", "eu", 1)])
    _one_scan(state, 2, [_asset("a", "eu", 1)])
    _one_scan(state, 3, [_asset("a", "eu", 9)])  # its evidence alone

    with state.engine.connect() as db:
        rows = db.exec_driver_sql("select key from fact_change").scalars().all()
    assert rows == [""], "the shard that was new, and nothing else"
    state.close()


def test_what_is_too_long_ago_is_said_and_never_guessed() -> None:
    state = State("sqlite://")
    scans = [_one_scan(state, n, [_asset("a", f"r{n}")]) for n in range(KEPT_SCANS + 3)]

    kept = scans[2]  # before the oldest scan whose changes are kept
    ((_, fact, _),) = facts_at(state, kept)
    assert getattr(fact, "region", "") == "r2"
    with pytest.raises(ConfigError, match=f"no longer kept; the oldest that is: `{kept}`"):
        list(facts_at(state, scans[1]))
    with pytest.raises(ConfigError, match="no such scan"):
        list(facts_at(state, "never"))
    state.close()
