"""Workbooks and other tables: the same entries, and hostile archives are refused."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from scanner.model.errors import RegistryError
from scanner.reconcile import inventory
from scanner.reconcile.sheets import records_of
from scanner.rulebook.mapping import RegistryMap


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


def test_a_result_alone_tells_of_an_assessment(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("id,name,assessment_result\nA,x,Rejected\nB,y,\n")
    first, second = inventory.read([tmp_path / "r.csv"]).entries
    assert [one.result for one in first.assessments] == ["Rejected"]
    assert second.assessments == ()


def _with_formulas(path: Path) -> Path:
    """As programs write them that calculate nothing: no value is stored with a formula."""
    return _book(
        path, ["id", "name", "providers", "assessment_status", "assessment_expires_at"],
        ["A", "x", '="open"&"ai"', "done", "=TODAY()-400"],
        ["B", "y", "openai", "done", "2027-01-01"], ["C", "z", "#REF!", "done", None],
    )  # fmt: skip


def test_a_formula_without_a_value_is_no_blank(tmp_path: Path) -> None:
    reading = inventory.read([_with_formulas(tmp_path / "r.xlsx")])
    assert [entry.id for entry in reading.entries] == ["B"]
    first, second = reading.problems
    assert '!2: providers: `="open"&"ai"` has no value' in first
    assert "assessment_expires_at: `=TODAY()-400` has no value" in first
    assert "!4: providers: `#REF!` has no value" in second


def test_a_mapping_tells_of_it_and_leaves_it_unknown(tmp_path: Path) -> None:
    how = RegistryMap(id="m", name="m", reference="r", fields={
        "name": "name", "approved.providers": "providers"})  # fmt: skip
    reading = inventory.read_mapped(_with_formulas(tmp_path / "r.xlsx"), how, "m")
    assert [entry.approved.providers for entry in reading.entries] == [None, ("openai",), None]
    assert [row.verdict for row in reading.rows] == [
        "imported_with_notes", "imported", "imported_with_notes",
    ]  # fmt: skip
    assert "has no value; calculate and save the workbook" in reading.rows[0].notes[0]


def test_the_value_that_is_stored_with_a_formula_counts(tmp_path: Path) -> None:
    path = _with_formulas(tmp_path / "r.xlsx")
    stored = tmp_path / "stored.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stored, "w") as new:
        for part in old.namelist():
            data = old.read(part)
            if part.endswith("sheet1.xml"):
                data = re.sub(rb'<c r="C2"[^>]*><f>(.*?)</f><v ?/?>(</v>)?',
                              rb'<c r="C2" t="str"><f>\1</f><v>openai</v>', data)  # fmt: skip
                data = re.sub(rb'<c r="E2"[^>]*><f>(.*?)</f><v ?/?>(</v>)?',
                              rb'<c r="E2" t="str"><f>\1</f><v>2020-01-01</v>', data)  # fmt: skip
            new.writestr(part, data)
    first = inventory.read([stored]).entries[0]
    assert (first.id, first.approved.providers) == ("A", ("openai",))
    assert first.assessments[0].expires_at == "2020-01-01"


def test_a_sheet_is_named_or_told(tmp_path: Path) -> None:
    path = _book(tmp_path / "r.xlsx", ["id", "name"], ["1", "x"])
    assert [row["id"] for _, row in records_of(path)] == ["1"]
    with pytest.raises(RegistryError, match="no sheet `Other`; there are AI systems, Notes"):
        list(records_of(path, "Other"))


@pytest.mark.slow
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
