"""On PostgreSQL the tables that grow by scan are partitioned by it, so that what a scan said goes
with its partitions and no row is touched. SQLite has one table each.

There is no default partition: with one, attaching another would look through it under a lock that
stops readers. Without, it takes SHARE UPDATE EXCLUSIVE, and detaching ``CONCURRENTLY`` does too
(https://www.postgresql.org/docs/current/sql-altertable.html). The names of partitions are for
people; which scans are in one, its bound says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, text

from scanner.model.errors import ConfigError
from scanner.store import schema

GROWING = (schema.coverage, schema.fact_change)
"""Each has a column ``scan_id``."""
OLDEST = (14,)
_UNDIVIDED = "undivided"
"""In the name of what a table held before there were partitions: one, of all scans until then."""
_LONGEST = 63
"""Of a name, in bytes; PostgreSQL cuts off what is longer."""
_LOCK = 0x5AD0_1A17
"""Advisory, of the transaction: two that make room for a scan do it once."""
_PATIENCE = "60s"
"""For readers that were there before a partition is dropped."""
_TEXT = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True)
class Partition:
    table: Table
    name: str
    scans: frozenset[str]
    is_going: bool = False
    """A process that was detaching it has ended half way: nobody sees its rows any more."""


def check_server(db: Connection) -> None:
    """Raises ``ConfigError`` for one that is too old to drop a partition beside readers."""
    found = db.dialect.server_version_info or ()
    if db.dialect.name == "postgresql" and found < OLDEST:
        raise ConfigError(
            f"state {db.engine.url.database}: PostgreSQL {'.'.join(map(str, found))} is too old; "
            f"use {OLDEST[0]} or later"
        )


def has_partitions(engine: Engine) -> bool:
    return engine.dialect.name == "postgresql"


def name_of(table: str, scan_id: str) -> str:
    return f"{table}_{scan_id}"[:_LONGEST]


def make_room(db: Connection, scan_id: str) -> None:
    """For what the scan will say, within the caller's transaction. Does nothing where it is."""
    if db.dialect.name != "postgresql":
        return
    db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    for table in GROWING:
        if not any(scan_id in one.scans for one in partitions_of(db, table)):
            name = _quoted(name_of(table.name, scan_id))
            _run(db, f"CREATE TABLE IF NOT EXISTS {name} (LIKE {table.name} INCLUDING DEFAULTS)")
            # Of several members of one role each may drop what another has made.
            owner = db.execute(_OWNER, {"table": table.name}).scalar_one()
            _run(db, f"ALTER TABLE {name} OWNER TO {owner}")
            attach(db, table.name, name_of(table.name, scan_id), {scan_id})


def attach(db: Connection, table: str, name: str, scans: Set[str]) -> None:
    values = ", ".join(_literal(scan) for scan in sorted(scans))
    _run(db, f"ALTER TABLE {table} ATTACH PARTITION {_quoted(name)} FOR VALUES IN ({values})")


def partitions_of(db: Connection, table: Table) -> list[Partition]:
    rows = db.execute(_ATTACHED, {"table": table.name})
    return [
        Partition(
            table,
            row.name,
            frozenset(word.replace("''", "'") for word in _TEXT.findall(row.bound)),
            row.is_going,
        )
        for row in rows
    ]


_ATTACHED = text(
    "SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound,"
    " i.inhdetachpending AS is_going"
    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = CAST(:table AS regclass) ORDER BY c.relname"
)
_OWNER = text(
    "SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class"
    " WHERE oid = CAST(:table AS regclass)"
)
_IS_ALONE = text(
    "SELECT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass(:name) AND c.relkind = 'r'"
    " AND NOT c.relispartition)"
)


def drop(engine: Engine, gone: Set[Partition]) -> None:
    """Outside a transaction, one partition after another: whatever ends it, those that are gone are
    gone, and one that was on its way is not seen any more; ``clear`` takes it away."""
    with _unbound(engine) as db:
        for one in sorted(gone, key=lambda one: one.name):
            how = "FINALIZE" if one.is_going else "CONCURRENTLY"
            name = _quoted(one.name)
            _run(db, f"ALTER TABLE {one.table.name} DETACH PARTITION {name} {how}")
            _run(db, f"DROP TABLE {name}")


def clear(engine: Engine, scans: Set[str]) -> None:
    """What a former ``drop`` of these scans has begun and not ended."""
    with _unbound(engine) as db:
        for table in GROWING:
            drop(engine, {one for one in partitions_of(db, table) if one.is_going})
            for name in (name_of(table.name, scan) for scan in (*sorted(scans), _UNDIVIDED)):
                if db.execute(_IS_ALONE, {"name": _quoted(name)}).scalar():
                    _run(db, f"DROP TABLE {_quoted(name)}")


@contextmanager
def _unbound(engine: Engine) -> Iterator[Connection]:
    """Each statement by itself, and none waits for ever."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        _run(db, f"SET lock_timeout = '{_PATIENCE}'")
        try:
            yield db
        finally:
            if not db.invalidated and not db.closed:
                _run(db, "RESET lock_timeout")


def _run(db: Connection, statement: str) -> None:
    db.execute(text(statement.replace(":", r"\:")))


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _literal(word: str) -> str:
    escaped = word.replace("'", "''")
    return f"'{escaped}'"
