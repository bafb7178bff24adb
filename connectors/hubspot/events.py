"""HubSpot's audit log and security activity -> applications that come and go, people who leave, and
HubSpot's own AI. Pure.

What the audit log calls a critical action is what the security activity calls a type:
https://developers.hubspot.com/docs/api-reference/latest/account/audit-logs/guide. The names of the
other categories HubSpot publishes nowhere: they are known by their words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of, whole
from scanner.kit.named import Names
from scanner.kit.overlooked import Happened, telling
from scanner.kit.records import column, has_columns
from scanner.kit.text import cut
from scanner.kit.values import mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, Identity
from scanner.model.items import Activity

NAMES = Names(source="hubspot", vendor="hubspot", tenant="account")
PRODUCT = "hubspot.ai"
AGENT = "hubspot.agent"
PROVIDER = "hubspot_breeze"
TYPES = {
    "INSTALL_INTEGRATION": ("grants", Ends.NOTHING),
    "UNINSTALL_INTEGRATION": ("", Ends.ALL),
    "PRIVATE_APP_ACCESS_TOKEN_CREATE": ("grants", Ends.NOTHING),
    "PRIVATE_APP_ACCESS_TOKEN_DEACTIVATE": ("", Ends.ALL),
    "SERVICE_KEY_CREATE": ("grants", Ends.NOTHING),
    "SERVICE_KEY_DEACTIVATE": ("", Ends.ALL),
}
"""Type of a security activity about an application -> what it means. A private app has one token:
without it, and when the app is deleted, it is let in no more."""
LEAVES = {
    "REMOVE_USER": Ends.ALL,
    "DEACTIVATE_USER": Ends.PAUSED,
    "REACTIVATE_USER": Ends.RESUMED,
}
_CRITICAL = "CRITICAL_ACTION"
_AI = expression(r"(?:^|[\W_])(?:ai|breeze|copilot|chatspot|agents?|assistants?)(?:[\W_]|$)")
_AGENTS = expression(r"(?:^|[\W_])(?:agents?|assistants?)(?:[\W_]|$)")
_APPS = expression(
    r"(?:^| )(?:(?:private|public|connected|marketplace)_)?(?:app|integration|service_key)s?"
    r"(?:_access_token)?(?: |$)"
)
_PEOPLE = ("user", "users")
_RECORDS = ("CRM_OBJECT", "PROPERTY", "PROPERTY_VALUE")
"""Of customers' data: an object of theirs may be called an agent, or an app."""
_GONE = ("DELETE", "REMOVE", "UNINSTALL", "DISCONNECT", "REVOKE")
_RESTS = ("DISABLE", "DEACTIVATE", "SUSPEND", "ARCHIVE")
_GOES_ON = ("ENABLE", "REACTIVATE", "ACTIVATE", "RESTORE", "RESUME", "UNARCHIVE")
_LET_IN = ("INSTALL", "CONNECT", "CREATE", "ADD", "AUTHORIZE")
_MOST_TEXT = 120
_ROW = ("Category", "Action", "Modified by")


def is_event(record: Mapping[str, Any]) -> bool:
    return {"category", "action", "occurredAt"} <= record.keys()


def _is_known(_: str, given: Mapping[str, Any]) -> bool:
    category, sub = text(given.get("category")), text(given.get("subCategory"))
    if category.upper() == _CRITICAL:
        return sub.upper() in TYPES or sub.upper() in LEAVES
    return category.upper() not in _RECORDS and _AI.search(_words(category, sub)) is not None


@telling("category+subCategory+action", _is_known, "targetObjectId", NAMES)
def event(record: Any, org: str) -> Happened | None:
    """An entry of the audit log: by its type, or by the words of its category."""
    given = mapping(record)
    category, at = text(given.get("category")), when(given.get("occurredAt"))
    if not is_event(given) or not category:
        return None
    ident = text(given.get("id")) or mark_of((at, whole(given)))
    actor = mapping(given.get("actingUser"))
    if category.upper() == _CRITICAL:
        ident = _mark(
            text(given.get("subCategory")), at, text(given.get("targetObjectId")),
            text(actor.get("userId")),
        )  # fmt: skip
    who = NAMES.person(org, text(actor.get("userId")), text(actor.get("userEmail")))
    told = _told(
        org, at, (category, text(given.get("subCategory")), text(given.get("action"))),
        text(given.get("targetObjectId")), who,
    )  # fmt: skip
    return ident, at, told


def _mark(kind: str, at: str, target: str, number: str) -> str:
    """The same from the audit log and from security activity, which number it each by itself."""
    return mark_of((_CRITICAL, kind.upper(), at, target, number))


def is_critical(record: Mapping[str, Any]) -> bool:
    return {"type", "createdAt"} <= record.keys() and bool(
        {"actingUser", "infoUrl", "objectId"} & record.keys()
    )


@telling("type", lambda kind, _: kind in TYPES or kind in LEAVES, "objectId", NAMES)
def critical(record: Any, org: str) -> Happened | None:
    """A security activity."""
    given = mapping(record)
    kind, at = text(given.get("type")).upper(), when(given.get("createdAt"))
    if not is_critical(given) or not kind:
        return None
    ident = _mark(kind, at, text(given.get("objectId")), text(given.get("userId")))
    who = NAMES.person(org, text(given.get("userId")), text(given.get("actingUser")))
    return ident, at, _of_type(org, at, kind, text(given.get("objectId")), who)


def is_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, _ROW)


def _words_of_row(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """As the API writes them."""
    cells = (column(record, one) for one in ("Category", "Subcategory", "Action"))
    category, sub, action = (one.replace(" ", "_").upper() for one in cells)
    return category, sub, action


@telling(
    lambda given: "/".join(filter(None, _words_of_row(given))),
    lambda _, given: _is_known("", dict(zip(("category", "subCategory"), _words_of_row(given),
                                            strict=False))),
    lambda _kind, given: "" if _target_of_row(given) else "Object ID", NAMES,
)  # fmt: skip
def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """A row of the exported audit log
    (https://knowledge.hubspot.com/account-management/view-and-export-account-activity-history)."""
    words = _words_of_row(record)
    at = when(column(record, "Date", "Occurred at", "Timestamp", "Modified date", "Date modified"))
    if not words[0]:
        return None
    who = NAMES.person(org, "", column(record, "Modified by"))
    told = _told(org, at, words, _target_of_row(record), who)
    return mark_of((at, whole(record))), at, told


def _target_of_row(record: Mapping[str, Any]) -> str:
    return column(record, "Object ID", "Target object ID", "Target", "Object")


# --- what is told ---------------------------------------------------------------------------------


def _words(category: str, sub: str) -> str:
    return f"{category} {sub}".strip().casefold()


def _told(
    org: str, at: str, words: tuple[str, str, str], target: str, who: Identity | None
) -> tuple[Activity, ...]:
    category, sub, action = words
    if category.upper() == _CRITICAL:
        return _of_type(org, at, sub.upper(), target, who)
    if category.upper() in _RECORDS:
        return ()
    plain, action = _words(category, sub), action.upper()
    rule = cut(f"{category} {sub}".strip() + f" {action}", _MOST_TEXT)
    ends = _ends(action)
    if _AI.search(plain):
        return _of_ai(org, at, rule, plain, action, target, who)
    if category.casefold() in _PEOPLE:
        return _left(org, at, rule, target, ends) if ends else ()
    if _APPS.search(plain):
        relation = "grants" if not ends and action.startswith(_LET_IN) else ""
        if relation or ends:
            return _app(org, at, rule, relation, target, who, ends)
    return ()


def _ends(action: str) -> Ends:
    if action.startswith(_GOES_ON):
        return Ends.RESUMED
    if any(word in action for word in _GONE):
        return Ends.ALL
    return Ends.PAUSED if any(word in action for word in _RESTS) else Ends.NOTHING


def _of_type(
    org: str, at: str, kind: str, target: str, who: Identity | None
) -> tuple[Activity, ...]:
    if kind in LEAVES:
        return _left(org, at, kind, target, LEAVES[kind])
    relation, ends = TYPES.get(kind, ("", Ends.NOTHING))
    if not relation and not ends:
        return ()
    return _app(org, at, kind, relation, target, who, ends)


def _left(org: str, at: str, rule: str, target: str, ends: Ends) -> tuple[Activity, ...]:
    """Whom it was done to: who did it stays."""
    is_mail = "@" in target
    whom = NAMES.person(org, "" if is_mail else target, target if is_mail else "")
    return NAMES.left(org, rule, whom, ends, at)


def _app(
    org: str, at: str, rule: str, relation: str, target: str, who: Identity | None, ends: Ends
) -> tuple[Activity, ...]:
    """By its number, or by its name where HubSpot tells that."""
    if not target:
        return ()
    is_number = target.isdecimal()
    one = NAMES.app(
        org, rule, relation, target, "" if is_number else target,
        client_id=target if is_number else "", actor=who, ends=ends, first_at=at, last_at=at,
    )  # fmt: skip
    return (one,)


def _of_ai(
    org: str, at: str, rule: str, plain: str, action: str, target: str, who: Identity | None
) -> tuple[Activity, ...]:
    """One agent by its id; what is of none is of HubSpot's AI as a whole. That some agent was
    deleted, and not which, ends nothing."""
    ends, is_agent = _ends(action), _AGENTS.search(plain) is not None
    more: dict[str, Any] = {"actor": who, "first_at": at, "last_at": at}
    if is_agent and ends and not target:
        return ()
    relation = "" if ends in (Ends.ALL, Ends.PAUSED) else "used_by"
    if is_agent and target:
        name = f"HubSpot agent {target}" if target.isdecimal() else target
        thing = NAMES.thing(org, "agent", target, name, AssetClass.AGENT, provider=PROVIDER)
        ends = Ends.GONE if ends is Ends.ALL else ends
        relation = "created_by" if action.startswith("CREATE") else relation
    else:
        thing = Asset(
            id=NAMES.node(org, "ai", "breeze"), kind=PRODUCT, name=f"HubSpot Breeze of {org}",
            asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
        )  # fmt: skip
        # What is deleted is something of it; by its settings it is switched as a whole.
        ends = ends if ends is not Ends.ALL and "setting" in plain else Ends.NOTHING
    if ends is not Ends.RESUMED:
        return (NAMES.used(thing, rule, relation, ends=ends, **more),)
    return (
        NAMES.used(thing, rule, relation, **more),
        NAMES.used(thing, rule, "", ends=ends, **more),
    )
