"""Files as vendors' consoles export them, read by the connector that they are for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.facts import Edge, Identity, Relation
from scanner.model.items import Activity, Gap, Item

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def read(connector: str, folder: Path, text: str, name: str = "export.csv") -> list[Item]:
    """What the connector of that name makes of a file with this text."""
    return read_bytes(connector, folder, text.encode(), name)


def read_bytes(connector: str, folder: Path, data: bytes, name: str) -> list[Item]:
    found = import_module(f"connectors.{connector}").CONNECTOR
    (folder / name).write_bytes(data)
    config = found.spec.config(**_settings(found.spec, name))
    ctx: Context[Any] = Context(
        config=config, examine=lambda *_: (), limits=Limits(), folder=folder, now=lambda: NOW
    )
    return [item for shard in found.shards(ctx) for item in found.collect(ctx, shard, None)]


def _settings(spec: Any, name: str) -> dict[str, Any]:
    """The least that the source wants, where files are all that it reads."""
    known = {field.name for field in msgspec.structs.fields(spec.config)}
    given = {"organization": "acme", "domain": "acme.com", "tenant": "acme", "live": False}
    where = "files" if "files" in known else "audit_files"
    return {key: value for key, value in given.items() if key in known} | {where: (name,)}


def gaps(items: Iterable[Item]) -> list[str]:
    return [one.reason for one in items if isinstance(one, Gap)]


def told(items: Iterable[Item]) -> set[tuple[str, str, str, int]]:
    """Label, relation, address and count of all use."""
    return {
        (one.label, str(one.relation), one.actor.email if one.actor else "", one.count)
        for one in items
        if isinstance(one, Activity)
    }


def edges(items: Iterable[Item]) -> set[tuple[str, str, str]]:
    return {
        (str(one.source), str(one.relation), str(one.target))
        for one in items
        if isinstance(one, Edge) and one.relation is not Relation.CONTAINS
    }


def people(items: Iterable[Item]) -> dict[str, dict[str, str]]:
    """Tags by address, of those whom a list names."""
    return {one.email: dict(one.tags) for one in items if isinstance(one, Identity)}
