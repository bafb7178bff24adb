"""A same-as rule's own examples, run through the real engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from scanner.graph import same_as
from scanner.model.facts import NodeFact
from scanner.rulebook.same_as import Example, SameAs


def problems(rules: Iterable[SameAs]) -> Iterator[str]:
    """What a rule says otherwise than its examples claim."""
    for rule in rules:
        for number, example in enumerate(rule.examples, 1):
            try:
                said = outcome(rule, example)
            except msgspec.ValidationError as error:
                yield f"same-as {rule.id}: example {number}: no such node: {error}"
                continue
            if said != example.expect:
                yield f"same-as {rule.id}: example {number}: {said}, expected {example.expect}"


def outcome(rule: SameAs, example: Example) -> str:
    """``merge`` (of all of the example's nodes), ``some``, ``candidate`` or ``nothing``."""
    made = (
        msgspec.convert({"type": str(rule.node), "name": fields.get("id"), **fields}, NodeFact)
        for fields in example.nodes
    )
    nodes = {node.id: node for node in made}
    found = same_as.entities(nodes, same_as.found(nodes, [rule]))
    if found.accepted:
        groups = [set(members) for members in found.members.values()]
        return "merge" if groups == [set(nodes)] else "some"
    return "candidate" if found.candidates else "nothing"
