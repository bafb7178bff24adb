"""The tables of ``resources/``: what is listed, and which permissions that takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

from connectors.gcp.operations import NOT_WHOLE
from scanner.kit.tables import EdgeRule, ResourceType, load_types
from scanner.model.facts import Relation

_HERE = Path(__file__).parent


def _further() -> dict[str, tuple[EdgeRule, ...]]:
    """Kind -> the edges of ``edges.yaml``."""
    plain = yaml.load(  # as tables are: the loader in C, where there is one
        (_HERE / "edges.yaml").read_bytes(),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),  # noqa: S506
    )
    told = msgspec.convert(plain, dict[str, dict[str, list[str]]])
    return {
        kind: tuple(
            EdgeRule(relation=Relation(words.partition(" ")[0]), path=path,
                     target=words.partition(" ")[2])
            for words, paths in sorted(rules.items())
            for path in paths
        )
        for kind, rules in told.items()
    }  # fmt: skip


def _table() -> tuple[ResourceType, ...]:
    files = sorted((_HERE / "resources").glob("*.yaml"))
    more = _further()
    found = [
        msgspec.structs.replace(kind, edges=kind.edges + more.pop(kind.kind, ()))
        for file in files
        for kind in load_types(file.read_bytes())
    ]
    if more:
        raise ValueError(f"edges.yaml: there is no {', '.join(sorted(more))}")
    above = {kind.kind: kind.under for kind in found}

    def depth(kind: str) -> int:
        return 1 + depth(above[kind]) if above[kind] else 0

    # What stands under another is read after it, in whichever file it is.
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
