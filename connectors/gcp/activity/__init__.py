"""Who uses AI in Google Cloud: who calls which model, endpoint or agent, how, how often, first and
last. Read from data access logs where they are kept, and only added up.

What a log names and no list shows becomes an asset all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connectors.gcp.access import Access
from connectors.gcp.activity import audited, log
from connectors.gcp.activity.log import PRIVATE, REASONS
from connectors.gcp.activity.services import SERVICES
from connectors.gcp.activity.things import KINDS, Place
from connectors.gcp.hierarchy import Tree
from connectors.gcp.policies import Policies
from scanner.model.errors import NotEnabled
from scanner.model.items import Checkpoint, Item

__all__ = ["KINDS", "PRIVATE", "REASONS", "items"]


def items(
    access: Access, policies: Policies, found: Tree, project: str, now: datetime, days: int,
    since: Checkpoint | None,
) -> Iterator[Item]:  # fmt: skip
    """Raises the source errors; ``NotEnabled`` where nobody keeps such a log."""
    logged = audited.services(policies, found, project)
    enabled = found.projects[project].services
    used = SERVICES.keys() if enabled is None else SERVICES.keys() & enabled
    if not used:
        raise NotEnabled(f"{project}: no API of AI is enabled whose use could be logged")
    if logged is not None and not logged & used:
        raise NotEnabled(
            f"{project}: no data access log is kept of {', '.join(sorted(used))}, so that nobody "
            "can tell who uses it; turn on DATA_READ in the audit configuration"
        )
    place = Place(project, found.numbers)
    yield from log.read(access, place, now, days, access.config.activity_pages, since)
