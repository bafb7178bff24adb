"""What PingOne's applications, people and audit activities tell."""

from __future__ import annotations

from scanner.model.facts import AssetClass, Identity
from tests.connectors.pingone.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def test_applications_with_their_hosts_and_agents_without_the_catalogue(vendor: Vendor) -> None:
    told = {a.label: a for a in CASE.activities(vendor, "applications")}
    assert told["ChatGPT"].hosts == ("auth.openai.com",)
    agent = told["Invoice Helper"]
    assert agent.thing is not None
    assert agent.thing.asset_class is AssetClass.AGENT
    assert ([s.store_class for s in agent.reads], [s.store_class for s in agent.writes]) == (
        ["directory"], ["apis"],
    )  # fmt: skip
    assert agent.scopes == ("openid", "orders:write", "p1:read:user")
    assert told["PingOne Admin Console"].is_first_party


def test_who_uses_which_application(vendor: Vendor) -> None:
    told = {(a.rule, a.label): a for a in CASE.activities(vendor, "activities")}
    used = told["USER.ACCESS_ALLOWED", "ChatGPT"]
    assert (used.count, used.last_at) == (3, "2026-11-27T20:00:00Z")
    assert used.actor is not None
    assert used.actor.email == "ada@acme.com"
    assert told["USER.ACCESS_DENIED (failed)", "ChatGPT"].relation == ""
    assert told["APPLICATION.CREATED", "Invoice Helper"].relation == "created_by"
    guessed = [one for one in told.values() if one.is_guess]
    assert [(one.rule, one.label) for one in guessed] == [("USER.UPDATED", "ChatGPT")]
    assert len(told) == 4


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert people["Ada Day"].email == "ada@acme.com"
    assert not people["ben"].is_active
