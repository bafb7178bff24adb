"""A console's table as the records that the same source's API gives: one reader of both.

A source says which columns a table is known by and which field of its own record each is, by all
spellings that are known; what a record means is said once, where the API's is read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Record = Mapping[str, Any]
Spellings = str | Sequence[str]


class Columns:
    """``fields``: of the API's record (dotted for what is within another) -> the columns that may
    hold it, the likeliest first. ``needs``: fields of which a column must be there, ``|`` for one
    of several; by these the table is known. ``fixed``: what every record of it has. ``without``:
    columns that another table has. Names of columns count whatever their case, and with ``_`` or
    ``-`` for a space."""

    def __init__(
        self, fields: Mapping[str, Spellings], needs: Iterable[str],
        fixed: Mapping[str, Any] | None = None, without: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self._fields = {
            field: tuple(map(_plain, (names,) if isinstance(names, str) else names))
            for field, names in fields.items()
        }
        self._needs = [
            {name for field in one.split("|") for name in self._fields[field]} for one in needs
        ]
        self._fixed = dict(fixed or {})
        self._without = {_plain(name) for name in without}

    def fits(self, row: Record) -> bool:
        """Whether it is a row of such a table."""
        names = _names(tuple(row))
        return names.isdisjoint(self._without) and all(names & one for one in self._needs)

    def record(self, row: Record) -> dict[str, Any]:
        """As the API tells it; empty cells are not given. Lists and objects that stood in a cell
        stay what they are."""
        given = _given(row)
        made: dict[str, Any] = dict(self._fixed)
        for field, names in self._fields.items():
            value = next((given[one] for one in names if _is_filled(given.get(one))), None)
            if value is not None:
                _put(made, field.split("."), value.strip() if isinstance(value, str) else value)
        return made

    def read(self, told: Callable[[Any, str], T]) -> Callable[[Record, str], T]:
        """``told``, of the API's record, for rows of the table."""

        def of_row(row: Record, org: str) -> T:
            return told(self.record(row), org)

        return of_row


_MOST_HEADERS = 512
"""Headers that are remembered: a table has one, and files of events have as many as types."""


@functools.lru_cache(maxsize=_MOST_HEADERS)
def _names(header: tuple[Any, ...]) -> frozenset[str]:
    return frozenset(_plain(name) for name in header if isinstance(name, str))


@functools.lru_cache(maxsize=_MOST_HEADERS)
def _in_order(header: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(_plain(name) if isinstance(name, str) else "" for name in header)


def _given(row: Record) -> dict[str, Any]:
    return dict(zip(_in_order(tuple(row)), row.values(), strict=True))


def _plain(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").casefold().split()
    return " ".join(words)


def _is_filled(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _put(made: dict[str, Any], path: Sequence[str], value: Any) -> None:
    place = made
    for step in path[:-1]:
        inner = place.get(step)
        if not isinstance(inner, dict):
            inner = place[step] = {}
        place = inner
    place[path[-1]] = value
