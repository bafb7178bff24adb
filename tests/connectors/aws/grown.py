"""Values for the shapes of botocore's models, one a path; what excludes each other is told.

A record's fields are one dict, whatever answers tell them; here is where they are put, and what of
them each answer shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scanner.kit.tables import Call, ResourceType
from tests.aws_rig.models import operation
from tests.aws_rig.shapes import complaints as misfits
from tests.aws_rig.shapes import made_up
from tests.aws_rig.world import Asked, Listed
from tests.connectors.aws.table_lint import Wrong, shape_at

ACCOUNT, REGION = "111111111111", "us-east-1"
HERE = f"{REGION}:{ACCOUNT}"
PLACE = {"account": ACCOUNT, "region": REGION, "partition": "aws", "since": "2026-01-01"}
WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass
class Expected:
    edges: set[tuple[str, str, str]] = field(default_factory=set)
    """Source, relation, target; the record itself is ``*``."""
    tags: dict[str, str] = field(default_factory=dict)
    models: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    exposure: set[str] = field(default_factory=set)
    status: str = ""
    created_at: str = ""


@dataclass
class Planted:
    """``fields``: all that is told of the record, wherever it is told."""

    serial: int
    kind: str
    fields: dict[str, Any]
    owner: int = 0
    expected: Expected = field(default_factory=Expected)
    taken: dict[str, Any] = field(default_factory=dict)
    """Path -> the value that stands there."""


def shapes_of(kind: ResourceType) -> list[Any]:
    found = [item_of(kind.list)]
    if kind.detail:
        found.append(item_of(kind.detail))
    if kind.batch:
        found.append(shape_at(operation(kind.batch.op).output, kind.batch.items))
    return found


def item_of(call: Call) -> Any:
    return shape_at(operation(call.op).output, call.items)


def field_of(asked: Asked) -> str:
    return asked.operation.paging.lists[0]


def is_scalar(shape: Any) -> bool:
    return shape is not None and shape.type_name not in ("structure", "map", "list")


def has(shape: Any, path: str) -> bool:
    try:
        shape_at(shape, path)
    except Wrong:
        return False
    return True


def leaf_at(shapes: Sequence[Any], path: str) -> Any:
    if path == "value":
        return next(shape for shape in shapes if is_scalar(shape))
    found = [shape for shape in shapes if not is_scalar(shape) and has(shape, path)]
    assert found, f"{path} is nowhere"
    # Where several answers have it, what fits the narrower fits both.
    leaves = [shape_at(shape, path) for shape in found]
    return next((leaf for leaf in leaves if getattr(leaf, "enum", None)), leaves[-1])


def fitting(leaf: Any, text: str, choices: Iterable[str] = ()) -> Any:
    """A value of the leaf's type, ``text`` where it takes texts; None: it does not take it."""
    if leaf is None:
        return text
    kind = leaf.type_name
    if kind == "boolean":
        return text.casefold() != "false"
    if kind == "timestamp":
        return WHEN
    if kind in ("integer", "long"):
        return max(1, int(leaf.metadata.get("min", 1)))
    if kind in ("float", "double"):
        return max(1.0, float(leaf.metadata.get("min", 1)))
    if kind == "structure":
        return made_up(leaf, entire=False)
    if kind == "map":
        return {"made-up": "x"}
    if kind == "list":
        return [fitting(leaf.member, text)]
    if leaf.enum:
        by_word = {word.casefold(): word for word in leaf.enum}
        return next((by_word[c.casefold()] for c in (text, *choices) if c.casefold() in by_word),
                    leaf.enum[0])  # fmt: skip
    value = text.ljust(int(leaf.metadata.get("min", 0)), "x")
    return value if not [*misfits(leaf, value)] else None


def some(leaf: Any, *texts: str) -> Any:
    """The first of the texts that the leaf takes, or whatever it takes."""
    for text in (*texts, "7", "2026-03-04"):
        value = fitting(leaf, text)
        if value is not None:
            return value
    raise AssertionError(f"{leaf}: takes none of {texts}")


def place(shapes: Sequence[Any], record: Planted, path: str, value: Any) -> bool:
    """Put a value where the shapes have its path; False: something there excludes it."""
    if path == "value":
        record.fields["value"] = value
        record.taken[path] = value
        return True
    shape = next(s for s in reversed(shapes) if not is_scalar(s) and has(s, path))
    if path in record.taken or not _fits(shape, record.fields, path.split(".")):
        return False
    _put(record.fields, path.split("."), value)
    record.taken[path] = value
    return True


def _fits(shape: Any, inner: Any, steps: list[str]) -> bool:
    for step in steps:
        key = step.removesuffix("[]")
        if shape is None or shape.type_name not in ("structure", "map"):
            return True
        is_union = getattr(shape, "is_tagged_union", False) and isinstance(inner, dict)
        if is_union and set(inner) - {key}:
            return False
        members = shape.members if shape.type_name == "structure" else {}
        shape = members.get(key) if members else getattr(shape, "value", None)
        if step.endswith("[]"):
            shape = getattr(shape, "member", None)
        if isinstance(inner, dict):
            inner = inner.get("made-up" if key == "*" else key)
        if isinstance(inner, list):
            inner = inner[0] if inner else None
    return inner is None or inner == {}


def _put(inner: dict[str, Any], steps: list[str], value: Any) -> None:
    step, *rest = steps
    key = "made-up" if step == "*" else step.removesuffix("[]")
    if not rest:
        inner[key] = [value] if step.endswith("[]") else value
    elif step.endswith("[]"):
        elements = inner.setdefault(key, [{}])
        _put(elements[0], rest, value)
    else:
        _put(inner.setdefault(key, {}), rest, value)


def first(record: Any, path: str) -> Any:
    for step in path.split("."):
        key = "made-up" if step == "*" else step.removesuffix("[]")
        record = record.get(key) if isinstance(record, dict) else None
        if step.endswith("[]"):
            record = record[0] if record else None
    return record


def pruned(shape: Any, value: Any) -> Any:
    """What of the value the shape has."""
    if shape is None or getattr(shape, "is_document_type", False):
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            key: pruned(shape.members[key], inner)
            for key, inner in value.items()
            if key in shape.members
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [pruned(shape.member, element) for element in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: pruned(shape.value, inner) for key, inner in value.items()}
    return value


def wrapped(items: str, made: Any) -> Any:
    for step in reversed([step for step in items.split(".") if step]):
        if step.endswith("[]") and not isinstance(made, list):
            made = [made]
        made = {step.removesuffix("[]"): made}
    return made


def tags_told(asked: Asked, call: Call, text: str) -> Any:
    shape = shape_at(asked.operation.output, call.items.removesuffix("[]"))
    if shape.type_name == "map":
        made: Any = {"planted": text}
    else:
        names = {name.casefold(): name for name in shape.member.members}
        key, value = (names.get("key") or names["tagkey"], names.get("value") or names["tagvalue"])
        made = [{key: "planted", value: text}]
    items = call.items.removesuffix("[]")
    return Listed({items: made}) if call.items.endswith("[]") else wrapped(items, made)


def paths_in(text: str) -> list[str]:
    return HOLE.findall(text) if "{" in text else [text]


def text_of(value: Any, *, dates: bool = True) -> str:
    return value.isoformat() if dates and isinstance(value, datetime) else str(value)
