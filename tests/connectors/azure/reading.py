"""The connector over a rig: what it yields, and what becomes of each shard."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.azure import CONNECTOR, AzureConfig
from scanner.kit.contract import Context, Shard
from scanner.kit.limits import Limits
from scanner.model.errors import SourceError
from scanner.model.facts import Asset, Edge
from scanner.model.items import Content, Gap, Item
from tests.azure_rig.rig import Rig

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def context(rig: Rig, *, retries: int = 1, **config: Any) -> Context[Any]:
    return Context(
        config=AzureConfig(endpoint_url=rig.url, **config),
        examine=lambda data, path, rule_sets: (),
        limits=Limits(),
        now=lambda: NOW,
        retries=retries,
    )


@dataclass
class Read:
    items: list[Item] = field(default_factory=list)
    errors: dict[str, SourceError] = field(default_factory=dict)
    gaps: dict[str, list[Gap]] = field(default_factory=dict)
    shards: list[Shard] = field(default_factory=list)

    @property
    def assets(self) -> dict[str, Asset]:
        return {item.id: item for item in self.items if isinstance(item, Asset)}

    def one(self, kind: str) -> Asset:
        (found,) = [item for item in self.assets.values() if item.kind == kind]
        return found

    def edges(self, source: str) -> set[tuple[str, str]]:
        found = (item for item in self.items if isinstance(item, Edge))
        return {(str(item.relation), item.target) for item in found if item.source == source}

    @property
    def contents(self) -> list[Content]:
        return [item for item in self.items if isinstance(item, Content)]


def read(rig: Rig, *, retries: int = 1, **config: Any) -> Read:
    ctx = context(rig, retries=retries, **config)
    found = Read()
    for shard in CONNECTOR.shards(ctx):
        found.shards.append(shard)
        try:
            for item in CONNECTOR.collect(ctx, shard, None):
                found.items.append(item)
                if isinstance(item, Gap):
                    found.gaps.setdefault(shard.id, []).append(item)
        except SourceError as error:
            found.errors[shard.id] = error
    return found
