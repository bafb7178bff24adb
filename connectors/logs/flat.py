"""JSON of a line, and nested records as one table of dotted names, bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_MOST_FLAT = 400
_MOST_DEPTH = 5
_MOST_PLUGINS = 20
_BETWEEN = re.compile(r"\}\s*\{")
_ESCAPED = re.compile(r"\\x([0-9A-F]{2})")
"""How nginx writes quotes and backslashes where its JSON has no `escape=json`."""
_DECODER = json.JSONDecoder()
_ROWS = ("records", "Records", "logEvents", "value", "entries", "logs", "rows", "results", "items",
         "events", "data")  # fmt: skip
"""Where deliveries and exports put their records, if they are no record themselves."""
_NESTED = frozenset({"additionalfields"})
"""Texts that hold a record (Defender's tables)."""
_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types of values of which nothing is nested."""
_WHOLE = frozenset({"answers", "dns.answers", "dns.grouped.a", "dns.grouped.aaaa", "resolvedips"})
"""Lists of which all is wanted, not the first alone."""


def flattened(told: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names in lower case, of a bounded number of them."""
    flat: dict[str, Any] = {}
    if len(told) <= _MOST_FLAT and _PLAIN.issuperset(map(type, told.values())):
        flat = {name.lower(): value for name, value in told.items()}
        if _NESTED.isdisjoint(flat):
            return flat
        flat = {}
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
            if kind is str and inner[:1] == "{" and key.lower() in _NESTED:
                told = decoded(inner)
                if isinstance(told, dict) and depth < _MOST_DEPTH:
                    _flatten(told, f"{name}.", flat, depth + 1)


def by_plugin(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A line of Kong's as one for each plugin that called a model, all under one name
    (https://docs.konghq.com/gateway/3.8.x/ai-gateway/ai-analytics)."""
    plugins = [one for one in told["ai"].values() if isinstance(one, dict) and "meta" in one]
    return [{**told, "ai": {"*": one}} for one in plugins[:_MOST_PLUGINS]] or [dict(told)]


def decoded(text: str) -> Any:
    """None: it is no JSON. A prefix of syslog may stand before it."""
    text = text.rstrip().rstrip(",")
    for bracket in ("[", "{") if text.startswith("[") else ("{",):
        try:
            return msgspec.json.decode(text[max(0, text.find(bracket)) :])
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            continue
    if _ESCAPED.search(text):
        return decoded(_ESCAPED.sub(r"\\u00\1", text))
    return _several(text) if _BETWEEN.search(text) else None


def _several(text: str) -> list[Any] | None:
    """Values behind one another, as streams that are delivered write them; None: it is no such
    line. The last one may be cut off."""
    found: list[Any] = []
    at = text.find("{")
    try:
        while 0 <= at < len(text):
            value, at = _DECODER.raw_decode(text, at)
            found.append(value)
            while at < len(text) and text[at] in " ,\t\r\n":
                at += 1
    except (ValueError, RecursionError):
        pass
    return found if len(found) > 1 else None


def decoded_bytes(raw: bytes) -> Any:
    """The same, of what is too long to be held as text as well."""
    start = 0 if raw[:1] == b"[" else max(0, raw.find(b"{"))
    try:
        return msgspec.json.decode(memoryview(raw)[start : len(raw.rstrip(b", \t\r\n"))])
    except RecursionError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return decoded(raw.decode("utf-8", "replace"))


def rows_within(told: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Lists of records in a document: under the names that deliveries and exports use, then under
    any, then one step further in (``hits.hits`` of a search)."""
    named = [told[name] for name in _ROWS if name in told]
    others = [value for name, value in told.items() if name not in _ROWS]
    inner = [one for value in (*named, *others) if isinstance(value, dict)
             for one in value.values()]  # fmt: skip
    for value in (*named, *others, *inner):
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield [_bare(row) for row in value]


def _bare(row: Any) -> Any:
    """A search's hit is about its document."""
    source = row.get("_source") if isinstance(row, dict) else None
    return source if isinstance(source, dict) else row
