"""Facts come back as they were stored, and hold what is equal in them once."""

from __future__ import annotations

from scanner.kit.contract import Shard
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Fact, Relation
from scanner.store.state import State
from scanner.store.writer import StateSink


def _facts(shard: str) -> list[Fact]:
    def seen() -> tuple[Evidence, ...]:  # objects of their own, as a connector makes them
        return (Evidence(rule="list", source="made", resource="arn:one"),)

    return [
        Asset(id=NodeId("arn:one"), kind="made.model", name=f"one of {shard}",
              asset_class=AssetClass.MODEL, evidence=seen()),
        Edge(source=NodeId("arn:one"), target=NodeId("arn:two"), relation=Relation.READS_FROM,
             evidence=seen()),
    ]  # fmt: skip


def test_what_is_equal_is_one_object_and_nothing_changes() -> None:
    state = State("sqlite://")
    sink = StateSink(state, "scan", "2026-01-01T00:00:00Z")
    told = {shard: _facts(shard) for shard in ("a", "b")}
    for shard, facts in told.items():
        writer = sink.writer(Shard(id=ShardId(shard)))
        for fact in facts:
            writer.add(fact)
        writer.close(Coverage(shard=ShardId(shard), source="made", status=Outcome.COMPLETE))
    got = [(str(shard), fact) for shard, fact, _ in state.facts()]
    assert got == [(shard, fact) for shard, facts in told.items() for fact in facts]
    (_, asset), (_, edge), (_, other), _ = got
    assert isinstance(asset, Asset)
    assert isinstance(edge, Edge)
    assert isinstance(other, Asset)
    assert asset.evidence[0] is edge.evidence[0]
    assert asset.id is edge.source is other.id
