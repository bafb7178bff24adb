"""What account usage and objects of Snowflake tell."""

from __future__ import annotations

import pytest

from connectors.snowflake import RUN, statements
from scanner.detect.engine import Detector
from scanner.model.facts import Asset, AssetClass, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Content, Gap, Item
from tests.connectors.snowflake.world import ANSWERS, CASE, HANDLES
from tests.saas_rig import Reply, Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def _items(vendor: Vendor, part: str) -> list[Item]:
    return CASE.items(CASE.context(vendor.url), part)


def _edges(items: list[Item], relation: Relation) -> set[tuple[str, str]]:
    return {(e.source, e.target) for e in items if isinstance(e, Edge) and e.relation is relation}


def test_who_uses_which_model_how_often(vendor: Vendor) -> None:
    rows = {(a.rule, a.actor.name if a.actor else "", a.label): a
            for a in folded(_items(vendor, "use"))}  # fmt: skip
    one = rows["cortex.complete", "ADA", "Cortex claude-sonnet"]
    assert one.count == 40
    assert one.first_at < one.last_at
    assert one.thing is not None
    assert (one.thing.provider, one.thing.tags) == ("snowflake_cortex", {"maker": "anthropic"})
    assert rows["cortex.analyst", "BEN", "Cortex Analyst of acme"].count == 7
    search = rows["cortex.search", "", "RAG.PUBLIC.DOCS"]
    assert (search.count, search.last_at) == (9, "2026-11-20T00:00:00Z")


def test_which_tables_a_model_was_given(vendor: Vendor) -> None:
    read = _edges(_items(vendor, "cortex"), Relation.READS_FROM)
    assert read == {
        ("snowflake:acme/cortex/claude-sonnet", "snowflake:acme/table/crm.public.contacts"),
        ("snowflake:acme/cortex/claude-sonnet", "snowflake:acme/table/crm.public.notes"),
        ("snowflake:acme/cortex/llama3.1-70b", "snowflake:acme/table/hr.public.pay"),
    }


def test_everybody_may_use_it_when_the_public_role_may(vendor: Vendor) -> None:
    items = _items(vendor, "cortex")
    granted = _edges(items, Relation.GRANTS)
    assert granted == {("snowflake:acme/role/public", "snowflake:acme/cortex/cortex")}
    (role,) = [one for one in items if isinstance(one, Identity)]
    assert role.principal_type is PrincipalType.GROUP


def test_services_agents_and_models_with_the_role_that_owns_them(vendor: Vendor) -> None:
    items = _items(vendor, "services")
    found = {one.name: one for one in items if isinstance(one, Asset)}
    assert found["RAG.PUBLIC.DOCS"].models == ("snowflake-arctic-embed-m-v1.5",)
    assert found["CRM.AGENTS.SALES_HELPER"].asset_class is AssetClass.AGENT
    assert found["ML.PUBLIC.CHURN"].provider == ""
    assert len(found) == 5
    assert ("snowflake:acme/agent/crm.agents.sales_helper", "snowflake:acme/role/analyst") in (
        _edges(items, Relation.OWNED_BY)
    )


def test_the_detector_reads_functions_that_reach_out(vendor: Vendor, detector: Detector) -> None:
    items = _items(vendor, "functions")
    (function,) = [one for one in items if isinstance(one, Asset)]
    assert not function.is_ai
    assert function.tags["external_access"] == "[OPENAI_ACCESS]"
    (code,) = [one for one in items if isinstance(one, Content)]
    assert code.place.subject == function.id
    hits = detector.examine(code.data, code.place.path, code.rule_sets)
    assert "openai" in {one.provider for one in hits}


def test_people_services_and_who_has_left(vendor: Vendor) -> None:
    people = {one.name: one for one in _items(vendor, "people") if isinstance(one, Identity)}
    assert people["Ada Day"].email == "ada@acme.com"
    assert not people["Ben Bay"].is_active
    assert people["etl"].principal_type is PrincipalType.SERVICE


def test_a_view_that_may_not_be_read_is_a_gap_and_the_rest_is_told(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = next(one for one, told in HANDLES.items() if told == statements.FLOWS)
    monkeypatch.delitem(HANDLES, handle)
    items = _items(vendor, "cortex")
    (gap,) = [one for one in items if isinstance(one, Gap)]
    assert (gap.what, gap.denied) == ("account_usage.access_history", True)
    assert "HTTP 422" in gap.reason
    assert _edges(items, Relation.GRANTS)


def test_a_statement_that_fails_later_is_told(vendor: Vendor) -> None:
    vendor.refusal = Reply({"code": "000604", "message": "canceled", "statementHandle": "x"})
    vendor.denied.add(RUN.id)
    with pytest.raises(Exception, match="000604 canceled"):
        _items(vendor, "people")


def test_statements_only_read() -> None:
    for statement in ANSWERS:
        assert statement.split()[0] in ("SELECT", "SHOW")
        assert ";" not in statement
