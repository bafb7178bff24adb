"""What the names of assets are compared by, and what comes of it.

Apart from :mod:`scanner.reconcile.names`, which loads what it computes with: where there is no
registry, nothing is compared.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Described:
    """What is known of an asset that a registry could know, too."""

    name: str
    provider: str = ""
    units: tuple[str, ...] = ()
    """Departments and teams that it is said to belong to: another one speaks against an entry."""
    hints: tuple[str, ...] = ()
    """Accounts, folders, groups: an entry's unit may stand in them, and need not."""
    owners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ranked:
    entry: str
    score: int
    """Points; a name alone has at most 87, what else both sides say adds or takes away."""
    reason: str


@dataclass(frozen=True)
class Suggestion:
    """``best``: what is suggested; None with ``rivals``: there were likely ones, none of them clear
    of the others."""

    best: Ranked | None = None
    rivals: tuple[Ranked, ...] = ()
