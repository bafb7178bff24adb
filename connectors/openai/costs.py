"""What projects cost, by day and line item, added up.

https://platform.openai.com/docs/api-reference/usage/costs: buckets of a day, joined by
``next_page``; what a line item is called (most often a model and what of it) OpenAI says. Each
currency is added up by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.openai.admin import org_id, project_id, seconds
from scanner.kit.http import ReadOnlySession
from scanner.kit.money import Bill, money
from scanner.kit.paged import by_page_token
from scanner.kit.values import items, mapping, text
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass, Relation
from scanner.model.items import Gap, Item

COSTS = "/v1/organization/costs"
_RULE = f"GET {COSTS}"


def costs(session: ReadOnlySession, name: str, now: datetime, days: int) -> Iterator[Item]:
    """Raises the source errors. Amounts that are none are one gap."""
    bills: dict[str, Bill] = {}
    odd = 0
    start = int((now - timedelta(days=days)).timestamp())
    url = f"{COSTS}?start_time={start}&bucket_width=1d&limit=180"
    for bucket in by_page_token(session, f"{url}&group_by=project_id&group_by=line_item"):
        for one in map(mapping, items(bucket.get("results"))):
            odd += not _add(bills, one, bucket)
    for project, bill in sorted(bills.items()):
        yield from _facts(project, bill, name, days)
    if odd:
        yield Gap(what="costs", reason=f"{odd} results have no amount that can be read")


def _add(bills: dict[str, Bill], one: Mapping[str, Any], bucket: Mapping[str, Any]) -> bool:
    amount = mapping(one.get("amount"))
    value = money(amount.get("value"))
    if value is None:
        return False
    if not value:
        return True  # a day on which nothing was used
    bills.setdefault(text(one.get("project_id")), Bill()).add(
        value, text(amount.get("currency")), text(one.get("line_item")),
        seconds(bucket.get("start_time")), seconds(bucket.get("end_time")),
    )  # fmt: skip
    return True


def _facts(project: str, bill: Bill, name: str, days: int) -> Iterator[Item]:
    node = project_id(project) if project else NodeId(f"{org_id(name)}/no-project")
    evidence = bill.days.evidence(_RULE, "openai", node)
    yield Asset(
        id=node,
        kind="openai.project",
        name=project or f"{name}, no project",
        asset_class=AssetClass.INTEGRATION,
        provider="openai",
        account=org_id(name),
        tags={**bill.tags(), "cost_days": str(days)},
        evidence=(evidence,),
    )
    yield bill.days.edge(node, NodeId("provider:openai"), Relation.CALLS, evidence)
