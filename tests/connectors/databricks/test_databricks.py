"""What a workspace serves, embeds and is asked."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.databricks import INDEX, use
from connectors.databricks.records import event
from scanner.kit.contract import Operation
from scanner.model.errors import Denied, NotEnabled
from scanner.model.facts import Asset, DataStore, Edge, Relation
from scanner.model.items import Gap, Item
from tests.connectors.databricks.world import CASE
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
