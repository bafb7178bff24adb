"""How risk is weighed, as data: points for each value of each factor, and what takes them away."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

from scanner.model.base import Model
from scanner.model.errors import RuleError
from scanner.rulebook.documents import read_yaml
from scanner.rulebook.types import NonEmpty

Points = Annotated[int, msgspec.Meta(ge=-50, le=50)]


class Value(Model, frozen=True, kw_only=True):
    """What a factor may be, as ``scanner.assess.profile`` finds it."""

    points: Points
    remedy: str = ""
    """What a person can do about it; empty: nothing takes it away."""
    becomes: str = ""
    """The value after that remedy; empty: none of the factor's values (0 points)."""


class Factor(Model, frozen=True, kw_only=True):
    id: NonEmpty
    name: NonEmpty
    values: dict[str, Value]


class RiskRules(Model, frozen=True, kw_only=True):
    """One file may hold any of them. A later file's factor takes an earlier one's place, as do
    single severities and grades of confidence."""

    severity: dict[str, Points] = {}
    """What a finding adds to the risk of what it is about."""
    confidence: dict[str, Points] = {}
    factors: tuple[Factor, ...] = ()

    def points(self, factor: str, value: str) -> int:
        """0 for what has no weight."""
        found = self.value(factor, value)
        return found.points if found else 0

    def value(self, factor: str, value: str) -> Value | None:
        for one in self.factors:
            if one.id == factor:
                return one.values.get(value)
        return None


def read(files: list[Path]) -> RiskRules:
    """Raises ``RuleError``, also where a remedy leads to a value that the factor does not have."""
    severity: dict[str, int] = {}
    confidence: dict[str, int] = {}
    factors: dict[str, Factor] = {}
    for path in files:
        part = read_yaml(path, RiskRules, RuleError)
        severity |= part.severity
        confidence |= part.confidence
        for factor in part.factors:
            for name, value in factor.values.items():
                if value.becomes and value.becomes not in factor.values:
                    raise RuleError(
                        f"{path}: {factor.id}.{name} becomes `{value.becomes}`, which is none of "
                        f"its values: {', '.join(factor.values)}"
                    )
            factors[factor.id] = factor
    return RiskRules(severity=severity, confidence=confidence, factors=tuple(factors.values()))


@cache
def bundled() -> RiskRules:
    """Those of the installed package."""
    from scanner.rulebook.load import bundled as root

    return read(sorted((root() / "policies" / "risk").glob("*.yaml")))
