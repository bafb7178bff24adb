"""The tables of ``resources/``: what is listed, and which permissions that takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from connectors.gcp.operations import NOT_WHOLE
from scanner.kit.tables import Exposure, ResourceType, load_edges, load_types

_HERE = Path(__file__).parent
_OF_LISTED = ("store",)
"""Words of targets that are looked for in what the shard has listed before."""
_LATE = 8
SHUT = Exposure(path="plain.shut", says="service perimeter")
"""Of all AI: its API answers nobody outside (:mod:`connectors.gcp.perimeters`)."""


def _table() -> tuple[ResourceType, ...]:
    files = sorted((_HERE / "resources").glob("*.yaml"))
    more = load_edges((_HERE / "edges.yaml").read_bytes())
    found = [
        msgspec.structs.replace(
            kind,
            edges=kind.edges + more.pop(kind.kind, ()),
            exposure=(*kind.exposure, SHUT) if kind.is_ai else kind.exposure,
        )
        for file in files
        for kind in load_types(file.read_bytes())
    ]
    if more:
        raise ValueError(f"edges.yaml: there is no {', '.join(sorted(more))}")
    above = {kind.kind: kind.under for kind in found}

    late = {kind.kind for kind in found if any(one.target in _OF_LISTED for one in kind.edges)}

    def depth(kind: str) -> int:
        return (_LATE if kind in late else 0) + (1 + depth(above[kind]) if above[kind] else 0)

    # What stands under another is read after it, in whichever file it is; what names things by
    # words that only lists of other kinds explain, after these.
    return tuple(sorted(found, key=lambda kind: depth(kind.kind)))


TYPES = _table()
FAMILIES = tuple(dict.fromkeys(kind.service for kind in TYPES))
"""The families of services, each a shard of every project."""
NAME_FAMILIES = frozenset(kind.service for kind in TYPES if kind.is_name_examined)
"""Of which only names are looked at."""
OWN_FAMILIES = frozenset(kind.service for kind in TYPES if kind.list.op in NOT_WHOLE)
"""Of which Google shows a caller its own alone."""


def of_family(family: str) -> tuple[ResourceType, ...]:
    return tuple(kind for kind in TYPES if kind.service == family)


def reasons() -> Iterator[tuple[str, str]]:
    """(method, what it is for) of every call of every type."""
    for kind in TYPES:
        for op, _ in kind.operations:
            yield op, kind.describes
