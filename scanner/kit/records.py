"""Records of an exported file: a JSON document, a line a record, or CSV, packed or not.

Owns the shapes that consoles, APIs and SIEMs write, and what trouble with a file is called. What a
record means, the connector knows.
"""

from __future__ import annotations

import csv
import functools
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from scanner.kit.bundles import At, files_in, stem
from scanner.kit.envelopes import has_header, spread, values_of
from scanner.kit.exports import (
    MOST_LINE,
    document,
    first_line,
    goes_on,
    is_document,
    sound,
    trouble_of,
)
from scanner.kit.folding import whole
from scanner.kit.json_stream import Behind, Broken, Stream, Window
from scanner.kit.json_stream import records as json_records
from scanner.kit.values import loose_json, text
from scanner.kit.workspace import as_table
from scanner.model.errors import Denied, Unavailable

_LISTS = ("items", "value", "records", "data", "results", "users", "entries", "operation_logs")
"""What a page of an API calls its list; one that is all there is needs no name."""
_PAGING = frozenset((
    "ok", "success", "start", "limit", "length", "total", "totals", "total_count", "totalcount",
    "total_records", "count", "size", "offset", "page", "pages", "per_page", "page_size",
    "page_count", "page_number", "pagecount", "pagesize", "next", "next_page", "next_page_url",
    "next_page_token", "nextpagetoken", "next_cursor", "nextcursor", "cursor", "end_cursor",
    "endcursor", "previous", "previous_page", "prev", "after", "before", "first", "last",
    "first_id", "last_id", "has_more", "hasmore", "has_next_page", "more", "end_of_stream",
    "end_time", "response_metadata", "responsemetadata", "paging", "pagination", "pg", "meta",
    "metadata", "links", "_links", "errors", "warnings", "request_id", "requestid",
))  # fmt: skip
"""What else a page of an API has: how much there is, and how to go on."""
_EMBEDDED = "_embedded"
"""Where HAL puts the lists (https://datatracker.ietf.org/doc/html/draft-kelly-json-hal)."""
_ROW_TYPES = "resultSetMetaData"
"""Columns of a page of Snowflake's SQL API, whose rows are lists
(https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses)."""
_BUCKETS = ({"results", "start_time", "end_time"}, {"results", "starting_at", "ending_at"})
"""Results with the span of time that they are of are a record (usage of OpenAI and Anthropic)."""
_DRAWN = frozenset({"edges", "connections"})
"""What a flow has beside its ``nodes``: a record of its own, and no page of an API."""
YAML = "yaml"
"""Field of what a file in YAML says, as it stands; its ``name`` is the file's."""
_YAML = (".yml", ".yaml", ".dsl", "/data")
_KIND, _BOT = "$kind", "BotConfiguration"
"""Of an agent in a solution of Power Platform."""
_SEPARATORS = ",;\t|"
_MOST_NAME, _MOST_WORDS = 80, 8
_NO_NAME = frozenset("{}<>")
"""What no column's name holds: it is a document, or a line of a log."""

_MOST_HEADERS = 512
"""Headers whose columns are remembered: a table has one, files of events one a type of event."""
_DAMAGE = (OSError, EOFError, ValueError, zlib.error, csv.Error)

Record = tuple[int, Any]
"""Its line (of a document: which record it is), and what stands there; None: no JSON."""


def read_records(path: Path, name: str, check: str) -> Iterator[Record]:
    """Of a zip, those of its members. Raises ``Unavailable`` for a file that is away, damaged or
    cut short, after what was before the damage, and ``Denied`` for one that may not be read.
    ``check``: the setting to look at."""
    try:
        damaged = ""
        for member, stream in files_in(path):
            try:
                with stream:
                    for number, record in _records_of(stream, member or name):
                        yield (At(number, member) if member else number), record
                    sound(stream)
            except _DAMAGE as error:
                if not member:
                    raise
                damaged = damaged or f"{member}: {error}"  # the others may be sound
        if damaged:
            raise ValueError(damaged)
    except FileNotFoundError as error:
        raise Unavailable(f"{name}: no such file; check {check}") from error
    except PermissionError as error:
        raise Denied(f"{name}: may not be read ({error.strerror})") from error
    except _DAMAGE as error:
        raise Unavailable(f"{name}: {error}; the file is damaged or cut short") from error


def _records_of(stream: IO[bytes], name: str) -> Iterator[Record]:
    if name.casefold().endswith(_YAML):
        data = stream.read(MOST_LINE)
        if len(data) == MOST_LINE:
            raise ValueError(f"a document in YAML of more than {MOST_LINE >> 20} MiB")
        if data.strip()[:1] not in (b"", b"{", b"["):
            yield 1, {YAML: data.decode("utf-8", "replace"), "name": stem(name)}
            return
        stream = io.BytesIO(data)
    for number, record in _records(stream):
        for one in spread(record):
            yield number, as_table(_drawn(one, name))


def _drawn(record: Any, name: str) -> Any:
    """A flow or an agent that has no name is called as its file is."""
    if not isinstance(record, Mapping) or "name" in record:
        return record
    told = record.get("properties")
    is_drawn = "nodes" in record and not _DRAWN.isdisjoint(record)
    is_defined = isinstance(told, Mapping) and isinstance(told.get("definition"), Mapping)
    if is_drawn or is_defined or record.get(_KIND) == _BOT:
        return {"name": stem(name), **record}
    return record


def _records(stream: IO[bytes]) -> Iterator[Record]:
    number, line = first_line(stream)
    if not line:
        return
    if is_document(line):
        yield from _document(line, stream)
        return
    if _is_table(line) and not has_header(line):
        yield from _table(number, line, stream)
        return
    is_one, more = goes_on(line, stream)
    if is_one:
        yield from _document(line + more, stream)
    else:
        yield from _lines(number, line, more, stream)


def _lines(number: int, line: bytes, more: bytes, stream: IO[bytes]) -> Iterator[Record]:
    """A page of an API a line, or a record. Of a line that is longer than what is held, an element
    at a time; where it breaks, the lines behind it are told before that is. ``more``: what of
    ``stream`` was read behind ``line``."""
    behind: Stream = Behind(more, stream) if more else stream
    trouble: Broken | None = None
    while line:
        if len(line) == MOST_LINE and not line.endswith(b"\n"):
            found = _LongLine(number, line, behind)
            yield from found.records()
            trouble, behind = trouble or found.trouble, found.behind
        elif trouble_of(stream) is not None and not line.endswith(b"\n"):
            return  # the file was cut amid it
        elif line.strip():
            for whole in values_of(line):
                listed = _listed(whole)
                yield from ((number, one) for one in ([whole] if listed is None else listed))
        line = behind.readline(MOST_LINE)
        number += 1
    if trouble is not None:
        raise trouble


class _LongLine:
    """A line that is longer than what is held: a page of an API, an element at a time."""

    def __init__(self, number: int, head: bytes, stream: Stream) -> None:
        self._number, self._window = number, Window(head, stream)
        self._stream = stream
        self.trouble: Broken | None = None
        self.behind: Stream = stream
        """What follows the line, when its records are told."""

    def records(self) -> Iterator[Record]:
        try:
            for one in json_records(self._window, _is_list):
                yield self._number, one
        except Broken as error:
            self.trouble = Broken(f"line {self._number}: {error}")
        self.behind = Behind(self._window.rest(), self._stream)
        while (piece := self.behind.readline(MOST_LINE)) and not piece.endswith(b"\n"):
            pass  # the rest of the line


def _is_table(line: bytes) -> bool:
    """Whether a first line holds names of columns."""
    text = line.strip()
    return text[:1] != b"{" and not (text[:1] == b'"' and loose_json(text) is not None)


def _table(number: int, header: bytes, stream: IO[bytes]) -> Iterator[Record]:
    """Rows as mappings; a row with more or fewer fields than there are columns is none. A line that
    is JSON is a record: then the first, which was no header, is none."""
    text = header.decode("utf-8", "replace")
    separator = max(_SEPARATORS, key=text.count)
    if csv.field_size_limit() < MOST_LINE:  # the process' own; readers of other files need it, too
        csv.field_size_limit(MOST_LINE)
    names = [one.strip() for one in next(csv.reader([text], delimiter=separator), [])]
    rest = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="")
    rows = _Rows(rest, separator)
    is_header, has_lines = _is_header(names), False
    try:
        for at, row in rows:
            if row is None:
                yield number + at, None
            elif not isinstance(row, list):
                if not has_lines:
                    yield number, None
                listed = _listed(row)
                yield from ((number + at, one) for one in ([row] if listed is None else listed))
            elif any(one.strip() for one in row):
                fits = len(row) == len(names)
                yield number + at, dict(zip(names, row, strict=True)) if fits else None
            has_lines = True
        if not has_lines and not is_header:
            yield number, None  # a page to sign in on, a message: nothing says that all was quiet
    finally:
        rest.detach()


class _Rows:
    """Rows of a table, with the lines behind its first at which they end, and mappings for lines
    that are JSON; None for a row with a cell that is longer than what is held."""

    def __init__(self, lines: Iterator[str], separator: str) -> None:
        self._lines, self._read = lines, 0
        self._next = ""
        self._reader = csv.reader(self._fed(), delimiter=separator)

    def _fed(self) -> Iterator[str]:
        """To the reader of rows, which takes as many lines as the row has."""
        while line := self._next or self._line():
            self._next = ""
            yield line

    def _line(self) -> str:
        line = next(self._lines, "")
        self._read += bool(line)
        return line

    def __iter__(self) -> Iterator[tuple[int, list[str] | Mapping[str, Any] | None]]:
        self._next = self._line()
        while self._next:
            found = loose_json(self._next.encode()) if self._next[:1] == "{" else None
            if isinstance(found, Mapping):
                yield self._read, found
                self._next = self._line()
                continue
            row: list[str] | None
            try:
                row = next(self._reader, [])
            except csv.Error:
                row = None
            yield self._read, row
            self._next = self._line()


def _is_header(names: Sequence[str]) -> bool:
    """Whether these may be columns of a table that has no rows."""
    return len(names) > 1 and all(
        len(one) <= _MOST_NAME and len(one.split()) <= _MOST_WORDS and _NO_NAME.isdisjoint(one)
        for one in names
    )


def _document(line: bytes, stream: IO[bytes]) -> Iterator[Record]:
    data, is_whole = document(line, stream)
    whole = loose_json(data) if is_whole else None
    pages = [whole] if isinstance(whole, Mapping) else whole
    told = _streamed(data, stream) if whole is None else _of_pages(pages)
    yield from enumerate(told, start=1)


def _of_pages(pages: Any) -> Iterator[Any]:
    for page in pages:
        listed = _listed(page)
        yield from [page] if listed is None else listed


def _streamed(data: bytes, stream: IO[bytes]) -> Iterator[Any]:
    """Of what is too large to be held, broken, or several documents, one behind the other."""
    window = Window(data, stream)
    while first := window.peek():
        found = json_records(window, _is_list)
        yield from found if first == "{" else _of_pages(found)


def _is_list(name: str, is_first: bool) -> bool:
    return name in _LISTS or is_first


def _listed(page: Any) -> list[Any] | None:
    """The lists of an API's answer, those with the names that they have elsewhere first; None for
    what is a record of its own."""
    if not isinstance(page, Mapping) or any(ends <= page.keys() for ends in _BUCKETS):
        return None
    if isinstance(page.get("nodes"), list) and not _DRAWN.isdisjoint(page):
        return None
    if _ROW_TYPES in page:
        return _of_columns(page)
    if isinstance(page.get(_EMBEDDED), Mapping):
        page = {**page, **page[_EMBEDDED]}
        page.pop(_EMBEDDED)
    lists = {name: value for name, value in page.items() if isinstance(value, list)}
    named = [lists.pop(name) for name in _LISTS if name in lists]
    others = [one for value in lists.values() for one in value if isinstance(one, Mapping)]
    if named:
        return [one for value in named for one in value] + others
    rest = {name.casefold() for name in page.keys() - lists.keys()}
    is_page = bool(lists) and rest <= _PAGING and len(others) == sum(map(len, lists.values()))
    return others if is_page else None


def _of_columns(page: Mapping[str, Any]) -> list[Any] | None:
    types, rows = page[_ROW_TYPES], page.get("data")
    columns = types.get("rowType") if isinstance(types, Mapping) else None
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    names = [str(one.get("name")) if isinstance(one, Mapping) else "" for one in columns]
    return [
        dict(zip(names, row, strict=True))
        if isinstance(row, list) and len(row) == len(names)
        else None
        for row in rows
    ]


def column(row: Mapping[str, Any], *names: str) -> str:
    """The first of some columns that is there and filled, whatever its case."""
    columns = _columns(tuple(row))
    for name in names:
        key = columns.get(name.casefold())
        value = row[key] if key is not None else None
        if isinstance(value, (dict, list)):
            value = whole(value)  # a cell that held one as text
        if isinstance(value, str) and value.strip():
            return text(value.strip())
    return ""


def has_columns(row: Mapping[str, Any], names: Sequence[str]) -> bool:
    columns = _columns(tuple(row))
    return all(name.casefold() in columns for name in names)


@functools.lru_cache(maxsize=_MOST_HEADERS)
def _columns(header: tuple[Any, ...]) -> dict[str, str]:
    """Column in lower case -> as the table writes it."""
    return {key.strip().casefold(): key for key in header if isinstance(key, str)}
