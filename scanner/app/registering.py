"""The registry of a configuration: its own files, and what other people's files and servers hold.

Owns which registries are read and in which order they speak; what each of their words means is data
(``rules/registries``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from scanner.app.config import LoadedConfig, OriginConfig
from scanner.kit.references import Secrets
from scanner.model.base import ShardId
from scanner.model.errors import RegistryError, SourceError
from scanner.model.registry import RegistryEntry
from scanner.reconcile import cards, decisions, inventory
from scanner.reconcile.inventory import Reading
from scanner.reconcile.joining import join
from scanner.reconcile.mapped import map_records
from scanner.rulebook.mapping import RegistryMap, Server, registry_map
from scanner.store.state import State

FILES = "files"
"""What the configuration's own files are called in ``precedence``."""


def registry_files(loaded: LoadedConfig) -> list[Path]:
    return [loaded.folder / Path(name) for name in loaded.config.registry.files]


@dataclass(frozen=True)
class Asking:
    """How servers are asked. Without ``now`` nothing is asked: what the last scan kept counts."""

    state: State | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    now: datetime | None = None


def registry_of(loaded: LoadedConfig, asking: Asking | None = None) -> Reading:
    """The whole registry. Raises ``RegistryError`` for a part that cannot be used."""
    asking = asking or Asking()
    registry = loaded.config.registry
    reading = inventory.read(registry_files(loaded), registry.dates)
    origins: list[tuple[str, Sequence[RegistryEntry]]] = [(FILES, list(reading.entries))]
    for name, origin in registry.origins.items():
        part = _read_origin(name, origin, loaded.folder, asking)
        origins.append((name, part.entries))
        reading.add(part)
    _check_precedence(loaded)
    if len(origins) > 1:
        reading.entries, told = join(origins, registry.precedence, registry.shared_ids)
        reading.contradictions = told
        reading.rows = inventory.renamed(reading)
    inventory.refuse_twins(reading)
    reading.decisions = decisions.read(decisions_file(loaded))
    return reading


def _check_precedence(loaded: LoadedConfig) -> None:
    registry = loaded.config.registry
    known = {FILES, *registry.origins}
    said = {f"[registry.precedence] {name}": named for name, named in registry.precedence.items()}
    for where, names in (said | {"[registry] shared_ids": registry.shared_ids}).items():
        for name in names:
            if name not in known:
                raise RegistryError(
                    f"{where}: no origin `{name}`; there are {', '.join(sorted(known))}"
                )


def registry_or_reason(loaded: LoadedConfig, asking: Asking | None = None) -> Reading:
    """As :func:`registry_of`, but a registry that cannot be used ends in ``unread`` and not in an
    error: then nothing is said about registration."""
    try:
        return registry_of(loaded, asking)
    except RegistryError as error:
        return Reading(unread=str(error))


def decisions_file(loaded: LoadedConfig) -> Path:
    return loaded.folder / loaded.config.registry.decisions


def _read_origin(name: str, origin: OriginConfig, folder: Path, asking: Asking) -> Reading:
    how = registry_map(origin.kind, folder)
    if how.server is not None:
        return _asked(name, origin, how, how.server, folder, asking)
    if not origin.path:
        raise RegistryError(f"[registry.origins.{name}] path is needed for `{origin.kind}`")
    path = folder / origin.path
    if how.files is not None:
        rows = list(cards.records_of(path, how.files))
        records = [(place, row) for place, row in rows if not isinstance(row, str)]
        part = inventory.of_mapped(map_records(records, how, name))
        part.problems += [f"{place}: {row}" for place, row in rows if isinstance(row, str)]
        part.files = 1
        return part
    return inventory.read_mapped(path, how, name, sheet=origin.sheet, records=origin.records)


def _asked(
    name: str, origin: OriginConfig, how: RegistryMap, server: Server, folder: Path, asking: Asking
) -> Reading:
    from scanner.reconcile import servers  # loads what calls, and most registries are files

    shard = ShardId(f"registry:{name}")
    kept = asking.state.memory(shard) if asking.state else b""
    variable = origin.token_variable or server.token_variable
    try:
        token = Secrets(asking.environ, folder).get(variable, "")
    except SourceError as error:
        raise RegistryError(f"[registry.origins.{name}] {error}") from error
    access = servers.Access(
        url=origin.url,
        token=token,
        user=origin.user,
        settings=origin.settings,
        ca_file=str(folder / origin.ca_file) if origin.ca_file else "",
    )
    if asking.now is None:
        known = servers.kept_records(how, access, kept)
        if known is None:
            return Reading(unread=f"registry `{name}` was not read yet; run `shadow-ai scan`")
        records = known
    else:
        records, kept = servers.read(how, access, kept, asking.now, full_hours=origin.full_hours)
        if asking.state:
            asking.state.remember(shard, kept)
    part = inventory.of_mapped(map_records(records, how, name))
    part.files = 1
    return part
