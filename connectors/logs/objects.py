"""Object stores, as fsspec opens them (https://filesystem-spec.readthedocs.io).

Every store's library has errors of its own, which are no ``OSError``: here they become the house's,
so that one object that is refused or breaks off costs no other.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from scanner.model.errors import Denied, SourceError, Unavailable

_CHANGED = ("mtime", "LastModified", "last_modified", "updated", "created")
"""What stores call the time of an object's last change."""
_SAID = 200
_REFUSED = ("403", "401", "accessdenied", "forbidden", "unauthorized", "permission")


def filesystem_of(named: str) -> tuple[Any, str]:
    """Of an address of an object store, and the path in it. Raises ``Unavailable``."""
    try:
        import fsspec  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise Unavailable(f"{named}: install `shadow-ai-scanner[objects]` to read it") from error
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(named)
    except (ImportError, ValueError) as error:
        raise Unavailable(f"{named}: {str(error)[:200]}") from error
    return found


def listed(named: str) -> list[tuple[str, int]]:
    """Addresses of the objects that ``named`` stands for, and when each was changed last. Raises
    the source errors."""
    filesystem, path = filesystem_of(named)
    protocol = named.partition("://")[0]
    find = filesystem.glob if any(char in path for char in "*?[") else filesystem.find
    with _told(named, "listed"):
        found: Mapping[str, Any] = find(path, detail=True)
    return [
        (f"{protocol}://{path.removeprefix(protocol + '://')}", _changed(about))
        for path, about in sorted(found.items())
        if about.get("type") != "directory"
    ]


@contextmanager
def opened(named: str) -> Iterator[BinaryIO]:
    """The bytes of one object. Raises the source errors, also while it is read."""
    filesystem, path = filesystem_of(named)
    with _told(named, "read"):
        stream = filesystem.open(path, "rb")
    with stream:
        yield cast("BinaryIO", _Object(stream, named))


class _Object(io.RawIOBase):
    """Gives what came before it breaks off, which a buffer would keep."""

    def __init__(self, stream: Any, named: str) -> None:
        self._stream = stream
        self._named = named

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._stream.seekable())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _told(self._named, "read"):
            return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    def readinto(self, into: Any) -> int:
        view = memoryview(into)
        with _told(self._named, "read"):
            data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)


@contextmanager
def _told(named: str, what: str) -> Iterator[None]:
    try:
        yield
    except SourceError:
        raise
    except PermissionError as error:
        raise Denied(f"{named}: may not be {what}") from error
    except Exception as error:
        said = f"{named}: not {what}: {type(error).__name__}"
        words = f"{type(error).__name__} {error}"[:_SAID].casefold()
        if any(word in words for word in _REFUSED):
            raise Denied(f"{said}; let the scanner's identity read it") from error
        raise Unavailable(f"{said}: {_plain(str(error))}") from error


def _plain(text: str) -> str:
    """Without what a signed address would tell."""
    return " ".join(text.split())[:_SAID].partition("?")[0]


def _changed(about: Mapping[str, Any]) -> int:
    """0: unknown."""
    value = next((about[name] for name in _CHANGED if about.get(name)), 0)
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
            return max(0, int(zoned.timestamp()))
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return 0
