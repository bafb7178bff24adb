"""A pack and its index as arrays: which objects it holds, of which kind, and which are stored as
deltas of which.

Owns the formats (https://git-scm.com/docs/gitformat-pack) and refuses to guess: an index that does
not add up is a ``BrokenPack``, and whoever asked reads that pack through git. It inflates nothing.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanner.kit.git import native

ID_SIZE = 20
COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA = 1, 2, 3, 4, 6, 7
KINDS = {COMMIT: "commit", TREE: "tree", BLOB: "blob", TAG: "tag"}
_PART_BYTES = 32 << 20
_FANOUT = 8 + 256 * 4
_MOST_LINKS = 14
"""Doublings that lead from the longest chain to its root: 2 ** 14 deltas."""

Ids = NDArray[np.void]
"""Object ids as fixed 20-byte items, comparable and sortable."""


def prefixes(ids: Ids) -> NDArray[np.uint64]:
    """The first 8 bytes of each id, as numbers in the same order."""
    if not len(ids):
        return np.empty(0, np.uint64)
    raw = np.frombuffer(ids.tobytes(), np.uint8).reshape(-1, ID_SIZE)
    return np.ascontiguousarray(raw[:, :8]).view(">u8").ravel().astype(np.uint64)


def places_of(wanted: NDArray[Any], keys: NDArray[Any]) -> NDArray[np.int64]:
    """Where each of ``wanted`` stands among the sorted ``keys``; -1: nowhere."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    at = np.searchsorted(keys, wanted)
    at[at == len(keys)] = 0
    return np.where(keys[at] == wanted, at, -1)


class BrokenPack(Exception):
    """The pack cannot be read this way, and why."""


@dataclass
class Pack:
    """Objects in the order in which they lie in the pack."""

    path: Path
    raw: mmap.mmap
    ids: Ids
    offsets: NDArray[np.int64]
    """One more than there are objects: the last is where the checksum begins."""
    entry_kinds: NDArray[np.uint8]
    """As stored; 0 where the header is broken."""
    kinds: NDArray[np.uint8]
    """What the object is once its deltas are applied; 0 where that cannot be told."""
    sizes: NDArray[np.int64]
    """Inflated size of the entry (for a delta: of the delta)."""
    data: NDArray[np.int64]
    """Where an entry's compressed bytes begin."""
    bases: NDArray[np.int64]
    """Index of the object that a delta is of, -1 for a whole object or a base that is not here."""

    sorted_ids: bytes
    """As the index has them."""

    @cached_property
    def prefixes(self) -> NDArray[np.uint64]:
        """The first 8 bytes of each of ``sorted_ids``."""
        return prefixes(np.frombuffer(self.sorted_ids, f"V{ID_SIZE}"))

    def holds(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of some ids it holds."""
        at = places_of(prefixes(ids), self.prefixes)
        found: NDArray[np.bool_] = at >= 0
        own = np.frombuffer(self.sorted_ids, f"V{ID_SIZE}")
        here = np.flatnonzero(found)
        for place in here[own[at[here]] != ids[here]]:  # others with the same beginning
            found[place] = _find(self.sorted_ids, ids[place].tobytes()) >= 0
        return found

    def __len__(self) -> int:
        return len(self.ids)

    def rest(self) -> None:
        """Gives back the memory that reading has mapped; the next read maps it again."""
        _rest(self.raw)


def read_index(path: Path) -> tuple[Ids, NDArray[np.int64]]:
    """Ids (sorted) and offsets of a version 2 index. Raises ``BrokenPack``."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BrokenPack(f"{path.name}: {error.strerror or error}") from error
    if raw[:8] != b"\xfftOc\0\0\0\2" or len(raw) < _FANOUT + 2 * ID_SIZE:
        raise BrokenPack(f"{path.name}: not an index of version 2")
    fanout = np.frombuffer(raw, ">u4", 256, 8)
    count = int(fanout[-1])
    small = _FANOUT + count * (ID_SIZE + 4)
    large = small + count * 4
    if len(raw) < large + 2 * ID_SIZE or (np.diff(fanout.astype(np.int64)) < 0).any():
        raise BrokenPack(f"{path.name}: shorter than it says")
    ids = np.frombuffer(raw, f"V{ID_SIZE}", count, _FANOUT)
    offsets = np.frombuffer(raw, ">u4", count, small).astype(np.int64)
    far = offsets >= 1 << 31
    if far.any():
        rest = raw[large : len(raw) - 2 * ID_SIZE]
        if len(rest) % 8:
            raise BrokenPack(f"{path.name}: an offset that is cut off")
        wide = np.frombuffer(rest, ">u8")
        places = offsets[far] & 0x7FFFFFFF
        if places.max() >= len(wide) or wide.max(initial=0) >= 1 << 62:
            raise BrokenPack(f"{path.name}: an offset that is not there")
        offsets[far] = wide[places].astype(np.int64)
    return ids, offsets


def open_pack(path: Path, *, use_native: bool = True) -> Pack:
    """The pack beside whose index ``path`` (``*.pack``) lies. Raises ``BrokenPack``."""
    ids, offsets = read_index(path.with_suffix(".idx"))
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise BrokenPack(f"{path.name}: {error}") from error
    end = len(data) - ID_SIZE
    if data[:4] != b"PACK" or int.from_bytes(data[4:8], "big") not in (2, 3):
        raise BrokenPack(f"{path.name}: not a pack")
    if len(offsets) and (offsets.min() < 12 or offsets.max() >= end):
        raise BrokenPack(f"{path.name}: its index points out of it")
    order = np.argsort(offsets, kind="stable")
    bounds = np.append(offsets[order], end)
    if (np.diff(bounds) <= 0).any():
        raise BrokenPack(f"{path.name}: its index names one place twice")
    kinds, sizes, bases, start = _headers(data, bounds, use_native=use_native)
    pack = Pack(
        path=path,
        raw=data,
        ids=ids[order],
        offsets=bounds,
        entry_kinds=kinds,
        kinds=kinds,
        sizes=sizes,
        data=start,
        bases=_base_indexes(data, ids, order, bounds, kinds, bases),
        sorted_ids=ids.tobytes(),
    )
    pack.kinds = _whole_kinds(pack)
    pack.rest()
    return pack


def _base_indexes(
    data: mmap.mmap,
    ids: Ids,
    order: NDArray[np.int64],
    bounds: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    bases: NDArray[np.int64],
) -> NDArray[np.int64]:
    found = np.full(len(kinds), -1, np.int64)
    near = np.flatnonzero((kinds == OFS_DELTA) & (bases >= 0))
    if len(near):
        found[near] = places_of(bases[near], bounds[:-1])
    by_id = np.flatnonzero((kinds == REF_DELTA) & (bases >= 0))
    if len(by_id):
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))  # place in the index -> place in the pack
        sorted_ids = ids.tobytes()
        for entry in by_id:
            wanted = data[int(bases[entry]) : int(bases[entry]) + ID_SIZE]
            place = _find(sorted_ids, wanted)
            if place >= 0:
                found[entry] = rank[place]
    return found


def _find(ids: bytes, wanted: bytes) -> int:
    low, high = 0, len(ids) // ID_SIZE
    while low < high:
        middle = (low + high) // 2
        if ids[middle * ID_SIZE : (middle + 1) * ID_SIZE] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if ids[low * ID_SIZE : (low + 1) * ID_SIZE] == wanted else -1


def _whole_kinds(pack: Pack) -> NDArray[np.uint8]:
    root = np.where(pack.bases >= 0, pack.bases, np.arange(len(pack)))
    for _ in range(_MOST_LINKS):
        further = root[root]
        if (further == root).all():
            break
        root = further
    kinds = pack.entry_kinds[root]
    kinds[(kinds == OFS_DELTA) | (kinds == REF_DELTA)] = 0  # a base elsewhere, or a ring
    return kinds


@dataclass
class Families:
    """The objects of a pack that have to be rebuilt, linked from base to deltas."""

    roots: NDArray[np.int32]
    child: NDArray[np.int32]
    sibling: NDArray[np.int32]
    costs: NDArray[np.int64]
    """Inflated bytes of each root's family."""


def families(pack: Pack, wanted: NDArray[np.bool_]) -> Families:
    """Families with at least one of ``wanted`` in them, without the branches that lead to none."""
    needed = wanted & (pack.kinds > 0)
    fresh = np.flatnonzero(needed)
    while len(fresh):
        above = pack.bases[fresh]
        above = np.unique(above[above >= 0])
        fresh = above[~needed[above]]
        needed[fresh] = True
    child = np.full(len(pack), -1, np.int32)
    sibling = np.full(len(pack), -1, np.int32)
    deltas = np.flatnonzero(needed & (pack.bases >= 0))
    of = pack.bases[deltas]
    order = np.argsort(of, kind="stable")
    deltas, of = deltas[order], of[order]
    if len(deltas):
        same = of[1:] == of[:-1]
        sibling[deltas[:-1][same]] = deltas[1:][same]
        first = np.concatenate(([True], ~same))
        child[of[first]] = deltas[first]
    roots = np.flatnonzero(needed & (pack.bases < 0))
    return Families(roots.astype(np.int32), child, sibling, _costs(pack, needed, roots))


def _costs(pack: Pack, needed: NDArray[np.bool_], roots: NDArray[np.int64]) -> NDArray[np.int64]:
    root = np.where(pack.bases >= 0, pack.bases, np.arange(len(pack)))
    for _ in range(_MOST_LINKS):
        root = root[root]
    total = np.zeros(len(pack), np.int64)
    members = np.flatnonzero(needed)
    np.add.at(total, root[members], pack.sizes[members] + 64)
    costs: NDArray[np.int64] = total[roots]
    return costs


def _headers(data: mmap.mmap, bounds: NDArray[np.int64], *, use_native: bool) -> Any:
    count = len(bounds) - 1
    kinds = np.zeros(count, np.uint8)
    sizes = np.zeros(count, np.int64)
    bases = np.full(count, -1, np.int64)
    start = np.full(count, -1, np.int64)
    core = native.core() if use_native else None
    low = 0
    while low < count:
        # A part at a time, so that the whole pack is never in memory.
        high = max(low + 1, int(np.searchsorted(bounds, bounds[low] + _PART_BYTES)) - 1)
        part, edges = np.s_[low:high], bounds[low : high + 1]
        if core is not None:
            core.headers(data, edges, kinds[part], sizes[part], bases[part], start[part], ID_SIZE)
        else:
            _parse_headers(data, edges, kinds[part], sizes[part], bases[part], start[part])
        _rest(data)
        low = high
    return kinds, sizes, bases, start


def _rest(data: mmap.mmap) -> None:
    if hasattr(data, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED)


def _parse_headers(
    data: mmap.mmap,
    bounds: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    bases: NDArray[np.int64],
    start: NDArray[np.int64],
) -> None:
    """All entries at once, one byte of the header a step."""
    raw = np.frombuffer(data, np.uint8)
    at, ends = bounds[:-1].copy(), bounds[1:]
    byte = raw[at].astype(np.int64)
    at += 1
    found = (byte >> 4) & 7
    size = byte & 15
    is_sound = np.ones(len(at), np.bool_)
    going = np.flatnonzero(byte & 0x80)
    for shift in range(4, 60, 7):
        going = going[at[going] < ends[going]]
        if not len(going):
            break
        byte = raw[at[going]].astype(np.int64)
        size[going] |= (byte & 0x7F) << shift
        at[going] += 1
        going = going[(byte & 0x80) != 0]
    is_sound[going] = False
    near = np.flatnonzero(is_sound & (found == OFS_DELTA))
    back = np.zeros(len(at), np.int64)
    going = near
    for number in range(9):
        going = going[at[going] < ends[going]]
        if not len(going):
            break
        byte = raw[at[going]].astype(np.int64)
        back[going] = (((back[going] + 1) << 7) if number else 0) | (byte & 0x7F)
        at[going] += 1
        going = going[(byte & 0x80) != 0]
    is_sound[going] = False
    bases[near] = bounds[near] - back[near]
    is_sound[near] &= (back[near] > 0) & (bases[near] > 0)
    by_id = np.flatnonzero(is_sound & (found == REF_DELTA))
    bases[by_id] = at[by_id]
    at[by_id] += ID_SIZE
    is_sound &= (at <= ends) & np.isin(found, (COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA))
    kinds[is_sound] = found[is_sound]
    sizes[is_sound] = size[is_sound]
    start[is_sound] = at[is_sound]
    bases[~is_sound] = -1
    del raw
