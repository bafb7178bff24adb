"""What the tests that hold for every source of this kind need to know of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from scanner.collect import loader
from scanner.kit.contract import Context, Shard
from scanner.kit.folding import Fold
from scanner.kit.limits import Limits
from scanner.kit.testing import World
from scanner.model.items import Activity, Checkpoint, Item
from tests.saas_rig import TOKEN, Vendor, serving

NAMES = (
    "anthropic", "asana", "atlassian", "auth0", "box", "cursor", "databricks", "dify", "docusign",
    "dropbox", "elevenlabs", "flowise", "hubspot", "huggingface", "jumpcloud", "langflow",
    "langsmith", "make", "mistral", "microsoft365", "n8n", "notion", "onelogin", "openai",
    "openrouter", "pingone", "salesforce", "servicenow", "slack", "snowflake", "wandb", "workato",
    "zendesk", "zoom",
)  # fmt: skip
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Published:
    """What a vendor's own description says of records. ``source``: its address. ``fields``: names,
    with dots for what is within; ``name.*``: whatever it holds. Lists are their members."""

    source: str
    records: list[Any]
    fields: str

    def odd(self) -> set[str]:
        """Fields of the records that the description has not."""
        known = set(self.fields.split())
        return {
            path for record in self.records for path in _fields(record) if not _fits(path, known)
        }


def _fields(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _fields(one, path)
    elif isinstance(value, dict) and value:
        for name, one in value.items():
            yield from _fields(one, f"{path}.{name}" if path else name)
    elif path:
        yield path


def _fits(path: str, known: set[str]) -> bool:
    steps = path.split(".")
    above = {".".join([*steps[:n], "*"]) for n in range(1, len(steps))}
    return path in known or bool(above & known)


@dataclass(frozen=True)
class Case:
    """``plant``: a vendor with a small organization in it. ``settings``: of the configuration, by
    the vendor's URL. ``records``: of every kind that a file may hold, as the source tells them."""

    name: str
    plant: Callable[[], Vendor]
    settings: Callable[[str], dict[str, Any]]
    records: list[Any] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    kept_days: int = 0
    """How long the logs are kept; 0: there is none."""
    is_counted: bool = False
    """An answer says how many pages there are: none can name the next."""
    published: tuple[Published, ...] = ()
    """What the records of this world are held to."""
    elsewhere: frozenset[str] = frozenset()
    """Operations that another edition of the vendor has in their place."""

    @property
    def connector(self) -> Any:
        return _loaded(self.name)

    def context(self, url: str, *, environ: dict[str, str] | None = None, **changes: Any) -> Any:
        now = changes.pop("now", NOW)
        retries = changes.pop("retries", 2)
        folder = changes.pop("folder", None)
        config = self.connector.spec.config(**{**self.settings(url), **changes})
        made: Context[Any] = Context(
            config=config,
            examine=lambda *_: (),
            limits=Limits(),
            environ=self.environ if environ is None else environ,
            now=lambda: now,
            retries=retries,
        )
        if folder is not None:
            made.folder = folder
        return made

    def shards(self, ctx: Any) -> list[Shard]:
        return list(self.connector.shards(ctx))

    def items(self, ctx: Any, part: str = "", since: Checkpoint | None = None) -> list[Item]:
        """Of one part, or of all."""
        found: list[Item] = []
        for shard in self.shards(ctx):
            if shard.id.endswith(f"/{part}") or not part:
                found += self.connector.collect(ctx, shard, since)
        return found

    def activities(self, vendor: Vendor, part: str) -> list[Activity]:
        """What one part tells of use, added up."""
        return folded(self.items(self.context(vendor.url), part))


_loaded = cache(loader.load)
"""One of ours says the same each time, and is asked for at every turn."""


def planted(case: Case) -> Any:
    """The fixture `vendor` of a module: the case's organization, served, and asked for nothing that
    its vendor does not know."""

    @pytest.fixture(name="vendor")
    def serve() -> Iterator[Vendor]:
        with serving(case.plant()) as made:
            yield made
        assert not made.rejected, made.rejected

    return serve


def folded(items: list[Item]) -> list[Activity]:
    """Each window's rows, added up."""
    fold = Fold()
    for one in items:
        if isinstance(one, Activity):
            fold.add(one)
    return list(fold.take())


@contextmanager
def world(case: Case) -> Any:
    """For the conformance suite."""
    with serving(case.plant()) as vendor:

        @contextmanager
        def deny(operation: str) -> Any:
            vendor.denied.add(operation)
            yield
            vendor.denied.clear()

        yield World(
            case.connector,
            lambda: case.context(vendor.url, retries=1),
            deny,
            secrets=tuple({TOKEN, *case.environ.values()}),
        )
        assert not vendor.rejected, vendor.rejected
        declared = {op.id for op in case.connector.spec.operations}
        assert set(vendor.calls) == declared - case.elsewhere


def all_cases() -> dict[str, Case]:
    """By name: each stands in ``tests/connectors/<name>/world.py``."""
    found = [import_module(f"tests.connectors.{name}.world").CASE for name in NAMES]
    return {one.name: one for one in found}
