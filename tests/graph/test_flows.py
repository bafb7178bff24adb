"""Which data goes to whom: only what is declared or seen, with its class, key and borders."""

from __future__ import annotations

import json
from collections.abc import Container
from itertools import pairwise
from typing import Any

import attrs
import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openlineage.client import event_v2, facet_v2

from scanner.graph import kernel
from scanner.graph.answers import answer_flows
from scanner.graph.build import AssetGraph
from scanner.graph.flows import Flow, Narrowing, crossing, data_flows, through, totals
from scanner.graph.kernel import Near, Rows
from scanner.graph.naming import named
from scanner.graph.openlineage import SCHEMA_URL, events, render
from scanner.graph.ownership import OwnerBook
from scanner.graph.questions import blast_radius, exposure
from scanner.model.base import NodeId, ShardId
from scanner.model.decisions import SameAsDecision, Verdict
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Credential,
    DataStore,
    Edge,
    Fact,
    Identity,
    Relation,
)
from scanner.rulebook.flows import bundled as flow_rules
from scanner.rulebook.load import load


def _asset(ident: str, **fields: Any) -> Asset:
    return Asset(**{
        "id": NodeId(ident), "kind": "t.t", "asset_class": AssetClass.WORKLOAD, "name": ident,
        **fields,
    })  # fmt: skip


def _store(ident: str, **fields: Any) -> DataStore:
    return DataStore(**{"id": NodeId(ident), "kind": "t.bucket", "name": ident, **fields})


def _edge(source: str, relation: Relation, target: str, **fields: Any) -> Edge:
    return Edge(
        source=NodeId(source), target=NodeId(target), relation=relation,
        evidence=(Evidence(rule="r", source="t"),), **fields,
    )  # fmt: skip


def _graph(*facts: Fact) -> AssetGraph:
    return AssetGraph((ShardId("s"), fact, True) for fact in facts)


FUNCTION = (
    Account(id=NodeId("acc"), kind="t.acc", name="acc", provider="t", environment="Sandbox"),
    _store("crm", classification="PII", tags={"region": "eu-central-1", "env": "prod"}),
    _asset("fn", is_ai=False, region="us-east-1", account="acc"),
    _asset("fn#ai/deepseek", provider="deepseek"),
    Credential(id=NodeId("k"), kind="credential.x", name="k", issuer="deepseek", fingerprint="f"),
    _edge("fn", Relation.READS_FROM, "crm", confidence=Confidence.HIGH),
    _edge("fn", Relation.CONTAINS, "fn#ai/deepseek"),
    _edge("fn#ai/deepseek", Relation.CALLS, "provider:deepseek", confidence=Confidence.MEDIUM),
    _edge("fn#ai/deepseek", Relation.AUTHENTICATES_WITH, "k"),
)


def test_a_flow_tells_class_vendor_asset_key_borders_and_its_weakest_hop() -> None:
    (flow,) = data_flows(_graph(*FUNCTION))

    assert (flow.store, flow.provider, flow.through) == ("crm", "deepseek", "fn#ai/deepseek")
    assert flow.keys == ("k",)
    assert [label.data_class for label in flow.labels] == ["personal"]
    assert flow.labels[0].reason == "its classification says PII"
    assert flow.areas == ("EU", "US", "CN")
    assert flow.environments == ("production", "trial")
    assert flow.crosses == ("border", "environment")
    assert flow.confidence is Confidence.MEDIUM
    assert [hop.sentence for hop in flow.path.hops] == [
        "fn reads_from crm",
        "fn contains fn#ai/deepseek",
        "fn#ai/deepseek calls provider:deepseek",
    ]
    assert all(edge.evidence for hop in flow.path.hops for edge in hop.edges)


def test_what_a_role_may_read_is_no_flow_nor_is_a_role_that_two_share() -> None:
    graph = _graph(
        _store("crm", classification="pii"),
        _asset("one"),
        _asset("two", provider="openai"),
        Identity(id=NodeId("role"), kind="aws.iam_role", name="role"),
        _edge("one", Relation.RUNS_AS, "role"),
        _edge("two", Relation.RUNS_AS, "role"),
        _edge("role", Relation.READS_FROM, "crm"),
        _edge("one", Relation.READS_FROM, "crm"),
        _edge("two", Relation.CALLS, "provider:openai"),
    )

    assert data_flows(graph) == ()


def test_a_candidate_for_a_merge_carries_no_data() -> None:
    graph = _graph(
        _store("crm", classification="pii"),
        _asset("git:r#resource/aws_sagemaker_endpoint.x", kind="code.resource", provider="p",
               asset_class=AssetClass.MODEL_ENDPOINT, tags={"declared_name": "x"}),
        _asset("arn:x", kind="aws.sagemaker_endpoint", name="x", provider="p",
               asset_class=AssetClass.MODEL_ENDPOINT),
        _edge("git:r#resource/aws_sagemaker_endpoint.x", Relation.READS_FROM, "crm"),
        _edge("arn:x", Relation.CALLS, "provider:openai"),
    )  # fmt: skip

    assert graph.entities.candidates
    assert [flow.through for flow in data_flows(graph)] == [
        "git:r#resource/aws_sagemaker_endpoint.x"
    ]


def test_a_service_that_leads_through_parts_of_its_own_is_one_flow() -> None:
    graph = _graph(
        _store("features", classification="confidential"),
        _asset("model", provider="aws_sagemaker", asset_class=AssetClass.MODEL),
        _asset("config", is_ai=False, provider="aws_sagemaker"),
        _asset("endpoint", provider="aws_sagemaker", asset_class=AssetClass.MODEL_ENDPOINT),
        _asset("logging", is_ai=False),
        _edge("model", Relation.READS_FROM, "features"),
        _edge("config", Relation.SERVES, "model"),
        _edge("endpoint", Relation.CONFIGURED_BY, "config"),
        _edge("endpoint", Relation.CONFIGURED_BY, "logging"),
    )

    (flow,) = data_flows(graph)
    assert flow.path.nodes == ("features", "model", "config", "endpoint")
    assert flow.provider == "aws_sagemaker"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"classification": "Highly Confidential"}, [("confidential", "high")]),
        ({"tags": {"macie:type": "CREDIT_CARD_NUMBER, PERSON_NAME"}},
         [("payment", "high"), ("personal", "high")]),
        ({"store_class": "mail"}, [("communications", "medium")]),
        ({"name": "customer-payments-eu"}, [("payment", "low"), ("personal", "low")]),
        ({"name": "customer-payments", "classification": "public"}, [("public", "high")]),
        ({"name": "x", "tags": {"columns": "id,patient_name"}}, [("special_category", "low")]),
        ({"name": "misc"}, []),
        ({"name": "usernames"}, []),
    ],
)  # fmt: skip
def test_classes_come_from_labels_then_families_then_names(
    fields: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    found = _graph(_store("s", **fields)).data.labels(NodeId("s"))

    assert [(label.data_class, str(label.confidence)) for label in found] == wanted


@pytest.mark.parametrize(
    ("region", "area"),
    [("eu-west-2", "GB"), ("eu-west-1", "EU"), ("us-gov-west-1", "US"), ("westeurope", "EU"),
     ("eastus2", "US"), ("uksouth", "GB"), ("europe-west6", "CH"), ("asia-northeast3", "KR"),
     ("northamerica-northeast1", "CA"), ("northamerica-south1", "MX"), ("mars-1", "")],
)  # fmt: skip
def test_the_longest_beginning_of_a_region_tells_its_country(region: str, area: str) -> None:
    assert _graph().data.area_of(region) == area


@pytest.mark.parametrize(
    ("provider", "area"),
    [("alibaba_qwen", "CN"), ("moonshot", "CN"), ("yandexgpt", "RU"), ("google_gemini", "US"),
     ("ai21", "IL"), ("black_forest_labs", "EU"), ("sarvam", "IN"), ("ollama", "")],
)  # fmt: skip
def test_where_a_vendor_has_its_seat(provider: str, area: str) -> None:
    """What people run themselves has none: calling it leads nowhere."""
    assert _graph().data.area(NodeId(f"provider:{provider}")) == area


def test_every_seat_is_of_a_provider_that_is_known_and_in_an_area_that_is() -> None:
    rules, known = flow_rules(), {provider.id for provider in load().providers}
    areas = {area.id for area in rules.areas}
    assert [
        one for one in rules.vendors if one.provider not in known or one.area not in areas
    ] == []
    assert len(rules.vendors) > 290


def test_totals_count_stores_and_assets_of_a_class_once() -> None:
    second = (
        _asset("fn2", is_ai=False), _asset("fn2#ai/deepseek", provider="deepseek"),
        _edge("fn2", Relation.READS_FROM, "crm"), _edge("fn2", Relation.READS_FROM, "plain"),
        _edge("fn2", Relation.CONTAINS, "fn2#ai/deepseek"),
        _edge("fn2#ai/deepseek", Relation.CALLS, "provider:deepseek"), _store("plain"),
    )  # fmt: skip
    rows = {row.data_class: row for row in totals(data_flows(_graph(*FUNCTION, *second)))}

    assert (rows["personal"].stores, rows["personal"].assets) == (1, 2)
    assert rows["personal"].crosses == ("border", "environment")
    assert (rows[""].stores, rows[""].confidence) == (1, Confidence.LOW)


FACETS = {
    "jobType": facet_v2.job_type_job.JobTypeJobFacet,
    "documentation": facet_v2.documentation_job.DocumentationJobFacet,
    "ownership": facet_v2.ownership_job.OwnershipJobFacet,
    "tags": facet_v2.tags_dataset.TagsDatasetFacet,
}


def _as_facet(name: str, fields: dict[str, Any]) -> Any:
    plain = {key: value for key, value in fields.items() if not key.startswith("_")}
    known = {field.name for field in attrs.fields(FACETS[name])}
    assert set(plain) <= known, "a field that the specification does not have"
    made = FACETS[name](**plain)
    assert fields["_schemaURL"].startswith("https://openlineage.io/spec/facets/")
    assert fields["_schemaURL"].rpartition("/")[2] == made._get_schema().rpartition("/")[2]
    return made


def test_openlineage_is_what_its_own_client_builds_from_the_same_words() -> None:
    graph = _graph(*FUNCTION)
    flows: tuple[Flow, ...] = data_flows(graph)
    book = OwnerBook(graph)
    owned = {NodeId("fn"): book.owners(NodeId("fn"), "registered@x.example")}

    lines = render(events(graph, flows, "2026-11-28T10:00:00Z", owned)).splitlines()
    rows = [json.loads(line) for line in lines]

    for row in rows:
        job, inputs, outputs = row["job"], row["inputs"], row["outputs"]
        event = event_v2.JobEvent(
            eventTime=row["eventTime"],
            producer=row["producer"],
            job=event_v2.Job(
                namespace=job["namespace"], name=job["name"],
                facets={k: _as_facet(k, v) for k, v in job["facets"].items()},
            ),
            inputs=[event_v2.InputDataset(
                one["namespace"], one["name"],
                facets={k: _as_facet(k, v) for k, v in one["facets"].items()},
            ) for one in inputs],
            outputs=[event_v2.OutputDataset(one["namespace"], one["name"]) for one in outputs],
        )  # fmt: skip
        assert event.schemaURL == SCHEMA_URL == row["schemaURL"]
    chain = {
        row["job"]["name"]: (
            [one["name"] for one in row["inputs"]], [one["name"] for one in row["outputs"]]
        )
        for row in rows
    }  # fmt: skip
    assert chain == {
        "fn": (["crm"], ["fn"]),
        "fn#ai/deepseek": (["fn"], ["deepseek"]),
    }
    (tags,) = (
        row["inputs"][0]["facets"]["tags"]["tags"] for row in rows if row["inputs"][0]["facets"]
    )
    assert tags == [{"key": "data_class", "value": "personal", "source": "high"}]


def _ways(graph: AssetGraph) -> set[tuple[str, str, str]]:
    return {(flow.store, flow.provider, flow.through) for flow in data_flows(graph)}


AGENT = (
    _store("crm", classification="pii"),
    _asset("agent", provider="aws_bedrock", asset_class=AssetClass.AGENT),
    _asset("hook", is_ai=False),
    _edge("agent", Relation.READS_FROM, "crm"),
)
BASE = (
    _store("crm", classification="pii"),
    _asset("kb", provider="aws_bedrock", asset_class=AssetClass.KNOWLEDGE_BASE),
    _edge("kb", Relation.READS_FROM, "crm"),
)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ((*AGENT, _edge("agent", Relation.CALLS, "hook")), {("crm", "aws_bedrock", "agent")}),
        ((*AGENT, _edge("agent", Relation.CALLS, "provider:openai")),
         {("crm", "aws_bedrock", "agent"), ("crm", "openai", "agent")}),
        ((*BASE, _asset("fn", is_ai=False), _edge("fn", Relation.READS_FROM, "kb")),
         {("crm", "aws_bedrock", "kb")}),
        ((*BASE, _asset("fn", is_ai=False), _edge("fn", Relation.READS_FROM, "kb"),
          _edge("fn", Relation.CALLS, "provider:openai")),
         {("crm", "aws_bedrock", "kb"), ("crm", "openai", "fn")}),
        ((*AGENT, _edge("hook", Relation.READS_FROM, "agent"),
          _edge("agent", Relation.READS_FROM, "hook")), {("crm", "aws_bedrock", "agent")}),
        ((*AGENT, _edge("agent", Relation.DERIVED_FROM, "agent")),
         {("crm", "aws_bedrock", "agent")}),
        ((*BASE, AGENT[1], _edge("agent", Relation.READS_FROM, "kb"),
          _edge("kb", Relation.READS_FROM, "agent")), {("crm", "aws_bedrock", "agent")}),
    ],
    ids=["a tool", "another vendor", "read by a program", "and on to a vendor", "a circle",
         "itself", "a circle of two that are AI"],
)  # fmt: skip
def test_what_comes_after_an_asset_takes_nothing_from_its_own_service(
    facts: tuple[Fact, ...], wanted: set[tuple[str, str, str]]
) -> None:
    assert _ways(_graph(*facts)) == wanted


def test_a_less_sure_way_on_does_not_stand_for_a_sure_one() -> None:
    agent = _asset("agent", provider="aws_bedrock", asset_class=AssetClass.AGENT)
    on = _edge("agent", Relation.READS_FROM, "kb", confidence=Confidence.LOW)

    assert _ways(_graph(*BASE, agent, on)) == {
        ("crm", "aws_bedrock", "kb"), ("crm", "aws_bedrock", "agent"),
    }  # fmt: skip


def test_a_flow_names_only_keys_of_its_vendor() -> None:
    keys = [
        Credential(id=NodeId(f"k-{name}"), kind="credential.x", name=name, issuer=name,
                   fingerprint=name)
        for name in ("openai", "anthropic", "")
    ]  # fmt: skip
    flows = data_flows(_graph(
        _store("crm"), _asset("fn", is_ai=False), _edge("fn", Relation.READS_FROM, "crm"), *keys,
        *(_edge("fn", Relation.AUTHENTICATES_WITH, key.id) for key in keys),
        *(_edge("fn", Relation.CALLS, f"provider:{key.issuer}") for key in keys if key.issuer),
    ))  # fmt: skip

    assert {flow.provider: flow.keys for flow in flows} == {
        "openai": ("k-", "k-openai"), "anthropic": ("k-", "k-anthropic"),
    }  # fmt: skip


@pytest.mark.parametrize("is_first", [True, False])
def test_a_thing_that_is_ai_and_a_store_keeps_its_class_and_its_flows(is_first: bool) -> None:
    both = [
        _store("index", classification="pii"),
        _asset("index", provider="aws_bedrock", asset_class=AssetClass.VECTOR_STORE),
    ]
    graph = _graph(
        *(both if is_first else both[::-1]),
        _asset("reader", provider="openai"),
        _edge("reader", Relation.READS_FROM, "index"),
    )

    (flow,) = data_flows(graph)
    assert (flow.store, flow.provider, flow.through) == ("index", "openai", "reader")
    assert [label.data_class for label in flow.labels] == ["personal"]
    assert named(graph, "datastore:index") == ["index"]
    jobs = [event["job"]["name"] for event in events(graph, [flow], "2026-11-28T10:00:00Z")]
    assert jobs == ["reader"]


def _two_ways(*more: Fact) -> AssetGraph:
    return _graph(
        _store("crm", classification="pii", tags={"environment": "production"}),
        _asset("f1", is_ai=False, environment="production"),
        _asset("f2", is_ai=False, environment="pilot", region="us-east-1"),
        _asset("ep", provider="aws_bedrock"),
        *(_edge(one, Relation.READS_FROM, "crm") for one in ("f1", "f2")),
        _edge("f1", Relation.CALLS, "ep"),
        *more,
    )


@pytest.mark.parametrize("is_longer", [False, True])
def test_a_pilot_on_another_way_is_told_however_long_it_is(is_longer: bool) -> None:
    chain = ["f2", *(f"q{number}" for number in range(4)), "ep"] if is_longer else ["f2", "ep"]
    graph = _two_ways(
        *(_asset(name, is_ai=False) for name in chain[1:-1]),
        *(_edge(one, Relation.CALLS, other) for one, other in pairwise(chain)),
    )

    (flow,) = data_flows(graph)
    assert flow.path.nodes == ("crm", "f1", "ep")
    assert set(flow.beside) == {*chain} - {"ep"}
    assert flow.crosses == ("environment",)
    assert crossing(graph, flow).nodes == ("crm", *chain)
    assert through(graph, flow, NodeId("f1")).crosses == ()
    assert through(graph, flow, NodeId("f2")).path.nodes == ("crm", *chain)
    jobs = {one["job"]["name"]: [row["name"] for row in one["inputs"]]
            for one in events(graph, [flow], "2026-11-28T10:00:00Z")}  # fmt: skip
    assert jobs["f2"] == ["crm"]
    assert jobs["ep"] == sorted(["f1", chain[-2]])
    assert {"f1", "f2"} <= set(answer_flows(graph).part.nodes)


def test_of_ways_the_surest_is_the_path_also_where_it_is_longer() -> None:
    graph = _graph(
        _store("crm"), *(_asset(name, is_ai=False) for name in ("a", "b", "c")),
        _asset("ep", provider="aws_bedrock"),
        _edge("a", Relation.READS_FROM, "crm", confidence=Confidence.LOW),
        _edge("a", Relation.CALLS, "ep"),
        _edge("b", Relation.READS_FROM, "crm"), _edge("b", Relation.CALLS, "c"),
        _edge("c", Relation.CALLS, "ep"),
    )  # fmt: skip

    (flow,) = data_flows(graph)
    assert (flow.path.nodes, flow.beside) == (("crm", "b", "c", "ep"), ("a",))
    assert flow.confidence is Confidence.CERTAIN
    assert through(graph, flow, NodeId("a")).confidence is Confidence.LOW


def test_what_writes_back_to_a_queue_is_not_between_it_and_its_other_readers() -> None:
    graph = _graph(
        _store("queue", classification="pii"), _store("crm"),
        _asset("etl", is_ai=False), _edge("etl", Relation.READS_FROM, "crm"),
        _edge("etl", Relation.WRITES_TO, "queue"),
        *(_asset(name, provider="openai") for name in ("one", "two")),
        *(_edge(name, Relation.READS_FROM, "queue") for name in ("one", "two")),
        *(_edge(name, Relation.WRITES_TO, "queue") for name in ("one", "two")),
    )  # fmt: skip

    assert {(flow.store, flow.through): flow.beside for flow in data_flows(graph)} == {
        (start, end): () for start in ("crm", "queue") for end in ("one", "two")
    }


@settings(max_examples=150, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=24))
def test_all_that_is_on_some_way_without_a_circle_is_beside_or_on_the_path(
    pairs: set[tuple[int, int]],
) -> None:
    """networkx lists the ways one by one. Only where circles are interlocked may more stand there,
    and never what does not lead from the store to the asset."""
    pairs = {(one, other) for one, other in pairs if one != other}
    graph = _graph(
        _store("n0"), *(_asset(f"n{n}", is_ai=False) for n in range(1, 7)),
        _asset("n7", provider="p"),
        *(_edge(f"n{one}", Relation.CALLS, f"n{other}") for one, other in pairs),
    )  # fmt: skip
    drawn = nx.DiGraph(pairs)
    flows = data_flows(graph)
    if 7 not in drawn or 0 not in drawn or not nx.has_path(drawn, 0, 7):
        assert flows == ()
        return
    (flow,) = flows
    ways = list(nx.all_simple_paths(drawn, 0, 7))
    before = nx.DiGraph(pair for pair in pairs if pair[0] != 7 and pair[1] != 0)
    wide = (nx.descendants(before, 0) | {0}) & (nx.ancestors(before, 7) | {7})
    found = {int(ident[1:]) for ident in flow.nodes}
    assert {node for way in ways for node in way} <= found <= wide
    assert len(flow.path.nodes) == min(map(len, ways))
    for node in found:
        by = through(graph, flow, NodeId(f"n{node}"))
        is_on_one = any(node in way for way in ways)
        assert f"n{node}" in by.path.nodes or not is_on_one
        assert len(set(by.path.nodes)) == len(by.path.nodes)
        mine = {end for way in ways if node in way for end in way}
        assert {f"n{end}" for end in mine} <= set(by.nodes)


def test_a_drawn_way_passes_nothing_twice_though_its_halves_are_the_shortest() -> None:
    """The shortest way to ``b`` and the shortest from it both pass ``q``."""
    pairs = [
        ("crm", "q"), ("q", "b"), ("b", "q"), ("q", "agent"),
        ("crm", "far"), ("far", "farther"), ("farther", "b"),
    ]  # fmt: skip
    graph = _graph(
        _store("crm"), *(_asset(n, is_ai=False) for n in ("q", "b", "far", "farther")),
        _asset("agent", provider="p"), *(_edge(a, Relation.CALLS, b) for a, b in pairs),
    )  # fmt: skip
    (flow,) = data_flows(graph)
    by = through(graph, flow, NodeId("b"))
    assert by.path.nodes == ("crm", "far", "farther", "b", "q", "agent")


def _one_thing(one: str, other: str) -> SameAsDecision:
    ends = sorted((NodeId(one), NodeId(other)))
    return SameAsDecision(
        one=ends[0], other=ends[1], verdict=Verdict.SAME, by="t", at="2026-01-02"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"environment": "pilot", "region": "us-east-1"}, {}),
        ({}, {"environment": "pilot", "region": "us-east-1"}),
        ({"environment": "production", "region": "eu-west-1"},
         {"environment": "pilot", "region": "us-east-1"}),
    ],
)  # fmt: skip
def test_where_a_thing_is_any_of_its_sources_may_say(
    first: dict[str, str], second: dict[str, str]
) -> None:
    facts = (
        _store("crm", tags={"environment": "production", "region": "eu-west-1"}),
        _asset("f1", provider="nobody_known", **first), _asset("f2", **second),
        _asset("f2#ai/x", provider="nobody_known"),
        _edge("f1", Relation.READS_FROM, "crm"), _edge("f2#ai/x", Relation.READS_FROM, "crm"),
    )  # fmt: skip
    graph = AssetGraph(
        ((ShardId("s"), fact, True) for fact in facts), decisions=[_one_thing("f1", "f2")]
    )
    assert [(flow.through, flow.areas, flow.crosses) for flow in data_flows(graph)] == [
        ("f1", ("EU", "US"), ("border", "environment")),
        ("f2#ai/x", ("EU", "US"), ("border", "environment")),
    ]


def test_a_store_of_two_sources_is_one_with_the_classes_of_both() -> None:
    facts = (
        _store("s1"), _store("s2", classification="pii"),
        _asset("f", provider="openai", exposure=("public",)),
        _edge("f", Relation.READS_FROM, "s1"),
    )  # fmt: skip
    graph = AssetGraph(
        ((ShardId("s"), fact, True) for fact in facts), decisions=[_one_thing("s1", "s2")]
    )
    (flow,) = data_flows(graph)
    assert (flow.store, flow.is_sensitive) == ("s1", True)
    assert blast_radius(graph, NodeId("f")).sensitive == ("s1",)
    assert [(one.entry, one.store) for one in exposure(graph)] == [("f", "s1")]


def test_a_store_that_many_share_is_worked_out_once_a_flow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Forty agents read one store and call one gateway with ten models: what lies on the ways of a
    flow is the same for each of them."""
    agents, models = [f"f{n}" for n in range(40)], [f"m{n}" for n in range(10)]
    graph = _graph(
        _store("crm"), _asset("gw"), *map(_asset, agents),
        *(_asset(one, provider=f"v{one}") for one in models),
        *(_edge(one, Relation.READS_FROM, "crm") for one in agents),
        *(_edge(one, Relation.CALLS, "gw") for one in agents),
        *(_edge("gw", Relation.CALLS, one) for one in models),
    )  # fmt: skip
    flows = data_flows(graph)
    made: list[int] = []
    real = kernel.within

    def counted(rows: Rows, start: int, inside: Container[int]) -> Near:
        made.append(start)
        return real(rows, start, inside)

    monkeypatch.setattr(kernel, "within", counted)
    narrowing = Narrowing(graph)
    for agent in agents:
        for flow in flows:
            by = narrowing.of(flow, NodeId(agent))
            assert by.path.nodes == ("crm", agent, "gw", flow.through)
            assert by.beside == ()
    assert len(flows) == len(made) == len(models)


def test_where_nobody_knows_the_country_it_is_told_and_is_no_staying() -> None:
    graph = _graph(
        _store("crm", classification="pii", tags={"region": "eu-central-1"}),
        _asset("agent", provider="a_vendor_of_nowhere"),
        _asset("placed", provider="another", region="eu-west-1"),
        _asset("caller", is_ai=False, region="eu-west-1"),
        _edge("caller", Relation.READS_FROM, "crm"),
        _edge("caller", Relation.CALLS, "provider:elsewhere"),
        _edge("agent", Relation.READS_FROM, "crm"),
        _edge("placed", Relation.READS_FROM, "crm"),
    )
    answer = answer_flows(graph)
    countries = {row[3]: row[answer.header.index("countries")] for row in answer.rows}
    assert countries == {
        "agent": "EU, not known", "placed": "EU", "caller": "EU, not known",
    }  # fmt: skip
    assert answer.notes[1:] == (
        "of 2 flows nobody knows to which country they go: a_vendor_of_nowhere, elsewhere",
    )
