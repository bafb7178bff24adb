"""Insertions that say what a row that is there already comes to, in the words of each database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table


class Inserting:
    """``made``: of the database's own ``INSERT`` the statement. It is made once, as making it is
    most of the work, and a database's dialect is loaded by who uses that database."""

    def __init__(self, table: Table, made: Callable[[Any], Any]) -> None:
        self._table = table
        self._made = made
        self._known: dict[str, Any] = {}

    def on(self, db: Connection) -> Any:
        name = db.dialect.name
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._made(_insert(name)(self._table))
        return found


def _insert(name: str) -> Callable[[Table], Any]:
    if name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert
