"""The pack walk in Python: the same families, windows and excerpts as ``native/packwalk.c``, for
machines where that was not built, and what it is tested against.

A pack stores most objects as deltas of others, so that most bytes of a history stand in it once.
Each family is rebuilt from its root, depth first; of a delta only what it inserts and where copied
parts meet is handed out, with ``width`` bytes on both sides; places that were found in a base are
carried into what copies them. Nothing in a pack is trusted: what does not add up is flagged.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from scanner.kit.git.packs import Families, Pack

UNSEEN, MATCHED, BINARY, ODD, UNREADABLE, TOO_LARGE = range(6)
"""What became of an object. ``ODD``: not plain text, but perhaps text in another form."""

OUT_CAP = 4 << 20
_PROBE = 8000
_CLUSTER = 256
_NEAR = 16
_MAGIC = (
    b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"BZh",
    b"\xfd7zXZ", b"\x28\xb5\x2f\xfd",
)  # fmt: skip
_TOKEN = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-+/=.")

Flush = Callable[[bytes, bytes, bytes], None]
"""``flush(text, segments, records)``: parts of objects, each behind a NUL; int64 rows of (object,
offset in it, offset in ``text``, length), and int64 pairs of (object, excerpt). For excerpts the
rows are (excerpt, first end << 32 | last end, offset in ``text``, length)."""
Copy = tuple[int, int, int]
"""Offset in the new object, offset in the base, length."""


def _inflater() -> ModuleType:
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib
    module: ModuleType = isal_zlib
    return module


@dataclass
class Limits:
    """Bytes. ``live``: of all objects that are held at once."""

    most_object: int
    most_live: int


@dataclass
class _Place:
    end: int
    before: int
    behind: int
    excerpt: int = -1


@dataclass
class _Frame:
    object: int
    data: bytes
    next: int
    is_matched: bool = False
    places: list[_Place] = field(default_factory=list)


class Walk:
    """One pass over some families. ``first`` and ``table``: places by object (rows of end, bytes
    before it and behind it that decide); with them excerpts are handed out instead of windows."""

    def __init__(
        self,
        pack: Pack,
        links: Families,
        wanted: NDArray[np.uint8],
        states: NDArray[np.uint8],
        limits: Limits,
        width: int,
        flush: Flush,
        first: NDArray[np.int64] | None = None,
        table: NDArray[np.int64] | None = None,
    ) -> None:
        self._pack = pack
        self._links = links
        self._wanted = wanted
        self._states = states
        self._limits = limits
        self._width = width
        self._flush = flush
        self._first = first
        self._table = table
        self._inflate = _inflater()
        self._live = 0
        self._parts: list[bytes] = []
        self._used = 0
        self._segments: list[tuple[int, int, int, int]] = []
        self._records: list[tuple[int, int]] = []
        self._excerpts = 0

    def run(self, roots: NDArray[np.int32]) -> None:
        for root in roots.tolist():
            self._family(root)
        self._give()

    def _family(self, root: int) -> None:
        data = self._inflated(root)
        if data is None:
            return
        frame = _Frame(root, data, int(self._links.child[root]))
        self._live += len(data)
        self._visit(frame, None, [], [])
        stack = [frame]
        while stack:
            top = stack[-1]
            if top.next < 0:
                self._live -= len(stack.pop().data)
                continue
            child = top.next
            top.next = int(self._links.sibling[child])
            built = self._built(child, top)
            if built is None:
                continue
            frame, copies, spans = built
            self._visit(frame, top, copies, spans)
            if frame.next < 0:
                self._live -= len(frame.data)
            else:
                if top.next < 0:  # nobody needs the base any more
                    self._live -= len(stack.pop().data)
                stack.append(frame)

    def _inflated(self, number: int) -> bytes | None:
        size = int(self._pack.sizes[number])
        if size > self._limits.most_object or self._live + size > self._limits.most_live:
            self._states[number] = TOO_LARGE
            return None
        start, end = int(self._pack.data[number]), int(self._pack.offsets[number + 1])
        try:
            # Bounded: a few bytes can be made to inflate to gigabytes.
            engine = self._inflate.decompressobj()
            data: bytes = engine.decompress(self._pack.bytes[start:end], size + 1)
            is_whole = engine.eof or (not size and not data)
        except (zlib.error, ValueError, self._inflate.error):
            data, is_whole = b"", False
        if len(data) != size or not is_whole:
            self._states[number] = UNREADABLE
            return None
        return data

    def _built(
        self, number: int, base: _Frame
    ) -> tuple[_Frame, list[Copy], list[tuple[int, int]]] | None:
        delta = self._inflated(number)
        if delta is None:
            return None
        size, at = _result_size(delta, len(base.data))
        if size < 0:
            self._states[number] = UNREADABLE
            return None
        if size > self._limits.most_object or self._live + size > self._limits.most_live:
            self._states[number] = TOO_LARGE
            return None
        applied = _applied(delta, at, base.data, size, self._width)
        if applied is None:
            self._states[number] = UNREADABLE
            return None
        data, copies, spans = applied
        self._live += size
        return _Frame(number, data, int(self._links.child[number])), copies, spans

    def _visit(
        self,
        frame: _Frame,
        base: _Frame | None,
        copies: list[Copy],
        spans: list[tuple[int, int]],
    ) -> None:
        if not self._wanted[frame.object]:
            return
        state = state_of(frame.data)
        self._states[frame.object] = state
        if state != MATCHED:
            return
        frame.is_matched = True
        known = base if base is not None and base.is_matched else None
        if self._first is not None:
            self._set_places(frame, known, copies)
            self._put_places(frame)
        elif known is not None:
            for low, high in spans:
                self._put_window(frame, low, high)
        else:
            self._put_window(frame, 0, len(frame.data))

    def _put_window(self, frame: _Frame, low: int, high: int) -> None:
        while low < high:
            length = min(high - low, OUT_CAP - 2)
            self._put_part(frame.object, low, frame.data[low : low + length], length)
            if low + length >= high:
                return
            low += length - self._width

    def _put_part(self, owner: int, low: int, part: bytes, extra: int) -> None:
        if self._used + len(part) + 1 > OUT_CAP:
            self._give()
        self._segments.append((owner, low, self._used + 1, extra))
        self._parts.append(part)
        self._used += len(part) + 1

    def _give(self) -> None:
        if self._parts or self._records:
            text = b"\0" + b"\0".join(self._parts) + b"\0"
            self._flush(text, _rows(self._segments), _rows(self._records))
        self._parts, self._segments, self._records, self._used = [], [], [], 0

    def _set_places(self, frame: _Frame, base: _Frame | None, copies: list[Copy]) -> None:
        if self._first is None or self._table is None:
            return
        found = _inherited(base, copies, len(frame.data), self._width) if base else []
        low, high = int(self._first[frame.object]), int(self._first[frame.object + 1])
        for end, before, behind in self._table[low:high].tolist():
            if 0 <= end <= len(frame.data):
                found.append(_Place(end, before, behind))
        found.sort(key=lambda place: (place.end, -place.excerpt))
        kept: list[_Place] = []
        for place in found:
            if not kept or kept[-1].end != place.end:
                kept.append(place)
            elif place.before > kept[-1].before or place.behind > kept[-1].behind:
                kept[-1] = _Place(
                    place.end,
                    max(place.before, kept[-1].before),
                    max(place.behind, kept[-1].behind),
                )
        frame.places = kept

    def _put_places(self, frame: _Frame) -> None:
        places, number, last = frame.places, 0, -1
        while number < len(places):
            place = places[number]
            if place.excerpt >= 0:
                if place.excerpt != last:
                    self._records.append((frame.object, place.excerpt))
                last = place.excerpt
                number += 1
                continue
            bunch = [place]
            for following in places[number + 1 :]:
                token = frame.data[place.end : following.end - 1]
                if following.excerpt >= 0 or following.end - place.end > _CLUSTER:
                    break
                if not _TOKEN.issuperset(token):
                    break
                bunch.append(following)
            low = max(0, min(p.end - p.before for p in bunch))
            high = min(len(frame.data), max(p.end + p.behind for p in bunch))
            high = min(high, low + OUT_CAP - 2)
            last = self._excerpts
            self._excerpts += 1
            ends = (place.end - low) << 32 | (bunch[-1].end - low)
            for member in bunch:
                member.excerpt = last
            self._put_part(last, ends, frame.data[low:high], high - low)
            self._records.append((frame.object, last))
            number += len(bunch)


def _rows(rows: list[tuple[int, int, int, int]] | list[tuple[int, int]]) -> bytes:
    return np.array(rows, np.int64).tobytes() if rows else b""


def state_of(data: bytes) -> int:
    """Text that is looked at here, a binary, or something that needs more thought than a NUL test:
    UTF-16 and UTF-32, archives and compressed files."""
    if data.startswith(_MAGIC) or data[257:262] == b"ustar":
        return ODD
    if b"\0" not in data[:_PROBE]:
        return MATCHED
    head = data[:512]
    return ODD if head.count(0) * 4 >= len(head) else BINARY


def _result_size(delta: bytes, base_size: int) -> tuple[int, int]:
    """Size of the result (-1 where the delta is not one of this base) and where its steps begin."""
    base, at = _varint(delta, 0)
    if base != base_size:
        return -1, at
    return _varint(delta, at)


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


def _applied(
    delta: bytes, at: int, base: bytes, size: int, width: int
) -> tuple[bytes, list[Copy], list[tuple[int, int]]] | None:
    """The object, what it copies and which spans of it are new; None for a delta that does not add
    up."""
    parts: list[bytes] = []
    copies: list[Copy] = []
    spans: list[tuple[int, int]] = []
    filled = follows = 0
    end = len(delta)
    while at < end:
        op = delta[at]
        at += 1
        if op & 0x80:
            offset = length = 0
            for bit, shift in ((1, 0), (2, 8), (4, 16), (8, 24)):
                if op & bit:
                    if at >= end:
                        return None
                    offset |= delta[at] << shift
                    at += 1
            for bit, shift in ((0x10, 0), (0x20, 8), (0x40, 16)):
                if op & bit:
                    if at >= end:
                        return None
                    length |= delta[at] << shift
                    at += 1
            length = length or 0x10000
            if offset + length > len(base) or length > size - filled:
                return None
            parts.append(base[offset : offset + length])
            if offset != follows:
                _add(spans, filled - width, filled + width, size)
            if copies and copies[-1][1] + copies[-1][2] == offset and (
                copies[-1][0] + copies[-1][2] == filled
            ):  # fmt: skip
                copies[-1] = (copies[-1][0], copies[-1][1], copies[-1][2] + length)
            else:
                copies.append((filled, offset, length))
            filled += length
            follows = offset + length
        elif op:
            if at + op > end or op > size - filled:
                return None
            parts.append(delta[at : at + op])
            _add(spans, filled - width, filled + op + width, size)
            at += op
            filled += op
            follows = -1
        else:
            return None
    if filled != size:
        return None
    if follows >= 0 and follows != len(base):
        _add(spans, size - width, size, size)
    return b"".join(parts), copies, spans


def _add(spans: list[tuple[int, int]], low: int, high: int, size: int) -> None:
    low, high = max(0, low), min(high, size)
    if low >= high:
        return
    if spans and low <= spans[-1][1] + _NEAR:
        spans[-1] = (spans[-1][0], max(spans[-1][1], high))
    else:
        spans.append((low, high))


def _inherited(base: _Frame, copies: list[Copy], size: int, width: int) -> list[_Place]:
    found: list[_Place] = []
    if not base.places:
        return found
    ends = [place.end for place in base.places]
    base_size = len(base.data)
    for copy in copies:
        target, source, length = copy
        for number in range(bisect_right(ends, source), bisect_right(ends, source + length)):
            place = base.places[number]
            end = place.end
            if not _inside(end - width, end + 1, base_size, copy, size, strict=False):
                continue
            is_same = place.excerpt >= 0 and _inside(
                end - place.before, end + place.behind, base_size, copy, size, strict=True
            )
            excerpt = place.excerpt if is_same else -1
            found.append(_Place(end - source + target, place.before, place.behind, excerpt))
    return found


def _inside(low: int, high: int, base_size: int, copy: Copy, size: int, *, strict: bool) -> bool:
    """Whether [low, high), clipped to the base, lies in the copied part; with ``strict`` an end of
    the base must be an end of the new object, too."""
    target, source, length = copy
    if low < 0:
        if strict and target != 0:
            return False
        low = 0
    if high > base_size:
        if strict and target + length != size:
            return False
        high = base_size
    return low >= source and high <= source + length
