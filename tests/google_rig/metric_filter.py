"""The filters of Cloud Monitoring that the scanner sends, executed as Google describes them, or
refused (https://cloud.google.com/monitoring/api/v3/filters): comparisons joined by AND, of one
value or of ``one_of``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TERM = re.compile(
    r'(?P<path>metric\.type|resource\.type|(?:metric|resource)\.labels\.\w+)'
    r'\s*=\s*(?:"(?P<one>[^"]*)"|one_of\((?P<many>"[^"]*"(?:,\s*"[^"]*")*)\))'
)  # fmt: skip


def chosen(text: str) -> Callable[[Mapping[str, Any]], bool] | None:
    """Whether a series is meant; None: the filter is of another kind, or names no metric."""
    wanted: dict[str, set[str]] = {}
    for term in text.split(" AND "):
        found = _TERM.fullmatch(term.strip())
        if found is None:
            return None
        told = found["many"]
        wanted[found["path"]] = (
            {found["one"]} if told is None else set(re.findall(r'"([^"]*)"', told))
        )
    if len(wanted.get("metric.type", ())) != 1:
        return None

    def meant(series: Mapping[str, Any]) -> bool:
        return all(_at(series, path) in some for path, some in wanted.items())

    return meant


def _at(series: Any, path: str) -> str:
    for step in path.split("."):
        series = series.get(step, {}) if isinstance(series, Mapping) else {}
    return series if isinstance(series, str) else ""
