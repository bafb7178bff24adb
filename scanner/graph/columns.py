"""The graph of facts as the kernel's columns, and back: things, their numbers, the edges of a hop.

One thing is one number, however many sources show it (:mod:`scanner.graph.same_as`); candidates for
a merge are no edges here. Ends that no source has described have numbers too.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from scanner.graph.build import AssetGraph
from scanner.graph.kernel import Kernel
from scanner.graph.steps import Step, step_of
from scanner.graph.uncollected import uncollected
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Credential, Edge, Relation


class Columns:
    """``ids``: number -> the node that stands for the thing; in order of id."""

    @uncollected()
    def __init__(self, graph: AssetGraph) -> None:
        self.graph = graph
        of = graph.entities.of
        issued = _issued(graph)
        every = [*(graph.edges[key] for key in sorted(graph.edges)), *issued]
        self.edges = [edge for edge in every if edge.relation is not Relation.SAME_AS]
        """In the kernel's order."""
        ends = {end for edge in self.edges for end in (edge.source, edge.target)}
        self.ids = sorted({of(ident) for ident in (*graph.nodes, *ends)})
        self._number = {ident: number for number, ident in enumerate(self.ids)}
        self._first_issued = len(self.edges) - len(issued)

    def number(self, ident: NodeId) -> int | None:
        """None for what is not in the graph."""
        return self._number.get(self.graph.entities.of(ident))

    @cached_property
    @uncollected()
    def kernel(self) -> Kernel:
        contained = frozenset(
            (edge.source, edge.target)
            for edge in self.edges
            if edge.relation is Relation.CONTAINS
            and isinstance(self.graph.nodes.get(edge.target), Credential)
        )
        serving = frozenset(e.source for e in self.edges if e.relation is Relation.SERVES)
        of, number = self.graph.entities.of, self._number
        count = len(self.edges)
        source, target = np.empty(count, np.int32), np.empty(count, np.int32)
        step = np.empty(count, np.int8)
        for place, edge in enumerate(self.edges):
            source[place] = number[of(edge.source)]
            target[place] = number[of(edge.target)]
            step[place] = (
                Step.ISSUED_BY
                if place >= self._first_issued
                else step_of(edge, self.graph.nodes, contained, serving)
            )
        return Kernel(len(self.ids), source, target, step)

    def numbers(self, idents: object) -> list[int]:
        """Of those that are in the graph, each once."""
        found = (self.number(ident) for ident in idents)  # type: ignore[attr-defined]
        return sorted({number for number in found if number is not None})


def _issued(graph: AssetGraph) -> list[Edge]:
    """A key and who honours it, where no record of the vendor's says more."""
    found = []
    for key in graph.credentials():
        if not key.issuer:
            continue
        said = Evidence(rule="issued-by", source="graph", preview=f"a key of {key.issuer}")
        found.append(
            Edge(
                source=key.id, target=NodeId(f"provider:{key.issuer}"), relation=Relation.GRANTS,
                evidence=(said,), confidence=Confidence.HIGH, detail="by its shape",
            )
        )  # fmt: skip
    return found
