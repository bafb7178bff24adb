"""What is asked of AI, as data: which standings may land.

Owns the form of ``rules/norms`` and how files of one's own are laid over it. What an organization
approves stands in its configuration, not here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from scanner.model.base import Model
from scanner.model.errors import RuleError
from scanner.model.registry import Disposition, Stage
from scanner.rulebook.documents import read_yaml


class Landing(Model, frozen=True, kw_only=True):
    """Why something may not land. What is not named here, or has an empty text, may."""

    standings: dict[Disposition, str] = {}
    """Of the AI itself."""
    stages: dict[Stage, str] = {}
    """Of the entry that covers it."""


class NormRules(Model, frozen=True, kw_only=True):
    """One file may hold any of them."""

    landing: Landing = Landing()


def read(files: list[Path]) -> NormRules:
    """All files as one, in the order given; a later line takes an earlier one's place.

    Raises ``RuleError``."""
    parts = [read_yaml(path, NormRules, RuleError) for path in files]
    return NormRules(
        landing=Landing(
            standings={key: text for part in parts for key, text in part.landing.standings.items()},
            stages={key: text for part in parts for key, text in part.landing.stages.items()},
        ),
    )


@cache
def bundled() -> NormRules:
    """Those of the installed package."""
    from scanner.rulebook.load import bundled as root

    return read(sorted((root() / "norms").glob("*.yaml")))
