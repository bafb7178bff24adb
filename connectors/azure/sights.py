"""Which resources of Azure the tables list without exception, and in which shards.

The list's own word is the resource type: ``graph:Microsoft.CognitiveServices/accounts``
(https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.kit.tables import ResourceType
from scanner.model.coverage import Sight

_GROUP = r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups/[^/]+/providers/"


def sights(types: Iterable[ResourceType]) -> tuple[Sight, ...]:
    known = {kind.kind: kind for kind in types}
    found: dict[str, Sight] = {}
    for kind in known.values():
        way, _, name = kind.list.op.partition(":")
        above = known.get(kind.under)
        is_whole = kind.is_whole and (not kind.under or (above is not None and above.is_whole))
        if kind.id != "{id}" or way not in ("graph", "list") or not is_whole:
            continue
        provider, *parts = name.split("/")
        if "." not in provider or "providers" in parts or not parts:
            continue
        ids = _GROUP + re.escape(provider) + "".join(f"/{re.escape(p)}/[^/]+" for p in parts)
        found.setdefault(ids, Sight(ids=ids, shards=(f"azure:{{subscription}}/{kind.service}",)))
    return tuple(found.values())
