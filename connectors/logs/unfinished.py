"""Whether the last line of a file, which has no end yet, is all there.

A log that is being written ends anywhere. What is told of half a line is wrong (half a name) or
lacks who it was, and can not be taken back; the whole line comes with the next scan.
"""

from __future__ import annotations

import re
import time
from os import fstat

from connectors.logs.files import Part
from connectors.logs.lines import Layout
from connectors.logs.records import Record

STILL_WRITTEN = 3600
"""Seconds since its last change after which nothing more is expected of a file."""
_WORD = re.compile(rb'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^\s,;]+')


def may_grow(descriptor: int) -> bool:
    return time.time() - fstat(descriptor).st_mtime < STILL_WRITTEN


def open_end(part: Part, mark: bytes = b"\n") -> bytes:
    """The line at the end of a part that has no end."""
    return part.data[max(part.data.rfind(mark, part.start, part.stop) + 1, part.start) : part.stop]


def is_whole(part: Part, line: bytes, records: list[Record], layout: Layout) -> bool:
    """By its format, and by the line before it: whether as many words are there."""
    is_known = any(one.format != "text" for one in records)
    if line.lstrip()[:1] == b"{":
        return is_known
    stop = part.stop - len(line) - 1
    before = part.data[max(part.data.rfind(b"\n", part.start, max(stop, 0)) + 1, part.start) : stop]
    if stop <= part.start or not before.strip() or before.startswith(b"#"):
        return True
    if not is_known:
        return not _is_understood(before, layout)
    return line.count(b'"') % 2 == 0 and len(_WORD.findall(line)) >= len(_WORD.findall(before))


def _is_understood(line: bytes, layout: Layout) -> bool:
    unknown = layout.unknown
    found = any(one.format != "text" for one in layout.records(line))
    layout.unknown = unknown
    return found
