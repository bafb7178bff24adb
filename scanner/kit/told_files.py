"""What the records of one file tell, for readers of files that hold many kinds of them: events,
which other readings may have counted, and lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from scanner.kit.clocks import Clock
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.folding import Fold
from scanner.kit.overlooked import Overlooked
from scanner.kit.records import Record, read_records
from scanner.model.errors import SourceError
from scanner.model.items import Activity, Gap, Item


class FileTold:
    """``now``: of the scan; ``counted``: what other readings have counted; ``ctx``: for events that
    tell nothing."""

    def __init__(
        self, name: str, now: datetime, counted: Counted, ctx: Context[Any] | None
    ) -> None:
        self._name = name
        self._counted = counted
        self._clock = Clock(now)
        self.overlooked = Overlooked(ctx)
        self.listed = Fold(clock=self._clock)
        self._events = Fold(clock=self._clock)
        self._odd: list[int] = []
        self._trouble: SourceError | None = None

    def records(self, path: Path) -> Iterator[Record]:
        """Those before a damage; that is raised by :meth:`end`."""
        try:
            yield from read_records(path, self._name, "`files`")
        except SourceError as error:
            self._trouble = error

    def take(self, number: int, found: Iterable[Item] | None, *, is_event: bool) -> Iterator[Item]:
        """Of the record ``number``; None: it is none of the file's kinds. Use is added up."""
        if found is None:
            self._odd.append(number)
            return
        for one in found:
            if isinstance(one, Activity):
                (self._events if is_event else self.listed).add(one)
            else:
                yield one

    def end(self, none_of: str) -> Iterator[Item]:
        """What was added up and what was not understood: records that are none are one gap, with
        the place of the first, which says that they ``none_of``. Raises what damaged the file."""
        yield from self._counted.of_part(self._events.take())
        yield self._counted.remembered(is_whole=self._trouble is None)
        yield from self.listed.take()
        if self._odd:
            reason = f"{len(self._odd)} records {none_of}"
            yield Gap(what=f"{self._name}:{self._odd[0]}", reason=reason)
        yield from self.overlooked.gap(self._name)
        yield from self._clock.gaps(self._name)
        if self._trouble is not None:
            raise self._trouble
