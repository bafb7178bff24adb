"""What people have decided about the graph; it outlives every scan."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.base import Model, NodeId


class Verdict(StrEnum):
    SAME = "same"
    DIFFERENT = "different"


class SameAsDecision(Model, frozen=True, kw_only=True):
    """Whether two nodes are one thing. ``one`` sorts before ``other``."""

    one: NodeId
    other: NodeId
    verdict: Verdict
    by: str = ""
    at: str = ""
    note: str = ""

    @property
    def pair(self) -> tuple[NodeId, NodeId]:
        return self.one, self.other


def pair(one: NodeId, other: NodeId) -> tuple[NodeId, NodeId]:
    """The two in the order in which a decision names them."""
    return (one, other) if one <= other else (other, one)
