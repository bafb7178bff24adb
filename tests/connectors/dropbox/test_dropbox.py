"""What Dropbox's linked applications, members and events tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors import dropbox
from connectors.dropbox.records import event
from scanner.detect.activity import Catalogue, facts_of
from scanner.model.evidence import Ends
from scanner.model.facts import Identity
from scanner.rulebook.load import Rulebook
from tests.connectors.dropbox import world
from tests.connectors.dropbox.world import CASE
from tests.connectors.recorded import recorded_events
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_who_has_linked_which_application_to_how_many_files(vendor: Vendor) -> None:
    told = {(a.label, a.actor.id if a.actor else ""): a for a in CASE.activities(vendor, "apps")}
    ada = told["Claude", "dropbox:acme/user/dbmid:ada"]
    assert (ada.relation, ada.hosts, ada.first_at) == (
        "grants", ("claude.ai",), "2026-09-01T08:00:00Z",
    )  # fmt: skip
    assert [s.store_class for s in (*ada.reads, *ada.writes)] == ["files", "files"]
    assert told["Notes", "dropbox:acme/user/dbmid:ada"].status == "its own folder alone"
    assert ("Claude", "dropbox:acme/user/dbmid:cem") in told
    assert len(told) == 3


def test_events_of_applications_and_of_dash(vendor: Vendor) -> None:
    told = {(a.rule, a.label): a for a in CASE.activities(vendor, "events")}
    granted = told["app_link_user", "Claude"]
    assert (granted.relation, granted.app_id) == ("grants", "dropbox:acme/app/dbaid:claude")
    assert granted.actor is not None
    assert granted.actor.email == "ada@acme.com"
    assert told["app_unlink_user", "Otter.ai"].relation == ""
    assert told["app_blocked_by_permissions (failed)", "Fred AI"].relation == ""
    assert told["integration_connected", "ChatGPT"].relation == "grants"
    dash = told["dash_connector_tools_call", "Dropbox Dash of acme"]
    assert dash.count == 2
    assert dash.thing is not None
    assert dash.thing.provider == "dropbox_dash"
    assert told["previews_ai_policy_changed", "Dropbox Dash of acme"].status == "disabled"
    assert len(told) == 7


def test_pages_are_asked_for_by_the_cursor_alone(vendor: Vendor) -> None:
    CASE.items(CASE.context(vendor.url), "events")
    assert dropbox.MORE_EVENTS.id in vendor.calls


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert people["Ada Day"].email == "ada@acme.com"
    assert not people["Ben Bay"].is_active


def test_the_consoles_report(tmp_path: Path) -> None:
    text = (
        "Date,Member,Activity,Content\n"
        "2026-11-02 10:00:00,ada@acme.com,Linked app for member,Claude\n"
        "2026-11-03 10:00:00,ada@acme.com,Unlinked app for member,Otter.ai\n"
        "2026-11-03 10:00:00,ada@acme.com,Added files,pay.docx\n"
    )
    (tmp_path / "report.csv").write_text(text)
    ctx = CASE.context("https://v.example", live=False, files=("report.csv",), folder=tmp_path)
    told = {a.label: a.relation for a in folded(CASE.items(ctx))}
    assert told == {"Claude": "grants", "Otter.ai": ""}


def test_every_real_event_is_parsed_and_none_is_taken_for_ai(rulebook: Rulebook) -> None:
    told = [event(one, "acme") for one in recorded_events("Dropbox.TeamEvent.jsonl")]
    assert len(told) == 3
    assert all(told)
    rows = [one for found in told if found for one in found[2]]
    assert [one.label for one in rows] == ["personal-dropbox-app-name"]
    assert not [f for one in rows for f in facts_of(one, Catalogue(rulebook), "dropbox")]


def test_members_who_leave_are_asked_for(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    member = {".tag": "team_member", "team_member_id": "dbmid:ben"}
    one = {
        **world.event("2026-11-26T20:00:00Z", "member_change_status", "members",
                      new_value={".tag": "removed"}),
        "participants": [{".tag": "user", "user": member}],
    }  # fmt: skip
    monkeypatch.setattr(world, "EVENTS", [*world.EVENTS, one])
    (left,) = (a for a in CASE.activities(vendor, "events") if a.rule == "member_change_status")
    assert (left.app_id, left.ends) == ("dropbox:acme/user/dbmid:ben", Ends.ALL)
