"""The tables of ``resources/``: what is listed, and which permissions that takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from scanner.kit.tables import ResourceType, load_edges, load_types

_HERE = Path(__file__).parent


def _table() -> tuple[ResourceType, ...]:
    files = sorted((_HERE / "resources").glob("*.yaml"))
    more = load_edges((_HERE / "edges.yaml").read_bytes())
    found = tuple(
        msgspec.structs.replace(kind, edges=kind.edges + more.pop(kind.kind, ()))
        for file in files
        for kind in load_types(file.read_bytes())
    )
    if more:
        raise ValueError(f"edges.yaml: there is no {', '.join(sorted(more))}")
    return found


TYPES = _table()
FAMILIES = tuple(dict.fromkeys(kind.service for kind in TYPES))
"""Each a shard of every subscription."""
OPTIONS = tuple(sorted({option for kind in TYPES for _, option in kind.operations if option}))
"""Fields of the configuration without which something is not read."""


def of_family(family: str) -> tuple[ResourceType, ...]:
    return tuple(kind for kind in TYPES if kind.service == family)


def shown_types() -> frozenset[str]:
    """The types of which Resource Graph is asked."""
    found = (op for kind in TYPES for op, _ in kind.operations)
    return frozenset(op.removeprefix("graph:") for op in found if op.startswith("graph:"))


def reasons() -> Iterator[tuple[str, str, str]]:
    """(operation, what it is for, field of the configuration that it takes) of every call of every
    type."""
    for kind in TYPES:
        for op, option in kind.operations:
            yield op, kind.describes, option
