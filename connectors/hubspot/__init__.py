"""HubSpot: private apps of an account and how much they call, what its logs tell of applications,
people and HubSpot's own AI.

https://github.com/HubSpot/HubSpot-public-api-spec-collection (Account Info, Audit Logs, User
Provisioning). No API lists the integrations that were installed: private apps alone are listed, and
the logs tell of others by what they call the target, mostly a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.hubspot import events
from connectors.hubspot.events import NAMES
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    bearer,
    each,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.opened import OpenedData
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_cursor, whole_list
from scanner.kit.values import iso, mapping, text, when
from scanner.model.items import Item

DATA = OpenedData("hubspot", "private app", {"crm": ("HubSpot CRM records", "customer records")})
Part = Literal["people", "apps", "events", "security"]
USERS = read("/settings/users/v3", "settings.users.read", "people and their addresses")
APPS = read(
    "/account-info/v3/api-usage/daily/private-apps", "oauth", "private apps and their calls"
)
AUDIT = read(
    "/account-info/v3/activity/audit-logs", "account-info.security.read",
    "who uses and switches HubSpot's own AI, and who lets in and removes applications",
)  # fmt: skip
SECURITY = read(
    "/account-info/v3/activity/security", "account-info.security.read",
    "applications, keys and people that were let in and removed",
)  # fmt: skip
_CALLS = (USERS, APPS, AUDIT, SECURITY)
_KEPT = timedelta(days=90)
"""Of sign-ins; for these logs HubSpot publishes no limit: a longer pause is told.
https://developers.hubspot.com/docs/api-reference/2026-03/account/audit-logs/guide"""


class HubSpotConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account, or files exported from one."""

    token_env: str = "HUBSPOT_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with a private app's or service key's access token."""
    url: str = "https://api.hubapi.com"
    parts: tuple[Part, ...] = ("people", "apps")
    """What to read; `events` is for Enterprise accounts, and has what `security` has."""


def _access(ctx: Context[HubSpotConfig]) -> Any:
    return session(ctx, _CALLS, bearer(ctx, hint=" to a private app's access token"))


def _listed(reading: Reading, operation: Any, **query: str) -> Iterator[Any]:
    return by_cursor(
        reading.access, operation.path, {"limit": "100", **query}, items="results",
        cursor="paging.next.after", param="after",
    )  # fmt: skip


# --- lists ----------------------------------------------------------------------------------------


def is_user(record: Mapping[str, Any]) -> bool:
    return {"email", "id"} <= record.keys() and bool(
        {"superAdmin", "roleIds", "firstName"} & record.keys()
    )


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("id")), text(given.get("email"))
    if not ident or "@" not in mail:
        return None
    name = " ".join(filter(None, (text(given.get("firstName")), text(given.get("lastName")))))
    return [
        NAMES.member(
            org,
            USERS.id,
            ident,
            name or mail,
            mail,
            tags={"role": "super admin"} if given.get("superAdmin") is True else {},
        )
    ]


def is_app(record: Mapping[str, Any]) -> bool:
    return {"name", "currentUsage"} <= record.keys()


def app(record: Any, org: str) -> list[Item] | None:
    """A private app with today's calls; what it opens its scopes say, which are not told."""
    given = mapping(record)
    name, count = text(given.get("name")), given.get("currentUsage")
    if not name:
        return None
    is_used = isinstance(count, int) and not isinstance(count, bool) and count > 0
    at = when(given.get("collectedAt"))
    store = (DATA.store("crm", org),)
    return [
        NAMES.app(
            org, APPS.id, "used_by" if is_used else "contains", name, name, reads=store,
            first_at=at if is_used else "", last_at=at if is_used else "",
            count=count if is_used and isinstance(count, int) else 1,
        )
    ]  # fmt: skip


def people(reading: Reading) -> Iterator[Item]:
    yield from each(_listed(reading, USERS), user, reading.org, USERS.id)


def apps(reading: Reading) -> Iterator[Item]:
    found = whole_list(reading.access, APPS, items="results")
    yield from each(found, app, reading.org, APPS.id)


# --- logs ----------------------------------------------------------------------------------------


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    """Both borders may be left out by the source; the window keeps to its own."""
    before = begin - timedelta(seconds=1)
    found = _listed(reading, AUDIT, occurredAfter=iso(before), occurredBefore=iso(end))
    for record in found:
        yield events.event(record, reading.org)


def security(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    query = {"fromTimestamp": _milliseconds(begin), "toTimestamp": _milliseconds(end)}
    for record in _listed(reading, SECURITY, **query):
        yield events.critical(record, reading.org)


def _milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="hubspot",
        title="HubSpot private apps, people, audit log and security activity",
        config=HubSpotConfig,
        operations=_CALLS,
        yields=NAMES.kinds | {DATA.kind, events.PRODUCT, events.AGENT},
        docs_url="https://developers.hubspot.com/docs/api-reference/legacy/account/audit-logs/guide",
        exports=("the audit log and security activity of the account (CSV)",),
        # 100 in 10 seconds of a private app of the smallest plan:
        # https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
        rates={"default": 8.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("apps", APPS, apps),
        Logged("events", AUDIT, log, kept=_KEPT, span=timedelta(days=7)),
        Logged("security", SECURITY, security, kept=_KEPT, span=timedelta(days=7)),
    ),
    kinds=(
        Kind(events.is_event, events.event),
        Kind(events.is_critical, events.critical),
        Kind(events.is_row, events.row),
        Kind(is_app, app),
        Kind(is_user, user),
    ),
    access=_access,
    expected="audit logs, security activity, private apps or users",
)
