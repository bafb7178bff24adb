"""A table as CSV (RFC 4180): every cell quoted, lines end in CRLF, UTF-8 without a mark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.emit.formats.cells import cell
from scanner.emit.formats.columns import Row


def delimited(header: Iterable[str], rows: Iterable[Row]) -> Iterator[bytes]:
    yield _line(header)
    for row in rows:
        yield _line(row)


def _line(row: Iterable[object]) -> bytes:
    quoted = ('"' + cell(value).replace('"', '""') + '"' for value in row)
    return (",".join(quoted) + "\r\n").encode()
