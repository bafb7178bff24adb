"""Tables that GitHub's pages export of Copilot: the activity report of seats, and usage reports.

https://docs.github.com/en/copilot/reference/metrics-data (report_time, login,
last_authenticated_at, last_activity_at, last_surface_used) and
https://docs.github.com/en/billing/reference/billing-reports (date, product, sku, model, username,
quantity, gross_amount, net_amount, organization and others; the first report of premium requests
had Timestamp, User, Model and Requests Used). Of usage Copilot, Models and Spark are told, each day
of a person and model once; runners and storage are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from typing import Any

from connectors.github.copilot import LABEL, app_id, asset
from scanner.kit.folding import mark_of
from scanner.kit.forge.details import Where
from scanner.kit.forge.saying import person
from scanner.kit.money import charged, money
from scanner.kit.overlooked import Happened
from scanner.kit.records import column, has_columns
from scanner.kit.text import cut
from scanner.kit.values import when
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge, Fact, Relation
from scanner.model.items import Activity

_SEATS, _USED = "Copilot activity report", "usage report"
_ACTIVE = ("Last Activity At", "last_activity_at", "Last Activity")
_SURFACE = ("Last Surface Used", "last_surface_used", "Last Editor Used", "Last Activity Editor")
_ORGANIZATION = ("Organization", "organization", "Organization Login")
_USER, _DAY = ("username", "User"), ("date", "Timestamp")
_QUANTITY = ("quantity", "Requests Used")
_NAMES = {"copilot": LABEL, "models": "GitHub Models", "spark": "GitHub Spark"}
"""Products that are AI, by the first word of theirs."""
_SEAT = "month"
"""In the unit of what is bought for a person (``user-months``), who has not used it by that."""
_MOST_TEXT, _MOST_COUNT = 120, Decimal(10**9)


def is_report(record: Any) -> bool:
    """Whether a row is of one of these tables."""
    return isinstance(record, Mapping) and (_is_seat(record) or _is_used(record))


def organization(record: Mapping[str, Any]) -> str:
    """Of an enterprise's reports; empty: it names none."""
    return column(record, *_ORGANIZATION)


def told(record: Mapping[str, Any], where: Where) -> Happened | None:
    """``where``: the organization that the row is of. None for a row without a person or time."""
    return (_seat if _is_seat(record) else _used)(record, where)


def _is_seat(record: Mapping[str, Any]) -> bool:
    has_time = any(has_columns(record, (one,)) for one in ("Report Time", "report_time", *_ACTIVE))
    return has_time and has_columns(record, ("Login",))


def _is_used(record: Mapping[str, Any]) -> bool:
    has_all = [
        any(has_columns(record, (one,)) for one in names) for names in (_DAY, _QUANTITY)
    ]  # fmt: skip
    is_of = any(has_columns(record, (one,)) for one in ("product", "sku", "model"))
    return all(has_all) and is_of


def _seat(record: Mapping[str, Any], where: Where) -> Happened | None:
    """As the list of seats tells it; one that was never used (``None``) is a seat, and no use."""
    login = column(record, "Login")
    if not login:
        return None
    made = person(where, _SEATS, login=login)
    last, surface = when(column(record, *_ACTIVE)), column(record, *_SURFACE)
    facts: list[Fact] = [asset(where, _SEATS, {}), made]
    if last:
        evidence = Evidence(
            rule=_SEATS, source=where.source, resource=app_id(where), path=made.id, last_at=last,
            preview=cut(surface, 200),
        )  # fmt: skip
        facts.append(
            Edge(
                source=app_id(where), target=made.id, relation=Relation.USED_BY,
                evidence=(evidence,), detail=surface.partition("/")[0],
            )
        )  # fmt: skip
    at = last or when(column(record, "Report Time", "report_time"))
    return mark_of(("copilot seat", where.account, login, last)), at, tuple(facts)


def _used(record: Mapping[str, Any], where: Where) -> Happened | None:
    at, quantity = when(column(record, *_DAY)), money(column(record, *_QUANTITY))
    if not at or quantity is None:
        return None
    model, product = column(record, "model"), column(record, "product", "sku")
    words = product.casefold().replace("_", " ").split()
    label = _NAMES.get(words[0], "") if words else LABEL if model else ""
    amounts = ("quantity", "amount", "requests used", "quota", "cost_per")
    marks = sorted(
        f"{key} {said}" for key, said in record.items()
        if "exceeds" in (name := str(key).casefold()) or not any(one in name for one in amounts)
    )  # fmt: skip
    ident = mark_of((_USED, *marks))
    if not label or quantity <= 0:
        return ident, at, ()
    login = column(record, *_USER)
    is_seat = _SEAT in column(record, "unit_type").casefold()
    relation = ("grants" if login else "contains") if is_seat else "used_by"
    one = Activity(
        rule=_USED, account=where.account, app_id=_node(where, label), label=label,
        actor=person(where, _USED, login=login) if login else None, where=cut(model, _MOST_TEXT),
        count=int(min(quantity, _MOST_COUNT).to_integral_value(ROUND_UP)), first_at=at, last_at=at,
        resource=where.subject, costs=charged(column(record, "net_amount"), "USD"),
        relation=relation,
    )  # fmt: skip
    return ident, at, (one,)


def _node(where: Where, label: str) -> NodeId:
    if label == LABEL:
        return app_id(where)
    return NodeId(f"github:{where.host}/app/{label.casefold()}")
