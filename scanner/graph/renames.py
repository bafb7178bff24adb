"""Which things are called otherwise since the last scan: what is gone and what is there share a
key that its source never changes (a forge's own id of a repository)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId
from scanner.model.facts import Asset, Fact


def renames(gone: Iterable[Fact], graph: AssetGraph) -> Mapping[NodeId, NodeId]:
    """Id before -> id now. ``gone``: what was known of shards that are verifiably no more. A key
    that more than one thing bears, before or now, tells nothing."""
    before = _by_key(fact for fact in gone if isinstance(fact, Asset))
    if not before:
        return {}
    now = _by_key(node for node in graph.nodes.values() if isinstance(node, Asset))
    found: dict[NodeId, NodeId] = {}
    for key, old in before.items():
        new = now.get(key)
        if not (old and new) or old.id == new.id or old.kind != new.kind:
            continue
        if old.id not in graph.nodes:
            found[old.id] = new.id
    return found


def _by_key(assets: Iterable[Asset]) -> dict[str, Asset | None]:
    """None: several bear it."""
    found: dict[str, Asset | None] = {}
    for asset in assets:
        for key in asset.aliases:
            other = found.get(key, asset)
            found[key] = asset if other is not None and other.id == asset.id else None
    return found
