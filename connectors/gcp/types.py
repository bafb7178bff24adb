"""The tables of ``resources/``: what is listed, and which permissions that takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scanner.kit.tables import ResourceType, load_types


def _table() -> tuple[ResourceType, ...]:
    files = sorted((Path(__file__).parent / "resources").glob("*.yaml"))
    return tuple(kind for file in files for kind in load_types(file.read_bytes()))


TYPES = _table()
FAMILIES = tuple(dict.fromkeys(kind.service for kind in TYPES))
"""The families of services, each a shard of every project."""
NAME_FAMILIES = frozenset(kind.service for kind in TYPES if kind.is_name_examined)
"""Of which only names are looked at."""


def of_family(family: str) -> tuple[ResourceType, ...]:
    return tuple(kind for kind in TYPES if kind.service == family)


def reasons() -> Iterator[tuple[str, str]]:
    """(method, what it is for) of every call of every type."""
    for kind in TYPES:
        for op, _ in kind.operations:
            yield op, kind.describes
