"""What account usage and objects of Snowflake tell."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from connectors.snowflake import CONNECTOR, RUN, statements
from connectors.snowflake.sql import calls
from scanner.detect.activity import Catalogue
from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.facts import Asset, AssetClass, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Activity, Content, Gap, Item
from scanner.rulebook.load import Rulebook
from tests.connectors.snowflake import world
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


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_the_newest_view_that_the_account_has_is_asked(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, missing: int
) -> None:
    """One that Snowflake fills no more is a gap, though it may be read."""
    monkeypatch.setattr(world, "VIEWS", set(statements.FUNCTION_VIEWS[missing:]))
    for part in ("use", "cortex"):
        items = _items(vendor, part)
        asked = [one for one in world.ASKED if "usage_history f" in one]
        assert statements.FUNCTION_VIEWS[missing] in asked[-1]
        assert [one for one in items if isinstance(one, (Asset, Activity))]
        gaps = [one for one in items if isinstance(one, Gap)]
        assert bool(gaps) is (missing == 2)
        assert all("fills no more" in one.reason and one.denied for one in gaps)


def test_a_statement_that_fails_later_is_told(vendor: Vendor) -> None:
    vendor.refusal = Reply({"code": "000604", "message": "canceled", "statementHandle": "x"})
    vendor.denied.add(RUN.id)
    with pytest.raises(Exception, match="000604 canceled"):
        _items(vendor, "people")


def test_statements_only_read() -> None:
    for statement in ANSWERS:
        assert statement.split()[0] in ("SELECT", "SHOW")
        assert ";" not in statement


def _sign_in(number: int, **told: Any) -> dict[str, Any]:
    """A row as https://docs.snowflake.com/sql-reference/account-usage/login_history has it."""
    return {
        "EVENT_ID": str(number), "EVENT_TIMESTAMP": f"2026-11-20 08:00:0{number}.061000000",
        "EVENT_TYPE": "LOGIN", "USER_NAME": "ADA", "CLIENT_IP": "192.0.2.7",
        "REPORTED_CLIENT_TYPE": "OTHER", "FIRST_AUTHENTICATION_FACTOR": "OAUTH_ACCESS_TOKEN",
        "IS_SUCCESS": "YES", "AUTHORIZING_INTEGRATION_NAME": None, **told,
    }  # fmt: skip


def _file(folder: Path, rows: list[dict[str, Any]]) -> list[Item]:
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = CONNECTOR.spec.config(organization="acme", live=False, files=("log.jsonl",))
    ctx: Context[Any] = Context(
        config=config, examine=lambda *_: (), limits=Limits(), folder=folder
    )
    (shard,) = CONNECTOR.shards(ctx)
    return list(CONNECTOR.collect(ctx, shard, None))


def test_who_comes_in_through_which_integration(tmp_path: Path, rulebook: Rulebook) -> None:
    through = {"AUTHORIZING_INTEGRATION_NAME": "CHATGPT_OAUTH_INT"}
    rows = [
        _sign_in(1, **through), _sign_in(2, **through), _sign_in(2, **through),
        _sign_in(3, **through, IS_SUCCESS="NO"),
        _sign_in(4, AUTHORIZING_INTEGRATION_NAME="CLAUDE_MCP_OAUTH"),
        _sign_in(5, **through, FIRST_AUTHENTICATION_FACTOR="SAML2_ASSERTION"),
        _sign_in(6, FIRST_AUTHENTICATION_FACTOR="PASSWORD"),
    ]  # fmt: skip
    items = _file(tmp_path, rows)
    found = [one for one in items if isinstance(one, Activity)]
    assert [(one.label, one.relation, one.count, one.last_at) for one in found] == [
        ("CHATGPT", "used_by", 2, "2026-11-20T08:00:02Z"),
        ("CHATGPT", "", 1, "2026-11-20T08:00:03Z"),
        ("CLAUDE (MCP)", "used_by", 1, "2026-11-20T08:00:04Z"),
    ]
    assert {one.actor.name for one in found if one.actor} == {"ADA"}
    catalogue = Catalogue(rulebook)
    known = {one.label: hit[0] for one in found if (hit := catalogue.identify(one))}
    assert known == {"CHATGPT": "openai", "CLAUDE (MCP)": "anthropic"}
    assert not [one for one in items if isinstance(one, Gap)]


def test_a_sign_in_by_oauth_whose_integration_is_not_told_is_a_gap(tmp_path: Path) -> None:
    items = _file(tmp_path, [_sign_in(1), _sign_in(2, EVENT_TYPE="LLM_AGENT_LOGIN")])
    reasons = [one.reason for one in items if isinstance(one, Gap)]
    assert reasons == [
        "schema: 1 event of type LOGIN without authorizing_integration_name, which says what it is "
        "about",
        "1 event of type LLM_AGENT_LOGIN, which is not known here and names AI",
    ]


def test_a_statement_that_two_exports_tell_counts_once(tmp_path: Path) -> None:
    row = {"QUERY_ID": "01b", "QUERY_TEXT": "select ai_complete('claude-4-sonnet', p)",
           "USER_NAME": "ADA", "EXECUTION_STATUS": "SUCCESS",
           "START_TIME": "2026-11-20 08:00:00.000"}  # fmt: skip
    found = [one for one in _file(tmp_path, [row, row]) if isinstance(one, Activity)]
    assert [(one.rule, one.count) for one in found] == [("cortex.ai_complete", 1)]


def test_the_account_adds_up_who_comes_in_by_oauth(vendor: Vendor) -> None:
    rows = {a.label: a for a in folded(_items(vendor, "use")) if a.thing is None}
    assert {name: one.count for name, one in rows.items()} == {"CHATGPT": 12, "TABLEAU": 300}


CALLED = {
    "select SNOWFLAKE . CORTEX . COMPLETE ('claude-4-sonnet', x)": "complete claude-4-sonnet",
    'select "SNOWFLAKE"."CORTEX"."COMPLETE"(\'claude-4-sonnet\', x)': "complete claude-4-sonnet",
    "select snowflake.cortex.embed_text_768('e5-base-v2', x)": "embed_text_768 e5-base-v2",
    "select AI_COMPLETE(model => 'openai-gpt-5', prompt => p)": "ai_complete openai-gpt-5",
    "select 'it''s' || ai_complete('llama3.1-8b', '-- ''x')": "ai_complete llama3.1-8b",
    "select 'a\\'' || ai_classify(t, ['a']) -- it's": "ai_classify",
    "execute immediate $$ select ai_agg(x, 'sum up') from t $$": "ai_agg",
}
NOT_CALLED = (
    "/* try snowflake.cortex.complete('mistral-large2', x) */ select 1",
    "-- snowflake.cortex.complete('x', 'y')\nselect 1",
    "// ai_complete('x', 'y')\nselect 1",
    "insert into faq values ('use ai_complete(''llama3'', x) for it')",
    "insert into faq values ($$ select snowflake.cortex.sentiment(x) $$)",
    "select 'cut off: ai_complete(x",
    "select my_db.public.ai_complete(x) from t",
    'select "ai_complete"(x) from t',
    "create table if not exists ai_filter (a int)",
    "drop function ai_complete (varchar)",
)


def _asked(folder: Path, text: str) -> list[Activity]:
    row = {"QUERY_ID": "01b", "QUERY_TEXT": text, "USER_NAME": "ADA", "EXECUTION_STATUS": "SUCCESS",
           "START_TIME": "2026-11-20 08:00:00.000", "DATABASE_NAME": "CRM",
           "SCHEMA_NAME": "PUBLIC"}  # fmt: skip
    return [one for one in _file(folder, [row]) if isinstance(one, Activity)]


@pytest.mark.parametrize("text", CALLED)
def test_what_a_statement_calls_is_read_however_it_is_written(tmp_path: Path, text: str) -> None:
    name, _, model = CALLED[text].partition(" ")
    (one,) = _asked(tmp_path, text)
    assert (one.rule, one.relation) == (f"cortex.{name}", "used_by")
    assert one.thing is not None
    assert one.thing.models == ((model,) if model else ())


@pytest.mark.parametrize("text", NOT_CALLED)
def test_comments_texts_and_functions_of_ones_own_are_no_use(tmp_path: Path, text: str) -> None:
    assert _asked(tmp_path, text) == []


MADE = {
    "create or replace function f(x text) returns text as $$ ai_complete('llama3.1-8b', x) $$":
        "CRM.PUBLIC.f",
    "create secure procedure if not exists hr.f() returns text language python as $$\n"
    "def h(s): return s.sql(\"select ai_complete('llama3.1-8b', 'x')\").collect() $$":
        "CRM.hr.f",
    'create function "DB"."S"."F" () returns text as \'ai_complete(\'\'llama3.1-8b\'\', 1)\'':
        "DB.S.F",
}  # fmt: skip


@pytest.mark.parametrize("text", MADE)
def test_who_makes_a_function_that_calls_a_model_has_made_ai_and_not_called_it(
    tmp_path: Path, text: str
) -> None:
    (one,) = _asked(tmp_path, text)
    assert (one.rule, one.relation, one.label) == ("create function", "created_by", MADE[text])
    assert one.thing is not None
    assert (one.thing.provider, one.thing.models) == ("snowflake_cortex", ("llama3.1-8b",))
    assert one.app_id == f"snowflake:acme/function/{MADE[text].casefold()}"


def test_a_hostile_statement_is_read_in_a_moment() -> None:
    begun = perf_counter()
    for text in (
        "create " + "function " * 120_000, "'" * 1_000_001, "ai_agg(" + "\\" * 999_999,
        "/*" * 500_000 + "ai_agg(", '"' * 999_999 + "cortex", ". " * 500_000 + "ai_a(",
    ):  # fmt: skip
        calls(text)
    assert perf_counter() - begun < 10
