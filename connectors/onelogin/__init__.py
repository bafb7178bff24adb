"""OneLogin: which applications an account has, and who signs in to, asks for and gets which.

https://developers.onelogin.com/api-docs/2/getting-started/dev-overview. The list of applications
shows no address of theirs: the catalogue judges them by name.
"""

from __future__ import annotations

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
    session,
)
from scanner.kit.columns import Columns
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.expressions import expression
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.oauth import ClientCredentials
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, telling
from scanner.kit.paged import by_cursor, by_header
from scanner.kit.values import iso, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import Identity
from scanner.model.items import Item

NAMES = Names(source="onelogin", vendor="onelogin", tenant="account")
Part = Literal["people", "applications", "events"]
TOKEN = read(
    "/auth/oauth2/v2/token", "API credentials", "an access token", method="POST"
)  # fmt: skip
USERS = read("/api/2/users", "Read Users", "people and their addresses")
APPS = read("/api/2/apps", "Read All", "applications of the account")
EVENTS = read("/api/1/events", "Read All", "who signs in to, asks for and gets which application")
_CALLS = (USERS, APPS, EVENTS)
_KEPT = timedelta(days=90)
"""OneLogin publishes no limit: a longer pause is told."""
_TYPES = {
    "8": "used_by",  # signed in to an application
    "78": "used_by",  # the same, by assertion proxy
    "51": "grants",  # an account of theirs was made in it
    "137": "grants",  # what they asked for was approved
    "206": "grants",  # added by hand
    "34": "",  # asked for it
    "138": "",  # was denied it
    "55": "",  # their account in it was deleted
    "207": "",  # removed by hand
    "77": "failed",
    "85": "failed",
}
"""Type of an event that names an application -> what it means.
https://developers.onelogin.com/api-docs/1/events/event-resource"""
_LEAVES = {"15": Ends.PAUSED, "16": Ends.RESUMED, "17": Ends.ALL}
"""A person is deactivated, activated or deleted."""
_NAMES = {
    "8": "signed in to app", "78": "signed in to app by proxy", "51": "created in app",
    "137": "app request approved", "206": "login added", "34": "app requested",
    "138": "app request denied", "55": "deleted in app", "207": "login removed",
    "77": "signed in to app by proxy", "85": "signed in to app",
    "15": "user deactivated", "16": "user activated", "17": "user deleted",
}  # fmt: skip
_ACTIVE = ("1", "")
_PAGE = "100"


class OneLoginConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account, or files exported from one."""

    url: str = ""
    """`https://acme.onelogin.com`."""
    token_env: str = "ONELOGIN_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token, where something else makes them."""
    client_id_env: str = "ONELOGIN_CLIENT_ID"
    client_secret_env: str = "ONELOGIN_CLIENT_SECRET"  # noqa: S105
    """Environment variables with id and secret of API credentials."""
    parts: tuple[Part, ...] = ("people", "applications", "events")


def _access(ctx: Context[OneLoginConfig]) -> Any:
    tokens = ClientCredentials.configured(
        ctx, TOKEN, {"grant_type": "client_credentials"}, is_json=True,
    )  # fmt: skip
    return session(ctx, _CALLS, {}, authorize=tokens.headers)


# --- lists ----------------------------------------------------------------------------------------


def is_user(record: Mapping[str, Any]) -> bool:
    return {"email", "status"} <= record.keys() and "event_type_id" not in record


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("id")), text(given.get("email"))
    if not ident:
        return None
    name = " ".join(filter(None, (text(given.get("firstname")), text(given.get("lastname")))))
    department = text(given.get("department"))
    return [
        NAMES.member(
            org,
            USERS.id,
            ident,
            name or mail or ident,
            mail,
            is_active=text(given.get("status")) in _ACTIVE,
            tags={"department": department} if department else {},
        )
    ]


def is_app(record: Mapping[str, Any]) -> bool:
    return {"name", "connector_id"} <= record.keys()


def app(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, name = text(given.get("id")), text(given.get("name"))
    if not ident or not name:
        return None
    return [
        NAMES.app(org, APPS.id, "contains", ident, name, first_at=when(given.get("created_at")))
    ]


def people(reading: Reading) -> Iterator[Item]:
    yield from each(_paged(reading, "/api/2/users"), user, reading.org, USERS.id)


def applications(reading: Reading) -> Iterator[Item]:
    yield from each(_paged(reading, "/api/2/apps"), app, reading.org, APPS.id)


def _paged(reading: Reading, path: str) -> Iterator[Any]:
    return by_header(reading.access, path, {"limit": _PAGE}, header="After-Cursor", param="cursor")


# --- events ---------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    beside = {"id", "created_at", "actor_user_id", "user_id"} & record.keys()
    return "event_type_id" in record and bool(beside)


@telling(
    "event_type_id", _TYPES.keys() | _LEAVES.keys(),
    lambda kind, _: "user_id|user_name" if kind in _LEAVES else "app_id|app_name", NAMES,
    beside(("", "app_id", "app_name")),
)  # fmt: skip
def event(record: Any, org: str) -> Happened | None:
    """Of a person and an application; by whom, where that is somebody else."""
    given = mapping(record)
    kind, at = text(given.get("event_type_id")), when(given.get("created_at"))
    if not is_event(given) or not kind:
        return None
    ident = text(given.get("id")) or mark_of((at, whole(given)))
    if kind in _LEAVES:
        whose = _user(given, org)
        return ident, at, NAMES.left(org, _NAMES[kind], whose, _LEAVES[kind], at)
    relation = _TYPES.get(kind)
    key, label = text(given.get("app_id")), text(given.get("app_name"))
    if relation is None or not (key or label):
        return ident, at, ()
    who = _user(given, org)
    by = text(given.get("actor_user_id"))
    is_other = bool(by) and by != text(given.get("user_id"))
    one = NAMES.app(
        org, _NAMES[kind], "" if relation == "failed" else relation, key or label, label,
        actor=who, first_at=at, last_at=at, status="by somebody else" if is_other else "",
    )  # fmt: skip
    return ident, at, (failed(one) if relation == "failed" else one,)


def _user(given: Mapping[str, Any], org: str) -> Identity | None:
    name = text(given.get("user_name"))
    mail = name if "@" in name else ""
    return NAMES.person(org, text(given.get("user_id")), mail, name)


TABLE = Columns(
    {
        "id": ("Event ID", "ID"), "created_at": ("Date", "Timestamp", "Time", "Created at"),
        "event_type_id": ("Event", "Event type", "Event name"),
        "user_name": ("User", "User name", "Username"), "app_name": ("App", "App name"),
        "actor_user_id": ("Actor", "Actor user", "Performed by"),
    },
    needs=("created_at", "event_type_id", "user_name", "app_name"),
)  # fmt: skip
"""Of Activity > Events and of the report of application access, as CSV
(https://onelogin.service-now.com/kb_view_customer.do?sysparm_article=KB0010386 and KB0010422, which
list the events, in words, and no columns)."""
_MOST_WORDS = 200
_WORDS = tuple((expression(f"(?i){words}"), kind) for words, kind in (
    (r"app.*request.*den|den.*app.*request", "138"),
    (r"\bapp.*(?:fail|denied|blocked|error)|(?:fail|denied|blocked|unable to).*\bapp", "85"),
    (r"manually removed|login removed|(?:removed|revoked) .*\b(?:from|in|of) app"
     r"|\bapp.*(?:revoked|removed)", "207"),
    (r"(?:logged|signed) ?in ?to (?:the )?app|app(?:lication)? (?:login|access)", "8"),
    (r"manually added|login added|added .*\bto app", "206"),
    (r"app.*request.*approv|approv.*app.*request", "137"),
    (r"request.*\bapp|app.*request", "34"),
    (r"(?:created|provision\w*) .*\bin app|created in app", "51"),
    (r"deleted .*\bin app|deleted in app", "55"),
    (r"^user (?:was )?deactivated|deactivated user", "15"),
    (r"^user (?:was )?activated|\bactivated user", "16"),
    (r"^user (?:was )?deleted|deleted user", "17"),
))  # fmt: skip
"""An event in words -> its type. One that is none of these stays in words, and is told as new."""


def is_row(record: Mapping[str, Any]) -> bool:
    return TABLE.fits(record)


def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """As the API's event. People are known by the name, or the address, that stands there."""
    given = TABLE.record(record)
    said = text(given.get("event_type_id"))
    plain = said[:_MOST_WORDS].replace("_", " ")
    kind = next((kind for words, kind in _WORDS if words.search(plain)), said)
    who = text(given.get("user_name"))
    return event({**given, "event_type_id": kind, "user_id": who}, org)


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    query = {
        "since": iso(begin), "until": iso(end), "limit": "50", "sort": "+id",
        "event_type_id": ",".join((*_TYPES, *_LEAVES)),
    }  # fmt: skip
    found = by_cursor(
        reading.access, "/api/1/events", query, items="data", cursor="pagination.after_cursor",
        param="after_cursor",
    )  # fmt: skip
    for record in found:
        yield event(record, reading.org)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="onelogin",
        title="OneLogin applications, people and events",
        config=OneLoginConfig,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds,
        docs_url="https://developers.onelogin.com/api-docs/2/getting-started/dev-overview",
        exports=("Activity > Events, and the report of application access (CSV)",),
        # 5,000 calls an hour: https://developers.onelogin.com/api-docs/2/oauth20-tokens/get-rate-limit
        rates={"default": 1.3},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("applications", APPS, applications),
        Logged("events", EVENTS, log, kept=_KEPT, span=timedelta(days=7)),
    ),
    kinds=(Kind(is_event, event), Kind(is_app, app), Kind(is_user, user), Kind(is_row, row)),
    access=_access,
    expected="events, applications or users",
)
