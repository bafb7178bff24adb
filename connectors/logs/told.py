"""What the lines of one file tell, and what of them was not understood.

Owns which piece of a block is taken apart. Formats are :mod:`connectors.logs.lines`', sums
:mod:`connectors.logs.tally`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from connectors.logs.files import Part
from connectors.logs.joined import Joins
from connectors.logs.lines import Layout
from connectors.logs.opening import Opened
from connectors.logs.tally import Tally, gap
from connectors.logs.unfinished import is_whole
from scanner.model.items import Gap

_MOST_PARSED = 1 << 16
"""Bytes of a line that are taken apart; of a longer one those around what was found."""
_SAMPLES = 3


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

    def read(self, part: Part, places: list[int], opened: Opened) -> None:
        """Every line that has one of the places, once."""
        place = f"server of {PurePath(self.path).name}"
        layout, tally, joins = self.layout, self.tally, self.joins
        block, behind = part.data, part.start
        self.is_last_told = False
        for end in places:
            if end <= behind:
                continue
            start = max(block.rfind(b"\n", part.start, end) + 1, part.start)
            stop = block.find(b"\n", end, part.stop)
            behind = stop if stop >= 0 else part.stop
            line = block[start:behind]
            if len(line) > _MOST_PARSED:
                line = block[max(start, end - _MOST_PARSED // 2) : end + _MOST_PARSED // 2]
            unknown = layout.unknown
            records = layout.records(line)
            if stop < 0 and part.end == opened.size and opened.may_grow:
                self.is_held = not is_whole(part, line, records, layout)
                if self.is_held:
                    layout.unknown = unknown
                    return
            told = []
            for record in records:
                key = tally.add(record, place)
                if key is None:
                    continue
                told.append(record)
                if record.is_joined:
                    joins.learn(record, key, tally)
                    if record.is_alias:
                        joins.follow(block, behind, layout, record, key, tally)
            self.is_last_told = stop < 0 and bool(told)
            if layout.unknown > unknown:
                if not told:
                    layout.unknown = unknown  # it only looked like one
                elif len(self.samples) < _SAMPLES:
                    self.samples.append(tally.sample(told[0]))

    def gaps(self) -> Iterator[Gap]:
        if self.layout.unknown:
            yield gap(self.path, self.layout.unknown, self.samples)
        if self.is_held:
            yield Gap(what=self.path, reason="the last line, which names something of AI, is not "
                      "all there yet; the next scan reads it")  # fmt: skip
