"""Records of an exported file: a JSON document, a line a record, or CSV, packed or not.

Owns the shapes that consoles, APIs and SIEMs write, and what trouble with a file is called. What a
record means, the connector knows.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from scanner.kit.exports import document, first_line, is_document, lines, opened
from scanner.kit.folding import whole
from scanner.kit.spelling import Spelling
from scanner.kit.values import loose_json, nested
from scanner.model.errors import Denied, Unavailable

WRAPS = (
    "event", "detail", "_raw", "message", "data", "log", "body", "record", "properties", "original",
    "result", "RawEventData", "_source", "raw", "rawLog", "payload", "audit",
)  # fmt: skip
"""What SIEMs and buses put around a record."""
_LISTS = ("items", "value", "records", "data", "results", "users", "entries", "operation_logs")
"""What a page of an API calls its list; one that is all there is needs no name."""
_SEPARATORS = ",;\t|"
_MOST_DEPTH = 4

Record = tuple[int, Any]
"""Its line (of a document: which record it is), and what stands there; None: no JSON."""


def read_records(path: Path, name: str, check: str) -> Iterator[Record]:
    """Raises ``Unavailable`` for a file that is away, damaged or cut short, after what was before
    the damage, and ``Denied`` for one that may not be read. ``check``: the setting to look at."""
    try:
        with opened(path) as stream:
            yield from _records(stream)
    except FileNotFoundError as error:
        raise Unavailable(f"{name}: no such file; check {check}") from error
    except PermissionError as error:
        raise Denied(f"{name}: may not be read ({error.strerror})") from error
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        raise Unavailable(f"{name}: {error}; the file is damaged or cut short") from error


def _records(stream: IO[bytes]) -> Iterator[Record]:
    number, line = first_line(stream)
    if not line:
        return
    if is_document(line):
        yield from _document(document(line, stream))
        return
    if _is_table(line):
        yield from _table(number, line, stream)
        return
    for at, text in lines(number, line, stream):
        whole = loose_json(text)
        if (listed := _listed(whole)) is not None:  # a page of an API a line
            yield from ((at, one) for one in listed)
        else:
            yield at, whole


def _is_table(line: bytes) -> bool:
    """Whether a first line holds names of columns."""
    text = line.strip()
    return text[:1] != b"{" and not (text[:1] == b'"' and loose_json(text) is not None)


def _table(number: int, header: bytes, stream: IO[bytes]) -> Iterator[Record]:
    """Rows as mappings; a row with more or fewer fields than there are columns is none."""
    text = header.decode("utf-8", "replace")
    separator = max(_SEPARATORS, key=text.count)
    names = [one.strip() for one in next(csv.reader([text], delimiter=separator), [])]
    rest = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="")
    try:
        for row in (reader := csv.reader(rest, delimiter=separator)):
            if any(one.strip() for one in row):
                fits = len(row) == len(names)
                yield (
                    number + reader.line_num,
                    dict(zip(names, row, strict=True)) if fits else None,
                )
    finally:
        rest.detach()


def _document(data: bytes) -> Iterator[Record]:
    whole = loose_json(data)
    if whole is None:
        raise ValueError("a JSON document that cannot be read")
    pages = whole if isinstance(whole, list) else [whole]
    number = 0
    for page in pages:
        listed = _listed(page)
        for one in [page] if listed is None else listed:
            number += 1
            yield number, one


def _listed(page: Any) -> list[Any] | None:
    """The list of an API's answer; None for what is a record of its own."""
    if not isinstance(page, Mapping):
        return None
    for key in _LISTS:
        if isinstance(page.get(key), list):
            found: list[Any] = page[key]
            return found
    alone: Any = next(iter(page.values()), None) if len(page) == 1 else None
    is_page = isinstance(alone, list) and all(isinstance(one, Mapping) for one in alone)
    return alone if is_page else None


def unwrapped(
    record: Any, known: Callable[[Mapping[str, Any]], bool], depth: int = _MOST_DEPTH,
    spelling: Spelling | None = None, source: str = "",
) -> Mapping[str, Any] | None:  # fmt: skip
    """The record inside whatever was put around it: the outermost that ``known`` takes for one,
    also where its fields are spelt otherwise than in ``spelling``. ``source``: a name that some
    put around records of it."""
    if isinstance(record, str):
        record = loose_json(record.encode("utf-8", "replace"))
    if not isinstance(record, Mapping):
        return None
    plain = _decoded(record)
    spelt = plain if spelling is None else spelling.of(plain)
    if known(spelt):
        return spelt
    if spelt is not plain and known(plain):
        return plain
    for name in (*WRAPS, source) if depth else ():
        if name in plain:
            inner = unwrapped(plain[name], known, depth - 1, spelling, source)
            if inner is not None:
                return inner
    return None


def _decoded(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """With objects and lists where a table or a SIEM has written them as text."""
    found = {
        name: inner
        for name, value in record.items()
        if isinstance(value, str)
        and value[:1] in ("{", "[")
        and isinstance(inner := nested(value), (dict, list))
    }
    return {**record, **found} if found else record


def column(row: Mapping[str, Any], *names: str) -> str:
    """The first of some columns that is there and filled, whatever its case."""
    plain = {key.strip().casefold(): value for key, value in row.items() if isinstance(key, str)}
    for name in names:
        value = plain.get(name.casefold())
        if isinstance(value, (dict, list)):
            value = whole(value)  # a cell that held one as text
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def has_columns(row: Mapping[str, Any], names: Sequence[str]) -> bool:
    plain = {key.strip().casefold() for key in row if isinstance(key, str)}
    return all(name.casefold() in plain for name in names)
