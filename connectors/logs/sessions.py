"""One connection of which several lines of a file tell: what of it counts, and as what.

What it carried (TLS, HTTP, a URL) is told best by the lines that name it; what was noticed about it
counts where nothing else tells; a line about all of it has its bytes, and what other lines have
told of these is in them. What was refused is an attempt, whichever line says so. Bounded: of what
is forgotten each line counts by itself. Owns no format and reads no line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.logs.connections import digest
from connectors.logs.records import Record
from connectors.logs.rows import Key, keyed
from connectors.logs.tally import Tally
from scanner.model.evidence import MOST_HANDSHAKES

_MOST = 20_000
"""Connections that are remembered."""
_MOST_WAYS = 20
"""In which one connection was used, that are told apart."""

_Way = tuple[Key, str]
"""What a line counts under, and the device from which the person did it, if that is told."""
_Sum = tuple[int, int, int]
"""Requests, bytes sent and received."""
_NOTHING: _Sum = (0, 0, 0)


@dataclass(slots=True)
class _Session:
    """What its lines have told; ``counted``: what of that is in the rows by now."""

    main: dict[_Way, _Sum] = field(default_factory=dict)
    noticed: _Way | None = None
    ended: _Way | None = None
    """By a line about all of it, whose sums are ``whole``."""
    whole: _Sum = _NOTHING
    is_refused: bool = False
    is_end_refused: bool = False
    seen: tuple[str, str, str] = ("", "", "")
    """When it was first counted, and of what its row told the first and last time before."""
    counted: dict[_Way, _Sum] = field(default_factory=dict)

    @property
    def bytes(self) -> tuple[int, int]:
        """That count."""
        sums = self.counted.values()
        return sum(one[1] for one in sums), sum(one[2] for one in sums)

    def take(self, record: Record, way: _Way) -> None:
        told = (record.count, record.up, record.down)
        if record.is_whole:
            self.ended = self.ended or way
            self.whole = _plus(self.whole, told)
            self.is_end_refused |= way[0][5]
        elif record.is_again:
            self.noticed = self.noticed or way
            self.is_refused |= way[0][5] and not record.is_name
        else:
            self.main[way] = _plus(self.main.get(way, _NOTHING), told)

    def has_room(self, way: _Way) -> bool:
        return way in self.main or len(self.main) < _MOST_WAYS

    def sums(self) -> dict[_Way, _Sum]:
        """What all lines so far tell, together, in whatever order they came."""
        used = [way for way in self.main if not way[0][5]]
        best = next(iter(used), None) or next(iter(self.main), None) or self.noticed or self.ended
        if best is None:
            return {}
        up, down = (sum(one[at] for one in self.main.values()) for at in (1, 2))
        more_up, more_down = max(0, self.whole[1] - up), max(0, self.whole[2] - down)
        # One request of several may be blocked: the end of such a session says no more than that.
        is_partly = bool(used) and len(used) < len(self.main)
        if self.is_refused or (self.is_end_refused and not is_partly):
            return {(keyed(best[0], denied=True), best[1]): (1, up + more_up, down + more_down)}
        if not self.main:
            count = 1 if self.noticed else self.whole[0]
            return {best: (count, self.whole[1], self.whole[2])}
        return self.main | {best: _plus(self.main[best], (0, more_up, more_down))}


def connection(record: Record) -> int:
    """Of what several lines tell, in few bytes. Names that are asked for one after another, or of
    two types at once, may have one connection; of two sensors connections may be called alike."""
    ends = (record.host,) if record.is_name else sorted((record.src, record.dst))
    return digest(" ".join((record.uid, *ends)))


class Sessions:
    """Of the lines of one file."""

    def __init__(self) -> None:
        self._known: dict[int, _Session] = {}
        self._has_ends = False
        self.forgotten = 0
        """Sessions that had not ended when they were one too many to be remembered."""

    def add(self, record: Record, tally: Tally, place: str) -> Key | None:
        """As :meth:`Tally.add`, together with what other lines have told of its connection; the
        record is left with the bytes that count by it."""
        told = record.count, record.up, record.down
        record.count = record.up = record.down = 0
        key = tally.add(record, place)
        record.count, record.up, record.down = told
        if key is None:
            return None
        name = connection(record)
        session = self._known.get(name)
        if session is None:
            if len(self._known) >= _MOST:
                oldest = self._known.pop(next(iter(self._known)))
                self.forgotten += self._has_ends and oldest.ended is None
            session = self._known[name] = _Session()
        way = key, record.device.lower() if record.user else ""
        if not (record.is_whole or record.is_again or session.has_room(way)):
            return tally.add(record, place)  # one of very many who share a connection
        session.take(record, way)
        self._has_ends |= record.is_whole
        after, before = session.sums(), session.bytes
        if not session.counted and after:
            row = tally.rows.get(next(iter(after))[0])
            session.seen = (record.time, *((row.first, row.last) if row else ("", "")))
        for way in {**session.counted, **after}:
            _count(tally, way, session.counted.get(way, _NOTHING), after.get(way, _NOTHING), record)
            if not after.get(way, _NOTHING)[0]:
                _unsee(tally, way, session.seen)
        session.counted = after
        record.up, record.down = (new - old for new, old in zip(session.bytes, before, strict=True))
        tally.lines += 1
        # What is left of the connection's bytes is of what went through, if anything did.
        used = next((way[0] for way in after if not way[0][5]), None)
        return key if record.is_name else used or keyed(key, denied=key[5] or bool(after))


class Questions:
    """When names were asked for, until it is known that the question was answered: what was refused
    moves no time of what was used."""

    def __init__(self) -> None:
        self._open: dict[str, list[tuple[Key, str]]] = {}

    def add(self, record: Record, tally: Tally, place: str) -> Key | None:
        """As :meth:`Tally.add`."""
        time, record.time = record.time, ""
        key = tally.add(record, place)
        record.time = time
        if key is not None and time:
            if len(self._open) >= _MOST:
                self.settle(tally)
            self._open.setdefault(record.host.lower(), []).append((key, time))
        return key

    def answered(self, record: Record, tally: Tally, *, is_refused: bool) -> None:
        rows = self._open.get(record.host.lower(), [])
        if is_refused:
            del rows[-1:]
        elif record.answers:
            self._tell(self._open.pop(record.host.lower(), []), tally)

    def settle(self, tally: Tally) -> None:
        """What nothing more is known of was used."""
        for rows in self._open.values():
            self._tell(rows, tally)
        self._open.clear()

    def _tell(self, rows: list[tuple[Key, str]], tally: Tally) -> None:
        for key, time in rows:
            if key in tally.rows:
                tally.rows[key].add(0, 0, 0, time, is_large=False)


def _unsee(tally: Tally, way: _Way, seen: tuple[str, str, str]) -> None:
    """What turned out to be no use has moved no time of what was used."""
    row, (time, first, last) = tally.rows.get(way[0]), seen
    if row is None or not time or not last:
        return
    if row.last == time > last:
        row.last = last
    if row.first == time < first:
        row.first = first


def _plus(one: _Sum, other: _Sum) -> _Sum:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _count(tally: Tally, way: _Way, before: _Sum, after: _Sum, record: Record) -> None:
    """The difference, in the person's row and in the device's."""
    key, device = way
    is_more = after > before
    if before == after or (key not in tally.rows and not is_more):
        return  # nothing new, or what it is taken from was told already
    row = tally.row(key)
    large = (after[1] >= tally.large) - (before[1] >= tally.large)
    count, up, down = (new - old for new, old in zip(after, before, strict=True))
    for one in (row, row.device(device)) if device else (row,):
        one.add(count, up, down, record.time if is_more else "", is_large=False)
        one.large = max(0, one.large + large)
    if is_more and record.ja4 and not key[4] and len(row.handshakes) < MOST_HANDSHAKES:
        row.handshakes |= {record.ja4[:64]}
    if row.count <= 0 and not (row.up or row.down):
        tally.rows.pop(key, None)
