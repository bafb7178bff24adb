"""One large plain file read by several processes: each takes pieces of it, and what they found is
joined in the order of the file.

A piece holds the lines that begin in it, as :func:`connectors.logs.files.part` has them, so that
nothing is read twice or left out. What names the columns of a log may stand anywhere in it: what
was read behind such a line under other names is read again. Whatever happens to a process, its
piece is read here. The end of the file, which may grow, is the caller's.
"""

from __future__ import annotations

import os
import pickle
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from errno import ENOENT
from mmap import ACCESS_READ, mmap
from multiprocessing.context import get_spawning_popen
from tempfile import TemporaryFile

from connectors.logs import files as log_files
from connectors.logs.answers import Answers
from connectors.logs.documents import is_by_value
from connectors.logs.formats import in_order, marks
from connectors.logs.joined import Joins
from connectors.logs.lines import Layout
from connectors.logs.long_lines import MOST_PARSED
from connectors.logs.opening import Opened
from connectors.logs.rows import Settings, Sums
from connectors.logs.search import every_line
from connectors.logs.tally import Tally
from connectors.logs.told import Counted, Lines
from scanner.kit import processes
from scanner.kit.contract import Watch

LEAST = 512 << 20
"""Bytes that are left of a file for which starting processes (0.25 s) is worth it."""
PIECE = 32 << 20
_MOST = 7
"""Processes beside this one: what reads more is the disk."""
_PROBED = 20
"""Lines by which it is told whether those of a log need the ones before them."""


@dataclass(frozen=True)
class Piece:
    """``[at, stop)`` of a file whose reading begins at ``begin`` and ends at ``end``. ``same``: its
    device and number there, as another file may be called so by now; ``named_by``: as
    :attr:`Layout.named_by` of the lines in it, as far as is known."""

    path: str
    same: tuple[int, int]
    begin: int
    at: int
    stop: int
    end: int
    day: int
    forced: str
    named_by: tuple[str, ...]
    day_first: bool = False

    @property
    def layout(self) -> Layout:
        made = Layout(day=self.day, day_first=self.day_first, forced=self.forced)
        made.name(self.named_by)
        return made


@dataclass(frozen=True)
class Found:
    """In a piece. ``named_by``: as it is behind it; ``needs_order``: it has lines that say nothing
    without those before them."""

    sums: Sums
    answers: Answers
    counted: Counted
    named_by: tuple[str, ...]
    needs_order: bool


def piece_of(opened: Opened, layout: Layout, forced: str) -> Piece | None:
    """All that is to be read of a file, as one piece; None: it is not read in pieces."""
    if opened.size < 0 or is_by_value(opened.begins):
        return None
    descriptor = opened.stream.fileno()
    begin = opened.offset
    if begin and opened.progress.before(begin)[-1:] != b"\n":
        begin = log_files.next_line(descriptor, begin)
    piece = Piece(
        opened.file.path, _same(descriptor), begin, begin, opened.size, opened.size, layout.day,
        forced, layout.named_by, layout.day_first,
    )  # fmt: skip
    return None if _needs_order(opened.begins, piece.layout) else piece


def _same(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _needs_order(head: bytes, layout: Layout) -> bool:
    """Whether a line of the log says nothing without those before it: answers of name servers that
    do not tell who asked."""
    lines = head.split(b"\n", _PROBED)[:_PROBED]
    whole = [line for line in lines if len(line) <= MOST_PARSED]
    return any(one.format in in_order() for line in whole for one in layout.records(line))


class _Handed:
    """An open file that a process has from its beginning; there, its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        begun = get_spawning_popen()
        if begun is None:
            return int, (self._descriptor,)
        return int, (begun.duplicate_for_child(self._descriptor),)


class Aside:
    """Processes for the files of one reading, started for the first one that is large enough.
    ``count``: of processors; with one, nothing is divided."""

    def __init__(self, watch: Watch, count: int) -> None:
        self._watch = watch
        self._count = min(count - 1, _MOST)
        self._pool: ProcessPoolExecutor | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        self._stack.close()

    def is_worth(self, size: int) -> bool:
        return self._count > 0 and size >= (LEAST if self._pool is None else 4 * PIECE)

    def read(
        self, first: Piece, settings: Settings, descriptor: int
    ) -> Iterator[tuple[Piece, Found]]:
        """Pieces of ``first`` in order, each once; all but the last one, which is the caller's, as
        is what follows where lines need those before them. ``descriptor``: of the file here. Raises
        ``OSError`` where that cannot be read either."""
        stop = first.at + (first.stop - first.at - 1) // PIECE * PIECE
        flight: deque[tuple[Piece, Future[Found] | Found]] = deque()
        at, named_by = first.at, first.named_by
        while at < stop or flight:
            sent = sum(isinstance(one, Future) for _, one in flight)
            while at < stop and sent < 2 * self._count:
                piece = _piece(first, at, stop, named_by)
                flight.append((piece, self._sent(piece, settings)))
                at, sent = piece.stop, sent + 1
            if at < stop and _has_room(flight, 4 * self._count + 2):
                mine = _piece(first, at, stop, named_by)
                flight.append((mine, read_piece(self._watch, mine, settings, descriptor)))
                at = mine.stop
                continue
            piece, job = flight.popleft()
            found = self._done(piece, job, settings, descriptor)
            if found.needs_order:
                _let_be(flight)
                return
            yield piece, found
            if found.named_by != named_by:
                named_by = found.named_by
                _let_be(flight)
                at = piece.stop

    def _sent(self, piece: Piece, settings: Settings) -> Future[Found]:
        try:
            if self._pool is None:
                self._pool = processes.pool(self._count, _know, self._written())
            return self._pool.submit(_read_here, piece, settings)
        except (BrokenExecutor, OSError, RuntimeError) as error:
            failed: Future[Found] = Future()
            failed.set_exception(error)
            return failed

    def _written(self) -> _Handed:
        """A file with what is looked for: it is too much to be told a process that begins, and may
        die before it has heard all. It has no name, so nothing is left of it, however this ends."""
        file = self._stack.enter_context(TemporaryFile())  # noqa: SIM115 (closed there)
        pickle.dump(self._watch, file)
        file.flush()
        return _Handed(file.fileno())

    def _done(
        self, piece: Piece, job: Future[Found] | Found, settings: Settings, descriptor: int
    ) -> Found:
        if isinstance(job, Found):
            return job
        try:
            return job.result()
        except BrokenExecutor:  # one was ended: by what, its piece does not say
            self._count = 0
        except (OSError, RuntimeError, EOFError):
            pass
        return read_piece(self._watch, piece, settings, descriptor)


_known: list[Watch] = []
"""In a process that reads pieces: what it looks for."""


def _know(descriptor: int) -> None:
    with open(descriptor, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as written:
        _known[:] = [pickle.loads(written)]  # noqa: S301 (the scan's own writing)


def _read_here(piece: Piece, settings: Settings) -> Found:
    descriptor = os.open(piece.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        if _same(descriptor) != piece.same:
            raise FileNotFoundError(ENOENT, "another file is called so", piece.path)
        return read_piece(_known[0], piece, settings, descriptor)
    finally:
        os.close(descriptor)


def _let_be(flight: deque[tuple[Piece, Future[Found] | Found]]) -> None:
    for _, job in flight:
        if isinstance(job, Future):
            job.cancel()
    flight.clear()


def _has_room(flight: deque[tuple[Piece, Future[Found] | Found]], most: int) -> bool:
    """Whether this process reads a piece itself rather than joins what is there."""
    if not flight:
        return True
    job = flight[0][1]
    return isinstance(job, Future) and not job.done() and len(flight) < most


def _piece(first: Piece, at: int, stop: int, named_by: tuple[str, ...]) -> Piece:
    return replace(first, at=at, stop=min(stop, at + PIECE), named_by=named_by)


def read_piece(watch: Watch, piece: Piece, settings: Settings, descriptor: int) -> Found:
    """What the lines of a piece tell. Raises ``OSError``."""
    find = every_line if piece.layout.is_unmarked else watch.search(marks())
    lines = Lines(piece.path, piece.layout, Tally.of(watch, settings), Joins())
    for at in range(piece.at, piece.stop, log_files.BLOCK):
        part = log_files.part(descriptor, piece.begin, at, piece.end)
        view = memoryview(part.data)[part.start : part.stop]
        lines.read(part, [part.start + place for place in find(view)], None)
    return Found(
        lines.tally.sums, lines.joins.answers, lines.counted(), lines.layout.named_by,
        lines.needs_order,
    )  # fmt: skip
