"""A file that is read: where its reading goes on, its blocks from there, and how far it came.

A place that an earlier scan stored is taken only when the same bytes stand before it. A last line
that has no end yet is not read as far as the cursor knows, unless it told something.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from connectors.logs import files as log_files
from connectors.logs.cursor import Cursor
from connectors.logs.documents import is_by_value, parts
from connectors.logs.files import LogFile, Part
from connectors.logs.marks import TAIL, Mark
from connectors.logs.search import Finder, Searched, searched, searched_parts
from connectors.logs.unfinished import may_grow


@dataclass
class Progress:
    """How far a file was read. ``line``: behind its last whole line."""

    done: int
    line: int
    _tail: bytes = b""
    """Before ``line``."""
    _rest: bytes = b""
    """Between ``line`` and ``done``, or the end of it."""

    def take(self, part: Part, mark: bytes) -> None:
        if part.stop <= part.start:
            return
        data, self.done = part.data, part.end
        if part.tail:
            self.line, self._tail, self._rest = part.end, part.tail, b""
            return
        cut = data.rfind(mark, part.start, part.stop) + 1
        if not cut:
            self._rest = (self._rest + data[max(part.start, part.stop - TAIL) : part.stop])[-TAIL:]
            return
        self.line = part.end - (part.stop - cut)
        if cut - part.start >= TAIL:
            self._tail = data[cut - TAIL : cut]
        else:
            self._tail = (self._tail + self._rest + data[part.start : cut])[-TAIL:]
        self._rest = data[max(cut, part.stop - TAIL) : part.stop]

    def before(self, offset: int) -> bytes:
        """What stands before ``line`` or ``done``."""
        return self._tail if offset == self.line else (self._tail + self._rest)[-TAIL:]


@dataclass
class Opened:
    """A file whose first block was read. ``size``: of one whose parts are read side by side, -1
    for others; ``offset``: where its reading goes on, ``name``: the mark by which that is known."""

    file: LogFile
    stream: Any
    begins: bytes
    trouble: Exception | None
    size: int
    offset: int = 0
    name: str = ""
    progress: Progress = field(default_factory=lambda: Progress(0, 0))
    _rest: bytes = b""
    """Of a stream: what was read of it behind ``offset``."""
    _passed: int = 0
    """Bytes of it that are no longer at hand."""
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def is_kept(self) -> bool:
        """Whether how far it was read is worth knowing: what comes by once is never read on."""
        return self.file.path != "-"

    @cached_property
    def may_grow(self) -> bool:
        """Whether its last line may be half written: of a plain file that was changed just now."""
        return self.size >= 0 and may_grow(self.stream.fileno())

    def go_on(self, cursor: Cursor, *, flows: bool = False) -> None:
        """Where an earlier reading stopped, if this is what it read. Raises the source errors."""
        for mark, offset in cursor.places(self.begins, flows=flows) if self.is_kept else ():
            if self.at(offset) and mark.ends(self.progress.before(offset)):
                self.name = mark.text
                return
        self.at(0)

    def at(self, offset: int) -> bool:
        """Goes to a place, from the beginning if it was passed; whether the file is so long.
        Raises the source errors."""
        self.offset = offset
        if self.size >= 0:
            before = log_files.bytes_before(self.stream.fileno(), offset, TAIL)
            self.progress = Progress(offset, offset, before)
            return offset <= self.size
        if self._passed:
            self._stack.close()
            self.stream = self._stack.enter_context(log_files.opened(self.file))
            self.begins, self.trouble = log_files.read(self.stream)
        return self._skip(offset)

    def _skip(self, offset: int) -> bool:
        self._passed, data, tail = 0, self.begins, b""
        while data and self._passed + len(data) < offset:
            self._passed += len(data)
            tail = (tail + data[-TAIL:])[-TAIL:]
            most = min(log_files.BLOCK, offset - self._passed)
            data = b""
            if self.trouble is None:
                data, self.trouble = log_files.read(self.stream, most)
        cut = offset - self._passed
        tail = (tail + data[max(0, cut - TAIL) : cut])[-TAIL:]
        self._rest = data[cut:]
        self.progress = Progress(offset, offset, tail)
        return len(data) >= cut

    def blocks(
        self, places: Finder, pool: ThreadPoolExecutor, mark: bytes = b"\n", *, behind: int = 0
    ) -> Iterator[Searched]:
        """What is new, with what was found in it. ``behind``: where in a plain file what others
        have read of it ends."""
        if mark == b"\n" and is_by_value(self.begins):
            yield from self._values(places)
            return
        begin, rest = behind or self.offset, self._rest
        before = self.progress.before(self.offset)
        if behind:
            before = log_files.bytes_before(self.stream.fileno(), behind, TAIL)
        is_between = not begin or before[-1:] == mark
        if self.size >= 0:
            descriptor = self.stream.fileno()
            if not is_between:
                begin = log_files.next_line(descriptor, begin, mark)
            self.progress = Progress(begin, begin)
            found = searched_parts(descriptor, begin, self.size, places, pool, mark)
        else:
            if not is_between:
                rest, begin, before = self._behind(rest, before, mark)
            self.progress = Progress(begin, begin, before)
            blocks = log_files.blocks(self.stream, rest, self.trouble, mark)
            found = searched(blocks, begin, places, pool)
        for part, ends in found:
            yield part, ends
            self.progress.take(part, mark)

    def _values(self, places: Finder) -> Iterator[Searched]:
        """As :meth:`blocks`, of JSON that stands over many lines."""
        for part in parts(self._read_on(), self.begins, self.offset, self.file.path):
            yield part, places(part.data)
            self.progress.take(part, b"\n")

    def _read_on(self) -> Iterator[bytes]:
        if self.size >= 0:
            self.stream.seek(self.offset)
        elif self._rest:
            yield self._rest
        trouble = self.trouble
        while trouble is None:
            data, trouble = log_files.read(self.stream)
            if not data:
                break
            yield data
        if trouble is not None:
            raise trouble

    def _behind(self, rest: bytes, before: bytes, mark: bytes) -> tuple[bytes, int, bytes]:
        """Behind the end of a line whose beginning was read before: what was read of the stream,
        where that is, and what stands before it."""
        begin = self.offset
        while not (cut := rest.find(mark) + 1) and self.trouble is None:
            begin, before = begin + len(rest), (before + rest)[-TAIL:]
            rest, self.trouble = log_files.read(self.stream)
            if not rest:
                break
        cut = cut or len(rest)
        return rest[cut:], begin + cut, (before + rest[:cut])[-TAIL:]

    def keep(
        self, cursor: Cursor, *, is_last_told: bool, flows: bool = False,
        columns: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """How far it was read. ``is_last_told``: a last line without its end told something, and
        is not to be read once more; ``columns``: see :class:`Cursor`."""
        progress = self.progress
        offset = progress.done if is_last_told else progress.line
        if self.size >= 0:
            before = log_files.bytes_before(self.stream.fileno(), offset, TAIL)
        else:
            before = progress.before(offset)
        # What closes a document stands behind the place, and moves when it grows.
        begins = self.begins[:offset] if offset else self.begins
        mark = Mark.at(begins, offset, before)
        cursor.move(self.name, mark, offset, flows=flows, columns=columns)

    def close(self) -> None:
        self._stack.close()


@contextmanager
def opening(file: LogFile) -> Iterator[Opened]:
    """Raises the source errors."""
    with log_files.opened(file) as stream:
        head, trouble = log_files.read(stream)
        one = Opened(file, stream, head, trouble, log_files.plain_size(file, stream))
        try:
            yield one
        finally:
            one.close()
