"""What OneLogin's applications, people and events tell."""

from __future__ import annotations

from connectors.onelogin import event
from scanner.model.evidence import Ends
from scanner.model.facts import Identity
from scanner.model.items import Activity
from tests.connectors.onelogin.world import CASE
from tests.connectors.recorded import recorded_events
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_who_signs_in_to_which_application(vendor: Vendor) -> None:
    rows: dict[tuple[str, str], Activity] = {
        (a.rule, a.label): a for a in folded(CASE.items(CASE.context(vendor.url), "events"))
    }
    used = rows["signed in to app", "ChatGPT Enterprise"]
    assert (used.count, used.first_at, used.relation) == (3, "2026-11-02T10:00:00Z", "used_by")
    assert used.actor is not None
    assert used.actor.id == "onelogin:acme/user/11"
    assert rows["app requested", "Otter.ai"].relation == ""
    given = rows["app request approved", "Otter.ai"]
    assert (given.relation, given.status) == ("grants", "by somebody else")
    assert rows["signed in to app (failed)", "ChatGPT Enterprise"].relation == ""
    assert ("signed in to app", "Payroll") in rows  # the catalogue judges, not the connector


def test_applications_are_told_once_and_joined_to_events(vendor: Vendor) -> None:
    apps = folded(CASE.items(CASE.context(vendor.url), "applications"))
    assert {a.label for a in apps} == {"ChatGPT Enterprise", "Payroll", "Otter.ai"}
    used = folded(CASE.items(CASE.context(vendor.url), "events"))
    assert {a.app_id for a in used} <= {a.app_id for a in apps}


def test_people_with_their_state(vendor: Vendor) -> None:
    people = {
        one.name: one
        for one in CASE.items(CASE.context(vendor.url), "people")
        if isinstance(one, Identity)
    }
    assert (people["Ada Day"].email, people["Ada Day"].tags) == (
        "ada@acme.com", {"department": "Legal"},
    )  # fmt: skip
    assert not people["Ben Bay"].is_active
    assert people["Cem"].is_active


def test_every_real_event_is_parsed_and_quiet() -> None:
    told = [event(one, "acme") for one in recorded_events("OneLogin.Events.jsonl")]
    assert len(told) == 13
    assert all(told)
    found = [one for event in told if event for one in event[2]]
    assert [(one.rule, one.ends) for one in found if isinstance(one, Activity)] == [
        ("user activated", Ends.RESUMED), ("user deleted", Ends.ALL),
    ]  # fmt: skip
    assert len(found) == 2
