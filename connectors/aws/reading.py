"""What the types of one shard share while it is read: as whom, where, what was seen, what was
refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.aws.access import Access
from scanner.model.errors import Denied, SourceError
from scanner.model.facts import DataStore
from scanner.model.items import Gap

_GONE = ("ResourceNotFound", "NoSuchEntity", "Could not find")


@dataclass
class Reading:
    """What the types of one shard share."""

    access: Access
    account: str
    region: str
    partition: str
    account_environment: str
    environment_keys: tuple[str, ...]
    since: str = ""
    """When the time that is looked at begins, ISO 8601."""
    opted: frozenset[str] = frozenset()
    """Fields of the configuration that are set and without which something is not read."""
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """kind -> name -> id of what this shard has listed."""
    used: set[str] = field(default_factory=set)
    """What the records so far call or are made of: ids and the vendor's own words for them."""
    buckets: dict[str, DataStore] = field(default_factory=dict)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Of the kinds that others stand under."""
    kept_for: frozenset[str] = frozenset()
    gaps: list[Gap] = field(default_factory=list)

    @property
    def scope(self) -> dict[str, str]:
        return {
            "partition": self.partition,
            "region": self.region,
            "account": self.account,
            "since": self.since,
        }

    def miss(self, what: str, error: SourceError) -> None:
        self.gaps += missed(what, error)

    def drain(self) -> Iterator[Gap]:
        yield from self.gaps
        self.gaps.clear()


def missed(what: str, error: SourceError) -> list[Gap]:
    """Something of a record could not be read. What was deleted since it was listed is no gap: the
    next scan will not list it."""
    if any(word in str(error) for word in _GONE):
        return []
    return [Gap(what=what, reason=str(error), denied=isinstance(error, Denied))]


def first_tag(tags: Mapping[str, str], keys: tuple[str, ...]) -> str:
    """The value of the first of ``keys``, whatever its case."""
    folded = {key.casefold(): value for key, value in tags.items()}
    return next((folded[key.casefold()] for key in keys if folded.get(key.casefold())), "")
