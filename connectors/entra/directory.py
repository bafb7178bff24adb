"""The tenant as it is now: people, applications with what they were granted, agents.

A list that may not be read is a gap that names the permission; without the list of applications
nothing can be said of grants, and its error is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from connectors.entra.access import (
    AGENTS,
    APPS,
    ASSIGNED,
    GRANTS,
    OWNERS,
    SPONSORS,
    USERS,
    Access,
    path_of,
)
from connectors.entra.names import SOURCE, account, tenant_id, user_id
from connectors.entra.records import (
    App,
    agent,
    agent_id,
    app_of,
    grant_of,
    held_by,
    user_of,
)
from scanner.kit.told import gap
from scanner.kit.values import mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.errors import SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge, Identity, Relation
from scanner.model.items import Activity, Gap, Item

_PAGE = "999"
_APP_FIELDS = (
    "id,appId,displayName,appDisplayName,accountEnabled,appOwnerOrganizationId,replyUrls,homepage,"
    "loginUrl,verifiedPublisher,servicePrincipalType,appRoles"
)
_USER_FIELDS = (
    "id,displayName,userPrincipalName,mail,accountEnabled,userType,department,createdDateTime"
)
_AHEAD = 8


def people(access: Access, tenant: str) -> Iterator[Item]:
    odd = 0
    query = {"$select": _USER_FIELDS, "$top": _PAGE}
    for record in access.listed(USERS, path_of(USERS), query):
        who = user_of(record, tenant, USERS.id)
        if who is None:
            odd += 1
            continue
        yield who
        yield Edge(
            source=tenant_id(tenant), target=who.id, relation=Relation.CONTAINS,
            evidence=who.evidence,
        )  # fmt: skip
    yield account(tenant, USERS.id)
    yield from _odd(odd, USERS.id)


def applications(access: Access, tenant: str) -> tuple[dict[str, App], int]:
    """By the object's id; and how many records are none. Raises the source errors."""
    found: dict[str, App] = {}
    odd = 0
    query = {"$select": _APP_FIELDS, "$top": _PAGE}
    for record in access.listed(APPS, path_of(APPS), query):
        app = app_of(record)
        if app is None:
            odd += 1
        else:
            found[app.ident] = app
    return found, odd


def apps(access: Access, tenant: str, parallel: int, assignments: bool) -> Iterator[Item]:
    """Applications, what people let them do, what they may do by themselves, who is assigned."""
    known, odd = applications(access, tenant)
    yield account(tenant, APPS.id)
    yield from _odd(odd, APPS.id)
    for one in known.values():
        if not one.is_agent:
            yield one.activity(tenant, APPS.id, "contains", first_at=one.created, status=one.status)
    try:
        odd = 0
        for record in access.listed(GRANTS, path_of(GRANTS), {"$top": _PAGE}):
            grant = grant_of(record, known, {}, tenant, GRANTS.id)
            if grant is None:
                odd += 1
            else:
                yield grant
        yield from _odd(odd, GRANTS.id)
    except SourceError as error:
        yield gap(GRANTS.id, error)
    yield from _assigned(access, tenant, known, parallel, assignments)


def _assigned(
    access: Access, tenant: str, known: Mapping[str, App], parallel: int, everyone: bool
) -> Iterator[Item]:
    """Of each API that offers roles, who holds them; of each other application, how many people are
    assigned. What cannot be read is one gap."""
    asked = [
        one for one in known.values()
        if not one.is_agent and (one.roles if one.is_microsofts else everyone)
    ]  # fmt: skip

    def read(one: App) -> list[Any] | SourceError:
        path = path_of(ASSIGNED, id=one.ident)
        try:
            return list(access.listed(ASSIGNED, path, {"$top": _PAGE}))
        except SourceError as error:
            return error

    odd = 0
    troubles: list[SourceError] = []
    with ThreadPoolExecutor(parallel, thread_name_prefix="entra") as pool:
        for first in range(0, len(asked), parallel * _AHEAD):
            some = asked[first : first + parallel * _AHEAD]
            for one, answer in zip(some, pool.map(read, some), strict=True):
                if isinstance(answer, SourceError):
                    troubles.append(answer)
                    continue
                found, more = held_by(answer, one, known, tenant, ASSIGNED.id)
                odd += more
                yield from found
                yield from _seats(answer, one, tenant)
    if troubles:
        what = f"{ASSIGNED.id} of {len(troubles)} applications"
        yield gap(what, troubles[0])
    yield from _odd(odd, ASSIGNED.id)


def _seats(records: list[Any], one: App, tenant: str) -> Iterator[Activity]:
    """How many are assigned: whoever is may sign in, and need not have."""
    kinds = [text(mapping(record).get("principalType")) for record in records]
    told = [
        f"{kinds.count(kind)} {word}"
        for kind, word in (("User", "people"), ("Group", "groups"))
        if kind in kinds
    ]
    if told and not one.is_microsofts:
        shown = f"assigned: {', '.join(told)}"
        yield one.activity(tenant, ASSIGNED.id, "contains", status=shown)


def agents(access: Access, tenant: str) -> Iterator[Item]:
    """Identities of agents, made from what, and who answers for them."""
    odd = 0
    troubles: dict[str, tuple[int, SourceError]] = {}
    for record in access.listed(AGENTS, path_of(AGENTS), {"$top": _PAGE}):
        one = app_of({**mapping(record), "@odata.type": "#microsoft.graph.agentIdentity"})
        if one is None:
            odd += 1
            continue
        yield from _agent(mapping(record), one, tenant)
        for operation in (SPONSORS, OWNERS):
            try:
                found = list(access.listed(operation, path_of(operation, id=one.ident), {}))
            except SourceError as error:
                count, first = troubles.get(operation.id, (0, error))
                troubles[operation.id] = count + 1, first
                continue
            yield from _owners(found, one, tenant, operation.id)
            yield from _odd(sum(not _ident(who) for who in found), operation.id)
    yield account(tenant, AGENTS.id)
    for rule, (count, first) in troubles.items():
        yield gap(f"{rule} of {count} agents", first)
    yield from _odd(odd, AGENTS.id)


def _agent(given: Mapping[str, Any], one: App, tenant: str) -> Iterator[Item]:
    node = agent_id(tenant, one.ident)
    created = stamp(given.get("createdDateTime"))
    evidence = Evidence(rule=AGENTS.id, source=SOURCE, resource=node, first_at=created)
    blueprint = text(given.get("agentIdentityBlueprintId"))
    yield msgspec.structs.replace(
        agent(tenant, one.ident, one.label),
        created_at=created,
        status=one.status,
        tags={"blueprint": blueprint} if blueprint else {},
        evidence=(evidence,),
    )
    yield Edge(
        source=tenant_id(tenant), target=node, relation=Relation.CONTAINS, evidence=(evidence,)
    )


def _owners(found: list[Any], one: App, tenant: str, rule: str) -> Iterator[Item]:
    for record in found:
        ident = _ident(record)
        if not ident:
            continue  # counted by who lists them
        node = agent_id(tenant, one.ident)
        evidence = Evidence(rule=rule, source=SOURCE, resource=node)
        who: Identity | None = user_of(record, tenant, rule)
        if who is not None:
            yield who
        target = who.id if who else NodeId(user_id(tenant, ident))
        word = rule.rpartition("/")[2].removesuffix("s")
        yield Edge(
            source=node, target=target, relation=Relation.OWNED_BY, detail=word,
            evidence=(evidence,),
        )  # fmt: skip


def _ident(record: Any) -> str:
    return text(mapping(record).get("id"))


def _odd(count: int, rule: str) -> Iterator[Gap]:
    if count:
        yield Gap(what=rule, reason=f"{count} records are malformed")
