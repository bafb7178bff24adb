"""Who answers for an asset: ranked claims with their reasons, never one silent guess."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.graph.build import AssetGraph
from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import (
    Account,
    Asset,
    Credential,
    Edge,
    Identity,
    PrincipalType,
    Relation,
)

_OWNER_TAGS = ("owner", "technicalowner", "businessowner", "serviceowner", "team", "contact",
               "maintainer", "responsible")  # fmt: skip
_CONFIDENCE = {
    "tag": Confidence.HIGH,
    "registry": Confidence.HIGH,
    "vendor-record": Confidence.HIGH,
    "codeowners": Confidence.HIGH,
    "creator": Confidence.MEDIUM,
    "holder-tag": Confidence.MEDIUM,
    "account-tag": Confidence.LOW,
    "git-committer": Confidence.LOW,
    "introduced-by": Confidence.LOW,
    "granted-by": Confidence.LOW,
}
_RANK = {basis: rank for rank, basis in enumerate(_CONFIDENCE)}


class Ownership(Model, frozen=True, kw_only=True):
    """One claim. The first of a list is the owner; the others are what contradicts or supports."""

    owner: str
    """An address, a team, or the name as the source writes it."""
    basis: str
    confidence: Confidence
    reason: str


def owners(graph: AssetGraph, ident: NodeId, registry_owner: str = "") -> tuple[Ownership, ...]:
    """All claims for one asset or credential, the surest first, each owner once."""
    claims = list(_own(graph, ident))
    if registry_owner:
        claims.append(_claim(registry_owner, "registry", "the registry entry names it"))
    for holder in _places(graph, ident):
        claims += _held(graph, holder)
    claims += _introducers(graph, ident)
    ranked = sorted(claims, key=lambda claim: (_RANK[claim.basis], claim.owner))
    unique: dict[str, Ownership] = {}
    for claim in ranked:
        unique.setdefault(claim.owner.casefold(), claim)
    return tuple(unique.values())


def _claim(owner: str, basis: str, reason: str) -> Ownership:
    return Ownership(owner=owner, basis=basis, confidence=_CONFIDENCE[basis], reason=reason)


def _own(graph: AssetGraph, ident: NodeId) -> Iterator[Ownership]:
    node = graph.node(ident)
    if node is not None:
        yield from _tagged(node.tags, "tag", "")
    yield from _edges(graph, ident)
    yield from _recorded(graph, ident)
    for edge in graph.in_edges(ident, Relation.GRANTS):
        person = "" if _is_group(graph, edge.source) else _name(graph, edge.source)
        if person:
            yield _claim(person, "granted-by", "gave the application access")


def _is_group(graph: AssetGraph, ident: NodeId) -> bool:
    """What is granted for everybody is nobody's own doing."""
    node = graph.node(ident)
    return isinstance(node, Identity) and node.principal_type is PrincipalType.GROUP


def _recorded(graph: AssetGraph, ident: NodeId) -> Iterator[Ownership]:
    """Whom the vendor's own record of a key names. A doubtful match names nobody."""
    for same in graph.out_edges(ident, Relation.SAME_AS):
        record = graph.node(same.target)
        if isinstance(record, Credential) and same.confidence.rank >= Confidence.HIGH.rank:
            for edge in graph.out_edges(record.id, Relation.OWNED_BY):
                if person := _name(graph, edge.target):
                    yield _claim(person, "vendor-record", f"the vendor's record is {record.name}")


def _places(graph: AssetGraph, ident: NodeId) -> Iterator[NodeId]:
    """Whatever holds it; a credential is held by where it is stored."""
    starts = [ident]
    if isinstance(graph.node(ident), Credential):
        starts = [edge.target for edge in graph.out_edges(ident, Relation.STORED_IN)]
        yield from starts
    for start in starts:
        yield from graph.holders(start)


def _held(graph: AssetGraph, holder: NodeId) -> Iterator[Ownership]:
    node = graph.node(holder)
    if isinstance(node, Account):
        yield from _tagged(node.tags, "account-tag", f" of account {node.name}")
    elif node is not None:
        yield from _tagged(node.tags, "holder-tag", f" of {node.name}")
    yield from _edges(graph, holder)


def _edges(graph: AssetGraph, ident: NodeId) -> Iterator[Ownership]:
    for edge in graph.out_edges(ident, Relation.OWNED_BY, Relation.CREATED_BY):
        person = _name(graph, edge.target)
        if not person:
            continue
        basis = _basis(edge)
        where = edge.evidence[0].path if edge.evidence else ""
        yield _claim(person, basis, _REASONS[basis] + (f" ({where})" if where else ""))


_REASONS = {
    "codeowners": "CODEOWNERS covers the whole repository",
    "git-committer": "most recent commits are theirs",
    "creator": "the source names them as creator",
}


def _basis(edge: Edge) -> str:
    rules = {e.rule for e in edge.evidence}
    for basis in ("codeowners", "git-committer"):
        if basis in rules:
            return basis
    return "creator"


def _introducers(graph: AssetGraph, ident: NodeId) -> Iterator[Ownership]:
    """The author of the oldest commit that holds it."""
    node = graph.node(ident)
    dated = [e for e in node.evidence if e.author] if isinstance(node, (Asset, Credential)) else []
    if dated:
        first = min(dated, key=lambda e: (e.first_at or "9", e.author))
        yield _claim(first.author, "introduced-by", f"introduced it in commit {first.commit[:12]}")


def _tagged(tags: dict[str, str], basis: str, where: str) -> Iterator[Ownership]:
    for key in sorted(tags, key=lambda k: (_tag_rank(k), k)):
        if _tag_rank(key) < len(_OWNER_TAGS) and tags[key].strip():
            yield _claim(tags[key].strip(), basis, f"tag {key}{where}")


def _tag_rank(key: str) -> int:
    plain = re.sub(r"[^a-z]", "", key.rpartition(":")[2].casefold())
    return _OWNER_TAGS.index(plain) if plain in _OWNER_TAGS else len(_OWNER_TAGS)


def _name(graph: AssetGraph, ident: NodeId) -> str:
    """A person who has left owns nothing."""
    node = graph.node(ident)
    if isinstance(node, Identity):
        return (node.email or node.name) if node.is_active else ""
    return ident.partition(":")[2] or ident
