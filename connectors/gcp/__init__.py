"""Google Cloud: organizations, folders and projects, and the AI in them.

What is listed stands in ``resources/``; which projects are read in :mod:`connectors.gcp.hierarchy`.
Nothing here can write: a call that is not a declared list or read is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from connectors.gcp import (
    activity,
    basic,
    contacts,
    creators,
    denials,
    enabled,
    groups,
    hierarchy,
    inventory,
    metrics,
    operations,
    perimeters,
    policies,
    relations,
)
from connectors.gcp.access import Access
from connectors.gcp.ancestors import Ancestors
from connectors.gcp.config import GcpConfig
from connectors.gcp.creators import Trail
from connectors.gcp.denials import Denials
from connectors.gcp.groups import Groups
from connectors.gcp.hierarchy import Project, Tree
from connectors.gcp.perimeters import Perimeters
from connectors.gcp.policies import Beside, Policies, Roles
from connectors.gcp.reading import AT, MAY, OVER, GcpReading
from connectors.gcp.sights import sights
from connectors.gcp.types import FAMILIES, NAME_FAMILIES, OWN_FAMILIES, TYPES, of_family, reasons
from scanner.kit.contract import (
    ConnectorSpec,
    Context,
    Counts,
    Mode,
    Operation,
    PermissionFormat,
    Probe,
    Shard,
)
from scanner.kit.tabled.engine import read_types
from scanner.kit.tabled.reading import first_tag
from scanner.model.base import ShardId
from scanner.model.errors import ConfigError, Denied, NotEnabled, SourceError
from scanner.model.items import Checkpoint, Item

__all__ = ["CONNECTOR", "TYPES", "GcpConfig", "GcpConnector"]

_UNITS = ShardId("gcp:units")
"""Which projects there are, and what of that could not be told: while it is partial, a project that
it no longer names is not gone."""


def _operations() -> tuple[Operation, ...]:
    why: dict[str, list[str]] = {hierarchy.SERVICES: ["tell which services a project uses"]}
    for told in (
        policies.REASONS, creators.REASONS, inventory.REASONS, contacts.REASONS, activity.REASONS,
        denials.REASONS, groups.REASONS, metrics.REASONS, perimeters.REASONS,
    ):  # fmt: skip
        for op, reason in told.items():
            why.setdefault(op, []).append(reason)
    for op, reason in reasons():
        if reason not in why.setdefault(op, []):
            why[op].append(reason)
    everywhere = {
        k.list.op.partition(".")[0]
        for k in TYPES
        if not k.under and not {AT, OVER} & k.list.params.keys()
    }
    for service in sorted(everywhere):
        op = operations.ELSEWHERE.get(service, f"{service}.projects.locations.list")
        why.setdefault(op, ["tell in which locations a service is"])
    for kind in TYPES:
        if over := str(kind.list.params.get(OVER, "")):
            why.setdefault(over, []).append("tell what the lists below it are asked of")
            left_out = "tell what a list leaves out that the caller may not read"
            if left_out not in why.setdefault(MAY, []):
                why[MAY].append(left_out)
    made = {one.id: one for one in hierarchy.OPERATIONS}
    opted = {op: (told.SETTING,) for told in (denials, groups) for op in told.REASONS}
    for op, said in sorted(why.items()):
        ident = operations.operation_id(op)
        known = made.get(ident)  # services of one version may have a path in common
        made[ident] = Operation(
            id=ident,
            permission=operations.permission(op) if known is None else known.permission,
            bucket=op.partition(".")[0],
            reason="; ".join(said) if known is None else known.reason,
            also=(activity.PRIVATE,) if op == creators.ENTRIES else (),
            opt_in=opted.get(op, ()),
            elsewhere=operations.GIVEN_ELSEWHERE.get(op, ""),
        )
    return tuple(made.values())


class GcpConnector:
    spec = ConnectorSpec(
        name="gcp",
        title="Google Cloud organizations, folders and projects",
        config=GcpConfig,
        operations=_operations(),
        yields=frozenset(
            {
                enabled.KIND,
                perimeters.KIND,
                *hierarchy.KINDS,
                *policies.KINDS,
                *activity.KINDS,
                *metrics.KINDS,
                *relations.KINDS,
                *(kind.kind for kind in TYPES),
            }
        ),
        sights=sights(TYPES),
        listing={
            "families": Counts.MORE,
            "identities": Counts.MORE,
            "activity": Counts.MORE,
            "metrics": Counts.MORE,
            "environment_label_keys": Counts.NEVER,
            "activity_pages": Counts.NEVER,
        },
        docs_url="https://cloud.google.com/iam/docs/permissions-reference",
        permission_format=PermissionFormat.GCP_ROLE,
        rates={"logging": 1.0},
        shards_at_once=48,
    )

    def shards(self, ctx: Context[GcpConfig]) -> Iterator[Shard]:
        families = _families(ctx.config)
        found = _tree(ctx)
        yield Shard(id=_UNITS, scope={"part": "units"}, title="folders")
        for scope in hierarchy.scopes(ctx.config, found):
            for part in _searches(ctx.config):
                yield Shard(
                    id=ShardId(f"gcp:{scope}/{part}"),
                    scope={"part": part, "of": scope},
                    title=f"{scope} {part}",
                )
        for one_of in ctx.config.organizations if ctx.config.perimeters else ():
            yield Shard(
                id=ShardId(f"gcp:organizations/{one_of}/perimeters"),
                scope={"part": "perimeters", "of": one_of},
                title=f"organizations/{one_of} service perimeters",
            )
        for unit, title, _ in found.folders if ctx.config.identities else ():
            yield Shard(
                id=ShardId(f"gcp:{unit}/contacts"),
                scope={"part": "unit contacts", "of": unit},
                listed_by=_UNITS,
                title=f"{title} contacts",
            )
        for one in found.projects.values():
            own = ShardId(f"gcp:{one.id}/project")
            yield Shard(
                id=own, scope={"part": "project", "project": one.id},
                listed_by=_UNITS if hierarchy.is_listed(ctx.config, one) else "",
                title=one.name or one.id,
            )  # fmt: skip
            if one.denied or one.state != "ACTIVE":
                continue
            for family in families:
                yield Shard(
                    id=ShardId(f"gcp:{one.id}/{family}"),
                    scope={"part": "types", "project": one.id, "family": family},
                    listed_by=own,
                    title=f"{one.name or one.id} {family}",
                )
            if ctx.config.activity:
                # Its id sorts before those of lists, so that where both name a thing, the list's
                # words for it stand.
                yield Shard(
                    id=ShardId(f"gcp:*/activity/{one.id}"),
                    scope={"part": "activity", "project": one.id},
                    mode=Mode.INCREMENTAL,
                    listed_by=own,
                    title=f"{one.name or one.id} data access log",
                )
            if ctx.config.metrics:
                yield Shard(
                    id=ShardId(f"gcp:*/metrics/{one.id}"),
                    scope={"part": "metrics", "project": one.id},
                    listed_by=own,
                    title=f"{one.name or one.id} counts of calls",
                )
            for part in _beside(ctx.config):
                yield Shard(
                    id=ShardId(f"gcp:{one.id}/{part}"),
                    scope={"part": part, "project": one.id},
                    listed_by=own,
                    title=f"{one.name or one.id} {part}",
                )

    def collect(
        self, ctx: Context[GcpConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        found = _tree(ctx)
        if shard.scope["part"] == "units":
            yield from hierarchy.units(found)
            return
        if shard.scope["part"] == "unit contacts":
            yield from contacts.items(_access(ctx), shard.scope["of"], found.numbers)
            return
        if shard.scope["part"] == "perimeters":
            yield from _perimeters(ctx).items(shard.scope["of"])
            return
        if shard.scope["part"] in _SEARCHES:
            yield from _searched(ctx, shard.scope["part"], shard.scope["of"])
            return
        one = found.projects[shard.scope["project"]]
        environment = first_tag(dict(one.labels), ctx.config.environment_label_keys)
        if shard.scope["part"] == "types":
            yield from read_types(of_family(shard.scope["family"]), _reading(ctx, one, environment))
            return
        if shard.scope["part"] == "activity":
            yield from activity.items(
                _access(ctx), _policies(ctx), found, one.id, ctx.now(), ctx.window_days, since
            )
            return
        if shard.scope["part"] == "metrics":
            yield from metrics.items(_access(ctx), found, one.id, ctx.now(), ctx.window_days)
            return
        if shard.scope["part"] != "project":
            yield from _told_beside(ctx, shard.scope["part"], one.id)
            return
        if one.denied:
            raise Denied(one.denied)
        if one.state != "ACTIVE":
            raise NotEnabled(f"project {one.id} is {one.state}")
        yield from hierarchy.account(one, environment)
        yield from enabled.items(one, environment)

    def probe(self, ctx: Context[GcpConfig]) -> Iterator[Probe]:
        remedy = "`shadow-ai permissions gcp` prints the role that is needed"
        try:
            found = _tree(ctx)
        except SourceError as error:
            yield Probe(check="projects", ok=False, detail=str(error), remedy=remedy)
            return
        yield Probe(check="projects", ok=True, detail=f"{len(found.projects)} to read")
        for gap in found.gaps:
            yield Probe(check=gap.what, ok=False, detail=gap.reason, remedy=remedy)
        for one in found.projects.values():
            trouble = one.denied or one.trouble
            yield Probe(
                check=f"read {one.id}", ok=not trouble, detail=trouble or one.state, remedy=remedy
            )


def _families(config: GcpConfig) -> tuple[str, ...]:
    unknown = sorted(set(config.families) - set(FAMILIES))
    if unknown:
        raise ConfigError(
            f"[sources.gcp] families: there is no {', '.join(unknown)}; there are "
            f"{', '.join(FAMILIES)}"
        )
    chosen = config.families or FAMILIES
    left_out = (NAME_FAMILIES if not config.secret_names else frozenset()) | (
        OWN_FAMILIES if not config.personal_agents else frozenset()
    )
    return tuple(one for one in chosen if one not in left_out)


_SEARCHES = ("inventory", "policies")


def _searches(config: GcpConfig) -> tuple[str, ...]:
    """Parts that are asked for below a whole organization, folder or project."""
    wanted = {"inventory": config.asset_inventory, "policies": config.identities}
    return tuple(part for part in _SEARCHES if wanted[part])


def _beside(config: GcpConfig) -> tuple[str, ...]:
    """Parts of a project that are no family of resources."""
    wanted = {"policy": config.identities, "contacts": config.identities,
              "creators": config.creators}  # fmt: skip
    return tuple(part for part, is_wanted in wanted.items() if is_wanted)


def _searched(ctx: Context[GcpConfig], part: str, scope: str) -> Iterator[Item]:
    access, found = _access(ctx), _tree(ctx)
    if part == "inventory":
        keys = ctx.config.environment_label_keys
        names = ctx.config.secret_names
        yield from inventory.items(access, scope, found, keys, names=names)
        return
    if not scope.startswith("projects/"):
        yield from _of_unit(ctx, scope)
    yield from policies.inside(access, _roles(ctx), scope, found.numbers, _more(ctx))


def _of_unit(ctx: Context[GcpConfig], unit: str) -> Iterator[Item]:
    if ctx.config.deny_policies:
        yield from _denials(ctx).gaps(unit)
    yield from policies.of_unit(_policies(ctx), _roles(ctx), unit, _more(ctx))


def _denials(ctx: Context[GcpConfig]) -> Denials:
    access, found = _access(ctx), _tree(ctx)
    return ctx.kept("gcp:denials", lambda: Denials(access, Ancestors(access, found)))


def _more(ctx: Context[GcpConfig]) -> Beside:
    """What is read beside policies, as far as it is wanted."""
    access, config, told = _access(ctx), ctx.config, _policies(ctx)
    plain = Beside()
    left = [
        what
        for what, is_wanted in (
            ("deny policies", config.deny_policies), ("members of groups", config.group_members),
        )
        if not is_wanted
    ]  # fmt: skip
    return Beside(
        taken=_denials(ctx).takes if config.deny_policies else plain.taken,
        members=ctx.kept("gcp:groups", lambda: Groups(access)).items
        if config.group_members
        else plain.members,
        holders=lambda text: basic.holders(told.of, text),
        unevaluated=f"{' and '.join(left)} are not evaluated" if left else "",
    )


def _told_beside(ctx: Context[GcpConfig], part: str, project: str) -> Iterator[Item]:
    access = _access(ctx)
    if part == "policy":
        yield from _of_unit(ctx, f"projects/{project}")
    elif part == "contacts":
        yield from contacts.items(access, f"projects/{project}", _tree(ctx).numbers)
    else:
        yield from _trail(ctx).items(project, _tree(ctx).numbers)


def _roles(ctx: Context[GcpConfig]) -> Roles:
    access = _access(ctx)
    return ctx.kept("gcp:roles", lambda: Roles(access))


def _policies(ctx: Context[GcpConfig]) -> Policies:
    access = _access(ctx)
    return ctx.kept("gcp:policies", lambda: Policies(access))


def _perimeters(ctx: Context[GcpConfig]) -> Perimeters:
    access, numbers, named = _access(ctx), _tree(ctx).numbers, ctx.config.organizations
    return ctx.kept("gcp:perimeters", lambda: Perimeters(access, named, numbers))


def _trail(ctx: Context[GcpConfig]) -> Trail:
    access, found = _access(ctx), _tree(ctx)
    return ctx.kept("gcp:trail", lambda: Trail(access, found.read, ctx.now(), ctx.window_days))


def _access(ctx: Context[Any]) -> Access:
    """One for the run, so that tokens and connections are shared."""
    kept: Access = ctx.kept("gcp", lambda: Access(ctx, _allowed(ctx.config)))
    return kept


def _allowed(config: GcpConfig) -> tuple[Operation, ...]:
    return tuple(one for one in GcpConnector.spec.operations if one.is_allowed(config))


def _tree(ctx: Context[GcpConfig]) -> Tree:
    access = _access(ctx)
    found: Tree = ctx.kept("gcp:tree", lambda: hierarchy.tree(ctx.config, access))
    return found


def _reading(ctx: Context[GcpConfig], one: Project, environment: str) -> GcpReading:
    return GcpReading(
        access=_access(ctx),
        account=one.id,
        region="",
        account_environment=environment,
        environment_keys=ctx.config.environment_label_keys,
        since=(ctx.now() - timedelta(days=ctx.window_days)).isoformat(timespec="seconds"),
        numbers=_tree(ctx).numbers,
        enabled=one.services,
        locations=ctx.config.locations,
        shut=_perimeters(ctx).shut(one.id) if ctx.config.perimeters else frozenset(),
    )


CONNECTOR = GcpConnector()
