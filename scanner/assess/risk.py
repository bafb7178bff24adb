"""Risk, 0 to 100: a published sum, every point with its reason; what it would be after each remedy.

Weights are data (``rules/policies/risk``). Confidence lowers a finding's score and never its
severity: doubt does not hide harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.assess.profile import Profile
from scanner.model.base import Model
from scanner.model.evidence import Confidence
from scanner.rulebook.policy import Severity
from scanner.rulebook.risk import RiskRules, bundled

MOST = 100


class Part(Model, frozen=True, kw_only=True):
    """One term of the sum."""

    factor: str
    value: str
    points: int
    reason: str
    rest: str = ""
    """The value that other causes leave it at when the remedy is taken."""

    def __str__(self) -> str:
        return f"{self.reason} {self.points:+d}"


class WhatIf(Model, frozen=True, kw_only=True):
    """One remedy, and the score when it alone is taken."""

    remedy: str
    factor: str
    score: int
    fall: int
    points: int = 0
    """By which the sum falls; of a sum above 100 the score may not."""
    together: int = 0
    """The score when it and all before it are taken."""


class Score(Model, frozen=True, kw_only=True):
    score: int
    parts: tuple[Part, ...]
    remedies: tuple[WhatIf, ...] = ()
    """Those that lower the sum, the best first."""
    sum: int = 0
    """Before it is cut to 0 to 100."""


def weigh(profile: Profile, rules: RiskRules | None = None) -> Score:
    """What is known of a thing, without any finding."""
    rules = rules or bundled()
    parts = _parts(profile, rules)
    return _score(parts, rules)


def risk(
    severity: Severity,
    profile: Profile | None,
    confidence: Confidence,
    rules: RiskRules | None = None,
) -> Score:
    """Of a finding about the thing."""
    rules = rules or bundled()
    parts = [
        Part(factor="severity", value=str(severity), points=rules.severity.get(severity, 0),
             reason=f"severity {severity}"),
        *(_parts(profile, rules) if profile is not None else ()),
    ]  # fmt: skip
    doubt = rules.confidence.get(confidence, 0)
    if doubt:
        parts.append(
            Part(factor="confidence", value=str(confidence), points=doubt,
                 reason=f"confidence {confidence}")
        )  # fmt: skip
    return _score(parts, rules)


def _parts(profile: Profile, rules: RiskRules) -> tuple[Part, ...]:
    """In the order of the rules; what weighs nothing is left out."""
    order = {factor.id: place for place, factor in enumerate(rules.factors)}
    found = [
        Part(factor=one.factor, value=one.value, points=points, reason=one.reason, rest=one.rest)
        for one in profile.found
        if (points := rules.points(one.factor, one.value))
    ]
    return tuple(sorted(found, key=lambda part: order.get(part.factor, len(order))))


def _score(parts: Iterable[Part], rules: RiskRules) -> Score:
    parts = tuple(parts)
    whole = sum(part.points for part in parts)
    return Score(
        score=_bounded(whole), parts=parts, remedies=tuple(_remedies(parts, whole, rules)),
        sum=whole,
    )  # fmt: skip


def _bounded(points: int) -> int:
    return max(0, min(MOST, points))


def _remedies(parts: Iterable[Part], whole: int, rules: RiskRules) -> Iterator[WhatIf]:
    falls = []
    for part in parts:
        value = rules.value(part.factor, part.value)
        if value is None or not value.remedy:
            continue
        after = rules.points(part.factor, value.becomes)
        if part.rest:
            after = max(after, rules.points(part.factor, part.rest))
        if part.points > after:
            falls.append((part.points - after, part.factor, value.remedy))
    left = whole
    for points, factor, remedy in sorted(falls, key=lambda one: (-one[0], one[1])):
        left -= points
        score = _bounded(whole - points)
        yield WhatIf(
            remedy=remedy, factor=factor, score=score, fall=_bounded(whole) - score,
            points=points, together=_bounded(left),
        )  # fmt: skip
