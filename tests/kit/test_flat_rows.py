"""Fields that are columns are found as whoever reads the record asks for them."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.kit.envelopes import unwrapped
from scanner.kit.flat_rows import opened
from scanner.kit.records import has_columns
from scanner.kit.spelling import Spelling
from scanner.kit.values import items, mapping

BESIDE = {"TenantId": "t", "SourceSystem": "RestAPI", "TimeGenerated": "2026", "Type": "X_CL"}


@pytest.mark.parametrize(
    "row",
    [
        {**BESIDE, "event_type_s": "a", "event_user_id_d": 7.0, "event_user_e_mail_s": "m"},
        {"event_type": "a", "event.user.id": 7, "event.user.e_mail": "m"},
    ],
)
def test_the_same_underscores_part_names_where_they_are_asked_to(row: dict[str, Any]) -> None:
    found = opened(row)
    user = mapping(mapping(found["event"])["user"])
    assert (found["event_type"], user["id"], user["e_mail"]) == ("a", 7, "m")
    assert {"event", "event_type"} <= found.keys()
    assert "event_name" not in found
    assert found.get("eventname", "none") == "none"


def test_what_a_workspace_adds_is_no_field_of_the_record() -> None:
    spelling = Spelling(("type", "tenant_id"))
    for columns in ({"type_s": "a", "x_s": "b"}, {"x_s": "b", "type_s": "a"}):
        for row in ({**BESIDE, **columns}, {**columns, **BESIDE}):
            found = unwrapped(row, lambda one: one.get("type") == "a", spelling=spelling)
            assert found is not None
            assert "tenant_id" not in found
            assert set(found) == {"type", "x"}
    assert "type" not in spelling.of(BESIDE)  # a table without types of columns
    assert spelling.of({"Type": "own", "x_s": 1})["type"] == "own"  # no table


def test_lists_objects_and_numbers_stand_in_columns() -> None:
    row = {**BESIDE, "target_s": '[{"id": 1}]', "app_s": '{"id": 2}', "size_d": 1.5, "n_d": 3.0}
    found = opened(row)
    assert found["target"] == [{"id": 1}]
    assert mapping(found["app"]) == {"id": 2}
    assert (found["size"], found["n"]) == (1.5, 3)
    numbered = opened({"target.1.id": "b", "target.0.id": "a", "x": 1})
    assert [mapping(one)["id"] for one in items(numbered["target"])] == ["a", "b"]


def test_an_empty_column_of_a_wide_table_makes_no_object() -> None:
    found = opened({**BESIDE, "kind_s": "a", "error_code_s": "", "note_s": ""})
    assert "error" not in found
    assert (found["error_code"], found["note"]) == ("", "")


def test_what_is_known_of_the_record_counts_first_and_columns_add_to_it() -> None:
    row = {**BESIDE, "actor_id_s": "1", "actor_name_s": "Ann", "id_s": '{"n": 1}'}
    found = opened(row, {**row, "actor": {"id": "own"}, "id": {"time": "t"}})
    actor = mapping(found["actor"])
    assert (actor["id"], actor["name"]) == ("own", "Ann")
    assert dict(actor) == {"id": "own", "name": "Ann"}
    assert found["id"] == {"time": "t", "n": 1}


def test_what_is_not_flat_stays_as_it_is() -> None:
    for row in ({"a": 1, "b_s": 2}, {"a b.c": 1}, {"Emp. No": 1}, {1: "a.b", "c.d": 1}):
        assert opened(row) is row  # type: ignore[arg-type]
    assert has_columns(opened({**BESIDE, "kind_s": "a"}), ("kind",))


def test_a_record_within_another_is_looked_for_before_columns() -> None:
    inner = {"action": "a", "by": "b"}
    row = {"event.action": "x", "event.by": "y", "message": '{"action": "a", "by": "b"}'}
    found = unwrapped(row, lambda one: {"action", "by"} <= one.keys())
    assert found == inner
