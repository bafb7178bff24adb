"""Azure: all subscriptions that a credential sees, or those below management groups.

What is listed stands in ``resources/``; which subscriptions are read in
:mod:`connectors.azure.hierarchy`. Nothing here can write: a call that is not declared is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from connectors.azure import (
    creators,
    denials,
    hierarchy,
    interfaces,
    operations,
    planes,
    relations,
    roles,
)
from connectors.azure.access import Access
from connectors.azure.config import AzureConfig
from connectors.azure.graph import Inventory
from connectors.azure.hierarchy import Subscription
from connectors.azure.reading import AzureReading
from connectors.azure.rights import Rights
from connectors.azure.shards import SITES, shards
from connectors.azure.sights import sights
from connectors.azure.types import OPTIONS, TYPES, of_family, reasons, shown_types
from scanner.kit.contract import (
    ConnectorSpec,
    Context,
    Counts,
    Operation,
    PermissionFormat,
    Probe,
    Shard,
)
from scanner.kit.tabled.engine import read_types
from scanner.kit.tabled.reading import first_tag
from scanner.model.errors import (
    Denied,
    LeftOut,
    NotEnabled,
    SourceError,
    Throttled,
    Unavailable,
)
from scanner.model.items import Checkpoint, Gap, Item

__all__ = ["CONNECTOR", "TYPES", "AzureConfig", "AzureConnector"]

_OWN = {
    operations.SUBSCRIPTIONS: (
        "Microsoft.Resources/subscriptions/read", "list the subscriptions", ""),
    operations.DESCENDANTS: (
        "Microsoft.Management/managementGroups/descendants/read",
        "list the subscriptions below the configured management groups", "management_groups"),
    operations.GRAPH: (
        "Microsoft.ResourceGraph/resources/read", "list resources of all subscriptions", ""),
    operations.PERMISSIONS: (
        "Microsoft.Authorization/permissions/read",
        "tell what may not be read, of which Resource Graph is silent", ""),
    operations.DENIALS: (
        "Microsoft.Authorization/denyAssignments/read",
        "what is taken away of what roles give", "identities"),
    operations.EVENTS: (
        "Microsoft.Insights/eventtypes/values/read", "who has created AI resources", "creators"),
}  # fmt: skip
"""Operation -> permission, reason, field of the configuration."""


_UNTOLD = (
    "settings of sites and functions: Azure tells their names and values by one action alone, so "
    "that without `read_values` only those are told that stay with a slot or stand in a vault"
)


def _operations() -> tuple[Operation, ...]:
    made = {
        ident: Operation(
            id=ident, permission=permission, reason=reason,
            opt_in=(option,) if option == "management_groups" else (),
        )
        for ident, (permission, reason, option) in _OWN.items()
    }  # fmt: skip
    beside = {**roles.OPERATIONS, interfaces.OPERATION: interfaces.REASON}
    own = ((op, why, "") for op, why in beside.items())
    why: dict[str, list[str]] = {}
    options: dict[str, set[str]] = {}
    for op, reason, option in (*own, *reasons()):
        if reason not in why.setdefault(op, []):
            why[op].append(reason)
        options.setdefault(op, set()).add(option)
    for op in sorted(why):
        ident = operations.operation_id(op)
        made[ident] = Operation(
            id=ident,
            permission=operations.permission(op),
            reason="; ".join(why[op]),
            elsewhere=planes.GIVEN_ELSEWHERE.get(op, ""),
            # Whatever is called without a setting is declared without it.
            opt_in=() if "" in options[op] else tuple(sorted(options[op])),
            is_optional=op == interfaces.OPERATION,
        )
    return tuple(made.values())


class AzureConnector:
    spec = ConnectorSpec(
        name="azure",
        title="Azure tenants, management groups and subscriptions",
        config=AzureConfig,
        operations=_operations(),
        yields=frozenset(
            {*hierarchy.KINDS, *relations.KINDS, roles.DATA, *(kind.kind for kind in TYPES)}
        ),
        sights=sights(TYPES),
        listing={
            "families": Counts.MORE,
            "identities": Counts.MORE,
            "creators": Counts.MORE,
            "secret_names": Counts.MORE,
            "environment_tag_keys": Counts.NEVER,
            "parallel_calls": Counts.NEVER,
        },
        docs_url="https://learn.microsoft.com/azure/role-based-access-control/"
        "resource-provider-operations",
        permission_format=PermissionFormat.AZURE_ROLE,
        shards_at_once=48,
    )

    def shards(self, ctx: Context[AzureConfig]) -> Iterator[Shard]:
        yield from shards(ctx.config, _subscriptions(ctx))

    def collect(
        self, ctx: Context[AzureConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        scope = shard.scope
        _refuse_unread(scope)
        found = _subscriptions(ctx)
        if scope["part"] == "units":
            yield from hierarchy.units(found)
            if ctx.config.identities and any(not (one.denied or one.closed) for one in found):
                yield from roles.items(_inventory(ctx), _rights(ctx), "", ctx.config.cloud)
            return
        one = next(one for one in found if one.id == scope["subscription"])
        if scope["part"] == "account":
            yield from hierarchy.account(one, ctx.config.environment_tag_keys)
        elif scope["part"] == "roles":
            try:
                taken = denials.read(_access(ctx), one.id)
            except (Denied, Unavailable, Throttled) as error:
                taken = ()
                yield Gap(
                    what=f"deny assignments of {one.id}", reason=str(error),
                    denied=isinstance(error, Denied),
                )  # fmt: skip
            yield from roles.items(_inventory(ctx), _rights(ctx), one.id, ctx.config.cloud, taken)
            for op in roles.OPERATIONS:
                _rights(ctx).check(one.id, op)
        elif scope["part"] == SITES:
            kinds = ("Microsoft.Web/sites", "Microsoft.Web/sites/slots")
            if any(True for kind in kinds for _ in _inventory(ctx).records(kind, one.id)):
                raise LeftOut(_UNTOLD)
            _rights(ctx).check(one.id, "graph:Microsoft.Web/sites")
        elif scope["part"] == "creators":
            asked = creators.providers(_inventory(ctx), one.id)
            yield from creators.items(_access(ctx), one.id, asked, ctx.now(), ctx.window_days)
        else:
            yield from read_types(of_family(scope["family"]), _reading(ctx, one))

    def probe(self, ctx: Context[AzureConfig]) -> Iterator[Probe]:
        remedy = "`shadow-ai permissions azure` prints the role that is needed"
        try:
            found = _subscriptions(ctx)
        except SourceError as error:
            yield Probe(check="subscriptions", ok=False, detail=str(error), remedy=remedy)
            return
        yield Probe(check="subscriptions", ok=bool(found), detail=f"{len(found)} to read")
        for one in found:
            if one.closed:
                continue
            check = f"read {one.name or one.id}"
            try:
                _refuse_unread({"denied": one.denied} if one.denied else {})
                for kind in sorted(shown_types()):
                    _rights(ctx).check(one.id, f"graph:{kind}")
            except SourceError as error:
                yield Probe(check=check, ok=False, detail=str(error), remedy=remedy)
            else:
                yield Probe(check=check, ok=True, detail="every type may be read")


def _access(ctx: Context[Any]) -> Access:
    """One for the run, so that tokens, connections and pace are shared."""

    def make() -> Access:
        declared = AzureConnector.spec.operations
        return Access(ctx, tuple(op for op in declared if op.is_allowed(ctx.config)))

    kept: Access = ctx.kept("azure", make)
    return kept


def _subscriptions(ctx: Context[AzureConfig]) -> tuple[Subscription, ...]:
    access = _access(ctx)
    return ctx.kept("azure:subscriptions", lambda: hierarchy.subscriptions(ctx.config, access))


def _inventory(ctx: Context[AzureConfig]) -> Inventory:
    access, found = _access(ctx), _subscriptions(ctx)
    read = tuple(one.id for one in found if not (one.denied or one.closed))
    return ctx.kept("azure:inventory", lambda: Inventory(access, read, shown_types()))


def _rights(ctx: Context[AzureConfig]) -> Rights:
    access = _access(ctx)
    return ctx.kept("azure:rights", lambda: Rights(access))


def _reading(ctx: Context[AzureConfig], one: Subscription) -> AzureReading:
    keys = ctx.config.environment_tag_keys
    return AzureReading(
        access=_access(ctx),
        inventory=_inventory(ctx),
        rights=_rights(ctx),
        account=one.id,
        region="",
        account_environment=first_tag(dict(one.tags or {}), keys),
        environment_keys=keys,
        since=(ctx.now() - timedelta(days=ctx.window_days)).isoformat(timespec="seconds"),
        opted=frozenset(option for option in OPTIONS if getattr(ctx.config, option)),
    )


def _refuse_unread(scope: Mapping[str, str]) -> None:
    if "denied" in scope:
        raise Denied(scope["denied"])
    if "closed" in scope:
        raise NotEnabled(f"subscription {scope['subscription']} is {scope['closed']}")


CONNECTOR = AzureConnector()
