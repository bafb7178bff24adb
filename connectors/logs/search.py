"""Bytes of logs searched some blocks ahead of what takes their lines apart."""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from connectors.logs import files as log_files
from connectors.logs.files import LogFile, Part
from scanner.model.errors import SourceError

AHEAD = 3
"""Blocks that are searched while others are parsed."""

MOST_ENTRY = 2 << 20
"""Bytes of an entry of a log of connections: a delivery of CloudWatch Logs holds up to 1 MiB."""

Finder = Callable[[Any], list[int]]
"""Where in bytes what is looked for ends."""


def skipped(stream: Any, head: bytes, offset: int, mark: bytes = b"\n") -> tuple[bytes, int]:
    """What of a file is new, and where that begins; a line whose end came later is not new."""
    if offset <= len(head):
        rest, at = head[offset:], offset
        before = head[offset - 1 : offset]
    else:
        at, before = len(head), b""
        while at < offset:
            data = stream.read(min(log_files.BLOCK, offset - at))
            if not data:
                return b"", offset
            at += len(data)
            before = data[-1:]
        rest = b""
    if before != mark:
        cut = rest.find(mark) + 1
        if not cut:
            more = stream.read(log_files.BLOCK)
            rest += more
            cut = rest.find(mark) + 1
        rest, at = (rest[cut:], at + cut) if cut else (b"", at + len(rest))
    return rest, at


Searched = tuple[Part, list[int]]


def _ahead(jobs: Iterator[Future[Searched]]) -> Iterator[Searched]:
    """Some blocks are searched while another is parsed, and no more are held."""
    waiting: deque[Future[Searched]] = deque()
    trouble: Exception | None = None
    try:
        for job in jobs:
            waiting.append(job)
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
    except (SourceError, OSError, EOFError, ValueError, zlib.error) as error:
        # What was read before a file broke is told.
        trouble = error
    while waiting:
        yield waiting.popleft().result()
    if trouble is not None:
        raise trouble


def searched(
    blocks: Iterator[bytes], places: Finder, pool: ThreadPoolExecutor
) -> Iterator[Searched]:
    """Blocks of a stream with the places that were found in them."""

    def search(block: bytes) -> Searched:
        return Part(block, 0, len(block)), places(block)

    return _ahead(pool.submit(search, block) for block in blocks)


def searched_parts(
    file: LogFile,
    begin: int,
    end: int,
    places: Finder,
    pool: ThreadPoolExecutor,
    mark: bytes = b"\n",
) -> Iterator[Searched]:
    """Blocks of a plain file: reading, too, is done side by side."""
    descriptor = os.open(file.path, os.O_RDONLY)

    def search(at: int) -> Searched:
        found = log_files.part(descriptor, begin, at, end, mark)
        view = memoryview(found.data)[found.start : found.stop]
        return found, [found.start + place for place in places(view)]

    starts = range(begin, end, log_files.BLOCK)
    jobs = [] if begin >= end else starts
    running: set[Future[Searched]] = set()

    def submitted() -> Iterator[Future[Searched]]:
        for at in jobs:
            job = pool.submit(search, at)
            running.add(job)
            job.add_done_callback(running.discard)  # what is done holds its block
            yield job

    try:
        yield from _ahead(submitted())
    finally:
        wait(tuple(running))  # none of them reads from a descriptor that is closed
        os.close(descriptor)


@dataclass
class Opened:
    """A file whose first block was read."""

    file: LogFile
    stream: Any
    begins: bytes
    trouble: Exception | None

    def blocks(
        self, offset: int, places: Finder, pool: ThreadPoolExecutor, mark: bytes = b"\n"
    ) -> tuple[int, Iterator[Searched]]:
        """Where what is new begins, and its blocks with what was found in them."""
        size, done, head = log_files.plain_size(self.file), 0, self.begins
        if offset and size >= 0:
            done = log_files.next_line(self.file, offset, mark)
        elif offset:
            head, done = skipped(self.stream, head, offset, mark)
        if size >= 0:
            return done, searched_parts(self.file, done, size, places, pool, mark)
        return done, searched(log_files.blocks(self.stream, head, self.trouble, mark), places, pool)


def entries(part: Part, places: list[int], mark: bytes = b"\n") -> Iterator[bytes]:
    """Every entry that has one of the places, once."""
    block, behind = part.data, part.start
    for end in places:
        if end <= behind:
            continue
        start = max(block.rfind(mark, part.start, end) + 1, part.start)
        stop = block.find(mark, end, part.stop)
        behind = stop if stop >= 0 else part.stop
        if behind - start <= MOST_ENTRY:
            yield block[start:behind]
