"""Every way that one start's data take to a goal, not the shortest alone.

Owns what lies on such ways, and which of them is the surest. A step that leads back to a thing that
every way here has passed already is no way of its own: what writes to a shared queue and reads from
it is not between the queue and its other readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scanner.graph.kernel import Near

Sure = Callable[[int, int], int]
"""How sure a step from one node to the next is; more is surer."""


class Ways:
    """Of one start; most starts lead everywhere by one way, and then nothing is worked out."""

    def __init__(self, near: Near, start: int, sure: Sure) -> None:
        self._near = near
        self._start = start
        self._sure = sure
        self._before = _forward_only(near, start) if near.others else {}

    def to(self, goal: int) -> frozenset[int]:
        """All that lies on a way there, both ends with it; empty: not reached."""
        if not self._before:
            return frozenset(self._near.path(goal))
        found = self._back(goal)
        if any(goal in self._before[node] for node in found):
            # What is reached from the goal alone comes after it.
            found &= self._ahead(self._start, found, goal)
        return frozenset(found)

    def best(self, goal: int, inside: frozenset[int]) -> list[int]:
        """Of the ways within ``inside`` the surest, and of those the shortest."""
        return self.by(self._start, goal, inside)

    def by(self, node: int, goal: int, inside: frozenset[int]) -> list[int]:
        """The same of those that pass ``node``."""
        if not self._before:
            return self._near.path(goal)
        steps = {self._sure(one, other) for other in inside for one in self._before[other]
                 if one in inside}  # fmt: skip
        for least in sorted(steps, reverse=True):
            first = self._shortest(self._start, node, inside, least)
            then = self._shortest(node, goal, inside, least) if first else []
            if then:
                return [*first, *then[1:]]
        return [self._start] if node == goal == self._start else []

    def through(self, node: int, goal: int, inside: frozenset[int]) -> frozenset[int]:
        """Of ``inside``, what lies on a way that passes ``node``."""
        if not self._before:
            return inside
        return frozenset(self._back(node, inside) | self._ahead(node, inside, goal))

    def _back(self, goal: int, inside: frozenset[int] | None = None) -> set[int]:
        if goal not in self._before:
            return set()
        found, front = {goal}, [goal]
        while front:
            for one in self._before[front.pop()]:
                if one not in found and (inside is None or one in inside):
                    found.add(one)
                    front.append(one)
        return found

    def _ahead(self, node: int, inside: Iterable[int], goal: int) -> set[int]:
        after: dict[int, list[int]] = {}
        for other in inside:
            for one in self._before[other]:
                after.setdefault(one, []).append(other)
        found, front = {node}, [node]
        while front:
            here = front.pop()
            for other in after.get(here, ()) if here != goal else ():
                if other not in found:
                    found.add(other)
                    front.append(other)
        return found

    def _shortest(self, start: int, goal: int, inside: frozenset[int], least: int) -> list[int]:
        after: dict[int, int] = {goal: goal}
        front = [goal]
        while front and start not in after:
            behind = []
            for other in front:
                for one in self._before[other]:
                    if one in inside and one not in after and self._sure(one, other) >= least:
                        after[one] = other
                        behind.append(one)
            front = sorted(behind)
        if start not in after:
            return []
        found = [start]
        while found[-1] != goal:
            found.append(after[found[-1]])
        return found


def _forward_only(near: Near, start: int) -> dict[int, list[int]]:
    """Of every node those before it, in order, without steps back to what every way passes."""
    before = {
        node: [one] if one >= 0 else [] for node, one in near.before.items()
    }  # fmt: skip
    doubtful = [
        (one, node)
        for node, others in near.others.items()
        for one in others
        if near.hops[node] <= near.hops[one] and node in near.path(one)
    ]
    over = _dominators(near, start) if doubtful else {}
    back = {(one, node) for one, node in doubtful if _is_over(over, node, one)}
    for node, others in near.others.items():
        before[node] += [one for one in others if (one, node) not in back]
    return {node: sorted(set(found)) for node, found in before.items()}


def _is_over(over: dict[int, int], node: int, other: int) -> bool:
    """Whether every way from the start to ``other`` passes ``node``."""
    while other != node:
        above = over[other]
        if above == other:
            return False
        other = above
    return True


def _dominators(near: Near, start: int) -> dict[int, int]:
    """Of every node the last that all ways to it pass; of the start itself. By Cooper, Harvey and
    Kennedy, "A Simple, Fast Dominance Algorithm" (2001)."""
    after: dict[int, list[int]] = {}
    for node, one in near.before.items():
        for above in (one, *near.others.get(node, ())):
            after.setdefault(above, []).append(node)
    order = _postorder(after, start)
    place = {node: number for number, node in enumerate(order)}
    over = {start: start}
    is_changed = True
    while is_changed:
        is_changed = False
        for node in reversed(order[:-1]):
            known = [
                one for one in (near.before[node], *near.others.get(node, ())) if one in over
            ]  # fmt: skip
            found = known[0]
            for one in known[1:]:
                other = one
                while found != other:
                    while place[found] < place[other]:
                        found = over[found]
                    while place[other] < place[found]:
                        other = over[other]
            if over.get(node) != found:
                over[node] = found
                is_changed = True
    return over


def _postorder(after: dict[int, list[int]], start: int) -> list[int]:
    order: list[int] = []
    seen, front = {start}, [(start, iter(after.get(start, ())))]
    while front:
        node, rest = front[-1]
        other = next((one for one in rest if one not in seen), None)
        if other is None:
            order.append(node)
            front.pop()
        else:
            seen.add(other)
            front.append((other, iter(after.get(other, ()))))
    return order
