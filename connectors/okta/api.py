"""The System Log and the list of applications over the API.

Follows https://developer.okta.com/docs/api/openapi/okta-management/management/tags/systemlog:
bounded queries (``since`` and ``until``) end, polling ones do not; ``Link: rel="next"`` is followed
even from an empty page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from requests import Response

from connectors.okta.events import (
    EVENTS,
    Aggregate,
    App,
    app_of,
    mark_of,
    org,
    org_id,
    stamp,
)
from scanner.kit.http import ReadOnlySession, json_body, link_pages
from scanner.kit.values import iso, mapping, text
from scanner.model.base import NodeId
from scanner.model.errors import SourceError, Unavailable
from scanner.model.items import Activity, Checkpoint, Gap, Item

_RETENTION = timedelta(days=90)
"""Okta keeps System Log events for 90 days."""
_OVERLAP = timedelta(minutes=5)
"""Events may arrive late; the end of the last window is read again and known ones are skipped."""
_MOST_KNOWN = 10_000
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
    """``until``: the last moment that was read to its end. ``known``: short digests of the events
    near it."""

    until: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """Which part of the log is wanted: up to ``now``, from where the last reading ended or from
    ``days`` ago."""

    now: datetime
    days: int
    page_size: int
    since: Checkpoint | None = None


def read_log(
    session: ReadOnlySession, host: str, window: Window, warn: Callable[[str], None]
) -> Iterator[Item]:
    """Activities, a checkpoint after each page. Raises the source errors; what a checkpoint has
    covered stays stored."""
    now = window.now.astimezone(UTC)
    start, known, lost = _start(window, now)
    if lost:
        yield Gap(what="System Log", reason=lost)
    apps = _names(session, warn)
    params = {
        "since": iso(start),
        "until": iso(now),
        "limit": str(window.page_size),
        "sortOrder": "ASCENDING",
        "filter": " or ".join(f'eventType eq "{kind}"' for kind in EVENTS),
    }
    recent = dict.fromkeys(known)
    last = ""
    odd = 0
    for page in pages(session, _LOGS, params):
        found = Aggregate(host, apps)
        for event in page:
            if not isinstance(event, Mapping):
                odd += 1
            elif (mark := mark_of(event)) not in recent:
                recent[mark] = None
                found.add(event)
                # An event may claim a time to come; the next reading begins no later than now.
                last = max(last, min(stamp(event.get("published")), iso(now)))
        yield org(host)
        yield from found.activities()
        if last:
            yield Checkpoint(cursor=_cursor(last, recent))
    yield Checkpoint(cursor=_cursor(iso(now), recent))
    if odd:
        yield Gap(what=_LOGS, reason=f"{odd} records are no events")


def _start(window: Window, now: datetime) -> tuple[datetime, tuple[str, ...], str]:
    """Where to begin, which events there are known, and what is lost if the last time is too long
    ago."""
    oldest = now - min(_RETENTION, timedelta(days=window.days))
    if window.since is None:
        return oldest, (), ""
    try:
        cursor = msgspec.json.decode(window.since.cursor, type=_Cursor)
        at = datetime.fromisoformat(cursor.until)
    except (msgspec.MsgspecError, ValueError):
        return oldest, (), "the stored cursor is unreadable; read again from the beginning"
    kept = now - _RETENTION
    if at < kept:
        return kept, cursor.known, f"events from {cursor.until} to {iso(kept)} are no longer kept"
    return min(at, now) - _OVERLAP, cursor.known, ""


def _cursor(until: str, recent: Iterable[str]) -> str:
    known = tuple(recent)[-_MOST_KNOWN:]
    return msgspec.json.encode(_Cursor(until=until, known=known)).decode()


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
