"""Why an asset stands as it does towards the registry: the proof, and what was not chosen.

Owns the explanation as data; how it is shown is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.graph import tenancy
from scanner.graph.build import AssetGraph
from scanner.model.base import Model, NodeId
from scanner.model.facts import Asset, Credential
from scanner.model.registry import Match, Standing
from scanner.reconcile.keys import keys_of
from scanner.reconcile.match import Index, declared_ids, describe
from scanner.reconcile.names import FLOOR, MARGIN, NameIndex
from scanner.reconcile.reconcile import Reconciliation

_SHOWN = 3


class Rejected(Model, frozen=True, kw_only=True):
    entry: str
    name: str
    score: int
    why: str


class Explanation(Model, frozen=True, kw_only=True):
    asset: NodeId
    name: str
    standing: Standing
    keys: tuple[str, ...]
    """Everything under which an entry could have bound it."""
    declared: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    """In the order in which they decide; the first of those that link is the proof."""
    rejected: tuple[Rejected, ...] = ()
    tenancy: dict[str, int] = {}
    """How many accounts use it, by whose they are (:class:`scanner.model.facts.Tenancy`)."""
    personal: tuple[NodeId, ...] = ()
    """Accounts of people's own."""


def explain(graph: AssetGraph, found: Reconciliation, asset: NodeId) -> Explanation | None:
    """None where the graph has no such asset or credential."""
    node = graph.node(asset)
    standing = found.standings.get(asset)
    if not isinstance(node, (Asset, Credential)) or standing is None:
        return None
    matches = tuple(found.matches.get(asset, ()))
    rejected: tuple[Rejected, ...] = ()
    if isinstance(node, Asset) and found.index is not None and found.index.entries:
        rejected = tuple(_rejected(graph, found, found.index, node, standing.entry))[:_SHOWN]
    return Explanation(
        asset=asset, name=node.name, standing=standing,
        keys=tuple(dict.fromkeys(keys_of(node))),
        declared=tuple(f"{tag}={value}" for tag, value in declared_ids(node)),
        matches=matches, rejected=rejected, tenancy=tenancy.at(graph, asset),
        personal=tenancy.personal(graph, asset),
    )  # fmt: skip


def _rejected(
    graph: AssetGraph, found: Reconciliation, index: Index, node: Asset, chosen: str
) -> Iterator[Rejected]:
    names = NameIndex(list(index.entries.values()), index.by_provider)
    ranking = names.ranking(describe(graph, node))
    linked = any(m.match_class.links for m in found.matches.get(node.id, ()))
    best = ranking[0].score if ranking else 0
    for one in ranking:
        if one.entry == chosen:
            continue
        if (node.id, one.entry) in index.remembered.different:
            why = "a person said that it is another system"
        elif linked:
            why = "a key or a person says more than a name"
        elif one.score < FLOOR:
            why = f"{FLOOR} are needed to suggest it"
        elif best - one.score < MARGIN:
            why = f"not {MARGIN} clear of another"
        else:
            why = "another resembles it more"
        yield Rejected(
            entry=one.entry, name=index.entries[one.entry].name, score=one.score,
            why=f"{one.reason}; {why}",
        )  # fmt: skip
