"""Whether anybody keeps data access logs of AI: the audit configuration of a project and of all
that it stands in, which adds up. They are off unless somebody has turned them on.

https://cloud.google.com/logging/docs/audit/configure-data-access
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.gcp.activity.services import SERVICES
from connectors.gcp.hierarchy import Tree
from connectors.gcp.policies import Policies
from scanner.kit.tables import first_text, values
from scanner.model.errors import SourceError

_USES = frozenset({"DATA_READ", "DATA_WRITE"})


def services(policies: Policies, found: Tree, project: str) -> frozenset[str] | None:
    """Names of AI's APIs whose data access is logged; None: it cannot be told, as something above
    the project may not be read or is not known."""
    logged: set[str] = set()
    is_whole = not found.projects[project].parent
    for unit in found.upwards(f"projects/{project}"):
        try:
            policy = policies.of(unit)
        except SourceError:
            return None
        logged.update(_named(policy))
        is_whole = is_whole or unit.startswith("organizations/")
    return frozenset(logged) if is_whole or logged else None


def _named(policy: Mapping[str, Any]) -> Iterator[str]:
    for one in values(policy, "auditConfigs[]"):
        if _USES.intersection(values(one, "auditLogConfigs[].logType")):
            name = first_text(one, "service")
            yield from SERVICES if name == "allServices" else {name} & SERVICES.keys()
