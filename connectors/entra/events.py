"""Sign-ins and directory audits -> what the catalogue can judge. Pure: no network, no files.

https://learn.microsoft.com/graph/api/resources/signin and
https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities. A sign-in
that failed is evidence and no use. What was consented to stands in a modified property as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from connectors.entra import names
from connectors.entra.names import app_id, everyone, person, tenant_id
from connectors.entra.records import App
from connectors.entra.scopes import data_of
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.microsoft_audits import (
    ACTIVITIES,
    EVERYONE,
    GUIDS,
    LEAVES,
    LEAVES_PLAIN,
    OWN_IDS,
    SCOPES,
    UPDATE,
    switched,
)
from scanner.kit.named import gone
from scanner.kit.overlooked import Happened, Novel, telling
from scanner.kit.values import items, loose_json, mapping, several, stamp, text
from scanner.model.facts import Identity
from scanner.model.items import Activity

_IN_TABLE = "TimeGenerated"
"""When it happened, in tables of a log workspace whose export leaves out Graph's own field."""
_BY = "initiatedBy.user or initiatedBy.app"
Known = Callable[[str], App | None]
"""A service principal by its object's id, or an application by its own."""
_ABOUT, _WHOM = "an application's id or name", "a target that is a person"
NAMES = (
    *(
        name[0].upper() + name[1:].replace("oauth2permissiongrant", "OAuth2PermissionGrant")
        for name in ACTIVITIES
    ),
    *LEAVES,
)
"""The same as Graph writes them, for filters."""


def _app(
    tenant: str, known: Known, rule: str, relation: str, who: Identity | None, app: str, label: str,
    scopes: tuple[str, ...] = (), resource: str = "", where: str = "",
) -> Activity:  # fmt: skip
    """``app``: the application's own id; what lists know of it joins in."""
    listed = known(app) if app else None
    reads, writes = data_of(scopes, tenant, resource)
    more: dict[str, Any] = {
        "actor": who, "scopes": scopes, "reads": reads, "writes": writes, "where": where
    }  # fmt: skip
    if listed is not None:
        return listed.activity(tenant, rule, relation, **more)
    return Activity(
        rule=rule, account=tenant_id(tenant), app_id=app_id(tenant, app or label), label=label,
        client_id=app, relation=relation, **more,
    )  # fmt: skip


def _timed(one: Activity, at: str, has_failed: bool) -> Activity:
    timed = msgspec.structs.replace(one, first_at=at, last_at=at)
    return failed(timed) if has_failed else timed


# --- sign-ins -------------------------------------------------------------------------------------


def is_sign_in(record: Mapping[str, Any]) -> bool:
    return "appId" in record and ("userId" in record or "servicePrincipalId" in record)


def sign_in(record: Any, tenant: str, known: Known, kind: str = "") -> Happened | None:
    """``kind``: of sign-in, where the source does not tell."""
    given = mapping(record)
    app = text(given.get("appId")).casefold()
    label = text(given.get("appDisplayName"))
    if not is_sign_in(given) or not (app or label):
        return None
    at = stamp(given.get("createdDateTime")) or stamp(given.get(_IN_TABLE))
    kinds = [text(one) for one in items(given.get("signInEventTypes"))] or [kind]
    has_failed = _has_failed(given.get("status"))
    who = person(
        tenant,
        text(given.get("userId")),
        text(given.get("userPrincipalName")),
        text(given.get("userDisplayName")),
    )
    own = "by itself" if who is None else ""
    one = _app(
        tenant, known, f"sign-in.{kinds[0] or 'user'}", "used_by", who, app,
        label, where=own,
    )  # fmt: skip
    ident = text(given.get("id")) or mark_of((at, app, whole(given)))
    return ident, at, (_timed(one, at, has_failed),)


def _has_failed(status: Any) -> bool:
    """An object with a code, also as text; tables write the code or a word alone."""
    told = mapping(status)
    code = told.get("errorCode") if told else status
    return text(code).strip().casefold() not in ("0", "", "success", "succeeded")


# --- directory audits -----------------------------------------------------------------------------


def is_audit(record: Mapping[str, Any]) -> bool:
    return "activityDisplayName" in record and "activityDateTime" in record


def _is_known(name: str, _: Mapping[str, Any]) -> bool:
    return name.rstrip(". ").casefold() in (ACTIVITIES.keys() | LEAVES_PLAIN.keys())


def _needed(name: str, _: Mapping[str, Any]) -> str:
    """Most updates of a service principal neither let it in nor out."""
    plain = name.rstrip(". ").casefold()
    if plain in LEAVES_PLAIN:
        return _WHOM
    return "" if plain == UPDATE else _ABOUT


def _ident(record: Mapping[str, Any], label: str) -> str:
    """Its application's own id, where the audit tells more than that of the object."""
    for target in map(mapping, several(record.get("targetResources"))):
        if text(target.get("displayName")).strip() != label:
            continue
        for one in map(mapping, items(target.get("modifiedProperties"))):
            said = _values(one.get("newValue")) or _values(one.get("oldValue"))
            if text(one.get("displayName")) in OWN_IDS and (hits := GUIDS.findall(said)):
                return str(hits[0]).casefold()
    return ""


@telling("activityDisplayName", _is_known, _needed, names, _ident)
def audit(record: Any, tenant: str, known: Known) -> Happened | Novel | None:
    """A consent of which nobody is told that they gave it is lacking: whose access it is, and so
    when it ends, is not known."""
    given = mapping(record)
    if not is_audit(given):
        return None
    at = stamp(given.get("activityDateTime")) or stamp(given.get(_IN_TABLE))
    name = text(given.get("activityDisplayName")).rstrip(". ")
    relation = ACTIVITIES.get(name.casefold())
    ident = text(given.get("id")) or mark_of((at, whole(given)))
    ends = LEAVES_PLAIN.get(name.casefold())
    if relation is None and ends is None:
        return ident, at, ()
    has_failed = text(given.get("result")).casefold() not in ("success", "succeeded", "")
    targets = [mapping(one) for one in several(given.get("targetResources"))]
    if ends is not None:
        gone_or_back = gone(
            tenant_id(tenant), f"audit.{name}", _whose(tenant, targets, {}), ends, at
        )
        return ident, at, () if has_failed else gone_or_back
    told = {
        text(one.get("displayName")): _values(one.get("newValue")) or _values(one.get("oldValue"))
        for target in targets
        for one in map(mapping, items(target.get("modifiedProperties")))
    }
    if name.casefold() == UPDATE:
        name = switched(told.get("AccountEnabled", ""))
        if not name:
            return ident, at, ()
    user = mapping(mapping(given.get("initiatedBy")).get("user"))
    who = person(
        tenant,
        text(user.get("id")),
        text(user.get("userPrincipalName")),
        text(user.get("displayName")),
    )
    one = _audited(tenant, known, name, relation or "", who, targets, told)
    event = ident, at, (_timed(one, at, has_failed),) if one else ()
    is_nobodys = who is None and not mapping(mapping(given.get("initiatedBy")).get("app"))
    if one and one.relation == "grants" and one.actor is None and is_nobodys:
        return Novel(name, event, lacks=_BY)
    return event


def _audited(
    tenant: str, known: Known, name: str, relation: str, who: Identity | None,
    targets: list[Mapping[str, Any]], told: Mapping[str, str],
) -> Activity | None:  # fmt: skip
    client = told.get("ServicePrincipal.ObjectID", "")
    listed = known(client.casefold()) if client else None
    kind = "Application" if name.casefold().endswith(" application") else ""
    principals = [one for one in targets if text(one.get("type")) in ("ServicePrincipal", kind)]
    is_of_the_resource = bool(client) or "permission grant" in name.casefold()
    for one in principals:
        if listed is None and not is_of_the_resource:
            listed = known(text(one.get("id")).casefold())
    app = told.get("ServicePrincipal.AppId", "") or (listed.app if listed else "")
    label = told.get("ServicePrincipal.DisplayName", "")
    if not app and not is_of_the_resource:
        named = (hit for one in OWN_IDS for hit in GUIDS.findall(told.get(one, "")))
        app = next(named, "")
    if not label and not is_of_the_resource:
        names = (text(one.get("displayName")) for one in principals)
        label = next(filter(None, names), "") or told.get("DisplayName", "")
    if not app and not label:
        return None
    permissions = told.get("ConsentAction.Permissions", "").rpartition("=>")[2]
    scopes = [word for found in SCOPES.findall(permissions) for word in found.split()]
    scopes += told.get("DelegatedPermissionGrant.Scope", "").split()
    role = told.get("AppRole.Value", "")
    where = "application permission" if role else ""
    is_for_all = EVERYONE in (permissions + told.get("DelegatedPermissionGrant.ConsentType", ""))
    if is_for_all:
        who = everyone(tenant)
    elif not relation:
        who = _whose(tenant, targets, told) or who
    return _app(
        tenant, known, f"audit.{name}", relation, who,
        app.casefold(), label, tuple(sorted({*scopes, role} - {""})), where=where,
    )  # fmt: skip


def _whose(
    tenant: str, targets: list[Mapping[str, Any]], told: Mapping[str, str]
) -> Identity | None:
    """Whose grant was removed, whoever has removed it; nobody where the audit does not say."""
    user = next((one for one in targets if text(one.get("type")) == "User"), {})
    return person(
        tenant,
        told.get("User.ObjectID", "") or told.get("DelegatedPermissionGrant.PrincipalId", "")
        or text(user.get("id")),
        told.get("User.UPN", "") or text(user.get("userPrincipalName")),
        text(user.get("displayName")),
    )  # fmt: skip


def _values(value: Any) -> str:
    """What a modified property says: a text that is written as JSON within the text."""
    plain = text(value).strip()
    inner = loose_json(plain.encode()) if plain[:1] in ('"', "[") else plain
    if isinstance(inner, list):
        return " ".join(filter(None, map(text, inner))) or plain
    return text(inner).strip() if isinstance(inner, str) else plain
