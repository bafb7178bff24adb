"""Whose account it is that uses AI: an employee's own is not the company's.

By the domain of its address: a provider of mail for everybody makes it personal, a domain of the
organization's own corporate. Own are those of whom its directories list and do not call guests, and
those that its accounts are named by. Refuses to guess: any other domain may be a partner's, or the
organization's under another name. Who was seen to visit an AI from the company's browser or network
may have been there with either account: such evidence alone makes none corporate.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase, translate
from typing import TYPE_CHECKING

import msgspec

from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import (
    Account,
    Edge,
    Identity,
    NodeFact,
    PrincipalType,
    Relation,
    Tenancy,
)
from scanner.rulebook.flows import FlowRules

if TYPE_CHECKING:
    from scanner.graph.build import AssetGraph

USES = (Relation.USED_BY, Relation.CREATED_BY, Relation.GRANTS)
_GUEST = "guest"
_MOST_KNOWN = 10_000
"""Rules of evidence that are remembered: some hold names."""
_NAMED_BY_DOMAIN = ("google_workspace.domain",)
"""Kinds of accounts whose name is a mail domain."""


def told(
    edges: Mapping[str, Edge], nodes: Mapping[NodeId, NodeFact], rules: FlowRules
) -> dict[str, Edge]:
    """The edges of use whose account is known for personal or corporate, with which it is."""
    consumer = re.compile("|".join(map(translate, rules.consumer_mail)) or r"(?!)")
    own = _own(nodes.values(), rules, consumer)
    visits = _Visits(rules.visits)
    judged: dict[NodeId, Tenancy] = {}
    found: dict[str, Edge] = {}
    for key, edge in edges.items():
        if edge.relation not in USES:
            continue
        who = edge.source if edge.relation is Relation.GRANTS else edge.target
        if who not in judged:
            judged[who] = _of(nodes.get(who), own, consumer)
        tenancy = judged[who]
        if tenancy is Tenancy.CORPORATE and visits.alone(edge):
            tenancy = Tenancy.UNKNOWN
        if tenancy is not edge.tenancy:
            found[key] = msgspec.structs.replace(edge, tenancy=tenancy)
    return found


class _Visits:
    """Evidence that names a person, and not the account at what was visited."""

    def __init__(self, globs: Iterable[str]) -> None:
        self._fits = re.compile("|".join(map(translate, globs)) or r"(?!)").match
        self._known: dict[tuple[str, str], bool] = {}

    def alone(self, edge: Edge) -> bool:
        """Whether nothing else tells of the use."""
        return bool(edge.evidence) and all(map(self._is_one, edge.evidence))

    def _is_one(self, row: Evidence) -> bool:
        key = row.source, row.rule
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._fits(" ".join(key)) is not None
        return self._known[key]


def at(graph: AssetGraph, ident: NodeId) -> dict[str, int]:
    """How many accounts use a thing, by whose they are."""
    return dict(sorted(Counter(map(str, _accounts(graph, ident).values())).items()))


def personal(graph: AssetGraph, ident: NodeId) -> tuple[NodeId, ...]:
    """Accounts of people's own that use it."""
    found = _accounts(graph, ident).items()
    return tuple(sorted(who for who, tenancy in found if tenancy is Tenancy.PERSONAL))


def _accounts(graph: AssetGraph, ident: NodeId) -> dict[NodeId, Tenancy]:
    accounts = {edge.target: edge.tenancy for edge in graph.out_edges(ident, *USES[:2])}
    return accounts | {e.source: e.tenancy for e in graph.in_edges(ident, Relation.GRANTS)}


def _of(node: NodeFact | None, own: frozenset[str], consumer: re.Pattern[str]) -> Tenancy:
    if not isinstance(node, Identity) or node.principal_type is PrincipalType.SERVICE:
        return Tenancy.UNKNOWN
    domain = _domain(node.email)
    if consumer.match(domain):
        return Tenancy.PERSONAL
    while "." in domain:
        if domain in own:
            return Tenancy.CORPORATE
        domain = domain.partition(".")[2]
    return Tenancy.UNKNOWN


def _own(nodes: Iterable[NodeFact], rules: FlowRules, consumer: re.Pattern[str]) -> frozenset[str]:
    directories = [kind for rank in rules.directories for kind in rank]
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, Account) and node.kind in _NAMED_BY_DOMAIN:
            found.add(node.name.casefold())
        elif (
            isinstance(node, Identity)
            and node.evidence
            and node.email
            and node.principal_type is PrincipalType.HUMAN
            and node.tags.get("user_type", "").casefold() != _GUEST
            and any(fnmatchcase(node.kind, kind) for kind in directories)
        ):
            found.add(_domain(node.email))
    return frozenset(one for one in found if one and not consumer.match(one))


def _domain(mail: str) -> str:
    return mail.rpartition("@")[2].casefold().rstrip(".") if "@" in mail else ""
