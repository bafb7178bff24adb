"""What anybody can reach: how a thing says that it is open."""

from __future__ import annotations

from scanner.model.facts import Asset, NodeFact

OPEN = frozenset({
    "public", "public address", "public network", "no authentication", "no sign-in",
})  # fmt: skip
"""Words of ``Asset.exposure``, of our own and of sources, that mean it."""
OPEN_DOOR = frozenset({"no authentication", "no sign-in"})


def openness(node: NodeFact | None) -> tuple[str, ...]:
    """The words by which a thing is open; empty: closed, or not known."""
    return tuple(sorted(set(node.exposure) & OPEN)) if isinstance(node, Asset) else ()
