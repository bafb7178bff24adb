"""A part of the graph, ready to be drawn or taken away: things, and the edges between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from scanner.graph.build import AssetGraph
from scanner.graph.naming import every, label, type_of
from scanner.graph.paths import Hop, Path
from scanner.model.base import Model, NodeId
from scanner.model.facts import Edge, Relation

if TYPE_CHECKING:
    import networkx as nx

_FIELDS = ("provider", "account", "region", "environment", "asset_class", "status", "issuer",
           "hint", "email", "classification", "store_class", "principal_type", "created_at",
           "last_used_at", "owner", "business_unit", "risk_tier")  # fmt: skip


_TEXT_FIELDS = (*_FIELDS, "is_ai", "first_at", "exposure", "data_classes", "also")
NODE_FIELDS: Mapping[str, type] = {
    "type": str, "kind": str, "label": str, "evidence": int, **dict.fromkeys(_TEXT_FIELDS, str),
}  # fmt: skip
"""Attributes that :func:`node_row` may give, besides what a part says."""
EDGE_FIELDS: Mapping[str, type] = {
    "relation": str, "confidence": str, "rules": str, "sources": str, "evidence": int,
    "detail": str, "first_at": str, "last_at": str,
}  # fmt: skip
"""Those of :func:`edge_row`."""


class Part(Model, frozen=True, kw_only=True):
    """``edges``: with their ends as the part draws them; one thing that several sources show is one
    end."""

    nodes: tuple[NodeId, ...]
    edges: tuple[tuple[NodeId, NodeId, Edge], ...]
    said: dict[NodeId, dict[str, str | int]] = {}
    """What the answer says of its things besides: attributes of theirs in every format."""
    notes: tuple[str, ...] = ()
    """What its reader has to know of the whole: a comment in every format that has them."""


def whole(graph: AssetGraph) -> Part:
    """Everything, each source's view by itself, with the same-as edges that join them."""
    return Part(
        nodes=tuple(every(graph)),
        edges=tuple(
            (edge.source, edge.target, edge) for _, edge in sorted(graph.edges.items())
        ),
    )  # fmt: skip


def of_paths(graph: AssetGraph, paths: Iterable[Path], more: Iterable[NodeId] = ()) -> Part:
    """Things and edges of these ways, and single things besides."""
    ways = list(paths)
    single = (ident for path in ways for ident in path.nodes)
    return of_hops(graph, (hop for path in ways for hop in path.hops), (*more, *single))


def of_hops(graph: AssetGraph, hops: Iterable[Hop], more: Iterable[NodeId] = ()) -> Part:
    """The same of single steps."""
    of = graph.entities.of
    nodes: set[NodeId] = set(more)
    edges: dict[str, tuple[NodeId, NodeId, Edge]] = {}
    for hop in hops:
        nodes.update((hop.one, hop.other))
        for edge in hop.edges:
            edges[edge.key] = (of(edge.source), of(edge.target), edge)
    return Part(nodes=tuple(sorted(nodes)), edges=tuple(edges[key] for key in sorted(edges)))


def among(graph: AssetGraph, nodes: Iterable[NodeId]) -> Part:
    """These things, and every edge between two of them."""
    of = graph.entities.of
    inside = frozenset(of(ident) for ident in nodes)
    found = [
        (ident, of(edge.target), edge)
        for ident in inside
        for view in graph.entities.all_of(ident)
        for edge in graph.out_edges(view)
        if of(edge.target) in inside and edge.relation is not Relation.SAME_AS
    ]
    found.sort(key=lambda row: row[2].key)
    return Part(nodes=tuple(sorted(inside)), edges=tuple(found))


def node_row(graph: AssetGraph, ident: NodeId, part: Part | None = None) -> dict[str, str | int]:
    """Flat attributes, the same for every format, with what ``part`` says besides."""
    node = graph.node(ident)
    found: dict[str, str | int] = {
        "type": type_of(node, ident),
        "kind": node.kind if node is not None else ident.partition(":")[0],
        "label": label(graph, ident),
        "evidence": len(node.evidence) if node is not None else 0,
    }
    for field in _FIELDS:
        value = getattr(node, field, None)
        if value:
            found[field] = str(value)
    if getattr(node, "is_ai", False):
        found["is_ai"] = "true"
    if ident in graph.dates:
        found["first_at"] = graph.dates[ident]
    exposure = getattr(node, "exposure", ())
    if exposure:
        found["exposure"] = ", ".join(exposure)
    labels = graph.data.labels(ident)
    if labels:
        found["data_classes"] = ", ".join(one.data_class for one in labels)
    views = graph.entities.all_of(ident)
    if len(views) > 1 and ident == views[0]:
        found["also"] = ", ".join(views[1:])
    return {**found, **part.said.get(ident, {})} if part is not None else found


def edge_row(graph: AssetGraph, edge: Edge) -> dict[str, str | int]:
    """Flat attributes; dates are those of its evidence, else when a scan first saw it."""
    firsts = [item.first_at for item in edge.evidence if item.first_at]
    found: dict[str, str | int] = {
        "relation": str(edge.relation),
        "confidence": str(edge.confidence),
        "rules": ", ".join(sorted({item.rule for item in edge.evidence})),
        "sources": ", ".join(sorted({item.source for item in edge.evidence})),
        "evidence": len(edge.evidence),
    }
    texts = {
        "detail": edge.detail,
        "first_at": min(firsts, default=graph.dates.get(edge.key, "")),
        "last_at": max((item.last_at for item in edge.evidence), default=""),
    }
    return {**found, **{key: value for key, value in texts.items() if value}}


def to_networkx(graph: AssetGraph, part: Part | None = None) -> nx.MultiDiGraph[str]:
    """``part`` (None: the whole) with flat text and number attributes, ready for any writer."""
    import networkx as nx  # a tenth of a second: only for who takes the graph away

    part = part or whole(graph)
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    if part.notes:
        made.graph["notes"] = "\n".join(part.notes)
    for ident in part.nodes:
        made.add_node(ident, **node_row(graph, ident, part))
    for source, target, edge in part.edges:
        for end in (source, target):
            if end not in made:
                made.add_node(end, **node_row(graph, end, part))
        made.add_edge(source, target, key=edge.key, **edge_row(graph, edge))
    return made
