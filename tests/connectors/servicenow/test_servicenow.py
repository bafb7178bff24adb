"""What rows of ServiceNow's tables tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors import servicenow
from scanner.model.errors import Denied, NotEnabled
from scanner.model.facts import Asset, Edge, Identity, Relation
from scanner.model.items import Gap
from tests.connectors.servicenow.world import CASE
from tests.saas_rig import Break, Reply, Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_applications_by_where_they_return_to_and_who_made_them(vendor: Vendor) -> None:
    told = {a.label: a for a in CASE.activities(vendor, "applications")}
    claude = told["Claude"]
    assert (claude.hosts, claude.relation) == (("claude.ai",), "created_by")
    assert claude.actor is not None
    assert claude.actor.id == "servicenow:acme/user/ada"
    outward = told["Azure OpenAI"]
    assert (outward.hosts, outward.status, outward.relation) == (
        ("login.microsoftonline.com",), "the instance signs in to it", "contains",
    )  # fmt: skip
    assert told["Old"].status == "not active"


def test_a_token_is_a_grant_of_its_person(vendor: Vendor) -> None:
    told = {(a.label, a.actor.id if a.actor else ""): a for a in CASE.activities(vendor, "tokens")}
    ada = told["Claude", "servicenow:acme/user/ada"]
    assert (ada.count, ada.relation) == (2, "grants")
    assert [s.store_class for s in ada.reads] == ["tickets"]
    assert told["Old", ""].relation == "contains"


def test_agents_and_skills_with_who_made_them(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "agents")
    agents = {one.name: one for one in items if isinstance(one, Asset)}
    assert agents["Change planner"].status == "inactive"
    assert {one.provider for one in agents.values()} == {"servicenow_now_assist"}
    owned = [one for one in items if isinstance(one, Edge) and one.relation is Relation.OWNED_BY]
    assert {one.target for one in owned} == {"servicenow:acme/user/ada"}
    skills = [one for one in CASE.items(CASE.context(vendor.url), "skills")
              if isinstance(one, Asset)]  # fmt: skip
    assert len(skills) == 3


def test_who_uses_which_capability_without_a_word_of_it(vendor: Vendor) -> None:
    told = {(a.rule, a.actor.id if a.actor else ""): a for a in CASE.activities(vendor, "use")}
    ada = told["sys_generative_ai_log", "servicenow:acme/user/ada"]
    assert (ada.count, ada.where, ada.relation) == (3, "Summarize", "used_by")
    assert told["sys_generative_ai_log (failed)", "servicenow:acme/user/ben"].relation == ""
    assert ("sys_generative_ai_log", "") in told  # by the instance itself
    fields = [q["sysparm_fields"] for q in vendor.queries if "sysparm_fields" in q]
    assert not any("prompt" in one or "response" in one or "token," in one for one in fields)


def test_changes_are_evidence(vendor: Vendor) -> None:
    told = {a.rule: a for a in CASE.activities(vendor, "changes")}
    agent = told["sys_audit sn_aia_agent"]
    assert (agent.relation, agent.status, agent.app_id) == (
        "", "active: false", "servicenow:acme/agent/g1",
    )  # fmt: skip
    assert told["sys_audit sn_nowassist_skill_config"].status == "name changed"
    assert len(told) == 2


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert people["Ada Day"].email == "ada@acme.com"
    assert not people["Ben Bay"].is_active


def test_rows_that_access_rules_hide_are_told(vendor: Vendor) -> None:
    body = {"result": [{"sys_id": {"value": "g1"}, "name": {"value": "One"}}]}
    vendor.breaks[:] = [Break(Reply(body, headers={"X-Total-Count": "7"}), first=1)]
    items = CASE.items(CASE.context(vendor.url), "agents")
    assert [one.reason for one in items if isinstance(one, Gap) and one.denied] == [
        "6 rows are hidden by access rules"
    ]
    vendor.breaks[:] = [Break(Reply({"result": []}, headers={"X-Total-Count": "7"}))]
    with pytest.raises(Denied, match="7 rows"):
        CASE.items(CASE.context(vendor.url, environ={"SERVICENOW_TOKEN": "x"}), "agents")


def test_an_instance_without_the_plugin_says_so(vendor: Vendor) -> None:
    body = {"error": {"message": "Invalid table sn_aia_agent"}, "status": "failure"}
    vendor.breaks[:] = [Break(Reply(body, 400))]
    with pytest.raises(NotEnabled):
        CASE.items(CASE.context(vendor.url, environ={"SERVICENOW_TOKEN": "x"}), "agents")
    assert vendor.calls == [servicenow.AGENTS.id]


def test_an_exported_list(tmp_path: Path) -> None:
    text = "sys_id,name,client_id,type,redirect_url,sys_created_by,sys_created_on\n" \
        "a1,Claude,c1,client,https://claude.ai/cb,ada,2026-09-01 08:00:00\n"  # fmt: skip
    (tmp_path / "oauth_entity.csv").write_text(text)
    ctx = CASE.context("https://v.example", live=False, files=("oauth_entity.csv",),
                       folder=tmp_path)  # fmt: skip
    (one,) = folded(CASE.items(ctx))
    assert (one.label, one.hosts) == ("Claude", ("claude.ai",))
