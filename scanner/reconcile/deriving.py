"""What a registered asset is made of belongs to the same entry.

Owns along which relations belonging goes on, and what stops it: something that a stranger uses,
too, is shared, and belongs to nobody by derivation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId
from scanner.model.facts import Asset, Relation
from scanner.model.registry import Match, MatchClass, RegistryEntry

DEPTH = 3
RELATIONS = (
    Relation.CONFIGURED_BY,
    Relation.SERVES,
    Relation.AUTHENTICATES_WITH,
)
"""Relations along which belonging to a system goes on. Roles, networks and data stores are shared
between systems, so belonging does not travel over them."""
FAN_OUT = 50
"""What leads to more than this many is a gateway or a catalogue, and no part of a system."""


def derive(
    graph: AssetGraph,
    found: dict[NodeId, list[Match]],
    entries: Mapping[str, RegistryEntry],
    different: frozenset[tuple[NodeId, str]] = frozenset(),
) -> None:
    """Adds to ``found`` what follows from what is linked there, unless two entries share it, or an
    entry and something that no entry claims. AI of another provider, where the entry states no
    providers, is only a question."""
    claimed = {
        ident: names.pop()
        for ident, matches in found.items()
        if len(names := {m.entry for m in matches if m.match_class.links}) == 1
    }
    front = dict(claimed)
    for step in range(1, DEPTH + 1):
        reached: dict[NodeId, set[tuple[str, str]]] = defaultdict(set)
        for ident, entry in front.items():
            edges = graph.out_edges(ident, *RELATIONS)
            for edge in edges if len(edges) <= FAN_OUT else ():
                if edge.target not in found:
                    reached[edge.target].add((entry, f"{edge.relation} from {ident}"))
        front_of, front = front, {}
        for ident in sorted(reached):
            sources = reached[ident]
            names = {entry for entry, _ in sources}
            entry, reason = min(sources)
            if len(names) > 1 or (ident, entry) in different or _is_shared(graph, ident, claimed):
                continue
            score = 90 - 5 * step
            if entries[entry].approved.providers is None and _is_strange(graph, ident, front_of):
                said = f"{reason}, of another provider; the entry states no providers"
                found[ident] = [
                    Match(asset=ident, entry=entry, match_class=MatchClass.PROBABLE, score=70,
                          reason=said)
                ]  # fmt: skip
                continue
            found[ident] = [
                Match(asset=ident, entry=entry, match_class=MatchClass.DERIVED, score=score,
                      reason=reason)
            ]  # fmt: skip
            front[ident] = entry
        claimed.update(front)


def _is_strange(graph: AssetGraph, ident: NodeId, sources: Mapping[NodeId, str]) -> bool:
    """Whether it is AI of a provider that nothing which leads to it is of."""
    node = graph.node(ident)
    if not isinstance(node, Asset) or not node.provider:
        return False
    known = {
        source.provider
        for edge in graph.in_edges(ident, *RELATIONS)
        if edge.source in sources and isinstance(source := graph.node(edge.source), Asset)
    }
    return node.provider not in known


def _is_shared(graph: AssetGraph, ident: NodeId, claimed: dict[NodeId, str]) -> bool:
    """Whether AI that no entry claims leads to it as well."""
    return any(
        isinstance(node, Asset) and node.is_ai and edge.source not in claimed
        for edge in graph.in_edges(ident, *RELATIONS)
        if (node := graph.node(edge.source)) is not None
    )
