"""Rows of a log workspace (Log Analytics, Sentinel) as its portal exports them.

The portal writes the zone beside the name of each column that holds times (``TimeGenerated [UTC]``)
and the times as ``8/2/2021, 1:29:25.983 PM``
(so in the sample data of https://github.com/Azure/Azure-Sentinel).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.values import when

_ZONED = expression(r"\s*\[(?:UTC|Local Time)[^\]]*\]$")
_OF_TABLE = "TimeGenerated"


def as_table(row: Any) -> Any:
    """A row with the names and times of its table; what is none stays as it is. Times of
    another zone than UTC count as not given: which one it is nobody says."""
    if not isinstance(row, Mapping):
        return row
    zoned = {
        name: plain
        for name in row
        if isinstance(name, str) and name[-1:] == "]" and (plain := _ZONED.sub("", name)) != name
    }
    if not zoned and _OF_TABLE not in row:
        return row
    found: dict[Any, Any] = {}
    for name, value in row.items():
        told = value
        if isinstance(value, str):
            at = when(value) if name in zoned or value[-2:] in ("AM", "PM") else ""
            told = "" if at and _is_local(name) else at or value
        under: Any = zoned.get(name) or name
        if under == name or (found.get(under) in (None, "") and row.get(under) in (None, "")):
            found[under] = told
    return found


def _is_local(name: Any) -> bool:
    return isinstance(name, str) and "[Local Time" in name
