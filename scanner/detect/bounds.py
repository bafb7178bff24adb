"""How much one file may tell of use: the thousandth mention of a model says no more than the tenth,
and a file of 30 MiB made of mentions would take a gigabyte.

Owns the bounds; keys are none of its business, each place of each is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import NamedTuple

from scanner.model.items import Hit

MOST_ALIKE = 200
"""Hits of one file that differ by their place alone: more tell nothing new."""
MOST_OF_A_RULE = 20_000
"""Hits of one rule in one file; others are then left out, which is a gap."""
MOST_DEPENDENCIES = 200_000
"""That are looked up of one manifest; more are a gap. The largest lock files hold ten thousand."""


class Bounds:
    """Of one file."""

    def __init__(self) -> None:
        self._alike: Counter[tuple[str, Hashable]] = Counter()
        self._of: Counter[str] = Counter()
        self._cut: set[str] = set()

    def admits(self, rule: str, what: Hashable) -> bool:
        """Whether one more hit of ``rule`` is kept; ``what``: all that it says but its place."""
        many = self._alike[(rule, what)]
        if self._of[rule] >= MOST_OF_A_RULE:
            if not many:
                self._cut.add(rule)
            return False
        if many >= MOST_ALIKE:
            return False
        self._alike[(rule, what)] += 1
        self._of[rule] += 1
        return True

    def lost(self) -> list[str]:
        """What was left out although nothing alike was kept, and why."""
        return [f"more than {MOST_OF_A_RULE:,} hits of {rule}; others were left out"
                for rule in sorted(self._cut)]  # fmt: skip


class Examined(NamedTuple):
    hits: tuple[Hit, ...]
    lost: list[str]
    """What of the file was not read, and why."""
