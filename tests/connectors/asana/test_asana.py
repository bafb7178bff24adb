"""What Asana's audit log, agents and people tell."""

from __future__ import annotations

from connectors.asana import event
from scanner.model.facts import Asset, Identity
from scanner.model.items import Activity
from tests.connectors.asana.world import CASE
from tests.connectors.recorded import recorded_events
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_which_application_is_let_in_and_acts_for_whom(vendor: Vendor) -> None:
    told: dict[tuple[str, str], Activity] = {
        (a.rule, a.label): a for a in folded(CASE.items(CASE.context(vendor.url), "events"))
    }
    granted = told["app_authorized", "Claude"]
    assert (granted.relation, [s.store_class for s in granted.reads]) == ("grants", ["tasks"])
    used = told["oauth_app_name", "Claude"]
    assert (used.count, used.where, used.app_id) == (3, "oauth", granted.app_id)
    assert used.actor is not None
    assert used.actor.email == "ada@acme.com"
    assert told["app_deauthorized", "Otter.ai"].relation == ""
    own = told["workspace_ai_features_changed", "Asana AI of acme"]
    assert (own.status, own.thing.provider if own.thing else "") == ("on", "asana_ai")
    assert len(told) == 4


def test_teammates_are_agents_without_the_catalogue(vendor: Vendor) -> None:
    agents = [one for one in CASE.items(CASE.context(vendor.url), "agents")
              if isinstance(one, Asset)]  # fmt: skip
    assert [one.name for one in agents] == ["Launch planner", "Bug triage", "Campaign strategist"]
    assert {one.provider for one in agents} == {"asana_ai"}


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert (people["Ada Day"].email, people["Cem Cay"].email) == ("ada@acme.com", "")


def test_every_real_event_is_parsed_and_tells_of_service_accounts_alone() -> None:
    events = recorded_events("Asana.Audit.jsonl")
    told = [event(one, "acme") for one in events if one.get("event_type")]
    assert len(told) == 19  # three of the file are no events of Asana's
    assert all(told)
    rules = {one.rule for found in told if found for one in found[2]}
    assert rules == {"service_account_created"}
