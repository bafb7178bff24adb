"""Workbooks and other tables: the same entries, and hostile archives are refused."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from scanner.model.errors import RegistryError
from scanner.reconcile import inventory
from scanner.reconcile.sheets import records_of


def _book(path: Path, *rows: list[object], title: str = "AI systems") -> Path:
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(row)
    book.create_sheet("Notes").append(["nothing"])
    book.save(path)
    return path


def test_a_workbook_gives_the_entries_of_a_table(tmp_path: Path) -> None:
    path = _book(
        tmp_path / "r.xlsx",
        ["ID", "System", "Owner Email", "Stage", "Vendor", "Bindings", "Production since",
         "PII", "Data classes", "Attestations", "Assessment status", "Value hours saved"],
        ["A-1", "Bot", "o@example.com", "Pilot", "openai", "repo=github.com/acme/bot",
         datetime(2026, 3, 2), True, "internal; pii", "openai soc2 2027-03-31", "Done", 40],
        ["A-2", "Empty", None, None, None, None, None, None, None, None, None, None],
        ["A-3", "Bad", None, "someday"],
    )  # fmt: skip

    reading = inventory.read([path])
    first, second = reading.entries

    assert first.stage_dates[0].at == "2026-03-02"
    assert first.personal_data is True
    assert first.approved.data_classes == ("internal", "pii")
    assert first.attestations[0].expires_at == "2027-03-31"
    assert first.value_metrics == {"hours_saved": "40"}
    assert (second.personal_data, second.approved.data_classes) == (None, None)
    assert reading.problems == [
        f"{path}#AI systems!4: column stage: `someday` is not one of idea, development, pilot, "
        "production, retired"
    ]


def test_a_sheet_is_named_or_told(tmp_path: Path) -> None:
    path = _book(tmp_path / "r.xlsx", ["id", "name"], ["1", "x"])
    assert [row["id"] for _, row in records_of(path)] == ["1"]
    with pytest.raises(RegistryError, match="no sheet `Other`; there are AI systems, Notes"):
        list(records_of(path, "Other"))


def test_what_is_no_workbook_or_unpacks_without_bound_is_refused(tmp_path: Path) -> None:
    fake = tmp_path / "a.xlsx"
    fake.write_bytes(b"not a zip")
    with pytest.raises(RegistryError, match="not a workbook"):
        inventory.read([fake])
    with zipfile.ZipFile(fake, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (600 << 20))
    with pytest.raises(RegistryError, match="unpacks to more than"):
        inventory.read([fake])
    with zipfile.ZipFile(fake, "w") as archive:
        archive.writestr("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>')
    with pytest.raises(RegistryError, match="document type"):
        inventory.read([fake])


def test_semicolons_json_and_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id;name\n1;x\n")
    (tmp_path / "b.jsonl").write_text('{"id": 1, "name": "x"}\n\n{"id": 2, "name": "y"}\n')
    (tmp_path / "c.json").write_text('{"data": {"items": [{"id": 3}]}}')
    assert [row["name"] for _, row in records_of(tmp_path / "a.csv")] == ["x"]
    assert [row["id"] for _, row in records_of(tmp_path / "b.jsonl")] == [1, 2]
    assert [row["id"] for _, row in records_of(tmp_path / "c.json", records="$.data.items")] == [3]
    (tmp_path / "c.json").write_text("[1]")
    with pytest.raises(RegistryError, match="must be an object"):
        list(records_of(tmp_path / "c.json"))
