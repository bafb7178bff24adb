"""``xlsx``: a workbook with a sheet for findings, inventory, registry and coverage (ECMA-376, by
openpyxl). Its times are the scan's, so that the same document gives the same bytes; every cell is
text or a number, never a formula."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from scanner.emit.document import Document
from scanner.emit.formats import columns
from scanner.emit.formats.cells import cell

MOST_ROWS = 1_048_576
"""Of one sheet, as Excel takes them, the heading counted."""
_NO_TIME = datetime(1980, 1, 1)
_WIDTHS = {"title": 60, "name": 40, "asset": 50, "uid": 50, "detail": 50, "remedy": 60, "where": 50,
           "shard": 50, "reason": 60, "owner": 28}  # fmt: skip


def render(document: Document) -> Iterator[bytes]:
    book = Workbook(write_only=True)
    for title, header, rows in (
        ("Findings", columns.FINDINGS, columns.findings(document)),
        ("Inventory", columns.ASSETS, columns.assets(document)),
        ("Registry", columns.ENTRIES, columns.entries(document)),
        ("Coverage", columns.COVERAGE, columns.coverage(document)),
        ("About", ("what", "value"), _about(document)),
    ):
        _fill(book.create_sheet(title), header, rows)
    book.properties.title = "Shadow AI"
    book.properties.creator = "shadow-ai"
    written = io.BytesIO()
    book.save(written)
    yield from _timeless(written, _moment(document.scan.finished))


def _fill(sheet: Any, header: tuple[str, ...], rows: Iterable[columns.Row]) -> None:
    for number, name in enumerate(header, 1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(name, 18)
    sheet.freeze_panes = "A2"
    bold = Font(bold=True)
    heading = [WriteOnlyCell(sheet, value=name) for name in header]
    for one in heading:
        one.font = bold
    sheet.append(heading)
    for row in islice(rows, MOST_ROWS - 1):
        sheet.append([_typed(sheet, value) for value in row])


def _typed(sheet: Any, value: object) -> Any:
    if isinstance(value, int):
        return value
    text = cell(value)
    if text.startswith("#"):  # openpyxl would take `#N/A` for an error
        one = WriteOnlyCell(sheet, value=text)
        one.data_type = "s"
        return one
    return text


def _about(document: Document) -> Iterator[columns.Row]:
    scan = document.scan
    yield ("scan", scan.id)
    yield ("started", scan.started)
    yield ("finished", scan.finished)
    yield ("exit code", scan.exit_code)
    for name, version in sorted(scan.versions.items()):
        yield (f"version of {name}", version)
    for warning in document.warnings:
        yield ("warning", warning)
    for title, rows in (("findings", document.findings), ("assets", document.assets)):
        if len(rows) >= MOST_ROWS:
            yield ("left out", f"{len(rows) - MOST_ROWS + 1} {title} more than a sheet may hold")


def _moment(stamp: str) -> str:
    try:
        moment = datetime.fromisoformat(stamp).astimezone(UTC)
    except ValueError:
        moment = _NO_TIME
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _timeless(book: io.BytesIO, moment: str) -> Iterator[bytes]:
    """The archive again, with no time of its own, and the scan's where the clock had been read."""
    made = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, _NO_TIME.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            data = old.read(name)
            new.writestr(entry, _dated(data, moment) if name == "docProps/core.xml" else data)
    yield made.getvalue()


def _dated(core: bytes, moment: str) -> bytes:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(core)  # noqa: S314
    for element in root:
        if element.tag.endswith(("}created", "}modified")):
            element.text = moment
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
