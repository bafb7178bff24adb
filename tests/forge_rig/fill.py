"""Records that have every field the vendor requires, with what a test says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def filled_as(spec: Mapping[str, Any], name: str, /, **given: Any) -> dict[str, Any]:
    """A record of the schema ``name``: ``given``, and for what else is required the plainest value
    of its type."""
    made = _value(spec, {"$ref": f"#/schemas/{name}"})
    assert isinstance(made, dict), f"{name} is no object"
    return {**made, **given}


def _value(spec: Mapping[str, Any], schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return None
    if "$ref" in schema:
        return _value(spec, spec["schemas"][schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            kinds = schema[key]
            if any(isinstance(k, Mapping) and k.get("type") == "null" for k in kinds):
                return None
            return _value(spec, kinds[0])
    if "allOf" in schema:
        made: dict[str, Any] = {}
        for part in schema["allOf"]:
            made |= _value(spec, part) or {}
        return made
    kind = schema.get("type", "object" if "properties" in schema else "")
    if isinstance(kind, list):
        return None if "null" in kind else _plain(kind[0])
    if kind == "object":
        known = schema.get("properties", {})
        return {name: _value(spec, known.get(name, {})) for name in schema.get("required", ())}
    return _plain(kind)


def _plain(kind: str) -> Any:
    return {"string": "", "integer": 0, "number": 0, "boolean": False, "array": []}.get(kind, {})
