"""Bare repositories to serve, and what a connector makes of a world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from scanner.detect.engine import Detector
from scanner.kit.contract import Connector, Context, Shard
from scanner.kit.limits import Limits
from scanner.model.errors import ShadowAIError
from scanner.model.facts import Asset, Edge, Identity, Relation
from scanner.model.items import Activity, Checkpoint, Content, Gap, Item
from scanner.rulebook.examples import expand
from tests.conftest import Repository

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CODE_KEY = expand("sk-ant-api03-{b64url:93}AA", "forge code")
SETTING_KEY = expand("sk-ant-api03-{b64url:93}AA", "forge variable")
TOKEN = expand("made-up-{b64url:24}", "forge token")


def seed(root: Path, *names: str) -> None:
    """``<root>/<name>.git`` with a key in its code, for each of ``names``."""
    for name in names:
        work = Repository(root / "work" / name)
        work.write("app.py", f"import anthropic\nkey = '{CODE_KEY}'\n")
        work.write("CODEOWNERS", "* @ada\n")
        work.commit()
        bare = root / f"{name}.git"
        bare.parent.mkdir(parents=True, exist_ok=True)
        work.git("clone", "-q", "--bare", str(work.root), str(bare))


def context(config: Any, detector: Detector, environ: Mapping[str, str]) -> Context[Any]:
    return Context(
        config=config,
        examine=detector.examine,
        limits=Limits(),
        environ=environ,
        now=lambda: NOW,
        retries=1,
    )


class Read:
    """Everything that a connector yields, by shard; what a shard raised is kept too."""

    def __init__(
        self, connector: Connector, ctx: Context[Any], since: Mapping[str, Checkpoint] | None = None
    ) -> None:
        self.shards: dict[str, Shard] = {}
        self.items: dict[str, list[Item]] = {}
        self.errors: dict[str, ShadowAIError] = {}
        for shard in connector.shards(ctx):
            self.shards[shard.id] = shard
            found = self.items.setdefault(shard.id, [])
            try:
                mark = (since or {}).get(shard.id)
                found.extend(connector.collect(ctx, shard, mark))
            except ShadowAIError as error:
                self.errors[shard.id] = error

    @property
    def all(self) -> list[Item]:
        return [item for found in self.items.values() for item in found]

    def of(self, kind: type[T]) -> list[T]:
        return [item for item in self.all if isinstance(item, kind)]

    def assets(self, kind: str) -> dict[str, Asset]:
        return {asset.name: asset for asset in self.of(Asset) if asset.kind == kind}

    def owners(self) -> set[tuple[str, str, str]]:
        """(subject, identity, role) of what the API says."""
        return {
            (edge.source, edge.target, edge.detail)
            for edge in self.of(Edge)
            if edge.relation is Relation.OWNED_BY and edge.detail
        }

    def people(self) -> dict[str, Identity]:
        return {identity.id: identity for identity in self.of(Identity)}

    def gaps(self) -> list[Gap]:
        return self.of(Gap)

    def activities(self, label: str) -> list[Activity]:
        return [found for found in self.of(Activity) if found.label == label]

    def named(self) -> set[str]:
        """What is handed on as the name of a variable."""
        return {c.data.decode() for c in self.of(Content) if c.rule_sets == ("names",)}

    def values(self) -> list[bytes]:
        return [c.data for c in self.of(Content) if c.place.path.startswith("variables/")
                and c.rule_sets != ("names",)]  # fmt: skip

    def marks(self) -> dict[str, Checkpoint]:
        """The last checkpoint of each shard."""
        return {
            shard: item
            for shard, found in self.items.items()
            for item in found
            if isinstance(item, Checkpoint)
        }


T = TypeVar("T")
