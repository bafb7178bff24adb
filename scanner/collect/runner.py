"""Shards x connectors -> the sink. Owns threads, retries, deadlines, checkpoints and coverage.

Only this module catches broadly, and what it catches it records: one source's failure never stops
the others, and never looks like an empty answer. It knows no vendor, no rule and no database.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Set
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from scanner.kit.contract import Connector, Context, Mode, Shard
from scanner.model.base import ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import (
    Denied,
    LeftOut,
    NotEnabled,
    ShadowAIError,
    SourceError,
    StoreError,
    Throttled,
    Unavailable,
)
from scanner.model.facts import Fact
from scanner.model.items import Checkpoint, Gap, Item, Remembered

_MAX_GAPS = 50
"""Named in coverage; the rest is counted."""


class ShardWriter(Protocol):
    """One shard's transaction with the state."""

    def add(self, fact: Fact) -> None: ...

    def remember(self, data: bytes) -> None:
        """What the connector wants back at the shard's next reading."""
        ...

    def commit(self, cursor: str) -> None:
        """Store what was added and ``cursor`` together."""
        ...

    def discard(self) -> None:
        """Forget what was added since the last commit."""
        ...

    def close(self, coverage: Coverage) -> None:
        """Store the rest and the coverage together. Only under complete coverage may what was not
        added again vanish."""
        ...


class Sink(Protocol):
    def checkpoint(self, shard: ShardId) -> Checkpoint | None: ...

    def writer(self, shard: Shard) -> ShardWriter: ...

    def record(self, coverage: Coverage) -> None:
        """Coverage that belongs to no writer (a listing that failed)."""
        ...


@dataclass
class Source:
    """A configured connector."""

    name: str
    connector: Connector
    context: Context[Any]


@dataclass
class Options:
    attempts: int = 2
    """Of a whole shard; single calls are retried by the kit before."""
    pause_seconds: float = 2.0
    deadline_seconds: float = 3600.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    clean: Callable[[str], str] = str
    """Takes secrets out of what is told of a shard: paths and vendors' messages may hold them."""
    on_progress: Callable[[Coverage, int, int], None] = field(
        default=lambda coverage, done, known: None
    )
    """Called with each finished shard, how many are done and how many are known."""


Interpret = Callable[[Item, str], Iterator[Fact | Gap]]
"""``interpret(item, connector name)``: facts of anything but gaps and checkpoints."""


def run(
    sources: Iterable[Source],
    *,
    sink: Sink,
    interpret: Interpret,
    executor: Executor,
    done: Set[ShardId] = frozenset(),
    options: Options | None = None,
) -> list[Coverage]:
    """Read every shard of every source once; coverage of all, in a fixed order.

    ``done``: shards that an interrupted run has already stored; they are not read again.
    """
    chosen = options or Options()
    coverage: list[Coverage] = []
    tasks: list[Future[Coverage]] = []
    stop = threading.Event()
    for source in sources:
        shards, listing = _enumerate(source, chosen.clean)
        for row in listing:
            _record(sink, row)
        coverage += listing
        tasks += [
            executor.submit(_read, source, shard, sink, interpret, chosen, stop)
            for shard in shards
            if shard.id not in done
        ]
    try:
        for count, task in enumerate(as_completed(tasks), start=1):
            row = task.result()
            coverage.append(row)
            chosen.on_progress(row, count, len(tasks))
    except BaseException:
        stop.set()
        for task in tasks:
            task.cancel()
        raise
    return sorted(coverage, key=lambda row: row.shard)


def _enumerate(source: Source, clean: Callable[[str], str]) -> tuple[list[Shard], list[Coverage]]:
    """The shards of a source, and how complete the listings were that named them."""
    shards: dict[ShardId, Shard] = {}
    trouble: Coverage | None = None
    try:
        for found in source.connector.shards(source.context):
            shard = msgspec.structs.replace(
                found,
                id=ShardId(clean(found.id)),
                title=clean(found.title),
                listed_by=clean(found.listed_by),
            )
            shards.setdefault(shard.id, shard)
    except Exception as error:
        listing = ShardId(f"{source.name}:listing")
        trouble = _coverage_of(error, listing, source.name, Shard(id=listing), 0, [])
    if trouble is not None:
        return list(shards.values()), [trouble]
    names = sorted({shard.listed_by for shard in shards.values() if shard.listed_by})
    return list(shards.values()), [
        Coverage(shard=ShardId(name), source=source.name, status=Outcome.COMPLETE)
        for name in names
        if name not in shards
    ]


def _record(sink: Sink, row: Coverage) -> None:
    try:
        sink.record(row)
    except StoreError:
        return  # the state is full; the row still reaches the document


def _read(
    source: Source,
    shard: Shard,
    sink: Sink,
    interpret: Interpret,
    options: Options,
    stop: threading.Event,
) -> Coverage:
    """One shard, with retries for what a retry may help."""
    row = Coverage(shard=shard.id, source=source.name, status=Outcome.FAILED, reason="not started")
    for attempt in range(1, options.attempts + 1):
        row, retriable = _attempt(source, shard, sink, interpret, options, stop)
        if not retriable or attempt == options.attempts or stop.is_set():
            break
        options.sleep(options.pause_seconds * attempt)
    return row


def _attempt(
    source: Source,
    shard: Shard,
    sink: Sink,
    interpret: Interpret,
    options: Options,
    stop: threading.Event,
) -> tuple[Coverage, bool]:
    records = 0
    gaps: list[Gap] = []
    error: Exception | None = None
    writer: ShardWriter | None = None
    try:
        writer = sink.writer(shard)
        since = sink.checkpoint(shard.id) if shard.mode is Mode.INCREMENTAL else None
        until = options.clock() + options.deadline_seconds
        for item in source.connector.collect(source.context, shard, since):
            if stop.is_set() or options.clock() > until:
                raise Unavailable(_late(shard, options, stop))
            if isinstance(item, Gap):
                gaps.append(item)
            elif isinstance(item, Checkpoint):
                writer.commit(item.cursor)
            elif isinstance(item, Remembered):
                writer.remember(item.data)
            else:
                for fact in interpret(item, source.connector.spec.name):
                    if isinstance(fact, Gap):
                        gaps.append(fact)
                        continue
                    writer.add(fact)
                    records += 1
    except Exception as caught:
        error = caught
    gaps = [
        Gap(what=options.clean(g.what), reason=options.clean(g.reason), denied=g.denied)
        for g in gaps
    ]
    row = _coverage_of(error, shard.id, source.name, shard, records, gaps)
    row = msgspec.structs.replace(row, reason=options.clean(row.reason))
    if isinstance(error, StoreError) and writer is not None:
        writer.discard()
    try:
        if writer is not None:
            writer.close(row)
    except StoreError as caught:
        return _coverage_of(caught, shard.id, source.name, shard, 0, gaps), False
    return row, isinstance(error, (Throttled, Unavailable)) and not stop.is_set()


def _late(shard: Shard, options: Options, stop: threading.Event) -> str:
    if stop.is_set():
        return f"{shard.id}: interrupted"
    return f"{shard.id}: not finished after {options.deadline_seconds:.0f} s (deadline)"


def _coverage_of(
    error: Exception | None,
    shard: ShardId,
    source: str,
    origin: Shard,
    records: int,
    gaps: list[Gap],
) -> Coverage:
    named = tuple(f"{gap.what}: {gap.reason}" for gap in gaps[:_MAX_GAPS])
    if len(gaps) > _MAX_GAPS:
        named = (*named, f"and {len(gaps) - _MAX_GAPS} more")
    status, reason = _verdict(error, records, gaps)
    return Coverage(
        shard=shard,
        source=source,
        status=status,
        reason=reason,
        records=records,
        listed_by=origin.listed_by,
        gaps=named,
    )


def _verdict(error: Exception | None, records: int, gaps: list[Gap]) -> tuple[Outcome, str]:
    if error is None:
        if not gaps:
            return Outcome.COMPLETE, ""
        more = f" (and {len(gaps) - 1} more)" if len(gaps) > 1 else ""
        return Outcome.PARTIAL, f"{gaps[0].what}: {gaps[0].reason}{more}"
    if isinstance(error, NotEnabled):
        return Outcome.NOT_ENABLED, str(error)
    if isinstance(error, LeftOut):
        return Outcome.LEFT_OUT, str(error)
    if isinstance(error, Denied):
        return (Outcome.PARTIAL if records else Outcome.DENIED), str(error)
    if isinstance(error, (SourceError, StoreError)):
        return (Outcome.PARTIAL if records else Outcome.FAILED), str(error)
    if isinstance(error, ShadowAIError):
        return Outcome.FAILED, str(error)
    return Outcome.FAILED, _bug(error)


def _bug(error: Exception) -> str:
    """Type and place, never the message: it may quote what was being read."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
    return f"internal error {type(error).__name__} at {place}; please report it"
