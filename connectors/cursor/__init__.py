"""Cursor: who of a team works with it, how much and with which models, and which MCP servers and
keys its audit log names.

https://docs.cursor.com/en/account/teams/admin-api. No code and no prompt is in these answers.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    each,
    read,
    secret,
    session,
    told_once,
)
from scanner.kit.columns import Columns
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.http import json_body
from scanner.kit.money import charged
from scanner.kit.named import Names
from scanner.kit.overlooked import Happened, telling
from scanner.kit.paged import by_number, whole_list
from scanner.kit.records import column, has_columns
from scanner.kit.text import cut
from scanner.kit.values import iso, mapping, size, text, when
from scanner.model.errors import Unavailable
from scanner.model.facts import Asset, AssetClass
from scanner.model.items import Item

NAMES = Names(source="cursor", vendor="cursor", tenant="team")
PRODUCT, MCP = "cursor.editor", "cursor.mcp_server"
Part = Literal["people", "use", "events"]
MEMBERS = read("/teams/members", "Admin API key", "who is in the team")
USAGE = read(
    "/teams/daily-usage-data", "Admin API key", "requests by person, day and kind", method="POST",
    bucket="usage",
)  # fmt: skip
EVENTS = read(
    "/teams/audit-logs", "Admin API key of an Enterprise team", "MCP servers, keys, privacy mode"
)
_MONTH = timedelta(days=30)
_PAGE = 500
_MOST_PAGES = 10_000
_REQUESTS = ("composerRequests", "chatRequests", "agentRequests", "cmdkUsages", "bugbotUsages")
_MOST_TEXT = 120


class CursorConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team, or files exported from its dashboard."""

    token_env: str = "CURSOR_ADMIN_KEY"  # noqa: S105 - the variable's name
    """Environment variable with an Admin API key."""
    url: str = "https://api.cursor.com"
    parts: tuple[Part, ...] = ("people", "use")
    """What to read; `events` is for Enterprise teams."""


def _access(ctx: Context[CursorConfig]) -> Any:
    key = secret(ctx, "an Admin API key of the team")
    known = base64.b64encode(f"{key}:".encode()).decode()
    return session(ctx, (MEMBERS, USAGE, EVENTS), {"Authorization": f"Basic {known}"})


def editor(org: str, models: tuple[str, ...] = ()) -> Asset:
    return Asset(
        id=NAMES.node(org, "product", "cursor"), kind=PRODUCT, name=f"Cursor of {org}",
        asset_class=AssetClass.AGENT, provider="cursor", account=NAMES.org(org), models=models,
    )  # fmt: skip


# --- people ---------------------------------------------------------------------------------------


def is_member(record: Mapping[str, Any]) -> bool:
    return {"email", "role"} <= record.keys()


def member(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    mail = text(given.get("email"))
    if "@" not in mail:
        return None
    return [
        NAMES.member(
            org,
            MEMBERS.id,
            mail,
            text(given.get("name")) or mail,
            mail,
            is_active=given.get("isRemoved") is not True,
            tags={"role": found} if (found := text(given.get("role"))) else {},
        )
    ]


PEOPLE = Columns(
    {"email": ("Email", "Member email"), "role": "Role", "name": ("Name", "User"),
     "isRemoved": "Removed"},
    needs=("email", "role"),
)  # fmt: skip
"""The dashboard's table of members: Cursor's pages list no columns of it."""


def people(reading: Reading) -> Iterator[Item]:
    found = whole_list(reading.access, MEMBERS, items="teamMembers")
    yield from each(found, member, reading.org, MEMBERS.id)


# --- use ------------------------------------------------------------------------------------------


def is_usage(record: Mapping[str, Any]) -> bool:
    return "email" in record and ("isActive" in record or "mostUsedModel" in record)


def usage(record: Any, org: str) -> Happened | None:
    """A person's day, which is told once: nothing for one without a request."""
    given = mapping(record)
    who = NAMES.person(org, text(given.get("email")).casefold(), text(given.get("email")))
    at = when(given.get("date")) or when(given.get("day"))
    if who is None or not at:
        return None
    ident = f"{who.id} {at[:10]}"
    counts = [given.get(name) for name in _REQUESTS]
    count = sum(one for one in counts if isinstance(one, int) and not isinstance(one, bool))
    if count <= 0 and given.get("isActive") is not True:
        return ident, at, ()
    model = cut(text(given.get("mostUsedModel")), _MOST_TEXT)
    one = NAMES.used(
        editor(org, (model,) if model else ()), "daily usage", actor=who, count=max(1, count),
        first_at=at, last_at=at,
    )  # fmt: skip
    return ident, at, (one,)


_ACTIVE = ("true", "yes", "1")
DAYS = Columns(
    {
        "date": ("Date", "Day"), "email": ("Email", "User email", "User"), "active": "Is Active",
        "mostUsedModel": "Most Used Model", "composerRequests": "Composer Requests",
        "chatRequests": ("Chat Requests", "Ask Requests"), "agentRequests": "Agent Requests",
        "cmdkUsages": ("Cmd K Usages", "Cmd+K Usages"), "bugbotUsages": "Bugbot Usages",
    },
    needs=("date", "email", "active|mostUsedModel"),
)  # fmt: skip
"""The dashboard's CSV of analytics, a row a person and day.
https://cursor.com/docs/account/teams/analytics tells where it is, and no columns: they are those of
the API's daily usage, in words."""


def day(record: Mapping[str, Any], org: str) -> Happened | None:
    """As the API's day of a person."""
    given = DAYS.record(record)
    counts = {name: size(given[name]) for name in _REQUESTS if name in given}
    is_active = text(given.pop("active", "")).casefold() in _ACTIVE
    return usage({**given, **counts, "isActive": is_active}, org)


def is_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, ("Date", "Kind", "Model", "Total Tokens"))


def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """Of the dashboard's CSV: one request, with its person in a team's. One that has failed costs
    nothing and is none."""
    at = when(column(record, "Date"))
    if not at:
        return None
    mail = column(record, "User")
    model = cut(column(record, "Model"), _MOST_TEXT)
    one = NAMES.used(
        editor(org, (model,) if model else ()), "usage events",
        actor=NAMES.person(org, mail.casefold(), mail), first_at=at, last_at=at,
        costs=charged(column(record, "Cost").removeprefix("$"), "USD"),
    )  # fmt: skip
    has_failed = any(word in column(record, "Kind").casefold() for word in ("error", "abort"))
    return mark_of((at, whole(record))), at, (failed(one) if has_failed else one,)


def use(reading: Reading) -> Iterator[Item]:
    """All of the window each time, a month a call."""
    yield from told_once(_all_days(reading), usage, reading, USAGE.id)


def _all_days(reading: Reading) -> Iterator[Any]:
    ctx = reading.ctx
    end = ctx.now()
    begin = end - timedelta(days=ctx.config.since_days or ctx.window_days)
    while begin < end:
        until = min(end, begin + _MONTH)
        yield from _days(reading, begin, until)
        begin = until


def _days(reading: Reading, begin: datetime, end: datetime) -> Iterator[Any]:
    asked = {
        "startDate": int(begin.timestamp() * 1000), "endDate": int(end.timestamp() * 1000) - 1,
        "pageSize": _PAGE,
    }  # fmt: skip
    before: list[Any] | None = None
    for page in range(1, _MOST_PAGES):
        body = mapping(
            json_body(reading.access.post("/teams/daily-usage-data", {**asked, "page": page}))
        )
        found = body.get("data")
        if not isinstance(found, list):
            raise Unavailable(f"{USAGE.id}: the answer has no list `data`")
        if found == before:  # also without records: no page comes behind two such
            raise Unavailable(f"{USAGE.id}: the source repeats a page")
        yield from found
        if mapping(body.get("pagination")).get("hasNextPage") is not True:
            return
        before = found
    raise Unavailable(f"{USAGE.id}: more than {_MOST_PAGES} pages")


# --- audit log ------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return "timestamp" in record and bool({"event_type", "eventType"} & record.keys())


@telling(
    "event_type|eventType", lambda kind, _: "mcp" in kind,
    "event_data.server_name|details.server_name|server_name", NAMES,
)  # fmt: skip
def event(record: Any, org: str) -> Happened | None:
    """MCP servers that are set up; what is done with keys and privacy mode."""
    given = mapping(record)
    kind, at = (
        text(given.get("event_type")) or text(given.get("eventType")),
        when(given.get("timestamp")),
    )
    if not kind:
        return None
    ident = text(given.get("event_id")) or text(given.get("id")) or mark_of((at, whole(given)))
    data = mapping(given.get("event_data")) or mapping(given.get("details")) or given
    mail = text(given.get("user_email")) or text(given.get("userEmail"))
    who = NAMES.person(org, mail.casefold(), mail)
    told: dict[str, Any] = {"actor": who, "first_at": at, "last_at": at}
    name = cut(text(data.get("server_name")), _MOST_TEXT)
    if "mcp" in kind and name:
        tags = {key: found for key in ("scope", "server_type") if (found := text(data.get(key)))}
        thing = NAMES.thing(org, "mcp_server", name, name, AssetClass.MCP_SERVER, tags=tags)
        removed = any(word in text(data.get("action")) + kind for word in ("remove", "delete"))
        return ident, at, (NAMES.used(thing, kind, "" if removed else "used_by", **told),)
    if kind.endswith("api_key") or "privacy_mode" in kind:
        values = (f"{key} {text(data.get(key))}" for key in ("action", "enabled", "new_value")
                  if text(data.get(key)) or isinstance(data.get(key), bool))  # fmt: skip
        said = cut(", ".join(values), _MOST_TEXT)
        return ident, at, (NAMES.used(editor(org), kind, "", status=said, **told),)
    return ident, at, ()


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    while begin < end:
        until = min(end, begin + _MONTH)
        query = {"startTime": iso(begin), "endTime": iso(until), "pageSize": str(_PAGE)}
        found = by_number(
            reading.access, "/teams/audit-logs", query, items="events", param="page", size=_PAGE,
            pages="pagination.totalPages",
        )  # fmt: skip
        for record in found:
            yield event(record, reading.org)
        begin = until


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="cursor",
        title="Cursor teams: people, use, MCP servers",
        config=CursorConfig,
        operations=(MEMBERS, USAGE, EVENTS),
        yields=NAMES.kinds | {PRODUCT, MCP},
        docs_url="https://docs.cursor.com/en/account/teams/admin-api",
        exports=(
            "the dashboard's CSV of usage events",
            "the dashboard's CSV of daily usage by person",
            "the table of members",
        ),
        # 20 calls a minute of each: https://cursor.com/docs/account/teams/admin-api
        rates={"usage": 20 / 60, "default": 20 / 60},
    ),
    names=NAMES,
    parts=(
        Listed("people", MEMBERS, people),
        Listed("use", USAGE, use, counts=True),
        Logged("events", EVENTS, log, kept=timedelta(days=90), span=_MONTH),
    ),
    kinds=(
        Kind(is_event, event),
        Kind(is_usage, usage),
        Kind(is_row, row),
        Kind(DAYS.fits, day),
        Kind(is_member, member),
        Kind(PEOPLE.fits, PEOPLE.read(member)),
    ),
    access=_access,
    expected="events, use or members",
)
