"""Bytes of logs searched some blocks ahead of what takes their lines apart.

Where a file's reading begins and how far it came is :mod:`connectors.logs.opening`'s.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from connectors.logs import files as log_files
from connectors.logs.files import Part
from connectors.logs.packed import BROKEN
from scanner.model.errors import SourceError

AHEAD = 3
"""Blocks that are searched while others are parsed."""

MOST_ENTRY = 2 << 20
"""Bytes of an entry of a log of connections: a delivery of CloudWatch Logs holds up to 1 MiB."""

Finder = Callable[[Any], list[int]]
"""Where in bytes what is looked for ends."""


_LINE = re.compile(rb"[^\n]+")


def every_line(data: Any) -> list[int]:
    """Where lines end, of a log that has nothing to look for."""
    return [line.end() for line in _LINE.finditer(data)]


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
    except (SourceError, *BROKEN) as error:
        # What was read before a file broke is told.
        trouble = error
    while waiting:
        yield waiting.popleft().result()
    if trouble is not None:
        raise trouble


def searched(
    blocks: Iterator[bytes], begin: int, places: Finder, pool: ThreadPoolExecutor
) -> Iterator[Searched]:
    """Blocks of a stream with the places that were found in them; ``begin``: where the first is."""

    def search(block: bytes, end: int) -> Searched:
        return Part(block, 0, len(block), end), places(block)

    def submitted(end: int) -> Iterator[Future[Searched]]:
        for block in blocks:
            end += len(block)
            yield pool.submit(search, block, end)

    return _ahead(submitted(begin))


def searched_parts(
    opened: int,
    begin: int,
    end: int,
    places: Finder,
    pool: ThreadPoolExecutor,
    mark: bytes = b"\n",
) -> Iterator[Searched]:
    """Blocks of a plain file, by its descriptor: reading, too, is done side by side."""
    descriptor = os.dup(opened)

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
