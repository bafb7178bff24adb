"""Fields that look like edges (roles, keys, networks, buckets, secrets, functions, models, logs):
each is in a table or has a reason in ``unused_fields.yaml``, so that what AWS adds to an answer is
not overlooked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore
import msgspec
import pytest
import yaml

from connectors.aws import TYPES
from scanner.kit.tables import ResourceType
from tests.connectors.aws.table_lint import Lint

_FILE = Path(__file__).with_name("unused_fields.yaml")
_LOOKS_LIKE_AN_EDGE = re.compile(
    r"(?:kms_?key(?:id|arn|identifier)?|encryptionkey(?:arn)?|subnets?(?:ids?)?|securitygroups?(?:ids?)?"
    r"|s3uri|s3outputpath|outputs3uri|bucket(?:name|arn)?|secrets?arn|lambda(?:arn)?|functionarn"
    r"|role|rolearn|executionrole(?:arn)?|loggroup(?:name|arn)?|model(?:arn|id|identifier))\Z",
    re.I,
)
_CHOICE = re.compile(r"\[[^\]]*\]")
_MOST_DEPTH = 14


class _Unused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: str
    fields: tuple[str, ...]
    """``<kind> <path>`` with ``*`` for whatever."""


REVIEWED = msgspec.convert(yaml.safe_load(_FILE.read_text()), tuple[_Unused, ...])


def _leaves(shape: Any, path: str = "", seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Paths of texts, without marks of lists."""
    if shape is None or shape.name in seen or path.count(".") > _MOST_DEPTH:
        return
    if shape.type_name == "structure":
        for name, inner in shape.members.items():
            yield from _leaves(inner, f"{path}.{name}".strip("."), (*seen, shape.name))
    elif shape.type_name == "list":
        yield from _leaves(shape.member, path, seen)
    elif shape.type_name == "string" and not shape.enum:
        yield path


def _texts(value: Any) -> Iterator[str]:
    """All that a table says."""
    if isinstance(value, str):
        yield _CHOICE.sub("", value.rpartition("=")[2] if value.startswith("image=") else value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)


def unused(kind: ResourceType) -> list[str]:
    """Fields of a type that look like edges and stand nowhere in its table."""
    said = set(_texts(msgspec.to_builtins(kind)))
    found = []
    for shape in Lint(kind, TYPES)._shapes():
        for path in _leaves(shape):
            if not _LOOKS_LIKE_AN_EDGE.match(path.rpartition(".")[2]):
                continue
            above = {path[:at] for at in range(len(path) + 1) if path[at : at + 1] in (".", "")}
            if not above & said:
                found.append(path)
    return sorted(set(found))


def _reason(kind: str, path: str) -> str:
    return next(
        (
            one.why
            for one in REVIEWED
            if any(fnmatchcase(f"{kind} {path}", pattern) for pattern in one.fields)
        ),
        "",
    )


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_fields_that_look_like_edges_are_used_or_have_a_reason(kind: ResourceType) -> None:
    new = [path for path in unused(kind) if not _reason(kind.kind, path)]
    assert not new, (
        f"botocore {botocore.__version__}: {kind.kind} has {', '.join(new)}: add edges to its "
        f"table, or a reason to {_FILE.name}"
    )


def test_every_reason_is_needed() -> None:
    there = [f"{kind.kind} {path}" for kind in TYPES for path in unused(kind)]
    idle = [
        pattern
        for one in REVIEWED
        for pattern in one.fields
        if not any(fnmatchcase(name, pattern) for name in there)
    ]
    assert not idle, f"nothing is left of {', '.join(idle)}: take it out of {_FILE.name}"
