"""What was looked at, how completely, and why not more."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from scanner.model.base import Model, ShardId


class Outcome(StrEnum):
    COMPLETE = "complete"
    PARTIAL = "partial"
    DENIED = "denied"
    FAILED = "failed"
    NOT_ENABLED = "not_enabled"
    LEFT_OUT = "left_out"
    """By the user's own filters: nothing is claimed of it, and it makes no scan incomplete."""

    @property
    def proves_absence(self) -> bool:
        """Whether "it was not there" may be said: the shard was read to its end, or the service
        is verifiably off."""
        return self in (Outcome.COMPLETE, Outcome.NOT_ENABLED)

    @property
    def is_lacking(self) -> bool:
        """Whether the scan is less than what was asked for."""
        return not self.proves_absence and self is not Outcome.LEFT_OUT


def wanted(statuses: Iterable[str]) -> int:
    """How many shards a scan was asked for: all that it knows of but what was left out."""
    return sum(status != Outcome.LEFT_OUT for status in statuses)


def earlier(read_at: Iterable[str]) -> str:
    """For people: how many shards stand as of an earlier reading. Empty: none."""
    times = sorted(filter(None, read_at))
    return f"{len(times)} stand as of earlier readings, from {times[0]} on" if times else ""


class Coverage(Model, frozen=True, kw_only=True):
    """One shard of one scan."""

    shard: ShardId
    source: str
    """Connector name."""
    status: Outcome
    reason: str = ""
    """For people: what happened, where, what to do. Empty when complete."""
    records: int = 0
    listed_by: str = ""
    """The listing shard that names this one; when that listing is complete and no longer names
    it, what was in it is verifiably gone."""
    whole_of: str = ""
    """Ids of the shards that show a part of it, with ``{path}``."""
    left_out: tuple[str, ...] = ()
    """Globs of paths that were not looked at by the user's own choice."""
    gaps: tuple[str, ...] = ()
    """Single things inside the shard that could not be read, named."""
    read_at: str = ""
    """When the scan began that has read it, where this one has not: its source was not due."""


class Sight(Model, frozen=True, kw_only=True):
    """Where a thing would have been seen: a connector says it of what it lists without exception,
    so that what is not there may be missed."""

    ids: str
    """Expression over a whole id, any letter case; its named groups stand in ``shards``."""
    shards: tuple[str, ...]
    """Ids of the shards that show it, all of them, with ``{group}``. A group that is empty in the
    id leaves open where: then every such shard counts, and what lists them."""
