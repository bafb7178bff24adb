"""People, what applications may do with Okta itself, and API tokens.

https://developer.okta.com/docs/api/openapi/okta-management/management/tags/user: a list of users
leaves out those that are deprovisioned, who are asked for by name: they own nothing any more.
.../tags/applicationgrants: what an administrator has granted, application by application.
.../tags/apitoken: metadata alone; the token itself is shown once, when it is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.okta.api import pages
from connectors.okta.events import app_of, org, org_id, stamp
from connectors.okta.scopes import opened
from scanner.kit.http import ReadOnlySession
from scanner.kit.values import mapping, text
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Identity, PrincipalType
from scanner.model.items import Activity, Gap, Item

USERS = "GET /api/v1/users"
APPS = "GET /api/v1/apps"
GRANTS = "GET /api/v1/apps/{app}/grants"
TOKENS = "GET /api/v1/api-tokens"
LEFT = "DEPROVISIONED"
_OUT = frozenset({LEFT, "SUSPENDED"})


def read_people(session: ReadOnlySession, host: str) -> Iterator[Item]:
    odd = 0
    # The second query is Okta's own advice: without a filter those who have left are not told.
    for query in ({"limit": "200"}, {"limit": "200", "filter": f'status eq "{LEFT}"'}):
        for page in pages(session, USERS, query):
            for record in page:
                person = _person(mapping(record), host)
                if person is None:
                    odd += 1
                else:
                    yield person
    yield org(host)
    if odd:
        yield Gap(what=USERS, reason=f"{odd} records are no users")


def _person(record: Any, host: str) -> Identity | None:
    ident = text(record.get("id"))
    if not ident:
        return None
    profile = mapping(record.get("profile"))
    login, email = text(profile.get("login")), text(profile.get("email"))
    name = " ".join(filter(None, (text(profile.get("firstName")), text(profile.get("lastName")))))
    address = email or login
    node = NodeId(f"okta:{host}/user/{ident}")
    return Identity(
        id=node,
        kind="okta.user",
        name=text(profile.get("displayName")) or name or address or ident,
        principal_type=PrincipalType.HUMAN,
        email=address.lower() if "@" in address else "",
        is_active=text(record.get("status")) not in _OUT,
        evidence=(Evidence(rule=USERS, source="okta", resource=node),),
    )


def read_grants(session: ReadOnlySession, host: str) -> Iterator[Item]:
    """Only applications that speak OAuth can be granted anything: the others are not asked for."""
    odd = 0
    for page in pages(session, APPS, {"limit": "200"}):
        for record in page:
            given = mapping(record)
            ident = text(given.get("id"))
            if ident and text(given.get("signOnMode")) == "OPENID_CONNECT":
                found, unread = _granted(session, host, ident, given)
                odd += unread
                yield from found
    yield org(host)
    if odd:
        yield Gap(what=GRANTS, reason=f"{odd} records are no grants")


def _granted(
    session: ReadOnlySession, host: str, ident: str, given: Any
) -> tuple[list[Activity], int]:
    scopes: dict[str, str] = {}
    odd = 0
    for page in pages(session, GRANTS.replace("{app}", ident), {"limit": "200"}):
        for record in page:
            grant = mapping(record)
            scope = text(grant.get("scopeId"))
            if not scope:
                odd += 1
            elif text(grant.get("status")) != "REVOKED":
                scopes[scope] = stamp(grant.get("created"))
    if not scopes:
        return [], odd
    app = app_of(given)
    times = sorted(filter(None, scopes.values()))
    reads, writes = opened(scopes, host)
    return [Activity(
        rule=GRANTS,
        account=org_id(host),
        app_id=NodeId(f"okta:{host}/app/{ident}"),
        label=app.label,
        client_id=app.client_id,
        hosts=app.hosts,
        scopes=tuple(sorted(scopes)),
        relation="grants",
        first_at=times[0] if times else "",
        last_at=times[-1] if times else "",
        status=app.status,
        reads=reads,
        writes=writes,
    )], odd  # fmt: skip


def read_tokens(session: ReadOnlySession, host: str) -> Iterator[Item]:
    """An API token that is called as an AI product is: whoever holds it acts as its owner."""
    odd = 0
    for page in pages(session, TOKENS, {}):
        for record in page:
            given = mapping(record)
            ident = text(given.get("id"))
            if not ident:
                odd += 1
                continue
            owner = text(given.get("userId"))
            yield Activity(
                rule=TOKENS,
                account=org_id(host),
                app_id=NodeId(f"okta:{host}/token/{ident}"),
                label=text(given.get("name")),
                actor=_owner(owner, host) if owner else None,
                relation="created_by" if owner else "contains",
                first_at=stamp(given.get("created")),
                last_at=stamp(given.get("lastUpdated")),
                status=f"API token, expires {stamp(given.get('expiresAt'))[:10] or 'never'}",
            )
    yield org(host)
    if odd:
        yield Gap(what=TOKENS, reason=f"{odd} records are no API tokens")


def _owner(ident: str, host: str) -> Identity:
    return Identity(
        id=NodeId(f"okta:{host}/user/{ident}"), kind="okta.user", name=ident,
        principal_type=PrincipalType.HUMAN,
    )  # fmt: skip
