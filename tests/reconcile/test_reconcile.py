"""Both directions, on small worlds with a known answer."""

from __future__ import annotations

from connectors.aws.shards import GLOBAL
from connectors.aws.sights import sights
from connectors.aws.types import TYPES
from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.facts import Account, Asset, AssetClass, Edge, Fact, Relation
from scanner.model.registry import (
    Approved,
    Binding,
    BindingType,
    Disposition,
    EntryOutcome,
    EntryStanding,
    RegistryEntry,
    Stage,
)
from scanner.reconcile.reconcile import Reconciliation, reconcile

ARN = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/fraud"
REPO = "git:github.com/acme/app"


def _asset(ident: str, name: str = "thing", **fields: object) -> Asset:
    return Asset(
        id=NodeId(ident), kind="t.t", name=name, asset_class=AssetClass.MODEL_ENDPOINT,
        **{"provider": "aws_sagemaker", **fields},  # type: ignore[arg-type]
    )  # fmt: skip


def _edge(source: str, relation: Relation, target: str) -> Edge:
    return Edge(source=NodeId(source), target=NodeId(target), relation=relation)


def _world(
    facts: list[Fact], entries: list[RegistryEntry], coverage: list[Coverage] | None = None
) -> Reconciliation:
    graph = AssetGraph((ShardId("s"), fact, True) for fact in facts)
    return reconcile(graph, entries, {"openai": "openai", "chatgpt": "openai"}, coverage or [])


def _entry(ident: str, *bindings: tuple[BindingType, str], **fields: object) -> RegistryEntry:
    return RegistryEntry(
        id=ident,
        bindings=tuple(Binding(type=kind, value=value) for kind, value in bindings),
        **{"name": ident, "owner": "ann@example.com", **fields},  # type: ignore[arg-type]
    )


def _status(world: Reconciliation, ident: str) -> tuple[str, str]:
    standing = world.standings[NodeId(ident)]
    return str(standing.status), standing.entry


def test_an_exact_binding_registers_and_what_it_is_made_of_follows() -> None:
    config, model = ARN.replace("endpoint", "endpoint-config"), ARN.replace("endpoint", "model")
    facts = [
        _asset(ARN), _asset(config), _asset(model), _asset("role", name="r"),
        _edge(ARN, Relation.CONFIGURED_BY, config), _edge(config, Relation.SERVES, model),
        _edge(ARN, Relation.RUNS_AS, "role"),
    ]  # fmt: skip

    world = _world(facts, [_entry("E", (BindingType.ARN, ARN))])

    assert _status(world, ARN) == ("registered", "E")
    assert _status(world, model) == ("registered", "E")
    assert _status(world, "role") == ("unregistered", "")


def test_an_entry_without_providers_takes_no_other_provider_along() -> None:
    agent, model = ARN.replace("endpoint/", "agent/"), ARN.replace("endpoint/", "model/")
    facts = [
        _asset(ARN), _asset(agent, provider="openai"), _asset(model),
        _edge(ARN, Relation.SERVES, agent), _edge(ARN, Relation.SERVES, model),
    ]  # fmt: skip
    bound = (BindingType.ARN, ARN)

    silent = _world(facts, [_entry("E", bound)])
    assert _status(silent, agent) == ("probable", "E")
    assert _status(silent, model) == ("registered", "E")

    stated = Approved(providers=("aws_sagemaker", "openai"))
    assert _status(_world(facts, [_entry("E", bound, approved=stated)]), agent)[0] == "registered"


def test_what_two_entries_share_belongs_to_neither() -> None:
    facts = [
        _asset("a"), _asset("b"), _asset("shared"),
        _edge("a", Relation.SERVES, "shared"), _edge("b", Relation.SERVES, "shared"),
    ]  # fmt: skip

    world = _world(facts, [_entry("A", (BindingType.ID, "a")), _entry("B", (BindingType.ID, "b"))])

    assert _status(world, "shared") == ("unregistered", "")


def test_an_approved_provider_in_a_repository_approves_no_other() -> None:
    facts = [
        _asset(REPO, name="acme/app", is_ai=False, provider=""),
        _asset(f"{REPO}#ai/openai", provider="openai"),
        _asset(f"{REPO}#ai/mistral", provider="mistral"),
    ]
    entry = _entry(
        "E", (BindingType.REPO, "https://github.com/acme/app"),
        approved=Approved(providers=("ChatGPT",)),
    )  # fmt: skip
    silent = _entry("S", (BindingType.REPO, "github.com/acme/app"))

    world = _world(facts, [entry])
    vague = _world(facts, [silent])

    assert _status(world, f"{REPO}#ai/openai") == ("registered", "E")
    assert _status(world, f"{REPO}#ai/mistral") == ("unregistered", "")
    assert _status(vague, f"{REPO}#ai/openai") == ("probable", "S")


def test_names_only_suggest_and_generic_ones_say_nothing() -> None:
    facts = [_asset("a", name="Fraud Scoring"), _asset("b", name="agent")]
    entries = [_entry("E", name="fraud-scoring"), _entry("G", name="Travel agent")]

    world = _world(facts, entries)

    assert _status(world, "a") == ("probable", "E")
    assert _status(world, "b") == ("unregistered", "")


def test_declared_tags_and_patterns_register_and_two_claims_are_ambiguous() -> None:
    facts = [
        _asset("t", tags={"ai-registry-id": "T"}),
        _asset("shop-x", provider="openai"),
        _asset("shop-y", provider="mistral"),
        _asset("both"),
    ]
    stated = Approved(providers=("openai",))
    entries = [
        _entry("T"), _entry("P", (BindingType.PATTERN, "shop-*"), approved=stated),
        _entry("X", (BindingType.ID, "both")), _entry("Y", (BindingType.ID, "both")),
    ]  # fmt: skip

    world = _world(facts, entries)

    assert _status(world, "t") == ("registered", "T")
    assert _status(world, "shop-x") == ("registered", "P")
    assert _status(world, "shop-y") == ("probable", "P")
    assert _status(world, "both") == ("ambiguous", "")


def test_a_pattern_that_fits_everything_approves_nothing_by_itself() -> None:
    facts = [_asset("a", provider="openai"), _asset("b", provider="aws_sagemaker")]
    world = _world(facts, [_entry("ALL", (BindingType.PATTERN, "*"))])
    assert _status(world, "a") == ("probable", "ALL")
    assert _status(world, "b") == ("probable", "ALL")


def test_drift_names_each_field_and_what_is_not_stated_is_not_drift() -> None:
    account = Account(id=NodeId("aws:account/1"), kind="aws.account", name="prod", provider="aws")
    fact = _asset(
        ARN, region="us-east-1", environment="prod", account=account.id,
        models=("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2",),
    )  # fmt: skip
    envelope = Approved(
        models=("amazon.titan*",), regions=("eu-west-1",), environments=("PROD",), accounts=("2",)
    )

    world = _world([account, fact], [_entry("E", (BindingType.ARN, ARN), approved=envelope)])
    free = _world([account, fact], [_entry("E", (BindingType.ARN, ARN))])

    drift = world.standings[NodeId(ARN)].drift
    assert [row.partition(":")[0] for row in drift] == ["model", "region", "account"]
    assert free.standings[NodeId(ARN)].status is Disposition.REGISTERED


def _row(shard: str, status: Outcome) -> Coverage:
    return Coverage(shard=ShardId(shard), source="aws", status=status)


def test_an_entry_is_missed_only_where_its_place_was_read() -> None:
    entry = _entry("E", (BindingType.ARN, ARN))
    shard = "aws:111122223333/eu-west-1/sagemaker"

    def standing(shard: str, status: Outcome) -> EntryStanding:
        graph, rows = AssetGraph([]), [_row(shard, status)]
        return reconcile(graph, [entry], {}, rows, sights=lambda: sights(TYPES, GLOBAL)).entries[0]

    read = standing(shard, Outcome.COMPLETE)
    denied = standing(shard, Outcome.DENIED)
    elsewhere = standing("aws:1/x/lambda", Outcome.COMPLETE)

    assert read.outcomes == (EntryOutcome.NOT_FOUND,)
    assert denied.outcomes == (EntryOutcome.NOT_VERIFIABLE,)
    assert elsewhere.outcomes == (EntryOutcome.NOT_VERIFIABLE,)


def test_retired_and_duplicate_entries_are_told() -> None:
    facts = [_asset("a")]
    entries = [
        _entry("R", (BindingType.ID, "a"), stage=Stage.RETIRED),
        _entry("D1", (BindingType.ARN, ARN), name="Same name", owner="o"),
        _entry("D2", (BindingType.URI, "https://x.example"), name="same-name", owner="o"),
    ]

    by_id = {row.entry.id: row for row in _world(facts, entries).entries}

    assert EntryOutcome.RETIRED_ALIVE in by_id["R"].outcomes
    assert not by_id["R"].unassessed  # what is retired owes nothing but its end
    assert by_id["D1"].duplicates == ("D2",)
    assert by_id["D2"].duplicates == ("D1",)


def test_a_pilot_in_production_has_drifted_whatever_production_is_called() -> None:
    bound = (BindingType.ARN, ARN)
    for word, status in (("prd", "drifted"), (" Live ", "drifted"), ("prod", "drifted"),
                         ("staging", "registered")):  # fmt: skip
        facts: list[Fact] = [_asset(ARN, environment=word)]
        assert _status(_world(facts, [_entry("E", bound, stage=Stage.PILOT)]), ARN)[0] == status
        approved = Approved(environments=("production",))
        world = _world(facts, [_entry("E", bound, approved=approved)])
        assert (_status(world, ARN)[0] == "drifted") == (word == "staging")
