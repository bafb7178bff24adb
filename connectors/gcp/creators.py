"""Audit logs: who has created AI resources. Admin activity is always kept, for 400 days.

Reads of logs are few a minute (https://cloud.google.com/logging/quotas), so a hundred projects are
asked at once. A refusal is of all that are asked, so that they are then asked in halves, until it
is known whose it is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from connectors.gcp.access import Access
from connectors.gcp.answers import check
from connectors.gcp.operations import api
from connectors.gcp.principals import actor_of
from connectors.gcp.types import TYPES
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tabled.reading import is_usable
from scanner.kit.tables import first_text, values
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Relation
from scanner.model.items import Gap, Item

ENTRIES = "logging.entries.list"
REASONS = {ENTRIES: "who has created AI resources"}
OTHERWISE = {
    "bigquery.googleapis.com": "a job makes models, and its entry names a dataset at most",
    "compute.googleapis.com": "most of its machines are no accelerators, and entries do not tell",
    "sqladmin.googleapis.com": "a database is no AI when it is made: a setting makes it so later",
}
"""Services with AI whose creators are not asked for, and why."""
BESIDE = frozenset({"cloudfunctions.googleapis.com"})
"""Services whose things only carry AI, of which it is told all the same."""
SERVICES = tuple(
    sorted({api(kind.list.op) for kind in TYPES if kind.is_ai} - OTHERWISE.keys() | BESIDE)
)
_AT_ONCE = 100
"""Projects that one call takes at most."""
_MOST_DAYS = 400
_MOST_PAGES = 100
_RULE = "POST //logging.googleapis.com/v2/entries:list"


class Trail:
    """Of one run: which project's log told what, each read once."""

    def __init__(self, access: Access, projects: tuple[str, ...], now: datetime, days: int) -> None:
        self._access = access
        self._projects = projects
        self._since = now - timedelta(days=min(days, _MOST_DAYS))
        self._locks = [threading.Lock() for _ in range(0, len(projects), _AT_ONCE)]
        self._found: dict[str, list[dict[str, Any]]] = {}
        self._errors: dict[str, SourceError] = {}
        self._cut: set[str] = set()

    def items(self, project: str, numbers: dict[str, str]) -> Iterator[Item]:
        """Raises the source errors."""
        at = self._projects.index(project) // _AT_ONCE
        with self._locks[at]:
            if project not in self._found and project not in self._errors:
                self._read(self._projects[at * _AT_ONCE : (at + 1) * _AT_ONCE])
        if project in self._errors:
            raise self._errors[project]
        seen: set[str] = set()
        for entry in self._found[project]:
            yield from _births(entry, numbers, seen)
        if project in self._cut:
            yield Gap(
                what=f"audit log of {project}",
                reason=f"only the newest {_MOST_PAGES} pages are read",
            )

    def _read(self, projects: tuple[str, ...]) -> None:
        try:
            found = self._asked(projects)
        except SourceError as error:
            if len(projects) == 1 or not isinstance(error, (Denied, Unavailable)):
                self._errors.update(dict.fromkeys(projects, error))
                return
            half = len(projects) // 2
            self._read(projects[:half])
            self._read(projects[half:])
            return
        for one in projects:
            self._found[one] = []
        for entry in found:
            name = first_text(entry, "logName").removeprefix("projects/").partition("/")[0]
            if name in self._found:
                self._found[name].append(entry)

    def _asked(self, projects: tuple[str, ...]) -> list[dict[str, Any]]:
        services = " OR ".join(f'"{one}"' for one in SERVICES)
        body: dict[str, Any] = {
            "resourceNames": [f"projects/{one}" for one in projects],
            "filter": (
                'log_id("cloudaudit.googleapis.com/activity") AND '
                f"protoPayload.serviceName=({services}) AND "
                'protoPayload.methodName:("Create" OR "Upload" OR "Import") AND '
                f'timestamp>="{self._since:%Y-%m-%dT%H:%M:%SZ}"'
            ),
            "orderBy": "timestamp desc",
            "pageSize": 1000,
        }
        found: list[dict[str, Any]] = []
        where = ", ".join(projects)[:200]
        seen: set[str] = set()
        for number in count(1):
            page = self._access.post(ENTRIES, "entries:list", where, body)
            check(page, "entries[]", f"{ENTRIES} in {where}")
            found += [one for one in values(page, "entries[]") if isinstance(one, dict)]
            token = first_text(page, "nextPageToken")
            if not token:
                return found
            if token in seen:
                raise Unavailable(f"{ENTRIES} in {where}: the source repeats a page token")
            if number == _MOST_PAGES:
                self._cut.update(projects)
                return found
            seen.add(token)
            body["pageToken"] = token
        raise AssertionError("unreachable")


def _births(entry: Any, numbers: dict[str, str], seen: set[str]) -> Iterator[Item]:
    payload: Any = next(values(entry, "protoPayload"), {})
    service = first_text(payload, "serviceName")
    who = actor_of(payload)
    if (
        who is None
        or service not in SERVICES
        or first_text(payload, "status.code") not in ("", "0")
    ):
        return
    ident = _made(payload, service, numbers)
    if not ident or ident in seen:
        return  # newest first: a thing may have been deleted and made again
    seen.add(ident)
    at = first_text(entry, "timestamp")
    evidence = Evidence(rule=_RULE, source="gcp", resource=ident, first_at=at, last_at=at)
    yield who
    yield edge_of(NodeId(ident), who.id, Relation.CREATED_BY, evidence)


def _made(payload: Any, service: str, numbers: dict[str, str]) -> str:
    """The full name of what was made: that of the answer, where it is one already, or that of the
    call, where it names more than the place that the thing was made in."""
    for path in ("response.name", "resourceName"):
        name = first_text(payload, path)
        steps = name.split("/")
        is_thing = len(steps) >= 6 and len(steps) % 2 == 0 and "operations" not in steps[::2]
        if steps[0] == "projects" and is_thing and is_usable(name):
            steps[1] = numbers.get(steps[1], steps[1])
            return f"//{service}/{'/'.join(steps)}"
    return ""
