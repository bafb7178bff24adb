"""What JumpCloud's applications, discovered applications and events tell."""

from __future__ import annotations

import pytest

from connectors import jumpcloud
from scanner.model.evidence import Ends
from scanner.model.facts import Identity
from tests.connectors.jumpcloud import world
from tests.connectors.jumpcloud.world import CASE, EVENTS
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_what_is_discovered_is_told_with_its_domains_and_who_has_an_account(
    vendor: Vendor,
) -> None:
    told = {
        (a.app_id, a.actor.email if a.actor else ""): a
        for a in CASE.activities(vendor, "discovered")
    }
    ada = told["jumpcloud:acme/app/chatgpt", "ada@acme.com"]
    assert (ada.label, ada.hosts) == ("ChatGPT", ("chatgpt.com", "openai.com"))
    assert (ada.relation, ada.status) == ("used_by", "unapproved, block")
    assert ada.actor is not None
    assert ada.actor.id == "jumpcloud:acme/user/u-ada"  # the same as in the list of people
    assert ("jumpcloud:acme/app/chatgpt", "cem@acme.com") in told
    assert told["jumpcloud:acme/app/slack", ""].relation == "contains"
    assert len(told) == 4


def test_applications_by_where_they_are_and_without_their_keys(vendor: Vendor) -> None:
    told = {a.label: a for a in CASE.activities(vendor, "applications")}
    assert told["ChatGPT"].hosts == ("auth.openai.com",)
    assert told["Old"].status == "not active"
    assert "made-up" not in repr(told)


def test_sign_ins_by_person(vendor: Vendor) -> None:
    told = {(a.rule, a.label): a for a in CASE.activities(vendor, "events")}
    assert told["sso_auth", "ChatGPT"].count == 3
    assert told["sso_auth (failed)", "ChatGPT"].relation == ""
    assert len(told) == 3


def test_a_log_is_read_page_by_page_to_its_end(vendor: Vendor) -> None:
    vendor.page_size = 1
    ctx = CASE.context(vendor.url, since_days=7)
    assert sum(a.count for a in folded(CASE.items(ctx, "events"))) == 1
    vendor.calls.clear()
    vendor.page_size = 100
    CASE.items(CASE.context(vendor.url, since_days=7), "events")
    assert vendor.calls == [jumpcloud.EVENTS.id]
    assert len(EVENTS) == 6


def test_people_and_who_has_left(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert (people["Ada Day"].email, people["Ada Day"].is_active) == ("ada@acme.com", True)
    assert not people["ben"].is_active


def test_who_leaves_and_what_is_deleted_is_asked_for(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = [
        {"id": f"g{number}", "timestamp": f"2026-11-2{number}T10:00:00Z", "event_type": kind,
         "service": service, "success": True, "resource": {"id": ident, "type": what}}
        for number, (kind, service, what, ident) in enumerate((
            ("user_delete", "directory", "user", "u-ada"),
            ("application_delete", "sso", "application", "a-1"),
        ))
    ]  # fmt: skip
    monkeypatch.setattr(world, "EVENTS", [*world.EVENTS, *gone])
    told = {a.rule: a for a in CASE.activities(vendor, "events")}
    assert {one: told[one].ends for one in ("user_delete", "application_delete")} == {
        "user_delete": Ends.ALL, "application_delete": Ends.ALL,
    }  # fmt: skip
