"""What services tell by their own APIs: asked for only when wanted, and tokens to nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from connectors.azure import CONNECTOR
from connectors.azure.config import Cloud
from connectors.azure.planes import PLANES, endpoints
from connectors.azure.types import OPTIONS
from scanner.cli import cli
from scanner.model.base import encode
from scanner.model.errors import Denied
from scanner.model.items import Content
from tests.azure_rig import estate
from tests.azure_rig.rig import Fault, Rig, error
from tests.connectors.azure.reading import Read, read

SUB = estate.ident(1)
LEAD = f"/subscriptions/{SUB}/resourcegroups/rg-one/providers"
PROJECT = f"{LEAD}/microsoft.cognitiveservices/accounts/foundry/projects/helpdesk"
SETTINGS = ("foundry_agents", "fine_tuning", "search_indexes", "databricks_serving")
ON = dict.fromkeys(SETTINGS, True)


def _read(rig: Rig, **config: Any) -> Read:
    families = ("ai", "search", "data-platforms")
    return read(rig, families=families, identities=False, creators=False, **config)


def test_nothing_is_asked_of_a_service_itself_unless_wanted(rig: Rig) -> None:
    estate.whole(rig)
    _read(rig)
    assert not [one for one in rig.calls if "azure.com/" in one or ".net/" in one]
    assert set(SETTINGS) < set(OPTIONS)


def test_agents_of_both_editions(rig: Rig) -> None:
    estate.whole(rig)
    found = _read(rig, foundry_agents=True)
    assert not found.gaps
    agent = found.one("azure.foundry_agent")
    assert agent.id == f"{PROJECT}/agents/answerer"
    assert (agent.models, agent.status, agent.tags["kind"]) == (("gpt-5",), "enabled", "prompt")
    assert {
        ("runs_as", f"azure:principal/{estate.MACHINE}"),
        ("calls", "https://mcp.example.com"),
        ("reads_from", f"{PROJECT}/connections/files"),
    } <= found.edges(agent.id)  # fmt: skip
    assert "Be kind" not in "".join(encode(one).decode() for one in found.items)
    old = {one.name for one in found.assets.values() if one.kind == "azure.foundry_assistant"}
    assert old == {"old-0", "old-1", "old-2"}


def test_fine_tuning_page_by_page(rig: Rig) -> None:
    rig.page_size = 2
    estate.whole(rig)
    found = _read(rig, fine_tuning=True)
    assert not found.gaps
    jobs = [one for one in found.assets.values() if one.kind == "azure.openai_fine_tuning"]
    assert len(jobs) == 3
    assert jobs[0].models == ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06.ft-1")


def test_indexes_with_what_fills_them_and_by_which_model(rig: Rig) -> None:
    estate.whole(rig)
    found = _read(rig, search_indexes=True)
    service = f"{LEAD}/microsoft.search/searchservices/find"
    assert found.one("azure.search_index").models == ("text-embedding-3-large",)
    assert found.edges(f"{service}/indexers/nightly") >= {
        ("reads_from", f"{service}/datasources/blobs"),
        ("writes_to", f"{service}/indexes/docs"),
        ("configured_by", f"{service}/skillsets/enrich"),
    }
    storage = f"{LEAD}/microsoft.storage/storageaccounts/docs"
    assert ("reads_from", storage) in found.edges(f"{service}/datasources/blobs")
    told = "".join(encode(one).decode() for one in found.items if not isinstance(one, Content))
    assert "not-a-real-key" not in told


def test_models_that_databricks_serves_for_others(rig: Rig) -> None:
    estate.whole(rig)
    served = _read(rig, databricks_serving=True).one("azure.databricks_serving")
    assert (served.models, served.tags["outside"]) == (("claude-opus-5",), "anthropic")


def test_a_workspace_that_serves_nothing_is_no_gap(rig: Rig) -> None:
    estate.whole(rig)
    rig.planes["adb-1.1.azuredatabricks.net", "/api/2.0/serving-endpoints"] = []
    assert not _read(rig, databricks_serving=True).gaps


WHERE = {
    "foundry_agents": ("helpdesk/agents$", "azure.foundry_agent", "ai"),
    "fine_tuning": ("chat-one.*fine_tuning/jobs$", "azure.openai_fine_tuning", "ai"),
    "search_indexes": ("windows.net/indexes$", "azure.search_index", "search"),
    "databricks_serving": ("serving-endpoints$", "azure.databricks_serving", "data-platforms"),
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(
    "fault",
    [
        {"raw": b"<html>Sign in</html>"},
        {"raw": b'{"another": "answer"}'},
        {"raw": b'{"data": null, "value": null, "endpoints": null}'},
        {"raw": b'{"data": {}, "value": {}, "endpoints": {}}'},
        {"raw": b'{"data": ["x"], "value": ["x"], "endpoints": ["x"]}'},
        {"raw": b'{"data": [{"id": "a"'},
        {"raw": b'{"data": [], "has_more": true, "value": [], "nextLink": "https://x.example/a", '
                b'"endpoints": [], "next_page_token": "t"}'},
        {"drop": True},
        {"cut": True},
        {"status": 403, "body": error("Forbidden")},
        {"status": 500, "body": error("InternalServerError")},
        {"status": 404, "body": error("404", "Resource not found")},
    ],
    ids=["html", "another", "null", "map", "words", "half", "more", "dropped", "cut", "denied",
         "down", "missing"],
)  # fmt: skip
def test_what_is_no_list_is_a_gap(rig: Rig, setting: str, fault: dict[str, Any]) -> None:
    estate.whole(rig)
    where, kind, family = WHERE[setting]
    rig.faults.append(Fault(where, **fault))
    found = _read(rig, **{setting: True})
    gaps = found.gaps[f"azure:{SUB}/{family}"]
    assert gaps
    assert all(gap.denied == (fault.get("status") == 403) for gap in gaps)
    assert not [one for one in found.assets.values() if one.kind == kind]


def test_pages_in_a_ring_end(rig: Rig) -> None:
    estate.whole(rig)
    raw = b'{"data": [{"id": "a", "model": "m"}], "has_more": true, "last_id": "a"}'
    rig.faults.append(Fault("helpdesk/assistants$", raw=raw))
    gaps = _read(rig, foundry_agents=True).gaps[f"azure:{SUB}/ai"]
    assert any("repeats a page" in gap.reason for gap in gaps)


def test_an_account_without_an_address_of_its_own_is_a_gap(rig: Rig) -> None:
    estate.whole(rig)
    for row in rig.rows["resources"]:
        if row["name"] == "Chat-One":
            row["properties"]["endpoint"] = "https://westeurope.api.cognitive.microsoft.com/"
    gaps = _read(rig, fine_tuning=True).gaps[f"azure:{SUB}/ai"]
    assert "names no endpoint" in gaps[0].reason


@pytest.mark.parametrize(
    "told",
    [
        "https://chat.openai.azure.com.evil.example/", "http://chat.openai.azure.com/",
        "https://evil.example/?x=.openai.azure.com", "https://a@chat.openai.azure.com/",
        "https://chat.openai.azure.com:8443/", "https://.openai.azure.com", "https://[", "",
        "https://x/../.openai.azure.com", "https://chat.openai.azure.us/",
    ],
)  # fmt: skip
def test_no_token_is_sent_to_another_host(told: str) -> None:
    assert not endpoints({"properties": {"endpoint": told}}, Cloud.PUBLIC)


def test_addresses_are_of_the_cloud_that_is_read() -> None:
    for cloud, told in (
        (Cloud.PUBLIC, "https://chat.openai.azure.com"),
        (Cloud.USGOV, "https://chat.openai.azure.us"),
    ):
        assert endpoints({"properties": {"endpoint": told}}, cloud) == {"openai": told}
    search = {"name": "Find", "type": "Microsoft.Search/searchServices"}
    assert endpoints(search, Cloud.CHINA) == {"search": "https://find.search.azure.cn"}
    project = {
        "properties": {"endpoints": {"API": "https://f.services.ai.azure.com/api/projects/p"}}
    }
    assert endpoints(project, Cloud.PUBLIC) == {
        "foundry": "https://f.services.ai.azure.com/api/projects/p"
    }
    above = {"properties": {"endpoints": {"API": "https://f.services.ai.azure.com/"}}}
    assert not endpoints(above, Cloud.PUBLIC)
    for plane in PLANES.values():
        assert plane.domains.keys() == plane.audience.keys()


def test_the_printed_role_tells_data_actions_apart() -> None:
    words = [word for setting in SETTINGS for word in ("--with", setting)]
    plain = json.loads(CliRunner().invoke(cli, ["permissions", "azure"]).stdout)
    more = json.loads(CliRunner().invoke(cli, ["permissions", "azure", *words]).stdout)
    assert not plain["DataActions"]
    assert more["DataActions"] == [
        "Microsoft.CognitiveServices/accounts/AIServices/agents/read",
        "Microsoft.CognitiveServices/accounts/OpenAI/fine-tunes/read",
    ]
    assert more["AssignableScopes"][0].startswith("/subscriptions/")
    assert set(more["Actions"]) - set(plain["Actions"]) == {
        f"Microsoft.Search/searchServices/{one}/read"
        for one in ("dataSources", "indexers", "indexes", "skillsets")
    }
    terraform = (
        CliRunner().invoke(cli, ["permissions", "azure", "--role", "terraform", *words]).output
    )
    assert "data_actions = [" in terraform


def test_a_plane_that_is_not_turned_on_cannot_be_called(rig: Rig) -> None:
    opted = {one.id: one.opt_in for one in CONNECTOR.spec.operations if one.id.startswith("GET //")}
    assert set(opted.values()) == {(setting,) for setting in SETTINGS}
    estate.whole(rig)
    rig.planes.clear()
    found = _read(rig, **ON)
    assert not any(isinstance(one, Denied) for one in found.errors.values()), "lists above stay"
    assert all(gap.denied for gaps in found.gaps.values() for gap in gaps)
