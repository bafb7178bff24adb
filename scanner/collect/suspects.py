"""Shards that earlier runs were reading when their process died, and how they are read now.

Nobody knows which of those in the air it was. They are read when nothing else is left, one at a
time and the least suspected first, so that an innocent one clears itself and a guilty one costs
nothing but itself; one that has been there too often is not read in this run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress

from scanner.collect.lanes import Lane, Turn
from scanner.collect.reading import Flights, Options, unless_full
from scanner.model.base import ShardId
from scanner.model.errors import StoreError, Unavailable


class Suspects:
    """``lane``: where they are read, of one at a time. ``done``: read by the run that this one goes
    on with, whatever its notes say."""

    def __init__(
        self, flights: Flights | None, lane: Lane, done: Collection[ShardId], options: Options
    ) -> None:
        self.lane = lane
        self._flights = flights
        self._tries = dict(flights.tries) if flights is not None else {}
        self._most = max(2, options.attempts) + 1
        """Once among others, and then alone."""
        self._begun: set[ShardId] = set()
        self._ended = self._tries.keys() & done
        self._aside: set[ShardId] = set()
        self._died: set[ShardId] = set()

    def divided(self, turns: Iterable[Turn]) -> tuple[list[Turn], list[tuple[Turn, Exception]]]:
        """Those that are read as ever, and those that are not read. The others wait in the lane."""
        plain: list[Turn] = []
        hopeless: list[tuple[Turn, Exception]] = []
        waiting: list[Turn] = []
        for turn in turns:
            tries = self._tries.get(turn[1].id)
            if tries is None:
                plain.append(turn)
            elif tries < self._most:
                waiting.append(turn)
            else:
                hopeless.append((turn, self._refusal(turn[1].id, tries)))
        every = sorted((*self.lane.waiting, *waiting), key=lambda turn: self._tries[turn[1].id])
        self.lane.waiting.clear()
        self.lane.waiting.extend(every)
        return plain, hopeless

    def _refusal(self, ident: ShardId, tries: int) -> Exception:
        self._keep_aside(ident)
        return Unavailable(
            f"{ident}: the process died in each of the last {tries} runs while it was read, in the "
            "later ones alone (killed, out of memory, or a crash); it is set aside until the next "
            "scan"
        )

    # --- what is noted ---------------------------------------------------------------------------

    def note(self, turns: Iterable[Turn]) -> None:
        """These are about to be begun. Once a run: a second attempt at a shard is no second try."""
        fresh = [shard.id for _, shard in turns if shard.id not in self._begun]
        if self._flights is None or not fresh:
            return
        with unless_full():
            self._flights.note(fresh, self._ended)
            self._ended.clear()
        self._begun.update(fresh)

    def landed(self, ident: ShardId) -> None:
        if ident not in self._aside:
            self._begun.discard(ident)
            self._ended.add(ident)

    def died(self, ident: ShardId) -> None:
        """Its worker did. Where the run is told to end before it is read again, that stays a try:
        systemd ends a unit of which one process was out of memory (``OOMPolicy=stop``)."""
        self._died.add(ident)

    def killed(self, ident: ShardId) -> None:
        """It has killed its workers, alone."""
        self._keep_aside(ident)

    def _keep_aside(self, ident: ShardId) -> None:
        self._aside.add(ident)
        self._begun.discard(ident)
        if self._flights is not None:
            with suppress(StoreError):
                self._flights.set_aside(ident, self._most - 1)

    def over(self, *, is_stopped: bool) -> None:
        """The run comes to its end. ``is_stopped``: by somebody who told it to, which is no fault
        of what is in the air."""
        if self._flights is None:
            return
        with suppress(StoreError):
            if self._ended:
                self._flights.note((), self._ended)
            if is_stopped:
                self._flights.stopped(self._begun - self._died)
