"""Absence is claimed only where a connector lists every thing of that kind, and has listed it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import msgspec
import pytest

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome, Sight
from scanner.model.facts import Asset, AssetClass
from scanner.model.registry import (
    Approved,
    Binding,
    BindingType,
    EntryOutcome,
    EntryStanding,
    RegistryEntry,
)
from scanner.reconcile.reconcile import reconcile

_NAMES = ("aws", "azure", "gcp", "code", "entra", "okta")
_AZURE = "/subscriptions/s-1/resourceGroups/ml/providers/Microsoft.CognitiveServices/accounts/gpt"
_SHARDS = (
    "aws:111122223333/eu-west-1/bedrock", "aws:111122223333/eu-west-1/lambda",
    "aws:111122223333/eu-west-1/s3", "aws:111122223333/eu-west-1/agentcore", "azure:s-1/ai",
    "gcp:p-1/vertex", "code:git:github.com/acme/x/tree", "entra:t/agents", "okta:acme/apps",
)  # fmt: skip
_ARN = "arn:aws:bedrock:eu-west-1:111122223333"


def _sights() -> Iterator[Sight]:
    for name in _NAMES:
        yield from importlib.import_module(f"connectors.{name}").CONNECTOR.spec.sights


def _rows(*shards: str, status: Outcome = Outcome.COMPLETE, listed_by: str = "") -> list[Coverage]:
    return [Coverage(shard=ShardId(shard), source=shard.partition(":")[0], status=status,
                     listed_by=listed_by) for shard in shards]  # fmt: skip


def _standing(value: str, coverage: list[Coverage], kind: BindingType = BindingType.ID,
              sights: tuple[Sight, ...] = ()) -> EntryStanding:  # fmt: skip
    entry = RegistryEntry(
        id="E", name="e", owner="a@b.example", bindings=(Binding(type=kind, value=value),)
    )
    asked = (lambda: sights) if sights else _sights
    return reconcile(AssetGraph([]), [entry], {}, coverage, sights=asked).entries[0]


@pytest.mark.parametrize(
    "value",
    [f"{_ARN}:guardrail/abc", f"{_ARN}:agent/ABC", f"{_ARN}:knowledge-base/KB",
     "arn:aws:lambda:eu-west-1:111122223333:function:reply", _AZURE, f"{_AZURE}/deployments/d",
     "//aiplatform.googleapis.com/projects/p-1/locations/europe-west4/endpoints/9",
     "arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/x", "entra:t/agent/a-1",
     "git:github.com/acme/x"],
)  # fmt: skip
def test_what_is_always_listed_is_missed_where_its_shard_was_read(value: str) -> None:
    found = _standing(value, _rows(*_SHARDS))
    assert found.outcomes == (EntryOutcome.NOT_FOUND,), found.detail
    for rows in (_rows(*_SHARDS, status=Outcome.PARTIAL), _rows("aws:9/us-east-1/bedrock")):
        assert _standing(value, rows).outcomes == (EntryOutcome.NOT_VERIFIABLE,)


@pytest.mark.parametrize(
    "value",
    ["arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-v2",
     f"{_ARN}:foundation-model/x", f"{_ARN}:nothing-like-it/x", "arn:aws:s3:::a-bucket",
     "arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
     "/subscriptions/s-1/resourceGroups/x/providers/Microsoft.Storage/storageAccounts/y",
     "//storage.googleapis.com/projects/p-1/buckets/b", "https://llm.acme.example/v1",
     "okta:acme/app/0oa1"],
)  # fmt: skip
def test_what_is_not_always_listed_is_never_missed(value: str) -> None:
    found = _standing(value, _rows(*_SHARDS))
    assert found.outcomes == (EntryOutcome.NOT_VERIFIABLE,)
    assert "no connector lists every thing" in found.detail


def test_an_id_that_leaves_its_place_open_needs_what_lists_the_places() -> None:
    anywhere = (Sight(ids=r"thing:(?P<place>[^:]*):.+", shards=("x:{place}/things",)),)
    read = _rows("x:1/things", "x:2/things", listed_by="x:places")
    for rows, outcome in (
        ([*read, *_rows("x:places")], EntryOutcome.NOT_FOUND),
        ([*read, *_rows("x:places", status=Outcome.DENIED)], EntryOutcome.NOT_VERIFIABLE),
        (read, EntryOutcome.NOT_VERIFIABLE),
        (_rows("x:1/things"), EntryOutcome.NOT_VERIFIABLE),
    ):
        assert _standing("thing::a", rows, sights=anywhere).outcomes == (outcome,)
    assert _standing("thing:2:a", read, sights=anywhere).outcomes == (EntryOutcome.NOT_FOUND,)


def test_where_an_earlier_scan_has_looked_the_oldest_time_is_told() -> None:
    anywhere = (Sight(ids=r"thing:(?P<place>[^:]*):.+", shards=("x:{place}/things",)),)
    rows = _rows("x:1/things", "x:2/things", listed_by="x:places") + _rows("x:places")
    assert _standing("thing::a", rows, sights=anywhere).absent_as_of == ""
    old = [msgspec.structs.replace(row, read_at=f"2026-01-0{n}T") for n, row in enumerate(rows, 2)]
    found = _standing("thing::a", [rows[0], *old[1:]], sights=anywhere)
    assert found.absent_as_of == "2026-01-03T"
    assert "on 2026-01-03" in found.detail
    assert _standing("thing:1:a", [rows[0], *old[1:]], sights=anywhere).absent_as_of == ""


def test_what_something_may_be_is_not_missing() -> None:
    """One asset is not at once to be confirmed as an entry's, and its entry not there."""
    bot = Asset(id=NodeId("git:github.com/acme/x#ai/openai"), kind="t.t", name="OpenAI in acme/x",
                asset_class=AssetClass.INTEGRATION, provider="openai")  # fmt: skip
    holder = Asset(id=NodeId("git:github.com/acme/x"), kind="code.repository", name="acme/x",
                   asset_class=AssetClass.REPOSITORY, is_ai=False)  # fmt: skip
    graph = AssetGraph((ShardId("s"), fact, True) for fact in (holder, bot))
    cases = ((None, EntryOutcome.NOT_VERIFIABLE), (("cohere",), EntryOutcome.NOT_FOUND))
    for stated, outcome in cases:
        bound = (Binding(type=BindingType.REPO, value="github.com/acme/x"),)
        entry = RegistryEntry(id="E", name="e", owner="a@b.example", bindings=bound,
                              approved=Approved(providers=stated))  # fmt: skip
        (row,) = reconcile(graph, [entry], {}, _rows(*_SHARDS), sights=_sights).entries
        assert row.outcomes == (outcome,)
    assert "there without this AI" in row.detail
