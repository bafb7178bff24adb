"""Times that others' clocks have told, against the time of the scan.

No clock is trusted that is ahead: what it dates would be the last of everything. A revocation
would end what is granted after it, a use be newer than any, and a cursor skip what follows. A time
of more than :data:`TOLERANCE` from now is taken for none, and told; what it dates still counts. So
is what an event is dated by that nobody set (1970, 1601, the year one): before :data:`EARLIEST`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from scanner.kit.values import iso
from scanner.model.evidence import Evidence
from scanner.model.facts import Credential, Fact
from scanner.model.items import Activity, Gap

TOLERANCE = timedelta(days=1)
"""Times without a zone, and clocks that are a little ahead, are no harm."""

EARLIEST = "2000-01-01T00:00:00Z"
"""No source of events is older. Commits are, and may be dated by whoever makes them."""

T = TypeVar("T")


def latest_of(now: datetime) -> str:
    """The last moment that an event of a scan at ``now`` can be of."""
    return iso(now.astimezone(UTC) + TOLERANCE)


def lost_by(until: datetime, now: datetime, overlap: timedelta) -> str:
    """Why events may be missing where a cursor has reached ``until``, and what is within
    ``overlap`` before it is read again; empty: they are not."""
    if until <= now + overlap:
        return ""
    return (
        f"the clock of an earlier reading was ahead ({iso(until)}): events from that reading up to "
        f"{iso(now)} may be missing"
    )


class Clock:
    """Of one reading. ``now``: of the scan."""

    def __init__(self, now: datetime) -> None:
        self.latest = latest_of(now)
        self.count = 0
        """Of what had a time to come."""
        self._furthest = ""
        self._unset = 0
        self._oldest = ""

    def fitted(self, one: T) -> T:
        """The same without what lies ahead: of an activity that stands for several events, the last
        time that can be is the first one's."""
        if isinstance(one, Activity):
            if all(not at or EARLIEST <= at <= self.latest for at in (one.first_at, one.last_at)):
                return one
            return msgspec.structs.replace(one, **self._times(one.first_at, one.last_at))
        if isinstance(one, Credential):
            told = {"created_at": one.created_at, "last_used_at": one.last_used_at}
            odd = {name: "" for name, at in told.items() if at > self.latest}
            for name in odd:
                self._note(told[name])
            one = msgspec.structs.replace(one, **odd) if odd else one
        if isinstance(one, Fact) and any(row.last_at > self.latest for row in one.evidence):
            return msgspec.structs.replace(one, evidence=tuple(map(self._row, one.evidence)))
        return one

    def time(self, at: str) -> str:
        """``at``; empty for one to come, and for one that was never set."""
        if at and not EARLIEST <= at <= self.latest:
            self._note(at)
            return ""
        return at

    def gaps(self, what: str) -> Iterator[Gap]:
        if self.count:
            reason = (
                f"{self.count} events are of a time to come (up to {self._furthest}): a clock is "
                "wrong; they count without that time, and end nothing"
            )
            yield Gap(what=what, reason=reason)
        if self._unset:
            reason = (
                f"{self._unset} events are of a time before {EARLIEST[:4]} ({self._oldest}): a "
                "clock was not set, or the time was not told; they count without it"
            )
            yield Gap(what=what, reason=reason)

    def _row(self, row: Evidence) -> Evidence:
        if row.last_at <= self.latest:
            return row
        return msgspec.structs.replace(row, **self._times(row.first_at, row.last_at))

    def _times(self, first: str, last: str) -> dict[str, str]:
        for at in {max(first, last), min(filter(None, (first, last)), default="")}:
            if at and not EARLIEST <= at <= self.latest:
                self._note(at)
        first, last = (at if EARLIEST <= at <= self.latest else "" for at in (first, last))
        return {"first_at": first, "last_at": last or first}

    def _note(self, at: str) -> None:
        if at < EARLIEST:
            self._unset += 1
            self._oldest = min(filter(None, (self._oldest, at)))
            return
        self.count += 1
        self._furthest = max(self._furthest, at)
