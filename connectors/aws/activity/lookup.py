"""CloudTrail's event history, the newest first, each event once, a little further with every scan.

LookupEvents tells the newest events first (https://docs.aws.amazon.com/awscloudtrail/latest/
APIReference/API_LookupEvents.html), 50 a page, two pages a second, up to 90 days back. So what is
kept between readings is which stretches of time are still unread; a stretch that broke off in the
middle is shorter the next time. Events may come a quarter of an hour late: the end of the last
reading is read again, and what is known there is passed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.aws.activity.asking import Calls
from connectors.aws.activity.events import NOTHING, Caller, Event, decoded, stamp_of
from connectors.aws.activity.services import API_KEYS, KEY_EVENT, MAKING, SERVICES
from connectors.aws.activity.things import Place
from connectors.aws.activity.totals import Totals
from scanner.kit.clocks import lost_by
from scanner.kit.values import iso, mapping, text
from scanner.model.errors import SourceError, Unavailable
from scanner.model.items import Checkpoint, Gap, Item

OPERATION = "cloudtrail:LookupEvents"
_KEPT = timedelta(days=90)
_LATE = 3600
"""Seconds. Events come within 15 minutes, mostly."""
_MOST_RECENT = 5_000
_TURN = 40
"""Pages of one service before the next has its turn: a busy one must not starve the others."""
_BATCH = 20
"""Pages between two checkpoints."""
_MOST_RENEWALS = 5
_HOMES = frozenset({"us-east-1", "cn-north-1", "us-gov-west-1"})
"""Where the events of services without a region are told, IAM's among them."""


class _Stretch(msgspec.Struct, array_like=True):
    """Unread from ``start`` to ``end``, both included, in seconds; ``seen``: events in it that
    have counted, with their times."""

    start: int
    end: int
    seen: dict[str, int] = {}


class _Source(msgspec.Struct):
    until: int
    """Up to here, included, a reading has begun."""
    recent: dict[str, int] = {}
    """Events of the last hour before, with their times."""
    unread: list[_Stretch] = []
    """The newest first, none within another."""

    def plan(self, now: int, kept: int) -> None:
        """The newest stretch, from an hour before the last reading's end; what is older than
        ``kept`` nobody can tell any more."""
        self.unread = [
            _Stretch(max(s.start, kept), s.end, s.seen) for s in self.unread if s.end >= kept
        ]
        start = max(self.until + 1 - _LATE, kept)
        if self.unread:
            start = max(start, self.unread[0].end + 1)
        if len(self.recent) >= _MOST_RECENT:
            start = max(start, min(self.recent.values()) + 1)  # the rest has counted, unremembered
        if start <= now:
            self.unread.insert(0, _Stretch(start, now, dict(self.recent)))
        self.until = max(self.until, now)
        self.recent = {mark: at for mark, at in self.recent.items() if at > self.until - _LATE}


class _Cursor(msgspec.Struct):
    sources: dict[str, _Source] = {}


@dataclass(frozen=True)
class History:
    """What is asked for: of one account in one region."""

    place: Place
    now: datetime
    days: int
    sources: tuple[str, ...] = ()
    pages: int = 2000
    accounts: frozenset[str] = frozenset()


def read_history(calls: Calls, wanted: History, since: Checkpoint | None) -> Iterator[Item]:
    """Activities and checkpoints. Raises the source errors, after what was read before is given."""
    reading = _Reading(calls, wanted, _cursor_of(since))
    yield from reading.begin(since)
    try:
        for _ in reading.turns():
            yield from reading.flush()
    except SourceError:
        yield from reading.flush()
        raise
    yield from reading.flush()
    yield from reading.left()


@dataclass
class _Reading:
    calls: Calls
    wanted: History
    cursor: _Cursor
    totals: Totals = field(init=False)
    pages: int = 0
    _busy: dict[str, _Pager] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.totals = Totals(place=self.wanted.place, accounts=self.wanted.accounts)

    @property
    def sources(self) -> tuple[str, ...]:
        home = (API_KEYS,) if self.wanted.place.region in _HOMES else ()
        return self.wanted.sources or (*SERVICES, *MAKING, *home)

    def begin(self, since: Checkpoint | None) -> Iterator[Item]:
        """Plan the newest stretch of each service; tell what is lost for ever."""
        now = int(self.wanted.now.timestamp())
        kept = now - int(_KEPT.total_seconds())
        first = max(kept, now - int(timedelta(days=self.wanted.days).total_seconds()))
        if since is not None and not self.cursor.sources:
            yield Gap(what=self._what, reason="the stored cursor is unreadable; read again")
        lost, ahead = now, ""
        for name in self.sources:
            known = self.cursor.sources.setdefault(name, _Source(until=first - 1))
            if known.until > now + _LATE:
                until = datetime.fromtimestamp(known.until, UTC)
                ahead, known.until = lost_by(until, self.wanted.now, timedelta(0)), now
            lost = min(lost, known.until, *(s.start for s in known.unread))
            known.plan(now, kept)
            self._busy[name] = _Pager(self, name, known)
        if ahead:
            yield Gap(what=self._what, reason=ahead)
        if lost < kept - 1:
            yield Gap(
                what=self._what,
                reason=f"events from {_iso(lost)} to {_iso(kept)} are no longer kept",
            )

    def turns(self) -> Iterator[None]:
        """A batch of pages each; round by round, until all is read or enough pages are."""
        while self._busy and self.pages < self.wanted.pages:
            for name, pager in list(self._busy.items()):
                for count in range(_TURN):
                    if self.pages >= self.wanted.pages:
                        return
                    if not pager.page():
                        del self._busy[name]
                        break
                    self.pages += 1
                    if count % _BATCH == _BATCH - 1:
                        yield

    def flush(self) -> Iterator[Item]:
        """What was counted, and the state that goes with it."""
        yield from self.totals.drain(self._what)
        yield Checkpoint(cursor=msgspec.json.encode(self.cursor).decode())

    def left(self) -> Iterator[Item]:
        """What this reading did not come to."""
        for name, pager in self._busy.items():
            if pager.known.unread:
                oldest = min(stretch.start for stretch in pager.known.unread)
                newest = max(stretch.end for stretch in pager.known.unread)
                yield Gap(
                    what=f"{name} in {self._what}",
                    reason=f"more than {self.wanted.pages} pages: {_iso(oldest)} to "
                    f"{_iso(newest)} is left for the next scan; raise `event_pages`, or read a "
                    "trail's bucket (`trail_bucket`)",
                )

    @property
    def _what(self) -> str:
        return f"event history of {self.wanted.place.account}/{self.wanted.place.region}"


@dataclass
class _Pager:
    """The stretches of one service, or of one event by its name, a page at a time."""

    reading: _Reading
    name: str
    known: _Source
    token: str = ""
    asked_end: datetime = datetime.min
    """A token is good for the times it was given for."""
    renewals: int = 0
    _tokens: set[str] = field(default_factory=set)

    def page(self) -> bool:
        """Whether there was one."""
        if not self.known.unread:
            return False
        stretch = self.known.unread[0]
        answer = self._asked(stretch)
        if answer is None:
            return True
        self._take(stretch, answer.get("Events"))
        self.token = text(answer.get("NextToken"))
        if not self.token:
            self.known.unread.pop(0)
            self._tokens.clear()
        elif self.token in self._tokens:
            raise Unavailable(f"{OPERATION} for {self.name}: the source repeats a page token")
        self._tokens.add(self.token)
        return True

    def _asked(self, stretch: _Stretch) -> dict[str, Any] | None:
        """None: the token has expired, and the rest of the stretch is asked for anew."""
        place = self.reading.wanted.place
        args: dict[str, Any] = {
            "LookupAttributes": [self._attribute()],
            "StartTime": datetime.fromtimestamp(stretch.start, UTC),
            "EndTime": datetime.fromtimestamp(stretch.end, UTC),
            "MaxResults": 50,
        }
        if self.token:
            args |= {"NextToken": self.token, "EndTime": self.asked_end}
        else:
            self.asked_end = args["EndTime"]
        try:
            return self.reading.calls.call(place.account, place.region, OPERATION, args)
        except SourceError as error:
            if not self.token or "InvalidNextToken" not in str(error):
                raise
            self.renewals += 1
            if self.renewals > _MOST_RENEWALS:
                raise
            self.token = ""
            self._tokens.clear()
            return None

    def _attribute(self) -> dict[str, str]:
        if self.name == API_KEYS:  # of IAM one operation matters
            return {"AttributeKey": "EventName", "AttributeValue": KEY_EVENT}
        if self.name in MAKING:
            return {"AttributeKey": "EventName", "AttributeValue": self.name}
        return {"AttributeKey": "EventSource", "AttributeValue": self.name}

    def _take(self, stretch: _Stretch, records: Any) -> None:
        """Count what is new; what is left of the stretch ends at the oldest event."""
        oldest = stretch.end
        for record in records if isinstance(records, list) else ():
            at = _second(record)
            if at is None:
                self.reading.totals.add(None)
                continue
            mark = _mark(record)
            oldest = min(oldest, at)
            if mark in stretch.seen:
                continue
            stretch.seen[mark] = at
            if at > self.known.until - _LATE and len(self.known.recent) < _MOST_RECENT:
                self.known.recent[mark] = at
            if self.name not in MAKING or text(record.get("EventSource")) not in SERVICES:
                self.reading.totals.add(event_of(record))
        stretch.end = max(oldest, stretch.start)
        stretch.seen = {mark: at for mark, at in stretch.seen.items() if at <= stretch.end}


def event_of(record: Mapping[str, Any]) -> Event | None:
    """What CloudTrail wrote; where that is cut off, what the history itself says of it."""
    whole = text(record.get("CloudTrailEvent"))
    found = decoded(whole.encode("utf-8", "replace")) if whole else None
    if found is not None:
        return found
    source, name = text(record.get("EventSource")), text(record.get("EventName"))
    at = record.get("EventTime")
    if not source or not name or not isinstance(at, datetime):
        return None
    user = text(record.get("Username"))
    listed = record.get("Resources")
    return Event(
        eventSource=source,
        eventName=name,
        eventTime=stamp_of(at),
        eventID=text(record.get("EventId")) or None,
        userIdentity=Caller(userName=user) if user else None,
        resources=msgspec.Raw(msgspec.json.encode(listed)) if listed else NOTHING,
    )


def _cursor_of(since: Checkpoint | None) -> _Cursor:
    if since is None:
        return _Cursor()
    try:
        return msgspec.json.decode(since.cursor, type=_Cursor)
    except msgspec.MsgspecError:
        return _Cursor()


def _second(record: Any) -> int | None:
    at = mapping(record).get("EventTime")
    return int(at.timestamp()) if isinstance(at, datetime) else None


def _mark(record: Mapping[str, Any]) -> str:
    """Its id; an event without one is known by all that is told of it."""
    ident = text(record.get("EventId")) or text(record.get("CloudTrailEvent"))
    return hashlib.blake2b(ident.encode(), digest_size=8).hexdigest()


def _iso(second: int) -> str:
    return iso(datetime.fromtimestamp(second, UTC))
