"""The connector against a made-up AWS: contexts, scans, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from connectors.aws import CONNECTOR, AwsConfig
from scanner.collect.runner import Options, Source, run
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.coverage import Coverage
from scanner.model.facts import Asset, Edge, Fact
from scanner.model.items import Content, Gap, Item
from scanner.store.state import State
from scanner.store.writer import StateSink

HOME = "us-east-1"


def context(url: str, **changes: Any) -> Context[AwsConfig]:
    retries = changes.pop("retries", 1)
    config = AwsConfig(
        **{"regions": (HOME,), "endpoint_url": url, "event_history": False, **changes}
    )
    return Context(config=config, examine=lambda *_: (), limits=Limits(), retries=retries)


def of_one_family(url: str, **changes: Any) -> Context[AwsConfig]:
    """Where what is read beside it does not matter."""
    return context(url, **{"families": ("sagemaker",), "identities": False, **changes})


@dataclass
class Scan:
    rows: dict[str, Coverage]
    facts: list[Fact]

    def assets(self, kind: str) -> list[Asset]:
        return [fact for fact in self.facts if isinstance(fact, Asset) and fact.kind == kind]

    def edges(self) -> set[tuple[str, str, str]]:
        return {
            (fact.source, str(fact.relation), fact.target)
            for fact in self.facts
            if isinstance(fact, Edge)
        }


def scan(ctx: Context[AwsConfig], *, attempts: int = 1, workers: int = 8) -> Scan:
    """Everything, through the runner and a state in memory."""
    state = State("sqlite://")
    with ThreadPoolExecutor(workers) as pool:
        rows = run(
            [Source("aws", CONNECTOR, ctx)],
            sink=StateSink(state, "scan", "2026-01-01T00:00:00Z"),
            interpret=_facts,
            executor=pool,
            options=Options(attempts=attempts, pause_seconds=0),
        )
    return Scan({row.shard: row for row in rows}, [fact for _, fact, _ in state.facts()])


def _facts(item: Item, source: str) -> Iterator[Fact]:
    if not isinstance(item, (Content, Gap)):
        yield item  # type: ignore[misc]
