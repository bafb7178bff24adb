"""Shards x connectors -> the sink. Owns which shard is read when and where, and coverage of all.

One source's failure never stops the others, and never looks like an empty answer. How a shard is
read is :mod:`scanner.collect.reading`'s, where it is read :mod:`scanner.collect.lanes`'. It knows
no vendor, no rule and no database.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Executor, Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from scanner.collect.away import Away
from scanner.collect.lanes import Beside, Lane, Turn, Workers
from scanner.collect.listing import Listing, elsewhere
from scanner.collect.reading import (
    STORE_PAUSES,
    Flights,
    Interpret,
    Options,
    ShardWriter,
    Sink,
    Source,
    as_error,
    cleaner,
    coverage_of,
    unless_full,
)
from scanner.collect.suspects import Suspects
from scanner.collect.threads import Threads
from scanner.kit.contract import Shard
from scanner.model.base import ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import StateTaken, StoreError, Unavailable

__all__ = ["Interpret", "Options", "ShardWriter", "Sink", "Source", "run"]

_TICK_SECONDS = 1.0
"""So often it is asked whether there is room for more, and whether something hangs."""
_LISTED_AT_ONCE = 4
_MOST_NAMED = 50
_MOST_HANGING = 8
"""Shards of one source, each of which keeps a thread: then no further one of it is begun."""


def run(
    sources: Iterable[Source],
    *,
    sink: Sink,
    interpret: Interpret,
    executor: Executor,
    away: Away | None = None,
    done: Mapping[ShardId, str] = {},
    standing: Mapping[ShardId, str] = {},
    options: Options | None = None,
    flights: Flights | None = None,
) -> list[Coverage]:
    """Read every shard of every source once; coverage of all, in a fixed order.

    ``executor``: threads for what is read in this process; ``away``: workers for the rest.
    ``done``: shards that an interrupted run has already stored, of which source; they are not read
    again. ``standing``: those of sources that are not read now.
    ``flights``: what is in the air is noted there, and what was when a run died is read last.
    """
    reading = _Run(sink, interpret, executor, away, done, options or Options(), flights)
    reading.owners |= standing
    return reading.all_of(list(sources))


class _Run:
    """Lists in threads of their own, so that what is known is read while more is being listed;
    everything else happens where :meth:`all_of` runs."""

    def __init__(
        self,
        sink: Sink,
        interpret: Interpret,
        executor: Executor,
        away: Away | None,
        done: Mapping[ShardId, str],
        options: Options,
        flights: Flights | None,
    ) -> None:
        self._sink = sink
        self._done = done
        self.owners: dict[ShardId, str] = dict(done)
        """Shard -> source that has named it, or did first."""
        self._places: dict[ShardId, str] = {}
        self._options = options
        self._stop = threading.Event()
        self._open: set[ShardId] = set()
        """Named, and not yet read."""
        self._held: list[tuple[Lane, Turn]] = []
        """Turns that come after some of those."""
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._coverage: list[Coverage] = []
        self._known = self._read = 0
        self._listings: dict[Future[None], Listing] = {}
        self._left: Counter[str] = Counter()
        """Source -> shards of it that hang."""
        self._looked_at = 0.0
        self._beside = Beside(executor, sink, interpret, options, self._stop)
        self._lanes: list[Lane] = [self._beside]
        self._away = away
        self._flights: dict[Future[Any], Turn] = {}
        if away is not None:
            alone = Workers(away, sink, 1, None, options)
            self._workers = Workers(away, sink, away.at_once, alone, options)
            self._lanes += [self._workers, alone]
        last: Lane = Beside(executor, sink, interpret, options, self._stop, at_once=1)
        if away is not None:  # where it kills nobody but its worker
            last = Workers(away, sink, 1, None, options)
        self._suspects = Suspects(flights, last, done, options)

    def all_of(self, sources: list[Source]) -> list[Coverage]:
        listers = Threads(_LISTED_AT_ONCE, "lists")
        for source in sources:
            listing = Listing(source, self._options)
            future = listers.submit(listing.run)
            self._listings[future] = listing
            future.add_done_callback(lambda done: self._inbox.put(partial(self._named, done)))
        try:
            while not self._is_over():
                self._take_in()
                self._leave_behind(listers)
                self._top_up()
        except BaseException as error:
            self._stop.set()
            for flight, turn in self._flights.items():
                if self._has_died(flight):
                    self._suspects.died(turn[1].id)
            for flight in (*self._flights, *self._listings):
                flight.cancel()
            with suppress(StoreError):
                self._sink.flush()
            self._suspects.over(is_stopped=isinstance(error, (KeyboardInterrupt, SystemExit)))
            raise
        finally:
            listers.shutdown(wait=False)
            for lane in (*self._lanes, self._suspects.lane):
                if isinstance(lane, Workers):
                    lane.close()
        _flush(self._sink, self._options.sleep)
        self._suspects.over(is_stopped=False)
        return sorted(self._coverage, key=lambda row: row.shard)

    def _take_in(self) -> None:
        """All that has come meanwhile, so that one transaction notes what is begun next; or nothing
        for a while, in which the room may have changed."""
        with suppress(Empty):
            self._inbox.get(timeout=_TICK_SECONDS)()
            for _ in range(self._inbox.qsize()):
                self._inbox.get_nowait()()

    def _tell_shared(self, source: Source, shards: list[Shard]) -> None:
        """Under one id one reading is stored: the other source's would take its place, unseen."""
        shared = [s.id for s in shards if self.owners[s.id] != source.name]
        row = Coverage(
            shard=ShardId(f"{source.name}:shared"),
            source=source.name,
            status=Outcome.FAILED,
            reason=f"{len(shared)} of its shards are named by [sources.{self.owners[shared[0]]}], "
            f"too, which reads them, and were not read under these settings; the first: "
            f"{shared[0]}. Name each place in one source",
            gaps=tuple(str(ident) for ident in shared[:_MOST_NAMED]),
        )
        self._tell(row)

    def _tell(self, row: Coverage) -> None:
        """What is about no single shard."""
        _record(self._sink, row)
        self._coverage.append(row)
        self._options.on_progress(row, self._read, self._known)

    def _is_over(self) -> bool:
        last = self._suspects.lane
        return self._is_idle() and not (last.waiting or last.flying)

    def _is_idle(self) -> bool:
        """All is read but what is suspected."""
        busy = any(lane.waiting or lane.flying for lane in self._lanes)
        return not self._listings and not busy

    def _named(self, done: Future[None]) -> None:
        listing = self._listings.pop(done, None)
        if listing is None:
            return  # given up before
        trouble = done.exception()
        self._listed(*listing.found(None if trouble is None else as_error(trouble)))

    def _leave_behind(self, listers: Threads) -> None:
        """What does not come back in its time: nobody can end a thread that hangs."""
        now = time.monotonic()
        if now - self._looked_at < _TICK_SECONDS / 2:
            return
        self._looked_at = now
        for future, listing in list(self._listings.items()):
            if listing.watch.give_up():
                del self._listings[future]
                listers.leave(future)
                self._listed(*listing.found(listing.hung()))
        for lane in (*self._lanes, self._suspects.lane):
            for turn, flight, error in lane.hanging() if isinstance(lane, Beside) else ():
                lane.flying -= 1
                self._flights.pop(flight, None)
                self._set_aside(turn, error)
                self._left[turn[0].name] += 1
                if self._left[turn[0].name] >= _MOST_HANGING:
                    self._drop_rest(turn[0].name)

    def _drop_rest(self, name: str) -> None:
        for lane in (*self._lanes, self._suspects.lane):
            dropped = [turn for turn in lane.waiting if turn[0].name == name]
            rest = [turn for turn in lane.waiting if turn[0].name != name]
            lane.waiting.clear()
            lane.waiting.extend(rest)
            for turn in dropped:
                self._set_aside(turn, Unavailable(
                    f"{turn[1].id}: not begun, as {self._left[name]} shards of {name} hang"
                ))  # fmt: skip

    def _listed(self, source: Source, shards: list[Shard], rows: list[Coverage]) -> None:
        for row in rows:
            self._tell(row)
        shards = elsewhere(shards, {
            ident: self._places.get(ident, "")
            for ident in (shard.id for shard in shards)
            if self.owners.get(ident, source.name) != source.name
        })  # fmt: skip
        self._places.update((shard.id, shard.place) for shard in shards if shard.place)
        lane: Lane = self._beside
        if self._away is not None and self._away.takes(source):
            lane = self._workers
        owned = [
            shard
            for shard in shards
            if self.owners.setdefault(shard.id, source.name) == source.name
        ]
        if len(owned) < len(shards):
            self._tell_shared(source, shards)
        turns = [(source, shard) for shard in owned if shard.id not in self._done]
        self._known += len(turns)
        plain, hopeless = self._suspects.divided(turns)
        for turn in plain:
            if self._open.isdisjoint(turn[1].after):
                lane.waiting.append(turn)
            else:
                self._held.append((lane, turn))
            # Not before it was asked whether it waits: of shards that name each other, one is read.
            self._open.add(turn[1].id)
        self._open |= {shard.id for _, shard in turns}
        for turn, error in hopeless:
            self._set_aside(turn, error)

    def _top_up(self) -> None:
        turns: list[tuple[Lane, Turn]] = []
        for lane in self._lanes:
            room = self._options.room(lane.at_once, lane.flying)
            free = min(len(lane.waiting), room - lane.flying if lane.at_once else len(lane.waiting))
            turns += [(lane, lane.waiting.popleft()) for _ in range(free)]
        last = self._suspects.lane
        if not turns and self._is_idle() and last.waiting and not last.flying:
            turns = [(last, last.waiting.popleft())]
        self._suspects.note(turn for _, turn in turns)
        for place, turn in turns:
            self._launch(place, turn)

    def _launch(self, lane: Lane, turn: Turn) -> None:
        self._options.on_begin(turn[0].name, turn[1].id)
        try:
            flight = lane.launch(turn)
        except Exception as error:
            self._set_aside(turn, error)
            return
        lane.flying += 1
        self._flights[flight] = turn
        flight.add_done_callback(lambda done: self._inbox.put(lambda: self._land(lane, turn, done)))

    def _land(self, lane: Lane, turn: Turn, flight: Future[Any]) -> None:
        if flight not in self._flights:
            return  # left behind, and came back
        lane.flying -= 1
        self._flights.pop(flight, None)
        try:
            row = lane.landed(turn, flight.result())
        except StateTaken:
            raise
        except (Exception, CancelledError) as error:
            final = lane.lost(turn, error)
            is_lost = self._away is not None and isinstance(error, self._away.lost)
            if is_lost:
                self._suspects.died(turn[1].id)
            if final is not None:
                if is_lost:
                    self._suspects.killed(turn[1].id)
                self._set_aside(turn, final)
            return
        self._finish(row)

    def _has_died(self, flight: Future[Any]) -> bool:
        lost = self._away.lost if self._away is not None else ()
        return flight.done() and not flight.cancelled() and isinstance(flight.exception(), lost)

    def _set_aside(self, turn: Turn, error: Exception) -> None:
        source, shard = turn
        row = coverage_of(error, source.name, shard, clean=cleaner(source, self._options))
        with unless_full():
            self._sink.writer(shard).close(row)
        self._finish(row)

    def _release(self) -> None:
        held, self._held = self._held, []
        for lane, turn in held:
            if self._open.isdisjoint(turn[1].after):
                lane.waiting.append(turn)
            else:
                self._held.append((lane, turn))

    def _finish(self, row: Coverage) -> None:
        self._open.discard(row.shard)
        self._release()
        self._suspects.landed(row.shard)
        self._coverage.append(row)
        self._read += 1
        self._options.on_progress(row, self._read, self._known)


def _flush(sink: Sink, sleep: Callable[[float], None]) -> None:
    """A database that went away is waited for."""
    for pause in STORE_PAUSES:
        try:
            sink.flush()
            return
        except StateTaken:
            raise
        except StoreError as error:
            if not error.may_heal:
                break
            sleep(pause)
    with unless_full():
        sink.flush()


def _record(sink: Sink, row: Coverage) -> None:
    with unless_full():
        sink.record(row)
