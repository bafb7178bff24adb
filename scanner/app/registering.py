"""The registry of a configuration: its own files, and what other people's files and servers hold.

Owns which registries are read and in which order they speak; what each of their words means is data
(``rules/registries``).
"""

from __future__ import annotations

from pathlib import Path

from scanner.app.config import LoadedConfig, OriginConfig
from scanner.model.errors import RegistryError
from scanner.reconcile import decisions, inventory
from scanner.reconcile.inventory import Reading
from scanner.reconcile.norms import Norms
from scanner.rulebook.load import Rulebook
from scanner.rulebook.mapping import registry_map


def registry_files(loaded: LoadedConfig) -> list[Path]:
    return [loaded.folder / Path(name) for name in loaded.config.registry.files]


def registry_of(loaded: LoadedConfig) -> Reading:
    """Raises ``RegistryError`` for a registry that cannot be used."""
    reading = inventory.read(registry_files(loaded))
    for name, origin in loaded.config.registry.origins.items():
        reading.add(_read_origin(name, origin, loaded.folder))
    inventory.refuse_twins(reading)
    reading.decisions = decisions.read(decisions_file(loaded))
    return reading


def registry_or_reason(loaded: LoadedConfig) -> Reading:
    """As :func:`registry_of`, but a registry that cannot be used ends in ``unread`` and not in an
    error: then nothing is said about registration."""
    try:
        return registry_of(loaded)
    except RegistryError as error:
        return Reading(unread=str(error))


def decisions_file(loaded: LoadedConfig) -> Path:
    return loaded.folder / loaded.config.registry.decisions


def norms_of(loaded: LoadedConfig, rulebook: Rulebook, today: str) -> Norms:
    """What the organization holds its AI to."""
    registry = loaded.config.registry
    return Norms(
        approved=registry.approved,
        attestations=registry.attestations,
        provider_aliases=rulebook.by_alias,
        data_class_names={
            label: one.id for one in rulebook.flows.classes for label in (one.id, *one.labels)
        },
        own=rulebook.products,
        retired={p.id: p.retired_models for p in rulebook.providers if p.retired_models},
        today=today,
    )


def _read_origin(name: str, origin: OriginConfig, folder: Path) -> Reading:
    how = registry_map(origin.kind, folder)
    path = folder / origin.path
    return inventory.read_mapped(path, how, name, sheet=origin.sheet, records=origin.records)
