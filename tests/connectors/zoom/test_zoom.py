"""What Zoom's settings, summaries, logs and apps tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.zoom import TOKEN as TOKEN_CALL
from connectors.zoom.events import operation, settings
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, Identity, Relation
from scanner.model.items import Activity, Item
from tests.connectors.recorded import recorded_events
from tests.connectors.zoom.world import CASE, OFF
from tests.saas_rig import TOKEN, Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def _items(vendor: Vendor, part: str) -> list[Item]:
    return CASE.items(CASE.context(vendor.url), part)


def _companion(items: list[Item]) -> Asset:
    (found,) = [one for one in items if isinstance(one, Asset)]
    return found


def test_features_of_the_assistant_that_are_on(vendor: Vendor) -> None:
    one = _companion(_items(vendor, "settings"))
    assert one.tags["features"] == (
        "in_meeting.ai_companion_questions, in_meeting.meeting_summary_with_ai_companion"
    )
    assert (one.provider, one.status, one.is_ai) == ("zoom_ai", "on", True)


def test_an_assistant_that_is_off_is_no_ai_in_use() -> None:
    one = _companion(list(settings(OFF, "acme", "x")))
    assert (one.status, one.is_ai) == ("off", False)
    assert list(settings({"in_meeting": {"chat": True}}, "acme", "x")) == []


def test_who_has_meetings_summed_up_without_what_was_said(vendor: Vendor) -> None:
    rows = {a.actor.email: a for a in folded(_items(vendor, "summaries")) if a.actor}
    assert (rows["ada@acme.com"].count, rows["ben@acme.com"].count) == (3, 1)
    assert rows["ada@acme.com"].first_at == "2026-10-02T08:00:00Z"
    assert [s.store_class for s in rows["ada@acme.com"].reads] == ["meetings"]
    assert "Pay rises" not in repr(rows)


def test_who_has_switched_the_assistant_and_which_way(vendor: Vendor) -> None:
    rows = folded(_items(vendor, "operations"))
    assert {(one.relation, one.where) for one in rows} == {
        ("grants", "AI Companion - Meeting summary"), ("", "AI Companion - Meeting questions"),
    }  # fmt: skip


def test_apps_with_the_data_that_their_scopes_open(vendor: Vendor) -> None:
    rows: dict[tuple[str, str], Activity] = {
        (a.rule, a.label): a for a in folded(_items(vendor, "apps"))
    }
    otter = rows["marketplace.account_added", "Otter.ai"]
    assert {s.store_class for s in otter.reads} == {"meetings", "directory"}
    assert otter.writes == ()
    approved = rows["marketplace.approved_apps", "Otter.ai"]
    assert approved.relation == str(Relation.GRANTS)
    assert approved.actor is not None
    assert approved.actor.id == "zoom:acme/user/u1"
    assert rows["marketplace.active_requests", "Fireflies.ai"].relation == ""
    assert rows["marketplace.restricted_apps", "Read AI"].relation == ""


def test_people(vendor: Vendor) -> None:
    people = {one.name: one for one in _items(vendor, "people") if isinstance(one, Identity)}
    assert set(people) == {"Ada Day", "Ben Bay", "Cleo"}
    assert people["Ada Day"].email == "ada@acme.com"
    assert not people["Ben Bay"].is_active


def test_one_token_is_made_for_all_parts_and_one_from_elsewhere_is_used(vendor: Vendor) -> None:
    CASE.items(CASE.context(vendor.url))
    assert vendor.calls.count(TOKEN_CALL.id) == 1
    CASE.items(CASE.context(vendor.url, environ={"ZOOM_TOKEN": TOKEN}))
    assert vendor.calls.count(TOKEN_CALL.id) == 1


def test_the_portals_export_of_admin_activity(tmp_path: Path) -> None:
    text = (
        "Time,Operator,Category,Action,Operation Detail\n"
        "2026-11-01T08:00:00Z,ada@acme.com,Account,Update,"
        "AI Companion - Meeting summary: from Off to On\n"
    )
    (tmp_path / "admin.csv").write_text(text)
    ctx = CASE.context("https://x.example", live=False, files=("admin.csv",), folder=tmp_path)
    (one,) = folded(CASE.items(ctx))
    assert (one.relation, one.first_at) == ("grants", "2026-11-01T08:00:00Z")


def test_every_real_event_is_parsed_and_quiet() -> None:
    told = [operation(one, "acme") for one in recorded_events("Zoom.Operation.jsonl")]
    assert all(told)
    assert not [one for event in told if event for one in event[2]]


@pytest.mark.parametrize(
    ("detail", "relation", "label", "ends"),
    [
        ("Install App Otter.ai", "grants", "Otter.ai", Ends.NOTHING),
        ("Add App Fireflies.ai", "grants", "Fireflies.ai", Ends.NOTHING),
        ("Approved the app: Read AI", "grants", "Read AI", Ends.NOTHING),
        ("Uninstall App Otter.ai", "", "Otter.ai", Ends.ALL),
    ],
)
def test_apps_of_the_marketplace_are_let_in_and_out_by_operations(
    detail: str, relation: str, label: str, ends: Ends
) -> None:
    record = {"time": "2026-11-20T10:00:00Z", "operator": "ann@acme.com",
              "category_type": "Marketplace", "operation_detail": detail}  # fmt: skip
    found = operation(record, "acme")
    assert found is not None
    (one,) = found[2]
    assert isinstance(one, Activity)
    assert (one.relation, one.label, one.ends) == (relation, label, ends)
    assert one.actor is not None
    assert one.actor.email == "ann@acme.com"


def test_an_operation_that_names_no_app_lets_none_in() -> None:
    for detail in ("Install Applications", "Add Application Settings", "Update App Otter.ai"):
        record = {"time": "2026-11-20T10:00:00Z", "operator": "a", "operation_detail": detail}
        found = operation(record, "acme")
        assert found is not None
        assert not [one for one in found[2] if one.label == "Otter.ai"], detail
