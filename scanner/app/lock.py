"""One scan at a time on one state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from scanner.model.errors import StoreError


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
        raise StoreError(f"state {path}: the folder {path.parent} does not exist; create it")
    try:
        with FileLock(f"{path}.lock", timeout=0):
            yield
    except Timeout as error:
        raise StoreError(f"state {path}: another scan is running on it; wait for it") from error
    except PermissionError as error:
        raise StoreError(f"state {path}: {error.strerror}; check who may write there") from error
