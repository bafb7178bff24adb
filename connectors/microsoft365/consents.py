"""Consents as the unified audit log tells them: text in modified properties, an id in each.

``Add delegated permission grant`` names the API as its target and the client by its object's id
alone: there the grant is told under that id, which the list of applications resolves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.microsoft365.names import NAMES, PERMITTED
from scanner.kit import microsoft_audits
from scanner.kit.microsoft_audits import ACTIVITIES, EVERYONE, GUIDS, OWN_IDS, SCOPES
from scanner.kit.microsoft_permissions import opened
from scanner.kit.values import items, loose_json, mapping, text
from scanner.model.base import NodeId
from scanner.model.facts import Identity, PrincipalType
from scanner.model.items import Activity

_NAMED, _SPN = 1, 4
"""Types of a target that is a name, and one by which a service is known (``IdentityType`` of the
schema)."""
_OF_OBJECTS = ("add application", "delete application")
"""Whose ``ObjectId`` is not the application's own."""


def is_by_object_alone(one: Activity) -> bool:
    """Whether its application is named by the id of its object, which nothing in the log resolves
    and no catalogue knows."""
    return not one.client_id and not one.label


def switched(given: Mapping[str, Any]) -> str:
    """What an update of a service principal is; empty: it neither lets it in nor out."""
    return microsoft_audits.switched(_changes(given).get("AccountEnabled", ""))


def _changes(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        text(one.get("Name")): _value(one.get("NewValue")) or _value(one.get("OldValue"))
        for one in map(mapping, items(given.get("ModifiedProperties")))
    }


def consented(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    told, plain = _changes(given), operation.casefold()
    is_of_the_api = any(word in plain for word in ("permission grant", "oauth2", "role assignment"))
    targets = [mapping(one) for one in items(given.get("Target"))]
    label = told.get("ServicePrincipal.DisplayName", "")
    app = told.get("ServicePrincipal.AppId", "")
    if not is_of_the_api:
        names = [text(one.get("ID")) for one in targets if one.get("Type") == _NAMED]
        label = label or next(filter(None, names), "") or told.get("DisplayName", "")
        services = [text(one.get("ID")) for one in targets if one.get("Type") == _SPN]
        places = [*(told.get(one, "") for one in OWN_IDS), *services]
        if plain not in _OF_OBJECTS:
            places.append(text(given.get("ObjectId")))
        app = app or next((hit for one in places for hit in GUIDS.findall(one)), "")
    ident = app or told.get("ServicePrincipal.ObjectID", "")
    if not ident and not label:
        return ()
    permissions = told.get("ConsentAction.Permissions", "").rpartition("=>")[2]
    scopes = {word for found in SCOPES.findall(permissions) for word in found.split()}
    scopes |= set(told.get("DelegatedPermissionGrant.Scope", "").split())
    scopes |= {told.get("AppRole.Value", "")}
    is_for_all = EVERYONE in permissions + told.get("DelegatedPermissionGrant.ConsentType", "")
    is_role = "AppRole.Value" in told
    relation = ACTIVITIES[plain]
    reads, writes = PERMITTED.of((opened(one) for one in scopes), org)
    has_ended = not relation
    whose = [_everyone(org)] if is_for_all else (_whose(told, org) if has_ended else []) or [who]
    return tuple(
        NAMES.app(
            org, operation, relation, ident.casefold(), label, client_id=app.casefold(),
            scopes=tuple(sorted(scopes - {""})), reads=reads, writes=writes, actor=one,
            where="application permission" if is_role else "",
        )
        for one in whose
    )  # fmt: skip


_GRANTERS = ("User.UPN", "User.ObjectID", "DelegatedPermissionGrant.PrincipalId")


def _whose(told: Mapping[str, str], org: str) -> list[Identity | None]:
    """Whose grant an administrator has removed: by address as this log names people, and by the id
    that lists of grants have."""
    upn, *idents = (told.get(name, "") for name in _GRANTERS)
    named = {
        text(one.id): one
        for ident in (upn, *idents)
        if (one := NAMES.person(org, "" if ident == upn else ident, upn)) and ident
    }
    return list(named.values())


def _everyone(org: str) -> Identity:
    """For whom an administrator consents at once; the id that Entra's lists use."""
    return Identity(
        id=NodeId(f"{NAMES.org(org)}/everyone"), kind="entra.everyone", name=f"everyone in {org}",
        principal_type=PrincipalType.GROUP,
    )  # fmt: skip


def _value(value: Any) -> str:
    """What a modified property says: a text, at times written as JSON within the text."""
    plain = text(value).strip()
    inner = loose_json(plain.encode("utf-8", "replace")) if plain[:1] in ('"', "[") else plain
    if isinstance(inner, list):
        return " ".join(filter(None, map(text, inner))) or plain
    return text(inner).strip() if isinstance(inner, str) else plain
