"""JumpCloud: applications that people sign in to, and those that JumpCloud has discovered.

https://docs.jumpcloud.com/api/. SaaS management (a plan of its own) tells what people use by their
browsers, mail and devices, with who has an account in it; events tell sign-ins by person.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from connectors.jumpcloud import records
from connectors.jumpcloud.records import NAMES
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    each,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.http import Missing, json_body
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_number
from scanner.kit.spelling import Spelling
from scanner.kit.told import check_address
from scanner.kit.values import iso, loose_json, mapping, text
from scanner.model.errors import Denied, Unavailable
from scanner.model.items import Item

Part = Literal["people", "applications", "discovered", "events"]
_ADMIN = "API key of an administrator with a read-only role"
USERS = read("/api/systemusers", _ADMIN, "people and their addresses")
APPS = read("/api/applications", _ADMIN, "applications that people sign in to")
FOUND = read(
    "/api/v2/saas-management/applications", _ADMIN, "applications that JumpCloud has discovered"
)
ACCOUNTS = read(
    "/api/v2/saas-management/applications/{id}/accounts", _ADMIN, "who has an account in them"
)
CATALOG = read(
    "/api/v2/saas-management/application-catalog/{id}", _ADMIN, "names and domains of them"
)
EVENTS = read(
    "/insights/directory/v1/events", _ADMIN,
    "who signs in to which application, gets and loses it, and who leaves", method="POST",
    bucket="events",
)  # fmt: skip
_CONSOLE = (USERS, APPS, FOUND, ACCOUNTS, CATALOG)
_KEPT = timedelta(days=90)
"""Smaller plans keep 15 days: set `since_days`.
https://docs.jumpcloud.com/api/insights/directory/1.0/index.html, Data Retention."""
_SIZE = 100
_EVENTS_SIZE = 1000
_MOST_PAGES = 10_000


class JumpCloudConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization, or files exported from one."""

    token_env: str = "JUMPCLOUD_API_KEY"  # noqa: S105 - the variable's name
    """Environment variable with an administrator's API key."""
    organization_id: str = ""
    """Where the administrator has several organizations."""
    url: str = "https://console.jumpcloud.com"
    events_url: str = "https://api.jumpcloud.com"
    parts: tuple[Part, ...] = ("people", "applications", "events")
    """What to read; `discovered` needs SaaS management."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_address(self.events_url, self.organization)


class Access:
    def __init__(self, ctx: Context[JumpCloudConfig]) -> None:
        config = ctx.config
        key = ctx.environ.get(config.token_env, "")
        if not key:
            raise Denied(f"no key: set {config.token_env} to an administrator's API key")
        headers = {"x-api-key": key}
        if config.organization_id:
            headers["x-org-id"] = config.organization_id
        self.console = session(ctx, _CONSOLE, headers)
        self.events = session(ctx, (EVENTS,), headers, config.events_url)


def _counted(reading: Reading, path: str, param: str) -> Iterator[Any]:
    return by_number(
        reading.access.console, path, {"limit": str(_SIZE)}, items="results", param=param,
        size=_SIZE, first=0, step=_SIZE,
    )  # fmt: skip


def people(reading: Reading) -> Iterator[Item]:
    found = _counted(reading, "/api/systemusers", "skip")
    yield from each(found, records.user, reading.org, USERS.id)


def applications(reading: Reading) -> Iterator[Item]:
    found = _counted(reading, "/api/applications", "skip")
    yield from each(found, records.application, reading.org, APPS.id)


def discovered(reading: Reading) -> Iterator[Item]:
    """Each with its name and domains of JumpCloud's catalogue, and who has an account in it."""
    yield from each(_discovered(reading), records.discovered, reading.org, FOUND.id)


def _discovered(reading: Reading) -> Iterator[Any]:
    path = "/api/v2/saas-management/applications"
    for record in _counted(reading, path, "offset"):
        given = mapping(record)
        ident = text(given.get("id"))
        if not ident:
            yield record
            continue
        accounts = list(_counted(reading, f"{path}/{quote(ident, safe='')}/accounts", "offset"))
        entry = _entry(reading, text(given.get("catalog_app_id")))
        yield {**given, "catalog": entry, "accounts": accounts}


def _entry(reading: Reading, ident: str) -> Mapping[str, Any]:
    """Of the catalogue; an application that somebody has added by hand has none."""
    if not ident:
        return {}
    path = f"/api/v2/saas-management/application-catalog/{quote(ident, safe='')}"
    try:
        found = json_body(reading.access.console.get(path))
    except Missing:
        return {}
    if not mapping(found).get("id"):
        raise Unavailable(f"{CATALOG.id}: the answer is no entry")
    return mapping(found)


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    asked: dict[str, Any] = {
        "service": ["directory", "sso"], "start_time": iso(begin), "end_time": iso(end),
        "sort": "ASC", "limit": _EVENTS_SIZE,
    }  # fmt: skip
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        answer = reading.access.events.post("/insights/directory/v1/events", asked)
        found = json_body(answer)
        if not isinstance(found, list):
            raise Unavailable(f"{EVENTS.id}: the answer is no list")
        for record in found:
            yield records.event(record, reading.org)
        after = answer.headers.get("X-Search_after", "")
        mark = loose_json(after.encode("utf-8", "replace")) if after else None
        if not found or not mark or _is_last(answer.headers):
            return
        if json.dumps(mark) in seen:
            raise Unavailable(f"{EVENTS.id}: the source repeats a page")
        seen.add(json.dumps(mark))
        asked["search_after"] = mark
    raise Unavailable(f"{EVENTS.id}: more than {_MOST_PAGES} pages")


def _is_last(headers: Mapping[str, str]) -> bool:
    """A page with fewer records than its limit; where neither is told, an empty one is."""
    count, most = headers.get("X-Result-Count", ""), headers.get("X-Limit", "")
    return count.isdigit() and most.isdigit() and int(count) < int(most)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="jumpcloud",
        title="JumpCloud applications, discovered applications and sign-ins",
        config=JumpCloudConfig,
        operations=(*_CONSOLE, EVENTS),
        yields=NAMES.kinds,
        docs_url="https://docs.jumpcloud.com/api/",
        exports=("Directory Insights, as CSV or JSON",),
        # JumpCloud publishes none.
        rates={"default": 5.0, "events": 2.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("applications", APPS, applications),
        Listed("discovered", FOUND, discovered),
        Logged("events", EVENTS, log, kept=_KEPT, span=timedelta(days=7)),
    ),
    kinds=(
        Kind(records.is_event, records.event),
        Kind(records.is_discovered, records.discovered),
        Kind(records.is_user, records.user),
        Kind(records.is_application, records.application),
    ),
    access=Access,
    spelling=Spelling(
        (
            "application.id",
            "application.name",
            "application.display_label",
            "initiated_by.id",
            "initiated_by.email",
            "initiated_by.username",
            "resource.id",
            "resource.email",
            "resource.username",
        )
    ),
    expected="events, applications or users",
)
