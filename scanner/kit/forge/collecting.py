"""One repository's shard -> items: fetched into the cache, then read as any local clone is.

The one place where a forge's repository meets the readers of git.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from scanner.kit.archives import Bounds
from scanner.kit.contract import Context, Shard
from scanner.kit.forge.lost import read_lasting
from scanner.kit.forge.plan import HISTORY, repository_of
from scanner.kit.forge.repository import Repository
from scanner.kit.forge.session import ca_file
from scanner.kit.forge.settings import GitSettings
from scanner.kit.git.cache import CacheLimits, CloneCache
from scanner.kit.git.fetching import HEADS_AND_TAGS, Remote
from scanner.kit.git.history import Options
from scanner.kit.git.process import Git
from scanner.kit.git.reading import holder, read_tree
from scanner.model.base import NodeId, digest
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset
from scanner.model.items import AsOf, Item

_GIB = 1 << 30
_SETTLED = timedelta(seconds=60)
"""Forges round to seconds: what was pushed to a moment ago may be pushed to again under the same
time, so its mark is not remembered."""


@dataclass(frozen=True)
class Access:
    """How a connector's repositories are reached."""

    source: str
    """Connector name."""
    settings: GitSettings
    authorization: Callable[[Repository], str]
    """Value of the Authorization header for git; asked at the time of the fetch, so that it may
    be renewed. :func:`basic` makes one. Empty: none (a public repository)."""
    pull_refspecs: tuple[str, ...] = ()
    """What `pull_requests` adds: ``+refs/pull/*/head:refs/pull/*/head``."""
    holder_rule: str = ""
    """Operation that listed the repository, as evidence of it."""


def basic(user: str, token: str) -> str:
    """The header git hosts take tokens in (RFC 7617)."""
    from base64 import b64encode

    return "Basic " + b64encode(f"{user}:{token}".encode()).decode()


def clone_cache(ctx: Context[Any], settings: GitSettings) -> CloneCache:
    """The one of this run, shared by all of a connector's shards."""

    def make() -> CloneCache:
        limits = CacheLimits(
            cache_bytes=int(settings.cache_gib * _GIB),
            repository_bytes=int(settings.max_repository_gib * _GIB),
            free_bytes=int(settings.free_disk_gib * _GIB),
            fetch_seconds=settings.fetch_minutes * 60,
        )
        return CloneCache(cache_folder(ctx, settings), limits, ca_file=ca_file(ctx, settings))

    return ctx.kept("forge.clone_cache", make)


def cache_folder(ctx: Context[Any], settings: GitSettings) -> Path:
    """Where clones are kept, and below it what else a forge lets be remembered."""
    if settings.cache_folder:
        return ctx.folder / Path(settings.cache_folder).expanduser()
    return Path(platformdirs.user_cache_dir("shadow-ai", appauthor=False)) / "forges"


def collect_part(ctx: Context[Any], shard: Shard, access: Access) -> Iterator[Item]:
    """The items of one repository's tree or history shard (:func:`scanner.kit.forge.plan.plan`):
    the repository itself first, then who owns it and its files, or what its objects hold; nothing
    where nobody has pushed since it was read. Raises the source errors, ``LeftOut`` among them."""
    repository = repository_of(shard)
    asset = repository_asset(repository, access)
    mark = _mark(repository, ctx.now())
    if mark:
        yield AsOf(mark=digest([mark, asset]))
    settings = access.settings
    most = settings.max_file_mib << 20
    options = Options(most, archives=Bounds(), memory=ctx.recall(shard.id))
    is_history = shard.scope["part"] == HISTORY
    if repository.is_empty:
        yield asset
        if is_history:
            yield from read_lasting(None, repository.subject, ctx, options)
        return
    with clone_cache(ctx, settings).clone(_remote(repository, access, ctx.now())) as git:
        yield asset
        if is_history:
            yield from read_lasting(git, repository.subject, ctx, options)
        else:
            yield from _tree(git, repository.subject, access, most)


def _tree(git: Git, subject: NodeId, access: Access, most: int) -> Iterator[Item]:
    yield from read_tree(
        git.folder,
        git,
        subject,
        is_bare=True,
        exclude=access.settings.exclude,
        most_bytes=most,
        source=access.source,
    )


def _remote(repository: Repository, access: Access, now: datetime) -> Remote:
    refspecs: tuple[str, ...] = HEADS_AND_TAGS
    if access.settings.pull_requests:
        refspecs = (*refspecs, *access.pull_refspecs)
    return Remote(
        url=repository.clone_url,
        authorization=access.authorization(repository),
        default_branch=repository.default_branch,
        mark=_mark(repository, now),
        refspecs=refspecs,
    )


def _lasting(repository: Repository) -> str:
    """What a repository is called by for ever, whatever its name becomes."""
    host = repository.subject.removeprefix("git:").partition("/")[0]
    return f"forge:{host}/repository/{repository.key}"


def _mark(repository: Repository, now: datetime) -> str:
    """What changes with a push; empty where the forge does not say, or has only just said."""
    return repository.refs_mark if _is_settled(repository, now) else ""


def _is_settled(repository: Repository, now: datetime) -> bool:
    try:
        at = datetime.fromisoformat(repository.pushed_at)
    except ValueError:
        return True  # the mark is not a time
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) < now - _SETTLED


def repository_asset(repository: Repository, access: Access) -> Asset:
    """The repository as a carrier, with what the forge says of it as tags."""
    subject = repository.subject
    said = {
        "visibility": repository.visibility,
        "default_branch": repository.default_branch,
        "archived": "true" if repository.is_archived else "",
        "fork": "true" if repository.is_fork else "",
        "template": "true" if repository.is_template else "",
        "mirror": "true" if repository.is_mirror else "",
        "topics": ", ".join(sorted(repository.topics)),
        "pushed_at": repository.pushed_at,
    }
    evidence = Evidence(
        rule=access.holder_rule or "listing", source=access.source, resource=subject
    )
    return msgspec.structs.replace(
        holder(subject, Path(repository.full_name)),
        tags={key: value for key, value in said.items() if value},
        aliases=(_lasting(repository),) if repository.key else (),
        status="archived" if repository.is_archived else "",
        evidence=(evidence,),
    )
