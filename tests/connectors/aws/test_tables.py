"""The tables against botocore's own models: a field that AWS does not have is found here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore.exceptions import UnknownServiceError

from connectors.aws import TYPES, AwsConnector
from scanner.kit.tables import Call, ResourceType, fill, load_types, tags_of, values

_SESSION = botocore.session.get_session()
_SCOPE = {"partition", "region", "account", "id", "name", "value"}


def _operation(op: str) -> Any:
    service, _, name = op.partition(":")
    return _SESSION.get_service_model(service).operation_model(name)


def _shape(shape: Any, path: str) -> Any:
    """The shape at a dotted path, or an AssertionError with what there is instead."""
    for step in filter(None, path.split(".")):
        key = step.removesuffix("[]")
        assert shape.type_name == "structure", f"{path}: {shape.name} has no members"
        assert key in shape.members, f"{path}: {shape.name} has {sorted(shape.members)}"
        shape = shape.members[key]
        if step.endswith("[]"):
            assert shape.type_name == "list", f"{path}: {key} is no list"
            shape = shape.member
    return shape


def _record_shapes(kind: ResourceType) -> list[Any]:
    shapes = [_shape(_operation(kind.list.op).output_shape, kind.list.items)]
    if kind.detail:
        shapes.append(_shape(_operation(kind.detail.op).output_shape, kind.detail.items))
    return shapes


def _paths(kind: ResourceType) -> Iterator[str]:
    yield from (kind.name, kind.created_at, kind.status, kind.environment_error)
    yield from kind.models
    yield from kind.environment
    yield from (edge.path for edge in kind.edges)
    yield from _holes(kind.id)


def _holes(text: str) -> list[str]:
    if "{" not in text:
        return [text]
    return [part.partition("}")[0] for part in text.split("{")[1:]]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_every_path_is_a_field_of_the_vendors_answer(kind: ResourceType) -> None:
    shapes = _record_shapes(kind)
    for path in _paths(kind):
        if path and path not in _SCOPE - {"name"}:
            assert any(_has(shape, path) for shape in shapes) or path == "name", path
    for child in kind.children:
        call = child.detail or child.list
        shape = _shape(_operation(call.op).output_shape, call.items)
        for edge in child.edges:
            _shape(shape, edge.path)


def _has(shape: Any, path: str) -> bool:
    try:
        _shape(shape, path)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_every_argument_is_known_and_none_that_is_required_is_missing(kind: ResourceType) -> None:
    for call in kind.calls:
        shape = _operation(call.op).input_shape
        members = set(shape.members) if shape else set()
        given = {*call.args, *call.params}
        assert given <= members, f"{call.op} takes {sorted(members)}"
        assert set(shape.required_members if shape else ()) <= given, f"{call.op}: {shape}"


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_no_list_that_pages_is_read_for_one_page_only(kind: ResourceType) -> None:
    for call in (kind.list, kind.tags, *(child.list for child in kind.children)):
        if call and not _pages(call):
            output = _operation(call.op).output_shape.members
            tokens = {name for name in output if name.lower() in ("nexttoken", "nextmarker")}
            assert not tokens or call.page, f"{call.op}: {tokens} and no paginator; set `page`"


def _pages(call: Call) -> bool:
    service, _, name = call.op.partition(":")
    try:
        return name in _SESSION.get_paginator_model(service)._paginator_config
    except UnknownServiceError:
        return False


def test_only_reading_operations_are_declared() -> None:
    reading = ("List", "Get", "Describe")
    names = [operation.id.partition(":")[2] for operation in AwsConnector.spec.operations]
    assert [name for name in names if not name.startswith(reading)] == ["AssumeRole"]
    never = ("GetSecretValue", "GetParameter", "GetFunction", "GetObject", "Invoke")
    assert not [name for name in names if name.startswith(never)]


def test_every_kind_that_an_edge_looks_up_is_listed_before() -> None:
    seen: set[str] = set()
    for kind in TYPES:
        for edge in kind.edges:
            if edge.target.startswith("kind:"):
                assert edge.target.removeprefix("kind:") in seen, f"{kind.kind}: {edge.target}"
        seen.add(kind.kind)


def test_paths_holes_and_tags() -> None:
    record = {"A": {"B": [{"C": 1}, {"C": 2}, {}]}, "Empty": None}
    assert list(values(record, "A.B[].C")) == [1, 2]
    assert list(values(record, "A.X.Y")) == []
    assert list(values(record, "Empty.X")) == []
    assert fill("x/{region}/{A.B[].C}", record, {"region": "eu"}) == "x/eu/1"
    assert fill("region", record, {"region": "eu"}) == "eu"
    assert tags_of([{"Key": "a", "Value": "1"}, {"key": "b", "value": "2"}]) == {"a": "1", "b": "2"}
    assert tags_of({"a": 1}) == {"a": "1"}
    assert tags_of(None) == {}


def test_an_unknown_field_of_a_table_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="nmae"):
        load_types(
            "types: [{kind: a.b, class: other, service: s, list: {op: s:L}, id: I, nmae: N,"
            " name: N, describes: d, reference: r}]"
        )
