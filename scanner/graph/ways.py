"""Every way that one start's data take to a goal, not the shortest alone.

Owns what lies on such ways, and which of them is the surest. A step that leads back to a thing that
every way here has passed already is no way of its own: what writes to a shared queue and reads from
it is not between the queue and its other readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.graph.between import Between, Sure

if TYPE_CHECKING:
    from scanner.graph.kernel import Near


class Ways:
    """Of one start; most starts lead everywhere by one way, and then nothing is worked out. What
    is worked out for a goal is kept until another one is asked for."""

    def __init__(self, near: Near, start: int, sure: Sure) -> None:
        self._near = near
        self._start = start
        self._sure = sure
        self._before = _forward_only(near, start) if near.others else {}
        self._between: Between | None = None

    def to(self, goal: int) -> frozenset[int]:
        """All that lies on a way there, both ends with it; empty: not reached."""
        if not self._before:
            return frozenset(self._near.path(goal))
        return self._toward(goal).inside

    def best(self, goal: int) -> list[int]:
        """Of the ways the surest, and of those the shortest."""
        return self.by(self._start, goal)

    def by(self, node: int, goal: int) -> list[int]:
        """The same of those that pass ``node``; of what lies on no way without a circle, the
        best."""
        if not self._before:
            return self._near.path(goal)
        return self._toward(goal).by(node)

    def through(self, node: int, goal: int) -> frozenset[int]:
        """What lies on a way that passes ``node``."""
        if not self._before:
            return self.to(goal)
        return self._toward(goal).through(node)

    def _toward(self, goal: int) -> Between:
        found = self._between
        if found is None or found.goal != goal:
            found = self._between = Between(self._before, self._start, goal, self._sure)
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
