"""The registry as a part of the graph: entries, what they register, who answers for them.

Owns which standings are edges: an entry that fits for sure or probably, the latter marked as such.
Of several that fit none is one; a person decides (:mod:`scanner.reconcile.decisions`).
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.graph.build import AssetGraph
from scanner.graph.people import People
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Edge, RegistryNode, Relation
from scanner.model.registry import Disposition, RegistryEntry
from scanner.reconcile.reconcile import Reconciliation

_SURE = {
    Disposition.REGISTERED: Confidence.HIGH,
    Disposition.DRIFTED: Confidence.HIGH,
    Disposition.PROBABLE: Confidence.MEDIUM,
}


def entry_id(entry: str) -> NodeId:
    return NodeId(f"registry:{entry}")


def registry_nodes(
    graph: AssetGraph, found: Reconciliation, at: str
) -> Iterator[RegistryNode | Edge]:
    """``at``: when the scan ended that has compared them, ISO 8601."""
    people = People(graph)
    known = {row.entry.id for row in found.entries}
    for row in found.entries:
        yield _node(row.entry, at)
        for text in people.each(row.entry.owner) if row.entry.owner else ():
            owner = people.of(text)
            if owner is not None:
                yield Edge(
                    source=entry_id(row.entry.id), target=owner, relation=Relation.OWNED_BY,
                    evidence=(_seen(row.entry, "owner", text, at),), confidence=Confidence.HIGH,
                )  # fmt: skip
    entries = {row.entry.id: row.entry for row in found.entries}
    for ident, standing in sorted(found.standings.items()):
        sure = _SURE.get(standing.status)
        if sure is not None and standing.entry in known:
            yield Edge(
                source=entry_id(standing.entry), target=ident, relation=Relation.REGISTERS,
                evidence=(_seen(entries[standing.entry], "match", standing.reason, at),),
                confidence=sure,
                detail=f"{standing.status}, score {standing.score}",
            )  # fmt: skip


def _node(entry: RegistryEntry, at: str) -> RegistryNode:
    return RegistryNode(
        id=entry_id(entry.id), kind=f"registry.{entry.kind}", name=entry.name,
        status=str(entry.stage or ""), owner=entry.owner, business_unit=entry.business_unit,
        risk_tier=entry.risk_tier, evidence=(_seen(entry, "entry", "", at),),
    )  # fmt: skip


def _seen(entry: RegistryEntry, rule: str, said: str, at: str) -> Evidence:
    return Evidence(
        rule=f"registry-{rule}", source="registry", resource=entry.source, preview=said, last_at=at
    )
