"""A line that is too long to be taken apart as a whole: the records in it around what was found.

Owns where such a record begins and ends. What it tells is :mod:`connectors.logs.lines`'.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

MOST_PARSED = 1 << 16
"""Bytes of a line that are taken apart; of a longer one those around what was found."""
_HALF = MOST_PARSED // 2
_MOST_OPEN = 64
"""Brackets before a place that are tried for where its record begins."""
_MOST_TRIED = 32 << 20
"""Characters that are tried of one line: whoever writes brackets into a log takes no more time."""
_DECODER = json.JSONDecoder()
_Found = tuple[int, int, bytes, bool]


class Around(NamedTuple):
    """``line[start:stop]``: a record, or words around the place ``end``; ``text``: what is read of
    it; ``is_cut``: the record's end is not at hand, and ``text`` is its whole members before."""

    start: int
    stop: int
    end: int
    text: bytes
    is_cut: bool


def around(line: bytes, places: list[int]) -> Iterator[Around]:
    """For each place that stands in none of those before it. ``places``: ends, in order."""
    behind, left = 0, _MOST_TRIED
    is_json = b"{" in line[:400]
    for end in places:
        if end <= behind:
            continue
        start, stop = max(behind, end - _HALF), min(len(line), end + _HALF)
        text, is_cut = b"", False
        if is_json and left > 0:
            found, tried = _record(line[start:stop].decode("latin-1"), end - start)
            left -= tried
            if found is not None:
                first, last, text, is_cut = found
                start, stop = start + first, start + last
        yield Around(start, stop, end, text or line[start:stop], is_cut)
        behind = stop


def _record(text: str, end: int) -> tuple[_Found | None, int]:
    """The outermost value around ``end`` that is whole, or else the innermost that is cut off
    behind it, whose members before that are taken; and how much was tried. One character is one
    byte here."""
    whole: _Found | None = None
    cut: _Found | None = None
    at, tried = end, 0
    for _ in range(_MOST_OPEN):
        at = text.rfind("{", 0, at)
        if at < 0:
            break
        try:
            _, stop = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            tried += len(text) - at
            members = _members(text, at)
            if cut is None and members[0] >= end:
                cut = at, *members, True
            continue
        tried += stop - at
        if stop >= end:
            whole = at, stop, text[at:stop].encode("latin-1"), False
    return whole or cut, tried


def _members(text: str, at: int) -> tuple[int, bytes]:
    """Of an object that is cut off: where its last whole member ends, and an object of them."""
    stop = at + 1
    told: list[str] = []
    try:
        while True:
            name, behind = _DECODER.raw_decode(text, _behind_blanks(text, stop + bool(told)))
            behind = _behind_blanks(text, behind)
            if not isinstance(name, str) or text[behind] != ":":
                break
            _, behind = _DECODER.raw_decode(text, _behind_blanks(text, behind + 1))
            behind = _behind_blanks(text, behind)
            if text[behind] not in ",}":
                break
            told.append(text[stop + bool(told) : behind])
            stop = behind
    except (ValueError, IndexError, RecursionError):
        pass
    return stop, ("{" + ",".join(told) + "}").encode("latin-1")


def _behind_blanks(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at
