"""Dates of entries: read once, as ``YYYY-MM-DD``, so that they compare.

Owns which fields are dates, and which way round those of one file are: a single cell such as
03/04/2026 cannot tell, a file mostly can. What cannot be read is told, never
compared as a text, and kept apart from what is not stated: an end that nobody can read is no
validity without end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from scanner.model.registry import RegistryEntry
from scanner.reconcile import values
from scanner.reconcile.values import Order

_IN_LISTS = {
    "stage_dates": ("at",),
    "assessments": ("at", "expires_at"),
    "attestations": ("at", "expires_at"),
}


def read(
    entries: Sequence[RegistryEntry], order: Order = ""
) -> list[tuple[RegistryEntry, tuple[str, ...]]]:
    """Each entry of one file or registry with its dates as they compare, and what could not be
    read of them. ``order``: how days and months stand; empty: as the file itself shows."""
    order = order or values.order_of(text for entry in entries for _, text in _dates(entry))
    return [_read(entry, order) for entry in entries]


def _dates(entry: RegistryEntry) -> Iterator[tuple[str, str]]:
    yield "review_at", entry.review_at
    for name, fields in _IN_LISTS.items():
        for row in getattr(entry, name):
            for field in fields:
                yield f"{name}.{field}", getattr(row, field)


def _read(entry: RegistryEntry, order: Order) -> tuple[RegistryEntry, tuple[str, ...]]:
    told: list[str] = []

    def day(text: str, where: str) -> str:
        try:
            return values.day(text, order) if text else ""
        except ValueError as error:
            told.append(f"{where}: {error}")
            return ""

    changed: dict[str, Any] = {"review_at": day(entry.review_at, "review_at")}
    for name, fields in _IN_LISTS.items():
        rows = getattr(entry, name)
        made = []
        for row in rows:
            days = {f: day(getattr(row, f), _where(name, row, f)) for f in fields}
            unread = [text for f, read in days.items() if not read
                      and not values.is_blank(text := getattr(row, f))]  # fmt: skip
            days |= {"unread": unread[0]} if unread and name != "stage_dates" else {}
            made.append(msgspec.structs.replace(row, **days))
        changed[name] = tuple(made)
    changed["stage_dates"] = tuple(row for row in changed["stage_dates"] if row.at)
    return msgspec.structs.replace(entry, **changed), tuple(told)


def _where(name: str, row: Any, field: str) -> str:
    return f"{name}.{row.stage}" if name == "stage_dates" else f"{name}.{field}"
