"""Owners of repositories (groups, workspaces, projects, organizations) and what is in them: the
names of their nodes and shards, and a repository read as a part of its owner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from scanner.kit.contract import Context, Counts, Mode, Operation, Probe, Shard
from scanner.kit.counted import Counted
from scanner.kit.forge.collecting import Access, collect_part, repository_asset
from scanner.kit.forge.details import Detail, Where, read_details
from scanner.kit.forge.events import Events, Log, read_events
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.plan import AUDIT, HISTORY, SETTINGS, TREE, repository_of, shard_id
from scanner.kit.forge.repository import Repository
from scanner.kit.forge.saying import contains
from scanner.kit.forge.settings import GitSettings
from scanner.kit.forge.turns import taking_turns
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Item

INSTANCE = "(instance)"
"""Owner of what is listed of a whole forge; no forge lets one be called that."""


LISTED: Mapping[str, Counts] = {
    **dict.fromkeys(("git.clone", "git.history", "settings"), Counts.MORE),
    **{
        f"git.{field}": Counts.NEVER
        for field in GitSettings.__struct_fields__
        if field not in ("clone", "history", "ca_file")
    },
    **{f"filters.{field}": Counts.NEVER for field in Filters.__struct_fields__},
}
"""What the settings of all forges change in their lists: what filters leave out stays there."""


def parts_of(git: GitSettings, *, with_settings: bool) -> tuple[str, ...]:
    """The shards of each repository that the user's choices leave."""
    chosen = {TREE: git.clone, HISTORY: git.clone and git.history, SETTINGS: with_settings}
    return tuple(part for part, is_read in chosen.items() if is_read)


def owner_shard(
    connector: str, host: str, owner: str, part: str, *, listed_by: str = "", **scope: str
) -> Shard:
    """Of its settings or its audit log. ``listed_by``: the listing that named the owner, where the
    user did not."""
    return Shard(
        id=shard_id(connector, host, owner, part),
        scope={"part": part, "owner": owner, "host": host, **scope},
        mode=Mode.INCREMENTAL if part == AUDIT else Mode.FULL,
        listed_by=listed_by,
        title=f"{'audit log' if part == AUDIT else part} of {owner}",
    )


def account_id(source: str, host: str, owner: str) -> NodeId:
    return NodeId(f"{source}:{host}" if owner == INSTANCE else f"{source}:{host}/{owner}")


def of_owner(
    ctx: Context[Any], shard: Shard, source: str, owner: str, path: Mapping[str, str]
) -> Where:
    account = account_id(source, shard.scope["host"], owner)
    return Where(
        source=source, host=shard.scope["host"], subject=account, account=account, name=owner,
        path=path, examine=ctx.examine,
    )  # fmt: skip


def account_of(where: Where, noun: str, rule: str, *, parent: str = "") -> Account:
    """The owner as a node: ``<source>.<noun>``, below ``parent``."""
    is_all = where.name == INSTANCE
    return Account(
        id=where.account,
        kind=f"{where.source}.{'instance' if is_all else noun}",
        name=where.host if is_all else where.name,
        provider=where.source,
        parent=account_id(where.source, where.host, parent) if parent else None,
        evidence=(Evidence(rule=rule, source=where.source, resource=where.account),),
    )


def answered(account: Account, items: Iterator[Item]) -> Iterator[Item]:
    """The owner itself before them, and not before it has answered: who refuses shows nothing."""
    for number, item in enumerate(items):
        if number == 0:
            yield account
        yield item


def read_log(
    ctx: Context[Any],
    where: Where,
    account: Account,
    events: Events,
    since: Checkpoint | None,
    *,
    kept: timedelta,
    span: timedelta,
    counted: Counted | None = None,
) -> Iterator[Item]:
    """The owner and its audit log, as far back as the configuration says. ``kept``, ``span``: see
    :class:`scanner.kit.forge.events.Log`; ``counted``: as of :func:`read_events`."""
    first = timedelta(days=ctx.config.since_days or ctx.window_days)
    log = Log(kept=kept, first=first, span=span)
    return answered(account, read_events(where, events, log, ctx.now(), since, counted))


def collect_repository(
    ctx: Context[Any],
    shard: Shard,
    access: Access,
    above: Where,
    *,
    path: Callable[[Repository], Mapping[str, str]],
    details: Iterable[Detail],
    read: Callable[[Detail, Where], Iterator[Any]],
    operations: Iterable[Operation],
) -> Iterator[Item]:
    """Any shard of a repository: it itself, that its owner holds it, and what the part says.
    ``path``: values for the paths of ``details``."""
    repository = repository_of(shard)
    subject = repository.subject
    if shard.scope["part"] == SETTINGS:
        where = Where(
            source=access.source, host=above.host, subject=subject, account=above.account,
            name=repository.full_name, path=path(repository), examine=ctx.examine,
        )  # fmt: skip
        yield repository_asset(repository, access)
        yield contains(above, subject, access.holder_rule)
        yield from taking_turns(
            ctx, shard, read, lambda asking: read_details(details, where, asking, operations)
        )
        return
    for number, item in enumerate(collect_part(ctx, shard, access)):
        yield item
        if number == 0:
            yield contains(above, subject, access.holder_rule)


def token_of(ctx: Context[Any], name: str, what: str) -> str:
    """The token in the environment variable ``name``; ``what``: which one that has to be."""
    token = ctx.environ.get(name, "").strip()
    if not token:
        raise Denied(f"no token: set the environment variable {name} to {what}")
    return token


def probed(check: str, ask: Callable[[], object], remedy: str) -> Probe:
    try:
        ask()
    except SourceError as error:
        return Probe(check=check, ok=False, detail=str(error), remedy=remedy)
    return Probe(check=check, ok=True, detail="readable")
