"""What a grant opens: nouns of data, told as data stores of the tenant, read and written apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import DataStore

Way = tuple[str, bool, bool]
"""Noun (empty: no data), whether it may be read, and whether written."""
Opened = tuple[tuple[DataStore, ...], tuple[DataStore, ...]]
"""What may be read, and what written."""
_MOST_KEPT = 4096
UNLISTED = "unlisted"
"""Noun of what a permission opens that no table knows: a grant of it is no narrow one, it is one of
which nobody can say how wide it is."""
_UNLISTED = ("data behind permissions that are not listed", "unlisted")
NO_DATA: Way = ("", False, False)


@dataclass(frozen=True)
class OpenedData:
    """``stores``: noun -> its name, and the class of data. ``rule``: the vendor's word for what is
    granted. ``place``: whose ids they are (:class:`scanner.kit.named.Names`)."""

    source: str
    rule: str
    stores: Mapping[str, tuple[str, str]]
    place: str = ""
    _told: dict[tuple[str, tuple[Way, ...]], Opened] = field(
        default_factory=dict, repr=False, compare=False
    )
    """What was told before: a log asks for the same scopes again and again."""
    _stored: dict[tuple[str, str], DataStore] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def kind(self) -> str:
        return f"{self._of}.data"

    @property
    def _of(self) -> str:
        return self.place or self.source

    def of(self, opened: Iterable[Way], tenant: str) -> Opened:
        """What may be read, and what written. ``opened``: noun (empty: no data), whether it may be
        read, and whether written."""
        known = tuple(opened)
        asked = (tenant, known)
        found = self._told.get(asked)
        if found is None:
            if len(self._told) > _MOST_KEPT:
                self._told.clear()
            found = self._told[asked] = self._of_each(known, tenant)
        return found

    def _of_each(self, opened: Iterable[Way], tenant: str) -> Opened:
        known = [one for one in opened if one[0]]
        reads = {noun for noun, may_read, _ in known if may_read}
        writes = {noun for noun, _, may_write in known if may_write}
        return (
            tuple(self.store(noun, tenant) for noun in sorted(reads)),
            tuple(self.store(noun, tenant) for noun in sorted(writes)),
        )

    def store(self, noun: str, tenant: str) -> DataStore:
        known = self._stored.get((noun, tenant))
        if known is None:
            if len(self._stored) > _MOST_KEPT:
                self._stored.clear()
            known = self._stored[noun, tenant] = self._made(noun, tenant)
        return known

    def _made(self, noun: str, tenant: str) -> DataStore:
        name, family = _UNLISTED if noun == UNLISTED else self.stores[noun]
        ident = NodeId(f"{self._of}:{tenant}/data/{noun}")
        return DataStore(
            id=ident,
            kind=self.kind,
            name=f"{name} of {tenant}",
            store_class=family,
            account=NodeId(f"{self._of}:{tenant}"),
            evidence=(Evidence(rule=self.rule, source=self.source, resource=ident),),
        )


_READS = ("read", "readonly", "list", "view", "history", "search", "get", "viewer",
          "readwrite")  # fmt: skip
_WRITES = (
    "write", "manage", "delete", "create", "update", "edit", "admin", "modify", "send", "post",
    "insert", "upload", "readwrite", "full",
)  # fmt: skip
_BREAKS = str.maketrans(":.-/_", "     ")


def unlisted(scope: str) -> Way:
    """Of a permission that is in no table; its words may say which way the data goes."""
    if not scope.strip():
        return NO_DATA
    return UNLISTED, *_ways(scope.strip().casefold().translate(_BREAKS).split())


def _ways(words: list[str]) -> tuple[bool, bool]:
    is_read = any(word in _READS for word in words)
    is_write = any(word in _WRITES for word in words)
    return is_read or not is_write, is_write or not is_read


def by_words(scope: str, nouns: Mapping[str, str]) -> tuple[str, bool, bool]:
    """For vendors whose scopes are made of words (``meeting:read:summary``, ``read:jira-work``):
    the noun of the first word in ``nouns``, and which way its data may go. A scope of a known noun
    that names no way opens both."""
    words = scope.strip().casefold().translate(_BREAKS).split()
    noun = next((nouns[word] for word in words if word in nouns), "")
    if not noun:
        return NO_DATA
    return noun, *_ways(words)
