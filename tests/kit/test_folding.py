"""What a record without an id says in all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scanner.kit.folding import whole


@pytest.mark.parametrize(
    "record", [{None: 1, "a": 2}, {"a": {1: 2, "b": 3}}, {date(2026, 1, 1): 1}, [{("a",): 1}]]
)
def test_names_that_are_no_text_end_nothing(record: Any) -> None:
    """A table's cells without a column, and what YAML allows."""
    assert whole(record)
    assert whole(record) == whole(record)


def test_records_that_differ_are_told_apart_whatever_their_order() -> None:
    assert whole({"a": 1, None: 2}) == whole({None: 2, "a": 1})
    assert whole({"a": 1, None: 2}) != whole({"a": 1, None: 3})
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert whole({1: deep, "b": 2}) == ""
