"""Rows in which an object's fields are columns of their own: by dots (``actor.user.email``), or as
the tables of a log workspace write them, with underscores and the type behind the name
(``actor_user_email_s``, https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api).

How many of the underscores are a name's own nobody can tell from the row. Whoever reads the record
knows: it is given as objects that look for a column when they are asked for a field, so that no
source has to list its fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.values import nested

_TYPED = expression(r"_[sdgtbl]$")
_DOTTED = expression(r"[\w@-]{1,80}(?:\.{1,2}[\w@-]{1,80}){1,12}")
_OTHER = expression(r"[^a-z0-9]")
_TIME = "TimeGenerated"
WORKSPACE = frozenset({
    "Computer", "MG", "ManagementGroupName", "RawData", "SourceSystem", "TenantId", _TIME, "Type",
    "_BilledSize", "_IsBillable", "_ItemId", "_ResourceId", "_SubscriptionId", "_TimeReceived",
})  # fmt: skip
"""Columns that each table of a workspace has, which say nothing of the record
(https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns)."""
_OF_TABLE = "_CL"


def is_of_workspace(name: Any, value: Any, record: Mapping[str, Any]) -> bool:
    """Whether a column says what the table is, where the record's own could be meant."""
    if name not in WORKSPACE or name == _TIME:
        return False
    if name == "Type" and _TIME in record and isinstance(value, str) and value.endswith(_OF_TABLE):
        return True
    return is_typed(record)


def is_typed(record: Mapping[str, Any]) -> bool:
    """Whether columns tell their types. One alone may be called so."""
    count = sum(1 for name in record if name[-2:-1] == "_" and _TYPED.search(name))
    return count > 1 or (count == 1 and _TIME in record)


def opened(record: Mapping[str, Any], base: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """``record``, whose fields are given as objects where its columns are flat; the same where they
    are not. ``base``: what is known of it already, which counts first."""
    whole = record if base is None else base
    if not all(isinstance(name, str) for name in record):
        return whole
    by_type = is_typed(record)
    table = _Table("_" if by_type else ".")
    for name, value in record.items():
        if by_type and name[-2:-1] == "_" and _TYPED.search(name):
            table.raw[name] = name[:-2]
            table.add(name[:-2], _plain(name, value))
        elif "." in name and _DOTTED.fullmatch(name):
            table.add(name, value)
    return _Row(whole, table, "") if table.values else whole


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, float) and name.endswith("_d") and value.is_integer():
        return int(value)
    if isinstance(value, str) and value[:1] in ("{", "["):
        found = nested(value)
        return value if found is None else found
    return value


class _Table:
    """The columns of one row. ``between``: a name and the field in it."""

    def __init__(self, between: str) -> None:
        self.between = between
        self.values: dict[str, tuple[str, Any]] = {}
        """By name without case and marks: as it is written, and what it holds."""
        self.parents: set[str] = set()
        self.raw: dict[str, str] = {}
        """Names with their types -> without."""

    def plain(self, name: str) -> str:
        low = name.casefold()
        return low if self.between == "." else _OTHER.sub("_", low)

    def add(self, name: str, value: Any) -> None:
        """An empty column of a workspace may be of any record of the table: there is no object
        because of it."""
        plain = self.plain(name)
        if self.values.get(plain, ("", ""))[1] in ("", None):
            self.values[plain] = name, value
        if value in ("", None) and self.between == "_":
            return
        at = plain.find(self.between, 1)
        while 0 < at < len(plain) - 1:
            self.parents.add(plain[:at])
            at = plain.find(self.between, at + 1)

    def under(self, parent: str) -> Iterator[tuple[str, Any]]:
        start = parent + self.between
        for plain, (name, value) in self.values.items():
            if plain.startswith(start) and (self.between == "." or value not in ("", None)):
                yield name[len(start) :], value


class _Row(Mapping[str, Any]):
    """An object of a row: the fields that it has, and columns whose names begin as it does."""

    def __init__(self, base: Mapping[str, Any], table: _Table, path: str) -> None:
        self._base, self._table, self._path = base, table, path

    def __getitem__(self, name: str) -> Any:
        table = self._table
        own = self._base.get(name)
        plain = table.plain(name) if isinstance(name, str) else ""
        path = f"{self._path}{table.between}{plain}" if self._path else plain
        if isinstance(own, Mapping) and own and path in table.parents:
            return _Row(own, table, path)
        column = table.values.get(path, ("", None))[1]
        if isinstance(own, Mapping) and isinstance(column, Mapping):
            return {**own, **column}
        if own not in ("", None, {}, []):
            return own
        if column not in ("", None):
            return column
        if path in table.parents:
            return _listed(_Row({}, table, path))
        return column if path in table.values else self._base[name]

    def __contains__(self, name: object) -> bool:
        try:
            self[name]  # type: ignore[index]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        raw = self._table.raw
        if self._path or not raw:
            yield from self._base
        else:  # what the workspace has added is no text of the record's
            told = (name for name in self._base if name not in WORKSPACE)
            yield from dict.fromkeys(raw.get(name, name) for name in told)
        if self._path:
            under = (name for name, _ in self._table.under(self._path))
            yield from (name for name in under if name not in self._base)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))


def _listed(row: _Row) -> _Row | list[Any]:
    """Numbered columns (``target.0.id``) are a list."""
    between = row._table.between
    places = {name.partition(between)[0] for name in row}
    if not all(one.isdigit() and len(one) < 4 for one in places):
        return row
    return [row[one] for one in sorted(places, key=int)]
