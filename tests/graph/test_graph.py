"""One graph from many sources: merged by key, joined with reasons, exported as text."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise

import networkx as nx
import pytest

from scanner.graph.build import AssetGraph
from scanner.graph.export import export, files
from scanner.graph.ownership import owners
from scanner.graph.part import of_paths, to_networkx
from scanner.graph.questions import paths
from scanner.graph.steps import FLOW
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Credential,
    Edge,
    Fact,
    Identity,
    Relation,
    merge_fact,
)


def _asset(ident: str, **fields: object) -> Asset:
    return Asset(
        id=NodeId(ident), kind="t.t", asset_class=AssetClass.MODEL,
        **{"name": ident, **fields},  # type: ignore[arg-type]
    )  # fmt: skip


def _edge(source: str, relation: Relation, target: str, **fields: object) -> Edge:
    return Edge(
        source=NodeId(source), target=NodeId(target), relation=relation,
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip


def _graph(*facts: Fact) -> AssetGraph:
    return AssetGraph((ShardId(f"s{n}"), fact, True) for n, fact in enumerate(facts))


def _evidence(path: str, **fields: object) -> tuple[Evidence, ...]:
    return (Evidence(rule="r", source="t", path=path, **fields),)  # type: ignore[arg-type]


def test_the_same_thing_from_two_sources_is_one_node_with_both_evidences() -> None:
    graph = _graph(
        _asset("a", region="eu", evidence=_evidence("one"), models=("m1",)),
        _asset("a", evidence=_evidence("two"), models=("m2",), tags={"x": "y"}),
    )

    (node,) = graph.assets()
    assert (node.region, node.models, node.tags) == ("eu", ("m1", "m2"), {"x": "y"})
    assert [e.path for e in node.evidence] == ["one", "two"]
    assert graph.shards_of("a") == ("s0", "s1")


def test_merging_does_not_depend_on_the_order_of_evidence() -> None:
    one = _asset("a", evidence=_evidence("x", count=2, first_at="2026-01-02", last_at="2026-01-03"))
    two = _asset("a", evidence=_evidence("x", count=3, first_at="2026-01-01", last_at="2026-01-02"))

    assert merge_fact(one, two) == merge_fact(two, one)
    assert merge_fact(one, two, add_counts=True).evidence[0].count == 5
    assert merge_fact(one, two).evidence[0].first_at == "2026-01-01"
    weak, sure = (
        _edge("a", Relation.CALLS, "b", confidence=grade)
        for grade in (Confidence.LOW, Confidence.HIGH)
    )
    assert merge_fact(weak, sure) == merge_fact(sure, weak) == sure


def test_the_parts_of_a_divided_source_add_up_and_other_sources_do_not() -> None:
    rows = [
        _evidence("x", count=2, bytes_up=5, large_uploads=1, handshakes=("b",), part="1of2"),
        _evidence("x", count=3, bytes_up=6, large_uploads=2, handshakes=("a", "b"), part="2of2"),
        _evidence("x", count=4, bytes_up=7),
        _evidence("x", count=3, bytes_up=9),
    ]
    for order in (rows, rows[::-1]):
        graph = _graph(*(_asset("a", evidence=row) for row in order))
        (node,) = graph.assets()
        (seen,) = node.evidence
        assert (seen.count, seen.bytes_up, seen.large_uploads) == (9, 20, 3)
        assert (seen.handshakes, seen.part) == (("a", "b"), "")


def test_a_person_known_by_one_address_is_joined_with_its_reason_and_not_merged() -> None:
    graph = _graph(
        Identity(id=NodeId("okta:x/user/1"), kind="okta.user", name="L", email="Lena@x.example"),
        Identity(id=NodeId("mailto:lena@x.example"), kind="code.author", name="lena",
                 email="lena@x.example"),
    )  # fmt: skip

    (edge,) = graph.out_edges(NodeId("mailto:lena@x.example"), Relation.SAME_AS)
    assert edge.evidence[0].rule == "same-email"
    assert len(graph.nodes) == 2


def test_owners_are_ranked_with_reasons_and_leavers_own_nothing() -> None:
    graph = _graph(
        Account(id=NodeId("acc"), kind="t.acc", name="acc", provider="t", tags={"Owner": "dept"}),
        _asset("fn", is_ai=False, tags={"team": "tools"}),
        _asset("ai", tags={"acme:Technical-Owner": "ada@x.example"}),
        Identity(id=NodeId("left"), kind="t.u", name="left", is_active=False),
        Identity(id=NodeId("mailto:bo@x.example"), kind="t.u", name="bo", email="bo@x.example"),
        _edge("acc", Relation.CONTAINS, "fn"),
        _edge("fn", Relation.CONTAINS, "ai"),
        _edge("ai", Relation.CREATED_BY, "left"),
        _edge("ai", Relation.CREATED_BY, "mailto:bo@x.example"),
    )

    claims = owners(graph, NodeId("ai"), "registry@x.example")

    assert [(c.owner, c.basis) for c in claims] == [
        ("ada@x.example", "tag"),
        ("registry@x.example", "registry"),
        ("bo@x.example", "creator"),
        ("tools", "holder-tag"),
        ("dept", "account-tag"),
    ]
    assert claims[0].reason == "tag acme:Technical-Owner"


def test_a_key_belongs_to_where_it_stands_and_to_who_put_it_there() -> None:
    graph = _graph(
        _asset("repo", is_ai=False, tags={"owner": "team"}),
        Credential(
            id=NodeId("k"), kind="credential.x", name="k", issuer="p", fingerprint="f",
            evidence=_evidence("x", author="ada@x.example", commit="c" * 40),
        ),
        _edge("k", Relation.STORED_IN, "repo"),
    )  # fmt: skip

    assert [c.owner for c in owners(graph, NodeId("k"))] == ["team", "ada@x.example"]


def test_an_end_that_no_source_described_stays_as_a_placeholder() -> None:
    view = _graph(_asset("a"), _edge("a", Relation.RUNS_AS, "arn:role")).to_networkx()

    assert view.nodes["arn:role"]["type"] == "unknown"
    assert view.number_of_edges() == 1


@pytest.mark.parametrize("form", ["graphml", "gexf", "json"])
def test_exports_read_back_and_hostile_names_do_no_harm(form: str) -> None:
    graph = _graph(
        _asset("a", name="</node>\x00<script>&\x1b[31m"), _edge("a", Relation.CALLS, "p")
    )

    data = export(graph, form)

    assert data == export(graph, form)
    if form == "graphml":
        assert nx.read_graphml(io.BytesIO(data), force_multigraph=True).number_of_edges() == 1
    elif form == "gexf":
        assert nx.read_gexf(io.BytesIO(data)).number_of_nodes() == 2


BARE = (
    "x\uffffy", "\ufffe", "a\x01", "a\x02", "a\u200bb", "a b", "a\u00a0b", "a\nb", "a\rb", "a\tb",
    "a\\u{200b}b", "a\\u{5c}u{200b}b", "\u202egnp.exe", "\U0001fffe", "=1", "'x", "a\u2028b",
)  # fmt: skip


@pytest.mark.parametrize("form", ["graphml", "gexf", "csv", "cypher"])
def test_ids_that_differ_stay_apart_in_every_file_whatever_they_hold(form: str) -> None:
    graph = _graph(
        *(_asset(ident, name=ident) for ident in BARE),
        *(_edge(one, Relation.CALLS, other) for one, other in pairwise(BARE)),
    )
    data = export(graph, form)
    if form == "graphml":
        read = nx.read_graphml(io.BytesIO(data), force_multigraph=True)
    elif form == "gexf":
        read = nx.read_gexf(io.BytesIO(data))
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(files(graph)["nodes.csv"].decode())))
        read = nx.MultiDiGraph()
        read.add_nodes_from(row["id"] for row in rows)
        lines = csv.DictReader(io.StringIO(files(graph)["edges.csv"].decode()))
        read.add_edges_from((row["source"], row["target"]) for row in lines)
    else:
        text = data.decode()
        read = nx.MultiDiGraph()
        ident = r"Node \{id: '((?:[^'\\]|\\.)*)'"
        read.add_nodes_from(re.findall(rf"MERGE \(n:{ident}", text))
        read.add_edges_from(re.findall(rf"MATCH \(a:{ident}\}}\), \(b:{ident}", text))

    assert read.number_of_nodes() == len(BARE)
    assert read.number_of_edges() == len(BARE) - 1
    if form != "cypher":
        assert {_as_it_was(ident) for ident in read.nodes} == {*BARE}


def _as_it_was(ident: str) -> str:
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), ident)


def test_edges_of_merged_views_between_the_same_two_things_keep_their_evidence_each() -> None:
    endpoint = _asset("e1", aliases=("https://h.example/x",))
    seen = [
        _edge("fn", Relation.CALLS, target, evidence=(Evidence(rule=rule, source="s"),))
        for target, rule in (("e1", "first"), ("https://h.example/x", "second"))
    ]
    graph = _graph(_asset("fn"), endpoint, _asset("https://h.example/x"), *seen)
    part = of_paths(graph, paths(graph, [NodeId("fn")], [NodeId("e1")], FLOW))

    assert to_networkx(graph, part).number_of_edges() == 2
    merged = re.findall(r"MERGE \(a\).*?\)", export(graph, "cypher", part).decode())
    assert len({*merged}) == 2
    rows = csv.DictReader(io.StringIO(files(graph, part)["edges.csv"].decode()))
    assert len({row["key"] for row in rows}) == 2


def _sdk_world(*rules: str) -> Asset:
    repo = NodeId("git:github.com/acme/app")
    evidence = tuple(Evidence(rule=rule, source="code", resource=repo) for rule in rules)
    openai = Asset(
        id=NodeId(f"{repo}#ai/openai"), kind="code.integration", name="OpenAI in acme/app",
        asset_class=AssetClass.INTEGRATION, provider="openai", evidence=evidence,
    )  # fmt: skip
    other = Asset(
        id=NodeId(f"{repo}#endpoint/llm.corp:8000"), kind="code.endpoint", name="llm.corp:8000",
        asset_class=AssetClass.MODEL_ENDPOINT,
        evidence=(Evidence(rule="openai-client-elsewhere", source="code", resource=repo),),
    )  # fmt: skip
    shard = ShardId("code:x/tree")
    graph = AssetGraph([(shard, openai, True), (shard, other, True)])
    found = graph.node(openai.id)
    assert isinstance(found, Asset)
    return found


def test_an_sdk_whose_clients_all_call_elsewhere_is_not_its_vendor_in_use() -> None:
    only = _sdk_world("openai-import", "openai-package")
    both = _sdk_world("openai-import", "openai-host")
    default = _sdk_world("openai-import", "openai-client")

    assert {item.confidence for item in only.evidence} == {Confidence.LOW}
    assert only.tags["sdk-only"] == "its clients call llm.corp:8000"
    for asset in (both, default):
        assert "sdk-only" not in asset.tags
        assert {item.confidence for item in asset.evidence} == {Confidence.CERTAIN}
