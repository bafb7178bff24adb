"""Who uses AI in AWS: who calls which model, endpoint or agent, from where, how often, first and
last; and who made what. Read from logs that exist anyway, and only added up.

Owns the shards of logs and what each is read by. It lists no resources: what a log names and
no list shows becomes an asset all the same, so that what is used and not listed is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.aws.activity import trail
from connectors.aws.activity.actors import IDENTITY_KINDS
from connectors.aws.activity.asking import GET, LIST, Bucket, Calls
from connectors.aws.activity.files import read_path
from connectors.aws.activity.invocation_log import DESTINATION, EVENTS, read_invocations
from connectors.aws.activity.lake import DESCRIBE, RESULTS, START, Query
from connectors.aws.activity.lookup import OPERATION as LOOKUP
from connectors.aws.activity.lookup import History, read_history
from connectors.aws.activity.services import KEY_KINDS
from connectors.aws.activity.settings import ActivityConfig
from connectors.aws.activity.things import ASSET_KINDS, Place
from connectors.aws.activity.totals import Totals
from scanner.kit.contract import Context, Mode, Shard
from scanner.model.base import ShardId
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.items import Checkpoint, Item

__all__ = [
    "KINDS",
    "OPERATIONS",
    "OPT_IN",
    "PARTS",
    "ActivityConfig",
    "Calls",
    "collect",
    "log_shards",
    "region_shards",
]

OPERATIONS: Mapping[str, str] = {
    LOOKUP: "who calls AI services, and who made what: 90 days of management events",
    LIST: "new files of a trail or of Bedrock's invocation log",
    GET: "files of a trail or of Bedrock's invocation log, in that bucket alone",
    START: "sums of AI calls from an event data store: a query, which reads, and the one operation "
    "here that is neither List, Get nor Describe",
    DESCRIBE: "whether that query has ended",
    RESULTS: "what that query found",
    DESTINATION: "where Bedrock's log of model invocations is kept",
    EVENTS: "Bedrock's log of model invocations, where a log group keeps it",
}
"""Every call that is made here, and why."""

OPT_IN: Mapping[str, tuple[str, ...]] = {
    LIST: ("trail_bucket", "invocation_logs"),
    GET: ("trail_bucket", "invocation_logs"),
    START: ("event_data_store",),
    DESCRIBE: ("event_data_store",),
    RESULTS: ("event_data_store",),
    DESTINATION: ("invocation_logs",),
    EVENTS: ("invocation_logs",),
}
"""Those that are made only where one of these settings is given."""

KINDS: frozenset[str] = frozenset({*ASSET_KINDS, *IDENTITY_KINDS, *KEY_KINDS})
"""Of all that may be yielded."""

_HISTORY, _TRAIL, _LAKE, _INVOCATIONS, _FILES, _REFUSED = PARTS = (
    "event-history", "trail", "event-data-store", "invocation-log", "log-files", "log-refused"
)  # fmt: skip
"""``scope["part"]`` of the shards that are read here."""


def region_shards(
    config: ActivityConfig, account: str, region: str, listed_by: str = "", title: str = ""
) -> Iterator[Shard]:
    """What is read in each region of each account. Their ids sort before those of lists, so that
    where both name a thing, the list's words for it stand."""
    parts = {_HISTORY: config.event_history, _INVOCATIONS: config.invocation_logs}
    for part in (part for part, is_wanted in parts.items() if is_wanted):
        yield Shard(
            id=ShardId(f"aws:{account}/{region}/activity/{part}"),
            scope={"part": part, "account": account, "region": region},
            mode=Mode.INCREMENTAL,
            listed_by=listed_by,
            title=f"{title or account} {region} {part}",
        )


def log_shards(
    config: ActivityConfig, calls: Callable[[], Calls], own: Callable[[], tuple[str, str]]
) -> Iterator[Shard]:
    """What is read once a scan: a trail's bucket, an event data store, files. ``calls`` and ``own``
    (the caller's own account, and the region where accounts are listed) are asked for a trail
    alone: files need no AWS."""
    if config.trail_bucket:
        yield from _trail_shards(config, calls, own)
    if config.event_data_store:
        store = config.event_data_store
        yield Shard(
            id=ShardId(f"aws:*/activity/{_LAKE}/{store.rpartition('/')[2]}"),
            scope={"part": _LAKE, "store": store},
            mode=Mode.INCREMENTAL,
            title="CloudTrail Lake",
        )
    for name in config.log_files:
        yield Shard(
            id=ShardId(f"aws:*/activity/{_FILES}/{name}"),
            scope={"part": _FILES, "file": name},
            title=name,
        )


def collect(
    ctx: Context[Any], calls: Callable[[], Calls], shard: Shard, since: Checkpoint | None
) -> Iterator[Item]:
    """The items of one shard whose part is among ``PARTS``."""
    scope, config = shard.scope, ctx.config
    days = config.activity_days or ctx.window_days
    part = scope["part"]
    if part == _REFUSED:
        raise (Denied if scope.get("denied") else Unavailable)(scope["reason"])
    if part == _FILES:
        yield from read_path(ctx.folder / Path(scope["file"]).expanduser(), scope["file"])
    elif part == _LAKE:
        yield from Query(calls(), scope["store"], ctx.now(), days).items(since)
    elif part == _TRAIL:
        place = Place(scope["account"], scope["region"])
        bucket = Bucket(calls(), scope["as"], scope["at"], config.trail_bucket)
        totals = Totals(place=place, accounts=_accounts(ctx, bucket))
        first = trail.day_before(scope["folder"], ctx.now(), days)
        yield from trail.Files(bucket, scope["folder"], first, totals).items(since)
    elif part == _INVOCATIONS:
        place = Place(scope["account"], scope["region"])
        yield from read_invocations(calls(), place, ctx.now(), days, since)
    else:
        wanted = History(
            place=Place(scope["account"], scope["region"]),
            now=ctx.now(),
            days=days,
            sources=config.event_sources,
            pages=config.event_pages,
        )
        yield from read_history(calls(), wanted, since)


def _trail_shards(
    config: ActivityConfig, calls: Callable[[], Calls], own: Callable[[], tuple[str, str]]
) -> Iterator[Shard]:
    """One for each account and region that the bucket holds. Where that cannot be listed, one that
    says why, under which all that was known of the trail is held."""
    listing = ShardId(f"aws:*/activity/{_TRAIL}/{config.trail_bucket}")
    found: list[Shard] = []
    try:
        account, region = own()
        account, region = config.trail_account or account, config.trail_region or region
        bucket = Bucket(calls(), account, region, config.trail_bucket)
        root = config.trail_root
        folders = list(trail.accounts(bucket, root, config.trail_organization))
        counts = Counter(ident for ident, _ in folders)
        for ident, folder in folders:
            # A bucket may hold the trail of an account beside that of its organization.
            is_own = counts[ident] > 1 and folder.startswith(f"{root}{ident}/")
            found += [
                Shard(
                    id=ShardId(
                        f"aws:{ident}/{name}/activity/{_TRAIL}" + ("/account" if is_own else "")
                    ),
                    scope={"part": _TRAIL, "account": ident, "region": name, "as": account,
                           "at": region, "folder": f"{folder}{name}/"},
                    mode=Mode.INCREMENTAL,
                    listed_by=listing,
                    title=f"{ident} {name} {_TRAIL}",
                )
                for name in trail.regions(bucket, folder)
            ]  # fmt: skip
        reason = f"no account's events below {root} in {config.trail_bucket}; check `trail_prefix`"
        scope = {} if found else {"reason": reason}
    except SourceError as error:
        scope = {"reason": str(error), "denied": "yes" if isinstance(error, Denied) else ""}
    if scope:
        yield Shard(
            id=listing, scope={"part": _REFUSED, **scope}, mode=Mode.INCREMENTAL,
            title=config.trail_bucket,
        )  # fmt: skip
    else:
        yield from found


def _accounts(ctx: Context[Any], bucket: Bucket) -> frozenset[str]:
    """Those whose events the trail has: a call between two of them stands there twice."""
    config = ctx.config

    def listed() -> frozenset[str]:
        found = trail.accounts(bucket, config.trail_root, config.trail_organization)
        return frozenset(ident for ident, _ in found)

    return ctx.kept("aws.activity.trail", listed)
