"""The registry's entries are nodes of the graph, with what they register and who answers."""

from __future__ import annotations

from scanner.graph.export import export
from scanner.graph.naming import named, type_of
from scanner.graph.questions import blast_radius, neighbours, why
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import AssetClass, Identity, PrincipalType, Relation
from scanner.model.registry import Binding, BindingType, RegistryEntry, Stage
from scanner.reconcile.nodes import registry_nodes
from scanner.reconcile.reconcile import reconcile
from tests.graph.worlds import asset, edge, graph_of, store

N = NodeId
AT = "2026-11-28T10:00:00Z"
ARN = "arn:aws:bedrock:us-east-1:111122223333:agent/A"


def test_entries_their_assets_and_their_owners_are_in_the_graph() -> None:
    graph = graph_of(
        asset(ARN, provider="aws_bedrock", asset_class=AssetClass.AGENT),
        asset("other", provider="openai"),
        store("crm"),
        edge(ARN, Relation.READS_FROM, "crm"),
        Identity(id=N("okta:1"), kind="okta.user", name="Ada Day", email="ada@x.example",
                 principal_type=PrincipalType.HUMAN,
                 evidence=(Evidence(rule="r", source="okta"),)),
    )  # fmt: skip
    bindings = (Binding(type=BindingType.ARN, value=ARN),)
    entries = (
        RegistryEntry(id="risk-1", name="Support", owner="Ada Day", stage=Stage.PRODUCTION,
                      bindings=bindings, source="registry.yaml:3"),
        RegistryEntry(id="risk-2", name="Nowhere", owner="legal"),
    )  # fmt: skip
    assert graph.columns.number(N("registry:risk-1")) is None

    graph.add(registry_nodes(graph, reconcile(graph, entries, {}, ()), AT))

    (entry,) = named(graph, "entry:Support")
    assert (entry, type_of(graph.node(entry), entry)) == ("registry:risk-1", "registry_entry")
    assert named(graph, "entry:*") == ["registry:risk-1", "registry:risk-2"]
    assert dict(neighbours(graph, entry).things) == {ARN: 1, "okta:1": 1}
    (registers,) = graph.out_edges(entry, Relation.REGISTERS)
    assert registers.confidence is Confidence.HIGH
    assert registers.evidence[0].resource == "registry.yaml:3"
    assert registers.evidence[0].last_at == AT
    assert graph.out_edges(N("registry:risk-2")) == []
    (way,) = why(graph, N("okta:1"), N(ARN)).related
    assert way.nodes == ("okta:1", "registry:risk-1", ARN)
    assert [hop.words for hop in way.hops] == ["owns", "registers"]
    assert blast_radius(graph, entry).things == (), "who holds a paper holds nothing"
    for form in ("cypher", "csv", "graphml", "gexf", "dot", "mermaid", "json"):
        assert export(graph, form)
    assert b":RegistryEntry" in export(graph, "cypher")
