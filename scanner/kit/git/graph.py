"""What leads to what among the objects of a store: commits to trees, trees to trees and to the few
blobs that are asked for. Read from the packs by the compiled core, from loose objects here.

Owns the arrays and which commits the branches reach. Where it cannot be had (no core, too large,
grafts), whoever asks is told by ``None`` and asks git.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanner.kit.expressions import expression
from scanner.kit.git import native
from scanner.kit.git.objects import Store
from scanner.kit.git.packs import COMMIT, ID_SIZE, KINDS, TAG, TREE, Ids, families, prefixes
from scanner.kit.git.process import Git
from scanner.kit.git.sift import chunks
from scanner.kit.git.walk import LIVE_BYTES, MATCHED
from scanner.model.errors import Unavailable

_MOST_LOOSE = 20_000
_KINDS = {name: kind for kind, name in KINDS.items()}
_ENTRY = expression(rb"([0-7]{5,6}) ([^\0]+)\0(.{20})", re.S)
_HEADER = expression(rb"(?m)^(tree|parent) ([0-9a-f]{40})$")
_AUTHOR = expression(rb"(?m)^author [^\n]*?<([^>\n]*)>")
_COMMITTER = expression(rb"(?m)^committer [^\n]*> ?(-?[0-9]{1,15})")


class Numbers:
    """Id -> the first object of that id."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        found = prefixes(ids)
        self._order = np.argsort(found, kind="stable")
        self._sorted = found[self._order]

    def number(self, oid: str) -> int:
        """-1: not stored."""
        raw = bytes.fromhex(oid)
        wanted = np.uint64(int.from_bytes(raw[:8], "big"))
        at = int(np.searchsorted(self._sorted, wanted))
        while at < len(self._sorted) and self._sorted[at] == wanted:
            number = int(self._order[at])
            if self._ids[number].tobytes() == raw:
                return number
            at += 1
        return -1


@dataclass
class Graph:
    """Objects are numbers: their place in ``ids``."""

    number: Callable[[str], int]
    """Of an id; -1: not stored."""
    ids: Ids
    kinds: NDArray[np.uint8]
    edges: NDArray[np.int32]
    """Rows of child, tree that holds it, name; of trees, and of the blobs that were asked for."""
    commits: NDArray[np.int64]
    """Rows of commit, its tree (-1: not stored), committer's seconds, author, number of parents."""
    parents: NDArray[np.int64]
    """Of all commits, in their order; -1: not stored."""
    missing: list[tuple[str, int]]
    """Ids that are not stored, and an object that names each."""
    names: list[bytes]
    tips: NDArray[np.int64]
    """What the branches, tags and HEAD point at, tags also peeled."""
    cut: NDArray[np.int64]
    """Commits whose parents a shallow clone has left out."""

    @cached_property
    def first_parent(self) -> NDArray[np.int64]:
        """Where each commit's parents begin in ``parents``."""
        return np.concatenate(([0], np.cumsum(self.commits[:, 4])))

    @cached_property
    def row_of(self) -> NDArray[np.int64]:
        """Object -> its row in ``commits``, -1."""
        rows = np.full(len(self.ids) + 1, -1, np.int64)  # the last stands for -1
        rows[self.commits[:, 0]] = np.arange(len(self.commits))
        rows[-1] = -1
        return rows

    @cached_property
    def parent_rows(self) -> NDArray[np.int64]:
        return self.row_of[self.parents]

    @cached_property
    def child_rows(self) -> NDArray[np.int64]:
        """To whom each of ``parents`` is one."""
        return np.repeat(np.arange(len(self.commits)), self.commits[:, 4])

    @cached_property
    def reached(self) -> NDArray[np.bool_]:
        """By row: whether a branch, a tag or HEAD leads there."""
        seen = np.zeros(len(self.commits), np.bool_)
        first, parents = self.first_parent.tolist(), self.parent_rows.tolist()
        pending = [row for row in self.row_of[self.tips].tolist() if row >= 0]
        while pending:
            row = pending.pop()
            if not seen[row]:
                seen[row] = True
                pending += [p for p in parents[first[row] : first[row + 1]] if p >= 0]
        return seen

    def absent(self) -> set[str]:
        """Ids that a branch, a tag or HEAD leads to and that are not stored."""
        found: set[str] = set()
        if not self.missing:
            return found
        cut = set(self.cut.tolist())
        trees: NDArray[np.bool_] | None = None
        tips = set(self.tips.tolist())
        for oid, holder in self.missing:
            kind = int(self.kinds[holder])
            if kind == COMMIT:
                row = int(self.row_of[holder])
                is_tree = self.commits[row, 1] < 0
                if self.reached[row] and (holder not in cut or is_tree):
                    found.add(oid)
            elif kind == TREE:
                if trees is None:
                    trees = self._reached_trees()
                if trees[holder]:
                    found.add(oid)
            elif holder in tips:
                found.add(oid)
        return found

    def _reached_trees(self) -> NDArray[np.bool_]:
        seen = np.zeros(len(self.ids), np.bool_)
        roots = self.commits[self.reached, 1]
        tips = self.tips[self._are_trees(self.tips)]
        fresh = np.unique(np.concatenate((roots[roots >= 0], tips)))
        between = self._are_trees(self.edges[:, 0])
        children, holders = self.edges[between, 0], self.edges[between, 1]
        while len(fresh):
            seen[fresh] = True
            here = np.zeros(len(self.ids), np.bool_)
            here[fresh] = True
            below = np.zeros(len(self.ids), np.bool_)
            below[children[here[holders]]] = True
            fresh = np.flatnonzero(below & ~seen)
        return seen

    def _are_trees(self, objects: NDArray[Any]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.kinds[objects] == TREE
        return found


def build(git: Git, store: Store, sought: Iterable[str]) -> Graph | None:
    """``sought``: blobs whose places are wanted."""
    core = native.core()
    if core is None or len(store.loose) > _MOST_LOOSE:
        return None
    try:
        if git.path("info/grafts").exists():
            return None
        parts = _Parts(git, store, set(sought))
        for number in range(len(store.packs)):
            parts.add_pack(core, number)
        parts.add_loose()
        return parts.graph()
    except (MemoryError, Unavailable):
        return None


class _Parts:
    def __init__(self, git: Git, store: Store, sought: set[str]) -> None:
        self._git = git
        self._store = store
        self._loose = git.facts(store.loose)
        self._ids = store.ids()
        self.number = Numbers(self._ids).number
        kinds = [pack.kinds for pack in store.packs]
        loose = [_KINDS.get(f.kind, 0) if (f := self._loose.get(o)) else 0 for o in store.loose]
        self._kinds = np.concatenate((*kinds, np.array(loose, np.uint8)))
        self._sought = np.zeros(len(self._ids), np.uint8)
        self._sought[[n for n in map(self.number, sought) if n >= 0]] = 1
        self._edges: list[NDArray[np.int32]] = []
        self._commits: list[NDArray[np.int64]] = []
        self._parents: list[NDArray[np.int64]] = []
        self._missing: list[tuple[str, int]] = []
        self._names: list[bytes] = []
        self._numbers_of_names: dict[bytes, int] = {}

    def add_pack(self, core: Any, number: int) -> None:
        pack = self._store.packs[number]
        first = sum(map(len, self._store.packs[:number]))
        wanted = np.isin(pack.kinds, (COMMIT, TREE, TAG))
        links = families(pack, wanted)
        states = np.zeros(len(pack), np.uint8)
        ids = self._ids.tobytes()
        for roots in chunks(links.roots, links.costs):
            self._add(core.graph(
                pack.raw, pack.data, pack.offsets[1:], pack.sizes, links.child, links.sibling,
                wanted.astype(np.uint8), states, np.ascontiguousarray(roots), ids, self._kinds,
                self._sought, first, LIVE_BYTES, LIVE_BYTES,
            ))  # fmt: skip
            pack.rest()
        if (states[wanted] != MATCHED).any():
            raise MemoryError("an object of this pack has to be read by git")

    def _add(self, found: tuple[bytes, bytes, bytes, bytes, bytes, bytes]) -> None:
        edges, commits, parents, missing, names, ends = found
        stops = np.frombuffer(ends, np.int64).tolist()
        # Each part counts its names anew; here a name has one number.
        own = [self._name(names[a:b]) for a, b in zip([0, *stops], stops, strict=False)]
        numbers = np.array([*own, -1], np.int32)  # the last stands for -1
        rows = np.frombuffer(edges, np.int32).reshape(-1, 3).copy()
        rows[:, 2] = numbers[rows[:, 2]]
        heads = np.frombuffer(commits, np.int64).reshape(-1, 5).copy()
        heads[:, 3] = numbers[heads[:, 3]]
        self._edges.append(rows)
        self._commits.append(heads)
        self._parents.append(np.frombuffer(parents, np.int64))
        for at in range(0, len(missing), ID_SIZE + 8):
            holder = int.from_bytes(missing[at + ID_SIZE : at + ID_SIZE + 8], "little")
            self._missing.append((missing[at : at + ID_SIZE].hex(), holder))

    def add_loose(self) -> None:
        """The same of objects that are not packed."""
        edges: list[tuple[int, int, int]] = []
        heads: list[tuple[int, int, int, int, int]] = []
        parents: list[int] = []
        wanted = [o for o in self._store.loose if o in self._loose]
        for oid, data in self._git.contents(
            [o for o in wanted if self._loose[o].kind in ("tree", "commit")]
        ):
            own = self.number(oid)
            if data is None:
                raise MemoryError("an object has to be read by git")
            if self._kinds[own] == TREE:
                for mode, entry, raw in _entries(data):
                    if mode == b"160000":
                        continue
                    child = self._named(raw.hex(), own)
                    if child >= 0 and (self._kinds[child] == TREE or self._sought[child]):
                        edges.append((child, own, self._name(entry)))
            else:
                head = data.partition(b"\n\n")[0]
                lines = _HEADER.findall(head)
                tree = next((self._named(t.decode(), own) for k, t in lines if k == b"tree"), -1)
                above = [self._named(t.decode(), own) for k, t in lines if k == b"parent"]
                author, made = _AUTHOR.search(head), _COMMITTER.search(head)
                who = self._name(author[1]) if author else -1
                heads.append((own, tree, int(made[1]) if made else 0, who, len(above)))
                parents += above
        self._edges.append(np.array(edges, np.int32).reshape(-1, 3))
        self._commits.append(np.array(heads, np.int64).reshape(-1, 5))
        self._parents.append(np.array(parents, np.int64))

    def _name(self, text: bytes) -> int:
        number = self._numbers_of_names.setdefault(text, len(self._names))
        if number == len(self._names):
            self._names.append(text)
        return number

    def _named(self, oid: str, holder: int) -> int:
        found = self.number(oid)
        if found < 0:
            self._missing.append((oid, holder))
        return found

    def graph(self) -> Graph:
        commits = np.concatenate(self._commits)
        parents = np.concatenate(self._parents)
        cut = np.array([n for n in map(self.number, self._cut()) if n >= 0], np.int64)
        for commit in cut.tolist():  # git takes them for the first ones
            parents = _without_parents(commits, parents, commit)
        tips = sorted({n for n in map(self.number, self._tips()) if n >= 0})
        return Graph(
            number=self.number,
            ids=self._ids,
            kinds=self._kinds,
            edges=np.concatenate(self._edges),
            commits=commits,
            parents=parents,
            missing=self._missing,
            names=self._names,
            tips=np.array(tips, np.int64),
            cut=cut,
        )

    def _tips(self) -> Iterator[str]:
        for line in self._git.lines("for-each-ref", "--format=%(objectname) %(*objectname)"):
            yield from line.split()
        with suppress(Unavailable):  # a HEAD that leads nowhere
            yield self._git.text("rev-parse", "--verify", "--quiet", "HEAD").strip()

    def _cut(self) -> list[str]:
        try:
            text = self._git.path("shallow").read_text()
        except (OSError, ValueError):
            return []
        return [oid for oid in text.split() if len(oid) == ID_SIZE * 2]


def _entries(tree: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Mode, name and id. Raises ``MemoryError`` for a tree that git has to judge."""
    found: list[tuple[bytes, bytes, bytes]] = _ENTRY.findall(tree)
    if sum(len(mode) + len(name) + ID_SIZE + 2 for mode, name, _ in found) != len(tree):
        raise MemoryError("a tree has to be read by git")
    return found


def _without_parents(
    commits: NDArray[np.int64], parents: NDArray[np.int64], commit: int
) -> NDArray[np.int64]:
    first = np.concatenate(([0], np.cumsum(commits[:, 4])))
    for row in np.flatnonzero(commits[:, 0] == commit).tolist():
        parents = np.delete(parents, np.s_[first[row] : first[row + 1]])
        commits[row, 4] = 0
    return parents
