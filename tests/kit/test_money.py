"""Money is added up exactly, and each currency by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from scanner.kit.money import Bill, money
from scanner.model.base import NodeId
from scanner.model.evidence import Cost, Evidence, merge_evidence, total_costs


@pytest.mark.parametrize(
    ("value", "found"),
    [(0.1, "0.1"), ("123.45", "123.45"), (3, "3"), (-1, "-1"), ("free", None), (None, None),
     ("1,234.50", "1234.50"), ("-12,345", "-12345"), ("1,23", None), ("1,2345", None),
     ("Included", None), (True, None), ("NaN", None), (float("inf"), None), ({}, None)],
)  # fmt: skip
def test_what_is_an_amount(value: Any, found: str | None) -> None:
    assert money(value) == (None if found is None else Decimal(found))


def test_ten_dimes_are_a_dollar_and_no_euro() -> None:
    bill = Bill()
    for day in range(10):
        bill.add(Decimal("0.1"), "usd", "gpt, input", f"2026-11-{day + 10}", f"2026-11-{day + 11}")
    bill.add(Decimal(2), "EUR", "", "2026-11-01", "2026-11-02")
    assert bill.tags() == {
        "cost": "2.00 EUR; 1.00 USD", "cost_by": "no line: 2.00 EUR; gpt, input: 1.00 USD",
    }  # fmt: skip
    assert (bill.days.count, bill.days.first, bill.days.last) == (11, "2026-11-01", "2026-11-20")


def test_of_many_lines_the_largest_are_told() -> None:
    bill = Bill()
    for number in range(1, 30):
        bill.add(Decimal(number), "usd", f"line {number}", "", "")
    told = bill.tags()["cost_by"].split("; ")
    assert len(told) == 10
    assert told[0] == "line 29: 29.00 USD"
    bill.add(Decimal("1e39"), "usd", "odd", "", "")
    assert "odd" in bill.tags()["cost_by"]  # no error, whatever its size


def test_amounts_are_kept_by_line_and_currency_and_exactly() -> None:
    bill = Bill()
    bill.add(Decimal("0.000000000000000000000000000000000001"), "usd", "a", "1", "2")
    bill.add(Decimal("123456789.1"), "usd", "a", "2", "3")
    bill.add(Decimal(2), "eur", "", "2", "3")
    rows = {row.path: row.costs for row in bill.evidence("r", "s", NodeId("x:1"))}
    assert rows == {
        "a": (Cost(currency="USD",
                   amount=Decimal("123456789.100000000000000000000000000000000001")),),
        "": (Cost(currency="EUR", amount=Decimal(2)),),
    }  # fmt: skip


def test_one_thing_read_in_two_ways_is_paid_once() -> None:
    def row(rule: str, path: str, amount: str) -> Evidence:
        costs = (Cost(currency="USD", amount=Decimal(amount)),)
        return Evidence(rule=rule, source="s", path=path, costs=costs)

    rows = (row("api", "in", "0.1"), row("api", "out", "0.2"), row("export", "in", "0.1"))
    assert total_costs(rows) == (Cost(currency="USD", amount=Decimal("0.3")),)
    once = merge_evidence(rows, rows)
    assert total_costs(once) == total_costs(rows)  # the same reading again
    added = merge_evidence(rows[:1], rows[:1], add_counts=True)
    assert added[0].costs == (Cost(currency="USD", amount=Decimal("0.2")),)
    assert msgspec.json.decode(msgspec.json.encode(added[0]), type=Evidence) == added[0]
