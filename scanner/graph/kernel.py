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
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from scanner.graph.steps import Walk

Ints = Any
"""A one-dimensional array of int32."""
_NONE = -1
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
        starts, goals = list(starts), list(goals)
        ahead = self.reach(starts, walk).hops
        behind = self.reach(goals, walk.reversed).hops
        both = (ahead >= 0) & (behind >= 0)
        if not both.any():
            return np.empty(0, np.int32), False
        whole = ahead + behind
        farthest = int(max(behind[starts].max(), ahead[goals].max()))
        inside = both & (whole <= farthest + _SLACK)
        return np.flatnonzero(inside), bool((both & ~inside).any())

    def nearest(self, starts: Sequence[int], goals: Sequence[int], walk: Walk) -> list[list[int]]:
        """Of every start the shortest way to a goal, and of every goal the shortest from a start;
        each way once, the shortest first."""
        back, ahead = self.reach(goals, walk.reversed), self.reach(starts, walk)
        found = {tuple(back.path(start)[::-1]) for start in starts}
        found |= {tuple(ahead.path(goal)) for goal in goals}
        return sorted(map(list, found - {()}), key=_by_length)

    def paths(
        self, starts: Sequence[int], goals: Sequence[int], walk: Walk, most: int
    ) -> list[list[int]]:
        """Up to ``most`` ways without a circle from any start to any goal, the shortest first. No
        start and no goal that has a way is left out for what others have, but by ``most``."""
        if not len(starts) or not len(goals):
            return []
        nodes, _ = self.between(starts, goals, walk)
        if not len(nodes):
            return []
        chosen = self.nearest(starts, goals, walk)[:most]
        known = set(map(tuple, chosen))
        others = (way for way in self._shortest(nodes, starts, goals, walk, most)
                  if tuple(way) not in known)  # fmt: skip
        return sorted([*chosen, *islice(others, most - len(chosen))], key=_by_length)

    def _shortest(
        self, nodes: Ints, starts: Sequence[int], goals: Sequence[int], walk: Walk, most: int
    ) -> list[list[int]]:
        """By those ``nodes`` alone."""
        from scipy.sparse import csgraph

        place = np.full(self.size, _NONE, np.int32)
        place[nodes] = np.arange(len(nodes), dtype=np.int32)
        inside, outside = (place[ends] for ends in self.rows(walk).beyond(nodes))
        first, last = len(nodes), len(nodes) + 1
        here = place[np.unique(np.asarray(starts, np.int32))]
        there = place[np.unique(np.asarray(goals, np.int32))]
        here, there = here[here >= 0], there[there >= 0]
        # A way ends at the first goal that it meets.
        keep = (outside >= 0) & ~np.isin(inside, there)
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
        return sorted(found, key=_by_length)

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
