"""Which objects of a pack hold credentials: each byte that is new is matched once, and each place
that is found is looked at once, however many objects share it.

Two passes. The first hands windows to the sieve, which names places; the second walks only the
families in which there are any, carries them from object to object, and asks the detector about
each text around a place that is new. What neither can tell is named for the reference reader.
"""

from __future__ import annotations

import hashlib
import os
import threading
from bisect import bisect_right
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanner.kit.contract import Secret, Sieve
from scanner.kit.git import native
from scanner.kit.git.packs import Families, Pack, families
from scanner.kit.git.walk import (
    BINARY,
    END,
    MATCHED,
    RUN,
    Flush,
    Limits,
    Walk,
    run_high,
    run_low,
)

_CHUNK_BYTES = 48 << 20
"""Inflated bytes of the families that one task walks."""
_LENGTH = (1 << END) - 1
_NONE: frozenset[Secret] = frozenset()


@dataclass
class Sifted:
    """By index in the pack."""

    hits: dict[int, set[Secret]] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)
    """To be read one by one: they decide as a whole, are not plain text, too large, or could not be
    rebuilt."""


def sift(
    pack: Pack,
    wanted: NDArray[np.bool_],
    sieve: Sieve,
    limits: Limits,
    *,
    use_native: bool = True,
) -> Sifted:
    """Looks at the objects of ``pack`` that are ``wanted``."""
    job = _Job(pack, wanted, sieve, limits, use_native=use_native)
    threads = min(4, os.cpu_count() or 1)
    links = families(pack, wanted)
    places = job.windows(links, threads)
    job.excerpts(links, places, threads)
    return job.result()


_Rows = NDArray[np.int64]
"""Places: object, end, bytes before and behind it that decide."""
_ByObject = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Where each object's places begin, and the places without their object."""


def _by_object(places: _Rows, count: int) -> _ByObject:
    rows = places[np.lexsort((places[:, 1], places[:, 0]))]
    first = np.searchsorted(rows[:, 0], np.arange(count + 1)).astype(np.int64)
    return first, np.ascontiguousarray(rows[:, 1:])


class _Window(NamedTuple):
    """A part of an object within a text."""

    text: bytes
    start: int
    stop: int
    is_first: bool
    """The object begins with it."""
    is_last: bool


class _Job:
    def __init__(
        self,
        pack: Pack,
        wanted: NDArray[np.bool_],
        sieve: Sieve,
        limits: Limits,
        *,
        use_native: bool,
    ) -> None:
        self._pack = pack
        self._sieve = sieve
        self._limits = limits
        self._core = native.core() if use_native else None
        self._wanted = wanted.astype(np.uint8)
        self._states = np.zeros(len(pack), np.uint8)
        self._as_whole = np.zeros(len(pack), np.bool_)
        self._known: dict[bytes, frozenset[Secret]] = {}
        self._found: list[tuple[int, int, int, int]] = []
        self._hits: dict[int, set[Secret]] = {}
        self._lock = threading.Lock()

    def windows(self, links: Families, threads: int) -> _Rows:
        self._over(links.roots, links.costs, links, threads, lambda: self._match, None)
        rows = np.array(self._found, np.int64).reshape(-1, 4)
        self._found = []
        self._spread_whole(links)
        return rows[~self._as_whole[rows[:, 0]]]

    def excerpts(self, links: Families, places: _Rows, threads: int) -> None:
        if not len(places):
            return
        holders = np.unique(places[:, 0])
        roots = _roots(self._pack, holders)
        chosen = np.isin(links.roots, roots)
        table = _by_object(places, len(self._pack))
        self._over(links.roots[chosen], links.costs[chosen], links, threads, self._asker, table)

    def result(self) -> Sifted:
        wanted = self._wanted.astype(np.bool_)
        settled = (self._states == MATCHED) | (self._states == BINARY)
        left = np.flatnonzero(wanted & (self._as_whole | ~settled))
        for number in left.tolist():
            self._hits.pop(number, None)
        return Sifted(self._hits, left.tolist())

    def _over(
        self,
        roots: NDArray[np.int32],
        costs: NDArray[np.int64],
        links: Families,
        threads: int,
        receiver: Callable[[], Flush],
        places: _ByObject | None,
    ) -> None:
        parts = chunks(roots, costs)

        def work(chunk: NDArray[np.int32]) -> None:
            self._walk(chunk, links, receiver(), places)
            self._pack.rest()

        if threads == 1 or len(parts) == 1 or self._core is None:
            for chunk in parts:
                work(chunk)
            return
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(work, chunk) for chunk in parts]:
                done.result()

    def _walk(
        self,
        roots: NDArray[np.int32],
        links: Families,
        flush: Flush,
        places: _ByObject | None,
    ) -> None:
        pack, width = self._pack, self._sieve.width
        first, table = places if places else (None, None)
        if self._core is None:
            Walk(
                pack, links, self._wanted, self._states, self._limits, width, flush, first, table
            ).run(roots)
            return
        self._core.walk(
            pack.raw, pack.data, pack.offsets[1:], pack.sizes, links.child, links.sibling,
            self._wanted, self._states, np.ascontiguousarray(roots),
            b"" if first is None else first, b"" if table is None else table,
            self._limits.most_object, self._limits.most_live, width, flush,
        )  # fmt: skip

    def _match(self, text: bytes, segments: bytes, records: bytes) -> None:
        events = self._sieve.places(text)
        if not events:
            return
        rows = np.frombuffer(segments, np.int64).reshape(-1, 4)
        starts = rows[:, 2].tolist()
        found: list[tuple[int, int, int, int]] = []
        whole: list[int] = []
        for number, stop in events:
            at = bisect_right(starts, stop - 1) - 1
            if at < 0:
                continue
            owner, low, start, extra = rows[at].tolist()
            before, behind = self._sieve.reach[number]
            window = _Window(text, start, start + (extra & _LENGTH), low == 0, bool(extra >> END))
            end = min(stop, window.stop)
            if behind < 0:
                whole.append(owner)
            elif self._may_hold(window, end, before, behind):
                found.append((owner, end - start + low, before, behind))
        with self._lock:
            self._as_whole[whole] = True
            self._found += found

    def _may_hold(self, window: _Window, end: int, before: int, behind: int) -> bool:
        """Whether a place is worth a second look: most are told from credentials by the window
        alone, when all that decides lies in it."""
        low, high = end - before, end + behind
        if before > RUN:
            view = window.text[max(low, window.start) : min(high, window.stop)]
            at = end - max(low, window.start)
            low, high = end - at + run_low(view, at), end - at + run_high(view, at)
        if (low <= window.start and not window.is_first) or (
            high >= window.stop and not window.is_last
        ):
            return True
        low, high = max(low, window.start), min(high, window.stop)
        return bool(self._answer(window.text[low:high], end - low, end - low))

    def _asker(self) -> Flush:
        """Numbers of excerpts count anew in each task."""
        answers: dict[int, frozenset[Secret]] = {}

        def ask(text: bytes, segments: bytes, records: bytes) -> None:
            for number, ends, start, length in (
                np.frombuffer(segments, np.int64).reshape(-1, 4).tolist()
            ):
                excerpt = text[start : start + length]
                answers[number] = self._answer(excerpt, ends >> 32, ends & 0xFFFFFFFF)
            for owner, number in np.frombuffer(records, np.int64).reshape(-1, 2).tolist():
                if found := answers.get(number, _NONE):
                    with self._lock:
                        self._hits.setdefault(owner, set()).update(found)

        return ask

    def _answer(self, excerpt: bytes, first: int, last: int) -> frozenset[Secret]:
        mark = hashlib.blake2b(excerpt, digest_size=16, salt=b"%d,%d" % (first, last)).digest()
        known = self._known.get(mark)
        if known is None:
            known = self._known[mark] = self._sieve.confirm(excerpt, first, last)
        return known

    def _spread_whole(self, links: Families) -> None:
        """What is a delta of a text that decides as a whole is looked at as a whole, too."""
        fresh = np.flatnonzero(self._as_whole)
        while len(fresh):
            below = _children(links, fresh)
            fresh = below[~self._as_whole[below]]
            self._as_whole[fresh] = True


def _children(links: Families, of: NDArray[np.int64]) -> NDArray[np.int64]:
    found: list[int] = []
    for number in of.tolist():
        child = int(links.child[number])
        while child >= 0:
            found.append(child)
            child = int(links.sibling[child])
    return np.array(found, np.int64)


def _roots(pack: Pack, objects: NDArray[np.int64]) -> NDArray[np.int64]:
    at = objects
    while True:
        above = pack.bases[at]
        if (above < 0).all():
            return np.unique(at)
        at = np.unique(np.where(above >= 0, above, at))


def chunks(roots: NDArray[np.int32], costs: NDArray[np.int64]) -> list[NDArray[np.int32]]:
    """Neighbours together, so that a task reads one part of the pack."""
    if not len(roots):
        return []
    parts = np.cumsum(costs) // _CHUNK_BYTES
    cuts = np.flatnonzero(np.diff(parts)) + 1
    return [part for part in np.split(roots, cuts) if len(part)]
