"""Tenant, management groups and subscriptions: what there is to read, and under what it stands.

``GET /subscriptions`` names every subscription in which the caller has any right at all. Resource
Graph tells their tags and the groups above them, and is silent of those it may not show: whoever is
in the one list and not in the other is denied, never absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.azure import graph, operations
from connectors.azure.access import TENANT, Access
from connectors.azure.config import AzureConfig
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tabled.reading import first_tag, shown
from scanner.kit.tables import first_text, tags_of, values
from scanner.model.base import NodeId
from scanner.model.errors import ConfigError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Account, Relation
from scanner.model.items import Item

TENANT_KIND, GROUP_KIND, SUBSCRIPTION_KIND = (
    "azure.tenant", "azure.management_group", "azure.subscription",
)  # fmt: skip
KINDS = frozenset({TENANT_KIND, GROUP_KIND, SUBSCRIPTION_KIND})
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CLOSED = frozenset({"deleted"})
"""States in which nothing can be read; disabled ones can be read and not changed
(https://learn.microsoft.com/azure/cost-management-billing/manage/subscription-states)."""


@dataclass(frozen=True)
class Subscription:
    id: str
    name: str = ""
    state: str = ""
    tenant: str = ""
    tags: Mapping[str, str] = ()  # type: ignore[assignment]
    groups: tuple[tuple[str, str], ...] = ()
    """(id, name) of the management groups above it, the nearest first."""
    denied: str = ""

    @property
    def node(self) -> NodeId:
        return NodeId(f"/subscriptions/{self.id}")

    @property
    def closed(self) -> str:
        return self.state if self.state.casefold() in _CLOSED else ""

    @property
    def above(self) -> NodeId | None:
        if self.groups:
            return group_node(self.groups[0][0])
        return tenant_node(self.tenant) if self.tenant else None


def tenant_node(tenant: str) -> NodeId:
    return NodeId(f"azure:tenant/{tenant}")


def group_node(group: str) -> NodeId:
    return NodeId(f"/providers/microsoft.management/managementgroups/{group.casefold()}")


def subscriptions(config: AzureConfig, access: Access) -> tuple[Subscription, ...]:
    """Those to read, in order of their ids. Raises the source errors when they cannot be told."""
    query = {"api-version": operations.VERSIONS["subscriptions"]}
    found: dict[str, dict[str, Any]] = {}
    for record in access.pages(operations.SUBSCRIPTIONS, "/subscriptions", TENANT, query):
        ident = first_text(record, "subscriptionId").casefold()
        if not _GUID.fullmatch(ident):
            raise Unavailable(f"{operations.SUBSCRIPTIONS}: a subscription without an id")
        found[ident] = record
    wanted = _wanted(config, access) or set(found)
    told = _told(access, tuple(sorted(wanted & found.keys())))
    return tuple(_made(ident, found.get(ident), told.get(ident)) for ident in sorted(wanted))


def _wanted(config: AzureConfig, access: Access) -> set[str]:
    chosen = {one.strip().casefold() for one in config.subscriptions}
    wrong = sorted(one for one in chosen if not _GUID.fullmatch(one))
    if wrong:
        raise ConfigError(
            f"[sources.azure] subscriptions: {', '.join(wrong)} is no subscription id"
        )
    for group in config.management_groups:
        if not re.fullmatch(r"[\w().-]{1,90}", group) or group.strip(".") == "":
            raise ConfigError(f"[sources.azure] management_groups: {group!r} is no group's id")
        path = operations.DESCENDANTS.partition(" ")[2].replace("{managementGroup}", group)
        query = {"api-version": operations.VERSIONS["Microsoft.Management"]}
        for record in access.pages(operations.DESCENDANTS, path, TENANT, query):
            if first_text(record, "type").casefold().endswith("/subscriptions"):
                chosen.add(first_text(record, "name").casefold())
    if config.management_groups and not chosen:
        raise Unavailable("the management groups hold no subscription that the credential sees")
    return chosen


def _told(access: Access, subscriptions: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """What Resource Graph shows of each."""
    if not subscriptions:
        return {}
    return {
        str(row.get("subscriptionId", "")).casefold(): row
        for row in graph.ask(access, graph.SUBSCRIPTIONS, subscriptions)
    }


def _made(
    ident: str, listed: Mapping[str, Any] | None, told: Mapping[str, Any] | None
) -> Subscription:
    if listed is None:
        reason = (
            f"subscription {ident} is not shown to the credential; grant the role that `shadow-ai "
            "permissions azure` prints on it or on a management group above it"
        )
        return Subscription(id=ident, denied=reason)
    state = first_text(listed, "state")
    denied = ""
    if told is None and state.casefold() not in _CLOSED:
        denied = (
            f"{operations.GRAPH} in {ident}: Resource Graph shows nothing of the subscription, "
            "though it is listed; grant the role that `shadow-ai permissions azure` prints on it"
        )
    chain = values(told or {}, "properties.managementGroupAncestorsChain[]")
    return Subscription(
        id=ident,
        name=shown(first_text(listed, "displayName")),
        state=state,
        tenant=first_text(listed, "tenantId").casefold(),
        tags={**tags_of(listed.get("tags")), **tags_of((told or {}).get("tags"))},
        groups=tuple(
            (first_text(one, "name"), shown(first_text(one, "displayName")))
            for one in chain
            if first_text(one, "name")
        ),
        denied=denied,
    )


def units(found: tuple[Subscription, ...]) -> Iterator[Item]:
    """Tenants and management groups, each once."""
    seen: set[str] = set()
    for one in found:
        evidence = _evidence(operations.GRAPH if one.groups else operations.SUBSCRIPTIONS, one.node)
        if one.tenant and one.tenant not in seen:
            seen.add(one.tenant)
            yield Account(
                id=tenant_node(one.tenant), kind=TENANT_KIND, name=one.tenant, provider="azure",
                evidence=(evidence,),
            )  # fmt: skip
        for place, (group, name) in enumerate(one.groups):
            if group.casefold() in seen:
                continue
            seen.add(group.casefold())
            above = (
                group_node(one.groups[place + 1][0])
                if place + 1 < len(one.groups)
                else tenant_node(one.tenant)
            )
            yield Account(
                id=group_node(group), kind=GROUP_KIND, name=name or group, provider="azure",
                parent=above, evidence=(evidence,),
            )  # fmt: skip
            yield edge_of(above, group_node(group), Relation.CONTAINS, evidence)


def account(one: Subscription, environment_keys: tuple[str, ...]) -> Iterator[Item]:
    evidence = _evidence(operations.SUBSCRIPTIONS, one.node)
    state = {"state": one.state} if one.state and one.state != "Enabled" else {}
    tags = dict(one.tags or {})
    yield Account(
        id=one.node,
        kind=SUBSCRIPTION_KIND,
        name=one.name or one.id,
        provider="azure",
        parent=one.above,
        environment=first_tag(tags, environment_keys),
        tags={**tags, **state},
        evidence=(evidence,),
    )
    if one.above:
        yield edge_of(one.above, one.node, Relation.CONTAINS, evidence)


def _evidence(rule: str, ident: NodeId) -> Evidence:
    return Evidence(rule=rule, source="azure", resource=ident)
