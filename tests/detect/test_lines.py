"""Lines are counted right wherever blocks end."""

from __future__ import annotations

import random

import pytest

from scanner.detect import lines
from scanner.detect.lines import Lines


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 18])
def test_every_offset_has_the_line_of_a_plain_count(
    monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(lines, "_BLOCK", block)
    chance = random.Random(block)
    for size in (0, 1, 6, 7, 8, 500):
        data = bytes(chance.choice(b"\nab") for _ in range(size))
        counted = Lines(data)
        for offset in range(size + 1):
            assert counted.number(offset) == data[:offset].count(b"\n") + 1
