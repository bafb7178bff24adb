"""What an organization's events, accounts and a site's apps tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.atlassian import CONFLUENCE, EVENTS, JIRA
from connectors.atlassian.events import event
from scanner.model.errors import Unavailable
from scanner.model.facts import AssetClass, Identity, PrincipalType
from scanner.model.items import Activity, Gap
from tests.connectors.atlassian.world import CASE, about, happened
from tests.saas_rig import Reply, Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def _rows(vendor: Vendor, part: str) -> dict[str, Activity]:
    return {a.rule: a for a in folded(CASE.items(CASE.context(vendor.url), part))}


def test_who_lets_which_app_in_and_the_data_of_its_scopes(vendor: Vendor) -> None:
    rows = _rows(vendor, "events")
    one = rows["app_installed"]
    assert (one.label, one.relation) == ("Otter.ai", "grants")
    assert {s.store_class for s in one.reads} == {"tickets"}
    assert {s.store_class for s in one.writes} == {"documents"}
    assert one.actor is not None
    assert one.actor.email == "ada@acme.com"
    assert rows["app_uninstalled"].relation == ""
    assert rows["user_authorized_oauth_client"].label == "Claude"
    assert "user_added_to_group" not in rows


def test_rovo_and_its_agents_need_no_catalogue(vendor: Vendor) -> None:
    rows = _rows(vendor, "events")
    assert rows["rovo_feature_enabled"].relation == "grants"
    assert rows["rovo_chat_started"].relation == "used_by"
    agent = rows["rovo_agent_created"].thing
    assert agent is not None
    assert (agent.name, agent.asset_class) == ("Release notes", AssetClass.AGENT)
    assert agent.provider == "atlassian_rovo"


def test_who_asks_an_agent_has_not_made_it() -> None:
    told = []
    for kind in ("rovo_agent_created", "rovo_agent_conversation_created"):
        found = event(
            happened("9", "2026-11-05T08:00:00Z", kind, about("rovo-agent", "agent-7", "Notes")),
            "acme",
        )
        assert found is not None
        told += [one.relation for one in found[2] if isinstance(one, Activity)]
    assert told == ["created_by", "used_by"]


def test_the_stream_ends_at_an_empty_page_though_it_names_a_next_cursor(vendor: Vendor) -> None:
    whole = folded(CASE.items(CASE.context(vendor.url), "events"))
    assert sum(one.count for one in whole) == 6
    assert vendor.calls.count(EVENTS.id) < 20


def test_accounts_with_who_has_left_and_who_uses_rovo(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "people")
    people = {one.name: one for one in items if isinstance(one, Identity)}
    assert not people["Ben Bay"].is_active
    assert people["Bot"].principal_type is PrincipalType.SERVICE
    (seat,) = folded(items)
    assert (seat.actor, seat.last_at) == (people["Ada Day"], "2026-11-21T00:00:00Z")


def test_apps_of_a_site_that_somebody_installed(vendor: Vendor) -> None:
    rows = {a.label: a for a in folded(CASE.items(CASE.context(vendor.url), "apps"))}
    assert set(rows) == {"Read AI for Jira", "Lunch menu", "Pages with GPT"}
    assert rows["Read AI for Jira"].status == "by Read AI"
    assert rows["Pages with GPT"].relation == ""


def test_a_product_that_the_site_has_not_is_none_and_both_are_an_error(vendor: Vendor) -> None:
    vendor.refusal = Reply({"message": "not here"}, 404)
    vendor.denied.add(CONFLUENCE.id)
    assert len(_rows(vendor, "apps")) == 1
    vendor.denied.add(JIRA.id)
    with pytest.raises(Unavailable, match="neither Jira nor Confluence"):
        _rows(vendor, "apps")


def test_a_table_of_events(tmp_path: Path) -> None:
    text = (
        "Date,Actor,Action,App,Message\n"
        "2026-11-01T08:00:00Z,ada@acme.com,App installed,Otter.ai,\n"
        "2026-11-01T09:00:00Z,ada@acme.com,Rovo enabled,,Rovo was turned on\n"
        "2026-11-01T09:00:00Z,ada@acme.com,Group created,,\n"
    )
    (tmp_path / "log.csv").write_text(text)
    ctx = CASE.context("https://x.example", live=False, files=("log.csv",), folder=tmp_path)
    rows = {one.rule: one for one in folded(CASE.items(ctx))}
    assert set(rows) == {"App_installed", "Rovo_enabled"}
    assert rows["App_installed"].relation == "grants"


def test_an_application_that_a_sentence_alone_names(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "Date,Location,Actor,Actor id,Actor email,Activity,Action,Product,Message\n"
        "2026-11-20T09:00:00Z,US,Ada,u1,ada@acme.com,,User granted OAuth app access,,"
        "Ada granted ChatGPT access\n"
    )
    ctx = CASE.context("https://x.example", live=False, files=("log.csv",), folder=tmp_path)
    (one,) = folded(CASE.items(ctx))
    assert (one.label, one.relation) == ("ChatGPT", "grants")


def test_jiras_own_audit_records(tmp_path: Path) -> None:
    """Of https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-audit-records/."""

    def record(number: int, summary: str, name: str, kind: str) -> dict[str, Any]:
        return {
            "id": number, "summary": summary, "created": "2026-11-20T09:00:00.000+0000",
            "category": "apps", "eventSource": "", "remoteAddress": "203.0.113.9",
            "objectItem": {"name": name, "typeName": kind}, "authorAccountId": "u1",
        }  # fmt: skip

    page = {"offset": 0, "limit": 9, "total": 3, "records": [
        record(1, "App installed", "ChatGPT for Jira", "PLUGIN"),
        record(2, "App uninstalled", "ChatGPT for Jira", "PLUGIN"),
        record(3, "User created", "Ben", "USER"),
        record(1, "App installed", "ChatGPT for Jira", "PLUGIN"),
    ]}  # fmt: skip
    (tmp_path / "jira.json").write_text(json.dumps(page))
    ctx = CASE.context("https://x.example", live=False, files=("jira.json",), folder=tmp_path)
    items = CASE.items(ctx)
    assert not [one for one in items if isinstance(one, Gap)]
    rows = {a.rule: a for a in folded(items)}
    assert set(rows) == {"App installed", "App uninstalled"}
    one = rows["App installed"]
    assert (one.label, one.relation, one.count) == ("ChatGPT for Jira", "grants", 1)
    assert one.first_at == "2026-11-20T09:00:00Z"
    assert rows["App uninstalled"].relation == ""
