"""Deltas taken apart, many at once: what each copies of its base, what it inserts, and which spans
of the new object nobody has seen.

Formats: https://git-scm.com/docs/gitformat-pack#_deltified_representation. A delta is hostile: one
that does not add up is told, and gives nothing. Thirty steps a delta and a hundred thousand deltas
are too many for a loop over the fields of each: only where the next step begins is followed one by
one, all else is read from arrays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Copy = tuple[int, int, int]
"""Offset in the new object, offset in the base, length."""

Ints = NDArray[np.int64]

_NEAR = 16
"""A few bytes between two spans cost less than a span of their own."""
_MOST_STEPS = 4 << 20
"""Of one delta: each costs memory while it is taken apart."""
_LONGEST = 0x10000
"""A copy that gives no length."""
_STEP = bytes(1 + (op & 0x7F).bit_count() if op & 0x80 else 1 + op for op in range(256))
"""Bytes from one step to the next, by the step's first."""


class Deltas:
    """Some deltas by their number; ``width``: bytes on both sides of what is new that belong to
    its span."""

    def __init__(self, numbers: Sequence[int], streams: Sequence[bytes], width: int) -> None:
        self._index = {number: at for at, number in enumerate(numbers)}
        self._text = b"".join(streams)
        heads = [_head(stream) for stream in streams]
        lengths = np.fromiter(map(len, streams), np.int64, len(streams))
        ends = np.cumsum(lengths)
        starts = ends - lengths
        places, counts, is_sound = _followed(self._text, starts.tolist(), ends.tolist(), heads)
        self._sizes = [(base, size) for base, size, _ in heads]
        self._read(places, counts, is_sound, width)

    def sizes(self, number: int) -> tuple[int, int]:
        """Bytes of its base and of what it makes of it; -1 and -1 for one that does not add up."""
        at = self._index[number]
        return self._sizes[at] if self._is_sound[at] else (-1, -1)

    def applied(self, number: int, base: bytes) -> bytes:
        """The object, of a delta whose sizes have been looked at."""
        at = self._index[number]
        low, high = self._firsts[at], self._firsts[at + 1]
        text = self._text
        return b"".join(
            [
                base[start:stop] if is_copy else text[start:stop]
                for is_copy, start, stop in zip(
                    self._copies[low:high], self._low[low:high], self._high[low:high], strict=True
                )
            ]
        )

    def copies(self, number: int) -> list[Copy]:
        at = self._index[number]
        return [
            (self._targets[row], self._low[row], self._high[row] - self._low[row])
            for row in range(self._firsts[at], self._firsts[at + 1])
            if self._copies[row]
        ]

    def spans(self, number: int) -> list[tuple[int, int]]:
        """What is new, in order."""
        at = self._index[number]
        low, high = self._span_firsts[at], self._span_firsts[at + 1]
        return self._spans[low:high]

    def _read(self, places: Ints, counts: Ints, is_sound: NDArray[np.bool_], width: int) -> None:
        raw = np.frombuffer(self._text, np.uint8)
        bases, sizes = np.array(self._sizes, np.int64).reshape(-1, 2).T
        owner = np.repeat(np.arange(len(counts)), counts)
        step = raw[places].astype(np.int64) if len(places) else np.empty(0, np.int64)
        is_copy = step >= 0x80
        low, length = places + 1, step.copy()
        _fill_copies(raw, places, step, is_copy, low, length)
        firsts = np.concatenate(([0], np.cumsum(counts)))
        is_wrong = (step == 0) | (is_copy & (low + length > bases[owner]))
        is_sound &= np.bincount(owner, is_wrong, len(counts)) == 0
        # Sums of lengths: each is below 2 ** 24, and there are at most 2 ** 24 steps.
        made = np.concatenate(([0], np.cumsum(length)))
        is_sound &= made[firsts[1:]] - made[firsts[:-1]] == sizes
        target = made[:-1] - made[firsts[:-1]][owner]
        # Where a copy would have to go on, and where one ends; before the first step that is 0.
        ended = np.concatenate(([0], np.where(is_copy, low + length, -1)))
        last = np.where(counts > 0, ended[firsts[1:]], 0)
        opens = np.zeros(len(step), np.bool_)
        opens[firsts[:-1][counts > 0]] = True
        is_joined = is_copy & (low == np.where(opens, 0, ended[:-1]))
        self._is_sound = is_sound.tolist()
        new = np.flatnonzero(~is_joined)
        ends = np.flatnonzero((last >= 0) & (last != bases))
        inserted = np.where(is_copy[new], 0, length[new])
        self._set_spans(
            np.concatenate((owner[new], ends)),
            np.concatenate((target[new], sizes[ends])) - width,
            np.concatenate((target[new] + inserted + width, sizes[ends])),
            sizes,
        )
        # Long copies come in pieces.
        kept = ~(is_joined & ~opens)
        groups = np.flatnonzero(kept)
        length = np.add.reduceat(length, groups) if len(groups) else length[:0]
        self._copies: list[bool] = is_copy[kept].tolist()
        self._low: list[int] = low[kept].tolist()
        self._high: list[int] = (low[kept] + length).tolist()
        self._targets: list[int] = target[kept].tolist()
        self._firsts: list[int] = np.concatenate(([0], np.cumsum(kept)))[firsts].tolist()

    def _set_spans(self, of: Ints, low: Ints, high: Ints, sizes: Ints) -> None:
        """Around what is inserted, around where two copies meet that did not stand together, and
        at an end that is not the base's."""
        order = np.argsort(of, kind="stable")
        of, low, high = of[order], low[order], high[order]
        low, high = np.maximum(low, 0), np.minimum(high, sizes[of])
        some = low < high
        of, low, high = of[some], low[some], high[some]
        starts = np.ones(len(of), np.bool_)
        # Each begins and ends behind the one before it.
        starts[1:] = (of[1:] != of[:-1]) | (low[1:] > high[:-1] + _NEAR)
        at = np.flatnonzero(starts)
        until = np.append(at, len(of))[1:] - 1
        self._spans = list(zip(low[at].tolist(), high[until].tolist(), strict=True))
        self._span_firsts: list[int] = np.searchsorted(of[at], np.arange(len(sizes) + 1)).tolist()


def _followed(
    text: bytes, starts: list[int], ends: list[int], heads: list[tuple[int, int, int]]
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Where each step begins, how many each delta has, and whether its last ends with it."""
    steps = text.translate(_STEP)
    places: list[int] = []
    counts = np.zeros(len(starts), np.int64)
    is_sound = np.zeros(len(starts), np.bool_)
    add = places.append
    for number, (start, end, head) in enumerate(zip(starts, ends, heads, strict=True)):
        at = start + head[2]
        before = len(places)
        if head[1] < 0:
            continue
        most = min(end, at + _MOST_STEPS)
        while at < most:
            add(at)
            at += steps[at]
        if at == end:
            is_sound[number] = True
            counts[number] = len(places) - before
        else:
            del places[before:]
    return np.array(places, np.int64), counts, is_sound


def _fill_copies(
    raw: NDArray[np.uint8],
    places: Ints,
    step: Ints,
    is_copy: NDArray[np.bool_],
    low: Ints,
    length: Ints,
) -> None:
    """Offset and length of the copies: little-endian, of bytes that are there where a bit of the
    first one says so."""
    rows = np.flatnonzero(is_copy)
    at, bits = places[rows] + 1, step[rows]
    numbers = [np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)]
    for bit in range(7):
        there = np.flatnonzero(bits >> bit & 1)
        field, shift = (0, bit) if bit < 4 else (1, bit - 4)
        numbers[field][there] |= raw[at[there]].astype(np.int64) << 8 * shift
        at[there] += 1
    low[rows] = numbers[0]
    length[rows] = np.where(numbers[1] == 0, _LONGEST, numbers[1])


def _head(delta: bytes) -> tuple[int, int, int]:
    """Sizes of the base and of the result (-1 where they break off), and where the steps begin."""
    base, at = _varint(delta, 0)
    size, at = _varint(delta, at)
    return (base, size, at) if base >= 0 else (-1, -1, at)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 63, 7):
        if at >= len(data):
            return -1, at
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    return -1, at
