"""Whether claims for a thing name somebody who answers for it: what everybody counts as owned.

Owns what of a claim counts as an owner: a mailbox that nobody in particular reads is nobody, and
who last touched a thing, or brought it in, is only somebody to ask.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from scanner.graph.ownership import Coverage, Ownership, conflicts
from scanner.model.evidence import Confidence
from scanner.reconcile.checking import is_mailbox


def people(claims: Iterable[Ownership]) -> list[Ownership]:
    """Those of persons and teams, in their order."""
    return [claim for claim in claims if not is_mailbox(claim.owner)]


def is_owned(claims: Iterable[Ownership]) -> bool | None:
    """None: only guesses at whom to ask."""
    found = people(claims)
    if not found:
        return False
    return True if any(claim.confidence is not Confidence.LOW for claim in found) else None


def coverage(
    claims: Iterable[tuple[Sequence[Ownership], Sequence[Ownership]]],
) -> Coverage:
    """``claims``: of each thing, its owners and those who have left."""
    every = [(tuple(owners), left) for owners, left in claims]
    marks = [is_owned(owners) for owners, _ in every]
    first = [owners[0] for owners, _ in every if owners]
    return Coverage(
        total=len(every),
        owned=marks.count(True),
        guessed=marks.count(None),
        conflicting=sum(1 for owners, _ in every if conflicts(owners)),
        left=sum(1 for owners, left in every if left and not owners),
        basis=dict(sorted(Counter(one.basis for one in first).items())),
        confidence=dict(sorted(Counter(str(one.confidence) for one in first).items())),
    )
