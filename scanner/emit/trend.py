"""How the numbers went over scans."""

from __future__ import annotations

from scanner.model.base import Model


class Point(Model, frozen=True, kw_only=True):
    """After one scan. ``assets``: of those known today, how many had been seen by then; ``read``:
    the share of shards that were read completely, in percent."""

    scan: str
    at: str
    open: int
    assets: int
    read: int
