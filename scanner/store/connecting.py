"""Connections to the database, and what its errors mean for people."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from scanner.model.errors import ConfigError, StoreError
from scanner.store.addresses import parsed, secured, shown, told


def store_error(what: str, error: SQLAlchemyError, engine: Engine) -> StoreError | ConfigError:
    """A database error as ours, without the statement's parameters."""
    cause = getattr(error, "orig", None) or error
    full = _is_full(str(cause), engine.url.database)
    reason = told(_explain(what, str(cause), engine, is_full=full), engine.url)
    is_server = engine.dialect.name != "sqlite"
    heals = is_server and isinstance(error, (OperationalError, InterfaceError))
    if what == "open":
        heals = heals and not any(word in str(cause).lower() for word in _TO_MEND)
        if not (full or heals or "locked" in str(cause)):
            return ConfigError(reason)
    return StoreError(reason, is_full=full, may_heal=heals and not full)


_TO_MEND = (
    "authentication", "password", "does not exist", "pg_hba", "permission denied",
    "must be owner", "ssl", "certificate", "not known", "invalid",
)  # fmt: skip
"""In what a server, or the way to it, says where trying again would come to the same. Other trouble
in opening is a server that starts, stops, is full of sessions, or is not there."""


def _is_full(cause: str, database: str | None) -> bool:
    """SQLite calls a disk that filled up under its log an I/O error. What it wrote there may be
    gone again by now: to make a file smaller it writes the whole of it once more."""
    if "disk is full" in cause or "No space left" in cause:
        return True
    if "disk I/O error" not in cause or not database:
        return False
    with suppress(OSError):
        size = Path(database).stat().st_size if Path(database).exists() else 0
        return shutil.disk_usage(Path(database).parent).free < max(_ROOM, size)
    return False


_ROOM = 1 << 20


def engine_of(url: str) -> Engine:
    memory = url == "sqlite://"
    options: dict[str, Any] = {"poolclass": StaticPool} if memory else {}
    if url.startswith("sqlite"):
        options["connect_args"] = {"check_same_thread": False, "timeout": 30}
    else:
        options["pool_pre_ping"] = True  # a server that was started again is not taken for gone
    where = secured(parsed(url))
    try:
        engine = create_engine(where, **options)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise ConfigError(
            f"store url `{shown(where)}`: {told(str(error), where)}; "
            "use sqlite:///path or postgresql+psycopg://..."
        ) from None
    if url.startswith("sqlite"):
        _make_private(engine.url.database or "")
        event.listen(engine, "connect", _sqlite_pragmas)
    return engine


def _make_private(database: str) -> None:
    """A new file is its owner's alone; SQLite gives its log and its index the mode of the file. One
    that is there keeps its mode. What cannot be made is told when it is opened."""
    if database and database != ":memory:" and not database.startswith("file:"):
        with suppress(OSError):
            os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    """WAL: readers do not wait for the writer. NORMAL: durable at checkpoints, consistent always
    (https://sqlite.org/pragma.html#pragma_synchronous)."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _explain(what: str, cause: str, engine: Engine, *, is_full: bool) -> str:
    where = engine.url.database or "memory"
    remedy = "what was stored before is intact"
    if is_full or "full" in cause:
        remedy = "free some disk space and run again; what was stored before is intact"
    elif "locked" in cause:
        remedy = "another process holds the state; wait for it and run again"
    elif "unable to open" in cause or "readonly" in cause:
        remedy = "check that the folder exists and may be written"
    elif "permission denied" in cause or "must be owner" in cause:
        remedy = "let the role make and write tables in its schema, or use the role that does"
    elif any(one in cause.lower() for one in ("ssl", "root certificate", "certificate verify")):
        remedy = (
            "a server elsewhere must show a certificate for its name: name the authority by "
            "`sslrootcert=` in the URL, or choose otherwise by `sslmode=` (docs/configuration.md)"
        )
    elif "lock timeout" in cause:
        remedy = (
            "somebody has been reading in one transaction for long; end it, or run again later. "
            "Nothing that stays is touched"
        )
    elif "not a database" in cause or "malformed" in cause:
        remedy = "the file is damaged or no shadow-ai state; move it away or restore a backup"
    return f"state {where}: cannot {what}: {cause}; {remedy}"
