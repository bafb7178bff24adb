"""Which repositories are read, and why another one is not. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import msgspec

from scanner.kit.forge.repository import Repository


class Filters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which repositories of a listing are read; by default all. One that is left out is named in
    coverage, and what it showed earlier is held."""

    include: tuple[str, ...] = ()
    """Globs of full names (``acme/*-service``), any case; empty: all."""
    exclude: tuple[str, ...] = ()
    """Globs of full names, after `include`."""
    archived: bool = True
    """Archived ones too: keys in them may still work."""
    forks: bool = True
    """Forks too."""
    topics: tuple[str, ...] = ()
    """At least one of these; empty: whatever their topics."""
    pushed_since_days: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Only what was pushed to in this many days; 0: whenever."""
    visibility: tuple[Literal["public", "internal", "private"], ...] = ()
    """Only these; empty: all."""
    max_size_mib: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Nothing that the forge says is larger; 0: whatever its size."""


def why_left_out(repository: Repository, filters: Filters, now: datetime) -> str:
    """Empty: it is read. Else the setting that leaves it out, for people."""
    name = repository.full_name.casefold()
    topics = {topic.casefold() for topic in repository.topics}
    checks = (
        (filters.include and not _matches(name, filters.include), "not in `include`"),
        (_matches(name, filters.exclude), "in `exclude`"),
        (repository.is_archived and not filters.archived, "archived"),
        (repository.is_fork and not filters.forks, "a fork"),
        (filters.topics and not topics & {t.casefold() for t in filters.topics},
         "has none of `topics`"),
        (filters.visibility and repository.visibility
         and repository.visibility not in filters.visibility,
         f"{repository.visibility}, not in `visibility`"),
        (_is_stale(repository, filters, now),
         f"not pushed to in {filters.pushed_since_days} days"),
        (filters.max_size_mib and repository.size_kib > filters.max_size_mib << 10,
         f"{repository.size_kib >> 10} MiB, over `max_size_mib`"),
    )  # fmt: skip
    return next((reason for applies, reason in checks if applies), "")


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, glob.casefold()) for glob in globs)


def _is_stale(repository: Repository, filters: Filters, now: datetime) -> bool:
    """Not for a time that cannot be read: what is not known is read."""
    if not filters.pushed_since_days or not repository.pushed_at:
        return False
    try:
        at = datetime.fromisoformat(repository.pushed_at)
    except ValueError:
        return False
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at < now - timedelta(days=filters.pushed_since_days)
