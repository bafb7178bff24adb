"""What the state keeps of a source's use, without the rest of a scan around it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scanner.collect.runner import Options, Source, run
from scanner.detect.activity import Catalogue, facts_of
from scanner.kit.contract import Context
from scanner.model.coverage import Coverage
from scanner.model.facts import Fact
from scanner.model.items import Activity, Item
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from scanner.store.writer import StateSink


def run_into(
    state: State, name: str, connector: Any, ctx: Context[Any], rulebook: Rulebook, *, now: str
) -> list[Coverage]:
    """One reading of ``connector`` through the runner, each shard tried once; its coverage."""
    catalogue = Catalogue(rulebook)

    def interpret(item: Item, source: str) -> Iterator[Fact]:
        if isinstance(item, Activity):
            yield from facts_of(item, catalogue, source)
        else:
            yield item  # type: ignore[misc]

    with ThreadPoolExecutor(2) as pool:
        return run(
            [Source(name, connector, ctx)],
            sink=StateSink(state, "scan", now),
            interpret=interpret,
            executor=pool,
            options=Options(attempts=1),
        )
