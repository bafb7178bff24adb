"""Whether an answer is the list that was asked for: Google leaves a list out when it is empty, so
that only what stands in its place, or beside it, tells an empty list from something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.model.errors import Unavailable

BESIDE = frozenset(
    {"nextPageToken", "unreachable", "kind", "totalSize", "warnings", "failedLocation",
     "missingZones", "id", "selfLink", "unreachables", "warning", "etag", "version",
     "auditConfigs", "unit", "executionErrors"}
)  # fmt: skip
"""What lists and policies say besides their records (discovery documents; the tests compare)."""


def check(page: Any, items: str, said: str) -> dict[str, Any]:
    """``items``: the path of the records; empty: the answer is the record. Raises ``Unavailable``
    for what is no such list."""
    if not isinstance(page, dict):
        raise Unavailable(f"{said}: the answer is malformed")
    if not items:
        return page
    step = items.partition(".")[0]
    name = step.removesuffix("[]")
    wanted: type = list if step.endswith("[]") else Mapping
    if name in page:
        if not isinstance(page[name], wanted):
            raise Unavailable(f"{said}: `{name}` of the answer is no list")
    elif odd := sorted(page.keys() - BESIDE):
        named = ", ".join(str(one)[:40] for one in odd[:3])
        raise Unavailable(f"{said}: the answer has no `{name}`, but {named}")
    if not isinstance(page.get("nextPageToken", ""), str):
        raise Unavailable(f"{said}: the next page's token is none")
    return page
