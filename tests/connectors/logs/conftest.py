"""Logs in a folder, read as a scan reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.logs import CONNECTOR, LogsConfig
from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.facts import Asset, Edge, Identity
from scanner.model.items import Checkpoint, Gap, Item

SQUID = (
    "{at}.123    456 {src} TCP_TUNNEL/200 {down} CONNECT {host}:443 {user} "
    "HIER_DIRECT/192.0.2.9 -\n"
)


def squid(host: str, user: str = "anna", at: int = 1_764_324_000, src: str = "10.0.0.5") -> str:
    return SQUID.format(at=at, src=src, down=100, host=host, user=user)


class Told:
    """What came of one reading."""

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        self.gaps = [item for item in items if isinstance(item, Gap)]
        self.cursor = next((item for item in reversed(items) if isinstance(item, Checkpoint)), None)
        self.assets = {item.name: item for item in items if isinstance(item, Asset)}
        self.people = {item.name: item for item in items if isinstance(item, Identity)}

    @property
    def use(self) -> dict[tuple[str, str], int]:
        """(who, thing): requests."""
        names = {asset.id: asset.name for asset in self.assets.values()}
        who = {person.id: person.name for person in self.people.values()}
        found: dict[tuple[str, str], int] = {}
        for item in self.items:
            if isinstance(item, Edge) and item.relation == "used_by":
                key = who[item.target], names[item.source]
                found[key] = found.get(key, 0) + sum(e.count for e in item.evidence)
        return found


Read = Callable[..., Told]


@pytest.fixture
def read(tmp_path: Path, detector: Detector) -> Read:
    def reading(*files: str, since: Checkpoint | None = None, environ: Any = None,
                processors: int = 1, **changes: Any) -> Told:  # fmt: skip
        ctx: Context[LogsConfig] = Context(
            config=LogsConfig(files=files or (".",), **changes),
            examine=detector.examine,
            make_watch=lambda: detector.watch,
            limits=Limits(),
            environ=environ or {},
            folder=tmp_path,
            processors=processors,
        )
        items: list[Item] = []
        for shard in CONNECTOR.shards(ctx):
            items += CONNECTOR.collect(ctx, shard, since)
        return Told(items)

    return reading
