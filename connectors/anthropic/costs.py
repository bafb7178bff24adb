"""What workspaces cost, by day and description, added up.

https://platform.claude.com/docs/en/api/admin/cost_report/retrieve: buckets of a day, 31 a page,
joined by ``next_page``; amounts are decimal numbers of a currency's smallest unit. Priority Tier is
not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.anthropic.admin import key_id, workspace_id
from connectors.anthropic.things import by_name, workspace
from scanner.kit.folding import mark_of
from scanner.kit.grouped import Grouped
from scanner.kit.http import ReadOnlySession
from scanner.kit.money import Bill, money
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_page_token
from scanner.kit.records import column, has_columns
from scanner.kit.values import items, mapping, stamp, text, when
from scanner.model.base import NodeId
from scanner.model.facts import Asset, Edge, Relation
from scanner.model.items import Gap, Item

COSTS = "/v1/organizations/cost_report"
_RULE = f"GET {COSTS}"
_REST = "is_rest"
"""Of a result of which finer exports tell a part: what is left adds to what they tell."""
_SMALLEST = 100
"""Cents of a dollar; the report knows no other currency."""


def costs(session: ReadOnlySession, name: str, now: datetime, days: int) -> Iterator[Item]:
    """Raises the source errors. Amounts that are none are one gap."""
    bills: dict[str, Bill] = {}
    odd = 0
    start = (now - timedelta(days=days)).astimezone(UTC).strftime("%Y-%m-%dT00:00:00Z")
    grouped = "group_by[]=workspace_id&group_by[]=description"
    url = f"{COSTS}?starting_at={start}&bucket_width=1d&limit=31&{grouped}"
    for bucket in by_page_token(session, url):
        for one in map(mapping, items(bucket.get("results"))):
            odd += not _add(bills, one, bucket)
    for place, bill in sorted(bills.items()):
        node = workspace_id(place, name)
        evidence = bill.days.evidence(_RULE, "anthropic", node)
        told = bill.evidence(_RULE, "anthropic", node)
        yield workspace(
            place, name, "" if place else f"{name}, default workspace",
            tags={**bill.tags(), "cost_days": str(days)}, evidence=told,
        )  # fmt: skip
        yield bill.days.edge(node, NodeId("provider:anthropic"), Relation.CALLS, evidence)
    if odd:
        yield Gap(what="costs", reason=f"{odd} results have no amount that can be read")


def is_bucket(record: Mapping[str, Any]) -> bool:
    """In a file."""
    return record.keys() >= {"starting_at", "ending_at", "results"}


def bucket(record: Mapping[str, Any], name: str) -> Happened | None:
    """Each day of a workspace and line counts once, however many exports hold it; of one that a
    later export tells with a higher amount, the first holds."""
    at = stamp(record.get("starting_at"))
    results = [mapping(one) for one in items(record.get("results"))]
    bills: dict[str, Bill] = {}
    odd = sum(not _add(bills, one, record) for one in results)
    if not at or odd:
        return None
    way = "costs export" if any(_REST in one for one in results) else ""
    facts: list[Asset | Edge] = []
    for place, bill in sorted(bills.items()):
        node = workspace_id(place, name)
        seen = bill.days.evidence("costs export", "anthropic", node)
        shown = "" if place else f"{name}, default workspace"
        facts.append(
            workspace(
                place,
                name,
                shown,
                evidence=bill.evidence(way or bill.named("costs export"), "anthropic", node),
            )
        )
        facts.append(bill.days.edge(node, NodeId("provider:anthropic"), Relation.CALLS, seen))
    groups = sorted(
        " ".join(text(value) for key, value in sorted(one.items()) if key != "amount")
        for one in results
    )
    return mark_of(("cost", at, *groups)), at, tuple(facts)


GROUPED = Grouped(
    is_bucket, ("workspace_id", "description"), (), ("starting_at", "ending_at"),
    lambda one: money(one.get("amount")),
    lambda one, rest: {**one, "amount": str(rest), _REST: True},
)  # fmt: skip


def _add(bills: dict[str, Bill], one: Mapping[str, Any], bucket: Mapping[str, Any]) -> bool:
    value = money(one.get("amount"))
    if value is None:
        return False
    if value:
        line = text(one.get("description")) or text(one.get("cost_type"))
        bills.setdefault(text(one.get("workspace_id")), Bill()).add(
            value / _SMALLEST, text(one.get("currency")), line,
            stamp(bucket.get("starting_at")), stamp(bucket.get("ending_at")),
        )  # fmt: skip
    return True


# --- the Console's table --------------------------------------------------------------------------

_ROW = ("usage_date_utc", "cost_usd")
_AMOUNTS = ("cost_usd", "list_price_usd")


def is_row(record: Mapping[str, Any]) -> bool:
    """Of the CSV that the Console's page of costs exports: usage_date_utc, model, workspace,
    api_key, usage_type, context_window, token_type, cost_usd, list_price_usd, cost_type, and since
    2026 api_key_id and api_key_status. No page of Anthropic's lists its columns; programs that
    read it do (https://github.com/axigatelabs/axigate-finops)."""
    return has_columns(record, _ROW)


def row(record: Mapping[str, Any], name: str) -> Happened | None:
    """A day of a workspace, key, model and kind of token, in dollars; workspaces by their names
    alone. Each counts once; of one that a later export tells with a higher amount, the first
    holds."""
    at, value = when(column(record, "usage_date_utc")), money(column(record, "cost_usd"))
    if not at or value is None:
        return None
    told = sorted(f"{key} {said}" for key, said in record.items()
                  if str(key).strip().casefold() not in _AMOUNTS)  # fmt: skip
    ident = mark_of(("cost row", *told))
    if not value:
        return ident, at, ()
    which, shown = by_name(column(record, "workspace"), name)
    line = column(record, "model") or column(record, "cost_type")
    bill = Bill()
    bill.add(value, "USD", " ".join(filter(None, (line, column(record, "token_type")))), at, at)
    node = workspace_id(which, name)
    evidence = bill.evidence("costs export", "anthropic", node)
    seen = bill.days.evidence("costs export", "anthropic", node)
    facts: list[Asset | Edge] = [
        workspace(which, name, shown, evidence=evidence),
        bill.days.edge(node, NodeId("provider:anthropic"), Relation.CALLS, seen),
    ]
    if key := column(record, "api_key_id"):
        facts.append(bill.days.edge(node, key_id(key), Relation.AUTHENTICATES_WITH, seen))
    return ident, at, tuple(facts)
