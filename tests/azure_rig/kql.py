"""The few words of KQL that the scanner speaks, executed; whatever else is refused.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TABLES = ("resources", "resourcecontainers", "authorizationresources")
COLUMNS = {
    "resources": frozenset(
        {"id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId",
         "managedBy", "sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"}
    ),
    "resourcecontainers": frozenset(
        {"id", "name", "type", "tenantId", "location", "resourceGroup", "subscriptionId",
         "properties", "tags"}
    ),
    "authorizationresources": frozenset(
        {"id", "name", "type", "tenantId", "subscriptionId", "properties"}
    ),
}  # fmt: skip
"""https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources"""
Row = dict[str, Any]


class Refused(Exception):
    """As Resource Graph refuses a question that it does not understand."""


@dataclass(frozen=True)
class Join:
    """``join kind=inner (...) on <name>``, behind ``extend <name> = tolower(tostring(...))``."""

    left: list[str]
    conditions: tuple[Callable[[Row], bool], ...]
    right: list[str]

    def holds(self, row: Row, rows: list[Row]) -> bool:
        keys = {
            _string(_at(one, self.right))
            for one in rows
            if all(holds(one) for holds in self.conditions)
        }
        return _string(_at(row, self.left)) in keys


@dataclass(frozen=True)
class Query:
    table: str
    conditions: tuple[Callable[[Row], bool], ...]
    columns: tuple[str, ...]
    join: Join | None = None

    def run(self, rows: list[Row]) -> list[Row]:
        found = [row for row in rows if all(holds(row) for holds in self.conditions)]
        if self.join is not None:
            found = [row for row in found if self.join.holds(row, rows)]
        found.sort(key=lambda row: str(row["id"]).casefold())
        return [{name: row.get(name) for name in self.columns} for row in found]


_JOINED = re.compile(
    r"\| extend (\w+) = tolower\(tostring\(([\w.]+)\)\) "
    r"\| join kind=inner \((\w+) ([^()]*(?:\([^()]*\)[^()]*)*) "
    r"\| project (\w+) = tolower\((\w+)\)\) on (\w+) "
)


def parse(text: str) -> Query:
    join = None
    if match := _JOINED.search(text):
        extended, path, table, steps, projected, key, on = match.groups()
        if not extended == projected == on or table not in TABLES or key not in COLUMNS[table]:
            raise Refused(f"not understood: {match[0]}")
        inner = [step.strip().removeprefix("where ") for step in steps.split("|") if step.strip()]
        conditions = tuple(_condition(step, table) for step in inner)
        join = Join(path.split("."), conditions, [key])
        text = text.replace(match[0], "")
    query = _plain(text)
    return Query(query.table, query.conditions, query.columns, join)


def _plain(text: str) -> Query:
    table, *steps = (part.strip() for part in text.split("|"))
    if table not in TABLES:
        raise Refused(f"no table {table!r}")
    conditions: list[Callable[[Row], bool]] = []
    columns: tuple[str, ...] = ()
    is_ordered = False
    for step in steps:
        verb, _, rest = step.partition(" ")
        if verb == "where":
            conditions.append(_condition(rest.strip(), table))
        elif verb == "project":
            columns = tuple(name.strip() for name in rest.split(","))
            unknown = set(columns) - COLUMNS[table]
            if unknown:
                raise Refused(f"{table} has no columns {sorted(unknown)}")
        elif step == "order by id asc":
            is_ordered = True
        else:
            raise Refused(f"not understood: {step}")
    if "id" not in columns or not is_ordered:
        raise Refused("without id and its order pages are not stable")
    return Query(table, tuple(conditions), columns)


def _condition(text: str, table: str) -> Callable[[Row], bool]:
    if match := re.fullmatch(r"type in~ \(('[^']+'(?:, '[^']+')*)\)", text):
        wanted = {one.strip(" '").casefold() for one in match[1].split(",")}
        return lambda row: str(row["type"]).casefold() in wanted
    if match := re.fullmatch(r"type =~ '([^']+)'", text):
        only = match[1].casefold()
        return lambda row: str(row["type"]).casefold() == only
    if match := re.fullmatch(r"tostring\(([\w.]+)\) (startswith|=~) '([^']+)'", text):
        path, wanted_text = match[1].split("."), match[3].casefold()
        if path[0] not in COLUMNS[table]:
            raise Refused(f"{table} has no column {path[0]}")
        if match[2] == "=~":
            return lambda row: _string(_at(row, path)) == wanted_text
        return lambda row: _string(_at(row, path)).startswith(wanted_text)
    raise Refused(f"not understood: where {text}")


def _string(value: Any) -> str:
    """Of a truth value ``true`` or ``false``, in small letters."""
    return "" if value is None else str(value).casefold()


def _at(row: Any, path: list[str]) -> Any:
    for step in path:
        row = row.get(step) if isinstance(row, dict) else None
    return row
