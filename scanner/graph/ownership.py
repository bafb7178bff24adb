"""Who answers for an asset: ranked claims with their reasons, never one silent guess.

Claims stand at the asset itself, at another source's view of it, at what holds it and at what it is
made by or serves; they are ranked by the table below, and those of people who have left are set
aside. What contradicts the first stays in the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from scanner.graph.build import AssetGraph
from scanner.graph.people import People
from scanner.kit.bots import is_program
from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Account, Asset, Credential, Edge, Identity, PrincipalType, Relation
from scanner.rulebook.flows import is_nobody

_OWNER_TAGS = ("owner", "technicalowner", "businessowner", "serviceowner", "team", "contact",
               "maintainer", "responsible")  # fmt: skip
_COST_TAGS = ("costcenter", "costcentre", "billingcode", "chargecode")
BASES = {
    "tag": Confidence.HIGH,
    "registry": Confidence.HIGH,
    "vendor-record": Confidence.HIGH,
    "codeowners": Confidence.HIGH,
    "repository-team": Confidence.HIGH,
    "recorded-owner": Confidence.HIGH,
    "creator": Confidence.MEDIUM,
    "holder-tag": Confidence.MEDIUM,
    "related-owner": Confidence.MEDIUM,
    "related-creator": Confidence.LOW,
    "git-committer": Confidence.LOW,
    "introduced-by": Confidence.LOW,
    "service-creator": Confidence.LOW,
    "account-tag": Confidence.LOW,
    "account-owner": Confidence.LOW,
    "unit-owner": Confidence.LOW,
    "cost-centre": Confidence.LOW,
    "granted-by": Confidence.LOW,
}
"""Every basis of a claim, in the order in which they are believed."""
_RANK = {basis: rank for rank, basis in enumerate(BASES)}
_CERTAINLY = ("tag", "registry", "vendor-record", "codeowners", "repository-team", "recorded-owner",
              "holder-tag")  # fmt: skip
_DEPTH = 6


class Ownership(Model, frozen=True, kw_only=True):
    """One claim. The first of a list is the owner; the others are what contradicts or supports."""

    owner: str
    """An address, a team, or the name as the source writes it."""
    basis: str
    confidence: Confidence
    reason: str
    team: str = ""
    """The person's team, where a source says it."""
    via: tuple[NodeId, ...] = ()
    """From what the claim is made of, to the asset; empty: the claim is made of the asset."""


class Coverage(Model, frozen=True, kw_only=True):
    """How many have an owner (:mod:`scanner.assess.owning`). ``basis`` and ``confidence`` count who
    is told first, owner or not."""

    total: int
    owned: int
    guessed: int
    """Without an owner, and with somebody to ask."""
    conflicting: int
    left: int
    """Without an owner now, and claimed by people who have left."""
    basis: dict[str, int]
    confidence: dict[str, int]

    @property
    def share(self) -> float:
        """0 to 1; 1 where there is nothing to own."""
        return self.owned / self.total if self.total else 1.0


class OwnerBook:
    """Claims of one graph; what holds many things is looked at once."""

    def __init__(self, graph: AssetGraph) -> None:
        self.graph = graph
        self.people = People(graph)
        self._held: dict[NodeId, list[_Said]] = {}

    def owners(self, ident: NodeId, registry_owner: str = "") -> tuple[Ownership, ...]:
        """All claims for one asset or credential, the surest first, each owner once."""
        claims = [said.claim for said in self._said(ident, registry_owner) if not said.left]
        return tuple(claims)

    def leavers(self, ident: NodeId, registry_owner: str = "") -> tuple[Ownership, ...]:
        """Claims of people who have left: never owners, and a reason to look."""
        return tuple(said.claim for said in self._said(ident, registry_owner) if said.left)

    def _said(self, ident: NodeId, registry_owner: str) -> list[_Said]:
        said: list[_Said] = []
        for view in self.graph.entities.all_of(ident):
            said += self._own(view)
        if registry_owner:
            said += self._named(registry_owner, "registry", "the registry entry names it")
        for path in self._above(ident):
            said += [
                msgspec.structs.replace(
                    one, claim=msgspec.structs.replace(one.claim, via=path)
                )
                for one in self._of_holder(path[0], _how(self.graph, path))
            ]  # fmt: skip
        said += self._introducers(ident)
        said = [one for one in said if not one.is_nobody]
        said.sort(key=lambda one: (_RANK[one.claim.basis], len(one.claim.via), one.claim.owner))
        unique: dict[tuple[str, bool], _Said] = {}
        for one in said:
            unique.setdefault((one.key, one.left), one)
        return list(unique.values())

    # --- where claims stand ----------------------------------------------------------------------

    def _own(self, ident: NodeId) -> Iterator[_Said]:
        node = self.graph.node(ident)
        if node is not None:
            yield from self._tagged(node.tags, "tag", "")
            yield from self._tagged(node.tags, "cost-centre", "")
        yield from self._edges(ident, "")
        yield from self._recorded(ident)
        for edge in self.graph.in_edges(ident, Relation.GRANTS):
            if not self.people.is_group(edge.source):  # what is granted for all is nobody's doing
                yield self._by(edge.source, "granted-by", "gave the application access")

    def _recorded(self, ident: NodeId) -> Iterator[_Said]:
        """Whom the vendor's own record of a key names. A doubtful match names nobody."""
        if not isinstance(self.graph.node(ident), Credential):
            return
        for same in self.graph.out_edges(ident, Relation.SAME_AS):
            record = self.graph.node(same.target)
            if isinstance(record, Credential) and same.confidence.rank >= Confidence.HIGH.rank:
                for edge in self.graph.out_edges(record.id, Relation.OWNED_BY):
                    reason = f"the vendor's record is {record.name} ({same.evidence[0].preview})"
                    yield self._by(edge.target, "vendor-record", reason)

    def _above(self, ident: NodeId) -> Iterator[tuple[NodeId, ...]]:
        """What holds it, serves it or made it, nearest first: the way from there down to it."""
        front: list[tuple[NodeId, ...]] = [
            (view,) for view in self.graph.entities.all_of(ident)
        ]  # fmt: skip
        seen = {path[0] for path in front}
        for _ in range(_DEPTH):
            after: list[tuple[NodeId, ...]] = []
            for path in front:
                for above in self._nearest(path[0]):
                    if above not in seen:
                        seen.add(above)
                        after.append((above, *path))
            yield from after
            front = after

    def _nearest(self, ident: NodeId) -> Iterator[NodeId]:
        graph = self.graph
        node = graph.node(ident)
        if isinstance(node, Credential):
            yield from (edge.target for edge in graph.out_edges(ident, Relation.STORED_IN))
        yield from (edge.source for edge in graph.in_edges(ident, Relation.CONTAINS))
        if not isinstance(node, Asset):
            return
        if node.account and not graph.in_edges(ident, Relation.CONTAINS):
            yield node.account
        for edge in graph.out_edges(ident, Relation.CREATED_BY):
            if isinstance(graph.node(edge.target), Asset):
                yield edge.target
        for edge in graph.in_edges(ident, Relation.SERVES):
            yield edge.source
        if graph.out_edges(ident, Relation.SERVES):  # an endpoint's configuration
            yield from (e.source for e in graph.in_edges(ident, Relation.CONFIGURED_BY))

    def _of_holder(self, holder: NodeId, how: str) -> list[_Said]:
        key = NodeId(f"{how} {holder}")
        found = self._held.get(key)
        if found is None:
            found = self._held[key] = list(self._held_by(holder, how))
        return found

    def _held_by(self, holder: NodeId, how: str) -> Iterator[_Said]:
        node = self.graph.node(holder)
        if isinstance(node, Identity):
            return  # a group that holds it answers by an edge of its own
        if isinstance(node, Account):
            is_unit = any(
                isinstance(self.graph.node(edge.target), Account)
                for edge in self.graph.out_edges(holder, Relation.CONTAINS)
            )
            basis = "unit-owner" if is_unit else "account-tag"
            yield from self._tagged(node.tags, basis, f" of account {node.name}")
            yield from self._tagged(node.tags, "cost-centre", f" of account {node.name}")
            yield from self._edges(holder, "unit-owner" if is_unit else "account-owner")
            return
        if node is not None:
            basis = "holder-tag" if how == "held" else "related-owner"
            yield from self._tagged(node.tags, basis, f" of {node.name}")
            yield from self._tagged(node.tags, "cost-centre", f" of {node.name}")
        yield from self._edges(holder, "" if how == "held" else "related-owner")

    def _edges(self, ident: NodeId, basis: str) -> Iterator[_Said]:
        """``basis``: what an owner of this counts as; empty: what the edge itself says."""
        for edge in self.graph.out_edges(ident, Relation.OWNED_BY, Relation.CREATED_BY):
            if isinstance(self.graph.node(edge.target), (Asset, Account)):
                continue  # a job that made a model is no person; it is asked for its own
            is_creator = edge.relation is Relation.CREATED_BY
            found = basis or self._basis(edge)
            if basis and is_creator:
                found = "related-creator"
            where = edge.evidence[0].path if edge.evidence else ""
            said = _REASONS[found] + (f" ({where})" if where else "")
            if edge.detail and not where and not is_creator:
                said += f" ({edge.detail})"
            yield self._by(edge.target, found, said)

    def _basis(self, edge: Edge) -> str:
        rules = {item.rule for item in edge.evidence}
        for basis in ("codeowners", "git-committer"):
            if basis in rules:
                return basis
        target = self.graph.node(edge.target)
        kind = target.principal_type if isinstance(target, Identity) else PrincipalType.UNKNOWN
        if edge.relation is Relation.CREATED_BY:
            return "service-creator" if kind is PrincipalType.SERVICE else "creator"
        is_team = kind is PrincipalType.TEAM
        return "repository-team" if is_team else "recorded-owner"

    def _introducers(self, ident: NodeId) -> Iterator[_Said]:
        """The author of the oldest commit that holds it."""
        node = self.graph.node(ident)
        if not isinstance(node, (Asset, Credential)):
            return
        dated = [item for item in node.evidence if item.author]
        if dated:
            first = min(dated, key=lambda item: (item.first_at or "9", item.author))
            reason = f"introduced it in commit {first.commit[:12]}"
            yield from self._named(first.author, "introduced-by", reason)

    def _tagged(self, tags: dict[str, str], basis: str, where: str) -> Iterator[_Said]:
        wanted = _COST_TAGS if basis == "cost-centre" else _OWNER_TAGS
        for key in sorted(tags, key=lambda key: (_tag_rank(key, wanted), key)):
            value = tags[key].strip()
            if _tag_rank(key, wanted) < len(wanted) and value:
                if basis == "cost-centre":
                    if is_nobody(value, self.graph.flow_rules):
                        continue
                    yield self._say(f"cost centre {value}", basis, f"tag {key}{where}")
                else:
                    yield from self._named(value, basis, f"tag {key}{where}")

    # --- who is meant ----------------------------------------------------------------------------

    def _by(self, ident: NodeId, basis: str, reason: str) -> _Said:
        gone = self.people.left_by(ident)
        if gone and not self.people.has_left(ident):
            reason = f"{reason}; it means {self.people.name(gone)}, who has left"
            return self._say(self.people.name(ident), basis, reason, gone)
        return self._say(self.people.name(ident), basis, reason, ident)

    def _named(self, text: str, basis: str, reason: str) -> Iterator[_Said]:
        """Of whoever a person wrote down, each for themselves."""
        for owner in self.people.each(text):
            gone = self.people.of(owner) is None and self.people.gone(owner)
            if gone:
                meant = f"{reason}; it means {self.people.name(gone)}, who has left"
                yield self._say(owner, basis, meant, gone)
            else:
                yield self._say(owner, basis, reason)

    def _say(self, owner: str, basis: str, reason: str, ident: NodeId | None = None) -> _Said:
        who = ident if ident and self.graph.node(ident) is not None else self.people.of(owner)
        return _Said(
            claim=Ownership(
                owner=owner, basis=basis, confidence=BASES[basis], reason=reason,
                team=self.people.team(who) if who else "",
            ),
            key=self.people.same(owner, who),
            left=self.people.has_left(who) if who else False,
            is_nobody=(who is None and is_nobody(owner, self.graph.flow_rules))
            or (basis != "service-creator" and is_program(owner)),
        )  # fmt: skip


class _Said(Model, frozen=True, kw_only=True):
    claim: Ownership
    key: str
    left: bool
    is_nobody: bool
    """It names a program, or says that nobody is known."""


def owners(graph: AssetGraph, ident: NodeId, registry_owner: str = "") -> tuple[Ownership, ...]:
    """All claims for one asset or credential, the surest first, each owner once."""
    return OwnerBook(graph).owners(ident, registry_owner)


def conflicts(claims: tuple[Ownership, ...]) -> tuple[Ownership, ...]:
    """Claims of the same weight as the first that name somebody else than it or its team."""
    if not claims:
        return ()
    first, *others = claims
    if first.basis not in _CERTAINLY:
        return ()
    mine = {first.owner.casefold(), first.team.casefold()} - {""}
    return tuple(
        other
        for other in others
        if other.basis in _CERTAINLY and not mine & {other.owner.casefold(), other.team.casefold()}
    )


_REASONS = {
    "codeowners": "CODEOWNERS covers the whole repository",
    "git-committer": "most recent commits are theirs",
    "creator": "the source names them as creator",
    "service-creator": "made by a program that runs as it",
    "recorded-owner": "the source names them as owner",
    "repository-team": "the source names the team as owner",
    "related-owner": "owns what serves or made it",
    "related-creator": "made what holds, serves or made it",
    "account-owner": "answers for the account",
    "unit-owner": "answers for the organizational unit",
}


def _how(graph: AssetGraph, path: tuple[NodeId, ...]) -> str:
    """``held``: by containment all the way, or where a key is stored; else ``related``."""
    for above, below in pairwise(path):
        holds = any(edge.source == above for edge in graph.in_edges(below, Relation.CONTAINS))
        stores = any(edge.target == above for edge in graph.out_edges(below, Relation.STORED_IN))
        node = graph.node(below)
        placed = isinstance(node, Asset) and node.account == above
        if not (holds or stores or placed):
            return "related"
    return "held"


def _tag_rank(key: str, wanted: tuple[str, ...]) -> int:
    # Labels of Kubernetes have a domain before them: acme.com/owner.
    plain = re.sub(r"[^a-z]", "", re.split("[:/]", key)[-1].casefold())
    return wanted.index(plain) if plain in wanted else len(wanted)
