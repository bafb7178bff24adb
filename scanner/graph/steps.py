"""Which edges may be walked, in which direction, for which question.

An edge says what is true (``agent reads_from base``); a walk says what follows from it: data moves
from the base to the agent, whoever holds the agent reads the base. Each walk is a table, so what a
question may conclude can be read, and nothing else is concluded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from scanner.model.base import NodeId
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Credential,
    Edge,
    Identity,
    NodeFact,
    Relation,
)
from scanner.model.keys import holder_of


class Step(IntEnum):
    """A relation between two kinds of ends, where the kinds change what follows from it."""

    HOLDS_PART = 0
    """A function and the integration in it: one does what the other does."""
    HOLDS = 1
    HAS_MEMBER = 2
    OWNED_BY = 3
    MADE_BY_PERSON = 4
    MADE_BY_JOB = 5
    USED_BY = 6
    RUNS_AS = 7
    SERVES = 8
    CALLS = 9
    READS_FROM = 10
    WRITES_TO = 11
    DERIVED_FROM = 12
    USES_KEY = 13
    OPENED_BY_KEY = 14
    """The key opens the source: its own user, the project that it belongs to."""
    KEY_STORED_IN = 15
    DATA_STORED_IN = 16
    CONFIGURED_BY = 17
    SERVED_THROUGH = 18
    """Configured by what serves something: an endpoint and its configuration."""
    GRANTS = 19
    SAME_AS = 20
    ISSUED_BY = 21
    """A key and the provider that honours it, by its shape alone."""
    LEARNED_FROM = 22
    """A model and the data that it was made or judged by: whoever holds the model does not read
    them."""
    REGISTERS = 23
    TRIED_BY = 24
    """In vain: nothing moves, and nobody holds anything by it."""


PLAIN = {
    Relation.OWNED_BY: Step.OWNED_BY,
    Relation.USED_BY: Step.USED_BY,
    Relation.TRIED_BY: Step.TRIED_BY,
    Relation.RUNS_AS: Step.RUNS_AS,
    Relation.SERVES: Step.SERVES,
    Relation.CALLS: Step.CALLS,
    Relation.WRITES_TO: Step.WRITES_TO,
    Relation.DERIVED_FROM: Step.DERIVED_FROM,
    Relation.GRANTS: Step.GRANTS,
    Relation.SAME_AS: Step.SAME_AS,
    Relation.REGISTERS: Step.REGISTERS,
}
"""Relations from which the same follows whatever their ends are."""


@dataclass(frozen=True)
class Walk:
    """``forward`` and ``backward``: bits of the steps that may be taken along and against."""

    name: str
    forward: int
    backward: int

    @property
    def reversed(self) -> Walk:
        return Walk(f"{self.name}, back", self.backward, self.forward)


def walk(name: str, forward: tuple[Step, ...] = (), backward: tuple[Step, ...] = ()) -> Walk:
    return Walk(name, _bits(forward), _bits(backward))


def _bits(steps: tuple[Step, ...]) -> int:
    return sum(1 << step for step in set(steps))


FLOW = walk(
    "data moves",
    forward=(Step.HOLDS_PART, Step.CALLS, Step.WRITES_TO, Step.DATA_STORED_IN),
    backward=(Step.READS_FROM, Step.LEARNED_FROM, Step.SERVES, Step.SERVED_THROUGH,
              Step.DERIVED_FROM, Step.MADE_BY_JOB),
)  # fmt: skip
"""Where data goes. What a role merely may read is no flow: see ``CONTROL``."""

CONTROL = walk(
    "whoever holds it reaches",
    forward=(Step.HOLDS_PART, Step.HOLDS, Step.RUNS_AS, Step.SERVES, Step.SERVED_THROUGH,
             Step.CALLS, Step.READS_FROM, Step.WRITES_TO, Step.DATA_STORED_IN, Step.USES_KEY,
             Step.GRANTS, Step.ISSUED_BY),
    backward=(Step.HAS_MEMBER, Step.USED_BY, Step.OPENED_BY_KEY, Step.KEY_STORED_IN),
)  # fmt: skip
"""What an attacker reaches from a thing that he holds."""

UPWARD = walk(
    "who answers for it answers for",
    forward=(Step.HOLDS_PART, Step.HOLDS),
    backward=(Step.MADE_BY_JOB, Step.SERVES, Step.SERVED_THROUGH, Step.KEY_STORED_IN),
)
"""From what has an owner to what is in it or made by it."""

ANY = Walk("any relation", (1 << len(Step)) - 1, (1 << len(Step)) - 1)


def step_of(
    edge: Edge, nodes: Mapping[NodeId, NodeFact], contained: frozenset[tuple[NodeId, NodeId]],
    serving: frozenset[NodeId],
) -> Step:  # fmt: skip
    """``contained``: credentials with their holders; ``serving``: what serves something."""
    source, target = nodes.get(edge.source), nodes.get(edge.target)
    if edge.relation is Relation.CONTAINS:
        if holder_of(edge.target) == edge.source:
            return Step.HOLDS_PART
        return Step.HAS_MEMBER if isinstance(source, Identity) else Step.HOLDS
    if edge.relation is Relation.CREATED_BY:
        is_person = isinstance(target, Identity) or target is None
        return Step.MADE_BY_PERSON if is_person else Step.MADE_BY_JOB
    if edge.relation is Relation.AUTHENTICATES_WITH:
        opens = isinstance(source, (Identity, Account)) or (edge.source, edge.target) in contained
        return Step.OPENED_BY_KEY if opens else Step.USES_KEY
    if edge.relation is Relation.STORED_IN:
        is_key = isinstance(source, Credential)
        return Step.KEY_STORED_IN if is_key else Step.DATA_STORED_IN
    if edge.relation is Relation.READS_FROM:
        is_model = isinstance(source, Asset) and source.asset_class is AssetClass.MODEL
        return Step.LEARNED_FROM if is_model else Step.READS_FROM
    if edge.relation is Relation.CONFIGURED_BY:
        return Step.SERVED_THROUGH if edge.target in serving else Step.CONFIGURED_BY
    return PLAIN[edge.relation]
