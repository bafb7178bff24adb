"""Zoom: which apps an account has let in, and what of Zoom's own AI is on and used by whom.

Reports are by whole days and for a month at a time, and are kept for half a year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.zoom import events
from connectors.zoom.events import DATA, NAMES, PRODUCT, TYPES
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    each,
    odd_gap,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.http import json_body
from scanner.kit.oauth import ClientCredentials
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_cursor
from scanner.kit.told import check_address
from scanner.model.errors import Unavailable
from scanner.model.items import Item

Part = Literal["people", "settings", "apps", "summaries", "operations"]
_HALF_A_YEAR = timedelta(days=180)
_MONTH = timedelta(days=29)
_PAGE = "300"
TOKEN = read(
    "/oauth/token", "server-to-server OAuth app", "an access token", method="POST", bucket="token"
)
USERS = read("/v2/users", "user:read:list_users:admin", "people", bucket="medium")
ACCOUNT = read(
    "/v2/accounts/me/settings", "account:read:settings:admin", "which AI features are on",
    bucket="medium",
)  # fmt: skip
APPS = read(
    "/v2/marketplace/apps", "marketplace:read:list_apps:admin",
    "apps that were added, approved, asked for or restricted", bucket="medium",
)  # fmt: skip
SUMMARIES = read(
    "/v2/meetings/meeting_summaries", "meeting:read:list_summaries:admin",
    "who has meetings summed up", bucket="heavy",
)  # fmt: skip
LOGS = read(
    "/v2/report/operationlogs", "report:read:operation_logs:admin",
    "who has switched AI features", bucket="heavy",
)  # fmt: skip
_CALLS = (USERS, ACCOUNT, APPS, SUMMARIES, LOGS)


class ZoomConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account, or files exported from one."""

    account_id: str = ""
    """Of the account, for a server-to-server OAuth app."""
    token_env: str = "ZOOM_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token, where something else makes them."""
    client_id_env: str = "ZOOM_CLIENT_ID"
    client_secret_env: str = "ZOOM_CLIENT_SECRET"  # noqa: S105
    """Environment variables with the app's id and secret."""
    url: str = "https://api.zoom.us"
    token_url: str = "https://zoom.us"  # noqa: S105
    """Where access tokens are made."""
    parts: tuple[Part, ...] = ("people", "settings", "apps", "summaries", "operations")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_address(self.token_url, self.organization)


def _access(ctx: Context[ZoomConfig]) -> Any:
    config = ctx.config
    tokens = ClientCredentials.configured(
        ctx, TOKEN, {"grant_type": "account_credentials", "account_id": config.account_id},
        config.token_url,
        missing=f"set {config.client_id_env} and {config.client_secret_env} of a server-to-server "
        f"OAuth app, or {config.token_env}",
    )  # fmt: skip
    return session(ctx, _CALLS, {}, authorize=tokens.headers)


def _pages(reading: Reading, operation: Operation, key: str, query: Mapping[str, str]) -> Any:
    path = operation.path
    return by_cursor(
        reading.access, path, {"page_size": _PAGE, **query}, items=key,
        cursor="next_page_token", param="next_page_token",
    )  # fmt: skip


def people(reading: Reading) -> Iterator[Item]:
    found = _pages(reading, USERS, "users", {})
    yield from each(found, events.user, reading.org, USERS.id)


def settings(reading: Reading) -> Iterator[Item]:
    body = json_body(reading.access.get(ACCOUNT.path))
    if not isinstance(body, dict) or not {"in_meeting", "recording", "feature"} & body.keys():
        raise Unavailable(f"{ACCOUNT.id}: the answer holds no settings")
    yield from events.settings(body, reading.org, ACCOUNT.id)


def apps(reading: Reading) -> Iterator[Item]:
    odd = 0
    for kind in TYPES:
        for record in _pages(reading, APPS, "apps", {"type": kind}):
            told = events.app(record, reading.org, kind)
            odd += told is None
            yield from told or ()
    yield from odd_gap(odd, APPS.id)


def _days(begin: datetime, end: datetime) -> Iterator[dict[str, str]]:
    """A month at a time at most; a window may be longer where it goes on from an earlier scan."""
    while begin < end:
        until = min(end, begin + _MONTH)
        yield {"from": f"{begin:%Y-%m-%d}", "to": f"{until:%Y-%m-%d}"}
        begin = until


def summaries(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    for query in _days(begin, end):
        for record in _pages(reading, SUMMARIES, "summaries", query):
            yield events.summary(record, reading.org)


def operations(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    for query in _days(begin, end):
        for record in _pages(reading, LOGS, "operation_logs", query):
            yield events.operation(record, reading.org)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="zoom",
        title="Zoom apps, AI Companion and its use",
        config=ZoomConfig,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds | {DATA.kind, PRODUCT},
        docs_url="https://developers.zoom.us/docs/api/",
        exports=("the log of admin activity (CSV)",),
        # https://developers.zoom.us/docs/api/rate-limits: a Pro account's, a second.
        rates={"medium": 20.0, "heavy": 10.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("settings", ACCOUNT, settings),
        Listed("apps", APPS, apps),
        Logged("summaries", SUMMARIES, summaries, kept=_HALF_A_YEAR, span=_MONTH),
        Logged("operations", LOGS, operations, kept=_HALF_A_YEAR, span=_MONTH),
    ),
    kinds=(
        Kind(events.is_summary, events.summary),
        Kind(events.is_operation, events.operation),
        Kind(events.is_hook, events.hook),
        Kind(events.is_row, events.row),
        Kind(events.is_activity, events.activity),
        Kind(events.is_app, events.app),
        Kind(events.is_user, events.user),
    ),
    access=_access,
    expected="summaries, operations, sign-ins, apps or people",
    spelling=events.SPELLING,
)
