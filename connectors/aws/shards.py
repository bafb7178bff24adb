"""Accounts x regions x families of services: what is read, and why what is not read is not.

Accounts are entered side by side. One that cannot be entered is a shard that says so, under which
all that was known of it is held; so is a region or family that was left out on purpose.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from connectors.aws import organization
from connectors.aws.access import Access, Member
from connectors.aws.activity import log_shards, region_shards
from connectors.aws.config import AwsConfig
from connectors.aws.pruning import Pruning, of_organization
from connectors.aws.types import FAMILIES, GLOBAL_FAMILIES, NAME_FAMILIES
from scanner.kit.contract import Shard
from scanner.model.base import ShardId
from scanner.model.errors import ConfigError, Denied, SourceError

LISTING = "aws:organization"
UNITS = ShardId("aws:organization/units")
SPENDING = ShardId("aws:organization/spending")
PRUNING = ShardId("aws:organization/unused-regions")
NARROWED = ShardId("aws:configuration")
GLOBAL = "global"


@dataclass
class Entered:
    """What entering an account has told."""

    member: Member
    regions: tuple[str, ...] = ()
    closed: Mapping[str, str] = field(default_factory=dict)
    """Regions among them that the account does not have, and why."""
    denied: str = ""
    unavailable: str = ""


def members(config: AwsConfig, access: Access) -> Iterator[Member]:
    """The accounts to read, each once. Raises the source errors, behind those that were told, when
    some cannot be."""
    if config.organization:
        yield from organization.members(access)
        return
    chosen = dict.fromkeys(config.accounts)
    trouble: list[SourceError] = []
    for profile in config.profiles:
        try:
            chosen[access.profile_account(profile)] = None
        except SourceError as error:
            trouble.append(error)
    if not (config.accounts or config.profiles):
        chosen[access.caller()[0]] = None
    for account in chosen:
        yield Member(id=account)
    if trouble:  # one profile that has ended does not keep the others from being read
        raise type(trouble[0])("; ".join(str(error) for error in trouble))


def entered(config: AwsConfig, access: Access) -> Iterator[Entered]:
    """All accounts, in the order of their list, entered some at a time and yielded while the list
    goes on. Where it breaks, what it has named so far comes before the error."""
    waiting: deque[Future[Entered]] = deque()
    trouble: SourceError | None = None
    try:
        for member in members(config, access):
            waiting.append(access.pool.submit(_enter, member, config, access))
            while waiting and waiting[0].done():
                yield waiting.popleft().result()
    except SourceError as error:
        trouble = error
    for one in waiting:
        yield one.result()
    if trouble is not None:
        raise trouble


def _enter(member: Member, config: AwsConfig, access: Access) -> Entered:
    found = Entered(member)
    if member.suspended:
        return found
    try:
        found.regions, found.closed = access.enabled_regions(member.id)
    except Denied as error:
        found.denied = _refused(member, config, error)
    except SourceError as error:
        found.unavailable = str(error)
    return found


def _refused(member: Member, config: AwsConfig, error: Denied) -> str:
    if config.role_name:
        return (
            f"account {member.id} could not be entered as {config.role_name}: {error}; let the "
            "role trust the caller, with the configured external id"
        )
    return f"account {member.id}: {error}"


def shards(config: AwsConfig, access: Access, now: datetime) -> Iterator[Shard]:
    yield from log_shards(config, lambda: access, lambda: (access.caller()[0], access.region))
    if config.only_logs:
        return
    narrowed = _narrowed(config)
    if narrowed:
        yield Shard(id=NARROWED, scope={"part": "narrowed", "left_out": narrowed},
                    title="what the configuration leaves out")  # fmt: skip
    pruning = of_organization(access, now) if config.prune else Pruning()
    if pruning.reason:
        yield Shard(id=PRUNING, scope={"part": "pruning", "unknown": pruning.reason},
                    title="unused regions")  # fmt: skip
    if config.spending:
        yield Shard(id=SPENDING, scope={"part": "spending"}, title="spending on AI")
    if config.organization:
        yield Shard(id=UNITS, scope={"part": "units"}, listed_by=LISTING, title="business units")
    for one in entered(config, access):
        yield from _shards_of(one, config, pruning)


_OFF = {
    "identities": "what roles and users may reach",
    "secret_names": "names of secrets and parameters",
    "event_history": "CloudTrail's history: who uses what, and who made it",
    "read_values": "values of secrets and parameters",
    "read_user_data": "start-up scripts, and instances without accelerators",
    "function_images": "which images functions run",
    "function_versions": "published versions of functions",
    "stack_templates": "templates of stacks",
    "bucket_weights": "weights of models in buckets",
    "spending": "what is paid for AI",
    "invocation_logs": "Bedrock's log of invocations",
}
"""Field of the configuration -> what is not read where it is off."""


def _narrowed(config: AwsConfig) -> str:
    """What is not read, as the user has chosen or as nobody has asked for it, for coverage."""
    said = []
    if config.regions:
        said.append(f"all regions but {', '.join(sorted(config.regions))} (`regions`)")
    if config.families:
        others = sorted({*FAMILIES, *GLOBAL_FAMILIES} - set(config.families))
        said.append(f"the families {', '.join(others)} (`families`)")
    if not config.organization:
        said.append("names, tags and business units of accounts (`organization`)")
    said += [f"{what} (`{name}`)" for name, what in _OFF.items() if not getattr(config, name)]
    if not (config.trail_bucket or config.event_data_store):
        said.append("data events of a trail (`trail_bucket`, `event_data_store`)")
    return "; ".join(said)


def _shards_of(one: Entered, config: AwsConfig, pruning: Pruning) -> Iterator[Shard]:
    """The account's own shard, which names the others."""
    member = one.member
    own = ShardId(f"aws:{member.id}/account")
    told = {
        "suspended": member.suspended,
        "denied": one.denied,
        "unavailable": one.unavailable,
    }
    title = member.name or member.id
    yield Shard(
        id=own,
        scope={
            "part": "account",
            "account": member.id,
            "name": member.name,
            "email": member.email,
            **{key: text for key, text in told.items() if text},
        },
        listed_by=LISTING if config.organization else "",
        title=title,
    )
    if one.regions and config.identities:
        yield Shard(
            id=ShardId(f"aws:{member.id}/iam"),
            scope={"part": "iam", "account": member.id},
            listed_by=own,
            title=f"{title} identities",
        )
    if one.regions and config.bucket_weights:
        yield Shard(
            id=ShardId(f"aws:{member.id}/weights"),
            scope={"part": "weights", "account": member.id},
            listed_by=own,
            title=f"{title} weights in buckets",
        )
    unread = {region: _unread(region, one, pruning) for region in one.regions}
    for region, reason in unread.items():
        for shard in region_shards(config, member.id, region, own, title):
            yield msgspec.structs.replace(shard, scope={**shard.scope, **reason})
    regional = families(config)
    places = [(region, family) for region in one.regions for family in regional]
    if one.regions:
        places += [(GLOBAL, family) for family in GLOBAL_FAMILIES if is_read(family, config)]
    for region, family in places:
        yield Shard(
            id=ShardId(f"aws:{member.id}/{region}/{family}"),
            scope={
                "part": "types",
                "account": member.id,
                "region": region,
                "service": family,
                **unread.get(region, {}),
            },
            listed_by=own,
            title=f"{title} {region} {family}",
        )


def _unread(region: str, one: Entered, pruning: Pruning) -> dict[str, str]:
    """Why nothing is asked in a region, in words of a shard's scope; empty: it is read."""
    if region in one.closed:
        return {"closed": one.closed[region]}
    reason = pruning.left_out(one.member.id, region)
    return {"left_out": reason} if reason else {}


def families(config: AwsConfig) -> tuple[str, ...]:
    """What is read in every region. Raises ``ConfigError`` for a family that there is not."""
    known = {*FAMILIES, *GLOBAL_FAMILIES}
    unknown = sorted(set(config.families) - known)
    if unknown:
        raise ConfigError(
            f"[sources.aws] families: there is no {', '.join(unknown)}; there are "
            f"{', '.join(sorted(known))}"
        )
    return tuple(family for family in FAMILIES if is_read(family, config))


def is_read(family: str, config: AwsConfig) -> bool:
    if config.families and family not in config.families:
        return False
    return config.secret_names or family not in NAME_FAMILIES
