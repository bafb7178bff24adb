"""One shard -> the sink: attempts, deadline, checkpoints, and what it came to.

Runs in a thread beside the runner or in a worker's process; it knows neither. What it catches it
records: trouble is coverage with a reason, never an empty answer.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from scanner.collect.watch import Watch
from scanner.kit.clocks import Clock
from scanner.kit.contract import Connector, Context, Mode, Shard
from scanner.kit.references import unsaid
from scanner.model.base import ShardId, digest
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import (
    Denied,
    LeftOut,
    NotEnabled,
    ShadowAIError,
    SourceError,
    StateTaken,
    StoreError,
    Throttled,
    Unavailable,
)
from scanner.model.evidence import PART
from scanner.model.facts import Account, Credential, Fact
from scanner.model.items import Activity, AsOf, Checkpoint, Gap, Item, Remembered

STORE_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds that a database has to come back: about as long as one takes to fail over."""
_TIMED = (Activity, Credential)
"""What others' clocks date. Logs' own times are looked at where their files are read, whose clock
may be the right one."""
_MAX_GAPS = 50
"""Named in coverage; the rest is counted."""


class ShardWriter(Protocol):
    """One shard's transaction with the state."""

    def add(self, fact: Fact) -> None: ...

    def remember(self, data: bytes, *, is_whole: bool = False) -> None:
        """What the connector wants back at the shard's next reading; ``is_whole``: see
        :class:`scanner.model.items.Remembered`."""
        ...

    def kept_of(self, mark: str) -> int | None:
        """How many records the complete reading of ``mark`` had, where that is what is stored;
        None: what follows is its reading."""
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

    def mark(self, shard: ShardId) -> tuple[str, int]:
        """Of which state of its source the stored facts are the complete reading, and how many
        records it had; empty: of none."""
        ...

    def writer(self, shard: Shard) -> ShardWriter: ...

    def record(self, coverage: Coverage) -> None:
        """Coverage that belongs to no writer (a listing that failed)."""
        ...

    def flush(self) -> None:
        """What was closed is stored, all of it."""
        ...


class Flights(Protocol):
    """Keeps which shards are in the air, beyond the death of this process."""

    @property
    def tries(self) -> Mapping[ShardId, int]:
        """Shards that were in the air when a run's process died -> in how many runs."""
        ...

    def note(self, begun: Collection[ShardId], ended: Collection[ShardId]) -> None: ...

    def stopped(self, shards: Collection[ShardId]) -> None: ...

    def set_aside(self, shard: ShardId, left: int) -> None: ...


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
    mark: str = ""
    """Changes with what else than its source decides what is read of a shard: rules, settings."""
    clean: Callable[[str], str] = str
    """Takes secrets out of what is told of a shard: paths and vendors' messages may hold them."""
    on_begin: Callable[[str, ShardId], None] = field(default=lambda source, shard: None)
    """Called with each shard that is about to be read, and the name of its source."""
    on_progress: Callable[[Coverage, int, int], None] = field(
        default=lambda coverage, done, known: None
    )
    """Called with each finished shard, how many are done and how many are known by now."""
    at_once: int = 0
    """Shards read side by side in this process; 0: as many as its executor takes."""
    room: Callable[[int, int], int] = field(default=lambda at_once, flying: at_once)
    """How many may be read now where ``at_once`` could be and ``flying`` are; fewer, as long as
    memory is short."""


Interpret = Callable[[Item, str], Iterator[Fact | Gap]]
"""``interpret(item, connector name)``: facts of anything but gaps and checkpoints."""


@contextmanager
def unless_full() -> Iterator[None]:
    """What cannot be stored, for want of space or of the database, still reaches the document.
    Where another scan has taken the state over, nothing of this one does."""
    try:
        yield
    except StateTaken:
        raise
    except StoreError:
        return


def read(
    source: Source,
    shard: Shard,
    sink: Sink,
    interpret: Interpret,
    options: Options,
    stop: threading.Event,
    watch: Watch | None = None,
) -> Coverage:
    """One shard, with retries for what a retry may help. A database that went away is waited for:
    the next attempt goes on at the checkpoint that it has kept. Raises ``Abandoned`` where whoever
    waits has given it up by ``watch``."""
    pauses = iter(STORE_PAUSES)
    attempt = 1
    watch = watch or Watch(options.deadline_seconds, options.clock)
    while True:
        row, trouble = _attempt(source, shard, sink, interpret, options, stop, watch)
        if trouble is None or stop.is_set():
            return row
        if isinstance(trouble, StoreError):
            pause = next(pauses, None)
        else:
            pause = options.pause_seconds * attempt if attempt < options.attempts else None
            attempt += 1
        if pause is None:
            return row
        watch.pause()
        options.sleep(pause)


def _attempt(
    source: Source,
    shard: Shard,
    sink: Sink,
    interpret: Interpret,
    options: Options,
    stop: threading.Event,
    watch: Watch,
) -> tuple[Coverage, Exception | None]:
    """What it came to, and the trouble that another attempt may be spared."""
    records = 0
    clock = Clock(source.context.now())
    name = source.connector.spec.name
    is_log = shard.mode is Mode.INCREMENTAL
    gaps: list[Gap] = []
    error: Exception | None = None
    writer: ShardWriter | None = None
    try:
        writer = sink.writer(shard)
        since = sink.checkpoint(shard.id) if shard.mode is Mode.INCREMENTAL else None
        watch.begin()
        for item in source.connector.collect(source.context, shard, since):
            watch.check()
            if stop.is_set() or watch.is_late():
                raise Unavailable(_late(shard, options, stop))
            if isinstance(item, AsOf):
                kept = writer.kept_of(digest([item.mark, options.mark]))
                if kept is not None:
                    records = kept
                    break
            elif isinstance(item, (Checkpoint, Remembered)):
                _keep(writer, item, watch)
            else:
                known = _of_shard(clock.fitted(item) if isinstance(item, _TIMED) else item, shard)
                facts = (known,) if isinstance(known, Gap) else interpret(known, name)
                for fact in facts:
                    if isinstance(fact, Gap):
                        gaps.append(fact)
                        continue
                    writer.add(fact)
                    # Where a log is from, it tells each time: that is nothing that has happened.
                    records += not (is_log and isinstance(fact, Account))
    except (Exception, SystemExit) as caught:
        error = as_error(caught)
    gaps += clock.gaps(shard.title or shard.id)
    clean = cleaner(source, options)
    row = coverage_of(error, source.name, shard, records, gaps, clean=clean)
    if isinstance(error, StoreError) and writer is not None:
        writer.discard()
    try:
        with watch.storing():
            if writer is not None:
                writer.close(row)
    except StoreError as caught:
        error = as_error(caught)
        row = coverage_of(error, source.name, shard, 0, gaps, clean=clean)
    return row, error if _may_heal(error) else None


def _of_shard(item: Item, shard: Shard) -> Item:
    """What a connector calls a part is this shard's."""
    if isinstance(item, Activity):
        return msgspec.structs.replace(item, part=shard.id) if item.part == PART else item
    if not isinstance(item, Fact) or not any(row.part == PART for row in item.evidence):
        return item
    rows = (
        msgspec.structs.replace(row, part=shard.id) if row.part == PART else row
        for row in item.evidence
    )
    return msgspec.structs.replace(item, evidence=tuple(rows))


def _keep(writer: ShardWriter, item: Checkpoint | Remembered, watch: Watch) -> None:
    if isinstance(item, Remembered):
        writer.remember(item.data, is_whole=item.is_whole)
        return
    with watch.storing():
        writer.commit(item.cursor)


def _may_heal(error: Exception | None) -> bool:
    if isinstance(error, StoreError):
        return error.may_heal
    return isinstance(error, (Throttled, Unavailable))


def hung(shard: Shard, options: Options) -> Unavailable:
    """Given up by whoever waited for it."""
    return Unavailable(
        f"{shard.id}: not finished after {options.deadline_seconds:.0f} s (deadline); it hangs, "
        "and was left behind"
    )


def _late(shard: Shard, options: Options, stop: threading.Event) -> str:
    if stop.is_set():
        return f"{shard.id}: interrupted"
    return f"{shard.id}: not finished after {options.deadline_seconds:.0f} s (deadline)"


def cleaner(source: Source, options: Options) -> Callable[[str], str]:
    """Takes out of a text each secret that the source was given, and what looks like one."""
    return lambda text: options.clean(unsaid(source.context.environ, text))


def coverage_of(
    error: Exception | None,
    source: str,
    shard: Shard,
    records: int = 0,
    gaps: Sequence[Gap] = (),
    *,
    clean: Callable[[str], str],
) -> Coverage:
    """What reading a shard came to. ``clean``: see :func:`cleaner`."""
    told = [Gap(what=clean(g.what), reason=clean(g.reason), denied=g.denied) for g in gaps]
    named = tuple(f"{gap.what}: {gap.reason}" for gap in told[:_MAX_GAPS])
    if len(told) > _MAX_GAPS:
        named = (*named, f"and {len(told) - _MAX_GAPS} more")
    status, reason = _verdict(error, records, told)
    return Coverage(
        shard=shard.id,
        source=source,
        status=status,
        reason=clean(reason),
        records=records,
        listed_by=shard.listed_by,
        whole_of=shard.whole_of,
        left_out=shard.left_out,
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
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "the end"
    return f"internal error {type(error).__name__} at {place}; please report it"


def as_error(error: BaseException) -> Exception:
    """What would end the whole process (a library that takes itself for a program), as an error of
    one shard. That another scan has taken the state over is none: it ends this one."""
    if isinstance(error, StateTaken):
        raise error
    if isinstance(error, Exception):
        return error
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
