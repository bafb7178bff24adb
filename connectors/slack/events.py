"""Slack's audit entries, integration logs and lists of apps -> what the catalogue can judge. Pure.

https://docs.slack.dev/reference/audit-logs-api/methods-actions-reference. What was only asked
for, or was taken back, is evidence and no use. An app with ``assistant:write`` is AI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.slack.scopes import AGENT, DATA, opened
from scanner.kit.folding import mark_of, whole
from scanner.kit.named import Names
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, telling
from scanner.kit.spelling import Spelling
from scanner.kit.values import items, mapping, text, when
from scanner.model.facts import AssetClass, Identity, PrincipalType
from scanner.model.items import Activity, Item

NAMES = Names(source="slack", vendor="slack", tenant="workspace")
ACTIONS = {
    "app_installed": "grants",
    "app_approved": "grants",
    "app_scopes_expanded": "grants",
    "app_resources_added": "grants",
    "app_resources_granted": "grants",
    "org_app_workspace_added": "grants",
    "bot_token_upgraded": "grants",
    "app_requested": "",
    "app_restricted": "",
    "app_uninstalled": "",
    "app_removed_from_whitelist": "",
    "org_app_workspace_removed": "",
    "app_deleted": "",
}
"""Action of an audit entry -> what it means."""
_WORKSPACE = "workspace"
EVERYWHERE = ("app_deleted",)
_OF_A_WORKSPACE = ("org_app_workspace_added", "org_app_workspace_removed")
"""Of one workspace, also where the organization is the place of the entry."""
_CHANGES = {"added": "grants", "enabled": "grants", "updated": "grants", "expanded": "grants"}
"""Change of an integration; others end it."""
SPELLING = Spelling(
    (
        "id", "date_create", "action", "actor", "actor.type", "entity", "entity.type", "details",
        *(f"actor.user.{one}" for one in ("id", "name", "email")),
        *(f"entity.app.{one}" for one in ("id", "name", "scopes")), "details.new_scopes", "context",
        "context.location", "context.location.type", "context.location.id",
    )
)  # fmt: skip


def app(
    org: str, rule: str, relation: str, ident: str, label: str, scopes: Iterable[str], **more: Any
) -> Activity:
    held = tuple(sorted({one for one in scopes if one}))
    reads, writes = DATA.of(map(opened, held), org)
    thing = None
    if AGENT in held:
        told = {"feature": "agent or AI app of Slack"}
        thing = NAMES.thing(org, "app", ident or label, label, AssetClass.SAAS_APP, tags=told)
    return NAMES.app(
        org, rule, relation, ident, label, scopes=held, reads=reads, writes=writes, thing=thing,
        client_id=ident, **more,
    )  # fmt: skip


# --- audit entries --------------------------------------------------------------------------------


def is_entry(record: Mapping[str, Any]) -> bool:
    return {"action", "actor"} <= record.keys() and bool({"date_create", "context"} & record.keys())


@telling(
    "action", ACTIONS, "entity.app.id|entity.app.name", NAMES, beside(("entity.app", "id", "name"))
)  # fmt: skip
def entry(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    action, at = text(given.get("action")), when(given.get("date_create"))
    if not is_entry(given) or not action:
        return None
    ident = text(given.get("id")) or mark_of((at, whole(given)))
    relation = ACTIONS.get(action)
    about = mapping(mapping(given.get("entity")).get("app"))
    if relation is None or not about:
        return ident, at, ()
    details = mapping(given.get("details"))
    told = (about.get("scopes"), details.get("new_scopes"), details.get("granted_scopes"))
    scopes = [scope for some in told for scope in _scopes(some)]
    key, label = text(about.get("id")), text(about.get("name"))
    if not key and not label:
        return ident, at, ()
    one = app(
        org, action, relation, key, label, scopes, actor=_actor(given.get("actor"), org),
        first_at=at, last_at=at, **_place(action, given, org),
    )  # fmt: skip
    return ident, at, (one,)


def _place(action: str, given: Mapping[str, Any], org: str) -> dict[str, Any]:
    """The workspace that an entry is of: an app is installed in each by itself. One of the whole
    organization holds everywhere, and so does the end of the app itself."""
    if action in EVERYWHERE:
        return {}
    location = mapping(mapping(given.get("context")).get("location"))
    kind, ident = text(location.get("type")), text(location.get("id"))
    if kind == _WORKSPACE and ident:
        return {"resource": NAMES.node(org, _WORKSPACE, ident)}
    is_whole = kind == "enterprise" and action not in _OF_A_WORKSPACE
    return {} if is_whole else {"is_own": True}


def _actor(value: Any, org: str) -> Identity | None:
    user = mapping(mapping(value).get("user"))
    return NAMES.person(
        org, text(user.get("id")), text(user.get("email")), text(user.get("name"))
    )  # fmt: skip


def _scopes(told: Any) -> list[str]:
    """A list of them; a cell of a table holds them as text."""
    if isinstance(told, str) and told[:1] != "[":
        return told.replace(",", " ").replace(";", " ").split()
    return [text(scope) for scope in items(told)]


# --- integration logs -----------------------------------------------------------------------------


def is_change(record: Mapping[str, Any]) -> bool:
    return "change_type" in record and "date" in record


def change(record: Any, org: str) -> Happened | None:
    """Of an app, or of an older integration by its service."""
    given = mapping(record)
    key = text(given.get("app_id")) or text(given.get("service_id"))
    label = text(given.get("app_type")) or text(given.get("service_type"))
    if not is_change(given) or not (key or label):
        return None
    at, kind = when(given.get("date")), text(given.get("change_type"))
    who = NAMES.person(org, text(given.get("user_id")), "", text(given.get("user_name")))
    one = app(
        org, f"integration.{kind}", _CHANGES.get(kind, ""), key, label,
        text(given.get("scope")).replace(" ", ",").split(","), actor=who, first_at=at, last_at=at,
    )  # fmt: skip
    return mark_of((at, whole(given))), at, (one,)


# --- lists ----------------------------------------------------------------------------------------


def is_listed(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("app"), Mapping) and "scopes" in record


def listed(record: Any, org: str, rule: str = "admin.apps.approved.list") -> list[Item] | None:
    """An app that an administrator has approved, or was asked to."""
    given = mapping(record)
    about = mapping(given.get("app"))
    key, label = text(about.get("id")), text(about.get("name"))
    if not key or not label:
        return None
    scopes = [text(mapping(one).get("name")) for one in items(given.get("scopes"))]
    told = mapping(given.get("last_resolved_by")) or mapping(given.get("user"))
    is_asked = "message" in given or "requests" in rule
    who = NAMES.person(
        org, text(told.get("actor_id")) or text(told.get("id")), text(told.get("email")),
        text(told.get("name")),
    )  # fmt: skip
    at = when(given.get("date_updated")) or when(given.get("date_created"))
    relation = "" if is_asked or "restricted" in rule else "grants" if who else "contains"
    return [app(org, rule, relation, key, label, scopes, actor=who, first_at=at, last_at=at)]


def is_member(record: Mapping[str, Any]) -> bool:
    return "profile" in record and "id" in record and "team_id" in record


def member(record: Any, org: str) -> list[Item] | None:
    """A person; or the bot of an app, which says that the app is in the workspace."""
    given = mapping(record)
    profile = mapping(given.get("profile"))
    ident = text(given.get("id"))
    name = text(profile.get("real_name")) or text(given.get("name"))
    if not ident or not name:
        return None
    is_active = given.get("deleted") is not True
    if given.get("is_bot") is True or profile.get("api_app_id"):
        relation = "contains" if is_active else ""
        key = text(profile.get("api_app_id")) or ident
        return [app(org, "users.list", relation, key, name, (), status="has a bot user")]
    evidence = NAMES.evidence("users.list", NAMES.node(org, "user", ident))
    mail = text(profile.get("email"))
    return [
        Identity(
            id=NAMES.node(org, "user", ident), kind=NAMES.user_kind, name=name,
            principal_type=PrincipalType.HUMAN, email=mail.casefold() if "@" in mail else "",
            is_active=is_active, evidence=(evidence,),
            tags={"user_type": "guest"} if given.get("is_restricted") is True else {},
        )
    ]  # fmt: skip
