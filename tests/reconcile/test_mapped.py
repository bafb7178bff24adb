"""Other people's registries: every record is accounted for, and blank is neither yes nor no."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.errors import RegistryError
from scanner.model.registry import AssessmentStatus, RegistryEntry, Stage
from scanner.reconcile import checking, inventory, values, writing
from scanner.rulebook.mapping import RegistryMap, Take, bundled_maps, registry_map

FEDERAL = (
    Path(
        os.environ.get(
            "SHADOW_AI_TEST_REGISTRIES", Path(__file__).parents[3] / "shared/data/registry"
        )
    )
    / "us-federal-ai-use-cases-2025.csv"
)
_HEAD = (
    "agency,agency_name,id,use_case_name,agency_bureau,contact_email,development_stage,"
    "is_high_impact,problem_solved,has_pii,operational_date,hi_assessment_completed,"
    "hi_failsafe_presence\n"
)
MADE_UP = _HEAD + (
    "DOX,Department of X,DOX-1,Weather [2024 INV#DOX-9],NW,ann@x.example,Deployed,High-impact,"
    "Storms,Yes,10/1/2023,Yes,Not Applicable\n"
    "DOX,Department of X,,Gemini (Previously Duet AI),NW,caio@x.example,Pilot,,,,,,\n"
    "DOX,Department of X,7,Fires in previously burned lands,NW,,Sometime,Not High-impact,,"
    "No,soon,,\n"
    "DOY,Department of Y,7,Chat,HQ,,b) Pilot,,,,Jul-25,,\n"
    "DOY,Department of Y,TBD,Same,HQ,,,,,,,,\n"
    "DOY,Department of Y,TBD,Same,HQ,,,,,,,,\n"
    "DOY,Department of Y,DOY-3,,HQ,,,,,,,,\n"
    "DOY,Department of Y,,,HQ,,,,,,,,\n"
)


def _federal(tmp_path: Path, text: str = MADE_UP, encoding: str = "utf-8") -> inventory.Reading:
    path = tmp_path / "federal.csv"
    path.write_bytes(text.encode(encoding))
    return inventory.read_mapped(path, registry_map("us-federal-2025"), "federal")


def test_every_row_is_accounted_for_and_told_by_its_row(tmp_path: Path) -> None:
    reading = _federal(tmp_path)

    assert [row.verdict for row in reading.rows] == [
        "imported_with_notes", "imported_with_notes", "imported_with_notes", "imported_with_notes",
        "imported_with_notes", "imported_with_notes", "imported_with_notes", "refused",
    ]  # fmt: skip
    said = {row.place.rpartition(":")[2]: "; ".join(row.notes) for row in reading.rows}
    assert "DOX-9 of an earlier inventory" in said["2"]
    assert said["3"] == "no id"
    assert "bare number" in said["4"]
    assert "stage: 'sometime' is not a valid Stage" in said["4"] or "`Sometime`" in said["4"]
    assert "stage_dates.production: `soon` is no date" in said["4"]
    assert "the same record stands 1 times before" in said["7"]
    assert reading.problems[0].endswith("federal.csv:9: no id; neither name nor id")


def test_an_id_says_something_within_its_organization_alone(tmp_path: Path) -> None:
    reading = _federal(tmp_path)

    idents = [entry.id for entry in reading.entries]
    assert len(set(idents)) == len(idents) == 7
    assert {"DOX/DOX-1", "DOX/7", "DOY/7"} <= set(idents)
    first = reading.entries[0]
    assert [(s.registry, s.organization, s.id) for s in first.source_ids] == [
        ("federal", "DOX", "DOX-1"), ("federal (earlier)", "DOX", "DOX-9"),
    ]  # fmt: skip
    again = _federal(tmp_path, _HEAD + "".join(MADE_UP.splitlines(keepends=True)[2:]))
    assert set(idents[1:4]) <= {entry.id for entry in again.entries}, "ids depend on other rows"


def test_blank_is_neither_yes_nor_no(tmp_path: Path) -> None:
    weather, gemini, fires, *_ = _federal(tmp_path).entries

    assert (weather.personal_data, gemini.personal_data, fires.personal_data) == (True, None, False)
    assert (weather.impact, gemini.impact, fires.impact) == ("high", "", "not high")
    assert {a.type: a.status for a in weather.assessments} == {
        "impact": AssessmentStatus.DONE, "failsafe": AssessmentStatus.WAIVED,
    }  # fmt: skip
    assert gemini.assessments == ()
    assert (weather.stage, gemini.stage, fires.stage) == (Stage.PRODUCTION, Stage.PILOT, None)
    assert weather.since(Stage.PRODUCTION) == "2023-10-01"
    assert gemini.aliases == ("Duet AI",)
    assert fires.name == "Fires in previously burned lands"


def test_windows_encoding_and_cells_of_several_lines_survive(tmp_path: Path) -> None:
    row = 'DOX,X,DOX-4,"Caf\xe9\nbot",NW,,,,,,,,\n'

    (entry,) = _federal(tmp_path, _HEAD + row, "cp1252").entries

    assert entry.name == "Café bot"


@pytest.mark.skipif(not FEDERAL.is_file(), reason="the federal inventory is not on this machine")
def test_the_federal_inventory_of_2025_is_read_whole() -> None:
    reading = inventory.read_mapped(FEDERAL, registry_map("us-federal-2025"), "federal")

    assert len(reading.rows) == 3611
    assert len(reading.entries) == 3611
    assert not reading.problems
    assert sum("no name: its id stands in" in row.notes for row in reading.rows) == 1
    assert sum("no id" in row.notes for row in reading.rows) == 706  # 704 blank, two "TBD"
    assert sum(any("bare number" in note for note in row.notes) for row in reading.rows) == 72
    assert len({entry.id for entry in reading.entries}) == 3611
    live = [e for e in reading.entries if e.impact == "high" and e.stage is Stage.PRODUCTION]
    done = [e for e in live if any(a.type == "impact" and a.status == "done"
                                   for a in e.assessments)]  # fmt: skip
    assert (len(live), len(done)) == (227, 36)
    stages = {stage: sum(e.stage is stage for e in reading.entries) for stage in (*Stage, None)}
    assert stages[Stage.DEVELOPMENT] + stages[Stage.PILOT] == 1479 + 440
    assert (stages[Stage.PRODUCTION], stages[Stage.RETIRED], stages[None]) == (1040, 314, 338)
    shared = checking.mailboxes(reading.entries)
    assert {"hhs.caio@hhs.gov", "agency-caio@mail.nasa.gov", "ai@hq.dhs.gov"} <= shared


def test_nested_records_are_read_by_path() -> None:
    how = RegistryMap(
        id="x", name="x", reference="x", keep=(),
        fields={"name": "$.title", "aliases": "$.tags[?@.key=='alias'].value",
                "approved.regions": Take(from_="$.where[*].region",
                                         values={"Ireland": "eu-west-1"}),
                "stage": Take(from_="life.cycle", values={"live": "production"})},
    )  # fmt: skip
    record = {
        "id": 5, "title": "Bot", "tags": [{"key": "alias", "value": "Robo"}, {"key": "b"}],
        "where": [{"region": "ireland"}, {"region": "Atlantis"}], "life": {"cycle": "Live"},
    }  # fmt: skip

    mapped = inventory.map_records([("r#1", record)], how, "x")

    (entry,) = mapped.entries
    assert (entry.id, entry.aliases, entry.approved.regions) == ("5", ("Robo",), ("eu-west-1",))
    assert entry.stage is Stage.PRODUCTION
    assert mapped.rows[0].notes == (
        "approved.regions: `Atlantis` is no value that the mapping knows",
    )


def test_a_wrong_path_or_kind_is_told() -> None:
    how = RegistryMap(id="x", name="x", reference="x", fields={"name": "$.["})
    with pytest.raises(RegistryError, match="JSONPath"):
        inventory.map_records([("r", {"id": "1"})], how, "x")
    with pytest.raises(RegistryError, match="no such kind of registry; there are"):
        registry_map("../policies/SAI-001-unregistered-ai")


def test_bundled_mappings_fill_only_fields_that_there_are() -> None:
    known = set(RegistryEntry.__struct_fields__) | {"url"}
    envelope = set(type(RegistryEntry(id="a", name="a").approved).__struct_fields__)
    for how in bundled_maps():
        for path in how.fields:
            head, _, rest = path.partition(".")
            assert head in known, f"{how.id}: {path}"
            assert head != "approved" or rest in envelope, f"{how.id}: {path}"
            assert head != "stage_dates" or rest in set(Stage), f"{how.id}: {path}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2024-10-01 00:00:00", "2024-10-01"), ("01/2024", "2024-01"), ("Jul-25", "2025-07"),
     ("2019", "2019"), ("09/24/2024 12:00:00 AM", "2024-09-24"),
     ("2026-03-02T10:00:00Z", "2026-03-02"), (" n/a ", "")],
)  # fmt: skip
def test_dates_as_people_write_them(text: str, expected: str) -> None:
    assert values.day(text) == expected


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_value(text: str) -> None:
    for reader in (values.day, values.yes_or_no):
        with contextlib.suppress(ValueError):
            reader(text)
    values.names_in(text)
    assert values.one_of(text, {text: "x"}) == "x"


@pytest.mark.parametrize(
    ("address", "expected"),
    [("hhs.caio@hhs.gov", True), ("AI@usdoj.gov", True), ("ann.lee@acme.example", False),
     ("fraud-team@acme.example", False), ("https://x.gov/contact", True), ("Growth", False),
     ("AI Team <ai-governance@acme.example>", True), ("mailto:Info@acme.example", True),
     ("info@acme.example; support@acme.example", True), ("AI, Team <ai@acme.example>", True),
     ("info@acme.example, ann.lee@acme.example", False), ("Ann Lee; info@acme.example", False),
     ("Ann Lee <ann.lee@acme.example>", False)],
)  # fmt: skip
def test_a_shared_mailbox_is_no_owner(address: str, expected: bool) -> None:
    assert checking.is_mailbox(address) is expected


def test_what_is_imported_is_written_and_read_back_the_same(tmp_path: Path) -> None:
    entries = _federal(tmp_path).entries
    for name, render in (("a.yaml", writing.as_yaml), ("a.json", writing.as_json)):
        (tmp_path / name).write_bytes(render(entries))
        back = inventory.read([tmp_path / name]).entries
        assert [writing.plain(e) for e in back] == [writing.plain(e) for e in entries]
