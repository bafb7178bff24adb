"""Whether claims for a thing name somebody who answers for it.

Owns what of a claim counts as an owner: a mailbox that nobody in particular reads is nobody, and
who last touched a thing, or brought it in, is only somebody to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.graph.ownership import Ownership
from scanner.model.evidence import Confidence
from scanner.reconcile.checking import is_mailbox


def people(claims: Iterable[Ownership]) -> list[Ownership]:
    """Those of persons and teams, in their order."""
    return [claim for claim in claims if not is_mailbox(claim.owner)]


def is_owned(claims: Sequence[Ownership]) -> bool | None:
    """None: only guesses at whom to ask."""
    found = people(claims)
    if not found:
        return False
    return True if any(claim.confidence is not Confidence.LOW for claim in found) else None
