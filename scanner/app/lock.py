"""One scan at a time on one state."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanner.app.elsewhere import advice
from scanner.model.errors import ConfigError, StateTaken, StoreError
from scanner.store.addresses import file_of, parsed, secured


@contextmanager
def locked(url: str) -> Iterator[None]:
    """One scan at a time on one state. The lock is the operating system's, or the database's: a
    dead process keeps none."""
    if url.startswith("postgresql"):
        with _locked_by_database(url):
            yield
        return
    path = file_of(url)  # however it is spelled, and through whichever link
    if path is None:
        yield
        return
    from filelock import FileLock, Timeout  # an ad-hoc scan keeps nothing, and starts without it

    if not path.parent.is_dir():
        raise ConfigError(f"state {path}: the folder {path.parent} does not exist; create it")
    if path.is_dir():
        raise ConfigError(f"state {path}: a folder; name a file in it")
    # Whoever shares a state shares its lock.
    mode = path.stat().st_mode & 0o666 if path.exists() else 0o600
    lock = FileLock(f"{path}.lock", timeout=0, mode=mode)
    try:
        lock.acquire()
    except Timeout as error:
        if not Path(f"{path}.lock").exists():
            raise ConfigError(f"state {path}: no file can be made there") from error
        raise StateTaken(f"state {path}: another scan is running on it; wait for it") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            yield  # a full disk is told of when the state is opened
            return
        raise ConfigError(
            f"state {path}: {error.strerror}; " + advice("[store] url", f"sqlite:///{path.name}")
        ) from error
    try:
        yield
    finally:
        lock.release()


_KEY = 0x5AD0_1A15
"""Of the database, which holds one state: an advisory lock of the session, so it ends with it."""


@contextmanager
def _locked_by_database(url: str) -> Iterator[None]:
    """https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS. Not through a
    pooler that shares sessions. What is wrong with the URL is told when the state is opened."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    from scanner.store.connecting import store_error

    where = secured(parsed(url))
    try:
        session = create_engine(where, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()
    except (SQLAlchemyError, ImportError, ValueError) as error:
        if isinstance(error, OperationalError):
            trouble = store_error("open", error, create_engine(where))
            if isinstance(trouble, StoreError) and trouble.may_heal:
                raise trouble from error  # or it would be back when the state is opened, unlocked
        yield
        return
    with session:
        if not session.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY}).scalar():
            raise StateTaken(
                f"state {session.engine.url.database}: another scan is running on it; wait for it"
            )
        yield  # the session ends with the block, and the lock with the session
