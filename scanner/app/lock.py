"""One scan at a time on one state."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from scanner.model.errors import ConfigError, StoreError


@contextmanager
def locked(url: str) -> Iterator[None]:
    """One scan at a time on one state. The lock is the operating system's: a dead process keeps
    none."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        yield
        return
    path = Path(url[len(prefix) :])
    if not path.parent.is_dir():
        raise ConfigError(f"state {path}: the folder {path.parent} does not exist; create it")
    if path.is_dir():
        raise ConfigError(f"state {path}: a folder; name a file in it")
    lock = FileLock(f"{path}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        if not Path(f"{path}.lock").exists():
            raise ConfigError(f"state {path}: no file can be made there") from error
        raise StoreError(f"state {path}: another scan is running on it; wait for it") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            yield  # a full disk is told of when the state is opened
            return
        raise ConfigError(f"state {path}: {error.strerror}; check who may write there") from error
    try:
        yield
    finally:
        lock.release()
