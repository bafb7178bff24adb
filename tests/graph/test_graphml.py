"""GraphML in pieces is what networkx would have written as a whole."""

from __future__ import annotations

import io
import tracemalloc
from itertools import pairwise
from typing import Any

import msgspec
import networkx as nx

from scanner.graph import graphml
from scanner.graph.build import AssetGraph
from scanner.graph.export import _for_xml, export
from scanner.graph.part import EDGE_FIELDS, NODE_FIELDS, edge_row, node_row, to_networkx, whole
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Identity, Relation
from tests.graph.test_graph import BARE
from tests.graph.worlds import asset, graph_of


def _graph() -> AssetGraph:
    seen = Evidence(rule="r<&>", source="code\r", first_at="2026-01-02T00:00:00Z", count=3)
    assets = [
        Asset(
            id=NodeId(f"n{name}"), kind="made.thing", name=name, provider="p&q",
            asset_class=AssetClass.AGENT, region="eu\n1", evidence=(seen,), is_ai=True,
            exposure=("internet", "a < b"),
        )
        for name in BARE
    ]  # fmt: skip
    people = [Identity(id=NodeId("i1"), kind="made.user", name="Ann \x00", email="ann@x.example")]
    edges = [
        Edge(source=one.id, target=other.id, relation=Relation.CALLS, detail="]]>\x07\r\n",
             evidence=(seen,))
        for one, other in pairwise(assets)
    ]  # fmt: skip
    edges.append(Edge(source=assets[0].id, target=NodeId("nobody"), relation=Relation.RUNS_AS))
    return graph_of(*assets, *people, *edges)


def _read(data: bytes) -> nx.MultiDiGraph:
    return nx.read_graphml(io.BytesIO(data), force_multigraph=True)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A carriage return, which networkx leaves to be read as a line's end, is written as one."""
    return {key: one.replace("\r\n", "\n").replace("\r", "\n") if isinstance(one, str) else one
            for key, one in row.items()}  # fmt: skip


def test_it_reads_as_what_networkx_writes() -> None:
    graph = _graph()
    theirs = io.BytesIO()
    nx.write_graphml(_for_xml(to_networkx(graph)), theirs, named_key_ids=True)
    mine, other = _read(export(graph, "graphml")), _read(theirs.getvalue())
    nodes = [{n: _plain(told) for n, told in one.nodes(data=True)} for one in (mine, other)]
    assert nodes[0] == nodes[1]
    keyed = [
        {(a, b, key): _plain(told) for a, b, key, told in one.edges(keys=True, data=True)}
        for one in (mine, other)
    ]
    assert keyed[0] == keyed[1]
    assert len(keyed[0]) == len(BARE)


def test_what_a_part_says_of_its_things_and_to_its_readers_is_in_it() -> None:
    graph = _graph()
    part = whole(graph)
    said = {part.nodes[0]: {"rank": 1, "why": "it is -- asked"}}
    part = msgspec.structs.replace(part, said=said, notes=("2 of 3 -- not read-",))
    data = export(graph, "graphml", part)
    assert data.splitlines()[1] == b"<!-- 2 of 3 - - not read -->"
    (told,) = [row for _, row in _read(data).nodes(data=True) if "rank" in row]
    assert (told["rank"], told["why"]) == (1, "it is -- asked")


def test_every_attribute_is_declared() -> None:
    graph = _graph()
    for ident in graph.nodes:
        assert node_row(graph, ident).keys() <= NODE_FIELDS.keys()
    for edge in graph.edges.values():
        assert edge_row(graph, edge).keys() <= EDGE_FIELDS.keys()


def test_memory_does_not_grow_with_the_graph() -> None:
    """Beside the graph itself, and the ids of its things."""
    assets = [asset(f"n{n}") for n in range(20_000)]
    edges = [Edge(source=a.id, target=b.id, relation=Relation.CALLS) for a, b in pairwise(assets)]
    graph = graph_of(*assets, *edges)
    part = whole(graph)
    tracemalloc.start()
    size = sum(map(len, graphml.pieces(graph, part)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 10_000_000
    assert peak < size / 3
