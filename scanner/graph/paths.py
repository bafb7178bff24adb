"""A way through the graph as people may check it: every hop with its edges and their evidence."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from scanner.graph.steps import Walk
from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Edge

if TYPE_CHECKING:
    from scanner.graph.columns import Columns


class Hop(Model, frozen=True, kw_only=True):
    """From ``one`` to ``other``. Each edge's own ends may be other views of the same things."""

    one: NodeId
    other: NodeId
    relation: str
    is_along: bool
    """Whether the sentence reads ``one <relation> other``; else the other way round."""
    confidence: Confidence
    edges: tuple[Edge, ...]

    @property
    def words(self) -> str:
        """What stands between ``one`` and ``other`` when the hop is read out."""
        return self.relation.replace("_", " ") if self.is_along else _BACKWARDS[self.relation]

    @property
    def sentence(self) -> str:
        ends = (self.one, self.other) if self.is_along else (self.other, self.one)
        return f"{ends[0]} {self.relation} {ends[1]}"


class Path(Model, frozen=True, kw_only=True):
    nodes: tuple[NodeId, ...]
    hops: tuple[Hop, ...]

    @property
    def confidence(self) -> Confidence:
        """That of the least sure hop."""
        return min((hop.confidence for hop in self.hops), key=_rank, default=Confidence.CERTAIN)


def path_of(columns: Columns, numbers: list[int], walk: Walk) -> Path:
    """``numbers``: of the things on the way, as the kernel gives them."""
    return Path(
        nodes=tuple(columns.ids[number] for number in numbers),
        hops=tuple(hop_of(columns, one, other, walk) for one, other in pairwise(numbers)),
    )


def hop_of(columns: Columns, one: int, other: int, walk: Walk) -> Hop:
    """Its surest edge gives the relation; the others that say the same way stand beside it."""
    key = (one, other, walk.forward, walk.backward)
    known = columns.hops.get(key)
    if isinstance(known, Hop):
        return known
    if len(columns.hops) >= _MOST_KEPT:
        columns.hops.clear()
    made = columns.hops[key] = _made(columns, one, other, walk)
    return made


def _made(columns: Columns, one: int, other: int, walk: Walk) -> Hop:
    found = [
        (columns.edges[number], is_along)
        for number, is_along in columns.kernel.edges(one, other, walk)
    ]
    best, is_along = max(found, key=lambda item: (item[0].confidence.rank, item[1], item[0].key))
    return Hop(
        one=columns.ids[one],
        other=columns.ids[other],
        relation=str(best.relation),
        is_along=is_along,
        confidence=best.confidence,
        edges=(best, *(edge for edge, _ in found if edge is not best)),
    )


_MOST_KEPT = 100_000
_BACKWARDS = {
    "contains": "is in",
    "owned_by": "owns",
    "created_by": "made",
    "used_by": "uses",
    "tried_by": "has tried",
    "runs_as": "is what runs",
    "serves": "is served by",
    "calls": "is called by",
    "reads_from": "is read by",
    "writes_to": "is written by",
    "derived_from": "is the base of",
    "authenticates_with": "opens",
    "stored_in": "holds",
    "configured_by": "configures",
    "grants": "was granted by",
    "same_as": "same as",
    "registers": "is registered by",
}


def _rank(confidence: Confidence) -> int:
    return confidence.rank
