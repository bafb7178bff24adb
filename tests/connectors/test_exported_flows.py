"""Flows as the tools' own editors export them: one of its own in a file, or many in a zip; with
whose AI their steps are, what starts them and which credentials they name."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from connectors.zapier import ZapierConfig
from scanner.detect.engine import Detector
from scanner.model.errors import Unavailable
from scanner.model.facts import Asset, AssetClass, Edge
from scanner.model.items import Content, Gap, Item
from tests.connectors.consoles import gaps, read, read_bytes


def _flows(items: list[Item]) -> dict[str, dict[str, str]]:
    return {
        one.name: dict(one.tags)
        for one in items
        if isinstance(one, Asset) and one.asset_class is AssetClass.FLOW
    }


def _slots(items: list[Item]) -> set[str]:
    return {
        one.name
        for one in items
        if isinstance(one, Asset) and one.asset_class is AssetClass.SECRET_SLOT
    }


def _ai(items: list[Item], detector: Detector) -> tuple[set[str], set[str]]:
    """Vendors and models that the detector tells from the definitions."""
    hits = [
        hit
        for one in items
        if isinstance(one, Content)
        for hit in detector.examine(one.data, one.place.path, one.rule_sets)
    ]
    return {hit.provider for hit in hits} - {""}, {name for hit in hits for name in hit.models}


DIFY = """app:
  description: ''
  icon: x
  mode: workflow
  name: HR desk
dependencies:
- type: marketplace
  value:
    marketplace_plugin_unique_identifier: langgenius/openai:0.0.9@1
kind: app
version: 0.3.0
workflow:
  environment_variables:
  - {id: e1, name: CRM_TOKEN, value: '', value_type: secret}
  - {id: e2, name: REGION, value: eu, value_type: string}
  graph:
    nodes:
    - {id: '1', data: {type: trigger-schedule, title: daily}}
    - {id: '2', data: {type: llm, title: LLM, model: {provider: langgenius/openai/openai,
       name: gpt-4o, mode: chat}}}
"""


def test_difys_dsl(tmp_path: Path, detector: Detector) -> None:
    items = read("dify", tmp_path, DIFY, "HR desk.yml")
    assert gaps(items) == []
    assert _flows(items) == {
        "HR desk": {"mode": "workflow", "triggers": "schedule", "credential_names": "CRM_TOKEN"},
    }
    assert _slots(items) == {"CRM_TOKEN"}
    providers, models = _ai(items, detector)
    assert ("openai" in providers, models) == (True, {"gpt-4o"})


@pytest.mark.parametrize("text", ["a: [1\n", "a: 1\n", "app: 1\n", "- a\n", "\tx: 1\n"])
def test_yaml_that_is_no_dsl_is_told(tmp_path: Path, text: str) -> None:
    assert gaps(read("dify", tmp_path, text, "x.yaml")) == [
        "1 records are no applications, their DSL or members"
    ]


_OPENAI_NODE = {
    "id": "chatOpenAI_0",
    "data": {"name": "chatOpenAI", "category": "Chat Models", "inputAnchors": [],
             "inputParams": [], "inputs": {"modelName": "gpt-4o-mini"}, "credential": "cred-1"},
}  # fmt: skip
FLOWISE = {"nodes": [_OPENAI_NODE, {"id": "n2", "data": {}}], "edges": [{"source": "a"}]}


def test_a_chatflow_as_flowises_editor_exports_it(tmp_path: Path, detector: Detector) -> None:
    items = read("flowise", tmp_path, json.dumps(FLOWISE, indent=2), "HR bot Chatflow.json")
    assert gaps(items) == []
    assert list(_flows(items)) == ["HR bot"]
    assert _ai(items, detector)[0] >= {"openai"}
    assert _ai(items, detector)[1] == {"gpt-4o-mini"}
    assert any(isinstance(one, Asset) and one.id.endswith("cred-1") for one in items)


def test_all_data_of_flowise(tmp_path: Path) -> None:
    whole = {
        "AgentFlow": [], "ChatFlow": [{"id": "c1", "name": "HR", "flowData": json.dumps(FLOWISE)}],
        "ChatMessage": [{"id": "m", "chatId": "1", "role": "userMessage", "content": "private"}],
        "Tool": [{"name": "t", "schema": "[]", "func": "return 1"}],
        "Variable": [{"name": "v", "value": "hidden", "type": "static"}],
    }  # fmt: skip
    items = read("flowise", tmp_path, json.dumps(whole), "ExportData.json")
    assert gaps(items) == []
    assert list(_flows(items)) == ["HR"]
    assert "private" not in repr(items)
    assert "hidden" not in repr(items)


N8N: dict[str, Any] = {
    "name": "Mail answers",
    "nodes": [
        {"type": "@n8n/n8n-nodes-langchain.lmChatOpenAi", "name": "m", "parameters":
         {"model": {"value": "gpt-4o"}}, "credentials": {"openAiApi": {"id": "1", "name": "Acme"}}},
        {"type": "n8n-nodes-base.scheduleTrigger", "name": "t", "parameters": {}},
    ],
    "connections": {}, "pinData": {}, "active": False, "settings": {}, "versionId": "v", "meta": {},
    "id": "w1", "tags": [],
}  # fmt: skip


@pytest.mark.parametrize("is_named", [True, False])
def test_a_workflow_as_n8ns_editor_exports_it(
    tmp_path: Path, detector: Detector, is_named: bool
) -> None:
    told = N8N if is_named else {k: N8N[k] for k in ("nodes", "connections", "pinData", "meta")}
    items = read("n8n", tmp_path, json.dumps(told, indent=2), "From the editor.json")
    assert gaps(items) == []
    ((name, tags),) = _flows(items).items()
    assert name == ("Mail answers" if is_named else "From the editor")
    assert (tags["triggers"], tags["credential_names"]) == ("scheduleTrigger", "Acme")
    assert _ai(items, detector) == ({"openai", "n8n"}, {"gpt-4o"})


LANGFLOW = {
    "id": "lf1", "name": "Sorter", "description": "", "endpoint_name": None, "is_component": False,
    "last_tested_version": "1.5.0", "data": {"viewport": {}, "edges": [], "nodes": [
        {"id": "AnthropicModel-1", "data": {"type": "AnthropicModel", "node": {"template": {
            "model_name": {"value": "claude-sonnet-4-5"},
            "api_key": {"value": "ANTHROPIC_API_KEY", "load_from_db": True}}}}}]},
}  # fmt: skip


def _zipped(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return packed.getvalue()


def test_a_flow_and_a_project_of_langflow(tmp_path: Path, detector: Detector) -> None:
    alone = read("langflow", tmp_path, json.dumps(LANGFLOW, indent=2), "Sorter.json")
    assert gaps(alone) == []
    assert _ai(alone, detector)[1] == {"claude-sonnet-4-5"}
    other = {**LANGFLOW, "id": "lf2", "name": "Other"}
    files = {"Sorter.json": json.dumps(LANGFLOW), "p/Other.json": json.dumps(other), "x.png": "?"}
    items = read_bytes("langflow", tmp_path, _zipped(**files), "project.zip")
    assert gaps(items) == []
    assert set(_flows(items)) == {"Sorter", "Other"}
    assert _slots(items) == {"ANTHROPIC_API_KEY"}


def test_what_cannot_be_read_of_a_zip_is_told_with_its_member(tmp_path: Path) -> None:
    files = {"good.json": json.dumps(LANGFLOW), "odd.json": '{"a": 1}'}
    items = read_bytes("langflow", tmp_path, _zipped(**files), "project.zip")
    assert set(_flows(items)) == {"Sorter"}
    (gap,) = [one for one in items if isinstance(one, Gap)]
    assert gap.what == "project.zip:odd.json:1"
    with pytest.raises(Unavailable, match="a zip without JSON, CSV or YAML in it"):
        read_bytes("langflow", tmp_path, _zipped(**{"sheet.xml": "<a/>"}), "book.xlsx")
    with pytest.raises(Unavailable, match="damaged or cut short"):
        read_bytes("langflow", tmp_path, _zipped(**files)[:-30], "cut.zip")


MAKE = {
    "name": "Sort leads",
    "flow": [
        {"id": 1, "module": "gateway:CustomWebHook", "parameters": {"hook": 1}},
        {"id": 2, "module": "openai-gpt-3:CreateCompletion", "mapper": {"model": "gpt-4o"},
         "parameters": {"__IMTCONN__": 77}, "metadata": {"restore": {"parameters": {"__IMTCONN__":
         {"data": {"scoped": "true", "connection": "openai-gpt-3"}, "label": "Acme OpenAI"}}}}},
    ],
    "metadata": {"version": 1, "scenario": {}},
}  # fmt: skip


def test_a_blueprint_of_make_names_its_connections(tmp_path: Path, detector: Detector) -> None:
    items = read("make", tmp_path, json.dumps(MAKE, indent=4), "blueprint.json")
    assert gaps(items) == []
    (tags,) = _flows(items).values()
    assert (tags["triggers"], tags["credential_names"]) == ("gateway:CustomWebHook", "Acme OpenAI")
    assert _ai(items, detector) == ({"openai"}, {"gpt-4o"})


ZAPS = {
    "metadata": {"version": "1.1"},
    "zaps": [{
        "id": 11, "title": "Answer reviews", "nodes": {
            "1": {"id": 1, "type_of": "read", "action": "new_review", "customuser_id": 5,
                  "selected_api": "GoogleMyBusinessCLIAPI@1.2.0", "authentication_id": 70},
            "2": {"id": 2, "type_of": "write", "action": "chat", "customuser_id": 5,
                  "selected_api": "ChatGPTCLIAPI@2.1.0", "authentication_id": 71,
                  "params": {"model": "gpt-4o"}},
        },
    }],
}  # fmt: skip


def test_the_export_of_zapiers_zaps(tmp_path: Path, detector: Detector) -> None:
    items = read("zapier", tmp_path, json.dumps(ZAPS), "zaps.json")
    assert gaps(items) == []
    assert _flows(items) == {"Answer reviews": {
        "triggers": "GoogleMyBusinessCLIAPI:new_review",
        "credential_names": "ChatGPTCLIAPI 71, GoogleMyBusinessCLIAPI 70",
    }}  # fmt: skip
    owned = {str(one.target) for one in items if isinstance(one, Edge) and one.relation ==
             "owned_by"}  # fmt: skip
    assert owned == {"zapier:acme/user/5"}
    providers, models = _ai(items, detector)
    assert ("openai" in providers, models) == (True, {"gpt-4o"})


_API = "/providers/Microsoft.PowerApps/apis/shared_openai"
DEFINITION = {
    "triggers": {"Every_day": {"type": "Recurrence", "recurrence": {"frequency": "Day"}}},
    "actions": {"Ask": {"type": "OpenApiConnection", "inputs": {
        "host": {"apiId": _API, "connectionName": "shared_openai", "operationId": "chat"}}}},
}  # fmt: skip
PACKAGED = {
    "name": "0b1f", "id": "/providers/Microsoft.Flow/flows/0b1f", "type": "Microsoft.Flow/flows",
    "properties": {
        "displayName": "Sum up mail", "state": "Started", "definition": DEFINITION,
        "creator": {"objectId": "u-1"}, "createdTime": "2026-11-01T00:00:00Z",
        "connectionReferences": {"shared_openai": {"connectionName": "shared-openai-77",
                                                   "id": _API, "displayName": "Acme key"}},
    },
}  # fmt: skip


def test_a_package_of_power_automate(tmp_path: Path, detector: Detector) -> None:
    files = {
        "manifest.json": json.dumps({"schema": "1.0", "details": {}, "resources": {}}),
        "Microsoft.Flow/flows/manifest.json": json.dumps(
            {"packageSchemaVersion": "1.0", "flowAssets": {"assetPaths": ["0b1f"]}}
        ),
        "Microsoft.Flow/flows/0b1f/definition.json": json.dumps(PACKAGED),
        "Microsoft.Flow/flows/0b1f/apisMap.json": json.dumps({"shared_openai": "a1"}),
        "Microsoft.Flow/flows/0b1f/connectionsMap.json": json.dumps({"shared_openai": "c1"}),
    }
    items = read_bytes("powerplatform", tmp_path, _zipped(**files), "Sum_up_mail.zip")
    assert gaps(items) == []
    assert _flows(items) == {
        "Sum up mail": {"triggers": "Recurrence", "credential_names": "Acme key"}
    }
    assert _ai(items, detector)[0] == {"openai"}
    alone = read("powerplatform", tmp_path, json.dumps(PACKAGED, indent=1), "definition.json")
    assert _flows(alone) == _flows(items)


def test_a_solution_with_a_flow_and_an_agent(tmp_path: Path, detector: Detector) -> None:
    told = {"connectionReferences": {"shared_openai": {
        "connection": {"connectionReferenceLogicalName": "cr1_openai"},
        "api": {"name": "shared_openai"}}}, "definition": DEFINITION}  # fmt: skip
    files = {
        "Workflows/Sumup-0B1F.json": json.dumps({"properties": told, "schemaVersion": "1.0.0.0"}),
        "bots/cr1_desk/configuration.json": json.dumps({"$kind": "BotConfiguration"}),
        "botcomponents/cr1_desk.gpt.default/data":
            "kind: GptComponentMetadata\ndisplayName: Help desk\ninstructions: private words\n"
            "aISettings: {model: {modelNameHint: GPT5Chat}}\n",
        "botcomponents/cr1_desk.topic.Greeting/data": "kind: AdaptiveDialog\nbeginDialog: {}\n",
        "botcomponents/cr1_desk.action.Mail/data":
            "kind: TaskDialog\naction: {kind: InvokeConnectorTaskAction, connectionReference: "
            "cr1_desk.shared_office365.9}\n",
        "botcomponents/cr1_desk.odd/data": "kind: SomethingNew\n",
        "solution.xml": "<x/>",
    }  # fmt: skip
    items = read_bytes("powerplatform", tmp_path, _zipped(**files), "acme_1_0.zip")
    (gap,) = [one for one in items if isinstance(one, Gap)]
    assert gap.what == "acme_1_0.zip:botcomponents/cr1_desk.odd/data:1"
    assert list(_flows(items)) == ["Sumup-0B1F"]
    assert _slots(items) == {"cr1_openai", "cr1_desk.shared_office365.9"}
    agents = [one for one in items if isinstance(one, Asset) and one.asset_class == "agent"]
    assert {one.id for one in agents} == {"powerplatform:acme/agent/cr1_desk"}
    assert ("Help desk", ("GPT5Chat",)) in {(one.name, one.models) for one in agents}
    assert {one.provider for one in agents} == {"copilot_studio"}
    assert "private words" not in repr(items)


def test_a_source_of_exports_alone_has_no_api() -> None:
    with pytest.raises(ValueError, match="no API"):
        ZapierConfig(organization="acme", live=True, files=("x",))
    with pytest.raises(ValueError, match="set `files`"):
        ZapierConfig(organization="acme")
