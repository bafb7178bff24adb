"""Box: which applications an enterprise lets at its files, by whom, and the agents of Box AI.

https://developer.box.com/reference/get-events: a stream's position that stays where it was is its
end. Names of files and folders are not kept.
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
from scanner.kit.folding import mark_of, whole
from scanner.kit.named import Names
from scanner.kit.oauth import ClientCredentials
from scanner.kit.opened import OpenedData
from scanner.kit.overlooked import Happened, telling
from scanner.kit.paged import by_cursor
from scanner.kit.spelling import Spelling
from scanner.kit.text import cut
from scanner.kit.values import iso, mapping, nested, size, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import AssetClass, PrincipalType
from scanner.model.items import Item

NAMES = Names(source="box", vendor="box", tenant="enterprise")
AGENT = "box.ai_agent"
PROVIDER = "box_ai"
DATA = OpenedData("box", "event", {"files": ("Box files", "files")})
Part = Literal["people", "agents", "events"]
TOKEN = read(
    "/oauth2/token", "platform app with client credentials grant", "an access token", method="POST"
)
USERS = read("/2.0/users", "manage_managed_users", "people")
AGENTS = read("/2.0/ai_agents", "ai.readwrite", "agents of Box AI Studio")
EVENTS = read(
    "/2.0/events", "manage_enterprise_properties", "which application is let in, and opens files"
)
_CALLS = (USERS, AGENTS, EVENTS)
_AUTHORIZED = "ENTERPRISE_APP_AUTHORIZATION_UPDATE"
_APPS = {
    _AUTHORIZED: "grants",
    "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE": "grants",
    "APPLICATION_CREATED": "created_by",
    "APPLICATION_PUBLIC_KEY_ADDED": "used_by",
    "OAUTH2_ACCESS_TOKEN_REVOKE": "",
}
_FILES = {
    "DOWNLOAD": "reads", "PREVIEW": "reads", "COPY": "reads", "UPLOAD": "writes", "EDIT": "writes",
}  # fmt: skip
"""Event -> which way files went, where an application did it."""
_LEAVES = {"DELETE_USER": Ends.ALL}
_OWN = ("box web app", "box web application", "box mobile", "box drive", "box sync", "box tools",
        "box for iphone", "box for android", "box edit")  # fmt: skip
"""Box's own programs, in lower case."""
_MODES = ("ask", "text_gen", "extract")


class BoxConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An enterprise, or files exported from one."""

    enterprise_id: str = ""
    """For a platform app that makes its own tokens."""
    token_env: str = "BOX_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token, where something else makes them."""
    client_id_env: str = "BOX_CLIENT_ID"
    client_secret_env: str = "BOX_CLIENT_SECRET"  # noqa: S105
    """Environment variables with the app's id and secret."""
    url: str = "https://api.box.com"
    parts: tuple[Part, ...] = ("people", "agents", "events")
    file_events: bool = True
    """Read which application opens files, too: many events."""


def _access(ctx: Context[BoxConfig]) -> Any:
    tokens = ClientCredentials.configured(
        ctx, TOKEN,
        {"grant_type": "client_credentials", "box_subject_type": "enterprise",
         "box_subject_id": ctx.config.enterprise_id},
        basic=False,
    )  # fmt: skip
    return session(ctx, _CALLS, {}, authorize=tokens.headers)


# --- lists ----------------------------------------------------------------------------------------


def is_user(record: Mapping[str, Any]) -> bool:
    return "login" in record and "id" in record and "event_type" not in record


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, login = text(given.get("id")), text(given.get("login"))
    if not ident or not login:
        return None
    is_app = login.casefold().endswith("@boxdevedition.com")
    return [
        NAMES.member(
            org,
            USERS.id,
            ident,
            text(given.get("name")) or login,
            login,
            principal_type=PrincipalType.SERVICE if is_app else PrincipalType.HUMAN,
            is_active=text(given.get("status")) in ("active", ""),
        )
    ]


def is_agent(record: Mapping[str, Any]) -> bool:
    return text(record.get("type")) == "ai_agent" and "name" in record


def agent(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident = text(given.get("id"))
    if not ident:
        return None
    modes = ", ".join(mode for mode in _MODES if mapping(given.get(mode)))
    thing = NAMES.thing(
        org, "ai_agent", ident, text(given.get("name")), AssetClass.AGENT, provider=PROVIDER,
        created_at=when(given.get("created_at")), status=text(given.get("access_state")),
        tags={"modes": modes} if modes else {},
    )  # fmt: skip
    maker = mapping(given.get("created_by"))
    who = NAMES.person(
        org, text(maker.get("id")), text(maker.get("login")), text(maker.get("name"))
    )
    return list(NAMES.listed(thing, AGENTS.id, [who]))


def _part(operation: Any, told: Any, query: Mapping[str, str]) -> Any:
    def part(reading: Reading) -> Iterator[Item]:
        found = by_cursor(
            reading.access, operation.path, query, items="entries", cursor="next_marker",
            param="marker",
        )  # fmt: skip
        yield from each(found, told, reading.org, operation.id)

    return part


SPELLING = Spelling(
    (
        "event_id", "event_type", "created_at", "created_by", "source", "additional_details",
        *(f"created_by.{one}" for one in ("id", "login", "name")),
        *(f"additional_details.{one}" for one in ("service_id", "service_name")),
    )
)  # fmt: skip

# --- events ---------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    beside = {"created_by", "created_at", "source"} & record.keys()
    return "event_type" in record and (bool(beside) or record.get("type") == "event")


def _named(given: Mapping[str, Any], kind: str) -> tuple[str, str]:
    """Key and name of the application."""
    details = mapping(nested(given.get("additional_details")))
    source = mapping(given.get("source"))
    label = text(details.get("service_name")) or text(details.get("app_name"))
    key = text(details.get("service_id")) or text(details.get("client_id"))
    if kind in _APPS and not label:
        label = text(source.get("name")) or text(source.get("item_name"))
        key = key or text(source.get("id"))
    return key, label


def _needed(kind: str, given: Mapping[str, Any]) -> str:
    if kind in _LEAVES:
        return "source.id|source.user_id|source.login"
    is_named = kind not in _APPS or any(_named(given, kind))
    return "" if is_named else "additional_details.service_name"


def _ident(given: Mapping[str, Any], label: str) -> str:
    key, name = _named(given, text(given.get("event_type")))
    return key if name.strip() == label else ""


@telling("event_type", {**_APPS, **_FILES, **_LEAVES}, _needed, NAMES, _ident)
def event(record: Any, org: str) -> Happened | None:
    """``service_name`` tells which application did it; Box's own programs are people's."""
    given = mapping(record)
    kind, at = text(given.get("event_type")), when(given.get("created_at"))
    if not is_event(given) or not kind:
        return None
    ident = text(given.get("event_id")) or mark_of((at, whole(given)))
    if kind in _LEAVES:
        whom = mapping(nested(given.get("source")))
        who = NAMES.person(
            org, text(whom.get("id")) or text(whom.get("user_id")),
            text(whom.get("login")) or text(whom.get("user_email")),
            text(whom.get("name")) or text(whom.get("user_name")),
        )  # fmt: skip
        return ident, at, NAMES.left(org, kind, who, _LEAVES[kind], at)
    key, label = _named(given, kind)
    if kind not in {**_APPS, **_FILES} or not (label or key) or label.casefold() in _OWN:
        return ident, at, ()
    maker = mapping(given.get("created_by"))
    who = NAMES.person(
        org, text(maker.get("id")), text(maker.get("login")), text(maker.get("name"))
    )
    way = _FILES.get(kind, "")
    flows: dict[str, Any] = {way: (DATA.store("files", org),)} if way else {}
    if way:
        bulk = size(mapping(nested(given.get("additional_details"))).get("size"))
        flows["bytes_up" if way == "reads" else "bytes_down"] = bulk
    one = NAMES.app(
        org, kind, _APPS.get(kind, "used_by"), key or label, label, client_id=key, actor=who,
        first_at=at, last_at=at, **flows,
    )  # fmt: skip
    return ident, at, (one,)


TABLE = Columns(
    {
        "event_id": "Event ID", "created_at": ("Date", "Date (UTC)", "Timestamp", "Time"),
        "event_type": ("Action", "Event", "Event Type"), "created_by.id": "User ID",
        "created_by.login": ("User Email", "Email", "Performed By Email"),
        "created_by.name": ("User Name", "User", "Performed By"),
        "details": ("Details", "Additional Details"), "app": ("Service", "Application", "App Name"),
        "source.login": ("Affected User Email", "Affected User"),
    },
    needs=("created_at", "event_type", "created_by.login|created_by.name", "details|app"),
)  # fmt: skip
"""Of the admin console's report of user activity
(https://support.box.com/hc/en-us/articles/4415012490387: a CSV, with columns that can be selected;
what others than Date, User Name, User Email and Action are called is known, and told in part).
Its times are of the zone of whoever ran it, which it does not name. Names of files are left
alone."""
_SERVICE = expression(r"(?i)\b(?:service|application|app)(?: name)?: *([^;|,\n]{1,120})")
_CALLED = {
    "downloaded": "DOWNLOAD", "previewed": "PREVIEW", "copied": "COPY", "uploaded": "UPLOAD",
    "edited": "EDIT", "deleted user": "DELETE_USER", "app authorized": _AUTHORIZED,
    "application created": "APPLICATION_CREATED", "authorized app": _AUTHORIZED,
    "access token revoked": "OAUTH2_ACCESS_TOKEN_REVOKE", "created application":
    "APPLICATION_CREATED", "access token created": "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE",
}  # fmt: skip
"""What the report calls an event."""


def is_row(record: Mapping[str, Any]) -> bool:
    return TABLE.fits(record)


def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """As the API's event; which application did it stands in a column, or among the details."""
    given = TABLE.record(record)
    said = text(given.pop("details", ""))
    found = _SERVICE.search(said)
    label = text(given.pop("app", "")) or (found[1].strip() if found else "")
    kind = text(given.get("event_type"))
    words = " ".join(kind.casefold().replace("_", " ").split())
    kind = _CALLED.get(words, "_".join(kind.upper().split()))
    told = {"service_name": cut(label, 120)} if label else {}
    return event({**given, "event_type": kind, "additional_details": told}, org)


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    kinds = [*_APPS, *_LEAVES, *(_FILES if reading.ctx.config.file_events else ())]
    query = {
        "stream_type": "admin_logs", "created_after": iso(begin), "created_before": iso(end),
        "event_type": ",".join(kinds), "limit": "500",
    }  # fmt: skip
    found = by_cursor(
        reading.access, "/2.0/events", query, items="entries", cursor="next_stream_position",
        param="stream_position", ends_at_same=True, ends_when_empty=True,
    )  # fmt: skip
    for record in found:
        yield event(record, reading.org)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="box",
        title="Box applications, Box AI agents and events",
        config=BoxConfig,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds | {DATA.kind, AGENT},
        docs_url="https://developer.box.com/reference/",
        exports=("the report of user activity (CSV)",),
        # 1,000 a minute of a person: https://developer.box.com/guides/api-calls/
        # permissions-and-errors/rate-limits/
        rates={"default": 15.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, _part(USERS, user, {"usemarker": "true", "limit": "1000"})),
        Listed("agents", AGENTS, _part(AGENTS, agent, {"limit": "1000"})),
        # A year: https://developer.box.com/guides/events/for-enterprise/
        Logged("events", EVENTS, log, kept=timedelta(days=365), span=timedelta(days=7)),
    ),
    kinds=(Kind(is_event, event), Kind(is_agent, agent), Kind(is_user, user), Kind(is_row, row)),
    access=_access,
    expected="events, agents or users",
    spelling=SPELLING,
)
