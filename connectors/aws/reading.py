"""What the types of one shard share while it is read: as whom, where, what was seen, what was
refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.aws.access import Access
from scanner.kit.tables import Call, tags_of
from scanner.model.errors import Denied, SourceError
from scanner.model.facts import DataStore
from scanner.model.items import Gap

TAGS_OPERATION = "resourcegroupstaggingapi:GetResources"
_NOT_TOLD = frozenset({"", "iam", "autoscaling"})
"""Services of whose tags GetResources does not tell; it does of all others
(https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html)."""
_MOST_ID = 2048
"""Characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"""
_MOST_NAME = 512
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
    _tags: dict[str, dict[str, dict[str, str]] | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    gaps: list[Gap] = field(default_factory=list)

    @property
    def scope(self) -> dict[str, str]:
        return {
            "partition": self.partition,
            "region": self.region,
            "account": self.account,
            "since": self.since,
        }

    def tags_of(self, ident: str) -> dict[str, str] | None:
        """The tags of a thing, of which a call tells a hundred, and nothing of what has none. None:
        to be asked for by itself (no ARN, or tags may not be read like this)."""
        service = (ident.split(":")[2:3] or [""])[0] if ident.startswith("arn:") else ""
        if service in _NOT_TOLD:
            return None
        with self._lock:
            if service not in self._tags:
                self._tags[service] = self._all_tags(service)
            known = self._tags[service]
        return None if known is None else known.get(ident.casefold(), {})

    def _all_tags(self, service: str) -> dict[str, dict[str, str]] | None:
        call = Call(op=TAGS_OPERATION, items="ResourceTagMappingList[]")
        asked = {"ResourceTypeFilters": [service], "ResourcesPerPage": 100}
        try:
            return {
                str(found["ResourceARN"]).casefold(): tags_of(found.get("Tags"))
                for found in self.access.pages(self.account, self.region, call, asked)
            }
        except SourceError:
            return None

    def miss(self, what: str, error: SourceError) -> None:
        self.gaps += missed(what, error)

    def drain(self) -> Iterator[Gap]:
        yield from self.gaps
        self.gaps.clear()


def missed(what: str, error: SourceError) -> list[Gap]:
    """Something of a record could not be read. What was deleted since it was listed is no gap: the
    next scan will not list it."""
    # ``<operation> in <place>: <code>: <message>``: what a thing is called is not looked at.
    _, _, said = str(error).partition(": ")
    if not isinstance(error, Denied) and said.startswith(_GONE):
        return []
    code, _, message = said.partition(": ")
    if code == "ValidationException" and message.startswith(_GONE):
        return []
    return [Gap(what=what, reason=str(error), denied=isinstance(error, Denied))]


def is_usable(ident: str) -> bool:
    """Whether an id is one: not empty, not a piece of a malformed answer, of a length that AWS's
    have."""
    return bool(ident.strip()) and len(ident) <= _MOST_ID and ident.isprintable()


def shown(name: str) -> str:
    """A name for people: within bounds, and nothing that moves a cursor or hides."""
    plain = name[:_MOST_NAME]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in plain)


def first_tag(tags: Mapping[str, str], keys: tuple[str, ...]) -> str:
    """The value of the first of ``keys``, whatever its case."""
    folded = {key.casefold(): value for key, value in tags.items()}
    return next((folded[key.casefold()] for key in keys if folded.get(key.casefold())), "")
