"""The System Log and the list of applications over the API.

Follows https://developer.okta.com/docs/api/openapi/okta-management/management/tags/systemlog:
bounded queries (``since`` and ``until``) end, polling ones do not; ``Link: rel="next"`` is followed
even from an empty page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from requests import Response

from connectors.okta.events import (
    TYPES,
    Aggregate,
    App,
    app_of,
    mark_of,
    org,
    org_id,
    stamp,
)
from scanner.kit.clocks import Clock, lost_by
from scanner.kit.counted import Counted
from scanner.kit.folding import Fold, Lately, key_of
from scanner.kit.folding import mark_of as row_mark
from scanner.kit.http import ReadOnlySession, json_body, link_pages
from scanner.kit.overlooked import Overlooked
from scanner.kit.values import iso, mapping, text
from scanner.model.base import NodeId
from scanner.model.errors import SourceError, Unavailable
from scanner.model.items import Activity, Checkpoint, Gap, Item

_RETENTION = timedelta(days=90)
"""Okta keeps System Log events for 90 days."""
_FORMER_OVERLAP = timedelta(minutes=5)
"""Of cursors that know events by their ids."""
_MOST_NEAR = 20_000
"""Ids of events that are compared with the next ones: a page that is told twice."""
_APPS = "GET /api/v1/apps"
_LOGS = "GET /api/v1/logs"


def read_apps(session: ReadOnlySession, host: str) -> Iterator[Item]:
    """Every application, as an activity without an actor; a gap for records that are none."""
    odd = 0
    for found in listed(session):
        if found is None:
            odd += 1
            continue
        ident, app = found
        yield Activity(
            rule=_APPS,
            account=org_id(host),
            app_id=NodeId(f"okta:{host}/app/{ident}"),
            label=app.label,
            client_id=app.client_id,
            hosts=app.hosts,
            relation="contains",
            first_at=app.created,
            status=app.status,
        )
    yield org(host)  # not before it has answered: a refused source has shown nothing
    if odd:
        yield Gap(what=_APPS, reason=f"{odd} records are no applications")


def listed(session: ReadOnlySession) -> Iterator[tuple[str, App] | None]:
    """Id and application; None for a record that is none. Raises the source errors."""
    for page in pages(session, _APPS, {"limit": "200"}):
        for record in page:
            ident = text(mapping(record).get("id"))
            yield (ident, app_of(record)) if ident else None


def pages(session: ReadOnlySession, operation: str, params: dict[str, str]) -> Iterator[list[Any]]:
    """The records of each page, None for one that cannot be decoded on its own. Raises
    ``Unavailable`` for a body that cannot be taken apart, or a link that is none."""
    pages = link_pages(session, operation.partition(" ")[2], params)
    while True:
        try:
            answer = next(pages, None)
            if answer is None:
                return
            records = _records(answer, operation)
        except RecursionError as error:
            raise Unavailable(f"{operation}: the answer is nested too deeply") from error
        except ValueError as error:
            raise Unavailable(f"{operation}: the answer cannot be read") from error
        yield records


def _records(answer: Response, operation: str) -> list[Any]:
    try:
        parts = msgspec.json.decode(answer.content, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Stricter than what vendors send (halves of characters); it also tells what is wrong.
        body = json_body(answer)
        if not isinstance(body, list):
            kind = type(body).__name__
            raise Unavailable(f"{operation}: expected a JSON array, got {kind}") from None
        return body
    return [_decoded(bytes(part)) for part in parts]


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


class _Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """``until``: the last moment that was read to its end. ``settled``: nothing before it is asked
    for again. ``counted``: events between the two by the mark of their row, not by their ids: a
    busy organization has millions. ``known``: ids, as cursors had them before."""

    until: str
    settled: str = ""
    counted: dict[str, int] = {}
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """Which part of the log is wanted: up to ``now``, from where the last reading ended or from
    ``days`` ago. ``overlap``: how late events may come."""

    now: datetime
    days: int
    page_size: int
    since: Checkpoint | None = None
    overlap: timedelta = timedelta(hours=24)
    counted: Counted = field(default_factory=Counted)
    """Remembers events for files of the same log."""


def read_log(
    session: ReadOnlySession, host: str, window: Window, warn: Callable[[str], None]
) -> Iterator[Item]:
    """Activities, a checkpoint after each page. Raises the source errors; what a checkpoint has
    covered stays stored."""
    now = window.now.astimezone(UTC)
    start, cursor, lost = _start(window, now)
    if lost:
        yield Gap(what="System Log", reason=lost)
    apps = _names(session, warn)
    params = {
        "since": iso(start),
        "until": iso(now),
        "limit": str(window.page_size),
        "sortOrder": "ASCENDING",
        "filter": " or ".join(f'eventType eq "{kind}"' for kind in TYPES),
    }
    near = Lately(_MOST_NEAR)
    for mark in cursor.known:
        near.before(mark)
    clock = Clock(now)
    fold = Fold(known=dict(cursor.counted), clock=clock)
    counted, told = _Counted(start, window.overlap), window.counted
    last = ""
    odd, overlooked = 0, Overlooked()
    for page in pages(session, _LOGS, params):
        for event in page:
            if not isinstance(event, Mapping):
                odd += 1
                continue
            # An event may claim a time to come; the next reading begins no later than now.
            at = min(stamp(event.get("published")), iso(now))
            if (at and at < iso(start)) or near.before(mark_of(event)):
                continue
            last = max(last, at)
            if at > cursor.until:
                fold.known.clear()  # what was read before is behind
            found = Aggregate(host, apps, overlooked=overlooked)
            told_at = stamp(event.get("published"))
            found.add(event, count=0 if told.is_left(mark_of(event), told_at) else 1)
            if found.rows:
                told.is_elsewhere(mark_of(event), told_at)
            for one in found.rows.values():
                fold.add(one)
                counted.add(at, one)
        yield org(host)
        yield from told.of_part(fold.take())
        if last:
            yield from _remembered(told)
            yield counted.checkpoint(last)
    yield from _remembered(told)
    yield counted.checkpoint(iso(now))
    if odd:
        yield Gap(what=_LOGS, reason=f"{odd} records are no events")
    yield from clock.gaps("System Log")
    yield from overlooked.gap(_LOGS)


def _remembered(told: Counted) -> Iterator[Item]:
    if told.is_kept:
        yield told.remembered()


class _Counted:
    """Events of the overlap, by the hour and the mark of their row."""

    def __init__(self, start: datetime, overlap: timedelta) -> None:
        self._start, self._overlap = start, overlap
        self._hours: dict[str, dict[str, int]] = {}

    def add(self, at: str, one: Activity) -> None:
        rows = self._hours.setdefault(at[:13], {})
        mark = row_mark(key_of(one))
        rows[mark] = rows.get(mark, 0) + one.count

    def checkpoint(self, until: str) -> Checkpoint:
        whole_hour = (datetime.fromisoformat(until) - self._overlap).replace(minute=0, second=0)
        settled = iso(max(whole_hour, self._start))
        counted: dict[str, int] = {}
        for hour in list(self._hours):
            if hour < settled[:13]:
                del self._hours[hour]
                continue
            for mark, count in self._hours[hour].items():
                counted[mark] = counted.get(mark, 0) + count
        cursor = _Cursor(until=until, settled=settled, counted=counted)
        return Checkpoint(cursor=msgspec.json.encode(cursor).decode())


def _start(window: Window, now: datetime) -> tuple[datetime, _Cursor, str]:
    """Where to begin, what is known there, and what is lost if the last time is too long ago."""
    oldest = (now - min(_RETENTION, timedelta(days=window.days))).replace(microsecond=0)
    if window.since is None:
        return oldest, _Cursor(until=""), ""
    try:
        cursor = msgspec.json.decode(window.since.cursor, type=_Cursor)
        until = datetime.fromisoformat(cursor.until).astimezone(UTC)
        settled = (
            datetime.fromisoformat(cursor.settled).astimezone(UTC)
            if cursor.settled
            else until - _FORMER_OVERLAP
        )
    except (msgspec.MsgspecError, ValueError):
        lost = "the stored cursor is unreadable; read again from the beginning"
        return oldest, _Cursor(until=""), lost
    kept = (now - _RETENTION).replace(microsecond=0)
    if until < kept:
        return (
            kept,
            _Cursor(until=""),
            (f"events from {cursor.until} to {iso(kept)} are no longer kept"),
        )
    if settled > now:  # of a clock that was ahead: what it has counted comes no more
        return now, _Cursor(until=""), lost_by(until, now, window.overlap)
    return max(settled, kept), cursor, ""


def _names(session: ReadOnlySession, warn: Callable[[str], None]) -> dict[str, App]:
    """Applications by their id and client id, for events that name nothing else. Without
    permission to list them, the events' own labels must do (the other shard tells of it)."""
    found: dict[str, App] = {}
    try:
        for ident, app in filter(None, listed(session)):
            found[ident] = app
            if app.client_id:
                found[app.client_id] = app
    except SourceError as error:
        warn(f"events are named by their own labels alone: {error}")
    return found
