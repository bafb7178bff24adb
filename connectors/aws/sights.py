"""Which ARNs the tables list without exception, and in which shards.

Owns the form of the ARNs of each kind: as the table writes it, else by the kind's name, which is
the service's and the resource type's
(https://docs.aws.amazon.com/service-authorization/latest/reference/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.kit.tables import ResourceType
from scanner.model.coverage import Sight

_HOLE = re.compile(r"\\\{[^{}]*\\\}")
_SERVICES = {"agentcore": "bedrock-agentcore"}
"""Family -> what its ARNs call it, where that differs."""
_PLACE = r"(?P<region>[^:]*):(?P<account>\d*):"


def sights(types: Iterable[ResourceType], everywhere: str) -> tuple[Sight, ...]:
    """``everywhere``: what stands for the region of what is read once an account."""
    found: dict[str, Sight] = {}
    for kind in types:
        region = everywhere if kind.is_global else "{region}"
        for ids in _ids(kind) if kind.is_whole else ():
            shard = f"aws:{{account}}/{region}/{kind.service}"
            found.setdefault(ids, Sight(ids=ids, shards=(shard,)))
    return tuple(found.values())


def _ids(kind: ResourceType) -> Iterator[str]:
    if kind.id.startswith("arn:{partition}:"):
        service, _, rest = kind.id.removeprefix("arn:{partition}:").partition(":")
        tail = rest.partition("{account}:")[2]
        if tail and "{" in tail:
            yield rf"arn:[^:]+:{re.escape(service)}:{_PLACE}" + _HOLE.sub("[^/:]+", re.escape(tail))
        return
    name = kind.kind.removeprefix("aws.")
    if "{" in kind.id or kind.under or not name.startswith(f"{kind.service}_"):
        return
    called = name.removeprefix(f"{kind.service}_").replace("_", "-?")
    service = _SERVICES.get(kind.service, kind.service)
    yield rf"arn:[^:]+:{re.escape(service)}:{_PLACE}{called}[/:][^/:]+"
