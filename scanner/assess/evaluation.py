"""What the policies have said of one scan, for the life of the findings."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanner.model.finding import Finding


@dataclass
class Evaluation:
    drafts: dict[str, Finding] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    """Fingerprints whose subject this scan has itself seen or judged."""
    unjudged: set[str] = field(default_factory=set)
    """Fingerprints that could not be evaluated in this scan, so may not be resolved."""
    waiting: set[str] = field(default_factory=set)
    """Fingerprints of drafts that say "not there" of what an earlier scan has looked for: it may
    have come since, so that they open nothing."""
    unjudged_policies: frozenset[str] = frozenset()
    """Policies that could not be evaluated at all."""
    policies: frozenset[str] | None = None
    """Ids of all that there are, with those that they had before; None: not known."""
    formerly: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of a draft: fingerprints that the same had before its policy was called otherwise."""
