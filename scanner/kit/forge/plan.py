"""Shards of a forge: one listing an owner, one for its settings, a few a repository.

A repository's shards are ``listed_by`` the owner's listing: one that a complete listing no longer
holds is gone. One that the filters leave out keeps its shards, which say so instead of being read,
so that it is named in coverage and what it showed is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from scanner.kit.contract import Probe, Shard
from scanner.kit.counted import in_turn as counting_in_turn
from scanner.kit.forge.filters import Filters, why_left_out
from scanner.kit.forge.repository import Repository, decoded, encoded
from scanner.model.base import ShardId
from scanner.model.errors import Denied, LeftOut, SourceError, Throttled, Unavailable
from scanner.model.items import Gap

TREE, HISTORY, SETTINGS, LISTING, AUDIT = "tree", "history", "settings", "listing", "audit"
FILE = "file"
_FAMILIES: Mapping[str, type[SourceError]] = {
    "denied": Denied, "throttled": Throttled, "unavailable": Unavailable,
}  # fmt: skip


@dataclass
class Listing:
    """What one owner (organization, group, workspace, project) holds."""

    connector: str
    host: str
    """Of the forge, with a port where there is one."""
    owner: str
    repositories: list[Repository] = field(default_factory=list)
    trouble: SourceError | None = None
    """What ended the listing early; what was read before it stays."""
    odd: int = 0
    """Records that name no repository."""

    @property
    def id(self) -> ShardId:
        return shard_id(self.connector, self.host, self.owner, LISTING)


def shard_id(connector: str, host: str, name: str, part: str) -> ShardId:
    """``name``: an owner's or a repository's full name."""
    return ShardId(f"{connector}:{host}/{name}/{part}")


def listed(connector: str, host: str, owner: str, found: Iterable[Repository | None]) -> Listing:
    """Drains ``found`` (None: a record that names none). A source error on the way ends this
    owner's listing, not the others'; the listing's own shard raises it again."""
    listing = Listing(connector, host, owner)
    names: set[str] = set()
    try:
        for repository in found:
            if repository is None:
                listing.odd += 1
            elif repository.full_name not in names:  # pages shift while they are read
                names.add(repository.full_name)
                listing.repositories.append(repository)
    except SourceError as error:
        listing.trouble = error
    return listing


def plan(
    listing: Listing,
    filters: Filters,
    now: datetime,
    *,
    parts: tuple[str, ...] = (TREE, HISTORY),
    listed_by: str = "",
    exclude: tuple[str, ...] = (),
) -> Iterator[Shard]:
    """The listing's own shard, then ``parts`` of each repository, in the order of their names.
    ``listed_by``: the listing that named the owner, where the user did not. ``exclude``: globs of
    paths that are not read in trees."""
    yield _listing_shard(listing, listed_by)
    for repository in sorted(listing.repositories, key=lambda r: r.full_name):
        reason = why_left_out(repository, filters, now)
        scope = {"repository": encoded(repository), "owner": listing.owner, "host": listing.host}
        if reason:
            scope["left_out"] = reason
        for part in parts:
            yield Shard(
                id=shard_id(listing.connector, listing.host, repository.full_name, part),
                scope={**scope, "part": part},
                title=f"{repository.full_name} ({part})",
                listed_by=listing.id,
                left_out=exclude if part == TREE else (),
            )


def _listing_shard(listing: Listing, listed_by: str) -> Shard:
    scope = {"part": LISTING, "owner": listing.owner, "host": listing.host}
    scope["found"] = str(len(listing.repositories))
    if listing.trouble is not None:
        kinds = (k for k, family in _FAMILIES.items() if isinstance(listing.trouble, family))
        scope |= {"trouble": str(listing.trouble), "family": next(kinds, "unavailable")}
    if listing.odd:
        scope["odd"] = str(listing.odd)
    return Shard(
        id=listing.id,
        scope=scope,
        listed_by=listed_by,
        title=f"repositories of {listing.owner}",
    )


def check_listing(shard: Shard) -> Iterator[Gap]:
    """What kept the listing from being complete: gaps, and at the end the error that ended it.
    Yield the owner's own facts before, so that they are kept."""
    if "odd" in shard.scope:
        yield Gap(what="listing", reason=f"{shard.scope['odd']} records name no repository")
    if "trouble" in shard.scope:
        raise _FAMILIES[shard.scope["family"]](shard.scope["trouble"])


def repository_of(shard: Shard) -> Repository:
    """Of a repository's shard. Raises ``LeftOut`` for one that is not to be read, ``Unavailable``
    for one that the forge keeps from everybody."""
    repository = decoded(shard.scope["repository"])
    if "left_out" in shard.scope:
        raise LeftOut(f"{repository.full_name}: left out by `filters`: {shard.scope['left_out']}")
    if repository.disabled:
        raise Unavailable(f"{repository.full_name}: {repository.disabled}; it cannot be read")
    return repository


def file_probes(folder: Path, names: Iterable[str]) -> Iterator[Probe]:
    """Whether the files are there."""
    for name in names:
        there = (folder / name).is_file()
        detail = "readable" if there else "no such file; check `audit_files`"
        yield Probe(check=f"read {name}", ok=there, detail=detail)


def with_files(
    source: str, host: str, found: Iterator[Shard], names: Iterable[str]
) -> Iterator[Shard]:
    """Shards of files of audit events behind what is listed, also where that breaks off: they leave
    out what the logs that are read by the API have counted."""

    def all_of() -> Iterator[Shard]:
        trouble: SourceError | None = None
        try:
            yield from found
        except SourceError as error:
            trouble = error
        for name in names:
            scope = {"part": FILE, "file": name, "host": host}
            yield Shard(id=ShardId(f"{source}:file:{name}"), scope=scope)
        if trouble is not None:
            raise trouble

    return counting_in_turn(all_of(), lambda one: one.scope["part"] in (AUDIT, FILE))
