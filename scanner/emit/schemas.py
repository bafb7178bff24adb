"""JSON Schemas of everything people or programs read and write, from the types themselves."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from scanner.emit.document import json_schema
from scanner.emit.formats import lines
from scanner.model.registry import RegistryEntry
from scanner.rulebook.flows import FlowRules
from scanner.rulebook.mapping import RegistryMap
from scanner.rulebook.norms import NormRules
from scanner.rulebook.policy import Framework, Policy
from scanner.rulebook.risk import RiskRules
from scanner.rulebook.same_as import SameAs
from scanner.rulebook.types import Provider


def schema(what: str) -> dict[str, Any]:
    """``document``, ``line``, ``registry``, ``provider``, ``policy``, ``framework``,
    ``registry-map``, ``same-as``, ``flows``, ``risk`` or ``norms``."""
    found: dict[str, Any] = _dedented(_raw_schema(what))
    return found


def _dedented(part: Any) -> Any:
    """Descriptions without the indentation of the source: Python 3.13 takes it away itself, so
    that the same types would give another schema."""
    if isinstance(part, dict):
        return {
            key: inspect.cleandoc(value)
            if key == "description" and isinstance(value, str)
            else _dedented(value)
            for key, value in part.items()
        }
    return [_dedented(item) for item in part] if isinstance(part, list) else part


def _raw_schema(what: str) -> dict[str, Any]:
    if what == "document":
        return json_schema()
    if what == "line":
        return lines.json_schema()
    if what == "registry":
        inner = of_type(list[RegistryEntry], "AI registry file")
        wrapped = {
            "type": "object",
            "properties": {
                "entries": {"type": "array", "items": {"$ref": "#/$defs/RegistryEntry"}},
                "schema": {"type": "string"},
            },
            "required": ["entries"],
            "additionalProperties": False,
        }
        listed = {key: inner.pop(key) for key in ("type", "items") if key in inner}
        return {**inner, "anyOf": [listed, wrapped]}
    kinds: dict[str, Any] = {
        "provider": Provider,
        "policy": Policy,
        "framework": Framework,
        "registry-map": RegistryMap,
        "same-as": SameAs,
        "flows": FlowRules,
        "risk": RiskRules,
        "norms": NormRules,
    }
    return of_type(kinds[what], f"Shadow AI scanner {what} file")


def of_type(kind: Any, title: str) -> dict[str, Any]:
    """JSON Schema 2020-12 of any of our types."""
    (root,), components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **root,
        "$defs": components,
    }
