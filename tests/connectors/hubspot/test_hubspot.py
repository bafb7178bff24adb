"""What HubSpot's private apps, people and audit log tell."""

from __future__ import annotations

from scanner.model.facts import Identity
from tests.connectors.hubspot.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_private_apps_with_todays_calls(vendor: Vendor) -> None:
    told = {a.label: a for a in folded(CASE.items(CASE.context(vendor.url), "apps"))}
    used = told["ChatGPT sync"]
    assert (used.count, used.relation, used.last_at) == (420, "used_by", "2026-11-28T10:00:00Z")
    assert [s.store_class for s in used.reads] == ["customer records"]
    assert (told["Warehouse"].relation, told["Warehouse"].last_at) == ("contains", "")


def test_the_audit_log_tells_of_hubspots_own_ai(vendor: Vendor) -> None:
    told = {a.rule: a for a in folded(CASE.items(CASE.context(vendor.url), "events"))}
    assert told["AI_AGENT CREATE"].count == 2
    assert told["AI_AGENT DELETE"].relation == ""
    own = told["SETTINGS BREEZE UPDATE"]
    assert own.thing is not None
    assert own.thing.provider == "hubspot_breeze"
    assert len(told) == 3  # an e-mail is no AI


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert (people["Ada Day"].email, people["Ada Day"].tags) == (
        "ada@acme.com", {"role": "super admin"},
    )  # fmt: skip
