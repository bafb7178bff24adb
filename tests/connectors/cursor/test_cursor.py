"""What a team's administration tells of Cursor."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.cursor import row
from scanner.model.errors import Unavailable
from scanner.model.evidence import Cost
from scanner.model.facts import AssetClass, Identity
from scanner.model.items import Activity
from tests.connectors.cursor.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_use_by_person_with_the_models_and_no_day_without_a_request(vendor: Vendor) -> None:
    rows = folded(CASE.items(CASE.context(vendor.url), "use"))
    found = {one.actor.email: one for one in rows if one.actor}
    assert (found["ada@acme.com"].count, found["ben@acme.com"].count) == (11, 4)
    assert found["ada@acme.com"].first_at == "2026-10-01T00:00:00Z"
    assert found["ben@acme.com"].first_at == "2026-11-21T00:00:00Z"
    assert found["ada@acme.com"].thing is not None
    assert found["ada@acme.com"].thing.models == ("claude-sonnet", "gpt-5")


def test_members_are_the_same_people_as_those_who_use_it(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "people")
    people = {one.name: one for one in items if isinstance(one, Identity)}
    assert people["Ada Day"].id == "cursor:acme/user/ada@acme.com"
    assert people["Ada Day"].email == "ada@acme.com"
    assert not people["Ben Bay"].is_active


def test_mcp_servers_keys_and_privacy_mode_of_the_audit_log(vendor: Vendor) -> None:
    rows = folded(CASE.items(CASE.context(vendor.url), "events"))
    servers = {one.label: one.thing for one in rows if one.rule == "mcp_server_config"}
    assert set(servers) == {"github", "crm"}
    assert servers["github"] is not None
    assert servers["github"].asset_class is AssetClass.MCP_SERVER
    assert servers["github"].tags == {"scope": "team", "server_type": "stdio"}
    others = {one.rule: (one.relation, one.status) for one in rows if one.relation == ""}
    assert set(others) == {"team_api_key", "privacy_mode"}
    assert others["team_api_key"] == ("", "action created")


def test_pages_without_records_that_go_on_are_told_and_not_asked_for_ten_thousand_times(
    vendor: Vendor,
) -> None:
    vendor.ring = True
    with pytest.raises(Unavailable, match="repeats a page"):
        CASE.items(CASE.context(vendor.url), "use")
    assert vendor.calls == ["POST /teams/daily-usage-data"] * 2


def test_what_a_request_cost_is_kept_and_what_is_included_costs_nothing() -> None:
    def cost(said: str) -> tuple[Cost, ...]:
        happened = row({"Date": "2026-11-20T10:00:00Z", "User": "ada@acme.com", "Kind": "On-Demand",
                        "Model": "gpt-5", "Total Tokens": "9", "Cost": said}, "acme")  # fmt: skip
        assert happened is not None
        (one,) = happened[2]
        assert isinstance(one, Activity)
        return one.costs

    assert cost("$0.04") == cost("0.04") == (Cost(currency="USD", amount=Decimal("0.04")),)
    assert cost("$1,234.50") == (Cost(currency="USD", amount=Decimal("1234.50")),)
    assert cost("Included") == ()
