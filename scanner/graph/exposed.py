"""What anybody can reach: how a thing says that it is open; and what matters if it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, NodeFact

if TYPE_CHECKING:
    from scanner.graph.build import AssetGraph

OPEN = frozenset({
    "public", "public address", "public network", "no authentication", "no sign-in",
})  # fmt: skip
"""Words of ``Asset.exposure``, of our own and of sources, that mean it."""
_EVERYTHING = ("aws.everything",)
"""Stores that stand for all that an administrator reaches."""
OPEN_DOOR = frozenset({"no authentication", "no sign-in"})


def openness(node: NodeFact | None) -> tuple[str, ...]:
    """The words by which a thing is open; empty: closed, or not known."""
    return tuple(sorted(set(node.exposure) & OPEN)) if isinstance(node, Asset) else ()


def matters(graph: AssetGraph, ident: NodeId) -> bool:
    """Whether it is a store of sensitive data, by more than a hint, or stands for all of them."""
    if not graph.is_store(ident):
        return False
    views = (graph.node(view) for view in graph.entities.all_of(ident))
    is_everything = any(view is not None and view.kind in _EVERYTHING for view in views)
    return is_everything or graph.data.is_sensitive(ident, Confidence.MEDIUM)
