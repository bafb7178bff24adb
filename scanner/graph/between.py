"""The ways from one start to one goal, worked out once and asked for every node on them.

Owns the steps between the two, which of them are as sure as wanted, and the way that passes a node.
No way passes a node twice: that its halves are the shortest is not enough.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence

Sure = Callable[[int, int], int]
"""How sure a step from one node to the next is; more is surer."""
_MOST_TRIED = 2_000
"""Beginnings of ways, where the shortest halves meet: to find two that do not has no quick answer
(https://doi.org/10.1016/0304-3975(80)90009-2)."""


class Between:
    """``before``: of every node those that lead to it from ``start``; ``inside``: what lies on a
    way to ``goal``, both ends with it."""

    def __init__(
        self, before: Mapping[int, Sequence[int]], start: int, goal: int, sure: Sure
    ) -> None:
        self.start = start
        self.goal = goal
        found = _reached(before, goal) if goal in before else set()
        if any(goal in before[node] for node in found):
            # What is reached from the goal alone comes after it.
            found &= _reached(_turned(before, found), start, goal)
        self.inside = frozenset(found)
        self._before = {node: [one for one in before[node] if one in found] for node in found}
        self._after = _turned(self._before, found)
        self._steps = {
            (one, node): sure(one, node) for node, others in self._before.items() for one in others
        }
        self._grades = sorted(set(self._steps.values()), reverse=True)
        self._onward: dict[int, dict[int, int]] = {}

    def through(self, node: int) -> frozenset[int]:
        """What lies on a way that passes ``node``."""
        return frozenset(
            _reached(self._before, node) | _reached(self._after, node, self.goal)
        )  # fmt: skip

    def by(self, node: int) -> list[int]:
        """The surest way that passes ``node``, and of those the shortest; of what lies on none, the
        best of all."""
        if self.start == self.goal:
            return [self.start] if node == self.start else []
        for ends in dict.fromkeys((node, self.start)):
            for least in self._grades:
                way = self._joined(ends, least)
                if way:
                    return way
        return []

    def _joined(self, node: int, least: int) -> list[int]:
        first = self._back(node, least, frozenset())
        then = self._on(node, least)
        if not first or not then:
            return []
        if len({*first, *then}) == len(first) + len(then) - 1:
            return [*first, *then[1:]]
        found: list[int] = []
        for number, half in enumerate(self._beginnings(node, least)):
            if number >= _MOST_TRIED or (found and len(half) + 1 > len(found)):
                break
            if half[-1] != node:
                continue
            rest = self._way(node, self.goal, least, frozenset(half[:-1]))
            if rest and (not found or len(half) + len(rest) - 1 < len(found)):
                found = [*half, *rest[1:]]
        return found or self._either(node, first, then, least)

    def _either(self, node: int, first: list[int], then: list[int], least: int) -> list[int]:
        """One half as short as can be, the other around it."""
        rest = self._way(node, self.goal, least, frozenset(first[:-1]))
        if rest:
            return [*first, *rest[1:]]
        half = self._back(node, least, frozenset(then[1:]))
        return [*half, *then[1:]] if half else []

    def _beginnings(self, node: int, least: int) -> Iterator[tuple[int, ...]]:
        """Ways from the start that pass no node twice, nor the goal, the shortest first; those that
        have come to ``node`` go no further."""
        queue: deque[tuple[int, ...]] = deque([(self.start,)])
        while queue:
            way = queue.popleft()
            yield way
            for other in self._after.get(way[-1], ()) if way[-1] != node else ():
                is_free = other not in way and other != self.goal
                if is_free and self._steps[way[-1], other] >= least:
                    queue.append((*way, other))

    def _on(self, node: int, least: int) -> list[int]:
        """The shortest way to the goal; all are worked out together."""
        known = self._onward.get(least)
        if known is None:
            known = self._onward[least] = self._tree(self.goal, least, frozenset())
        return _followed(known, node, self.goal)

    def _back(self, node: int, least: int, without: frozenset[int]) -> list[int]:
        return self._way(self.start, node, least, without)

    def _way(self, start: int, goal: int, least: int, without: frozenset[int]) -> list[int]:
        return _followed(self._tree(goal, least, without, start), start, goal)

    def _tree(
        self, goal: int, least: int, without: frozenset[int], start: int | None = None
    ) -> dict[int, int]:
        """Of every node the next on its shortest way to ``goal``; as far as ``start``."""
        after = {} if goal in without else {goal: goal}
        front = list(after)
        while front and start not in after:
            behind = []
            for other in front:
                for one in self._before.get(other, ()):
                    is_new = one not in after and one not in without
                    if is_new and self._steps[one, other] >= least:
                        after[one] = other
                        behind.append(one)
            front = sorted(behind)
        return after


def _followed(after: Mapping[int, int], start: int, goal: int) -> list[int]:
    if start not in after:
        return []
    found = [start]
    while found[-1] != goal:
        found.append(after[found[-1]])
    return found


def _turned(before: Mapping[int, Sequence[int]], inside: set[int]) -> Mapping[int, list[int]]:
    after: defaultdict[int, list[int]] = defaultdict(list)
    for other in sorted(inside):
        for one in before[other]:
            after[one].append(other)
    return after


def _reached(
    steps: Mapping[int, Sequence[int]], start: int, end: int | None = None
) -> set[int]:  # fmt: skip
    """Also ``end``, and nothing from there on."""
    found, front = {start}, [start]
    while front:
        here = front.pop()
        for one in steps.get(here, ()) if here != end else ():
            if one not in found:
                found.add(one)
                front.append(one)
    return found
