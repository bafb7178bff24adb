"""Zendesk's people, apps, clients, tokens and audit log -> what the catalogue can judge. Pure.

What an event is about is told by the words of its source: app, OAuth client, token, AI. What the
API shows of a token is not read; descriptions of changes are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData, Way, by_words
from scanner.kit.overlooked import Happened, telling
from scanner.kit.records import column, has_columns
from scanner.kit.text import cut
from scanner.kit.values import hosts, items, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, Identity
from scanner.model.items import Activity, Item

NAMES = Names(source="zendesk", vendor="zendesk", tenant="account")
PRODUCT = "zendesk.ai"
PROVIDER = "zendesk_ai"
DATA = OpenedData(
    "zendesk", "scope",
    {
        "tickets": ("Zendesk tickets", "tickets"),
        "directory": ("people and organizations", "directory"),
        "articles": ("articles of the help center", "documents"),
        "audit": ("audit logs", "logs"),
    },
)  # fmt: skip
_NOUNS = {
    "tickets": "tickets", "ticket": "tickets", "users": "directory", "organizations": "directory",
    "hc": "articles", "auditlogs": "audit",
}  # fmt: skip
_WHOLE = ("read", "write", "impersonate")
"""Scopes of everything that the person sees."""
_APPS = ("app", "apps", "oauth", "integration", "token", "marketplace")
_AI = expression(r"(?:^|[\W_])(?:ai|copilot|bots?|generative|intelligent_triage)(?:[\W_]|$)")
_WORDS = expression(r"[a-z]+")
_ACTIONS = {"create": "grants", "update": "used_by", "destroy": "", "exported": "", "login": ""}
_GONE = ("delet", "uninstall", "remov", "destroy", "revok")
_SETTINGS = ("account_setting", "account_settings")
_FEATURES = expression(
    r"(?i)\b(?:intelligent triage|ai agents?|copilot|auto[- ]assist|advanced ai"
    r"|generative (?:ai|search|replies)|zendesk ai|answer ?bot|suggested (?:replies|macros))\b"
)
"""What the labels of settings call Zendesk's own AI."""
_OFF = expression(r"(?i)\bto:?\W*(?:off|false|disabled|no|0)\b|^(?:turned off|disabled)\b")
_PREFIX = expression(r"(?i)^(?:app|(?:oauth |global )?client|(?:api |oauth )?token|integration): ")
_PEOPLE = ("user", "users")
_SUSPENDED = expression(r"(?i)\bsuspended\b.*?\bto:?\W*(true|yes|1|false|no|0)\b")
"""What the description of a change says of a person."""
_ROW = ("Time", "Actor", "Item")
_MOST_TEXT = 120


def opened(scopes: Iterable[str]) -> list[Way]:
    ways: list[Way] = []
    for one in scopes:
        if one in _WHOLE:
            ways.append(("tickets", one != "write", one != "read"))
        else:
            ways.append(by_words(one, _NOUNS))
    return ways


# --- lists ----------------------------------------------------------------------------------------


def is_user(record: Mapping[str, Any]) -> bool:
    return {"role", "email"} <= record.keys()


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("id")), text(given.get("email"))
    if not ident:
        return None
    role = text(given.get("role"))
    return [
        NAMES.member(
            org,
            "GET /api/v2/users",
            ident,
            text(given.get("name")) or mail or ident,
            mail,
            is_active=given.get("suspended") is not True and given.get("active") is not False,
            tags={"role": role} if role else {},
        )
    ]


def is_installation(record: Mapping[str, Any]) -> bool:
    return {"app_id", "settings"} <= record.keys()


def installation(record: Any, org: str) -> list[Item] | None:
    """An app that runs beside tickets, and sees them."""
    given = mapping(record)
    ident, settings = text(given.get("app_id")), mapping(given.get("settings"))
    label = text(settings.get("name")) or text(settings.get("title"))
    if not ident or not label:
        return None
    is_on = given.get("enabled") is not False
    reads = (DATA.store("tickets", org),) if is_on else ()
    return [
        NAMES.app(
            org, "apps/installations", "contains" if is_on else "", ident, label, reads=reads,
            first_at=when(given.get("created_at")), status="" if is_on else "not enabled",
        )
    ]  # fmt: skip


def is_client(record: Mapping[str, Any]) -> bool:
    return {"identifier", "name"} <= record.keys()


def client(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident = text(given.get("id")) or text(given.get("identifier"))
    if not ident:
        return None
    company = text(given.get("company"))
    return [
        NAMES.app(
            org, "oauth clients", "contains", ident, text(given.get("name")),
            client_id=text(given.get("identifier")), hosts=hosts(items(given.get("redirect_uri"))),
            first_at=when(given.get("created_at")), status=f"of {company}" if company else "",
        )
    ]  # fmt: skip


def is_token(record: Mapping[str, Any]) -> bool:
    return {"client_id", "user_id", "scopes"} <= record.keys()


def token(record: Any, org: str) -> list[Item] | None:
    """That a client may act for a person, and when it last did. ``client``: where it is known."""
    given = mapping(record)
    ident = text(given.get("client_id"))
    if not ident:
        return None
    scopes = tuple(sorted({text(one) for one in items(given.get("scopes"))} - {""}))
    reads, writes = DATA.of(opened(scopes), org)
    made, used = when(given.get("created_at")), when(given.get("used_at"))
    who = NAMES.person(org, text(given.get("user_id")))
    client = mapping(given.get("client"))
    more: dict[str, Any] = {
        "actor": who, "reads": reads, "writes": writes, "scopes": scopes,
        "client_id": text(client.get("identifier")),
        "hosts": hosts(items(client.get("redirect_uri"))),
    }  # fmt: skip
    label = text(client.get("name"))
    told: list[Item] = [
        NAMES.app(org, "oauth/tokens", "grants" if who else "contains", ident, label,
                  first_at=made, last_at=made, **more)
    ]  # fmt: skip
    if used and who:
        told.append(
            NAMES.app(org, "oauth/tokens used_at", "used_by", ident, label, first_at=used,
                      last_at=used, **more)
        )  # fmt: skip
    return told


# --- audit log ------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return {"action", "source_type", "created_at"} <= record.keys()


def _is_known(_: str, given: Mapping[str, Any]) -> bool:
    plain = text(given.get("source_type")).casefold()
    if plain in _SETTINGS and _FEATURES.search(text(given.get("source_label"))):
        return True
    return bool(_AI.search(plain) or set(_APPS) & set(_WORDS.findall(plain)))


@telling("source_type+action", _is_known, "source_label", NAMES)
def event(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    kind, at = text(given.get("source_type")), when(given.get("created_at"))
    if not is_event(given) or not kind:
        return None
    ident = text(given.get("id")) or mark_of((at, whole(given)))
    who = NAMES.person(org, text(given.get("actor_id")), "", text(given.get("actor_name")))
    if kind.casefold() in _PEOPLE:
        whom = NAMES.person(org, text(given.get("source_id")), "", text(given.get("source_label")))
        ends = _leaves(text(given.get("action")), text(given.get("change_description")))
        return ident, at, NAMES.left(org, f"{kind} {ends}", whom, ends, at) if ends else ()
    action, label = text(given.get("action")), text(given.get("source_label"))
    is_off = bool(_OFF.search(text(given.get("change_description"))))
    return ident, at, _told(kind, action, label, who, org, at, is_off=is_off)


def _leaves(action: str, change: str) -> Ends:
    """Whether somebody is let in no more: deleted, or suspended until a change says otherwise."""
    if action == "destroy":
        return Ends.ALL
    found = _SUSPENDED.search(change) if action == "update" else None
    if found is None:
        return Ends.NOTHING
    return Ends.PAUSED if found[1].casefold() in ("true", "yes", "1") else Ends.RESUMED


def _told(
    kind: str, action: str, label: str, who: Identity | None, org: str, at: str,
    *, is_off: bool = False,
) -> tuple[Activity, ...]:  # fmt: skip
    plain = kind.casefold()
    relation = _ACTIONS.get(action, "used_by")
    more: dict[str, Any] = {"actor": who, "first_at": at, "last_at": at}
    rule = cut(f"{kind} {action}".strip(), _MOST_TEXT)
    is_setting = plain in _SETTINGS and bool(_FEATURES.search(label))
    if is_setting:
        relation = "" if is_off else relation
        more["where"] = cut(label, _MOST_TEXT)
    if is_setting or _AI.search(plain):
        thing = Asset(
            id=NAMES.node(org, "ai", "zendesk-ai"), kind=PRODUCT, name=f"Zendesk AI of {org}",
            asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
        )  # fmt: skip
        return (NAMES.used(thing, rule, "used_by" if relation else "", **more),)
    words = set(_WORDS.findall(plain))
    if label and words & set(_APPS):
        label = cut(_PREFIX.sub("", label), _MOST_TEXT)
        # An app or a client goes for everybody, a token for whose it is.
        is_all = action == "destroy" and "token" not in words
        more["ends"] = Ends.ALL if is_all else Ends.NOTHING
        return (NAMES.app(org, rule, "grants" if relation else "", label, label, **more),)
    return ()


def is_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, _ROW)


def _kind_of_row(record: Mapping[str, Any]) -> str:
    return column(record, "Item").partition(":")[0].strip().replace(" ", "_")


@telling(
    _kind_of_row,
    lambda kind, one: bool(set(_APPS) & set(_WORDS.findall(kind.casefold())))
    or (kind.casefold() in _SETTINGS and bool(_FEATURES.search(column(one, "Item")))),
    "an app's name behind the colon of Item", NAMES,
)  # fmt: skip
def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """A row of the exported audit log (Time, Actor, IP address, Item, Activity)."""
    item, at = column(record, "Item"), when(column(record, "Time"))
    if not item:
        return None
    label = item.partition(":")[2]
    done = column(record, "Activity", "Activity type").casefold()
    has_ended = any(word in done for word in _GONE)
    action = "destroy" if has_ended else "create" if "creat" in done else "update"
    who = NAMES.person(org, "", column(record, "Actor"))
    if _kind_of_row(record).casefold() in _PEOPLE:
        ends = _leaves(action, column(record, "Activity", "Activity type"))
        whom = NAMES.person(org, "", label.strip())
        mark = mark_of((at, whole(record)))
        return mark, at, NAMES.left(org, f"user {ends}", whom, ends, at) if ends else ()
    told = _told(
        _kind_of_row(record), action, label.strip(), who, org, at,
        is_off=bool(_OFF.search(done)),
    )  # fmt: skip
    return mark_of((at, whole(record))), at, told
