"""Brings a state to the schema that this version knows, by Alembic's revisions in ``migrations``.

A new state is made as a whole. An older one is brought up in one transaction, by whoever opens it
first: a process that is killed meanwhile leaves it as it was. A newer one is refused.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text, update

from scanner.model.errors import StoreError
from scanner.store import partitions, schema

_VERSION = "schema_version"
_LOCK = 0x5AD0_1A16
"""Advisory, of the transaction: two that open an old state at once do not both change it."""


def settle(db: Connection) -> None:
    """Raises ``StoreError`` where the state is of a newer version, ``ConfigError`` where its server
    is of an older one than it needs."""
    partitions.check_server(db)
    found = _version(db)
    if found is not None and found < schema.SCHEMA_VERSION:
        _locked(db)
        found = _version(db) or found
        if found < schema.SCHEMA_VERSION:
            _upgrade(db, found)
    elif found is not None and found > schema.SCHEMA_VERSION:
        raise StoreError(
            f"the state was written by a newer version (schema {found}, this one knows "
            f"{schema.SCHEMA_VERSION}); upgrade shadow-ai"
        )
    schema.metadata.create_all(db)
    if found is None:
        put_meta(db, _VERSION, str(schema.SCHEMA_VERSION))


def put_meta(db: Connection, key: str, value: str) -> None:
    here = schema.meta.c.key == key
    if not db.execute(update(schema.meta).where(here).values(value=value)).rowcount:
        db.execute(insert(schema.meta).values(key=key, value=value))


def _version(db: Connection) -> int | None:
    if not inspect(db).has_table(schema.meta.name):
        return None
    here = schema.meta.c.key == _VERSION
    found = db.execute(select(schema.meta.c.value).where(here)).scalar()
    return int(found) if found is not None else None


def _locked(db: Connection) -> None:
    """Python's driver begins no transaction before DDL on SQLite; told to, it keeps it."""
    if db.dialect.name == "sqlite":
        db.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _upgrade(db: Connection, found: int) -> None:
    """Loaded for it alone: a second that no other start should take."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = db
    command.stamp(config, f"{found:04d}")
    command.upgrade(config, "head")
    put_meta(db, _VERSION, str(schema.SCHEMA_VERSION))
