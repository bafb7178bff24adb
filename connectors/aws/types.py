"""The tables of ``resources/``: what is listed, and which permissions that takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scanner.kit.tables import ResourceType, load_types


def _table() -> tuple[ResourceType, ...]:
    files = sorted((Path(__file__).parent / "resources").glob("*.yaml"))
    return tuple(kind for file in files for kind in load_types(file.read_bytes()))


TYPES = _table()
FAMILIES = tuple(dict.fromkeys(kind.service for kind in TYPES if not kind.is_global))
"""The families of services that are read in every region, each a shard."""
GLOBAL_FAMILIES = tuple(dict.fromkeys(kind.service for kind in TYPES if kind.is_global))
NAME_FAMILIES = frozenset(kind.service for kind in TYPES if kind.is_name_examined)
"""Of which only names are looked at."""


OPTIONS = tuple(sorted({option for kind in TYPES for _, option in kind.operations if option}))
"""Fields of the configuration without which something is not read."""


def reasons() -> Iterator[tuple[str, str, str]]:
    """(operation, what it is for, field of the configuration that it takes) of every call of every
    type."""
    for kind in TYPES:
        for op, option in kind.operations:
            yield op, kind.describes, option


def of_family(family: str, *, is_global: bool) -> tuple[ResourceType, ...]:
    return tuple(k for k in TYPES if k.service == family and k.is_global == is_global)
