"""A published OpenAPI document -> the operations that a connector uses, as bare facts.

Kept: paths, parameters, names, types, required, enums, bounds. Left out: every sentence, every
example. Swagger 2.0 and OpenAPI 3.0 and 3.1 are read; what comes out is JSON Schema.

    python -m tests.forge_rig.reduce DOCUMENT OUT --source WHERE --version WHICH [--base /api/v4] \
        --operations FILE    (one `GET /path/{hole}` a line)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_PLAIN = (
    "type", "enum", "const", "required", "minimum", "maximum", "minItems", "maxItems",
    "additionalProperties",
)  # fmt: skip
_JOINED = ("oneOf", "anyOf", "allOf")


@dataclass
class Reduction:
    """``schemas`` fills with what the operations lead to."""

    document: Mapping[str, Any]
    schemas: dict[str, Any] = field(default_factory=dict)

    def resolved(self, node: Any) -> Any:
        """A parameter, response or header behind a reference."""
        while isinstance(node, Mapping) and "$ref" in node:
            node = self._target(str(node["$ref"]))
        return node

    def _target(self, ref: str) -> Any:
        found: Any = self.document
        for part in ref.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found

    def schema(self, node: Any) -> Any:
        """JSON Schema of the same, with references into ``schemas``."""
        if not isinstance(node, Mapping):
            return node if isinstance(node, bool) else {}
        if "$ref" in node:
            name = str(node["$ref"]).rpartition("/")[2]
            if name not in self.schemas:
                self.schemas[name] = {}  # before its content: schemas may lead to themselves
                self.schemas[name] = self.schema(self._target(str(node["$ref"])))
            ref = {"$ref": f"#/schemas/{name}"}
            return {"anyOf": [ref, {"type": "null"}]} if _may_be_null(node) else ref
        made: dict[str, Any] = {}
        for key in _PLAIN:
            if key in node:
                value = node[key]
                made[key] = self.schema(value) if key == "additionalProperties" else value
        if "properties" in node:
            made["properties"] = {k: self.schema(v) for k, v in node["properties"].items()}
        if "items" in node:
            made["items"] = self.schema(node["items"])
        for key in _JOINED:
            if key in node:
                made[key] = [self.schema(part) for part in node[key]]
        return _nullable(made) if _may_be_null(node) else made

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """Parameters by place, body, answers by status. ``KeyError`` where there is none."""
        place = self.document["paths"][path]
        found = place[method.lower()]
        made: dict[str, Any] = {"path": {}, "query": {}, "required": [], "answers": {}}
        for given in (*place.get("parameters", ()), *found.get("parameters", ())):
            parameter = self.resolved(given)
            schema = self.schema(parameter.get("schema", parameter))
            schema.pop("required", None) if isinstance(schema.get("required"), bool) else None
            where = parameter["in"]
            if where in ("path", "query"):
                made[where][parameter["name"]] = schema
            if where == "query" and parameter.get("required"):
                made["required"].append(parameter["name"])
            if where == "body":
                made["body"] = self.schema(parameter["schema"])
        body = self.resolved(found.get("requestBody"))
        if body:
            made["body"] = self.schema(_json(body.get("content", {})).get("schema", {}))
        for status, given in found["responses"].items():
            answer = self.resolved(given)
            content = answer.get("schema") or _json(answer.get("content", {})).get("schema")
            schema = self.schema(content) if content is not None else None
            if str(status).startswith("2") or str(status) in ("304", "default"):
                made["answers"][str(status)] = schema
        return made


def reduce(document: Mapping[str, Any], operations: Iterable[str]) -> dict[str, Any]:
    """``operations`` and the ``schemas`` that they lead to."""
    made = Reduction(document)
    found = {}
    for operation in sorted(set(operations)):
        method, _, path = operation.partition(" ")
        found[operation] = made.operation(method, path)
    return {"operations": found, "schemas": dict(sorted(made.schemas.items()))}


def _json(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of several media types the JSON one; of none, nothing."""
    found = [kind for kind in content if "json" in kind] or list(content)
    return content[found[0]] if found else {}


def _may_be_null(node: Mapping[str, Any]) -> bool:
    return bool(node.get("nullable") or node.get("x-nullable"))


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        return schema
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--source", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--base", default="")
    parser.add_argument("--operations", type=Path, required=True)
    args = parser.parse_args()
    text = args.document.read_text(encoding="utf-8")
    is_json = args.document.suffix == ".json"
    document = json.loads(text) if is_json else yaml.load(text, yaml.CSafeLoader)
    wanted = [
        line.strip()
        for line in args.operations.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    head = {"source": args.source, "version": args.version, "base": args.base}
    made = {**head, **reduce(document, wanted)}
    # A line an operation and a schema: small, and differences of versions can be read.
    rows = [f"{json.dumps(k)}:{json.dumps(made[k])}" for k in head]
    for part in ("operations", "schemas"):
        inner = ",\n".join(
            f"  {json.dumps(name)}:{json.dumps(value, separators=(',', ':'), sort_keys=True)}"
            for name, value in made[part].items()
        )
        rows.append(f"{json.dumps(part)}:{{\n{inner}\n}}")
    args.out.write_text("{" + ",\n".join(rows) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
