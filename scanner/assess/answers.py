"""Risks as an answer of the graph."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.assess.risk import Score, WhatIf
from scanner.graph.answers import Answer
from scanner.graph.build import AssetGraph
from scanner.graph.part import Part
from scanner.model.base import NodeId


def answer_risks(
    graph: AssetGraph, scores: Sequence[tuple[NodeId, Score]], *, what_if: bool
) -> Answer:
    """``what_if``: a row a factor and a remedy instead of a row a thing."""
    details = [{"id": ident, "risk": score} for ident, score in scores]
    part = Part(
        nodes=tuple(sorted(ident for ident, _ in scores)),
        edges=(),
        said={ident: {"risk": score.score} for ident, score in scores},
    )
    if not what_if:
        rows = tuple(
            (str(score.score), graph.name_of(ident), ", ".join(map(str, score.parts)), str(ident))
            for ident, score in scores
        )
        header = ("risk", "name", "because", "id")
        return Answer(question="risk", header=header, rows=rows, part=part, details=details)
    rows = tuple(
        row
        for ident, score in scores
        for row in (
            (graph.name_of(ident), "risk", "", str(score.score)),
            *((graph.name_of(ident), "factor", str(p), f"{p.points:+d}") for p in score.parts),
            *(
                (graph.name_of(ident), "what if", one.remedy, _after(score, one))
                for one in score.remedies
            ),
        )
    )
    header = ("name", "what", "which", "score")
    return Answer(question="risk, and what would lower it", header=header, rows=rows, part=part,
                  details=details)  # fmt: skip


def _after(score: Score, one: WhatIf) -> str:
    """Of a sum above what is shown, what it falls to together with the remedies before it."""
    alone = f"{one.score} ({-one.fall:+d})"
    over = score.sum - score.score
    if over <= 0:
        return alone
    return f"{one.score} ({-one.points:+d} of {score.sum}); with those above {one.together}"
