"""Within a major version the document only grows: what it promised, it still holds.

``promised.txt`` beside this file has a line a field of every record of version 1, with its type and
whether it is always there. Lines are added to it when a version is published, and taken away or
changed only with a new major version.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.emit.document import SCHEMA_VERSION
from scanner.emit.schemas import schema

PROMISED = (Path(__file__).parent / "promised.txt").read_text(encoding="utf-8").splitlines()


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2]
    if "anyOf" in value:
        return " or ".join(sorted(_type(one) for one in value["anyOf"]))
    if "enum" in value:
        return "text"  # an enumeration may grow
    kind = str(value.get("type", "any"))
    inner = value.get("items") or value.get("additionalProperties")
    return f"{kind} of {_type(inner)}" if isinstance(inner, dict) else kind


def _fields(found: dict[str, Any]) -> Iterator[str]:
    """Of the records that the document reaches."""
    for name, record in sorted(found["$defs"].items()):
        if "enum" in record:
            continue
        for field, value in sorted(record.get("properties", {}).items()):
            always = " always" if "default" not in value else ""
            yield f"{name}.{field}: {_type(value)}{always}"


def _missing(found: dict[str, Any]) -> list[str]:
    here = set(_fields(found))
    return [line for line in PROMISED if line not in here]


def test_what_was_promised_is_there() -> None:
    assert SCHEMA_VERSION.startswith("1."), "a new major version makes a new list"
    assert len(PROMISED) > 90
    assert not _missing(schema("document"))


@pytest.mark.parametrize("how", ["removed", "another type", "no longer always"])
def test_a_broken_promise_is_seen(how: str) -> None:
    broken = copy.deepcopy(schema("document"))
    fields = broken["$defs"]["Finding"]["properties"]
    if how == "removed":
        del fields["fingerprint"]
    elif how == "another type":
        fields["fingerprint"] = {"type": "integer"}
    else:
        fields["fingerprint"]["default"] = ""
    (line,) = _missing(broken)
    assert line.startswith("Finding.fingerprint")
