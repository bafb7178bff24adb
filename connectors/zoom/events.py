"""Zoom's settings, summaries, operation logs and apps -> what the catalogue can judge. Pure.

https://developers.zoom.us/docs/api/: a setting is a switch or an object with ``enable``. Topics of
meetings and what was said are not kept: of a summary, its host and when it was made are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData, by_words
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, telling
from scanner.kit.records import column, has_columns
from scanner.kit.spelling import Spelling
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, DataStore
from scanner.model.items import Item

NAMES = Names(source="zoom", vendor="zoom", tenant="account")
PROVIDER = "zoom_ai"
PRODUCT = "zoom.ai_companion"
DATA = OpenedData("zoom", "scope", {
    "meetings": ("Zoom meetings, recordings and transcripts", "meetings"),
    "chat": ("Zoom Team Chat", "chat"),
    "calls": ("Zoom Phone calls and voicemail", "meetings"),
    "mail": ("Zoom Mail", "mail"),
    "calendar": ("Zoom calendars", "calendar"),
    "files": ("Zoom documents, whiteboards and clips", "files"),
    "directory": ("the directory of people and groups", "directory"),
    "contacts": ("contact center and contacts", "contacts"),
    "audit": ("reports and logs", "logs"),
})  # fmt: skip
_NOUNS = {
    "meeting": "meetings", "meetings": "meetings", "recording": "meetings", "webinar": "meetings",
    "imchat": "chat", "chat": "chat", "team": "chat", "imgroup": "chat", "phone": "calls",
    "mail": "mail", "email": "mail", "calendar": "calendar", "whiteboard": "files",
    "docs": "files", "clips": "files", "file": "files", "user": "directory",
    "group": "directory", "account": "directory", "role": "directory",
    "contact": "contacts", "report": "audit", "dashboard": "audit",
}  # fmt: skip
_AI_SETTINGS = (
    "ai_companion",
    "meeting_summary",
    "smart_recording",
    "meeting_query",
    "ai_",
    "zaia",
)
_AI_WORDS = ("ai companion", "meeting summary", "smart recording", "generative ai", "zoom iq")
_NOT_OURS = ("third_party", "email", "share", "retention")
"""Words of settings that only tell how a feature behaves."""
_MOST_DEPTH, _MOST_FEATURES, _MOST_TEXT = 6, 40, 120
_LEFT = expression(
    r"(?i)^(delete|deactivate|activate|disassociate|unlink|remove) users?\s*:?\s*"
    r"([^\s,;<>]+@[^\s,;<>]+)"
)
_LEAVES = {"delete": Ends.ALL, "disassociate": Ends.ALL, "unlink": Ends.ALL, "remove": Ends.ALL,
           "deactivate": Ends.PAUSED, "activate": Ends.RESUMED}  # fmt: skip
_HOOKS = {
    "user.deleted": Ends.ALL, "user.disassociated": Ends.ALL, "user.deactivated": Ends.PAUSED,
    "user.activated": Ends.RESUMED,
}  # fmt: skip
_APP = expression(
    r"(?i)^(install|add|approve|authorize|allow|uninstall|remove|delete|deauthorize|disallow|block"
    r"|deny|disable)(?:e?d)? (?:the )?app(?:lication)?s?\s*[:-]?\s+(\S.{0,199})$"
)
"""What the marketplace's operations say; the field has no form that Zoom describes."""
_LETS_IN = ("install", "add", "approve", "authorize", "allow")
_DEAUTHORIZED = "app_deauthorized"
"""https://developers.zoom.us/docs/api/users/events/ and .../integrate/installation/."""
_KINDS = {
    "account_added": "contains", "approved_apps": "contains", "account_created": "contains",
    "active_requests": "", "restricted_apps": "",
}  # fmt: skip
"""Type of a list of apps -> what it means."""
TYPES = tuple(_KINDS)
SPELLING = Spelling(("time", "operator", "category_type", "action", "operation_detail"))


def companion(org: str, **more: Any) -> Asset:
    return Asset(
        id=NAMES.node(org, "ai", "companion"), kind=PRODUCT, name=f"Zoom AI Companion of {org}",
        asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org), **more,
    )  # fmt: skip


def settings(record: Any, org: str, rule: str) -> Iterator[Item]:
    """The assistant with the features that are on; off altogether, it is no AI in use."""
    found = dict(_switches(mapping(record), "", 0))
    on = sorted(name for name, value in found.items() if value)[:_MOST_FEATURES]
    if not found:
        return
    told = {"features": ", ".join(on)} if on else {}
    thing = companion(org, status="on" if on else "off", tags=told, is_ai=bool(on))
    yield from NAMES.listed(thing, rule)


def _switches(given: Mapping[str, Any], above: str, depth: int) -> Iterator[tuple[str, bool]]:
    for name, value in given.items() if depth < _MOST_DEPTH else ():
        plain = name.casefold()
        is_ai = any(word in plain for word in _AI_SETTINGS) and not any(
            word in plain for word in _NOT_OURS
        )
        if isinstance(value, bool) and is_ai:
            yield cut(f"{above}{plain}", _MOST_TEXT), value
        elif isinstance(value, Mapping):
            if is_ai and isinstance(value.get("enable"), bool):
                yield cut(f"{above}{plain}", _MOST_TEXT), value["enable"]
            else:
                yield from _switches(value, f"{above}{plain}.", depth + 1)


# --- summaries ------------------------------------------------------------------------------------


def is_summary(record: Mapping[str, Any]) -> bool:
    return "meeting_host_id" in record and "summary_created_time" in record


def summary(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    at = when(given.get("summary_created_time"))
    if not is_summary(given):
        return None
    ident = text(given.get("meeting_uuid")) or mark_of((at, whole(given)))
    who = NAMES.person(
        org, text(given.get("meeting_host_id")), text(given.get("meeting_host_email"))
    )
    one = NAMES.used(
        companion(org), "meeting summary", actor=who, first_at=at, last_at=at,
        reads=(DATA.store("meetings", org),), where="meeting summary",
    )  # fmt: skip
    return f"{ident} {at}", at, (one,)


# --- operation logs -------------------------------------------------------------------------------


def is_operation(record: Mapping[str, Any]) -> bool:
    return {"operation_detail", "operator"} <= record.keys()


def _says_nothing(_: str, given: Mapping[str, Any]) -> bool:
    """Whether the one field is empty that tells what was done; types tell little."""
    return not text(given.get("operation_detail")).strip()


@telling(
    "category_type+action", _says_nothing, "operation_detail", NAMES,
    beside(("", "app_id", "app_name")),
)  # fmt: skip
def operation(record: Any, org: str) -> Happened | None:
    """Settings that name an AI feature, who has switched it and which way; apps of the marketplace
    that an administrator lets in, or out."""
    given = mapping(record)
    at = when(given.get("time")) or when(given.get("p_event_time"))
    if not is_operation(given):
        return None
    mark = mark_of((at, whole(given)))
    detail = " ".join(text(given.get("operation_detail")).split())
    plain = detail.casefold()
    if left := _LEFT.match(detail):
        done, whom = left[1].casefold(), NAMES.person(org, "", left[2].rstrip(".,"))
        return mark, at, NAMES.left(org, f"operation.{done} user", whom, _LEAVES[done], at)
    if about := _APP.match(detail):
        done, label = about[1].casefold(), about[2].strip(" .\"'")
        lets_in, who = done in _LETS_IN, NAMES.person(org, "", text(given.get("operator")))
        app = NAMES.app(
            org, f"operation.{done} app", "grants" if lets_in else "", label, label, actor=who,
            first_at=at, last_at=at, ends=Ends.NOTHING if lets_in else Ends.ALL,
        )  # fmt: skip
        return mark, at, (app,)
    if not any(word in plain for word in _AI_WORDS):
        return mark, at, ()
    is_on = plain.rstrip(" .").endswith(("to on", "enabled", "to enabled", "to true"))
    is_off = plain.rstrip(" .").endswith(("to off", "disabled", "to false"))
    who = NAMES.person(org, "", text(given.get("operator")))
    where = cut(detail.partition(":")[0], _MOST_TEXT)
    # Each feature is switched by itself, by whichever administrator.
    one = NAMES.used(
        companion(org), f"operation.{text(given.get('action')) or 'change'}",
        "grants" if is_on else "", actor=who, first_at=at, last_at=at, where=where,
        resource=NAMES.node(org, "setting", where), ends=Ends.ALL if is_off else Ends.NOTHING,
    )  # fmt: skip
    return mark, at, (one,)


# --- webhooks -------------------------------------------------------------------------------------


def is_hook(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("event"), str) and isinstance(record.get("payload"), Mapping)


@telling("event", {*_HOOKS, _DEAUTHORIZED}, lambda kind, _: (
    "payload.client_id" if kind == _DEAUTHORIZED else "payload.object.id|payload.object.email"
), NAMES)  # fmt: skip
def hook(record: Any, org: str) -> Happened | None:
    """What Zoom sends to a server of one's own: a person who leaves, an app that was taken back."""
    given = mapping(record)
    kind, told = text(given.get("event")), mapping(given.get("payload"))
    at = when(given.get("event_ts")) or when(told.get("deauthorization_time"))
    if not is_hook(given) or not kind:
        return None
    mark = mark_of((at, whole(given)))
    about = mapping(told.get("object"))
    if kind in _HOOKS:
        whom = NAMES.person(org, text(about.get("id")), text(about.get("email")))
        return mark, at, NAMES.left(org, kind, whom, _HOOKS[kind], at)
    client = text(told.get("client_id"))
    if kind != _DEAUTHORIZED or not client:
        return mark, at, ()
    who = NAMES.person(org, text(told.get("user_id")))
    one = NAMES.app(
        org, kind, "", client, "", client_id=client, actor=who, first_at=at, last_at=at,
        ends=Ends.OWN if who else Ends.ALL,
    )  # fmt: skip
    return mark, at, (one,)


def is_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, ("Time", "Action", "Operator", "Operation Detail"))


def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """The web portal's export of admin activity."""
    told = {
        "time": column(record, "Time"), "action": column(record, "Action"),
        "operator": column(record, "Operator"),
        "category_type": column(record, "Category"),
        "operation_detail": column(record, "Operation Detail"),
    }  # fmt: skip
    return operation(told, org)


# --- activity report ------------------------------------------------------------------------------


def is_activity(record: Mapping[str, Any]) -> bool:
    return {"client_type", "email", "time", "type"} <= record.keys()


@telling("type", ("Sign in", "Sign out"), names=NAMES)
def activity(record: Any, org: str) -> Happened | None:
    """Who signs in to Zoom and out of it, which says nothing of AI."""
    given = mapping(record)
    at = when(given.get("time"))
    return (mark_of((at, whole(given))), at, ()) if text(given.get("type")) else None


# --- apps and people ------------------------------------------------------------------------------


def is_app(record: Mapping[str, Any]) -> bool:
    return "app_id" in record and "app_name" in record


def app(record: Any, org: str, kind: str = "account_added") -> list[Item] | None:
    given = mapping(record)
    key, label = text(given.get("app_id")), text(given.get("app_name"))
    if not key or not label:
        return None
    scopes = [
        text(mapping(one).get("scope_name")) or text(one) for one in items(given.get("scopes"))
    ]
    reads, writes = scopes_open(scopes, org)
    approved = mapping(given.get("approval_info"))
    who = NAMES.person(org, text(approved.get("approver_id")))
    relation = _KINDS.get(kind, "contains")
    at = when(approved.get("approved_time"))
    one = NAMES.app(
        org, f"marketplace.{kind}", "grants" if who and relation else relation, key, label,
        client_id=key, scopes=tuple(sorted(set(scopes) - {""})), reads=reads, writes=writes,
        actor=who, first_at=at, last_at=at, status=kind.replace("_", " "),
    )  # fmt: skip
    return [one]


def scopes_open(scopes: list[str], org: str) -> tuple[tuple[DataStore, ...], tuple[DataStore, ...]]:
    return DATA.of((by_words(one, _NOUNS) for one in scopes), org)


def is_user(record: Mapping[str, Any]) -> bool:
    return "email" in record and "id" in record and ("first_name" in record or "type" in record)


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("id")), text(given.get("email"))
    if not ident or not mail:
        return None
    name = f"{text(given.get('first_name'))} {text(given.get('last_name'))}".strip()
    return [
        NAMES.member(
            org,
            "users",
            ident,
            text(given.get("display_name")) or name or mail,
            mail,
            is_active=text(given.get("status")) != "inactive",
            tags={"department": found} if (found := text(given.get("dept"))) else {},
        )
    ]
