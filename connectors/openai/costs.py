"""What projects cost, by day and line item, added up.

https://platform.openai.com/docs/api-reference/usage/costs: buckets of a day, joined by
``next_page``; what a line item is called (most often a model and what of it) OpenAI says. Each
currency is added up by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from connectors.openai.admin import org_id, project_id, seconds
from scanner.kit.folding import mark_of
from scanner.kit.grouped import Grouped
from scanner.kit.http import ReadOnlySession
from scanner.kit.money import Bill, money
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_page_token
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Gap, Item

COSTS = "/v1/organization/costs"
_RULE = f"GET {COSTS}"
_EXPORT = "costs export"
_MOST_NAME = 200
_REST = "is_rest"
"""Of a result of which finer exports tell a part: what is left adds to what they tell."""


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


# --- exported files -------------------------------------------------------------------------------


def is_bucket(record: Mapping[str, Any]) -> bool:
    """A bucket of the API, or a row of the dashboard's CSV."""
    if not {"start_time", "end_time"} <= record.keys():
        return False
    results = [mapping(one) for one in items(record.get("results"))]
    return "amount_value" in record or any("amount" in one for one in results)


def bucket(record: Mapping[str, Any], name: str) -> Happened | None:
    """Each day of a project and line counts once, however many exports hold it; of one that a later
    export tells with a higher amount, the first holds."""
    at = seconds(record.get("start_time"))
    results = [mapping(one) for one in items(record.get("results"))]
    if "amount_value" in record:
        amount = {"value": record["amount_value"], "currency": record.get("amount_currency")}
        results = [{**record, "amount": amount}]
    bills: dict[str, Bill] = {}
    odd = sum(not _add(bills, one, record) for one in results)
    if not at or odd:
        return None
    groups = sorted(
        " ".join(text(one.get(key)) for key in ("project_id", "line_item", "user_id", "api_key_id"))
        + " "
        + text(mapping(one.get("amount")).get("currency")).upper()
        for one in results
    )
    is_rest = any(_REST in one for one in results)
    titles = {text(one.get("project_id")): text(one.get("project_name")) for one in results}
    facts = (
        one
        for project, bill in sorted(bills.items())
        for one in _told(
            project,
            bill,
            name,
            _EXPORT if is_rest else bill.named(_EXPORT),
            titles.get(project, ""),
        )
    )
    return mark_of(("cost", at, *groups)), at, tuple(facts)


def _amount(one: Mapping[str, Any]) -> Decimal | None:
    return money(
        one["amount_value"] if "amount_value" in one else mapping(one.get("amount")).get("value")
    )


def _reduced(one: Mapping[str, Any], rest: Decimal) -> Mapping[str, Any]:
    """What other exports tell apart by line is told here as what is left."""
    if "amount_value" in one:
        return {**one, "amount_value": str(rest), _REST: True}
    return {**one, "amount": {**mapping(one.get("amount")), "value": str(rest)}, _REST: True}


GROUPED = Grouped(
    is_bucket, ("project_id", "line_item", "user_id", "api_key_id"), (),
    ("start_time", "end_time"), _amount, _reduced,
)  # fmt: skip


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
    asset, call = _told(project, bill, name, _RULE)
    yield msgspec.structs.replace(asset, tags={**bill.tags(), "cost_days": str(days)})
    yield call


def _told(project: str, bill: Bill, name: str, rule: str, title: str = "") -> tuple[Asset, Edge]:
    node = project_id(project) if project else NodeId(f"{org_id(name)}/no-project")
    evidence = bill.evidence(rule, "openai", node)
    asset = Asset(
        id=node,
        kind="openai.project",
        name=cut(title, _MOST_NAME) or project or f"{name}, no project",
        asset_class=AssetClass.INTEGRATION,
        provider="openai",
        account=org_id(name),
        evidence=evidence,
    )
    seen = bill.days.evidence(rule, "openai", node)
    return asset, bill.days.edge(node, NodeId("provider:openai"), Relation.CALLS, seen)
