"""One system out of the estate: a registry entry with its assets, or an asset that no entry covers,
with all that it depends on."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from scanner.emit.document import Document
from scanner.emit.formats.bill import closure
from scanner.model.errors import ConfigError


class System(NamedTuple):
    ident: str
    """The entry's id, or the asset's uid."""
    name: str


def systems(document: Document) -> list[System]:
    """Every registry entry of which something was found, and every asset without an entry."""
    found = [System(row.id, row.name or row.id) for row in document.registry if row.assets]
    covered = {uid for row in document.registry for uid in row.assets}
    return found + [
        System(row.uid, row.name or row.uid)
        for row in document.assets
        if row.type == "asset" and row.uid not in covered
    ]


def of_system(document: Document, ident: str) -> tuple[System, Document]:
    """The document of one system. Raises ``ConfigError`` for one that is not there."""
    entry = next((row for row in document.registry if row.id == ident), None)
    own = set(entry.assets) if entry else {ident}
    asset = next((row for row in document.assets if row.uid == ident), None)
    if entry is None and asset is None:
        raise ConfigError(
            f"system `{ident}`: neither an entry of the registry nor the uid of an asset"
        )
    inside = closure(document, own)
    about = inside | ({f"registry:{entry.id}"} if entry else set())
    name = entry.name if entry else asset.name if asset else ""
    scoped = msgspec.structs.replace(
        document,
        assets=tuple(row for row in document.assets if row.uid in inside),
        edges=tuple(edge for edge in document.edges if edge.source in inside),
        findings=tuple(finding for finding in document.findings if finding.asset in about),
        registry=(entry,) if entry else (),
    )
    return System(ident, name or ident), scoped
