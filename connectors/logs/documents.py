"""JSON whose values are no lines: over many lines (an export written to be read, ``jq .``), many in
one line, or all within one document (``{"records": [...]}``). Its values as lines.

Of a list each element is a line of its own, however long the list is, and the place that is kept is
behind the last element: a document that grows is read on from there, though its end has moved.
Owns no format of logs; what reads JSON is :mod:`scanner.kit.json_stream`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import msgspec

from connectors.logs import files as log_files
from connectors.logs.files import Part
from connectors.logs.marks import TAIL
from connectors.logs.packed import BROKEN
from scanner.kit.json_stream import Broken, Window, records
from scanner.model.errors import SourceError, Unavailable

_HEAD = 1 << 16
_BOM = b"\xef\xbb\xbf"
_LISTS = ("records", "Records", "value", "entries", "logs", "events")
"""Where deliveries put their records, if that stands first. Other names may be a record's own."""
_OPENS = re.compile(rb'(?:\{\s*"(?:%s)"\s*:\s*)?\[\s*\{' % "|".join(_LISTS).encode())
_BETWEEN = re.compile(rb"\}\s*(?=\{)")
_MOST_TRIED = 50
_PART = 1 << 18
"""Bytes of values that are searched together."""
_ENCODER = msgspec.json.Encoder()


def is_by_value(head: bytes) -> bool:
    """Whether values and lines are two things."""
    text = head.removeprefix(_BOM).lstrip()
    if text[:1] not in (b"{", b"["):
        return False
    return _is_one_list(text) or _is_spread(text[:_HEAD]) or _is_joined(text)


def _is_one_list(text: bytes) -> bool:
    """In one line, and nothing behind it: a line of records may be one of many."""
    line, _, rest = text.partition(b"\n")
    return _OPENS.match(line) is not None and not rest.strip()


def _is_spread(text: bytes) -> bool:
    """Neither of the first two lines is a value, and they begin one. A log whose lines begin with a
    time in brackets does not."""
    lines = [line for line in text.split(b"\n")[:-1] if line.strip()][:2]
    return (
        len(lines) == 2
        and not any(_is_value(line.strip().rstrip(b",")) for line in lines)
        and _is_begun(b"\n".join(lines))
    )


def _is_joined(text: bytes) -> bool:
    """Values stand behind one another without a line's end, as streams that are delivered to a
    bucket write them."""
    text = text[:_HEAD] if b"\n" in text[:_HEAD] else text
    if text[:1] != b"{":
        return False
    for hit in islice(_BETWEEN.finditer(text), _MOST_TRIED):
        if _is_value(text[: hit.end()]):
            return b"\n" not in hit[0]
    return False


def _is_value(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _is_begun(text: bytes) -> bool:
    """Whether more of it would make it a value."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        return "truncated" in str(error)
    except RecursionError:
        return False
    return False


class _Blocks:
    """A stream of blocks, of which what was not told yet, and something before it, is at hand."""

    def __init__(self, blocks: Iterator[bytes], begin: int) -> None:
        self._blocks = blocks
        self._begin = begin
        self._held = bytearray()
        self.trouble: Exception | None = None

    def read(self, _size: int, /) -> bytes:
        try:
            block = next(self._blocks, b"")
        except (SourceError, *BROKEN) as error:  # what came before it is told first
            self.trouble, block = error, b""
        self._held += block
        return block

    def before(self, end: int) -> bytes:
        cut = end - self._begin
        tail = bytes(self._held[max(0, cut - TAIL) : cut])
        left = max(0, cut - TAIL)
        del self._held[:left]
        self._begin += left
        return tail


def parts(blocks: Iterator[bytes], begins: bytes, begin: int, path: str) -> Iterator[Part]:
    """``blocks``: of the file from ``begin`` on; ``begins``: its first bytes. What follows where
    the document breaks comes as it is: its lines may name hosts. Raises ``Unavailable`` for a value
    that is cut off, or breaks, behind all others."""
    stream = _Blocks(blocks, begin)
    head = b""
    if not begin and begins.startswith(_BOM):
        head, begin = stream.read(0)[len(_BOM) :], len(_BOM)
    window = Window(head, stream, begin)
    told = bytearray()
    end, why = begin, ""
    try:
        for value in _values(window):
            end = window.byte
            told += _encoded(value)
            if len(told) >= _PART:
                yield _part(told, end, stream)
                told = bytearray()
    except Broken as error:
        why = str(error)
    if told:
        yield _part(told, end, stream)
    if stream.trouble is not None:
        raise stream.trouble
    if not why:
        return
    rest, end = window.rest(), window.byte
    if _is_begun(rest.lstrip(b", \t\r\n")):
        raise Unavailable(f"{path}: the last JSON value is cut off: {why}")
    for block in log_files.blocks(stream, rest):
        end += len(block)
        yield Part(block, 0, len(block), end, stream.before(end))
    if stream.trouble is not None:
        raise stream.trouble
    raise Unavailable(f"{path}: no JSON from there on: {why}; what follows was read as lines")


def _part(told: bytearray, end: int, stream: _Blocks) -> Part:
    return Part(bytes(told), 0, len(told), end, stream.before(end))


def values_in(head: bytes) -> list[bytes]:
    """The whole ones of the first bytes of a file, as lines."""
    window = Window(head.removeprefix(_BOM), _Blocks(iter(()), 0))
    found: list[bytes] = []
    with suppress(Broken):
        for value in _values(window):
            found.append(_encoded(value))  # noqa: PERF401 - those before it breaks
    return found


def _values(window: Window) -> Iterator[Any]:
    """From anywhere between two of them: what stands around the list that they are in is passed
    over."""
    while sign := window.peek():
        if sign in ",]}":
            window.take(sign)
        elif sign in "{[":
            yield from records(window, lambda name, is_first: is_first and name in _LISTS)
        else:  # what follows the list in its document: a name and its value
            window.value()
            if window.peek() == ":":
                window.take(":")
                window.value()


def _encoded(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value) + b"\n"
    except UnicodeEncodeError:  # halves of characters
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
