"""Agents, flows, endpoints and projects that a log says were deleted are nobody's AI any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.databricks.records import event as databricks
from connectors.databricks.serving import endpoint
from connectors.microsoft365.events import happened as microsoft365
from connectors.mistral.log import event as mistral
from connectors.wandb.log import event as wandb
from scanner.detect.activity import Catalogue, facts_of
from scanner.graph.build import AssetGraph
from scanner.model.base import ShardId
from scanner.model.facts import Asset, Relation
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook

CALLS = (Relation.CALLS, Relation.AUTHENTICATES_WITH, Relation.READS_FROM)
CONFIG = (
    '{"served_entities": [{"external_model": {"provider": "openai", "name": "gpt-4o",'
    ' "openai_config": {"openai_api_key": "{{secrets/s/k}}"}}}]}'
)


def _m365(what: str, at: str, is_done: bool) -> Any:
    return microsoft365(
        {
            "Id": at + what, "CreationTime": at, "Operation": what, "UserId": "ann@acme.com",
            "ResultStatus": "Success" if is_done else "Failed", "BotId": "b1",
            "FlowConnectorNames": "Azure OpenAI", "FlowDetailsUrl": "https://x/flows/f1/details",
        },
        "acme.com",
    )  # fmt: skip


def _databricks(what: str, at: str, is_done: bool) -> Any:
    service, _, action = what.partition(".")
    named = {"name": "x", "space_id": "x"}
    config = {"config": CONFIG} if action == "createServingEndpoint" else {}
    return databricks(
        {
            "timestamp": at, "serviceName": service, "actionName": action, "requestId": at + what,
            "userIdentity": {"email": "ann@acme.com"}, "requestParams": {**named, **config},
            "response": {"statusCode": 200 if is_done else 403},
        },
        "acme",
    )  # fmt: skip


def _wandb(what: str, at: str, is_done: bool) -> Any:
    return wandb(
        {"timestamp": at, "action": what, "actor_email": "ann@acme.com", "entity_name": "nlp",
         "project_name": "triage", "response_code": 200 if is_done else 403},
        "acme",
    )  # fmt: skip


def _mistral(what: str, at: str, is_done: bool) -> Any:
    assert is_done
    return mistral(
        {"log_id": at + what, "created_at": at, "event_type": what, "actor_type": "user",
         "actor_metadata": {"user_uuid": "ann"}, "target_metadata": {"uuid": "a1", "name": "A"}},
        "acme",
    )  # fmt: skip


def _at(day: int) -> str:
    return f"2026-11-{day:02}T09:00:00Z"


def _graph(rulebook: Rulebook, told: list[Any], also: list[Any], now: str = "") -> AssetGraph:
    catalogue = Catalogue(rulebook)
    facts = [*also]
    for happened in told:
        for one in happened[2]:
            facts += facts_of(one, catalogue, "x") if isinstance(one, Activity) else [one]
    return AssetGraph(((ShardId("x:log"), fact, True) for fact in facts), now=now)


SERVING, GENIE = "serverlessRealTimeInference", "aibiGenie"
MADE = [
    (_m365, "BotCreate", "BotDelete"),
    (_m365, "CreateFlow", "DeleteFlow"),
    (_databricks, f"{SERVING}.createServingEndpoint", f"{SERVING}.deleteServingEndpoint"),
    (_databricks, f"{GENIE}.createSpace", f"{GENIE}.deleteSpace"),
    (_databricks, f"{GENIE}.createSpace", f"{GENIE}.trashSpace"),
    (_databricks, "vectorSearch.createVectorIndex", "vectorSearch.deleteVectorIndex"),
    (_databricks, "unityCatalog.createRegisteredModel", "unityCatalog.deleteRegisteredModel"),
    (_mistral, "agent.create", "agent.deleted"),
    (_wandb, "project:read", "project:delete"),
]


def _called(one: object) -> str:
    """The same in every process."""
    return str(getattr(one, "__name__", one))[:60]


@pytest.mark.parametrize(("told", "made", "deleted"), MADE, ids=_called)
def test_what_was_deleted_is_no_ai_until_it_is_made_anew(
    told: Callable[..., Any], made: str, deleted: str, rulebook: Rulebook
) -> None:
    first, end = told(made, _at(1), True), told(deleted, _at(3), True)
    again = told(made, _at(5), True)
    (asset,) = _graph(rulebook, [first], []).assets()
    for events in ([first, end], [end, first]):
        graph = _graph(rulebook, events, [])
        assert not list(graph.assets())
        node = graph.node(asset.id)
        assert isinstance(node, Asset)
        assert (node.status, node.tags["deleted"]) == ("deleted", "2026-11-03")
        assert not graph.out_edges(asset.id, *CALLS)
        assert graph.out_edges(asset.id, Relation.CREATED_BY, Relation.USED_BY)
    back = _graph(rulebook, [again, end, first], [])
    assert [one.id for one in back.assets()] == [asset.id]
    assert list(_graph(rulebook, [first, end], [], now=_at(1)).assets())  # a clock is wrong


@pytest.mark.parametrize(
    ("told", "made", "other", "is_done"),
    [
        *((told, made, deleted, False) for told, made, deleted in MADE if told is not _mistral),
        (_databricks, "vectorSearch.createVectorIndex", "vectorSearch.deleteDataVectorIndex", True),
        (_databricks, f"{GENIE}.createSpace", f"{GENIE}.deleteConversation", True),
        (_wandb, "project:read", "run:delete", True),
    ],
    ids=_called,
)  # fmt: skip
def test_what_was_deleted_in_vain_or_within_it_leaves_it(
    told: Callable[..., Any], made: str, other: str, is_done: bool, rulebook: Rulebook
) -> None:
    graph = _graph(rulebook, [told(made, _at(1), True), told(other, _at(3), is_done)], [])
    (asset,) = graph.assets()
    assert (asset.status, "deleted" in asset.tags) == ("", False)


def test_what_a_present_list_shows_is_there_whatever_was_deleted(rulebook: Rulebook) -> None:
    deleted = _databricks(f"{SERVING}.deleteServingEndpoint", _at(3), True)
    listed = endpoint({"name": "x", "state": {"ready": "READY"}, "config": {}}, "acme")
    assert listed
    (asset,) = _graph(rulebook, [deleted], listed).assets()
    assert asset.status == "ready"
