"""Tables that people keep (CSV, TSV, XLSX, JSON records) -> rows with their place.

Owns encodings, delimiters, cells and bounds; knows no column. A workbook is opened only when what
it unpacks to is bounded: it is an archive from outside. Formulas are read as the values that were
last stored with them; a formula without one, or that ended in an error, is told apart from a blank.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from scanner.model.errors import RegistryError
from scanner.reconcile.jsonpaths import BadPath, findall
from scanner.reconcile.listed import is_listed
from scanner.rulebook.documents import read_text

_MAX_BYTES = 64 << 20
_MAX_UNPACKED = 512 << 20
_MAX_ROWS = 1_000_000
_MAX_CELL = 1 << 20
TABLES = (".csv", ".tsv", ".xlsx", ".xlsm")

Cells = tuple[str, ...]


class NoValue(str):
    """A cell that should hold a value and does not: the text is its formula, or its error."""

    __slots__ = ()


def without_value(cells: Mapping[str, Any]) -> list[str]:
    """What to tell of each column whose cell has no value."""
    return [f"{column}: `{cell[:60]}` has no value; calculate and save the workbook"
            for column, cell in cells.items() if isinstance(cell, NoValue)]  # fmt: skip


def cells_of(path: Path, sheet: str = "", *, guess: bool = False) -> Iterator[tuple[str, Cells]]:
    """(place, cells) of every row that is not empty. ``guess``: also take what is not UTF-8 as
    Windows-1252, as exports of spreadsheets are. Raises ``RegistryError``."""
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return _workbook(path, sheet)
    return _separated(path, _text(path) if guess else read_text(path, RegistryError))


def records_of(
    path: Path, sheet: str = "", records: str = "$"
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(place, record) by the header's columns; ``records``: JSONPath of a JSON file's records."""
    if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        yield from _objects(path, records)
        return
    header: Cells = ()
    for place, cells in cells_of(path, sheet, guess=True):
        if not header:
            header = _header(cells, place)
            continue
        if len(cells) > len(header):
            raise RegistryError(
                f"{place}: {len(cells)} cells where the header has {len(header)}; quote cells that "
                "hold the delimiter"
            )
        yield place, dict(zip(header, cells, strict=False))
    if not header:
        raise RegistryError(f"{path}: no header row")


def _header(cells: Cells, place: str) -> Cells:
    names = tuple(" ".join(cell.split()) for cell in cells)
    twice = next((name for name in names if name and names.count(name) > 1), "")
    if twice:
        raise RegistryError(f"{place}: column `{twice}` stands twice")
    return names


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise RegistryError(f"{path}: larger than {_MAX_BYTES >> 20} MiB; not read")
        data = path.read_bytes()
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror or error}") from error
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _separated(path: Path, text: str) -> Iterator[tuple[str, Cells]]:
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RegistryError(f"{path}:{line}: a NUL character; save the file as plain text")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(path, text), strict=True)
    old = csv.field_size_limit(_MAX_CELL)
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield f"{path}:{rows.line_num}", tuple(cells)
    except csv.Error as error:
        raise RegistryError(
            f"{path}:{rows.line_num + 1}: not valid CSV: {error}; quote cells that hold the "
            f"delimiter or a line break"
        ) from error
    finally:
        csv.field_size_limit(old)


def _delimiter(path: Path, text: str) -> str:
    """Spreadsheets write semicolons where the comma is the decimal mark."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    head = text[: text.find("\n")] if "\n" in text else text
    return ";" if head.count(";") > 0 and "," not in head else ","


def _workbook(path: Path, sheet: str) -> Iterator[tuple[str, Cells]]:
    _bounded(path)
    from openpyxl import load_workbook  # a quarter of a second: only for who has a workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validations that nobody asks for
        try:
            book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # what it raises of a broken archive is many kinds
            raise RegistryError(f"{path}: not a workbook: {type(error).__name__}") from error
        try:
            if sheet and sheet not in book.sheetnames:
                known = ", ".join(book.sheetnames)
                raise RegistryError(f"{path}: no sheet `{sheet}`; there are {known}")
            title = sheet or book.sheetnames[0]
            page = book[title]
            asked = _formulas(path, title)
            for number, row in enumerate(page.iter_rows(values_only=True), start=1):
                if number > _MAX_ROWS:
                    raise RegistryError(f"{path}: more than {_MAX_ROWS} rows")
                cells = tuple(map(_cell, row, next(asked, ()) or (None,) * len(row)))
                if any(cells):
                    yield f"{path}#{page.title}!{number}", _trimmed(cells)
        finally:
            book.close()


def _bounded(path: Path) -> None:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise RegistryError(f"{path}: larger than {_MAX_BYTES >> 20} MiB; not read")
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
            if any("DOCTYPE" in _head(archive, part) for part in archive.infolist()):
                raise RegistryError(f"{path}: a workbook with a document type; not read")
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise RegistryError(f"{path}: not a workbook: {error}") from error
    if unpacked > _MAX_UNPACKED:
        raise RegistryError(f"{path}: unpacks to more than {_MAX_UNPACKED >> 20} MiB; not read")


def _head(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> str:
    """Entities that expand into each other are declared before the first element."""
    if not part.filename.endswith((".xml", ".rels")):
        return ""
    with archive.open(part) as file:
        return file.read(2048).decode("latin-1")


def _trimmed(cells: Cells) -> Cells:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!",
                     "#CALC!"})  # fmt: skip


def _formulas(path: Path, title: str) -> Iterator[tuple[object, ...]]:
    """The rows of the sheet again, as they are written: what is a formula there. None where the
    workbook holds no formula at all, so that others are read once."""
    with zipfile.ZipFile(path) as archive:
        parts = [p for p in archive.namelist() if p.startswith("xl/worksheets/")]
        if not any(_has_formula(archive, part) for part in parts):
            return
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    try:
        yield from book[title].iter_rows(values_only=True)
    finally:
        book.close()


def _has_formula(archive: zipfile.ZipFile, part: str) -> bool:
    kept = b""
    with archive.open(part) as file:
        while piece := file.read(1 << 20):
            if re.search(rb"<(?:\w+:)?f[ />]", kept + piece):
                return True
            kept = piece[-32:]
    return False


def _cell(value: object, written: object = None) -> str:
    if value is None and isinstance(written, str) and written.startswith("="):
        return NoValue(written)
    if value is None and written is not None:
        return NoValue("=")  # a formula of several cells
    if isinstance(value, str) and value.strip() in _ERRORS:
        return NoValue(value.strip())
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        is_day = value.hour == value.minute == value.second == 0
        return value.date().isoformat() if is_day else value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _objects(path: Path, records: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    text = read_text(path, RegistryError)
    try:
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            found: Sequence[Any] = [msgspec.json.decode(t) for t in text.splitlines() if t.strip()]
        else:
            found = _at(msgspec.json.decode(text), records, path)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RegistryError(f"{path}: not valid JSON: {error}") from error
    for number, item in enumerate(found, start=1):
        if not isinstance(item, dict):
            raise RegistryError(f"{path}#{number}: a record must be an object")
        yield f"{path}#{number}", item


def _at(document: Any, records: str, path: Path) -> Sequence[Any]:
    try:
        found: list[Any] = [document] if records == "$" else findall(records, document)
        is_there = records == "$" or is_listed(document, records)
    except BadPath as error:
        raise RegistryError(f"{path}: JSONPath `{records}`: {error}") from error
    if not is_there:
        raise RegistryError(
            f"{path}: no list at `{records}`; say in `records` where its records are"
        )
    return [one for item in found for one in (item if isinstance(item, list) else [item])]


def padded(rows: Iterable[tuple[str, Cells]], width: int) -> Iterator[tuple[str, Cells]]:
    """Workbooks leave out empty cells at a row's end."""
    for place, cells in rows:
        yield place, cells + ("",) * (width - len(cells))
