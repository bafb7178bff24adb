"""Asana: which applications people let at their work, and the AI teammates of an organization.

https://developers.asana.com/docs/audit-log-events. Its events (Enterprise+, a service account)
name the application that made a call; of an agent neither guidance nor description is kept.
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
    bearer,
    each,
    read,
    session,
)
from scanner.kit.columns import Columns
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData
from scanner.kit.overlooked import Happened, telling
from scanner.kit.paged import by_cursor
from scanner.kit.spelling import Spelling
from scanner.kit.text import cut
from scanner.kit.values import iso, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass
from scanner.model.items import Activity, Item

NAMES = Names(source="asana", vendor="asana", tenant="organization")
PRODUCT, AGENT = "asana.ai", "asana.agent"
PROVIDER = "asana_ai"
DATA = OpenedData("asana", "application", {"tasks": ("Asana tasks and projects", "tasks")})
Part = Literal["people", "agents", "events"]
USERS = read("/api/1.0/users", "users:read", "people and their addresses")
AGENTS = read(
    "/api/1.0/workspaces/{workspace}/agents", "service account", "AI teammates of the organization"
)
EVENTS = read(
    "/api/1.0/workspaces/{workspace}/audit_log_events", "service account of an Enterprise+ plan",
    "which application is let in, and acts for whom",
)  # fmt: skip
_CALLS = (USERS, AGENTS, EVENTS)
_KEPT = timedelta(days=90)
"""https://developers.asana.com/docs/supported-auditlogevents"""
_APPS = "apps"
"""Category of the events of applications, service accounts and tokens."""
_SETTINGS = ("permissions", "approvals", "require", "setting")
_ENDED = ("revoked", "deleted", "removed", "disabled", "denied", "blocked", "uninstalled",
          "deauthorized")  # fmt: skip
_SWITCHED = (
    (("app_unblocked", "app_allowed"), Ends.RESUMED), (("app_blocked",), Ends.PAUSED),
    (("service_account_deleted",), Ends.ALL), (("app_deauthorized",), Ends.OWN),
)  # fmt: skip
"""Endings of a type: an administrator lets an application of everybody's in no more, or again; a
service account goes, or a person takes back what only that person has let in."""
_LEAVES = {"user_deprovisioned": Ends.PAUSED, "user_reprovisioned": Ends.RESUMED}
"""A person is removed from the organization, or added back."""
_AI = expression(r"(?:^|_)(?:ai|agents?|teammates?)(?:_|$)")
_AGENT = expression(r"(?:^|_)(?:agent|teammate)(?:_|$)")
_METHODS = ("oauth", "personal_access_token", "service_account")
_MOST_TEXT = 120


class AsanaConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization, or files exported from one."""

    workspace_id: str = ""
    """The organization's gid."""
    token_env: str = "ASANA_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with a service account's token."""
    url: str = "https://app.asana.com"
    parts: tuple[Part, ...] = ("people", "agents", "events")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.live and not self.workspace_id:
            raise ValueError("set `workspace_id`, or `live = false`")


def _access(ctx: Context[AsanaConfig]) -> Any:
    return session(ctx, _CALLS, bearer(ctx, hint=" to a service account's token"))


def _listed(reading: Reading, operation: Any, **query: str) -> Iterator[Any]:
    path = operation.path.replace("{workspace}", reading.ctx.config.workspace_id)
    return by_cursor(
        reading.access, path, query, items="data", cursor="next_page.offset", param="offset",
        ends_when_empty=True,
    )  # fmt: skip


# --- lists ----------------------------------------------------------------------------------------


def is_user(record: Mapping[str, Any]) -> bool:
    return text(record.get("resource_type")) == "user" and "gid" in record


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("gid")), text(given.get("email"))
    if not ident:
        return None
    return [NAMES.member(org, USERS.id, ident, text(given.get("name")) or mail or ident, mail)]


def is_agent(record: Mapping[str, Any]) -> bool:
    return {"gid", "name", "resource_subtype"} <= record.keys() and (
        "agent" in text(record.get("resource_type"))
        or "teammate" in text(record.get("resource_subtype"))
    )


def agent(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident = text(given.get("gid"))
    if not ident:
        return None
    thing = NAMES.thing(
        org, "agent", ident, text(given.get("name")), AssetClass.AGENT, provider=PROVIDER
    )
    return list(NAMES.listed(thing, AGENTS.id))


def people(reading: Reading) -> Iterator[Item]:
    query = {"workspace": reading.ctx.config.workspace_id, "limit": "100",
             "opt_fields": "name,email,resource_type"}  # fmt: skip
    yield from each(_listed(reading, USERS, **query), user, reading.org, USERS.id)


def agents(reading: Reading) -> Iterator[Item]:
    query = {"limit": "100", "opt_fields": "name,resource_type,resource_subtype"}
    yield from each(_listed(reading, AGENTS, **query), agent, reading.org, AGENTS.id)


# --- audit log ------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return {"event_type", "created_at"} <= record.keys() and bool(
        {"event_category", "actor", "context"} & record.keys()
    )


def _is_known(kind: str, given: Mapping[str, Any]) -> bool:
    is_of_an_app = text(given.get("event_category")) == _APPS
    return bool(_AI.search(kind)) or is_of_an_app or kind in _LEAVES


@telling("event_type", _is_known, "resource.gid|resource.name", NAMES)
def event(record: Any, org: str) -> Happened | None:
    """What is done with applications, tokens and Asana's own AI, told by the words of its type; and
    of any other event the application that it came from."""
    given = mapping(record)
    kind, at = text(given.get("event_type")), when(given.get("created_at"))
    if not is_event(given) or not kind:
        return None
    ident = mark_of((text(given.get("gid")), at, whole(given)))
    actor = mapping(given.get("actor"))
    who = NAMES.person(
        org, text(actor.get("gid")), text(actor.get("email")), text(actor.get("name"))
    )
    more: dict[str, Any] = {"actor": who, "first_at": at, "last_at": at}
    about = mapping(given.get("resource"))
    key, label = text(about.get("gid")), text(about.get("name"))
    told: list[Activity] = []
    ends = next((one for words, one in _SWITCHED if kind.endswith(words)), Ends.NOTHING)
    has_ended = bool(ends) or any(word in kind for word in _ENDED)
    if kind in _LEAVES:
        whose = NAMES.person(org, key, text(about.get("email")), label)
        told += NAMES.left(org, kind, whose, _LEAVES[kind], at)
    elif _AI.search(kind):
        told.append(_own(given, org, kind, has_ended, more))
    elif text(given.get("event_category")) == _APPS and (key or label):
        is_setting = any(word in kind for word in _SETTINGS)
        relation = "" if has_ended or is_setting else "grants"
        told.append(
            NAMES.app(
                org,
                kind,
                relation,
                label or key,
                label,
                ends=ends,
                **_opened(org, relation),
                **more,
            )
        )
    told += _caller(given, org, more)
    return ident, at, tuple(told)


def _opened(org: str, relation: str) -> dict[str, Any]:
    store = (DATA.store("tasks", org),) if relation else ()
    return {"reads": store, "writes": store}


def _own(
    given: Mapping[str, Any], org: str, kind: str, has_ended: bool, more: dict[str, Any]
) -> Activity:
    thing = Asset(
        id=NAMES.node(org, "ai", "asana-ai"), kind=PRODUCT, name=f"Asana AI of {org}",
        asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
    )  # fmt: skip
    said = cut(text(mapping(given.get("details")).get("new_value")), _MOST_TEXT)
    about = mapping(given.get("resource"))
    ident = text(about.get("gid"))
    if ident and _AGENT.search(text(about.get("resource_type"))):
        # One agent that goes is not all of them.
        agent = NAMES.thing(
            org, "agent", ident, text(about.get("name")), AssetClass.AGENT, provider=PROVIDER
        )
        ends = Ends.GONE if kind.endswith(("deleted", "removed")) else Ends.NOTHING
        relation = "" if has_ended else "created_by" if kind.endswith("created") else "used_by"
        return NAMES.used(agent, kind, relation, status=said, ends=ends, **more)
    return NAMES.used(thing, kind, "" if has_ended else "used_by", status=said, **more)


def _caller(given: Mapping[str, Any], org: str, more: dict[str, Any]) -> Iterator[Activity]:
    """The application by whose token something was done."""
    context = mapping(given.get("context"))
    name = cut(text(context.get("oauth_app_name")), _MOST_TEXT)
    method = text(context.get("api_authentication_method"))
    if name:
        where = method if method in _METHODS else ""
        opened = _opened(org, "used_by")
        yield NAMES.app(org, "oauth_app_name", "used_by", name, name, where=where, **opened, **more)


TABLE = Columns(
    {
        "gid": ("GID", "Event GID", "Event ID"),
        "created_at": ("Created at", "Timestamp", "Date", "Time"),
        "event_type": ("Event type", "Event"), "event_category": ("Event category", "Category"),
        "actor.gid": "Actor gid", "actor.email": ("Actor email", "Email"),
        "actor.name": ("Actor name", "Actor", "User"), "resource.gid": "Resource gid",
        "resource.name": ("Resource name", "Resource"), "resource.resource_type": "Resource type",
        "context.oauth_app_name": ("OAuth app name", "App name", "Application"),
        "context.api_authentication_method": ("API authentication method", "Authentication method"),
        "details.new_value": ("New value", "Details new value"),
    },
    needs=("created_at", "event_type", "actor.email|actor.name"),
)  # fmt: skip
"""Of the admin console's export of audit logs. No page of Asana's lists its columns: they are taken
to be the API's (https://developers.asana.com/docs/audit-log-events), in words."""


def is_row(record: Mapping[str, Any]) -> bool:
    return TABLE.fits(record)


def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """As the API's event, also where its type is written in words."""
    given = TABLE.record(record)
    for name in ("event_type", "event_category"):
        if name in given:
            given[name] = "_".join(text(given[name]).casefold().split())
    given.setdefault("event_category", "")
    return event(given, org)


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    for record in _listed(reading, EVENTS, start_at=iso(begin), end_at=iso(end)):
        yield event(record, reading.org)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="asana",
        title="Asana applications, AI teammates and audit log",
        config=AsanaConfig,
        operations=_CALLS,
        yields=NAMES.kinds | {DATA.kind, PRODUCT, AGENT},
        docs_url="https://developers.asana.com/reference/audit-log-api",
        exports=("the audit log of the admin console, as CSV",),
        # 1,500 calls a minute of a paid plan: https://developers.asana.com/docs/rate-limits
        rates={"default": 10.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("agents", AGENTS, agents),
        Logged("events", EVENTS, log, kept=_KEPT, span=timedelta(days=7)),
    ),
    kinds=(Kind(is_event, event), Kind(is_agent, agent), Kind(is_user, user), Kind(is_row, row)),
    access=_access,
    spelling=Spelling(
        (
            "actor.gid",
            "actor.email",
            "actor.name",
            "resource.gid",
            "resource.name",
            "details.new_value",
            "context.oauth_app_name",
            "context.api_authentication_method",
        )
    ),
    expected="audit log events, agents or users",
)
