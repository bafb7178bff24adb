"""Which lines of a graph a document shows beside its assets."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId
from scanner.model.facts import Edge, Relation


def edges_at(graph: AssetGraph, inside: Collection[NodeId]) -> Iterator[Edge]:
    """In order of their keys. Those at an asset that is shown; and of what stands at their other
    end (a person, a machine by its address), what else it is: the account, the function, the pod
    of another source."""
    named = {
        ident
        for edge in graph.edges.values()
        if edge.source in inside or edge.target in inside
        for ident in (edge.source, edge.target)
    }
    for _, edge in sorted(graph.edges.items()):
        ends = named if edge.relation is Relation.SAME_AS else inside
        if edge.source in ends or edge.target in ends:
            yield edge
