"""Applications of which an event has the id alone: what was seen of one counts where anything else
names it, in whichever source, file or scan that is (a list of applications, a consent). What nobody
names is no part of the graph: a log of every sign-in is not an inventory of AI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping

import msgspec

from scanner.graph.ended import app_of
from scanner.kit.expressions import expression
from scanner.kit.folding import FAILED
from scanner.model.base import NodeId
from scanner.model.evidence import UNNAMED, Confidence, Evidence, merge_evidence
from scanner.model.facts import Asset, DataStore, Edge, Identity, NodeFact, Relation, merge_fact

_MADE = "named by another record"
_CLIENT = expression(r"(.+/app/)(\d{4,20})-[a-z0-9_]{1,80}\.apps\.googleusercontent\.com")
"""Of Google, whose project's number some logs have alone
(https://developers.google.com/identity/protocols/oauth2)."""


def joined(
    nodes: MutableMapping[NodeId, NodeFact], edges: MutableMapping[str, Edge]
) -> dict[str, str]:
    """Of edges with evidence that is :data:`UNNAMED`: as evidence of the application that has the
    id, or out of the graph, with people and data of whom nothing else tells. Gives keys of edges
    whose application goes by another id -> their keys now."""
    keys = [k for k, edge in edges.items() if any(row.guess == UNNAMED for row in edge.evidence)]
    projects = _projects(nodes) if keys else {}
    seen: dict[NodeId, list[Evidence]] = {}
    beside: set[NodeId] = set()
    moved: dict[str, str] = {}
    for key in keys:
        edge = edges.pop(key)
        app = edge.target if edge.relation is Relation.CONTAINS else app_of(edge)
        known = projects.get(app, app)
        node = nodes.get(known)
        if isinstance(node, Asset):
            told = tuple(_named(row, node) for row in edge.evidence if row.guess == UNNAMED)
            if edge.relation is Relation.CONTAINS:
                seen.setdefault(known, []).extend(told)
        else:
            told = ()
        rows = merge_evidence(tuple(row for row in edge.evidence if row.guess != UNNAMED), told)
        if not rows:
            beside |= {edge.source, edge.target}
            continue
        ends = {"source": known} if edge.source == app else {"target": known}
        made = msgspec.structs.replace(edge, evidence=rows, **ends)
        old = edges.get(made.key)
        edges[made.key] = made if old is None else merge_fact(old, made)
        if made.key != key:
            moved[key] = made.key
    for app, found in seen.items():
        _tell(nodes, edges, app, tuple(found))
    _without_strangers(nodes, edges, beside)
    return moved


def _projects(nodes: Mapping[NodeId, NodeFact]) -> dict[NodeId, NodeId]:
    """Of projects of Google of whose clients one vendor is known: as an application that goes by
    the project's number -> the first of its clients."""
    found: dict[NodeId, list[Asset]] = {}
    for ident, node in nodes.items():
        if isinstance(node, Asset) and (match := _CLIENT.fullmatch(ident)):
            found.setdefault(NodeId(match[1] + match[2]), []).append(node)
    return {
        project: min(one.id for one in clients)
        for project, clients in found.items()
        if len({one.provider or one.name for one in clients}) == 1
    }


def _named(row: Evidence, node: Asset) -> Evidence:
    """As sure as whatever names it, and a guess where that is one."""
    if row.guess != UNNAMED:
        return row
    known = [one for one in node.evidence if not one.ends] or list(node.evidence)
    surest = max(known, key=lambda one: one.confidence.rank, default=None)
    said = f"client id {node.id.rpartition('/')[2]}, {_MADE}"
    return msgspec.structs.replace(
        row,
        confidence=surest.confidence if surest else Confidence.LOW,
        guess=surest.guess if surest else "",
        preview=f"{said}; {row.preview}" if row.preview else said,
    )


def _tell(
    nodes: MutableMapping[NodeId, NodeFact], edges: MutableMapping[str, Edge], app: NodeId,
    rows: tuple[Evidence, ...],
) -> None:  # fmt: skip
    """What is used is AI that somebody has, also where others have only tried to."""
    node = nodes[app]
    if not isinstance(node, Asset):
        return
    used = tuple(row for row in rows if not row.rule.endswith(FAILED))
    nodes[app] = msgspec.structs.replace(
        node, evidence=merge_evidence(node.evidence, rows), is_ai=node.is_ai or bool(used)
    )
    if used and node.provider:
        call = Edge(
            source=app, target=NodeId(f"provider:{node.provider}"), relation=Relation.CALLS,
            evidence=used, confidence=max((row.confidence for row in used), key=lambda g: g.rank),
        )  # fmt: skip
        old = edges.get(call.key)
        edges[call.key] = call if old is None else merge_fact(old, call)


def _without_strangers(
    nodes: MutableMapping[NodeId, NodeFact], edges: MutableMapping[str, Edge],
    beside: Iterable[NodeId],
) -> None:  # fmt: skip
    """People whom a log only mentions, and data that nothing else opens."""
    left = {one for one in beside if isinstance(nodes.get(one), (Identity, DataStore))}
    for edge in edges.values() if left else ():
        left -= {edge.source, edge.target}
    for ident in left:
        node = nodes[ident]
        if isinstance(node, DataStore) or not node.evidence:
            del nodes[ident]
