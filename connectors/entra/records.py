"""Records of Graph -> what the catalogue can judge. Pure: no network, no files.

Records may hold anything anywhere: what is not of the form expected there counts as not given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.entra.names import (
    MICROSOFT,
    SOURCE,
    USER,
    app_id,
    everyone,
    person,
    tenant_id,
    user_id,
)
from connectors.entra.scopes import data_of
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Identity, PrincipalType
from scanner.model.items import Activity

AGENT = "entra.agent_identity"
_AGENT_TYPE = "agentidentity"
_MOST_SHOWN = 400
_NO_ROLE = "00000000-0000-0000-0000-000000000000"
"""May call it, and no more."""


@dataclass(frozen=True)
class App:
    """A service principal: an application as one tenant knows it."""

    ident: str
    """Of the object; the application has another, the same in every tenant."""
    app: str
    label: str
    hosts: tuple[str, ...] = ()
    is_microsofts: bool = False
    is_agent: bool = False
    created: str = ""
    status: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    """What it offers to applications: id of a role -> its name."""

    def activity(self, tenant: str, rule: str, relation: str, **more: Any) -> Activity:
        node = agent_id(tenant, self.ident) if self.is_agent else app_id(tenant, self.app)
        return Activity(
            rule=rule,
            account=tenant_id(tenant),
            app_id=node,
            label=self.label,
            client_id=self.app,
            hosts=self.hosts,
            relation=relation,
            thing=agent(tenant, self.ident, self.label) if self.is_agent else None,
            is_first_party=self.is_microsofts,
            **more,
        )


def app_of(record: Any) -> App | None:
    given = mapping(record)
    ident, app = text(given.get("id")), text(given.get("appId"))
    if not ident or not (app or _is_agent(given)):
        return None
    owner = text(given.get("appOwnerOrganizationId")).casefold()
    is_microsofts = owner in MICROSOFT
    places = [*items(given.get("replyUrls")), given.get("homepage"), given.get("loginUrl")]
    hosts = () if is_microsofts else tuple(dict.fromkeys(filter(None, map(_host, places))))
    publisher = text(mapping(given.get("verifiedPublisher")).get("displayName"))
    told = (
        "" if given.get("accountEnabled") is not False else "disabled",
        f"published by {publisher}, verified" if publisher else "",
    )
    return App(
        ident=ident.casefold(),
        app=app.casefold(),
        label=text(given.get("displayName")) or text(given.get("appDisplayName")),
        hosts=hosts,
        is_microsofts=is_microsofts,
        is_agent=_is_agent(given),
        created=stamp(given.get("createdDateTime")),
        status="; ".join(filter(None, told)),
        roles={
            text(one.get("id")).casefold(): text(one.get("value"))
            for one in map(mapping, items(given.get("appRoles")))
        },
    )


def _is_agent(given: Mapping[str, Any]) -> bool:
    kind = text(given.get("@odata.type")).rpartition(".")[2].casefold()
    return kind == _AGENT_TYPE or bool(text(given.get("agentIdentityBlueprintId")))


def _host(place: Any) -> str:
    try:
        return urlsplit(text(place)).hostname or ""
    except ValueError:
        return ""  # a URL that nobody can visit names no host


def user_of(record: Any, tenant: str, rule: str) -> Identity | None:
    given = mapping(record)
    ident, name = text(given.get("id")), text(given.get("userPrincipalName"))
    if not ident or not name:
        return None
    mail = (text(given.get("mail")) or name).casefold()
    is_guest = text(given.get("userType")) == "Guest"
    is_active = given.get("accountEnabled") is not False
    told = {
        "user_type": "guest" if is_guest else "",
        "status": "" if is_active else "disabled",
        "department": text(given.get("department")),
    }
    node = user_id(tenant, ident)
    evidence = Evidence(
        rule=rule, source=SOURCE, resource=node, first_at=stamp(given.get("createdDateTime"))
    )
    return Identity(
        id=node,
        kind=USER,
        name=text(given.get("displayName")) or name,
        principal_type=PrincipalType.HUMAN,
        email=mail if "@" in mail else "",
        is_active=is_active,
        tags={key: value for key, value in told.items() if value},
        evidence=(evidence,),
    )


def grant_of(
    record: Any, apps: Mapping[str, App], people: Mapping[str, Identity], tenant: str, rule: str
) -> Activity | None:
    """A delegated permission: one person's, or an administrator's for everyone."""
    given = mapping(record)
    client = text(given.get("clientId")).casefold()
    if not client:
        return None
    app = apps.get(client) or App(ident=client, app=client, label="")
    principal = text(given.get("principalId"))
    who: Identity | None
    if text(given.get("consentType")) == "AllPrincipals":
        who = everyone(tenant)
    else:
        who = people.get(principal.casefold()) or person(tenant, principal, "", "")
    scopes = tuple(sorted(set(text(given.get("scope")).split())))
    resource = apps.get(text(given.get("resourceId")).casefold())
    reads, writes = data_of(scopes, tenant, resource.app if resource else "")
    return app.activity(
        tenant, rule, "grants", actor=who, scopes=scopes, reads=reads, writes=writes
    )


def held_by(
    records: Iterable[Any], resource: App, apps: Mapping[str, App], tenant: str, rule: str
) -> tuple[list[Activity], int]:
    """Applications that hold roles of ``resource`` by themselves, each once; records that are
    none."""
    held: dict[str, list[str]] = {}
    odd = 0
    for record in records:
        given = mapping(record)
        principal = text(given.get("principalId")).casefold()
        if not principal:
            odd += 1
        elif text(given.get("principalType")) == "ServicePrincipal":
            role = text(given.get("appRoleId")).casefold()
            if role != _NO_ROLE:
                held.setdefault(principal, []).append(resource.roles.get(role, role))
    found = []
    for principal, roles in held.items():
        app = apps.get(principal)
        if app is None:
            continue  # a managed identity, or one that was deleted since
        reads, writes = data_of(roles, tenant, resource.app)
        shown = f"application permissions of {resource.label}: {', '.join(sorted(set(roles)))}"
        found.append(
            app.activity(
                tenant,
                rule,
                "grants",
                scopes=tuple(sorted(set(roles))),
                reads=reads,
                writes=writes,
                status=cut(shown, _MOST_SHOWN),
                where=f"to {resource.label}",
            )
        )
    return found, odd


# --- agents ---------------------------------------------------------------------------------------


def agent_id(tenant: str, ident: str) -> NodeId:
    return NodeId(f"{SOURCE}:{tenant}/agent/{ident.casefold()}")


def agent(tenant: str, ident: str, name: str) -> Asset:
    """An identity that Entra gives to AI agents alone: no catalogue is asked."""
    return Asset(
        id=agent_id(tenant, ident),
        kind=AGENT,
        name=name or ident,
        asset_class=AssetClass.AGENT,
        account=tenant_id(tenant),
    )
