"""A console's table is known by its columns, and read as the API's record."""

from __future__ import annotations

from typing import Any

from scanner.kit.columns import Columns

TABLE = Columns(
    {"id": ("Event ID", "Id"), "actor.email": "Actor email", "actor.name": "Actor", "at": "Date"},
    needs=("at", "actor.email|actor.name"), fixed={"kind": "row"}, without=("Secret column",),
)  # fmt: skip


def test_columns_are_known_whatever_their_case_and_dashes() -> None:
    assert TABLE.fits({"date": "", "ACTOR_EMAIL": ""})
    assert TABLE.fits({" Date ": "", "actor": ""})
    assert not TABLE.fits({"Date": ""})
    assert not TABLE.fits({"Actor": ""})
    assert not TABLE.fits({"Date": "", "Actor": "", "secret-column": ""})
    assert not TABLE.fits({1: "", "Date": ""})  # type: ignore[dict-item]


def test_a_row_is_the_apis_record() -> None:
    row: dict[str, Any] = {"Date": " 2026-11-20 ", "Actor": "Ann", "actor email": "a@acme.com",
                           "Event_ID": "  ", "ID": "7", "more": "x"}  # fmt: skip
    assert TABLE.record(row) == {
        "kind": "row", "id": "7", "actor": {"email": "a@acme.com", "name": "Ann"},
        "at": "2026-11-20",
    }  # fmt: skip
    assert TABLE.record({"Date": ["kept"], "Actor": None}) == {"kind": "row", "at": ["kept"]}
    assert row["Event_ID"] == "  ", "the row stays as it is"


def test_what_reads_the_apis_record_reads_the_row() -> None:
    read = TABLE.read(lambda record, org: f"{org} {record['actor']['name']}")
    assert read({"Date": "", "Actor": "Ann"}, "acme") == "acme Ann"
    assert TABLE.record({})["kind"] == "row"
