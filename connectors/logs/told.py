"""What the lines of one file tell, and what of them was not understood.

Owns which piece of a block is taken apart. Formats are :mod:`connectors.logs.lines`', sums
:mod:`connectors.logs.tally`'s.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from connectors.logs.elsewhere import hosts_of, is_generic, is_silent, is_trace
from connectors.logs.files import Part
from connectors.logs.formats import in_order, repeating
from connectors.logs.joined import Joins
from connectors.logs.lines import Layout, Named, wraps
from connectors.logs.long_lines import MOST_PARSED, around
from connectors.logs.opening import Opened
from connectors.logs.quoted import is_torn, row_of
from connectors.logs.records import Record
from connectors.logs.sessions import Questions, Sessions
from connectors.logs.tally import Tally, gap
from connectors.logs.unfinished import is_whole
from scanner.model.items import Gap

_SAMPLES = 3
_MOST_TORN = 1000
"""Rows over several lines that were not found, after which no more of them are looked for."""
_OLDEST = 3660
"""Days after which no log is read any more: it is the clock that is wrong."""


def _days_from_now(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Counted:
    """Of lines that were read: how many no format fits, with samples; how many were too long; how
    many had a time that can not be, and the first and last of those; how they end, if any do; how
    many had a time that is written in no known way."""

    unknown: int
    samples: list[str]
    cut: int
    odd: int
    when: tuple[str, str]
    ends: tuple[bool, bool] | None
    untimed: int
    lost: int
    span: tuple[int, int]
    """Where in the file the first part begins and the last one ends; ``lost``: bytes of lines
    between parts, which nobody looked at."""


@dataclass
class Lines:
    """``is_last_told``: the last line read has no end and told something; ``is_held``: it has none,
    is not all there, and is left for the next scan."""

    path: str
    layout: Layout
    tally: Tally
    joins: Joins
    samples: list[str] = field(default_factory=list)
    is_last_told: bool = False
    is_held: bool = False
    needs_order: bool = False
    """Some lines may say nothing without those before them."""
    cut: int = 0
    """Lines that are longer than any honest log's."""
    odd: int = 0
    """Lines of a time that can not be."""
    untimed: int = 0
    """Lines of a time that is written in no known way."""
    _odd: tuple[str, str] = ("", "")
    _earliest: str = field(default_factory=lambda: _days_from_now(-_OLDEST))
    _latest: str = field(default_factory=lambda: _days_from_now(1))
    """Of the file's own clock, if that is ahead."""
    _sessions: Sessions = field(default_factory=Sessions)
    _questions: Questions = field(default_factory=Questions)
    _torn: int = 0
    """Lines of rows over several lines of which the others were not found."""
    _is_open: bool = False
    """The last part ends within a line."""
    _is_cut: bool = False
    _is_any: bool = False
    lost: int = 0
    _begin: int = 0
    _end: int = 0

    def __post_init__(self) -> None:
        day = str(self.layout.day + 1)  # the 32nd of a month compares as well
        self._latest = max(self._latest, f"{day[:-4]}-{day[-4:-2]}-{day[-2:]}T23:59:59Z")

    def read(self, part: Part, places: list[int], opened: Opened | None) -> None:
        """Every line that has one of the places, once. ``opened``: None for a piece that does not
        end with the file."""
        self._read(part, places, opened)
        if opened is None:
            self.settle()

    def settle(self) -> None:
        """Before what was added up is told."""
        self._questions.settle(self.tally)

    def _read(self, part: Part, places: list[int], opened: Opened | None) -> None:
        place = f"server of {PurePath(self.path).name}"
        block, behind = part.data, part.start
        self._count_cut(part)
        self.is_last_told = False
        for end in places:
            if end <= behind:
                continue
            start = max(block.rfind(b"\n", part.start, end) + 1, part.start)
            stop = block.find(b"\n", end, part.stop)
            least = min(behind + (behind > part.start), start)
            behind = stop if stop >= 0 else part.stop
            line = block[start:behind]
            if line[:1] == b"\0":  # a hole, where a log was emptied under who writes it
                start += len(line) - len(line.lstrip(b"\0"))
                line = block[start:behind]
            unknown = self.layout.unknown
            columns = self.layout.named_by if stop < 0 else ()
            row: tuple[int, int] | None = (start, behind)
            if is_torn(line, self.layout) and (row := self._row(part, least, start, behind)):
                start, behind = row
                line, stop = block[start:behind], behind if behind < part.stop else -1
            records = self._records(line) if row else self.layout.text(line)
            is_end = opened is not None and stop < 0 and part.end == opened.size
            if records is None:
                if is_end and opened is not None and opened.may_grow:
                    self.is_held = True
                    return
                ends = places[bisect_right(places, start) : bisect_right(places, behind)]
                is_any = self._long(line, start, ends, place, block)
                self.is_last_told = stop < 0 and is_any
                continue
            if stop < 0:  # half of a header names nothing
                self.layout.name(columns)
            if is_end and opened is not None and opened.may_grow:
                self.is_held = not is_whole(part, line, records, self.layout)
                if self.is_held:
                    self.layout.unknown = unknown
                    return
            told = self._taken(line, end - start, records, unknown, place, block, behind)
            self.is_last_told = stop < 0 and bool(told)
            if self.layout.unknown > unknown and told and len(self.samples) < _SAMPLES:
                self.samples.append(self.tally.sample(told[0]))

    def counted(self) -> Counted:
        return Counted(
            self.layout.unknown, self.samples, self.cut, self.odd, self._odd,
            (self._is_open, self._is_cut) if self._is_any else None, self.untimed,
            self.lost, (self._begin, self._end),
        )  # fmt: skip

    def join(self, other: Counted) -> None:
        """What stands behind all that was read so far."""
        self.layout.unknown += other.unknown
        self.samples += other.samples[: _SAMPLES - len(self.samples)]
        self.cut += other.cut
        self.untimed += other.untimed
        if other.odd:
            first, last = self._odd if self.odd else other.when
            self.odd += other.odd
            self._odd = min(first, other.when[0]), max(last, other.when[1])
        if other.ends is not None:
            self.cut += self._is_open and not self._is_cut
            self.lost += other.lost + self._between(other.span[0])
            self._is_open, self._is_cut = other.ends
            self._begin, self._end = self._begin if self._is_any else other.span[0], other.span[1]
            self._is_any = True

    def _count_cut(self, part: Part) -> None:
        """A part that goes on where the one before ended within a line."""
        if part.stop <= part.start:
            return
        if self._is_open and not self._is_cut:
            self.cut += 1
        begin = part.end if part.tail else part.end - (part.stop - part.start)
        self.lost += self._between(begin)
        self._begin, self._end = self._begin if self._is_any else begin, part.end
        self._is_cut = self._is_open and part.data.find(b"\n", part.start, part.stop) < 0
        self._is_open = part.data[part.stop - 1] != 10
        self._is_any = True

    def _between(self, begin: int) -> int:
        """Bytes of a long line that stand before ``begin`` and in no part."""
        return max(0, begin - self._end) if self._is_open and self._is_any else 0

    def _row(self, part: Part, least: int, start: int, stop: int) -> tuple[int, int] | None:
        row = row_of(part, least, start, stop, self.layout) if self._torn < _MOST_TORN else None
        self._torn += row is None
        return row

    def _records(self, line: bytes) -> list[Record] | None:
        """None: it is too long to be taken apart as a whole."""
        if len(line) <= MOST_PARSED:
            return self.layout.records(line)
        return self.layout.long(line) or None

    def _long(self, line: bytes, start: int, ends: list[int], place: str, block: bytes) -> bool:
        """The records of it around all places that were found; what is none counts as words. A line
        of JSON of which nothing, or not all of a record, was there is not understood."""
        told: list[Record] = []
        before, is_cut = self.layout.unknown, False
        for one in around(line, [end - start for end in ends]):
            unknown, is_cut = self.layout.unknown, is_cut or one.is_cut
            records = self.layout.records(one.text)
            behind = start + one.stop
            told += self._taken(one.text, len(one.text), records, unknown, place, block, behind)
        is_json = line.lstrip()[:1] in (b"{", b"[")
        if self.layout.unknown > before or is_cut or (is_json and not told):
            self.layout.unknown = before + 1  # it is one line
            if told and len(self.samples) < _SAMPLES:
                self.samples.append(self.tally.sample(told[0]))
        return bool(told)

    def _taken(
        self, line: bytes, end: int, records: list[Record], unknown: int, place: str,
        block: bytes, behind: int,
    ) -> list[Record]:  # fmt: skip
        """``unknown``: how many lines were not understood before this one."""
        told = self._added(records, place, block, behind)
        if not told:
            self.layout.unknown = unknown  # it only looked like one
        if not told or len(self.layout.named) > 1:
            told += self._elsewhere(line, end, records, told, place, block, behind)
        return told

    def _added(self, records: list[Record], place: str, block: bytes, behind: int) -> list[Record]:
        """Those that tell of AI."""
        told, tally, joins = [], self.tally, self.joins
        for record in records:
            odd = record.time
            if odd:
                odd = "" if self._earliest <= odd <= self._latest else odd
                record.time = "" if odd else record.time
            if record.uid and record.format in repeating():
                key = self._sessions.add(record, tally, place)
                self.needs_order = self.needs_order or key is not None
            elif record.format == "pihole":
                key = self._questions.add(record, tally, place)
            else:
                key = tally.add(record, place)
            if key is None:
                continue
            if record.format == "pihole-answer":
                self._questions.answered(record, tally, is_refused=key[5])
            told.append(record)
            self.untimed += record.is_untimed and not odd and not record.time
            if odd:
                self.odd += 1
                self._odd = (min(odd, self._odd[0] or odd), max(odd, self._odd[1]))
            if record.is_joined:
                self.needs_order = self.needs_order or record.format in in_order()
                joins.learn(record, key, tally)
                if record.is_alias:
                    joins.follow(block, behind, self.layout, record, key, tally)
        return told

    def _elsewhere(
        self, line: bytes, end: int, records: list[Record], told: list[Record], place: str,
        block: bytes, behind: int,
    ) -> list[Record]:  # fmt: skip
        """Of what tells of no AI by the fields that are known: hosts in other fields. Such a line
        counts as not understood, unless it only looked like AI."""
        layout, unknown = self.layout, self.layout.unknown
        done = {id(one) for one in told}
        found: list[Record] = []
        for named in list(layout.named):
            if not any(id(one) in done for one in (*named.told, named.record)):
                more = self._within(named, place, block, behind)
                done |= {id(named.record), *map(id, more)}
                found += more
        known = [one for one in records if one.format != "text"]
        layout.unknown = unknown + any(one.format == "text" for one in found)
        if not found and not told and line.lstrip()[:1] in (b"{", b"["):
            is_open = is_silent(known) or all(map(is_generic, known))
            layout.unknown += is_open and is_trace(line[max(0, end - 32) : end])
        return found

    def _within(self, named: Named, place: str, block: bytes, behind: int) -> list[Record]:
        """What a record with names tells, of which none that is known leads to AI."""
        record, read = named.record, set()
        if not (is_generic(record) or is_silent(named.told)):
            return []
        for name in wraps(named.names) if is_generic(record) else ():
            inner = self.layout.records(named.names[name].encode(errors="replace"))
            if any(one.format != "text" for one in inner):
                read.add(name)
                for one in inner:
                    one.time = one.time or record.time
                told = self._added(inner, place, block, behind)
                for deeper in [] if told else list(self.layout.named):
                    told += self._added(list(hosts_of(deeper)), place, block, behind)
                if told:
                    return told
        return self._added(list(hosts_of(named, without=frozenset(read))), place, block, behind)

    def gaps(self, opened: Opened) -> Iterator[Gap]:
        if self.layout.unknown:
            yield gap(self.path, self.layout.unknown, self.samples)
        if self.is_held:
            yield Gap(what=self.path, reason="the last line, which names something of AI, is not "
                      "all there yet; the next scan reads it")  # fmt: skip
        if self._sessions.forgotten:
            yield Gap(what=self.path, reason=f"{self._sessions.forgotten} sessions were open when "
                      "too many others were: their further lines count by themselves")  # fmt: skip
        if self.odd:
            first, last = self._odd
            yield Gap(what=self.path, reason=f"{self.odd} lines of a time that can not be ({first} "
                      f"to {last}): a clock is wrong; they count without a time")  # fmt: skip
        if self.untimed:
            yield Gap(what=self.path, reason=f"{self.untimed} lines of a time that is written in "
                      "no known way; they count without a time")  # fmt: skip
        cut = self.cut + (self._is_open and opened.progress.done < opened.size)
        if cut:
            lost = (self.lost + self._between(opened.size)) / (1 << 20)
            behind = f"; {lost:,.1f} MiB behind that were not" if lost else ""
            yield Gap(what=self.path, reason=f"{cut} lines of more than 8 MiB, of which the "
                      f"beginning was read{behind}")  # fmt: skip
