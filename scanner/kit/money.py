"""What a vendor charged, added up exactly: the whole by currency, and its largest lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from scanner.kit.expressions import expression
from scanner.kit.usage import Sum
from scanner.kit.values import items, text
from scanner.model.base import NodeId
from scanner.model.evidence import EXACT, Cost, Evidence

_MOST_LINES, _MOST_TEXT, _MOST_DIGITS = 10, 80, 40
_CENT = Decimal("0.01")
_GROUPED = expression(r"-?\d{1,3}(?:,\d{3}){1,9}(?:\.\d{1,20})?")


def money(value: Any) -> Decimal | None:
    """Of a number, or of one in a text, also as people are shown it in English (``1,234.50``); None
    for what is none."""
    said = text(value)[:_MOST_DIGITS].strip()
    try:
        found = Decimal(said.replace(",", "") if _GROUPED.fullmatch(said) else said)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def charged(value: Any, currency: str) -> tuple[Cost, ...]:
    """Of one record; nothing where it cost nothing or does not tell (``Included``)."""
    amount = money(value)
    return (Cost(currency=currency, amount=amount),) if amount else ()


def results_apart(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A bucket a result: exports may hold others of the same day."""
    results = items(record.get("results"))
    if len(results) < 2:
        yield record
        return
    for one in results:
        yield {**record, "results": [one]}


@dataclass
class Bill:
    days: Sum = field(default_factory=Sum)
    """Days on which something was charged."""
    lines: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """By currency and line."""

    def add(self, value: Decimal, currency: str, line: str, first: str, last: str) -> None:
        """Of one day, which ``first`` and ``last`` are the ends of."""
        self.days.add(1, first, last)
        key = currency.upper()[:8], line[:_MOST_TEXT]
        self.lines[key] = EXACT.add(self.lines.get(key, Decimal(0)), value)

    def costs(self, line: str) -> tuple[Cost, ...]:
        return tuple(
            Cost(currency=currency, amount=amount)
            for (currency, what), amount in sorted(self.lines.items())
            if what == line
        )

    def named(self, rule: str) -> str:
        """Of an export; one that is not apart by line may tell again what another tells by line."""
        return rule if any(line for _, line in self.lines) else f"{rule}, no lines"

    def evidence(self, rule: str, source: str, node: NodeId) -> tuple[Evidence, ...]:
        """The days of all, and a row a line with what it cost."""
        whole = self.days.evidence(rule, source, node)
        rows = {
            line: msgspec.structs.replace(whole, path=line, count=1, costs=self.costs(line))
            for line in sorted({what for _, what in self.lines})
        }
        return (rows.pop("", whole), *rows.values())

    def tags(self) -> dict[str, str]:
        whole: dict[str, Decimal] = {}
        for (currency, _), value in self.lines.items():
            whole[currency] = EXACT.add(whole.get(currency, Decimal(0)), value)
        largest = sorted(self.lines.items(), key=lambda item: (-item[1], item[0]))[:_MOST_LINES]
        return {
            "cost": "; ".join(_told(v, c) for c, v in sorted(whole.items())),
            "cost_by": "; ".join(f"{line or 'no line'}: {_told(v, c)}" for (c, line), v in largest),
        }


def _told(value: Decimal, currency: str) -> str:
    try:
        shown = str(value.quantize(_CENT))
    except InvalidOperation:
        shown = str(value)  # more digits than anybody pays
    return f"{shown} {currency}".strip()
