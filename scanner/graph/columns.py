"""The graph of facts as the kernel's columns, and back: things, their numbers, the edges of a hop.

One thing is one number, however many sources show it (:mod:`scanner.graph.same_as`); candidates for
a merge are no edges here. Ends that no source has described have numbers too.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from scanner.graph.build import AssetGraph
from scanner.graph.kernel import Kernel
from scanner.graph.steps import PLAIN, Step, step_of
from scanner.graph.uncollected import uncollected
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Credential, Edge, Relation


class Columns:
    """``ids``: number -> the node that stands for the thing; in order of id."""

    @uncollected()
    def __init__(self, graph: AssetGraph) -> None:
        self.graph = graph
        issued = _issued(graph)
        found = [e for e in graph.edges.values() if e.relation is not Relation.SAME_AS]
        self._first_issued = len(found)
        self.edges = [*found, *issued]
        """In the kernel's order."""
        canonical = graph.entities.canonical
        things = set(graph.nodes)
        things.update(edge.source for edge in self.edges)
        things.update(edge.target for edge in self.edges)
        if canonical:
            things = {canonical.get(ident, ident) for ident in things}
        self.ids = sorted(things)
        self._number = {ident: number for number, ident in enumerate(self.ids)}
        for view, thing in canonical.items():
            self._number[view] = self._number[thing]
        self.hops: dict[tuple[int, int, int, int], object] = {}
        """Hops that were told already (:mod:`scanner.graph.paths`)."""

    def number(self, ident: NodeId) -> int | None:
        """None for what is not in the graph."""
        return self._number.get(ident)

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
        number, nodes = self._number, self.graph.nodes
        count = len(self.edges)
        source = np.fromiter((number[edge.source] for edge in self.edges), np.int32, count)
        target = np.fromiter((number[edge.target] for edge in self.edges), np.int32, count)
        step = np.fromiter(
            (
                PLAIN.get(edge.relation) or step_of(edge, nodes, contained, serving)
                for edge in self.edges
            ),
            np.int8,
            count,
        )
        step[self._first_issued :] = Step.ISSUED_BY
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
