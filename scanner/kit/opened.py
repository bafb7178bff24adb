"""What a grant opens: nouns of data, told as data stores of the tenant, read and written apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import DataStore


@dataclass(frozen=True)
class OpenedData:
    """``stores``: noun -> its name, and the class of data. ``rule``: the vendor's word for what is
    granted. ``place``: whose ids they are (:class:`scanner.kit.named.Names`)."""

    source: str
    rule: str
    stores: Mapping[str, tuple[str, str]]
    place: str = ""

    @property
    def kind(self) -> str:
        return f"{self._of}.data"

    @property
    def _of(self) -> str:
        return self.place or self.source

    def of(
        self, opened: Iterable[tuple[str, bool, bool]], tenant: str
    ) -> tuple[tuple[DataStore, ...], tuple[DataStore, ...]]:
        """What may be read, and what written. ``opened``: noun (empty: no data), whether it may be
        read, and whether written."""
        known = [one for one in opened if one[0]]
        reads = {noun for noun, may_read, _ in known if may_read}
        writes = {noun for noun, _, may_write in known if may_write}
        return (
            tuple(self.store(noun, tenant) for noun in sorted(reads)),
            tuple(self.store(noun, tenant) for noun in sorted(writes)),
        )

    def store(self, noun: str, tenant: str) -> DataStore:
        name, family = self.stores[noun]
        ident = NodeId(f"{self._of}:{tenant}/data/{noun}")
        return DataStore(
            id=ident,
            kind=self.kind,
            name=f"{name} of {tenant}",
            store_class=family,
            account=NodeId(f"{self._of}:{tenant}"),
            evidence=(Evidence(rule=self.rule, source=self.source, resource=ident),),
        )
