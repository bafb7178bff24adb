"""Packed bytes, unpacked piece by piece under a budget.

Owns forward-only reading of a part of a file and of gzip, bzip2, xz and Zstandard streams through
the standard library's decompressors, each asked for no more than it is told to give. Nothing is
trusted that a header says of a size, nothing is written, and memory does not grow with the input.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, Protocol

CHUNK = 1 << 16
_FREE = 64 << 20
"""Unpacked bytes that no ratio forbids: so much costs a fraction of a second, whatever it is."""
_MOST_LZMA_MEMORY = 128 << 20
"""``xz -9`` asks for 65 MiB (https://tukaani.org/xz/)."""


class Exceeded(Exception):
    """A bound of the whole outermost archive: nothing more of it is read."""


class Corrupt(Exception):
    """What is read is not what its format asks for; only this stream ends."""


class Budget:
    """What one outermost archive may cost, over all archives within it."""

    def __init__(self, *, members: int, total: int, ratio: int, packed: int) -> None:
        by_ratio = max(_FREE, ratio * packed)
        self._bytes = min(total, by_ratio)
        self._bytes_bound = (
            f"more than {total >> 20} MiB unpacked in all (archives.total_mib)"
            if total <= by_ratio
            else f"unpacks to more than {ratio} times its size (archives.ratio)"
        )
        self._members = members
        self._members_bound = f"more than {members} members in all (archives.members)"

    def spend(self, size: int) -> None:
        self._bytes -= size
        if self._bytes < 0:
            raise Exceeded(self._bytes_bound)

    def spend_member(self) -> None:
        self._members -= 1
        if self._members < 0:
            raise Exceeded(self._members_bound)


class Stream(Protocol):
    def read(self, size: int) -> bytes:
        """``size`` bytes, fewer only at the end."""
        ...

    def skip(self, size: int) -> None: ...


class Section:
    """Part of a seekable file. ``budget``: charged for what is read, not for what is skipped;
    None where what is read is unpacked, and charged then."""

    def __init__(self, file: BinaryIO, start: int, size: int, budget: Budget | None) -> None:
        self._file = file
        self._at = start
        self._end = start + size
        self._budget = budget

    def read(self, size: int) -> bytes:
        self._file.seek(self._at)
        data = self._file.read(max(0, min(size, self._end - self._at)))
        self._at += len(data)
        if self._budget is not None:
            self._budget.spend(len(data))
        return data

    def skip(self, size: int) -> None:
        self._at = min(self._end, self._at + size)


class Peeked:
    """A stream whose first bytes can be looked at. Also a part of one: ``size`` bytes of it."""

    def __init__(self, stream: Stream, size: int | None = None) -> None:
        self._stream = stream
        self._left = size
        self._head = b""

    def peek(self, size: int) -> bytes:
        if len(self._head) < size:
            self._head += self._more(size - len(self._head))
        return self._head[:size]

    def read(self, size: int) -> bytes:
        data, self._head = self._head[:size], self._head[size:]
        return data + self._more(size - len(data)) if len(data) < size else data

    def skip(self, size: int) -> None:
        from_head = min(size, len(self._head))
        self._head = self._head[from_head:]
        rest = size - from_head
        if self._left is not None:
            rest = min(rest, self._left)
            self._left -= rest
        if rest:
            self._stream.skip(rest)

    def _more(self, size: int) -> bytes:
        wanted = size if self._left is None else min(size, self._left)
        data = self._stream.read(wanted) if wanted else b""
        if self._left is not None:
            self._left -= len(data)
        return data


class _Zlib:
    """zlib's decompressor with the face of those of bz2 and lzma."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _zstd() -> tuple[Callable[[], Any] | None, Any]:
    """Of Python 3.14, or of the package ``backports.zstd``."""
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ImportError):
            module = importlib.import_module(name)
            return module.ZstdDecompressor, (module.ZstdError,)
    return None, ()


ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
new_zstd, _zstd_errors = _zstd()
_BROKEN: tuple[type[Exception], ...] = (
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
    *_zstd_errors,
)

Make = Callable[[], Any]
INFLATE: Make = lambda: _Zlib(-15)  # noqa: E731
"""Raw deflate, as in zip (https://www.rfc-editor.org/rfc/rfc1951)."""
BUNZIP: Make = bz2.BZ2Decompressor
UNXZ: Make = lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_LZMA_MEMORY)  # noqa: E731
SINGLE: tuple[tuple[bytes, str, Make | None], ...] = (
    (b"\x1f\x8b\x08", "gzip", lambda: _Zlib(31)),
    (b"BZh", "bzip2", BUNZIP),
    (b"\xfd7zXZ\0", "xz", UNXZ),
    (ZSTD_MAGIC, "zstd", new_zstd),
)
"""Magic, format and how to unpack it, for formats that hold one stream."""


class Inflated:
    """What a stream unpacks to. Streams that follow each other are one (as ``cat a.gz b.gz``);
    what else follows is ignored, as gzip does. Raises ``Corrupt``."""

    def __init__(self, source: Stream, make: Make, budget: Budget, magic: bytes = b"") -> None:
        self._source = source
        self._make = make
        self._budget = budget
        self._magic = magic
        self._inner = make()
        self._feed = b""

    def read(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size > 0 and (part := self._some(min(size, CHUNK))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        while size > 0 and (part := self._some(min(size, CHUNK))):
            size -= len(part)

    def _some(self, most: int) -> bytes:
        while True:
            if self._inner.eof and not self._next():
                return b""
            feed, self._feed = self._feed, b""
            if not feed and self._inner.needs_input:
                feed = self._source.read(CHUNK)
            was_asked = self._inner.needs_input
            try:
                data: bytes = self._inner.decompress(feed, most)
            except _BROKEN as error:
                raise Corrupt(str(error) or type(error).__name__) from error
            if data:
                self._budget.spend(len(data))
                return data
            if was_asked and not feed and not self._inner.eof:
                raise Corrupt("ends early")

    def _next(self) -> bool:
        """Whether another stream follows."""
        rest = self._inner.unused_data
        if not self._magic:
            return False
        if len(rest) < len(self._magic):
            rest += self._source.read(CHUNK)
        if not rest.startswith(self._magic):
            return False
        self._inner, self._feed = self._make(), rest
        return True
