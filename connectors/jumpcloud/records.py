"""JumpCloud's users, applications and events -> what the catalogue can judge. Pure.

https://docs.jumpcloud.com/api/insights/directory/1.0/index.html: a sign-in that did not succeed is
evidence and no use. Keys and certificates that a list of applications holds are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, telling
from scanner.kit.values import hosts, items, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.items import Activity, Item

NAMES = Names(source="jumpcloud", vendor="jumpcloud", tenant="organization")
_SIGN_IN = "sso_auth"
_DELETED, _SUSPENDED, _UPDATED = "user_delete", "user_suspended", "user_update"
_APP_DELETED, _ASSIGNED = "application_delete", "association_change"
_STATES = {"SUSPENDED": Ends.PAUSED, "ACTIVATED": Ends.RESUMED}
_PLACES = ("acsUrl", "defaultTargetUrl", "spEntityId")
"""Settings of an application that say where it is."""


def is_user(record: Mapping[str, Any]) -> bool:
    return {"username", "email"} <= record.keys() and "event_type" not in record


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("_id")) or text(given.get("id")), text(given.get("email"))
    if not ident:
        return None
    name = " ".join(filter(None, (text(given.get("firstname")), text(given.get("lastname")))))
    name = name or text(given.get("username")) or mail or ident
    department = text(given.get("department"))
    has_left = given.get("suspended") is True or given.get("activated") is False
    return [
        NAMES.member(
            org,
            "GET /api/systemusers",
            ident,
            name,
            mail,
            is_active=not has_left,
            tags={"department": department} if department else {},
        )
    ]


def is_application(record: Mapping[str, Any]) -> bool:
    return {"_id", "name"} <= record.keys() and bool(
        {"displayLabel", "displayName", "ssoUrl"} & record.keys()
    )


def application(record: Any, org: str) -> list[Item] | None:
    """One that people sign in to. ``name`` is the catalogue's word for it (``openai``)."""
    given = mapping(record)
    ident, name = text(given.get("_id")), text(given.get("name"))
    label = text(given.get("displayLabel")) or text(given.get("displayName")) or name
    if not ident or not label:
        return None
    config = mapping(given.get("config"))
    places = (mapping(config.get(one)).get("value") for one in _PLACES)
    return [
        NAMES.app(
            org, "GET /api/applications", "contains", ident, label, hosts=hosts(places),
            status="" if given.get("active") is not False else "not active",
            first_at=when(given.get("created")),
        )
    ]  # fmt: skip


# --- discovered applications ----------------------------------------------------------------------


def is_discovered(record: Mapping[str, Any]) -> bool:
    return {"catalog_app_id", "status"} <= record.keys()


def discovered(record: Any, org: str) -> list[Item] | None:
    """One that people use, whoever has let it in: who has an account in it, and whether JumpCloud's
    administrators approve of it."""
    given = mapping(record)
    key, catalog = text(given.get("catalog_app_id")), mapping(given.get("catalog"))
    ident = key or text(given.get("id"))
    if not ident:
        return None
    label = text(catalog.get("name")) or key
    said = (text(given.get("status")), text(given.get("access_restriction")))
    more: dict[str, Any] = {
        "hosts": tuple(filter(None, map(text, items(catalog.get("domains"))))),
        "status": ", ".join(filter(None, said)).casefold(),
        "first_at": when(given.get("discovered_at")),
    }
    rule = "GET /api/v2/saas-management/applications"
    told = [_account(one, org, rule, ident, label, more) for one in items(given.get("accounts"))]
    people = [one for one in told if one is not None]
    return [*people] if people else [NAMES.app(org, rule, "contains", ident, label, **more)]


def _account(
    record: Any, org: str, rule: str, ident: str, label: str, more: dict[str, Any]
) -> Activity | None:
    given = mapping(record)
    who = NAMES.person(org, text(given.get("user_id")), text(given.get("email")))
    return NAMES.app(org, rule, "used_by", ident, label, actor=who, **more) if who else None


# --- events ---------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return {"event_type", "timestamp"} <= record.keys()


_APP = "application.id|application.display_label|application.name"


def _needed(kind: str, _: Mapping[str, Any]) -> str:
    if kind in (_UPDATED, _ASSIGNED):  # most change what is no matter here
        return ""
    if kind == _APP_DELETED:
        return "resource.id|resource.name"
    return _APP if kind == _SIGN_IN else "resource.id|resource.email|resource.username"


@telling(
    "event_type", (_SIGN_IN, _DELETED, _SUSPENDED, _UPDATED, _APP_DELETED, _ASSIGNED),
    _needed, NAMES,
    beside(("application", "id", "display_label|name")),
)  # fmt: skip
def event(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    kind, at = text(given.get("event_type")), when(given.get("timestamp"))
    if not is_event(given) or not kind:
        return None
    ident = text(given.get("id")) or mark_of((at, whole(given)))
    if kind in (_DELETED, _SUSPENDED, _UPDATED):
        return ident, at, _left(given, kind, org, at)
    if kind in (_APP_DELETED, _ASSIGNED):
        is_done = str(given.get("success")).casefold() != "false"
        return ident, at, _changed_app(given, kind, org, at) if is_done else ()
    about = mapping(given.get("application"))
    key = text(about.get("id"))
    label = text(about.get("display_label")) or text(about.get("name"))
    if kind != _SIGN_IN or not (key or label):
        return ident, at, ()
    by = mapping(given.get("initiated_by"))
    who = NAMES.person(
        org, text(by.get("id")), text(by.get("email")), text(by.get("username"))
    )  # fmt: skip
    one = NAMES.app(
        org, kind, "used_by", key or label, label, actor=who, first_at=at, last_at=at
    )  # fmt: skip
    said = given.get("sso_token_success", given.get("success"))
    is_done = str(said).casefold() != "false"  # a cell of a table holds it as text
    return ident, at, (one if is_done else failed(one),)


def _changed_app(given: Mapping[str, Any], kind: str, org: str, at: str) -> tuple[Activity, ...]:
    """An application that is deleted, or that a person is given or loses."""
    times = {"first_at": at, "last_at": at}
    if kind == _APP_DELETED:
        about = mapping(given.get("resource"))
        key = text(about.get("id"))
        label = text(about.get("display_label")) or text(about.get("name"))
        if not key and not label:
            return ()
        return (NAMES.app(org, kind, "", key or label, label, ends=Ends.ALL, **times),)
    told = mapping(given.get("association"))
    sides = mapping(told.get("connection"))
    ends = {text(mapping(sides.get(one)).get("type")): mapping(sides.get(one))
            for one in ("from", "to")}  # fmt: skip
    user, about = ends.get("user", {}), ends.get("application", {})
    key, label, done = text(about.get("object_id")), text(about.get("name")), text(told.get("op"))
    who = NAMES.person(org, text(user.get("object_id")), "", text(user.get("name")))
    if who is None or not (key or label) or done not in ("add", "remove"):
        return ()
    one = NAMES.app(
        org, f"{kind}.{done}", "grants" if done == "add" else "", key or label, label, actor=who,
        is_own=True, **times,
    )  # fmt: skip
    return (one,)


def _left(given: Mapping[str, Any], kind: str, org: str, at: str) -> tuple[Activity, ...]:
    """A person who is deleted, suspended or let in again, which an update tells among its
    changes."""
    whom = mapping(given.get("resource"))
    who = NAMES.person(
        org, text(whom.get("id")), text(whom.get("email")), text(whom.get("username"))
    )
    ends = {_DELETED: Ends.ALL, _SUSPENDED: Ends.PAUSED}.get(kind) or _changed(given)
    is_done = str(given.get("success")).casefold() != "false"
    return NAMES.left(org, kind, who, ends, at) if ends and is_done else ()


def _changed(given: Mapping[str, Any]) -> Ends:
    for one in map(mapping, items(given.get("changes"))):
        field, to = text(one.get("field")), one.get("to")
        if field == "state":
            return _STATES.get(text(to).upper(), Ends.NOTHING)
        if field == "suspended" and isinstance(to, bool):
            return Ends.PAUSED if to else Ends.RESUMED
    return Ends.NOTHING
