"""Bytes of a log's file, unpacked piece by piece, bounded, whatever the file says of its size."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Protocol, cast

_PIECE = 1 << 20
_MAGIC = b"\x1f\x8b"
MOST_UNPACKED = 2 << 30
"""Of one file. CloudTrail's own are a few MiB."""


class Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class TooLarge(ValueError):
    """More than one file may unpack to."""


class Damaged(ValueError):
    """What follows cannot be read."""


def pieces(stream: Readable, most: int = MOST_UNPACKED) -> Iterator[bytes]:
    """Unpacked by what it begins with, whatever its name; members that follow each other are one.
    Raises ``TooLarge`` and ``Damaged``, after what was read before."""
    left = most
    for piece in _unpacked(stream):
        left -= len(piece)
        if left < 0:
            raise TooLarge(f"unpacks to more than {most >> 20} MiB")
        yield piece


def _unpacked(stream: Readable) -> Iterator[bytes]:
    first = stream.read(_PIECE)
    if not first.startswith(_MAGIC):
        while first:
            yield first
            first = stream.read(_PIECE)
        return
    inner, feed = _inflater(), first
    while True:
        if inner.eof:
            feed = inner.unused_data or stream.read(_PIECE)
            if not feed.startswith(_MAGIC):
                return  # what else follows is ignored, as gzip does
            inner = _inflater()
        try:
            data = inner.decompress(feed, _PIECE)
        except (zlib.error, _isal_error()) as error:
            raise Damaged(str(error)) from error
        if data:
            yield data
        if inner.eof:
            continue
        feed = inner.unconsumed_tail
        if not feed and not data:  # nothing waits inside any more
            feed = stream.read(_PIECE)
            if not feed:
                raise Damaged("ends early")


def _inflater() -> Any:
    """isal's is three times as fast; the standard library's does the same."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.decompressobj(31)
    return isal_zlib.decompressobj(31)


def _isal_error() -> type[Exception]:
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.error
    return cast("type[Exception]", isal_zlib.error)
