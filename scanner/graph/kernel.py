"""The graph as columns: who reaches whom, by which steps, at a million nodes.

Owns arrays and nothing else: no ids, no facts. Nodes are 0..size-1; an edge is a source, a target
and a step. For each walk one table of rows is made, of the steps that it takes, so that parallel
edges of different steps are neither summed nor mistaken for each other
(https://docs.scipy.org/doc/scipy/reference/sparse.csgraph.html adds duplicates up as weights).
Reaching is done here, level by level: scipy's breadth-first search knows one start, its dijkstra
keeps a heap that edges of one length do not need, and importing it takes longer than most scans
spend on their graph. It is imported for what it does best, the k shortest ways and components.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scanner.graph.steps import Walk

Ints = Any
"""A one-dimensional array of int32."""
_NONE = -1
_FAR = 2**30
_SLACK = 2
"""Hops that another path between the same ends may be longer than the shortest."""


@dataclass(frozen=True)
class Tree:
    """What was reached. ``hops``: -1 where nothing; ``before``: the node before, -1 at a start;
    ``origin``: the start that is nearest."""

    hops: Ints
    before: Ints
    origin: Ints

    @property
    def reached(self) -> Ints:
        return np.flatnonzero(self.hops >= 0)

    def path(self, node: int) -> list[int]:
        """From its start to ``node``; empty: not reached."""
        if self.hops[node] < 0:
            return []
        found = [node]
        while (node := int(self.before[node])) >= 0:
            found.append(node)
        return found[::-1]


@dataclass(frozen=True)
class Near:
    """What one start reaches, for starts that reach little: the same answer as a ``Tree``."""

    hops: dict[int, int]
    before: dict[int, int]
    others: dict[int, list[int]]
    """Nodes that lead there too, beside the one before."""

    def path(self, node: int) -> list[int]:
        if node not in self.hops:
            return []
        found = [node]
        while (node := self.before[node]) >= 0:
            found.append(node)
        return found[::-1]


@dataclass(frozen=True)
class Rows:
    """Compressed sparse rows: of node n the ``others[starts[n]:starts[n + 1]]``, each once."""

    starts: Ints
    others: Ints

    def of(self, node: int) -> list[int]:
        return self.others[self.starts[node] : self.starts[node + 1]].tolist()  # type: ignore[no-any-return]

    def beyond(self, nodes: Ints) -> tuple[Ints, Ints]:
        """All edges out of ``nodes``, in their order: whence and whither."""
        first = self.starts[nodes]
        counts = self.starts[nodes + 1] - first
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        at = np.arange(total) + np.repeat(first - ends + counts, counts)
        return np.repeat(nodes, counts), self.others[at]


class Kernel:
    """``source``, ``target`` and ``step``: one entry an edge."""

    def __init__(self, size: int, source: Ints, target: Ints, step: Ints) -> None:
        self.size = size
        self.source = np.asarray(source, np.int32)
        self.target = np.asarray(target, np.int32)
        self.step = np.asarray(step, np.int8)
        self._rows: dict[tuple[int, int], Rows] = {}
        self._order: tuple[memoryview, memoryview] | None = None

    def rows(self, walk: Walk) -> Rows:
        """The steps of one walk; a row is where one stands."""
        key = (walk.forward, walk.backward)
        found = self._rows.get(key)
        if found is None:
            found = self._rows[key] = self._made(walk)
        return found

    def forget(self) -> None:
        """Give the rows' memory back."""
        self._rows.clear()

    def _made(self, walk: Walk) -> Rows:
        along, against = self._taken(walk.forward), self._taken(walk.backward)
        here = np.concatenate([self.source[along], self.target[against]])
        there = np.concatenate([self.target[along], self.source[against]])
        pairs = here.astype(np.int64) << 32 | there
        pairs.sort()
        pairs = pairs[np.diff(pairs, prepend=-1) != 0]
        counts = np.bincount(pairs >> 32, minlength=self.size)
        starts = np.concatenate([[0], np.cumsum(counts)])
        return Rows(starts.astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32))

    def _taken(self, bits: int) -> Any:
        table = np.array([bool(bits >> step & 1) for step in range(128)])
        return table[self.step]

    # --- questions -------------------------------------------------------------------------------

    def reach(self, starts: Iterable[int], walk: Walk, most: int | None = None) -> Tree:
        """Everything within ``most`` hops (None: all) of the nearest of ``starts``; of two as near
        the lower number."""
        front = np.unique(np.fromiter(starts, np.int32))
        hops, before, origin = (np.full(self.size, _NONE, np.int32) for _ in range(3))
        hops[front], origin[front] = 0, front
        place = np.empty(self.size, np.int64)
        rows, level = self.rows(walk), 0
        while len(front) and (most is None or level < most):
            level += 1
            whence, whither = rows.beyond(front)
            is_new = hops[whither] < 0
            whence, whither = whence[is_new], whither[is_new]
            # Written from behind, so that of several ways to a node the first one stays.
            place[whither[::-1]] = np.arange(len(whither))[::-1]
            is_first = place[whither] == np.arange(len(whither))
            whence, front = whence[is_first], whither[is_first]
            hops[front], before[front], origin[front] = level, whence, origin[whence]
        return Tree(hops, before, origin)

    def near(self, start: int, walk: Walk, within: Ints | None = None) -> Near:
        """All that is reached; costs what is reached, not what there is. ``within``: of each node
        whether a way may go on there; None: on all."""
        rows = self.rows(walk)
        begins, whither = rows.starts, rows.others
        hops, before = {start: 0}, {start: _NONE}
        beside: dict[int, list[int]] = {}
        front = [start]
        while front:
            after = []
            for node in front:
                others = whither[begins[node] : begins[node + 1]]
                for other in (others if within is None else others[within[others]]).tolist():
                    if other not in hops:
                        hops[other] = hops[node] + 1
                        before[other] = node
                        after.append(other)
                    else:
                        beside.setdefault(other, []).append(node)
            front = after
        return Near(hops, before, beside)

    def between(self, starts: Iterable[int], goals: Iterable[int], walk: Walk) -> tuple[Ints, bool]:
        """Nodes that lie on a way from a start to a goal, up to ``_SLACK`` hops longer than the
        shortest of the start or goal that is farthest off; and whether others lie on longer ways.
        """
        whole = np.full(self.size, _FAR, np.int32)
        nearest: dict[tuple[int, bool], int] = {}
        for mine, theirs in _apart(starts, goals):
            ahead = self.reach(mine, walk).hops
            behind = self.reach(theirs, walk.reversed).hops
            both = (ahead >= 0) & (behind >= 0)
            whole[both] = np.minimum(whole[both], (ahead + behind)[both])
            for ends, hops in ((mine, behind), (theirs, ahead)):
                for end, far in zip(ends, hops[ends].tolist(), strict=True):
                    if 0 <= far < nearest.get((end, ends is mine), _FAR):
                        nearest[end, ends is mine] = far
        inside = whole <= max(nearest.values(), default=-_SLACK - 1) + _SLACK
        return np.flatnonzero(inside), bool(((whole < _FAR) & ~inside).any())

    def leading(self, starts: Iterable[int], goals: Iterable[int], walk: Walk) -> set[int]:
        """Those of ``starts`` that have a way to a goal other than themselves."""
        found: set[int] = set()
        for mine, theirs in _apart(starts, goals):
            hops = self.reach(theirs, walk.reversed).hops
            found.update(start for start in mine if hops[start] >= 0)
        return found

    def nearest(self, starts: Sequence[int], goals: Sequence[int], walk: Walk) -> list[list[int]]:
        """Of every start the shortest way to a goal, and of every goal the shortest from a start;
        each way once, the shortest first. No end is its own."""
        found: dict[tuple[int, bool], list[int]] = {}
        for mine, theirs in _apart(starts, goals):
            back, ahead = self.reach(theirs, walk.reversed), self.reach(mine, walk)
            for ends, tree in ((mine, back), (theirs, ahead)):
                for end, far in zip(ends, tree.hops[ends].tolist(), strict=True):
                    key = (end, tree is back)
                    if far < 0 or (key in found and len(found[key]) <= far):
                        continue  # not reached, or by a way that is shorter
                    way = tree.path(end)[:: -1 if tree is back else 1]
                    if key not in found or _by_length(way) < _by_length(found[key]):
                        found[key] = way
        return sorted(map(list, set(map(tuple, found.values()))), key=_by_length)

    def paths(
        self, starts: Sequence[int], goals: Sequence[int], walk: Walk, most: int
    ) -> list[list[int]]:
        """Up to ``most`` ways without a circle from any start to any goal, the shortest first. No
        start and no goal that has a way is left out for what others have, but by ``most``. A node
        that is both is a start of ways to the others and a goal of theirs; it alone is no way."""
        if not len(starts) or not len(goals):
            return []
        nodes, _ = self.between(starts, goals, walk)
        if not len(nodes):
            return []
        chosen = self.nearest(starts, goals, walk)[:most]
        if len(chosen) == most:
            return chosen
        known = set(map(tuple, chosen))
        every = {
            tuple(way)
            for mine, theirs in _apart(starts, goals)
            for way in self._shortest(nodes, mine, theirs, goals, walk, most)
        }
        others = sorted(map(list, every - known), key=_by_length)
        return sorted([*chosen, *others[: most - len(chosen)]], key=_by_length)

    def _shortest(
        self, nodes: Ints, starts: Sequence[int], goals: Sequence[int], ends: Sequence[int],
        walk: Walk, most: int,
    ) -> list[list[int]]:  # fmt: skip
        """By those ``nodes`` alone. ``ends``: where ways end, the ``goals`` and those of others."""
        from scipy.sparse import csgraph

        place = np.full(self.size, _NONE, np.int32)
        place[nodes] = np.arange(len(nodes), dtype=np.int32)
        inside, outside = (place[ends] for ends in self.rows(walk).beyond(nodes))
        first, last = len(nodes), len(nodes) + 1
        here, there, over = (
            place[np.unique(np.asarray(some, np.int32))] for some in (starts, goals, ends)
        )
        here, there = here[here >= 0], there[there >= 0]
        # A way ends at the first goal that it meets, and comes to none that it may start from.
        begun = np.intersect1d(here, over)
        keep = (outside >= 0) & ~np.isin(inside, np.setdiff1d(over, begun))
        keep &= ~np.isin(outside, begun)
        rows = np.concatenate([inside[keep], np.full(len(here), first), there])
        columns = np.concatenate([outside[keep], here, np.full(len(there), last)])
        whole = _matrix(rows, columns, len(nodes) + 2)
        distances, before = csgraph.yen(whole, first, last, most, return_predecessors=True)
        found = []
        for row in range(len(distances)):
            way: list[int] = []
            node = int(before[row, last])
            while node >= 0 and node != first:
                way.append(int(nodes[node]))
                node = int(before[row, node])
            found.append(way[::-1])
        return found

    def edges(self, one: int, other: int, walk: Walk) -> list[tuple[int, bool]]:
        """The edges that a step from ``one`` to ``other`` may be: their number, and whether they
        are walked along."""
        if self._order is None:
            keys = self.source.astype(np.int64) * self.size + self.target
            order = np.argsort(keys, kind="stable")
            # To look one pair up, `bisect` over the bare memory takes a tenth of `searchsorted`.
            self._order = keys[order].data, order.data
        keys_in_order, numbers = self._order
        found: list[tuple[int, bool]] = []
        for key, bits, is_along in (
            (one * self.size + other, walk.forward, True),
            (other * self.size + one, walk.backward, False),
        ):
            place = bisect_left(keys_in_order, key)
            while place < len(numbers) and keys_in_order[place] == key:
                number = numbers[place]
                if bits >> int(self.step[number]) & 1:
                    found.append((number, is_along))
                place += 1
        return found

    def groups(self, walk: Walk) -> Ints:
        """The number of the weakly connected part that each node is in."""
        from scipy.sparse import csgraph

        every = self.rows(walk).beyond(np.arange(self.size))
        return csgraph.connected_components(_matrix(*every, self.size), directed=False)[1]

    def marks(self) -> Ints:
        """One number an edge, the same for equal edges of kernels over the same nodes; sorted."""
        pairs = self.source.astype(np.int64) * self.size + self.target
        return np.sort(pairs * 32 + self.step)


def _apart(starts: Iterable[int], goals: Iterable[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Starts and goals that share nothing, so that together every start meets every goal but
    itself: those that are both are told apart by each bit of their place."""
    mine, theirs = sorted(set(starts)), sorted(set(goals))
    both = sorted(set(mine).intersection(theirs))
    pairs = [(mine, theirs)]
    if both:
        only_mine, only_theirs = (sorted(set(one).difference(both)) for one in (mine, theirs))
        pairs = [(only_mine, theirs), (both, only_theirs)]
        for bit in range((len(both) - 1).bit_length()):
            low = [node for place, node in enumerate(both) if not place >> bit & 1]
            high = [node for place, node in enumerate(both) if place >> bit & 1]
            pairs += [(low, high), (high, low)]
    yield from (pair for pair in pairs if all(pair))


def _by_length(way: list[int]) -> tuple[int, list[int]]:
    return len(way), way


def within(rows: Rows, start: int, inside: Container[int]) -> Near:
    """What ``start`` reaches by the nodes ``inside`` alone."""
    hops, before = {start: 0}, {start: _NONE}
    beside: dict[int, list[int]] = {}
    front = [start]
    for node in front:
        for other in rows.of(node):
            if other not in inside:
                continue
            if other in hops:
                beside.setdefault(other, []).append(node)
            else:
                hops[other], before[other] = hops[node] + 1, node
                front.append(other)
    return Near(hops, before, beside)


def only_in(one: Ints, other: Ints) -> Ints:
    """Marks of one and not of the other; both sorted."""
    if not len(other):
        return one
    place = np.minimum(np.searchsorted(other, one), len(other) - 1)
    return one[other[place] != one]


def _matrix(rows: Ints, columns: Ints, size: int) -> Any:
    """Of ones, however often an entry is given; its indices are int32, as csgraph asks."""
    from scipy import sparse

    ends = rows.astype(np.int32), columns.astype(np.int32)
    made = sparse.csr_array((np.ones(len(rows), np.float64), ends), shape=(size, size))
    made.sum_duplicates()
    made.data[:] = 1.0
    made.indices, made.indptr = made.indices.astype(np.int32), made.indptr.astype(np.int32)
    return made
