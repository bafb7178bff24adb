"""Risk, 0 to 100: a published sum, every point with its reason; what it would be after each remedy.

Weights are data (``rules/policies/risk``). Confidence lowers a finding's score and never its
severity: doubt does not hide harm.
"""

from __future__ import annotations

from collections.abc import Iterable

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

    def __str__(self) -> str:
        return f"{self.reason} {self.points:+d}"


class WhatIf(Model, frozen=True, kw_only=True):
    """One remedy, and the score when it alone is taken."""

    remedy: str
    factor: str
    score: int
    fall: int


class Score(Model, frozen=True, kw_only=True):
    score: int
    parts: tuple[Part, ...]
    remedies: tuple[WhatIf, ...] = ()
    """Those that lower the score, the best first."""


def weigh(profile: Profile, rules: RiskRules | None = None) -> Score:
    """What is known of a thing, without any finding."""
    rules = rules or bundled()
    parts = _parts(profile, rules)
    return Score(
        score=_sum(parts), parts=parts, remedies=tuple(_remedies(parts, rules))
    )  # fmt: skip


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
    return Score(score=_sum(parts), parts=tuple(parts), remedies=tuple(_remedies(parts, rules)))


def _parts(profile: Profile, rules: RiskRules) -> tuple[Part, ...]:
    """In the order of the rules; what weighs nothing is left out."""
    order = {factor.id: place for place, factor in enumerate(rules.factors)}
    found = [
        Part(factor=one.factor, value=one.value, points=points, reason=one.reason)
        for one in profile.found
        if (points := rules.points(one.factor, one.value))
    ]
    return tuple(sorted(found, key=lambda part: order.get(part.factor, len(order))))


def _sum(parts: Iterable[Part]) -> int:
    return max(0, min(MOST, sum(part.points for part in parts)))


def _remedies(parts: Iterable[Part], rules: RiskRules) -> list[WhatIf]:
    parts = list(parts)
    whole = sum(part.points for part in parts)
    now = _sum(parts)
    found = []
    for part in parts:
        value = rules.value(part.factor, part.value)
        if value is None or not value.remedy:
            continue
        saved = part.points - rules.points(part.factor, value.becomes)
        after = max(0, min(MOST, whole - saved))
        if saved > 0:
            found.append(
                WhatIf(remedy=value.remedy, factor=part.factor, score=after, fall=now - after)
            )
    return sorted(found, key=lambda one: (one.score, one.factor))
