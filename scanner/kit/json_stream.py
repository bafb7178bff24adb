"""JSON documents of any size, an element at a time: arrays, and objects that hold the records of a
page in a list.

A window of the text is held, never all of it, and one element at most of :data:`MOST`. Where a
document breaks, what came before it is told, then :class:`Broken` with the byte. Elements are
decoded by the standard library, which says how far it has read and takes what tools write that JSON
does not allow (halves of characters, NaN).
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from scanner.kit.exports import Lines

MOST = 16 << 20
"""Bytes of one element, and of a document that is worth reading whole."""
_CHUNK = 1 << 18
_OFTEN = 1000
"""Elements between looks at how much is held: a look reads the window."""
_SPACES = " \t\r\n"
_BEHIND = frozenset(",]}:" + _SPACES)
"""What stands behind a value: a number may go on (``12.`` for ``12.5``)."""
_decode = json.JSONDecoder().raw_decode


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Stream(Readable, Lines, Protocol):
    """What can be read by lines, too."""


class Broken(ValueError):
    """Says at which byte of the (unpacked) document, and never what stands there."""


class Window:
    """What is read of a document and not yet told. ``head``: what of ``stream`` was read already;
    ``begin``: bytes before it."""

    def __init__(self, head: bytes, stream: Readable, begin: int = 0) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._begin = begin
        self._text = self._decoder.decode(head)
        self._at = 0
        self._told = 0  # up to which character of the text `begin` counts
        self._has_ended = False

    @property
    def byte(self) -> int:
        """Where it stands. To ask behind each element costs what an element is long."""
        self._begin, self._told = self._byte(self._at), self._at
        return self._begin

    def _byte(self, at: int) -> int:
        return self._begin + len(self._text[self._told : at].encode("utf-8", "surrogateescape"))

    def _more(self) -> bool:
        """Twice as much as there is, so that a long element is tried few times."""
        if self._has_ended:
            return False
        wanted = max(_CHUNK, len(self._text) - self._at)
        data = self._stream.read(wanted)
        self._has_ended = not data
        _ = self.byte
        kept = self._text[self._at :]
        self._text = kept + self._decoder.decode(data, final=False)
        self._at = self._told = 0
        return bool(data)

    def broken(self, at: int, why: str) -> Broken:
        return Broken(f"{why} at byte {self._byte(at)}")

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            text, at, end = self._text, self._at, len(self._text)
            while at < end and text[at] in _SPACES:
                at += 1
            self._at = at
            if at < end:
                return text[at]
            if not self._more():
                return ""

    def take(self, wanted: str) -> str:
        """The next character, one of ``wanted``."""
        found = self.peek()
        if not found or found not in wanted:
            why = "the document breaks" if found else "the document ends too early,"
            raise self.broken(self._at, why)
        self._at += 1
        return found

    def value(self) -> Any:
        """The next value, whole."""
        if not self.peek():
            raise self.broken(self._at, "the document ends too early,")
        while True:
            held = -1  # how far behind its beginning it breaks
            try:
                found, end = _decode(self._text, self._at)
            except json.JSONDecodeError as error:
                held = error.pos - self._at
            except RecursionError:
                raise self.broken(self._at, "an element is nested too deeply") from None
            if held < 0 and (self._has_ended or self._text[end : end + 1] in _BEHIND):
                self._at = end
                return found
            if len(self._text) - self._at > MOST:
                raise self.broken(self._at, f"an element of more than {MOST >> 20} MiB")
            if not self._more() and held >= 0:
                raise self.broken(self._at + held, "the document breaks")

    def rest(self) -> bytes:
        """What was read and belongs to nothing that was told."""
        return self._text[self._at :].encode("utf-8", "surrogateescape")


def elements(window: Window) -> Iterator[Any]:
    """Of the array that begins at the window's place."""
    window.take("[")
    if window.peek() == "]":
        window.take("]")
        return
    while True:
        yield window.value()
        if window.take(",]") == "]":
            return


def records(window: Window, is_list: Callable[[str, bool], bool]) -> Iterator[Any]:
    """Of an array its elements; of an object the elements of its lists, or the object itself.

    ``is_list`` says whether a list is one of records, by its name and whether nothing but lists
    came before it (empty ones, or such as were told). What it takes by its place alone is one only
    if it holds objects: ``errors`` may come before ``entries``. With one told, every further list
    of objects is, too: whoever reads records says what is none."""
    if window.peek() != "{":
        yield from elements(window)
        return
    start = window.byte
    whole: dict[str, Any] = {}
    is_told, is_first = False, True
    window.take("{")
    while window.peek() != "}":
        name = window.value()
        if not isinstance(name, str):
            raise Broken(f"the document breaks at byte {window.byte}")
        window.take(":")
        is_array = window.peek() == "["
        is_named = is_array and is_list(name, False)
        if is_named or (is_array and (is_told or is_list(name, is_first))):
            is_told = is_told or is_named
            others: list[Any] = []
            for one in _objects(window, is_named, None if is_told else others, start):
                is_told = True
                others.clear()
                yield one
            whole[name] = others
            is_first = is_first and not others
        else:
            whole[name] = window.value()
            is_first = False
            if not is_told:
                _bounded(window, start)
        if is_told:
            whole.clear()
        if window.take(",}") == "}":
            break
    else:
        window.take("}")
    if not is_told:
        yield whole


def _objects(window: Window, is_every: bool, others: list[Any] | None, start: int) -> Iterator[Any]:
    """Of a list the objects, or every element; ``others`` takes the rest, within bounds."""
    for one in elements(window):
        if is_every or isinstance(one, dict):
            yield one
        elif others is not None:
            others.append(one)
            if len(others) % _OFTEN == 0:
                _bounded(window, start)


def _bounded(window: Window, start: int) -> None:
    if window.byte - start > MOST:
        raise Broken(f"a record of more than {MOST >> 20} MiB at byte {start}")


class Behind:
    """A stream again, from what a window has left."""

    def __init__(self, first: bytes, stream: Stream) -> None:
        self._first, self._stream = first, stream

    def read(self, size: int, /) -> bytes:
        if not self._first:
            return self._stream.read(size)
        data, self._first = self._first[:size], self._first[size:]
        return data

    def readline(self, most: int, /) -> bytes:
        if not self._first:
            return self._stream.readline(most)
        end = self._first.find(b"\n", 0, most) + 1
        if end or len(self._first) >= most:
            end = end or most
            line, self._first = self._first[:end], self._first[end:]
            return line
        line, self._first = self._first, b""
        return line + self._stream.readline(most - len(line))
