"""Exported files of events: packed or not, one document or a line a record.

Owns opening and the bounds of what is held at once; what a record is, the connector knows.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from scanner.kit.text import PROBE, encoding_of

MOST_LINE = 16 << 20
"""Bytes of a line that are held, and of a document that is read whole; a longer line comes in
pieces."""
_FIRST = 1 << 16
_BUFFER = 1 << 18


class Lines(Protocol):
    def readline(self, size: int, /) -> bytes: ...


class UntilDamage(io.RawIOBase):
    """To the last byte that can be read; then it ends, and ``trouble`` says why."""

    trouble: Exception | None = None
    damages: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error)

    def piece(self, size: int) -> bytes:
        """Up to so many bytes; none at the end. Raises one of ``damages``."""
        raise NotImplementedError

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.trouble is not None:
            return 0
        try:
            data = self.piece(len(buffer))
        except self.damages as error:
            self.trouble, data = error, b""
        buffer[: len(data)] = data
        return len(data)


class _Unpacked(UntilDamage):
    def __init__(self, path: Path) -> None:
        self._file = gzip.open(path, "rb")  # noqa: SIM115 - closed with this

    def piece(self, size: int) -> bytes:
        return self._file.read1(size)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Recoded(io.RawIOBase):
    """UTF-16 or UTF-32, as PowerShell and Excel write them, as UTF-8."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._left = b""

    @property
    def trouble(self) -> Exception | None:
        return trouble_of(self._stream)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            data = self._stream.read(_FIRST)
            is_cut = not data and self.trouble is not None
            text = "" if is_cut else self._decoder.decode(data, final=not data)
            self._left = text.encode("utf-8", "replace")
            if not data:
                break
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._stream.close()
        super().close()


def opened(path: Path) -> IO[bytes]:
    """Unpacked by what it begins with, whatever its name, and as UTF-8. Of a damaged one all that
    is sound is read, then :func:`sound` raises."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return as_utf8(io.BufferedReader(_Unpacked(path), _BUFFER) if packed else path.open("rb"))


def as_utf8(found: io.BufferedReader) -> IO[bytes]:
    """Told by how it begins: UTF-16 and UTF-32 are recoded."""
    encoding = encoding_of(found.peek(PROBE)[:PROBE]) or "utf-8"
    return found if encoding == "utf-8" else io.BufferedReader(_Recoded(found, encoding), _BUFFER)


def trouble_of(stream: IO[bytes]) -> Exception | None:
    """Why a stream has ended early; None: it has not."""
    found: Exception | None = getattr(getattr(stream, "raw", None), "trouble", None)
    return found


def sound(stream: IO[bytes]) -> None:
    """Raises what has ended it early: OSError, EOFError or ``zlib.error``."""
    if (trouble := trouble_of(stream)) is not None:
        raise trouble


def first_line(stream: IO[bytes]) -> tuple[int, bytes]:
    """Number and text of the first line that is not blank, without a byte-order mark; an empty one
    at the end. Of an array that is one long line, what it begins with."""
    line, number = b"", 0
    while not line.strip():
        line = stream.readline(_FIRST)
        number += 1
        if not line:
            return number, b""
    line = line.removeprefix(b"\xef\xbb\xbf")
    if len(line) >= _FIRST - 3 and not line.endswith(b"\n") and not is_document(line):
        line += stream.readline(MOST_LINE - len(line))
    return number, line


def is_document(line: bytes) -> bool:
    """Whether a file that begins with this line is one JSON document, not a record a line."""
    return line.lstrip()[:1] == b"[" or line.strip() == b"{"


def goes_on(line: bytes, stream: IO[bytes]) -> tuple[bool, bytes]:
    """Whether a document begins with this line and goes on behind it, as with ``{"value":[{},``;
    and what was read to know: to the next line that is not blank. A record that is cut amid its
    line is none: what follows begins anew."""
    if line.lstrip()[:1] != b"{" or not line.endswith(b"\n"):
        return False, b""
    text = line.decode("utf-8", "replace")
    if not 0 < _breaks_at(text) >= len(text.rstrip()):
        return False, b""
    more = b""
    while not more.strip() and (piece := stream.readline(MOST_LINE)):
        more += piece
    behind = more.decode("utf-8", "replace")
    breaks = _breaks_at(text + behind)
    begins = len(text) + len(behind) - len(behind.lstrip())
    return bool(behind.strip()) and (breaks == 0 or breaks > begins), more


def _breaks_at(text: str) -> int:
    """Where it stops being the beginning of a JSON document, in characters; 0: nowhere, there is a
    whole one."""
    try:
        json.JSONDecoder().raw_decode(text, len(text) - len(text.lstrip()))
    except json.JSONDecodeError as error:
        return error.pos
    except RecursionError:
        return 1
    return 0


def document(line: bytes, stream: IO[bytes]) -> tuple[bytes, bool]:
    """What a document begins with, and whether that is the whole of it."""
    data = line + stream.read(MOST_LINE)
    return data, len(data) < MOST_LINE and trouble_of(stream) is None


def lines(
    number: int, line: bytes, stream: IO[bytes], more: bytes = b""
) -> Iterator[tuple[int, bytes]]:
    """This line and those behind it, with their numbers, without the blank ones and one amid which
    a damaged file ends. ``more``: lines of ``stream`` that were read behind the first."""
    read = iter(more.splitlines(keepends=True))
    while line:
        if trouble_of(stream) is not None and not line.endswith(b"\n"):
            return
        if line.strip():
            yield number, line
        line = next(read, b"") or stream.readline(MOST_LINE)
        number += 1
