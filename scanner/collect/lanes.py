"""Where shards are read: in threads beside the runner, or by workers in other processes.

A lane owns its executor and makes it anew when it broke. When a worker's death takes several
shards along, nobody knows whose fault it was: those are read one by one, in a lane of one worker
beside the others, and only a shard that kills a worker there is set aside.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any, Protocol

from scanner.collect.away import Away, stored
from scanner.collect.reading import Interpret, Options, Sink, Source, hung, read
from scanner.collect.threads import Threads
from scanner.collect.watch import Watch
from scanner.kit.contract import Shard
from scanner.model.coverage import Coverage
from scanner.model.errors import Unavailable

Turn = tuple[Source, Shard]
_IN_VAIN = 20
"""Workers that died in a row, without one shard read: it is not the shards."""


class Lane(Protocol):
    waiting: deque[Turn]
    flying: int
    at_once: int
    """0: no bound."""

    def launch(self, turn: Turn) -> Future[Any]: ...

    def landed(self, turn: Turn, result: Any) -> Coverage:
        """What a reading came to; it is stored then."""
        ...

    def lost(self, turn: Turn, error: BaseException) -> Exception | None:
        """The reading raised ``error``. None: the shard waits for another attempt."""
        ...


class Beside:
    """Threads of this process, which store what they read themselves."""

    def __init__(
        self,
        executor: Executor,
        sink: Sink,
        interpret: Interpret,
        options: Options,
        stop: threading.Event,
        at_once: int | None = None,
    ) -> None:
        self.waiting: deque[Turn] = deque()
        self.flying = 0
        self.at_once = options.at_once if at_once is None else at_once
        self._executor = executor
        self._sink = sink
        self._interpret = interpret
        self._options = options
        self._stop = stop
        self._watched: dict[Future[Coverage], tuple[Turn, Watch]] = {}

    def launch(self, turn: Turn) -> Future[Coverage]:
        source, shard = turn
        watch = Watch(self._options.deadline_seconds, self._options.clock)
        flight = self._executor.submit(
            read, source, shard, self._sink, self._interpret, self._options, self._stop, watch
        )
        self._watched[flight] = turn, watch
        flight.add_done_callback(lambda done: self._watched.pop(done, None))
        return flight

    def hanging(self) -> list[tuple[Turn, Future[Coverage], Exception]]:
        """Those whose time is over: they are left behind, and nobody waits for them."""
        late = [
            (turn, flight) for flight, (turn, watch) in list(self._watched.items())
            if watch.give_up()
        ]  # fmt: skip
        for _, flight in late:
            self._watched.pop(flight, None)
            if isinstance(self._executor, Threads):
                self._executor.leave(flight)
        return [(turn, flight, hung(turn[1], self._options)) for turn, flight in late]

    def landed(self, turn: Turn, result: Coverage) -> Coverage:
        return result

    def lost(self, turn: Turn, error: BaseException) -> Exception | None:
        return error if isinstance(error, Exception) else RuntimeError("cancelled")


class Workers:
    """``alone``: the lane of those whose worker died; None: this is that lane."""

    def __init__(
        self, away: Away, sink: Sink, at_once: int, alone: Workers | None, options: Options
    ) -> None:
        self.waiting: deque[Turn] = deque()
        self.flying = 0
        self.at_once = at_once
        self._away = away
        self._sink = sink
        self._alone = alone
        self._options = options
        self._executor: Executor | None = None
        self._deaths: dict[str, int] = {}
        self._in_vain = 0
        self._trouble: Exception | None = None

    def launch(self, turn: Turn) -> Future[bytes]:
        if self._trouble is not None:
            raise self._trouble
        try:
            return self._launched(turn)
        except BrokenExecutor:
            self._drop()
            return self._launched(turn)

    def _launched(self, turn: Turn) -> Future[bytes]:
        if self._executor is None:
            try:
                self._executor = self._away.make(self.at_once)
            except Exception as error:
                self._trouble = error
                raise
        return self._away.submit(self._executor, self._sink, *turn)

    def landed(self, turn: Turn, result: bytes) -> Coverage:
        self._in_vain = 0
        source, shard = turn
        return stored(result, source, shard, self._sink, self._options)

    def lost(self, turn: Turn, error: BaseException) -> Exception | None:
        if isinstance(error, BrokenExecutor):
            self._drop()
        if not isinstance(error, self._away.lost):
            return error if isinstance(error, Exception) else RuntimeError("cancelled")
        self._in_vain += 1
        if self._in_vain > _IN_VAIN + self.at_once:
            self._trouble = Unavailable(
                f"workers died {self._in_vain} times in a row, whatever they read "
                f"({type(error).__name__}); see why they cannot run, or read with "
                'executor = "threads"'
            )
        if self._alone is not None:
            self._alone.waiting.append(turn)
            return None
        ident = turn[1].id
        deaths = self._deaths[ident] = self._deaths.get(ident, 0) + 1
        if deaths < self._away.attempts and self._trouble is None:
            self.waiting.append(turn)
            return None
        return self._trouble or Unavailable(
            f"{ident}: its worker died in each of {deaths + 1} attempts, the last ones alone "
            "(killed, out of memory, or a crash); it is set aside until the next scan"
        )

    def _drop(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)

    def close(self) -> None:
        self._drop()
