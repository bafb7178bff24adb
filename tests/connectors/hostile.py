"""Records that a source may send, bent in every way that JSON allows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

_JUNK: tuple[Any, ...] = (
    None, True, 1, -1.5, float("inf"), float("nan"), 10**400, "", "x", "\ud800", "a\x00b",
    "9" * 5000, [], {}, [[]], [{}], {"a": 1}, ["x", 1, None], "2026-13-45", "[", '"', "[1,",
)  # fmt: skip


def bent(records: list[Any], count: int, seed: int = 1) -> Iterator[Any]:
    rng = random.Random(seed)
    for _ in range(count):
        yield _bent(rng.choice(records), rng.choice((0.02, 0.1, 0.3)), rng)


def _bent(value: Any, share: float, rng: random.Random) -> Any:
    if rng.random() < share:
        return rng.choice(_JUNK)
    if isinstance(value, dict):
        return {
            key if rng.random() > share / 4 else f"{key}x": _bent(one, share, rng)
            for key, one in value.items()
            if rng.random() > share / 3
        }
    if isinstance(value, list):
        return [_bent(one, share, rng) for one in value]
    return value
