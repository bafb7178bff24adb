"""What is asked of AI, as data: which standings may land, which assessments a
system needs, how much a pattern must say, what a plan carries within it.

Owns the form of ``rules/norms`` and how files of one's own are laid over it. What an organization
approves stands in its configuration, not here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from scanner.model.base import Model
from scanner.model.errors import RuleError
from scanner.model.registry import AssessmentStatus, Disposition, Stage
from scanner.rulebook.documents import read_yaml
from scanner.rulebook.types import NonEmpty


class Landing(Model, frozen=True, kw_only=True):
    """Why something may not land. What is not named here, or has an empty text, may."""

    standings: dict[Disposition, str] = {}
    """Of the AI itself."""
    stages: dict[Stage, str] = {}
    """Of the entry that covers it."""


class Duty(Model, frozen=True, kw_only=True):
    """Assessments that entries need; of ``tiers`` and ``impacts`` one must fit, where any is
    named."""

    id: NonEmpty
    types: tuple[NonEmpty, ...] = ()
    """All of these; ``*`` is any. Empty: nothing is owed."""
    stages: tuple[Stage, ...] = ()
    """Empty: in every stage in which it lives."""
    tiers: tuple[NonEmpty, ...] = ()
    """Words for ``risk_tier``."""
    impacts: tuple[NonEmpty, ...] = ()
    """Words for ``impact``."""
    reference: str = ""


class AssessmentRules(Model, frozen=True, kw_only=True):
    counts: tuple[AssessmentStatus, ...] = ()
    """Statuses of an assessment that was made."""
    passed: tuple[NonEmpty, ...] = ()
    """Words of a ``result`` that lets a system run."""
    not_passed: tuple[NonEmpty, ...] = ()
    """Of one that does not, or not yet. A result in other words is told, and is no pass."""
    lesser: tuple[NonEmpty, ...] = ()
    """Words for a tier or an impact below those that duties name. In other words it owes what the
    highest owes."""
    beside: tuple[NonEmpty, ...] = ()
    """Types that look at something else than the AI, or are a measure: no duty that takes any type
    takes one of them."""
    names: dict[str, tuple[NonEmpty, ...]] = {}
    """Type -> what else it is called."""
    duties: tuple[Duty, ...] = ()


class PatternRules(Model, frozen=True, kw_only=True):
    """When a pattern registers nothing by itself. None: as an earlier file says."""

    least_word: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Characters of its longest word that is not common."""
    most: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Assets that all patterns of one entry may fit."""
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    """Of all assets, where they fit more than ``share_from``."""
    share_from: Annotated[int, msgspec.Meta(ge=0)] | None = None
    common: tuple[NonEmpty, ...] = ()
    """Words that name no system."""


class Embedded(Model, frozen=True, kw_only=True, rename={"as_": "as"}):
    """A document within a resource of a plan."""

    types: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=1)]
    """Globs of resource types."""
    path: str = ""
    """Dotted, in what the resource is to be; a text, a list of texts, or what it says itself."""
    form: Literal["text", "chart", "pairs", "arm", "elsewhere"] = "text"
    """``chart``: the chart that a release names; ``pairs``: names with dots, and values; ``arm``: a
    resource of Azure; ``elsewhere``: an address, so that it cannot be judged."""
    as_: NonEmpty
    """The name of a file whose readers know such a document."""


class NormRules(Model, frozen=True, kw_only=True):
    """One file may hold any of them."""

    landing: Landing = Landing()
    assessments: AssessmentRules = AssessmentRules()
    patterns: PatternRules = PatternRules()
    embedded: tuple[Embedded, ...] = ()


def read(files: list[Path]) -> NormRules:
    """All files as one, in the order given; a later line takes an earlier one's place.

    Raises ``RuleError``."""
    parts = [read_yaml(path, NormRules, RuleError) for path in files]
    return NormRules(
        landing=Landing(
            standings={key: text for part in parts for key, text in part.landing.standings.items()},
            stages={key: text for part in parts for key, text in part.landing.stages.items()},
        ),
        assessments=_assessments([part.assessments for part in parts]),
        patterns=_patterns([part.patterns for part in parts]),
        embedded=tuple(row for part in parts for row in part.embedded),
    )


def _patterns(parts: list[PatternRules]) -> PatternRules:
    limits = ("least_word", "most", "share", "share_from")
    return PatternRules(
        **{name: next((value for part in reversed(parts)
                       if (value := getattr(part, name)) is not None), None) for name in limits},
        common=tuple(dict.fromkeys(word.casefold() for part in parts for word in part.common)),
    )  # fmt: skip


def _assessments(parts: list[AssessmentRules]) -> AssessmentRules:
    duties = {duty.id: duty for part in parts for duty in part.duties}
    results: dict[str, bool] = {}
    for part in parts:  # a word that a later file reads otherwise is what that file says
        results |= {word.casefold(): True for word in part.passed}
        results |= {word.casefold(): False for word in part.not_passed}
    return AssessmentRules(
        counts=next((part.counts for part in reversed(parts) if part.counts), ()),
        passed=tuple(word for word, says in results.items() if says),
        not_passed=tuple(word for word, says in results.items() if not says),
        beside=tuple(dict.fromkeys(word for part in parts for word in part.beside)),
        lesser=tuple(dict.fromkeys(word for part in parts for word in part.lesser)),
        names={kind: names for part in parts for kind, names in part.names.items()},
        duties=tuple(duties.values()),
    )


@cache
def bundled() -> NormRules:
    """Those of the installed package."""
    from scanner.rulebook.load import bundled as root

    return read(sorted((root() / "norms").glob("*.yaml")))
