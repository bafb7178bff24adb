"""What projects cost, by day and line item, added up.

https://platform.openai.com/docs/api-reference/usage/costs: buckets of a day, joined by
``next_page``; what a line item is called (most often a model and what of it) OpenAI says. Money is
added up exactly, and each currency by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.openai.admin import org_id, project_id, seconds
from scanner.kit.http import ReadOnlySession
from scanner.kit.paged import by_page_token
from scanner.kit.usage import Sum
from scanner.kit.values import items, mapping, text
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass, Relation
from scanner.model.items import Gap, Item

COSTS = "/v1/organization/costs"
_RULE = f"GET {COSTS}"
_MOST_LINES, _MOST_TEXT = 10, 80
_CENT = Decimal("0.01")


@dataclass
class _Bill:
    days: Sum = field(default_factory=Sum)
    lines: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """By currency and line item."""


def costs(session: ReadOnlySession, name: str, now: datetime, days: int) -> Iterator[Item]:
    """Raises the source errors. Amounts that are none are one gap."""
    bills: dict[str, _Bill] = {}
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


def _add(bills: dict[str, _Bill], one: Mapping[str, Any], bucket: Mapping[str, Any]) -> bool:
    amount = mapping(one.get("amount"))
    value = money(amount.get("value"))
    if value is None:
        return False
    if not value:
        return True  # a day on which nothing was used
    bill = bills.setdefault(text(one.get("project_id")), _Bill())
    bill.days.add(1, seconds(bucket.get("start_time")), seconds(bucket.get("end_time")))
    line = text(amount.get("currency")).upper()[:8], text(one.get("line_item"))[:_MOST_TEXT]
    bill.lines[line] = bill.lines.get(line, Decimal(0)) + value
    return True


def money(value: Any) -> Decimal | None:
    try:
        found = Decimal(text(value)[:40])
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _facts(project: str, bill: _Bill, name: str, days: int) -> Iterator[Item]:
    node = project_id(project) if project else NodeId(f"{org_id(name)}/no-project")
    evidence = bill.days.evidence(_RULE, "openai", node)
    yield Asset(
        id=node,
        kind="openai.project",
        name=project or f"{name}, no project",
        asset_class=AssetClass.INTEGRATION,
        provider="openai",
        account=org_id(name),
        tags={**told(bill.lines), "cost_days": str(days)},
        evidence=(evidence,),
    )
    yield bill.days.edge(node, NodeId("provider:openai"), Relation.CALLS, evidence)


def told(lines: Mapping[tuple[str, str], Decimal]) -> dict[str, str]:
    """The whole by currency, and the largest lines."""
    whole: dict[str, Decimal] = {}
    for (currency, _), value in lines.items():
        whole[currency] = whole.get(currency, Decimal(0)) + value
    largest = sorted(lines.items(), key=lambda item: (-item[1], item[0]))[:_MOST_LINES]
    return {
        "cost": "; ".join(f"{_rounded(v)} {c}".strip() for c, v in sorted(whole.items())),
        "cost_by": "; ".join(
            f"{line or 'no line'}: {_rounded(v)} {c}".strip() for (c, line), v in largest
        ),
    }


def _rounded(value: Decimal) -> str:
    try:
        return str(value.quantize(_CENT))
    except InvalidOperation:
        return str(value)  # more digits than anybody pays
