"""Rows of a table that go over several lines, as a value in quotation marks holds their ends
(https://www.rfc-editor.org/rfc/rfc4180#section-2).

A block is searched line by line. Half of such a row would be read with a value in the place of
another: with somebody else for who it was.
"""

from __future__ import annotations

import re

from connectors.logs.files import Part
from connectors.logs.lines import Layout
from connectors.logs.pieces import split

_MOST_LINES = 64
_MOST_ROW = 1 << 16
"""Bytes of a row over several lines."""
_SIGNS = (",", ";", "|")
"""Between values that may stand in quotation marks."""
_QUOTED = re.compile(rb'"(?:[^"]|"")*+"')
_REST = re.compile(rb'(?:[^"]|"")*+"')


def is_torn(line: bytes, layout: Layout) -> bool:
    """Whether it may be part of a row, and no whole one."""
    if b'"' not in line or not layout.columns or layout.separator not in _SIGNS:
        return False
    return line.count(b'"') % 2 > 0 or _is_open(line, layout.separator.encode(), False)


def row_of(part: Part, least: int, start: int, stop: int, layout: Layout) -> tuple[int, int] | None:
    """Where the row begins and ends of which the line ``[start, stop)`` of the part is one; not
    before ``least``. None: no such row was found within 64 lines and 64 KiB."""
    begin = start
    for _ in range(_MOST_LINES):
        end = _closed(part, begin, layout.separator.encode())
        if begin == start and end == stop and _is_row(part.data[start:stop], layout):
            return start, stop  # a mark within a value, which stands for itself
        if stop <= end and end - begin > stop - start and _is_row(part.data[begin:end], layout):
            return begin, end
        if begin <= least or stop - begin > _MOST_ROW:
            break
        begin = max(part.data.rfind(b"\n", least, begin - 1) + 1, least)
    return None


def _closed(part: Part, begin: int, sign: bytes) -> int:
    """Where the row ends that begins there, with all that is in quotation marks; 0: too far."""
    end, is_open = begin - 1, False
    for _ in range(_MOST_LINES):
        at, end = end + 1, _end(part, end + 1)
        is_open = _is_open(part.data[at:end], sign, is_open)
        if not is_open:
            return end
        if end >= part.stop or end - begin > _MOST_ROW:
            break
    return 0


def _end(part: Part, at: int) -> int:
    stop = part.data.find(b"\n", at, part.stop)
    return stop if stop >= 0 else part.stop


def _is_open(line: bytes, sign: bytes, is_within: bool) -> bool:
    """Whether a value in quotation marks does not end. ``is_within``: the line begins in one."""
    at = 0
    while True:
        if is_within or line[at : at + 1] == b'"':
            hit = (_REST if is_within else _QUOTED).match(line, at)
            if hit is None:
                return True
            at, is_within = hit.end(), False
        at = line.find(sign, at) + 1
        if not at:
            return False


def _is_row(row: bytes, layout: Layout) -> bool:
    """Whether it has a value for each column, or of a table without a header no more."""
    count = len(split(row.decode("utf-8", "replace").rstrip("\r"), layout.separator))
    is_padded = layout.columns[-1].startswith("column ")
    return 3 <= count < len(layout.columns) if is_padded else count == len(layout.columns)
