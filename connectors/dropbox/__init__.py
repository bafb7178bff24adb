"""Dropbox: which applications a team's members have linked to their files, and its own AI, Dash.

https://github.com/dropbox/dropbox-api-spec (team.stone, team_log.stone). Each call is a POST; pages
go on by a cursor, and one without events may have a next. Names of files are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.dropbox import records
from connectors.dropbox.records import DATA, NAMES
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
from scanner.kit.http import json_body
from scanner.kit.oauth import ClientCredentials
from scanner.kit.overlooked import Happened
from scanner.kit.values import iso, mapping, text
from scanner.model.errors import Unavailable
from scanner.model.items import Item

Part = Literal["people", "apps", "events"]
TOKEN = read("/oauth2/token", "team-scoped app", "an access token", method="POST")
MEMBERS = read("/2/team/members/list_v2", "members.read", "people", method="POST")
MORE_MEMBERS = read(
    "/2/team/members/list/continue_v2", "members.read", "further pages of people", method="POST"
)
LINKED = read(
    "/2/team/linked_apps/list_members_linked_apps", "sessions.list",
    "which applications members have linked", method="POST",
)  # fmt: skip
EVENTS = read(
    "/2/team_log/get_events", "events.read", "who links which application, and uses Dash",
    method="POST",
)  # fmt: skip
MORE_EVENTS = read(
    "/2/team_log/get_events/continue", "events.read", "further pages of events", method="POST"
)
_CALLS = (MEMBERS, MORE_MEMBERS, LINKED, EVENTS, MORE_EVENTS)
_KEPT = timedelta(days=3650)
"""Since January 2017: https://help.dropbox.com/account-access/view-activity"""
_CATEGORIES = ("apps", "dash", "members", "team_policies")
_MOST_PAGES = 10_000


class DropboxConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team, or files exported from one."""

    token_env: str = "DROPBOX_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with a team's access token, where something else makes them."""
    refresh_token_env: str = "DROPBOX_REFRESH_TOKEN"  # noqa: S105
    app_key_env: str = "DROPBOX_APP_KEY"
    app_secret_env: str = "DROPBOX_APP_SECRET"  # noqa: S105
    """Environment variables with a refresh token of the team, and key and secret of its app."""
    url: str = "https://api.dropboxapi.com"
    parts: tuple[Part, ...] = ("people", "apps", "events")


def _access(ctx: Context[DropboxConfig]) -> Any:
    config, environ = ctx.config, ctx.environ
    refresh = environ.get(config.refresh_token_env, "")
    named = (config.refresh_token_env, config.app_key_env, config.app_secret_env)
    tokens = ClientCredentials(
        ctx, TOKEN, config.url, {"grant_type": "refresh_token", "refresh_token": refresh},
        client=environ.get(config.app_key_env, "") if refresh else "",
        secret=environ.get(config.app_secret_env, "") if refresh else "",
        token=environ.get(config.token_env, ""),
        missing=f"set {', '.join(named)}, or {config.token_env}",
    )  # fmt: skip
    return session(ctx, _CALLS, {}, authorize=tokens.headers)


def _paged(
    reading: Reading, path: str, further: str, asked: dict[str, Any], key: str
) -> Iterator[Any]:
    """Every record of the list at ``key``; the cursor of an answer is all that is asked next."""
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        body = mapping(json_body(reading.access.post(path, asked)))
        found = body.get(key)
        if not isinstance(found, list):
            raise Unavailable(f"POST {path}: the answer has no list `{key}`")
        yield from found
        if body.get("has_more") is not True:
            return
        cursor = text(body.get("cursor"))
        if not cursor or cursor in seen:
            raise Unavailable(f"POST {path}: the source repeats a page")
        seen.add(cursor)
        path, asked = further, {"cursor": cursor}
    raise Unavailable(f"POST {path}: more than {_MOST_PAGES} pages")


def people(reading: Reading) -> Iterator[Item]:
    asked = {"limit": 1000, "include_removed": False}
    found = _paged(reading, MEMBERS.path, MORE_MEMBERS.path, asked, "members")
    yield from each(found, records.member, reading.org, MEMBERS.id)


def apps(reading: Reading) -> Iterator[Item]:
    found = _paged(reading, LINKED.path, LINKED.path, {}, "apps")
    yield from each(found, records.linked, reading.org, LINKED.id)


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    """A call asks for one category."""
    time = {"start_time": iso(begin), "end_time": iso(end)}
    for category in _CATEGORIES:
        asked = {"limit": 1000, "time": time, "category": category}
        found = _paged(reading, EVENTS.path, MORE_EVENTS.path, asked, "events")
        for record in found:
            yield records.event(record, reading.org)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="dropbox",
        title="Dropbox linked applications, Dash and events",
        config=DropboxConfig,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds | {DATA.kind, records.PRODUCT},
        exports=("the admin console's report of activity (CSV)",),
        docs_url="https://www.dropbox.com/developers/documentation/http/teams",
        # Dropbox publishes none: https://developers.dropbox.com/dbx-performance-guide
        rates={"default": 4.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", MEMBERS, people),
        Listed("apps", LINKED, apps),
        Logged("events", EVENTS, log, kept=_KEPT, span=timedelta(days=30)),
    ),
    kinds=(
        Kind(records.is_event, records.event),
        Kind(records.is_linked, records.linked),
        Kind(records.is_member, records.member),
        Kind(records.is_row, records.row),
    ),
    access=_access,
    expected="team events, linked applications or members",
)
