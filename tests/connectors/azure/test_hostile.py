"""Answers are hostile: whatever a field holds, the scan goes on and tells what it lacks."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.azure.rights import grant
from scanner.model.base import encode
from scanner.model.items import Content
from tests.azure_rig import estate
from tests.azure_rig.rig import Rig
from tests.connectors.azure.reading import read

_VALUES: tuple[Any, ...] = (
    None, "", "https://[", "//[::1", "\x1b[2J\x00", "/subscriptions/../..", 10**30, -1.5, True,
    [], {}, [None], [[]], {"a": None}, "x" * 5000, "\ud800", "azureml:", "/",
)  # fmt: skip


def _with(value: Any, record: Any, depth: int = 0) -> Any:
    """Every leaf of a record replaced, but for what the stand-in itself needs."""
    if isinstance(record, dict):
        return {
            key: one if depth == 0 and key in ("id", "type", "subscriptionId", "name", "kind")
            else _with(value, one, depth + 1)
            for key, one in record.items()
        }  # fmt: skip
    if isinstance(record, list):
        return [_with(value, one, depth + 1) for one in record]
    return copy.deepcopy(value)


def _flat(value: Any, record: dict[str, Any]) -> dict[str, Any]:
    """Every field of a record replaced as a whole."""
    kept = ("id", "type", "subscriptionId", "name", "kind")
    return {key: one if key in kept else copy.deepcopy(value) for key, one in record.items()}


def _spoil(rig: Rig, value: Any, how: Any) -> Iterator[None]:
    for table, rows in rig.rows.items():
        rig.rows[table] = [how(value, row) for row in rows]
    for path, rows in rig.lists.items():
        rig.lists[path] = [how(value, row) for row in rows]
    rig.things = {path: how(value, thing) for path, thing in rig.things.items()}
    yield


@pytest.mark.parametrize("how", [_with, _flat], ids=["leaves", "fields"])
@pytest.mark.parametrize("value", _VALUES, ids=lambda value: repr(value)[:20])
def test_a_field_of_any_kind_ends_nothing(rig: Rig, value: Any, how: Any) -> None:
    estate.whole(rig)
    list(_spoil(rig, value, how))
    found = read(rig, read_values=True)
    assert len(found.assets) > 15
    for item in found.items:
        if not isinstance(item, Content):
            encode(item)


@pytest.mark.parametrize("ident", ["", " ", "/", "x" * 3000, "/subscriptions/\x1b", 7, None])
def test_a_record_below_without_an_id_is_a_gap(rig: Rig, ident: Any) -> None:
    account = estate.openai(rig, estate.subscription(rig, 1).id)
    rig.lists[f"{account}/deployments".casefold()].append({"id": ident, "name": "odd"})
    found = read(rig, families=("ai",))
    assert found.one("azure.model_deployment") if ident in ("", " ", None) else True
    assert found.gaps or ident in ("/", 7)


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    made = grant(["*a" * 200 + "b"], [])
    start = time.process_time()
    assert not made.covers("a" * 200)
    assert time.process_time() - start < 5
    assert grant(["Microsoft.*/accounts/*/read"], []).covers("microsoft.X/accounts/d/read")
    assert not grant(["*"], ["*/read"]).covers("a/read")
