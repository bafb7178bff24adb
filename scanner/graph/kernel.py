"""The graph as columns: who reaches whom, by which steps, at a million nodes.

Owns arrays and nothing else: no ids, no facts. Nodes are 0..size-1; an edge is a source, a target
and a step. For each walk one matrix is made, of the steps that it takes, so that parallel edges of
different steps are neither summed nor mistaken for each other
(https://docs.scipy.org/doc/scipy/reference/sparse.csgraph.html adds duplicates up as weights).
scipy is imported where it is used: it takes a third of the time in which most commands are done,
and most walk no graph.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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

    def path(self, node: int) -> list[int]:
        if node not in self.hops:
            return []
        found = [node]
        while (node := self.before[node]) >= 0:
            found.append(node)
        return found[::-1]


class Kernel:
    """``source``, ``target`` and ``step``: one entry an edge."""

    def __init__(self, size: int, source: Ints, target: Ints, step: Ints) -> None:
        self.size = size
        self.source = np.asarray(source, np.int32)
        self.target = np.asarray(target, np.int32)
        self.step = np.asarray(step, np.int8)
        self._matrices: dict[tuple[int, int], Any] = {}
        self._order: tuple[memoryview, memoryview] | None = None

    def matrix(self, walk: Walk) -> Any:
        """The steps of one walk as a CSR matrix of ones; rows are where one stands."""
        key = (walk.forward, walk.backward)
        found = self._matrices.get(key)
        if found is None:
            found = self._matrices[key] = self._made(walk)
        return found

    def forget(self) -> None:
        """Give the matrices' memory back."""
        self._matrices.clear()

    def _made(self, walk: Walk) -> Any:
        along, against = self._taken(walk.forward), self._taken(walk.backward)
        rows = np.concatenate([self.source[along], self.target[against]])
        columns = np.concatenate([self.target[along], self.source[against]])
        return _matrix(rows, columns, self.size)

    def _taken(self, bits: int) -> Any:
        table = np.array([bool(bits >> step & 1) for step in range(128)])
        return table[self.step]

    # --- questions -------------------------------------------------------------------------------

    def reach(self, starts: Iterable[int], walk: Walk, most: int | None = None) -> Tree:
        """Everything within ``most`` hops (None: all) of the nearest of ``starts``."""
        begin = np.unique(np.fromiter(starts, np.int32))
        if not len(begin):
            return _nothing(self.size)
        if len(begin) == 1:
            return self._reach_from(int(begin[0]), walk, most)
        from scipy.sparse import csgraph

        far = np.inf if most is None else float(most)
        distance, before, origin = csgraph.dijkstra(
            self.matrix(walk), indices=begin, min_only=True, unweighted=True, limit=far,
            return_predecessors=True,
        )  # fmt: skip
        is_there = np.isfinite(distance)
        hops = np.full(self.size, _NONE, np.int32)
        hops[is_there] = distance[is_there]
        return Tree(hops, _plain(before, is_there), _plain(origin, is_there))

    def _reach_from(self, start: int, walk: Walk, most: int | None) -> Tree:
        from scipy.sparse import csgraph

        order, before = csgraph.breadth_first_order(self.matrix(walk), start)
        place = np.full(self.size, _NONE, np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        parents = place[before[order[1:]]]  # never decreasing: the order is level by level
        hops = np.full(self.size, _NONE, np.int32)
        hops[start] = 0
        low, high, level = 0, 1, 0
        while high < len(order) and (most is None or level < most):
            level += 1
            low, high = high, 1 + int(np.searchsorted(parents, high))
            hops[order[low:high]] = level
        is_there = hops >= 0
        origin = np.full(self.size, _NONE, np.int32)
        origin[is_there] = start
        return Tree(hops, _plain(before, is_there), origin)

    def near(self, start: int, walk: Walk, within: Ints | None = None) -> Near:
        """All that is reached; costs what is reached, not what there is. ``within``: of each node
        whether a way may go on there; None: on all."""
        matrix = self.matrix(walk)
        indptr, indices = matrix.indptr, matrix.indices
        hops, before = {start: 0}, {start: _NONE}
        front = [start]
        while front:
            after = []
            for node in front:
                others = indices[indptr[node] : indptr[node + 1]]
                for other in (others if within is None else others[within[others]]).tolist():
                    if other not in hops:
                        hops[other] = hops[node] + 1
                        before[other] = node
                        after.append(other)
            front = after
        return Near(hops, before)

    def between(self, starts: Iterable[int], goals: Iterable[int], walk: Walk) -> Ints:
        """Nodes that lie on a way from a start to a goal, the shortest ways first in mind: those
        on ways of up to ``_SLACK`` hops more than the shortest."""
        ahead = self.reach(starts, walk).hops
        behind = self.reach(goals, walk.reversed).hops
        both = (ahead >= 0) & (behind >= 0)
        if not both.any():
            return np.empty(0, np.int32)
        whole = ahead + behind
        return np.flatnonzero(both & (whole <= int(whole[both].min()) + _SLACK))

    def paths(
        self, starts: Sequence[int], goals: Sequence[int], walk: Walk, most: int
    ) -> list[list[int]]:
        """Up to ``most`` ways without a circle from any start to any goal, the shortest first."""
        nodes = self.between(starts, goals, walk)
        if not len(nodes):
            return []
        from scipy import sparse
        from scipy.sparse import csgraph

        place = np.full(self.size, _NONE, np.int32)
        place[nodes] = np.arange(len(nodes), dtype=np.int32)
        inner = sparse.coo_array(self.matrix(walk)[nodes][:, nodes])
        first, last = len(nodes), len(nodes) + 1
        here = place[np.unique(np.asarray(starts, np.int32))]
        there = place[np.unique(np.asarray(goals, np.int32))]
        here, there = here[here >= 0], there[there >= 0]
        inside, outside = inner.coords
        # A way ends at the first goal that it meets, and begins at the last start.
        keep = ~np.isin(inside, there) & ~np.isin(outside, here)
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
        return sorted(found, key=lambda way: (len(way), way))

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

        return csgraph.connected_components(self.matrix(walk), directed=False)[1]

    def marks(self) -> Ints:
        """One number an edge, the same for equal edges of kernels over the same nodes; sorted."""
        pairs = self.source.astype(np.int64) * self.size + self.target
        return np.sort(pairs * 32 + self.step)


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


def _nothing(size: int) -> Tree:
    none = np.full(size, _NONE, np.int32)
    return Tree(none, none, none)


def _plain(values: Ints, is_there: Any) -> Ints:
    """scipy writes -9999 for none."""
    return np.where(is_there & (values >= 0), values, _NONE).astype(np.int32)
