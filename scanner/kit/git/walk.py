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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from scanner.kit.expressions import expression
from scanner.kit.git.deltas import Copy, Deltas
from scanner.kit.git.packs import Families, Pack
from scanner.kit.text import PROBE

UNSEEN, MATCHED, BINARY, ODD, UNREADABLE, TOO_LARGE = range(6)
"""What became of an object. ``ODD``: not plain text, but perhaps text in another form."""

OUT_CAP = 1 << 20
END = 40
"""Bit of a window's length that says that its object ends with it."""
_LAST = 1 << END
_CLUSTER = 256
_DELTA_BYTES = 1 << 20
"""Of deltas that are taken apart together."""
_MAGIC = (
    b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"BZh",
    b"\xfd7zXZ", b"\x28\xb5\x2f\xfd",
)  # fmt: skip
_OLD_SUM = expression(rb"[ \0]*[0-7][ \x000-7]*")
"""A tar of before 1988 has no magic, but a sum in octal."""
_TOKEN_BYTES = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-+/=."
_TOKEN = frozenset(_TOKEN_BYTES)
_RUN_BYTES = _TOKEN_BYTES + b"%\\~|: \t\r\n"
RUN = 8192
"""Who wants more bytes than that around a place wants an encoded run."""
_RUN_LEAD = 192

Flush = Callable[[bytes, bytes, bytes], None]
"""``flush(text, segments, records)``: parts of objects, each behind a NUL; int64 rows of (object,
offset in it, offset in ``text``, length), and int64 pairs of (object, excerpt). For excerpts the
rows are (excerpt, first end << 32 | last end, offset in ``text``, length)."""


def _inflater() -> ModuleType:
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib
    module: ModuleType = isal_zlib
    return module


LIVE_BYTES = 96 << 20
"""Of rebuilt objects that one task holds at once."""


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
        # Elements of a view of memory are plain numbers, three times as fast as numpy's.
        self._child, self._sibling = links.child.data, links.sibling.data
        self._sizes, self._data, self._ends = pack.sizes.data, pack.data.data, pack.offsets[1:].data
        self._wanted, self._states = wanted.data, states.data
        self._limits = limits
        self._width = width
        self._flush = flush
        self._first = first
        self._table = table
        self._inflate = _inflater()
        self._live = 0
        self._order: Iterator[int] = iter(())
        self._deltas = Deltas((), (), width)
        self._loaded: set[int] = set()
        self._readable: set[int] = set()
        self._parts: list[bytes] = []
        self._used = 0
        self._segments: list[tuple[int, int, int, int]] = []
        self._records: list[tuple[int, int]] = []
        self._excerpts = 0

    def run(self, roots: NDArray[np.int32]) -> None:
        numbers = roots.tolist()
        self._order = self._preorder(numbers)
        for root in numbers:
            self._family(root)
        self._give()

    def _preorder(self, roots: list[int]) -> Iterator[int]:
        """The deltas of the families in the order in which they are visited."""
        child, sibling = self._child, self._sibling
        for root in roots:
            waiting = [child[root]]
            while waiting:
                number = waiting.pop()
                if number >= 0:
                    yield number
                    waiting.append(sibling[number])
                    waiting.append(child[number])

    def _family(self, root: int) -> None:
        data = self._inflated(root)
        if data is None:
            return
        frame = _Frame(root, data, self._child[root])
        self._live += len(data)
        self._visit(frame, None)
        stack = [frame]
        while stack:
            top = stack[-1]
            if top.next < 0:
                self._live -= len(stack.pop().data)
                continue
            child = top.next
            top.next = self._sibling[child]
            built = self._built(child, top)
            if built is None:
                continue
            self._visit(built, top)
            if built.next < 0:
                self._live -= len(built.data)
            else:
                if top.next < 0:  # nobody needs the base any more
                    self._live -= len(stack.pop().data)
                stack.append(built)

    def _inflated(self, number: int) -> bytes | None:
        size = self._sizes[number]
        if size > self._limits.most_object or self._live + size > self._limits.most_live:
            self._states[number] = TOO_LARGE
            return None
        start, end = self._data[number], self._ends[number]
        try:
            # Bounded: a few bytes can be made to inflate to gigabytes.
            engine = self._inflate.decompressobj()
            data: bytes = engine.decompress(self._pack.raw[start:end], size + 1)
            is_whole = engine.eof
        except (zlib.error, ValueError, self._inflate.error):
            data, is_whole = b"", False
        if len(data) != size or not is_whole:
            self._states[number] = UNREADABLE
            return None
        return data

    def _load(self, number: int) -> None:
        """Takes apart ``number`` and the deltas that come after it."""
        self._loaded = set()
        numbers: list[int] = []
        streams: list[bytes] = []
        bytes_left = _DELTA_BYTES
        is_near = False
        for candidate in self._order:  # what hangs on something unreadable is passed over
            is_near = is_near or candidate == number
            if is_near:
                self._loaded.add(candidate)
                stream = self._inflated(candidate)
                if stream is not None:
                    numbers.append(candidate)
                    streams.append(stream)
                    bytes_left -= len(stream)
                if bytes_left <= 0:
                    break
        self._deltas = Deltas(numbers, streams, self._width)
        self._readable = set(numbers)

    def _built(self, number: int, base: _Frame) -> _Frame | None:
        if number not in self._loaded:
            self._load(number)
        if number not in self._readable:
            return None
        wanted, size = self._deltas.sizes(number)
        if wanted != len(base.data) or size < 0:
            self._states[number] = UNREADABLE
            return None
        if size > self._limits.most_object or self._live + size > self._limits.most_live:
            self._states[number] = TOO_LARGE
            return None
        self._live += size
        return _Frame(number, self._deltas.applied(number, base.data), self._child[number])

    def _visit(self, frame: _Frame, base: _Frame | None) -> None:
        if not self._wanted[frame.object]:
            return
        state = state_of(frame.data)
        self._states[frame.object] = state
        if state != MATCHED:
            return
        frame.is_matched = True
        known = base if base is not None and base.is_matched else None
        if self._first is not None:
            copies = self._deltas.copies(frame.object) if known else []
            self._set_places(frame, known, copies)
            self._put_places(frame)
        elif known is not None:
            self._put_windows(frame, self._deltas.spans(frame.object))
        else:
            self._put_windows(frame, [(0, len(frame.data))])

    def _put_windows(self, frame: _Frame, spans: list[tuple[int, int]]) -> None:
        owner, data, size = frame.object, frame.data, len(frame.data)
        for start, high in spans:
            low, stop = start, -1
            while low < high and stop < high:
                stop = min(high, low + OUT_CAP - 2)
                length = stop - low
                if self._used + length >= OUT_CAP:
                    self._give()
                is_end = _LAST if stop == size else 0
                self._segments.append((owner, low, self._used + 1, length | is_end))
                self._parts.append(data[low:stop])
                self._used += length + 1
                low = stop - self._width

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
            low = min(_low(frame.data, p) for p in bunch)
            high = max(_high(frame.data, p) for p in bunch)
            high = min(high, low + OUT_CAP - 2)
            last = self._excerpts
            self._excerpts += 1
            ends = (place.end - low) << 32 | (bunch[-1].end - low)
            for member in bunch:
                member.excerpt = last
            self._put_part(last, ends, frame.data[low:high], high - low)
            self._records.append((frame.object, last))
            number += len(bunch)


def run_low(data: bytes, end: int) -> int:
    """Where the encoded run around ``end`` begins, and what leads to it: a place that reaches far
    wants that, and no more of the bytes around it is handed out."""
    return max(0, len(data[:end].rstrip(_RUN_BYTES)) - _RUN_LEAD)


def run_high(data: bytes, end: int) -> int:
    """Where it ends."""
    return min(len(data), len(data) - len(data[end:].lstrip(_RUN_BYTES)) + _RUN_LEAD)


def _low(data: bytes, place: _Place) -> int:
    low = max(0, place.end - place.before)
    if place.end - low <= RUN:
        return low
    return low + run_low(data[low : place.end], place.end - low)


def _high(data: bytes, place: _Place) -> int:
    high = min(place.end + place.behind, len(data))
    if high - place.end <= RUN:
        return high
    return place.end + run_high(data[place.end : high], 0)


def _rows(rows: list[tuple[int, int, int, int]] | list[tuple[int, int]]) -> bytes:
    return np.array(rows, np.int64).tobytes() if rows else b""


def state_of(data: bytes) -> int:
    """Text that is looked at here, a binary, or something that needs more thought than a NUL test:
    UTF-16 and UTF-32, archives and compressed files."""
    if data.startswith(_MAGIC) or data[257:262] == b"ustar":
        return ODD
    if data.find(0, 0, PROBE) < 0:
        return MATCHED
    head = data[:PROBE]
    if data.startswith(b"PK") or (len(data) >= 512 and _OLD_SUM.fullmatch(data, 148, 155)):
        return ODD
    return ODD if head.count(0) * 4 >= len(head) else BINARY


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
