"""Sheets hold what the document holds, and no name in them is a formula."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.emit.formats import columns
from scanner.emit.formats.cells import cell
from scanner.emit.formats.delimited import delimited
from scanner.model.evidence import Cost
from tests.emit.estates import ESTATE, EVIL, HOSTILE
from tests.emit.test_formats import bytes_of

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


@pytest.mark.parametrize("name", ["csv", "csv-assets"])
def test_no_cell_is_a_formula(name: str) -> None:
    rows = _read(bytes_of(name, EVIL))

    cells = [text for row in rows for text in row]
    assert not [text for text in cells if text.startswith(FORMULA)]
    assert any(text.startswith("'=cmd") for text in cells)
    assert {len(row) for row in rows} == {len(rows[0])}


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_any_text_is_one_harmless_cell(texts: list[str]) -> None:
    (row,) = _read(b"".join(delimited(texts, [])))

    assert len(row) == len(texts)
    assert all(text == "" or text.isprintable() for text in row)
    assert not [text for text in row if text.lstrip(" '\"")[:1] in FORMULA and text[0] != "'"]


def test_what_does_no_harm_stays_as_it_is() -> None:
    for text in ("a=b", "sk-ant-…uiAA", "arn:aws:s3:::x", "1.5", "Ünïcode", 'say "x", y'):
        assert _read(b"".join(delimited([text], [])))[0] == [text]
    assert cell(("a", "b")) == "a; b"
    assert cell(7) == "7"
    assert len(cell("x" * 40_000)) == 32_767


def test_rows_are_those_of_the_document() -> None:
    head, *rows = _read(bytes_of("csv", ESTATE))
    assert tuple(head) == columns.FINDINGS
    told = dict(zip(head, rows[0], strict=True))
    assert told["asset_name"] == "Anthropic key sk-ant-…uiAA"
    assert told["where"] == f"git:github.com/example-corp/portal app/a b#1.py:3 @ {'a' * 12}"
    assert told["fingerprint"] == ESTATE.findings[0].fingerprint
    assert len(rows) == len(ESTATE.findings)

    head, *rows = _read(bytes_of("csv-assets", ESTATE))
    assert tuple(head) == columns.ASSETS
    told = dict(zip(head, rows[0], strict=True))
    assert (told["owner"], told["models"]) == ("support@example.com", "anthropic.claude-3-5-sonnet")
    assert HOSTILE not in str(rows)


def test_an_asset_s_accounts_and_costs_are_told() -> None:
    one = msgspec.structs.replace(
        ESTATE.assets[0], tenancy={"personal": 2, "corporate": 5},
        costs=(Cost(currency="EUR", amount=Decimal("0.10")),
               Cost(currency="USD", amount=Decimal("1234.567"))),
    )  # fmt: skip
    head, row = _read(bytes_of("csv-assets", msgspec.structs.replace(ESTATE, assets=(one,))))
    told = dict(zip(head, row, strict=True))
    assert told["tenancy"] == "corporate=5; personal=2"
    assert told["costs"] == "0.10 EUR; 1234.567 USD"


def _sheets(data: bytes) -> dict[str, list[list[Any]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [list(row) for row in sheet.iter_rows()] for sheet in book}


def test_the_workbook_has_the_rows_of_the_document() -> None:
    sheets = _sheets(bytes_of("xlsx", ESTATE))

    assert list(sheets) == ["Findings", "Inventory", "Registry", "Coverage", "About"]
    values = [[one.value for one in row] for row in sheets["Findings"]]
    assert tuple(values[0]) == columns.FINDINGS
    assert values[1][:3] == ["critical", 90, "open"]
    counts = [len(rows) - 1 for rows in sheets.values()]
    assert counts[:4] == [
        len(ESTATE.findings), len(ESTATE.assets), len(ESTATE.registry), len(ESTATE.coverage),
    ]  # fmt: skip


def test_no_cell_of_a_workbook_is_a_formula_or_a_link() -> None:
    cells = [
        one for rows in _sheets(bytes_of("xlsx", EVIL)).values() for row in rows for one in row
    ]

    assert {one.data_type for one in cells} <= {"s", "n", "inlineStr"}
    assert not [one for one in cells if one.hyperlink]
    assert not [one for one in cells if str(one.value or "").startswith(FORMULA)]
    assert any(str(one.value).startswith("'=cmd") for one in cells)


def test_text_that_looks_like_something_else_is_text() -> None:
    odd = ("#N/A", "1.5", "TRUE", "2026-01-02")
    named = [msgspec.structs.replace(ESTATE.assets[0], name=name, uid=name) for name in odd]
    document = msgspec.structs.replace(ESTATE, assets=tuple(named))
    rows = _sheets(bytes_of("xlsx", document))["Inventory"][1:]

    assert [(row[0].value, row[0].data_type) for row in rows] == [(name, "s") for name in odd]


def test_a_workbook_tells_the_scans_time_and_no_other() -> None:
    book = openpyxl.load_workbook(io.BytesIO(bytes_of("xlsx", ESTATE)))

    assert book.properties.created == book.properties.modified == datetime(2026, 1, 2, 3, 9)
