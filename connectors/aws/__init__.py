"""AWS: an organization, a list of accounts, or the caller's own, in every enabled region.

What is listed stands in ``resources.yaml``; this file owns which accounts and regions are read, and
tells of each that could not be entered. Nothing here can write: see ``scanner.kit.aws_guard``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from connectors.aws.access import Access, Member
from connectors.aws.engine import Reading, first_tag, read_types
from scanner.kit.contract import (
    ConnectorSpec,
    Context,
    Operation,
    PermissionFormat,
    Probe,
    Shard,
)
from scanner.kit.tables import ResourceType, load_types
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import Denied, NotEnabled, SourceError, Throttled, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Gap, Item

_LISTING = "aws:organization"


class AwsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which accounts and regions, and as whom."""

    profile: str = ""
    """Named profile of the AWS configuration; empty: boto3's usual chain."""
    organization: bool = False
    """Read every active account of the organization (from its management or a delegated
    administrator account)."""
    accounts: tuple[str, ...] = ()
    """Account ids to read instead; with neither, the caller's own account."""
    role_name: str = ""
    """Role to assume in every account but the caller's own."""
    external_id: str = ""
    """External id that the role's trust policy asks for."""
    regions: tuple[str, ...] = ()
    """Regions to read; empty: all that are enabled in each account."""
    endpoint_url: str = ""
    """Send every call here (an emulator, a proxy of one's own)."""
    environment_tag_keys: tuple[str, ...] = ("environment", "env", "stage")
    """Tags that tell production from the rest, the first that is set wins."""
    secret_names: bool = True
    """Look at the names of secrets and parameters (never at values)."""


def _table() -> tuple[ResourceType, ...]:
    return load_types((Path(__file__).parent / "resources.yaml").read_bytes())


TYPES = _table()
_RESOURCES = {"sts:AssumeRole": "arn:*:iam::*:role/ShadowAIReadOnly"}
"""The role's name in the documentation; whoever calls it otherwise writes the other name."""
_OPTIONAL = frozenset({"s3:GetBucketTagging"})
"""A bucket may belong to another account: that its tags may not be read is no gap."""
_IAM_PREFIX = {"bedrock-agent": "bedrock"}
"""botocore's service -> IAM's prefix, where they differ (AWS Service Authorization Reference)."""


def _operations() -> tuple[Operation, ...]:
    reasons: dict[str, list[str]] = {
        "sts:GetCallerIdentity": ["tell whose credentials these are"],
        "sts:AssumeRole": ["enter the other accounts"],
        "organizations:ListAccounts": ["list the accounts of the organization"],
        "organizations:ListTagsForResource": ["owner and environment of accounts"],
        "ec2:DescribeRegions": ["list the enabled regions"],
        "s3:GetBucketTagging": ["classification of the buckets that AI reads and writes"],
    }
    for kind in TYPES:
        for call in kind.calls:
            known = reasons.setdefault(call.op, [])
            if kind.describes not in known:
                known.append(kind.describes)
    found = []
    for op, why in sorted(reasons.items()):
        service, _, name = op.partition(":")
        permission = f"{_IAM_PREFIX.get(service, service)}:{name}"
        found.append(
            Operation(
                id=op,
                permission=permission,
                bucket=service,
                reason="; ".join(why),
                resource=_RESOURCES.get(op, "*"),
                is_optional=op in _OPTIONAL,
            )
        )
    return tuple(found)


class AwsConnector:
    spec = ConnectorSpec(
        name="aws",
        title="AWS accounts and organizations",
        config=AwsConfig,
        operations=_operations(),
        yields=frozenset(
            {"aws.account", "aws.s3_bucket", "aws.aoss", "aws.es", "aws.rds", "aws.s3vectors",
             "aws.neptune-graph", "aws.kendra", "web.site", *(kind.kind for kind in TYPES)}
        ),
        docs_url="https://docs.aws.amazon.com/service-authorization/latest/reference/",
        permission_format=PermissionFormat.AWS_POLICY,
        # Organizations allows few calls a second for the whole organization.
        rates={"organizations": 5.0},
    )  # fmt: skip

    def shards(self, ctx: Context[AwsConfig]) -> Iterator[Shard]:
        access = _access(ctx)
        listing = _LISTING if ctx.config.organization else ""
        for member in self._members(ctx, access):
            yield from self._shards_of(member, listing, ctx, access)

    def collect(
        self, ctx: Context[AwsConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        scope = shard.scope
        if "denied" in scope:
            raise Denied(scope["denied"])
        if "unavailable" in scope:
            raise Unavailable(scope["unavailable"])
        if "suspended" in scope:
            raise NotEnabled(f"account {scope['account']} is {scope['suspended']}")
        access = _access(ctx)
        if "region" not in scope:
            yield from _account(scope, ctx, access)
            return
        reading = Reading(
            access=access,
            account=scope["account"],
            region=scope["region"],
            partition=access.partition(),
            account_environment=scope["environment"],
            environment_keys=ctx.config.environment_tag_keys,
        )
        chosen = tuple(kind for kind in TYPES if kind.service == scope["service"])
        yield from read_types(chosen, reading)

    def probe(self, ctx: Context[AwsConfig]) -> Iterator[Probe]:
        access = _access(ctx)
        try:
            account, arn = access.caller()
        except SourceError as error:
            yield Probe(check="credentials", ok=False, detail=str(error))
            return
        yield Probe(check="credentials", ok=True, detail=f"{arn} in account {account}")
        try:
            members = list(self._members(ctx, access))
        except SourceError as error:
            yield Probe(check="accounts", ok=False, detail=str(error))
            return
        yield Probe(check="accounts", ok=True, detail=f"{len(members)} to read")
        for member in members:
            if not member.suspended:
                yield from self._probe_account(member, ctx, access)

    def _members(self, ctx: Context[AwsConfig], access: Access) -> Iterator[Member]:
        if ctx.config.organization:
            yield from access.organization_members()
            return
        for account in ctx.config.accounts or (access.caller()[0],):
            yield Member(id=account)

    def _shards_of(
        self, member: Member, listing: str, ctx: Context[AwsConfig], access: Access
    ) -> Iterator[Shard]:
        """The account's own shard, which names the others; when it cannot be entered, that shard
        tells why, and what was known of its regions is held."""
        own = ShardId(f"aws:{member.id}/account")
        scope = {"account": member.id, "name": member.name, "email": member.email}
        regions: tuple[str, ...] = ()
        if member.suspended:
            scope["suspended"] = member.suspended
        else:
            try:
                regions = access.enabled_regions(member.id)
            except Denied as error:
                scope["denied"] = _entering(member, ctx, error)
            except (Throttled, Unavailable, NotEnabled) as error:
                scope["unavailable"] = str(error)
        title = member.name or member.id
        tags: dict[str, str] = {}
        if regions and ctx.config.organization:
            try:
                tags = access.account_tags(member.id)
            except SourceError as error:
                scope["untagged"] = str(error)
        scope |= {f"tag:{key}": value for key, value in tags.items()}
        environment = first_tag(tags, ctx.config.environment_tag_keys)
        yield Shard(id=own, scope=scope, listed_by=listing, title=title)
        for region in regions:
            for service in _services(ctx.config):
                yield Shard(
                    id=ShardId(f"aws:{member.id}/{region}/{service}"),
                    scope={
                        "account": member.id,
                        "region": region,
                        "service": service,
                        "environment": environment,
                    },
                    listed_by=own,
                    title=f"{title} {region} {service}",
                )

    def _probe_account(
        self, member: Member, ctx: Context[AwsConfig], access: Access
    ) -> Iterator[Probe]:
        try:
            regions = access.enabled_regions(member.id)
        except SourceError as error:
            yield Probe(
                check=f"enter {member.id}", ok=False, detail=str(error),
                remedy="check `role_name`, `external_id` and the role's trust policy",
            )  # fmt: skip
            return
        yield Probe(check=f"enter {member.id}", ok=True, detail=f"{len(regions)} regions")
        for service in _services(ctx.config):
            for kind in (kind for kind in TYPES if kind.service == service):
                yield _probe_list(member.id, regions[0], kind, access)


def _services(config: AwsConfig) -> tuple[str, ...]:
    names = dict.fromkeys(k.service for k in TYPES if config.secret_names or not k.is_name_examined)
    return tuple(names)


def _access(ctx: Context[Any]) -> Access:
    """One for the run, so that an account is entered once."""
    kept: Access = ctx.kept("aws", lambda: Access(ctx, AwsConnector.spec.operations))
    return kept


def _entering(member: Member, ctx: Context[AwsConfig], error: Denied) -> str:
    if ctx.config.role_name:
        return (
            f"account {member.id} could not be entered as {ctx.config.role_name}: {error}; let the "
            "role trust the caller, with the configured external id"
        )
    return f"account {member.id}: {error}"


def _account(scope: Any, ctx: Context[AwsConfig], access: Access) -> Iterator[Item]:
    tags = {
        key.removeprefix("tag:"): value for key, value in scope.items() if key.startswith("tag:")
    }
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
    if scope.get("untagged"):
        yield Gap(what=f"tags of account {scope['account']}", reason=scope["untagged"], denied=True)


def _probe_list(account: str, region: str, kind: ResourceType, access: Access) -> Probe:
    """The first page of a list: enough to know whether it may be read."""
    check = f"{kind.list.op} in {account}/{region}"
    try:
        next(access.pages(account, region, kind.list, {}), None)
    except NotEnabled as error:
        return Probe(check=check, ok=True, detail=str(error))
    except SourceError as error:
        remedy = "`shadow-ai permissions aws` prints the policy that is needed"
        return Probe(check=check, ok=False, detail=str(error), remedy=remedy)
    return Probe(check=check, ok=True, detail="readable")


CONNECTOR = AwsConnector()
