"""Where and when blobs stood in a history, by the graph of its objects: the answer of
:mod:`scanner.kit.git.origins` without git's log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanner.kit.git.graph import Graph
from scanner.kit.git.packs import TREE, places_of
from scanner.kit.git.stay import Commit, Stay, Stays, brought

_MOST_ROWS = 4_000_000
"""Pairs of a tree and a path, or of a commit and a path, that are held at once."""

_MOST_PATHS = 50_000
"""Of the blobs that are asked for."""

Rows = NDArray[np.int64]


class TooMany(Exception):
    """Git has to be asked."""


class Endless(TooMany):
    """A few trees that hold each other so often that no list of their paths ends: git would take
    all memory for it."""


@dataclass
class _Paths:
    """By number: which blob, and the path so far, from its end."""

    blobs: list[int]
    paths: list[bytes]


def stays_of(graph: Graph, oids: set[str]) -> Stays:
    """Of blobs that the graph was built for. Raises ``TooMany``."""
    blobs = sorted(n for n in map(graph.number, oids) if n >= 0)
    rows, paths = _trees(graph, blobs)
    held = _held(graph, rows)
    found: Stays = {}
    left = set(blobs)
    for is_reached in (True, False):
        for is_merge in (False, True):
            if not left:
                break
            _pass(graph, held, paths, found, left, is_reached=is_reached, is_merge=is_merge)
            known = brought(found)
            left = {blob for blob in left if _hex(graph, blob) not in known}
    return found


def _hex(graph: Graph, number: int) -> str:
    return str(graph.ids[number].tobytes().hex())


def _trees(graph: Graph, blobs: list[int]) -> tuple[Rows, _Paths]:
    """Rows of (root tree, path number), and the paths."""
    sought = np.zeros(len(graph.ids), np.bool_)
    sought[blobs] = True
    is_root = np.zeros(len(graph.ids) + 1, np.bool_)
    is_root[graph.commits[:, 1]] = True
    is_root[-1] = False
    child, holder, name = (graph.edges[:, column] for column in range(3))
    labels = len(graph.names) + 1
    paths = _Paths([], [])
    first = np.flatnonzero(sought[child])
    steps, at = _numbered(child[first], name[first], labels)
    for blob, label in steps:
        paths.blobs.append(blob)
        paths.paths.append(graph.names[label])
    rows = _distinct(holder[first], at, len(paths.paths))
    between = graph.kinds[child] == TREE
    child, holder, name = child[between], holder[between], name[between]
    found: list[Rows] = []
    total = 0
    while len(rows):
        found.append(rows[is_root[rows[:, 0]]])
        total += len(rows)
        here = np.zeros(len(graph.ids), np.bool_)
        here[rows[:, 0]] = True
        up = np.flatnonzero(here[child])
        left, right = _joined(child[up], rows[:, 0])
        if total + len(left) > _MOST_ROWS:
            raise Endless if len(paths.paths) > _MOST_PATHS else TooMany
        base = len(paths.paths)
        steps, at = _numbered(rows[right, 1], name[up[left]], labels)
        for path, label in steps:
            paths.blobs.append(paths.blobs[path])
            paths.paths.append(graph.names[label] + b"/" + paths.paths[path])
        rows = _distinct(holder[up[left]], at + base, len(paths.paths))
    return np.concatenate(found) if found else np.empty((0, 2), np.int64), paths


def _numbered(
    one: NDArray[Any], two: NDArray[Any], width: int
) -> tuple[list[tuple[int, int]], Rows]:
    """The distinct pairs, and which of them each is. ``two`` is below ``width``."""
    keys, at = np.unique(one.astype(np.int64) * width + two, return_inverse=True)
    return list(zip((keys // width).tolist(), (keys % width).tolist(), strict=True)), at.ravel()


def _distinct(trees: NDArray[Any], paths: NDArray[Any], width: int) -> Rows:
    """Pairs, each once, sorted."""
    keys = np.unique(trees.astype(np.int64) * max(1, width) + paths)
    return np.column_stack((keys // max(1, width), keys % max(1, width)))


def _joined(keys: NDArray[Any], sorted_keys: NDArray[Any]) -> tuple[Rows, Rows]:
    """Places in ``keys`` and in ``sorted_keys`` of all pairs that are equal."""
    low = np.searchsorted(sorted_keys, keys, side="left")
    high = np.searchsorted(sorted_keys, keys, side="right")
    counts = high - low
    left = np.repeat(np.arange(len(keys)), counts)
    starts = np.repeat(low - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    return left, starts + np.arange(len(left))


@dataclass
class _Held:
    """Which commit (by row) holds which path: pairs, and as sorted keys."""

    pairs: Rows
    keys: Rows
    width: int

    def contains(self, rows: Rows, paths: Rows) -> NDArray[np.bool_]:
        found = places_of(rows * self.width + paths, self.keys) >= 0
        return found & (rows >= 0)


def _held(graph: Graph, rows: Rows) -> _Held:
    order = np.argsort(graph.commits[:, 1], kind="stable")
    left, right = _joined(rows[:, 0], graph.commits[order, 1])
    if len(left) > _MOST_ROWS:
        raise TooMany
    pairs = np.column_stack((order[right], rows[left, 1]))
    width = int(rows[:, 1].max(initial=0)) + 1
    return _Held(pairs, np.sort(pairs[:, 0] * width + pairs[:, 1]), width)


def _pass(
    graph: Graph,
    held: _Held,
    paths: _Paths,
    found: Stays,
    blobs: set[int],
    *,
    is_reached: bool,
    is_merge: bool,
) -> None:
    """As one run of git's log: of the commits that a branch reaches, or of the others; of merges
    or of the others. A merge is compared with each of its parents."""
    chosen = graph.reached == is_reached
    chosen &= (graph.commits[:, 4] > 1) == is_merge
    wanted = np.zeros(held.width, np.bool_)
    wanted[[n for n, blob in enumerate(paths.blobs[: held.width]) if blob in blobs]] = True
    pairs = held.pairs[wanted[held.pairs[:, 1]]]
    own = pairs[chosen[pairs[:, 0]]]
    for commit, path in _brought(graph, held, own).tolist():
        _stay(graph, paths, found, path).brought(_commit(graph, commit))
    for commit, path in _removed(graph, held, pairs, chosen).tolist():
        _stay(graph, paths, found, path).touched(_commit(graph, commit))


def _brought(graph: Graph, held: _Held, pairs: Rows) -> Rows:
    """Pairs of which a parent lacks the path; those without a parent."""
    counts = graph.commits[pairs[:, 0], 4]
    which, parents = _parents(graph, pairs[:, 0])
    lacking = np.zeros(len(pairs), np.bool_)
    lacks = ~held.contains(parents, pairs[which, 1])
    lacking[which[lacks]] = True
    chosen: Rows = pairs[lacking | (counts == 0)]
    return chosen


def _parents(graph: Graph, rows: Rows) -> tuple[Rows, Rows]:
    """Place in ``rows`` and row of each parent."""
    counts = graph.commits[rows, 4]
    which = np.repeat(np.arange(len(rows)), counts)
    offsets = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    return which, graph.parent_rows[graph.first_parent[rows][which] + offsets]


def _removed(graph: Graph, held: _Held, pairs: Rows, chosen: NDArray[np.bool_]) -> Rows:
    """Pairs of a commit and a path that a parent of it held and it does not."""
    order = np.argsort(graph.parent_rows, kind="stable")
    left, right = _joined(pairs[:, 0], graph.parent_rows[order])
    children = graph.child_rows[order[right]]
    kept = chosen[children] & ~held.contains(children, pairs[left, 1])
    return np.column_stack((children[kept], pairs[left[kept], 1]))


def _stay(graph: Graph, paths: _Paths, found: Stays, path: int) -> Stay:
    shown = paths.paths[path].decode("utf-8", "backslashreplace")
    oid = _hex(graph, paths.blobs[path])
    return found.setdefault(oid, {}).setdefault(shown, Stay())


def _commit(graph: Graph, row: int) -> Commit:
    number, _, seconds, author, _ = graph.commits[row].tolist()
    who = graph.names[author].decode("utf-8", "backslashreplace") if author >= 0 else ""
    return Commit(_hex(graph, number), seconds, who)
