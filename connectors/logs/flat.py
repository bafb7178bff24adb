"""Nested records as one table of dotted names, bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MOST_FLAT = 400
_MOST_DEPTH = 5
_MOST_PLUGINS = 20
_WHOLE = frozenset({"answers", "dns.answers", "dns.grouped.a", "dns.grouped.aaaa", "resolvedips"})
"""Lists of which all is wanted, not the first alone."""


def flattened(told: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names in lower case, of a bounded number of them."""
    flat: dict[str, Any] = {}
    _flatten(told, "", flat, 0)
    return flat


def _flatten(value: Mapping[str, Any], above: str, flat: dict[str, Any], depth: int) -> None:
    for key, inner in value.items():
        if len(flat) >= _MOST_FLAT:
            return
        name = f"{above}{key}".lower() if above else key.lower()
        kind = type(inner)
        if kind is dict:
            if depth < _MOST_DEPTH:
                _flatten(inner, f"{name}.", flat, depth + 1)
        elif kind is list:
            if inner and depth < _MOST_DEPTH:
                first = inner[0]
                if name in _WHOLE:
                    flat[name] = inner
                if isinstance(first, dict):
                    _flatten(first, f"{name}.0.", flat, depth + 1)
                else:
                    flat[f"{name}.0"] = first
        else:
            flat[name] = inner


def by_plugin(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A line of Kong's as one for each plugin that called a model, all under one name
    (https://docs.konghq.com/gateway/3.8.x/ai-gateway/ai-analytics)."""
    plugins = [one for one in told["ai"].values() if isinstance(one, dict) and "meta" in one]
    return [{**told, "ai": {"*": one}} for one in plugins[:_MOST_PLUGINS]] or [dict(told)]
