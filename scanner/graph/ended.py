"""Access that has ended: grants, and the ways of data that they opened, are no part of the graph
from then on. Logs tell endings in any order and over many readings, so that time alone decides.

Refuses to guess: an ending of a time to come (a clock is wrong) ends nothing; what has no time is
of a present list and stands; an ending in the same second as a grant ends nothing; what ended in
one place of an organization (a workspace) stands in the others, and where its place is not known.
What was disabled or can be restored ends until it is enabled or restored. With a person who is
suspended, or gone, ends what that person has let in, wherever it is, but not what an administrator
has let in for others. A thing that was deleted (an agent, a flow, an endpoint) is nobody's AI from
then on, unless it is in a present list or was seen since: made anew, or restored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping

import msgspec

from scanner.kit.expressions import expression
from scanner.model.base import NodeId
from scanner.model.evidence import Ends, Evidence
from scanner.model.facts import Asset, Edge, Identity, NodeFact, Relation

STANDING = (Relation.GRANTS, Relation.READS_FROM, Relation.WRITES_TO)
"""Relations that stand on an access."""

Endings = Mapping[NodeId, Mapping[tuple[str, str], str]]
"""Of an application: where (empty: everywhere) and whose access (empty: everybody's) -> when it
ended last. Of a person: everywhere and everybody's, which is all that the person has let in."""
_ALL = ("", "")
_OF_ALL = (Ends.ALL, Ends.GONE)
_HISTORY = (
    Relation.CONTAINS, Relation.OWNED_BY, Relation.CREATED_BY, Relation.USED_BY, Relation.TRIED_BY,
)  # fmt: skip
"""Relations of a thing that are true when it is no more."""
_FOR_OTHERS = expression(
    r"(?i)(?:^|\.)admin\.|app role assignment to service principal|client.grant|^sapi$"
)
"""Rules of what an administrator has let in for an organization, or for an application by itself
(domain-wide delegation, an admin's consent, application permissions): it stays when the
administrator goes."""


def tells_an_end(edge: Edge) -> bool:
    return edge.relation is Relation.CONTAINS and any(row.ends for row in edge.evidence)


def endings(edges: Iterable[Edge], latest: str = "") -> tuple[Endings, int]:
    """Of edges that :func:`tells_an_end` finds: what they tell, and how many endings are of a time
    after ``latest`` (ISO 8601; empty: of none it is known), which are not among it."""
    ahead = 0
    found: dict[NodeId, dict[tuple[str, str], str]] = {}
    resting: dict[tuple[NodeId, str, Ends], str] = {}
    for edge in edges:
        for row in edge.evidence:
            if row.ends and latest and row.last_at > latest:
                ahead += 1
            elif row.ends:
                where = "" if row.resource == edge.target else row.resource
                if row.ends in (Ends.PAUSED, Ends.RESUMED):
                    key = edge.target, where, row.ends
                    resting[key] = max(resting.get(key, ""), row.last_at)
                    continue
                whose = where, "" if row.ends in _OF_ALL else row.path
                times = found.setdefault(edge.target, {})
                times[whose] = max(times.get(whose, ""), row.last_at)
    for (app, where, what), at in resting.items():
        again = max(resting.get((app, one, Ends.RESUMED), "") for one in ("", where))
        if what is Ends.PAUSED and at > again:
            times = found.setdefault(app, {})
            times[where, ""] = max(times.get((where, ""), ""), at)
    return found, ahead


def has_ended(edge: Edge, ended: Endings) -> bool:
    """Whether all that speaks for it was before an ending of the access that it stands on."""
    if edge.relation not in STANDING or not edge.evidence:
        return False
    who = _who(edge)
    if app_of(edge) not in ended and not any(
        one in ended for one in (who, *(row.path for row in edge.evidence))
    ):
        return False
    return all(_is_over(row, edge, ended) for row in edge.evidence)


def closed_at(edge: Edge, ended: Endings) -> str:
    """When the last access that it stands on ended."""
    return max((_until(row, edge, ended) for row in edge.evidence), default="")


def granted(edge: Edge, ended: Endings) -> Edge:
    """A grant with the scopes of what has not ended since, where its rows tell of any."""
    if not any(row.scopes for row in edge.evidence):
        return edge
    standing = [row for row in edge.evidence if not _is_over(row, edge, ended)]
    held = {scope for row in standing for scope in row.scopes.split()}
    if len(standing) == len(edge.evidence) and not all(row.scopes for row in standing):
        held |= set(edge.detail.split())  # what was stored before rows had scopes of their own
    detail = " ".join(sorted(held))
    return edge if detail == edge.detail else msgspec.structs.replace(edge, detail=detail)


def app_of(edge: Edge) -> NodeId:
    return edge.target if edge.relation is Relation.GRANTS else edge.source


def _who(edge: Edge) -> NodeId:
    return edge.source if edge.relation is Relation.GRANTS else NodeId("")


def _is_over(row: Evidence, edge: Edge, ended: Endings) -> bool:
    return bool(row.ends) or (bool(row.last_at) and row.last_at < _until(row, edge, ended))


def _until(row: Evidence, edge: Edge, ended: Endings) -> str:
    """When what a row tells of has ended last; empty: never."""
    times, people = ended.get(app_of(edge), {}), {row.path, _who(edge)}
    of_app = (times.get((where, whose), "")
              for where in ("", row.resource) for whose in {"", *people})  # fmt: skip
    gone = max(ended.get(NodeId(one), {}).get(_ALL, "") for one in people)
    return max((*of_app, "" if gone and _FOR_OTHERS.search(row.rule) else gone))


def of_nobody(edge: Edge, known: Mapping[NodeId, NodeFact]) -> bool:
    """Of one that tells an end: whether that is all, of what no source has shown, or of a person's
    access, which says of no account that it contains the person."""
    if not all(row.ends for row in edge.evidence):
        return False
    node = known.get(edge.target)
    return node is None or isinstance(node, Identity)


def over_since(closed: str, used: Iterable[Evidence]) -> str:
    """When the last access to an application ended to which no grant is left (``closed``), unless
    it was ``used`` since."""
    return closed if all(row.last_at and row.last_at < closed for row in used) else ""


def without_deleted(
    nodes: MutableMapping[NodeId, NodeFact],
    edges: MutableMapping[str, Edge],
    telling: Iterable[str],
    latest: str = "",
) -> None:
    """Of a thing of which nothing tells since it was deleted stays who made and used it, and what
    it was; it is no AI that anybody has, and calls and opens nothing. ``telling``: keys of those
    that :func:`tells_an_end` finds; ``latest``: as of :func:`endings`."""
    gone: dict[NodeId, str] = {}
    for edge in map(edges.__getitem__, telling):
        for row in edge.evidence:
            if row.ends is Ends.GONE and not (latest and row.last_at > latest):
                gone[edge.target] = max(gone.get(edge.target, ""), row.last_at)
    if not gone:
        return
    of_things: dict[NodeId, list[str]] = {ident: [] for ident in gone}
    for key, edge in edges.items():
        thing = edge.target if edge.relation is Relation.CONTAINS else app_of(edge)
        if thing in of_things:
            of_things[thing].append(key)
    for ident, keys in of_things.items():
        node, at = nodes.get(ident), gone[ident]
        if not isinstance(node, Asset):
            continue
        rows = [*node.evidence, *(row for key in keys for row in edges[key].evidence)]
        if all(row.ends or (row.last_at and row.last_at < at) for row in rows):
            tags = {**node.tags, "deleted": at[:10]}
            nodes[ident] = msgspec.structs.replace(node, is_ai=False, status="deleted", tags=tags)
            for key in keys:
                if edges[key].relation not in _HISTORY:
                    del edges[key]
