"""Use that a vendor has counted, added up: never a request, a person's day or a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge, Relation

_MOST_DETAIL = 500


@dataclass
class Sum:
    """``count``: of what the vendor counts (requests, sessions; days where it counts nothing)."""

    count: int = 0
    first: str = ""
    last: str = ""
    models: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)

    def add(self, count: int, first: str, last: str, model: str = "", kind: str = "") -> None:
        """Times are ISO 8601; an empty one is not known."""
        self.count += count
        self.first = min(filter(None, (self.first, first)), default="")
        self.last = max(self.last, last)
        self.models |= {model} - {""}
        self.kinds |= {kind} - {""}

    def join(self, other: Sum) -> None:
        self.add(other.count, other.first, other.last)
        self.models |= other.models
        self.kinds |= other.kinds

    def evidence(self, rule: str, source: str, ident: NodeId) -> Evidence:
        return Evidence(
            rule=rule, source=source, resource=ident, count=max(1, self.count),
            first_at=self.first, last_at=self.last,
        )  # fmt: skip

    def edge(self, source: NodeId, target: NodeId, relation: Relation, evidence: Evidence) -> Edge:
        return Edge(
            source=source, target=target, relation=relation, evidence=(evidence,),
            detail=", ".join(sorted(self.models))[:_MOST_DETAIL],
        )  # fmt: skip


def joined(sums: Mapping[tuple[str, ...], Sum], *places: int) -> dict[tuple[str, ...], Sum]:
    """The sums by some of their keys' parts, in order."""
    made: dict[tuple[str, ...], Sum] = {}
    for key, one in sorted(sums.items(), key=lambda item: item[0]):
        made.setdefault(tuple(key[place] for place in places), Sum()).join(one)
    return made
