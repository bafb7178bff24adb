"""One project's data access log, the oldest entries first, each once, a little further every scan.

Entries come late by minutes, so the newest are left to the next reading. What is kept between
readings is the time of the last entry that has counted, and which entries of that very time have:
a reading that broke off goes on there.
https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors.gcp.access import Access
from connectors.gcp.activity.services import SERVICES
from connectors.gcp.activity.things import Place
from connectors.gcp.activity.totals import Totals
from connectors.gcp.answers import check
from connectors.gcp.creators import ENTRIES
from connectors.gcp.reading import MAY
from scanner.kit.clocks import lost_by
from scanner.kit.tables import first_text, values
from scanner.kit.values import iso, stamp
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.items import Checkpoint, Gap, Item

PRIVATE = "logging.privateLogEntries.list"
"""Without it Google leaves the entries of data access out, and says nothing."""
REASONS = {
    ENTRIES: "who calls models, endpoints and agents, as far as data access logs are kept",
    MAY: "tell whether data access logs may be read",
}
_LATE = timedelta(minutes=10)
_BATCH = 20
"""Pages between two checkpoints."""
_PAGE = 1000
_VERBS = sorted({verb for one in SERVICES.values() for verb in one.uses})


class _Cursor(msgspec.Struct):
    at: str
    """Everything before has counted."""
    seen: list[str] = []
    """Entries of that very time that have counted too."""


def read(
    access: Access, place: Place, now: datetime, days: int, most_pages: int,
    since: Checkpoint | None,
) -> Iterator[Item]:  # fmt: skip
    """Activities and checkpoints. Raises the source errors, after what was read before is given."""
    _check_private(access, place.project)
    what = f"data access log of {place.project}"
    end = now - _LATE
    cursor = _cursor(since) or _Cursor(f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}")
    if cursor.at > iso(now):
        reached = datetime.fromisoformat(stamp(cursor.at) or iso(now))
        yield Gap(what=what, reason=lost_by(reached, now, timedelta(0)))
        cursor = _Cursor(f"{end:%Y-%m-%dT%H:%M:%SZ}")
    totals = Totals(place)
    body = _asked(place.project, cursor.at, f"{end:%Y-%m-%dT%H:%M:%SZ}")
    tokens: set[str] = set()
    number = 0
    try:
        while True:
            page = access.post(ENTRIES, "entries:list", place.project, body)
            number += 1
            cursor = _count(page, cursor, totals, place.project)
            token = first_text(page, "nextPageToken")
            if token and token in tokens:
                raise Unavailable(f"{ENTRIES} in {place.project}: the source repeats a page token")
            tokens.add(token)
            if not token:
                # All before the end has counted; what comes later with an earlier time would be
                # missed, for which the newest minutes are left out.
                cursor = _Cursor(f"{end:%Y-%m-%dT%H:%M:%SZ}")
                break
            if number >= most_pages:
                yield Gap(
                    what=what, reason=f"{most_pages} pages are read in one scan (`activity_pages`);"
                    f" the next goes on at {cursor.at}",
                )  # fmt: skip
                break
            body["pageToken"] = token
            if number % _BATCH == 0:
                yield from _flush(totals, what, cursor)
    except SourceError:
        yield from _flush(totals, what, cursor)
        raise
    yield from _flush(totals, what, cursor)


def _count(page: Any, cursor: _Cursor, totals: Totals, project: str) -> _Cursor:
    check(page, "entries[]", f"{ENTRIES} in {project}")
    for entry in page.get("entries", []):
        at, ident = first_text(entry, "timestamp"), first_text(entry, "insertId")
        if at == cursor.at and ident and ident in cursor.seen:
            continue
        totals.add(entry)
        if at and at != cursor.at:
            cursor = _Cursor(at)
        if at and ident:
            cursor.seen.append(ident)
    return cursor


def _flush(totals: Totals, what: str, cursor: _Cursor) -> Iterator[Item]:
    yield from totals.drain(what)
    yield Checkpoint(cursor=msgspec.json.encode(cursor).decode())


def _cursor(since: Checkpoint | None) -> _Cursor | None:
    """None: there is none, or of another version: it is read from the beginning."""
    if since is None:
        return None
    try:
        return msgspec.json.decode(since.cursor, type=_Cursor)
    except msgspec.MsgspecError:
        return None


def _asked(project: str, start: str, end: str) -> dict[str, Any]:
    services = " OR ".join(f'"{one}"' for one in SERVICES)
    return {
        "resourceNames": [f"projects/{project}"],
        "filter": (
            'log_id("cloudaudit.googleapis.com/data_access") AND '
            f"protoPayload.serviceName=({services}) AND "
            f'protoPayload.methodName=~"[.]({"|".join(_VERBS)})$" AND '
            f'timestamp>="{start}" AND timestamp<"{end}"'
        ),
        "orderBy": "timestamp asc",
        "pageSize": _PAGE,
    }


def _check_private(access: Access, project: str) -> None:
    """Raises ``Denied`` where entries would silently be left out."""
    path = f"projects/{project}:testIamPermissions"
    told = access.post(MAY, path, project, {"permissions": [PRIVATE]})
    if PRIVATE not in values(told, "permissions[]"):
        raise Denied(
            f"data access log of {project}: grant {PRIVATE}, or set `activity = false`; without it "
            "Google leaves its entries out"
        )
