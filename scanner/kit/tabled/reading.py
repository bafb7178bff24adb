"""What the types of one shard share while it is read: how to ask, as whom, where, what was seen,
what was refused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from scanner.kit.tables import Call
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import DataStore, Edge, Identity
from scanner.model.items import Gap

_MOST_ID = 2048
"""Characters. The longest that a vendor allows (https://docs.aws.amazon.com/IAM/latest/UserGuide/
reference_identifiers.html; Google's and Azure's are shorter)."""
_MOST_NAME = 512

Node: TypeAlias = DataStore | Identity
Target: TypeAlias = "Callable[[str, Any], tuple[str, Node | None]]"
"""``target(value, reading)``: the id that a value stands for (empty: none), and the node where it
is told nowhere else."""


@dataclass(kw_only=True)
class Reading(ABC):
    """One for a shard. A connector says how its vendor is asked and how it spells ids."""

    source: ClassVar[str]
    """Of evidence, and the first word of ids that are made of names."""
    targets: ClassVar[Mapping[str, Target]] = {}
    """Words that the vendor's tables may use as a target of an edge."""

    judges: ClassVar[Mapping[str, Callable[[str], bool]]] = {}
    """Words that the vendor's tables may judge a value by."""

    says_none: ClassVar[bool] = False
    """The vendor's word for what is not there stands for a part that a thing does not have, too."""

    account: str
    """Account, project or subscription, as the vendor calls it."""
    region: str
    account_environment: str = ""
    environment_keys: tuple[str, ...] = ()
    since: str = ""
    """When the time that is looked at begins, ISO 8601."""
    opted: frozenset[str] = frozenset()
    """Fields of the configuration that are set and without which something is not read."""
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """kind -> name -> id of what this shard has listed."""
    listed: set[str] = field(default_factory=set)
    """Ids of what this shard has listed."""
    used: set[str] = field(default_factory=set)
    """What the records so far call or are made of: ids and the vendor's own words for them."""
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Of the kinds that others stand under."""
    kept_for: frozenset[str] = frozenset()
    origins: dict[str, tuple[Mapping[str, Any], str]] = field(default_factory=dict)
    """Id of one of these -> what its list was asked of, and its id in that list."""
    gaps: list[Gap] = field(default_factory=list)

    @property
    @abstractmethod
    def pool(self) -> ThreadPoolExecutor:
        """For calls that wait for each other's answers; who runs in it may not wait for it."""

    @abstractmethod
    def call(self, call: Call, args: Mapping[str, Any]) -> dict[str, Any]:
        """One operation's answer. Raises the source errors."""

    @abstractmethod
    def pages(self, call: Call, args: Mapping[str, Any]) -> Iterator[Any]:
        """The records at ``call.items`` of every page. Raises the source errors."""

    def afresh(self, call: Call, args: Mapping[str, Any]) -> Iterator[Any]:
        """The same, of now, where ``pages`` may tell what was asked for earlier."""
        yield from self.pages(call, args)

    @property
    def scope(self) -> dict[str, str]:
        """What ``{holes}`` of a table may name besides paths of the record."""
        return {"region": self.region, "account": self.account, "since": self.since}

    @property
    def holder(self) -> NodeId:
        """The node that holds what stands under nothing else."""
        return NodeId(f"{self.source}:account/{self.account}")

    def region_of(self, record: Mapping[str, Any]) -> str:
        """Where a record is, for a vendor whose lists tell of many regions."""
        return self.region

    def tags_of(self, ident: str) -> dict[str, str] | None:
        """Where one call tells the tags of many; None: they are asked for one by one."""
        return None

    def tag_edges(self, tags: Mapping[str, str], ident: str, evidence: Evidence) -> Iterator[Edge]:
        """What tags say of where a thing comes from."""
        yield from ()

    def is_gone(self, error: SourceError) -> bool:
        """Whether the vendor says that what was asked of is not there. It says so of more than what
        was deleted, so that the list that has shown it is asked again (:mod:`.presence`)."""
        return False

    def is_id(self, value: str) -> bool:
        """Whether a value is a node's id already."""
        return False

    def whole(self, ident: str) -> str:
        """An id without alias, version or qualifier, which is what lists show."""
        return ident

    def spelled(self, text: str) -> str:
        """An id that was made of names, as the vendor writes it."""
        return text

    def called(self, name: str) -> str:
        """Of a full name the part that people know."""
        return name

    def unlisted(self, kind: str, name: str) -> str:
        """The id of what an edge names and no list has told (denied, deleted): the hop stays."""
        return f"{self.source}:{self.account}/{self.region}/{kind}/{name}"

    def miss(self, what: str, error: SourceError) -> None:
        """A list, or a part of one, could not be read: always a gap, whatever the error says."""
        self.gaps.append(gap_of(what, error))

    def drain(self) -> Iterator[Gap]:
        yield from self.gaps
        self.gaps.clear()


def missed(what: str, error: SourceError, is_gone: Callable[[SourceError], bool]) -> list[Gap]:
    """Something of a record could not be read. What was deleted since it was listed is no gap: the
    next scan will not list it."""
    if is_gone(error):
        return []
    return [gap_of(what, error)]


def gap_of(what: str, error: SourceError) -> Gap:
    return Gap(what=what, reason=str(error), denied=isinstance(error, Denied))


def is_usable(ident: str) -> bool:
    """Whether an id is one: not empty, not a piece of a malformed answer, of a length that the
    vendors' have."""
    return bool(ident.strip()) and len(ident) <= _MOST_ID and ident.isprintable()


def shown(name: str) -> str:
    """A name for people: within bounds, and nothing that moves a cursor or hides."""
    plain = name[:_MOST_NAME]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in plain)


def first_tag(tags: Mapping[str, str], keys: tuple[str, ...]) -> str:
    """The value of the first of ``keys``, whatever its case."""
    folded = {key.casefold(): value for key, value in tags.items()}
    return next((folded[key.casefold()] for key in keys if folded.get(key.casefold())), "")
