"""A shard that another process reads: what is sent to it, and what comes back.

Both are plain data in MessagePack: no object of a connector, no session and no credential crosses,
for the worker makes its own from the same configuration. The worker keeps nothing; what it read is
stored by the runner, in the same transactions as if it had been read beside it, so a shard that two
workers read (one was taken for dead) is stored once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field, replace

import msgspec

from scanner.collect.reading import (
    STORE_PAUSES,
    Interpret,
    Options,
    Sink,
    Source,
    cleaner,
    coverage_of,
    hung,
    read,
    unless_full,
)
from scanner.collect.sightings import Sightings
from scanner.collect.threads import Threads, end_at_once
from scanner.collect.watch import Watch
from scanner.kit.contract import Mode, Shard
from scanner.model.base import Model, ShardId
from scanner.model.coverage import Coverage
from scanner.model.errors import StateTaken, StoreError
from scanner.model.facts import Fact
from scanner.model.items import Checkpoint


class Job(Model, frozen=True, kw_only=True):
    """One shard to read. ``setup``: of the whole scan, for whoever makes the connectors."""

    setup: bytes
    source: str
    shard: Shard
    cursor: str | None = None
    memory: bytes = b""
    others: dict[ShardId, bytes] = {}
    """What the shards that it comes after remember."""
    mark: tuple[str, int] = ("", 0)


class Step(Model, frozen=True, kw_only=True):
    """What one call of the writer was told."""

    facts: tuple[Fact, ...] = ()
    cursor: str | None = None
    memory: bytes | None = None
    is_whole: bool = False
    mark: str | None = None


class Attempt(Model, frozen=True, kw_only=True):
    steps: tuple[Step, ...]
    coverage: Coverage


class Reading(Model, frozen=True, kw_only=True):
    """All attempts at a shard, in order; the last one's coverage is the shard's."""

    attempts: tuple[Attempt, ...]
    warnings: tuple[str, ...] = ()


_ENCODER = msgspec.msgpack.Encoder()
_JOBS = msgspec.msgpack.Decoder(Job)
_READINGS = msgspec.msgpack.Decoder(Reading)

Work = Callable[[bytes], bytes]
"""What a worker does with a job. A function of a module, so that it is found by its name."""


class Recorder:
    """The sink of a worker: takes down what the runner will store."""

    def __init__(self, cursor: str | None, mark: tuple[str, int]) -> None:
        self.attempts: list[Attempt] = []
        self.cursor = cursor
        self._mark = mark

    def mark(self, shard: ShardId) -> tuple[str, int]:
        return self._mark

    def checkpoint(self, shard: ShardId) -> Checkpoint | None:
        return Checkpoint(cursor=self.cursor) if self.cursor is not None else None

    def writer(self, shard: Shard) -> _RecordWriter:
        return _RecordWriter(self, shard)

    def record(self, coverage: Coverage) -> None:
        raise NotImplementedError("a worker lists nothing")

    def flush(self) -> None:
        """It is the runner's to store."""


class _RecordWriter:
    def __init__(self, recorder: Recorder, shard: Shard) -> None:
        self._recorder = recorder
        self._shard = shard
        self._sightings = Sightings(adds=shard.mode is Mode.INCREMENTAL)
        self._steps: list[Step] = []

    def add(self, fact: Fact) -> None:
        self._sightings.add(fact)

    def remember(self, data: bytes, *, is_whole: bool = False) -> None:
        self._steps.append(Step(memory=data, is_whole=is_whole))

    def kept_of(self, mark: str) -> int | None:
        self._steps.append(Step(mark=mark))
        known, records = self._recorder.mark(self._shard.id)
        return records if known == mark else None

    def commit(self, cursor: str) -> None:
        self._steps.append(Step(facts=self._taken(), cursor=cursor))
        self._recorder.cursor = cursor

    def discard(self) -> None:
        self._sightings.forget()

    def close(self, coverage: Coverage) -> None:
        facts = self._taken()
        steps = (*self._steps, Step(facts=facts)) if facts else tuple(self._steps)
        self._recorder.attempts.append(Attempt(steps=steps, coverage=coverage))

    def _taken(self) -> tuple[Fact, ...]:
        facts = tuple(self._sightings.settled().values())
        self._sightings.forget()
        return facts


def job_of(data: bytes) -> Job:
    return _JOBS.decode(data)


def answer(
    job: Job,
    source: Source,
    interpret: Interpret,
    options: Options,
    problems: Callable[[], Iterable[str]],
) -> bytes:
    """The worker's part: the shard as data. ``problems``: what else is to be told after it."""
    told: set[str] = set()
    known = {**job.others, job.shard.id: job.memory}
    context = replace(
        source.context,
        recall=lambda shard: known.get(shard, b""),
        warn=told.add,
    )
    recorder = Recorder(job.cursor, job.mark)
    watch = Watch(options.deadline_seconds, options.clock)
    reading = _threads.submit(
        read, replace(source, context=context), job.shard, recorder, interpret, options,
        threading.Event(), watch,
    )  # fmt: skip
    attempts = recorder.attempts
    while not wait([reading], _TICK_SECONDS).done:
        if watch.give_up():
            _threads.leave(reading)
            end_at_once()
            late, clean = hung(job.shard, options), cleaner(source, options)
            row = coverage_of(late, job.source, job.shard, clean=clean)
            attempts = [*attempts, Attempt(steps=(), coverage=row)]
            break
    else:
        reading.result()
    return _ENCODER.encode(Reading(attempts=tuple(attempts), warnings=tuple(sorted(told))))


_TICK_SECONDS = 1.0
_threads = Threads(256)
"""In which a worker reads: what hangs there is left behind, and the worker takes the next shard."""


def refusal(job: Job, error: Exception) -> bytes:
    """The worker cannot read it at all, and why."""
    row = coverage_of(error, job.source, job.shard, clean=str)  # it was given no secret
    return _ENCODER.encode(Reading(attempts=(Attempt(steps=(), coverage=row),)))


@dataclass
class Away:
    """Workers in other processes. ``make``: an executor of so many of them; ``lost``: what a future
    of it raises when its worker died. ``attempts``: deaths that a shard is sure to have caused
    before it is set aside."""

    make: Callable[[int], Executor]
    work: Work
    setup: bytes
    at_once: int
    attempts: int
    lost: tuple[type[BaseException], ...]
    takes: Callable[[Source], bool] = field(default=lambda source: True)

    def submit(self, executor: Executor, sink: Sink, source: Source, shard: Shard) -> Future[bytes]:
        since = sink.checkpoint(shard.id) if shard.mode is Mode.INCREMENTAL else None
        job = Job(
            setup=self.setup,
            source=source.name,
            shard=shard,
            cursor=since.cursor if since else None,
            memory=source.context.recall(shard.id),
            others={one: source.context.recall(one) for one in (*shard.after, *shard.left)},
            mark=sink.mark(shard.id) if shard.mode is Mode.FULL else ("", 0),
        )
        return executor.submit(self.work, _ENCODER.encode(job))


def stored(data: bytes, source: Source, shard: Shard, sink: Sink, options: Options) -> Coverage:
    """What a worker brought, written as :func:`scanner.collect.reading.read` would have. A database
    that went away is waited for."""
    reading = _READINGS.decode(data)
    for warning in reading.warnings:
        source.context.warn(warning)
    pauses = iter(STORE_PAUSES)
    attempts = list(reading.attempts)
    is_again = False
    while True:
        try:
            if is_again:
                attempts = _rest(attempts, shard, sink)
            for attempt in attempts:
                _store(attempt, shard, sink)
        except StateTaken:
            raise
        except StoreError as error:
            pause = next(pauses, None) if error.may_heal else None
            if pause is None:
                return _unstored(error, source, shard, sink, options)
            options.sleep(pause)
            is_again = True
        else:
            return reading.attempts[-1].coverage


def _store(attempt: Attempt, shard: Shard, sink: Sink) -> None:
    writer = sink.writer(shard)
    for step in attempt.steps:
        for fact in step.facts:
            writer.add(fact)
        if step.mark is not None:
            writer.kept_of(step.mark)
        if step.memory is not None:
            writer.remember(step.memory, is_whole=step.is_whole)
        if step.cursor is not None:
            writer.commit(step.cursor)
    writer.close(attempt.coverage)


def _rest(attempts: list[Attempt], shard: Shard, sink: Sink) -> list[Attempt]:
    """Without what the database has committed by its checkpoint: a log's counts add up."""
    kept = sink.checkpoint(shard.id) if shard.mode is Mode.INCREMENTAL else None
    for place, attempt in enumerate(attempts):
        for number, step in enumerate(attempt.steps):
            if kept is not None and step.cursor == kept.cursor:
                rest = Attempt(steps=attempt.steps[number + 1 :], coverage=attempt.coverage)
                return [rest, *attempts[place + 1 :]]
    return attempts


def _unstored(
    error: StoreError, source: Source, shard: Shard, sink: Sink, options: Options
) -> Coverage:
    row = coverage_of(error, source.name, shard, clean=cleaner(source, options))
    with unless_full():
        sink.writer(shard).close(row)
    return row
