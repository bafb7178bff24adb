"""AWS: an organization, a list of accounts, or the caller's own, in every enabled region.

What is listed stands in ``resources/``, which accounts and regions are read in
:mod:`connectors.aws.shards`. Nothing here can write: see ``scanner.kit.aws_guard``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from connectors.aws import (
    activity,
    bills,
    iam,
    model_access,
    organization,
    relations,
    spending,
    weights,
)
from connectors.aws.access import Access
from connectors.aws.config import AwsConfig
from connectors.aws.permissions import action_of
from connectors.aws.reading import TAGS_OPERATION, AwsReading
from connectors.aws.shards import GLOBAL, entered, is_read, shards
from connectors.aws.sights import sights
from connectors.aws.types import OPTIONS, TYPES, of_family, reasons
from scanner.kit.contract import (
    ConnectorSpec,
    Context,
    Counts,
    Operation,
    PermissionFormat,
    Probe,
    Shard,
)
from scanner.kit.tabled.engine import read_types, try_list
from scanner.kit.tabled.reading import first_tag
from scanner.kit.tables import ResourceType
from scanner.model.base import NodeId
from scanner.model.errors import Denied, LeftOut, NotEnabled, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Gap, Item

__all__ = ["CONNECTOR", "TYPES", "AwsConfig", "AwsConnector"]

_RESOURCES = {
    "sts:AssumeRole": "arn:*:iam::*:role/ShadowAIReadOnly",
    "s3:GetObject": "arn:*:s3:::*/AWSLogs/*",
}
"""The role's name in the documentation; whoever calls it otherwise writes the other name."""
_OPTIONAL = frozenset({"s3:GetBucketTagging", TAGS_OPERATION})
"""A bucket may belong to another account: that its tags may not be read is no gap. Tags that are
not told of many at once are asked for one by one."""


def _operations() -> tuple[Operation, ...]:
    own = {
        "sts:GetCallerIdentity": "tell whose credentials these are",
        "sts:AssumeRole": "enter the other accounts",
        "ec2:DescribeRegions": "list the enabled regions",
        "s3:GetBucketTagging": "classification of the buckets that AI reads and writes",
        TAGS_OPERATION: "tags of many things in one call",
        **organization.OPERATIONS,
        **iam.OPERATIONS,
    }
    found: dict[str, list[str]] = {}
    options: dict[str, set[str]] = {}
    bill = (
        (bills.OPERATION, "tell in which regions an account pays for anything", "prune"),
        (bills.OPERATION, "tell which accounts pay for AI, and where", "spending"),
        *((op, why, "bucket_weights") for op, why in weights.OPERATIONS.items()),
    )
    logs = (
        (op, why, option)
        for op, why in activity.OPERATIONS.items()
        for option in activity.OPT_IN.get(op, ("",))
    )
    always = ((op, why, "") for op, why in own.items())
    for op, why, option in (*always, *bill, *logs, *reasons()):
        known = found.setdefault(op, [])
        if why not in known:
            known.append(why)
        options.setdefault(op, set()).add(option)
    # Whatever is called without a setting is declared without it.
    return tuple(
        _operation(op, why, () if "" in options[op] else tuple(sorted(options[op])))
        for op, why in sorted(found.items())
    )


def _operation(op: str, why: list[str], options: tuple[str, ...]) -> Operation:
    return Operation(
        id=op,
        permission=action_of(op),
        bucket=op.partition(":")[0],
        reason="; ".join(why),
        resource=_RESOURCES.get(op, "*"),
        is_optional=op in _OPTIONAL,
        opt_in=options,
    )


class AwsConnector:
    spec = ConnectorSpec(
        name="aws",
        title="AWS accounts and organizations",
        config=AwsConfig,
        operations=_operations(),
        yields=frozenset(
            {"aws.account", organization.UNIT_KIND, *relations.KINDS, *iam.KINDS, *activity.KINDS,
             weights.KIND,
             *(kind.kind for kind in TYPES)}
        ),
        sights=sights(TYPES, GLOBAL),
        listing={
            "regions": Counts.MORE,
            "families": Counts.MORE,
            "identities": Counts.MORE,
            "event_history": Counts.MORE,
            "spending": Counts.MORE,
            "environment_tag_keys": Counts.NEVER,
            "event_pages": Counts.NEVER,
            "activity_days": Counts.NEVER,
        },
        docs_url="https://docs.aws.amazon.com/service-authorization/latest/reference/",
        permission_format=PermissionFormat.AWS_POLICY,
        shards_at_once=16,
    )  # fmt: skip

    def shards(self, ctx: Context[AwsConfig]) -> Iterator[Shard]:
        return shards(ctx.config, _access(ctx), ctx.now())

    def collect(
        self, ctx: Context[AwsConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        scope = shard.scope
        _refuse_unentered(scope)
        access = _access(ctx)
        if scope["part"] == "units":
            yield from organization.units(access)
        elif scope["part"] in activity.PARTS:
            yield from activity.collect(ctx, lambda: access, shard, since)
        elif scope["part"] == "iam":
            yield from iam.collect(access, scope["account"], access.partition(), access.home)
        elif scope["part"] == "spending":
            yield from spending.spending(access, ctx.now())
        elif scope["part"] == "weights":
            yield from weights.read(
                access, scope["account"], ctx.config.bucket_weights, ctx.config.regions
            )
        elif scope["part"] == "account":
            yield from _account(scope, ctx)
        else:
            is_global = scope["region"] == GLOBAL
            reading = _reading(ctx, scope["account"], scope["region"])
            yield from read_types(of_family(scope["service"], is_global=is_global), reading)
            if is_global and scope["service"] == model_access.KIND.service:
                yield from _models_elsewhere(ctx, reading)

    def probe(self, ctx: Context[AwsConfig]) -> Iterator[Probe]:
        access = _access(ctx)
        try:
            account, arn = access.caller()
        except SourceError as error:
            yield Probe(check="credentials", ok=False, detail=str(error))
            return
        yield Probe(check="credentials", ok=True, detail=f"{arn} in account {account}")
        try:
            found = list(entered(ctx.config, access))
        except SourceError as error:
            yield Probe(check="accounts", ok=False, detail=str(error))
            return
        yield Probe(check="accounts", ok=True, detail=f"{len(found)} to read")
        for one in found:
            check = f"enter {one.member.id}"
            if not one.regions and not one.member.suspended:
                yield Probe(
                    check=check, ok=False, detail=one.denied or one.unavailable,
                    remedy="check `role_name`, `external_id` and the role's trust policy",
                )  # fmt: skip
            elif one.regions:
                yield Probe(check=check, ok=True, detail=f"{len(one.regions)} regions")
                there = [region for region in one.regions if region not in one.closed]
                yield from _probe_lists(ctx, one.member.id, (there or one.regions)[0])


def _access(ctx: Context[Any]) -> Access:
    """One for the run, so that an account is entered once."""

    def make() -> Access:
        declared = AwsConnector.spec.operations
        return Access(ctx, tuple(op for op in declared if op.is_allowed(ctx.config)))

    kept: Access = ctx.kept("aws", make)
    return kept


def _opted(config: AwsConfig) -> frozenset[str]:
    return frozenset(option for option in OPTIONS if getattr(config, option))


def _refuse_unentered(scope: Mapping[str, str]) -> None:
    if "denied" in scope:
        raise Denied(scope["denied"])
    if "unavailable" in scope:
        raise Unavailable(scope["unavailable"])
    if "left_out" in scope:
        raise LeftOut(scope["left_out"])
    for reason in ("unknown", "closed"):
        if reason in scope:
            raise NotEnabled(scope[reason])
    if "suspended" in scope:
        raise NotEnabled(f"account {scope['account']} is {scope['suspended']}")


def _account(scope: Mapping[str, str], ctx: Context[AwsConfig]) -> Iterator[Item]:
    tags, trouble = _account_tags(ctx, scope["account"])
    ident = NodeId(f"aws:account/{scope['account']}")
    op = "organizations:ListAccounts" if ctx.config.organization else "sts:GetCallerIdentity"
    yield Account(
        id=ident,
        kind="aws.account",
        name=scope["name"] or scope["account"],
        provider="aws",
        environment=first_tag(tags, ctx.config.environment_tag_keys),
        tags={**tags, **({"email": scope["email"]} if scope["email"] else {})},
        evidence=(Evidence(rule=op, source="aws", resource=ident),),
    )
    if trouble:
        yield Gap(
            what=f"tags of account {scope['account']}",
            reason=str(trouble),
            denied=isinstance(trouble, Denied),
        )


def _account_tags(
    ctx: Context[AwsConfig], account: str
) -> tuple[dict[str, str], SourceError | None]:
    """And why they could not be read; the account's own shard tells it."""
    if not ctx.config.organization:
        return {}, None
    access = _access(ctx)
    known: organization.AccountTags = ctx.kept("aws:tags", lambda: organization.AccountTags(access))
    try:
        return known.of(account), None
    except SourceError as error:
        return {}, error


def _reading(ctx: Context[AwsConfig], account: str, region: str) -> AwsReading:
    access = _access(ctx)
    tags, _ = _account_tags(ctx, account)
    return AwsReading(
        access=access,
        account=account,
        region=access.home if region == GLOBAL else region,
        partition=access.partition(),
        account_environment=first_tag(tags, ctx.config.environment_tag_keys),
        environment_keys=ctx.config.environment_tag_keys,
        since=(ctx.now() - timedelta(days=ctx.window_days)).isoformat(timespec="seconds"),
        opted=_opted(ctx.config),
    )


def _models_elsewhere(ctx: Context[AwsConfig], home: AwsReading) -> Iterator[Item]:
    """In the regions of the account that are read, but the first of the partition."""
    access, account = _access(ctx), home.account
    offered: model_access.Offered = ctx.kept("aws:offered", model_access.Offered)
    if ctx.config.regions == (home.region,):
        return
    enabled, closed = access.enabled_regions(account)
    others = sorted({*enabled} - {*closed, home.region})
    yield from model_access.elsewhere(
        offered, home, others, lambda region: _reading(ctx, account, region)
    )


def _probe_lists(ctx: Context[AwsConfig], account: str, region: str) -> Iterator[Probe]:
    """Of the types that are read, those that stand under no other. Side by side: in threads of its
    own, as lists wait for the threads of calls."""
    here, everywhere = (_reading(ctx, account, where) for where in (region, GLOBAL))
    wanted = [
        kind
        for kind in TYPES
        if is_read(kind.service, ctx.config)
        and not (kind.under or (kind.opt_in and kind.opt_in not in here.opted))
    ]
    with ThreadPoolExecutor(8) as pool:
        yield from pool.map(
            lambda kind: _probe_list(kind, everywhere if kind.is_global else here), wanted
        )


def _probe_list(kind: ResourceType, reading: AwsReading) -> Probe:
    """The first record of a list: enough to know whether it may be read."""
    check = f"{kind.list.op} in {reading.account}/{reading.region}"
    try:
        try_list(kind, reading)
    except NotEnabled as error:
        return Probe(check=check, ok=True, detail=str(error))
    except SourceError as error:
        remedy = "`shadow-ai permissions aws` prints the policy that is needed"
        return Probe(check=check, ok=False, detail=str(error), remedy=remedy)
    return Probe(check=check, ok=True, detail="readable")


CONNECTOR = AwsConnector()
