"""The activity log: who has created AI resources, as far as Azure remembers (90 days).

Asked once a subscription and provider of which it has something. A write that answered ``Created``
is a creation; others are changes, which say nothing of who began it.
https://learn.microsoft.com/rest/api/monitor/activity-logs/list
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from connectors.azure import operations
from connectors.azure.access import Access
from connectors.azure.graph import Inventory
from connectors.azure.relations import creator
from connectors.azure.types import TYPES
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tables import first_text
from scanner.model.base import NodeId
from scanner.model.errors import Denied, NotEnabled, SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import Relation
from scanner.model.items import Gap, Item

SHOWN = frozenset(
    kind.list.op.removeprefix("graph:")
    for kind in TYPES
    if kind.is_ai and kind.list.op.startswith("graph:")
)
"""Types of Resource Graph that are AI, always or on a condition."""
_MOST_DAYS = 89
_FIELDS = "caller,eventTimestamp,operationName,resourceId,status,subStatus"


def providers(inventory: Inventory, subscription: str) -> tuple[str, ...]:
    """Of which a subscription has something that may be AI: of others nobody has made any. Raises
    the source errors."""
    return tuple(sorted({
        kind.partition("/")[0] for kind in SHOWN
        if any(True for _ in inventory.records(kind, subscription))
    }))  # fmt: skip


def items(
    access: Access, subscription: str, asked: tuple[str, ...], now: datetime, days: int
) -> Iterator[Item]:
    """``asked``: providers."""
    path = operations.EVENTS.partition(" ")[2].replace("{subscription}", subscription)
    since = now - timedelta(days=min(days, _MOST_DAYS))
    window = (
        f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}' and "
        f"eventTimestamp le '{now:%Y-%m-%dT%H:%M:%SZ}'"
    )
    errors: list[SourceError] = []
    for provider in asked:
        query = {
            "api-version": operations.VERSIONS["Microsoft.Insights/eventtypes"],
            "$filter": f"{window} and resourceProvider eq '{provider}'",
            "$select": _FIELDS,
        }
        seen: set[str] = set()
        try:
            for event in access.pages(operations.EVENTS, path, subscription, query):
                ident = first_text(event, "resourceId").casefold()
                caller = first_text(event, "caller")
                is_write = first_text(event, "operationName.value").casefold().endswith("/write")
                is_made = first_text(event, "subStatus.value").casefold() == "created"
                if not (ident.startswith("/") and caller and is_write and is_made):
                    continue
                if ident in seen:
                    continue  # newest first: a thing may have been deleted and made again
                seen.add(ident)
                at = first_text(event, "eventTimestamp")
                evidence = Evidence(
                    rule=operations.EVENTS, source="azure", resource=ident, first_at=at, last_at=at
                )
                person = creator(caller)
                yield person
                yield edge_of(NodeId(ident), person.id, Relation.CREATED_BY, evidence)
        except NotEnabled:
            continue
        except SourceError as error:
            errors.append(error)
    if errors and len(errors) == len(asked):
        raise errors[0]
    for missed in errors:
        yield Gap(
            what=f"activity log of {subscription}",
            reason=str(missed),
            denied=isinstance(missed, Denied),
        )
