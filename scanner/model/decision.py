"""What a person has decided about findings: who, why and until when."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from scanner.model.base import Model

Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
MOST_REASON, MOST_BY = 2000, 200
"""Characters."""


class Verb(StrEnum):
    ACCEPT = "accept"
    """Somebody bears the risk of findings."""
    SUPPRESS = "suppress"
    """Findings are none of interest."""


class Ground(StrEnum):
    """Why, in one of the words that auditors count."""

    ACCEPTED_RISK = "accepted_risk"
    FALSE_POSITIVE = "false_positive"
    EXEMPT_BY_POLICY = "exempt_by_policy"
    DUPLICATE = "duplicate"
    COMPENSATING_CONTROL = "compensating_control"


class Selector(Model, frozen=True, kw_only=True):
    """Which findings: all that are given must hold. Patterns of ``*`` and ``?``, letter case
    counts; at least one part must be given."""

    fingerprints: tuple[str, ...] = ()
    policy: str = ""
    asset: str = ""
    path: str = ""
    """Every place of the evidence must match: one elsewhere is not covered by what was decided."""
    owner: str = ""

    @property
    def is_empty(self) -> bool:
        return self == Selector()


class Decision(Model, frozen=True, kw_only=True):
    """``until``: the last day that it stands."""

    id: str
    verb: Verb
    ground: Ground
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_REASON)]
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_BY)]
    at: str
    until: Day
    selector: Selector
    withdrawn_at: str = ""
    withdrawn_by: str = ""
    withdrawn_reason: str = ""

    def stands(self, now: str) -> bool:
        """``now``: ISO 8601, UTC."""
        return not self.withdrawn_at and now[:10] <= self.until

    def __str__(self) -> str:
        return f"{self.verb} by {self.by} until {self.until} ({self.ground}): {self.reason}"
