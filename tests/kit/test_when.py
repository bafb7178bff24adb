"""Times as logs write them: ISO 8601, and numbers since 1970 in three scales."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.kit.values import when


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("2026-11-20T08:00:00+01:00", "2026-11-20T07:00:00Z"),
        ("2026-11-20 08:00:00", "2026-11-20T08:00:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        (1_795_000_000, "2026-11-18T11:06:40Z"),
        (1_795_000_000_000, "2026-11-18T11:06:40Z"),
        (1_795_000_000_000_000, "2026-11-18T11:06:40Z"),
        ("1795000000", "2026-11-18T11:06:40Z"),
        ("1795000000.000000000", "2026-11-18T11:06:40Z"),
        (0, ""), (-1, ""), (True, ""), (None, ""), ("", ""), ("9" * 400, ""), (float("nan"), ""),
        (float("inf"), ""), ("yesterday", ""), ([], ""),
    ],
)  # fmt: skip
def test_every_way_to_write_a_time(said: Any, told: str) -> None:
    assert when(said) == told
