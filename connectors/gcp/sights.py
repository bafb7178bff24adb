"""Which resources of Google Cloud the tables list without exception, and in which shards.

The list's own word is the resource's path: ``aiplatform.projects.locations.endpoints.list``
(https://cloud.google.com/apis/design/resource_names).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.kit.tables import ResourceType
from scanner.model.coverage import Sight


def sights(types: Iterable[ResourceType]) -> tuple[Sight, ...]:
    known = {kind.kind: kind for kind in types}
    found: dict[str, Sight] = {}
    for kind in known.values():
        host, *parts = kind.list.op.split(".")
        above = known.get(kind.under)
        is_whole = kind.is_whole and (not kind.under or (above is not None and above.is_whole))
        if kind.id != "resource" or parts[:1] != ["projects"] or parts[-1:] != ["list"]:
            continue
        if not is_whole or kind.list.each or len(parts) < 3:
            continue
        below = "".join(f"/{re.escape(part)}/[^/]+" for part in parts[1:-1])
        ids = rf"//{re.escape(host)}\.googleapis\.com/projects/(?P<project>[^/]+){below}"
        found.setdefault(ids, Sight(ids=ids, shards=(f"gcp:{{project}}/{kind.service}",)))
    return tuple(found.values())
