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


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("Nov 20, 2026 09:00:00 AM", "2026-11-20T09:00:00Z"),
        ("Nov 20, 2026, 9:00:00\u202fPM PST", "2026-11-20T21:00:00Z"),
        ("2026/11/20 09:00:00", "2026-11-20T09:00:00Z"),
        ("11/20/2026 09:00:00", "2026-11-20T09:00:00Z"),
        ("20/11/2026", "2026-11-20T00:00:00Z"),
        ("11/11/2026", "2026-11-11T00:00:00Z"),
        ("10/11/2026", ""),  # of October or of November
        ("never", ""),
    ],
)
def test_dates_of_consoles(said: str, moment: str) -> None:
    assert when(said) == moment
