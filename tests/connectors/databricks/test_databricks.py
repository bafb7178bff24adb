"""What a workspace serves, embeds and is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.databricks import INDEX, use
from connectors.databricks.records import event
from scanner.kit.contract import Operation
from scanner.kit.overlooked import Untold
from scanner.model.errors import Denied, NotEnabled
from scanner.model.facts import Asset, DataStore, Edge, Fact, Relation, merge_fact
from scanner.model.items import Activity, Gap, Item
from tests.connectors.databricks.world import CASE, audited
from tests.connectors.recorded import recorded_events
from tests.saas_rig import Reply, Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def _items(vendor: Vendor, part: str) -> list[Item]:
    return CASE.items(CASE.context(vendor.url), part)


def _assets(items: list[Item]) -> dict[str, Asset]:
    return {one.name: one for one in items if isinstance(one, Asset)}


def _edges(items: list[Item], relation: Relation) -> set[tuple[str, str]]:
    return {(e.source.rpartition("/")[2], e.target) for e in items
            if isinstance(e, Edge) and e.relation is relation}  # fmt: skip


def test_an_endpoint_of_other_vendors_names_them_and_the_secrets_of_their_keys(
    vendor: Vendor,
) -> None:
    items = _items(vendor, "serving")
    one = _assets(items)["support-gpt"]
    assert (one.provider, one.models) == ("openai", ("claude-sonnet", "gpt-4o"))
    assert one.tags == {"team": "support"}
    assert ("support-gpt", "provider:anthropic") in _edges(items, Relation.CALLS)
    keys = _edges(items, Relation.AUTHENTICATES_WITH)
    assert keys == {("support-gpt", "databricks:acme/secret/llm/openai"),
                    ("support-gpt", "databricks:acme/secret/llm/claude")}  # fmt: skip
    assert ("support-gpt", "databricks:acme/user/ada@acme.com") in _edges(items, Relation.OWNED_BY)


def test_an_endpoint_serves_a_registered_model_of_the_catalog(vendor: Vendor) -> None:
    items = _items(vendor, "serving")
    served = _edges(items, Relation.SERVES)
    assert served == {("churn", "databricks:acme/registered_model/main.ml.churn")}
    assert set(_assets(_items(vendor, "models"))) == {
        "main.ml.churn", "main.ml.fraud", "main.ml.topics",
    }  # fmt: skip


def test_an_index_reads_a_table_and_calls_what_embeds_it(vendor: Vendor) -> None:
    items = _items(vendor, "vectors")
    (table,) = [one for one in items if isinstance(one, DataStore)]
    assert table.name == "main.rag.docs"
    read = _edges(items, Relation.READS_FROM)
    assert read == {("main.rag.docs_index", "databricks:acme/table/main.rag.docs")}
    calls = _edges(items, Relation.CALLS)
    assert ("main.rag.docs_index", "databricks:acme/serving_endpoint/databricks-gte") in calls


def test_an_index_that_may_not_be_looked_into_is_told_and_stays(vendor: Vendor) -> None:
    vendor.denied.add(INDEX.id)
    items = _items(vendor, "vectors")
    assert "main.rag.docs_index" in _assets(items)
    assert [one.denied for one in items if isinstance(one, Gap)] == [True]


def test_apps_that_were_given_ai_alone(vendor: Vendor) -> None:
    items = _items(vendor, "apps")
    assert set(_assets(items)) == {"chat-app"}
    assert ("chat-app", "databricks:acme/serving_endpoint/support-gpt") in _edges(
        items, Relation.CALLS
    )


def test_use_is_added_up_by_the_warehouse(vendor: Vendor) -> None:
    rows = {(a.rule, a.actor.name if a.actor else ""): a for a in folded(_items(vendor, "use"))}
    one = rows["endpoint_usage", "ada@acme.com"]
    assert (one.count, one.first_at, one.where) == (40, "2026-10-01T08:00:00Z", "gpt-4o")
    assert rows["endpoint_usage", "0a1b-service-principal"].count == 7
    genie = rows["aibiGenie.genieStartConversationMessage", "ben@acme.com"]
    assert (genie.app_id, genie.count) == ("databricks:acme/genie_space/sp1", 5)
    assert rows["vectorSearch.createVectorIndex", "ada@acme.com"].relation == "created_by"
    assert vendor.calls.count(use.CHUNK.id) == 1


def _failing(vendor: Vendor, message: str) -> None:
    told = {"statement_id": "x", "status": {"state": "FAILED", "error": {"message": message}}}
    vendor.refusal = Reply(told)
    vendor.denied.add(use.STATEMENT.id)


@pytest.mark.parametrize(
    ("message", "error"),
    [("User does not have USE SCHEMA privilege", Denied),
     ("The schema `system.serving` cannot be found", NotEnabled)],
)  # fmt: skip
def test_system_tables_that_may_not_be_read_or_are_off(
    vendor: Vendor, message: str, error: type[Exception]
) -> None:
    _failing(vendor, message)
    with pytest.raises(error, match="system"):
        _items(vendor, "use")


def test_without_a_warehouse_no_statement_may_be_run(vendor: Vendor) -> None:
    config: Any = CASE.context(vendor.url, warehouse_id="", parts=("serving",)).config
    asked: list[Operation] = [op for op in CASE.connector.spec.operations if op.opt_in]
    assert asked
    assert not any(op.is_allowed(config) for op in asked)


def test_every_real_event_is_parsed() -> None:
    told = [event(one, "acme") for one in recorded_events("Databricks.Audit.jsonl")]
    assert len(told) == 81
    assert all(told)
    kinds = {one.thing.kind for e in told if e for one in e[2] if one.thing}
    assert kinds <= {"databricks.serving_endpoint", "databricks.genie_space"}


def _event(kind: str, **params: Any) -> dict[str, Any]:
    service, _, action = kind.partition(".")
    return {
        "version": "2.0", "timestamp": 1793000000000, "serviceName": service, "actionName": action,
        "requestId": "r1", "userIdentity": {"email": "ada@acme.com"}, "requestParams": params,
        "response": {"statusCode": 200},
    }  # fmt: skip


def _told(kind: str, **params: Any) -> tuple[Activity, list[Fact]]:
    found = event(_event(kind, **params), "acme")
    assert found is not None
    one, *facts = found[2]
    assert isinstance(one, Activity)
    return one, [fact for fact in facts if not isinstance(fact, Activity)]


SERVED = [
    {"external_model": {"provider": "openai", "name": "gpt-4o", "openai_config": {
        "openai_api_key": "{{secrets/llm/openai}}"}}},
    {"external_model": {"provider": "anthropic", "name": "claude-sonnet"}},
    {"entity_name": "main.ml.churn"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("serverlessRealTimeInference.createServingEndpoint",
         {"config": json.dumps({"served_entities": SERVED})}),
        ("modelServing.createServingEndpoint", {"config": {"served_entities": SERVED}}),
        ("serverlessRealTimeInference.updateServingEndpoint",
         {"served_models": json.dumps(SERVED)}),
    ],
)  # fmt: skip
def test_an_event_of_an_endpoint_tells_what_the_list_tells(
    kind: str, params: dict[str, Any]
) -> None:
    one, facts = _told(kind, name="support", **params)
    assert one.thing is not None
    assert (one.thing.provider, one.thing.models) == (
        "openai", ("claude-sonnet", "gpt-4o", "main.ml.churn"),
    )  # fmt: skip
    edges = {(str(e.relation), e.target) for e in facts if isinstance(e, Edge)}
    assert {
        ("calls", "provider:anthropic"),
        ("serves", "databricks:acme/registered_model/main.ml.churn"),
        ("authenticates_with", "databricks:acme/secret/llm/openai"),
    } <= edges
    assert ("calls", "provider:databricks") not in edges
    assert {row.first_at for fact in facts for row in fact.evidence} == {one.first_at}


@pytest.mark.parametrize("config", ["{", "[" * 5000, "7", "", [], {"served_entities": "no"}])
def test_an_endpoint_whose_configuration_is_not_told_is_of_no_vendor_yet(config: Any) -> None:
    one, facts = _told("modelServing.createServingEndpoint", name="support", config=config)
    assert one.thing is not None
    assert one.thing.provider == ""
    (call,) = facts
    assert isinstance(call, Edge)
    assert (call.source, call.target) == (one.app_id, "provider:databricks")


def test_use_overrules_no_list_of_whose_models_an_endpoint_serves(vendor: Vendor) -> None:
    listed = _assets(_items(vendor, "serving"))["support-gpt"]
    used = [one.thing for one in _items(vendor, "use")
            if isinstance(one, Activity) and one.app_id == listed.id and one.thing]  # fmt: skip
    assert used
    assert {merge_fact(listed, one).provider for one in used} == {"openai"}


@pytest.mark.parametrize(
    ("kind", "params", "name", "relation"),
    [
        ("unityCatalog.createRegisteredModel",
         {"name": "churn", "catalog_name": "main", "schema_name": "ml"}, "main.ml.churn",
         "created_by"),
        ("unityCatalog.createModelVersion",
         {"model_name": "churn", "catalog_name": "main", "schema_name": "ml"}, "main.ml.churn",
         "used_by"),
        ("unityCatalog.deleteRegisteredModel", {"full_name_arg": "main.ml.churn"},
         "main.ml.churn", ""),
        ("modelRegistry.createRegisteredModel", {"name": "churn"}, "churn", "created_by"),
    ],
)  # fmt: skip
def test_registered_models_by_their_events(
    kind: str, params: dict[str, str], name: str, relation: str
) -> None:
    one, facts = _told(kind, **params)
    assert (one.app_id, one.label, one.relation, facts) == (
        f"databricks:acme/registered_model/{name}", name, relation, [],
    )  # fmt: skip
    failed = event(_event(kind, **params) | {"response": {"statusCode": 403}}, "acme")
    assert failed is not None
    assert [(a.rule, a.relation) for a in failed[2] if isinstance(a, Activity)] == [
        (f"{kind} (failed)", "")
    ]


def test_a_table_of_the_catalog_is_no_model_and_a_model_without_a_name_is_told() -> None:
    table = event(_event("unityCatalog.getTable", full_name_arg="main.ml.churn"), "acme")
    assert isinstance(table, Untold)
    assert (table[2], table.lacks) == ((), "")
    nameless = event(_event("unityCatalog.createRegisteredModel"), "acme")
    assert isinstance(nameless, Untold)
    assert "full_name_arg" in nameless.lacks


@pytest.mark.parametrize(
    ("service", "action", "relation"),
    [
        ("aibiGenie", "createSpace", "created_by"),
        ("aibiGenie", "genieCreateSpace", "created_by"),
        ("aibiGenie", "createConversation", "used_by"),
        ("aibiGenie", "createConversationMessage", "used_by"),
        ("aibiGenie", "createConversationMessageComment", "used_by"),
        ("aibiGenie", "genieCreateConversationMessage", "used_by"),
        ("aibiGenie", "trashSpace", ""),
        ("serverlessRealTimeInference", "createServingEndpoint", "created_by"),
        ("vectorSearch", "createVectorIndex", "created_by"),
        ("vectorSearch", "createEndpoint", "created_by"),
    ],
)
def test_who_asks_in_a_space_has_not_made_it(service: str, action: str, relation: str) -> None:
    found = event(audited("r", service, action, name="x", space_id="x"), "acme")
    assert found is not None
    assert [one.relation for one in found[2] if isinstance(one, Activity)] == [relation]


def test_what_support_does_in_a_workspace_is_no_genie() -> None:
    found = event(audited("r", "genie", "createSession", space_id="x"), "acme")
    assert found is not None
    assert not found[2]
    assert type(found) is tuple  # it is known, and lacks nothing
