"""Questions to a person about the registry, and the answers that are remembered.

Owns which assets are asked about, in which order, and what an answer becomes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from scanner.assess.policies import Situation
from scanner.model.base import NodeId
from scanner.model.facts import Asset, Credential
from scanner.model.registry import Disposition, Match, RegistryEntry, Standing
from scanner.reconcile.decisions import Decision, Verdict, mark_of

EXPIRES_DAYS = 365


@dataclass(frozen=True)
class Question:
    node: Asset | Credential
    standing: Standing
    candidates: tuple[tuple[RegistryEntry, Match], ...]


def questions(situation: Situation) -> list[Question]:
    """Claims of several entries first, then what is probable, then names that could mean several;
    within each the likeliest first."""
    found = situation.reconciliation
    if found.index is None:
        return []
    asked: list[tuple[tuple[int, int, str], Question]] = []
    for ident, standing in found.standings.items():
        node = situation.graph.node(ident)
        matches = [m for m in found.matches.get(ident, ()) if m.entry in standing.candidates]
        kind = _KINDS.get(standing.status)
        if kind is None or not matches or not isinstance(node, (Asset, Credential)):
            continue
        pairs = tuple((found.index.entries[m.entry], m) for m in matches)
        asked.append(((kind, -matches[0].score, ident), Question(node, standing, pairs)))
    return [question for _, question in sorted(asked, key=lambda item: item[0])]


_KINDS = {Disposition.AMBIGUOUS: 0, Disposition.PROBABLE: 1, Disposition.UNREGISTERED: 2}


def answer(
    question: Question,
    chosen: str | None,
    *,
    author: str,
    reason: str,
    today: str,
    days: int = EXPIRES_DAYS,
) -> list[Decision]:
    """``chosen``: the entry it belongs to; None: to none of them. The others are then ruled out, so
    that they are not asked about again."""
    until = (date.fromisoformat(today[:10]) + timedelta(days=days)).isoformat()
    return [
        Decision(
            asset=NodeId(question.node.id), entry=entry.id,
            verdict=Verdict.SAME if entry.id == chosen else Verdict.DIFFERENT,
            author=author, reason=reason, at=today, expires_at=until,
            seen=mark_of(question.node, entry),
        )
        for entry, _ in question.candidates
    ]  # fmt: skip
