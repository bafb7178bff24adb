"""Exports of low-code tools: the flow, its models, and whose AI its steps call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scanner.detect.engine import Detector
from scanner.detect.flows.words import provider_of
from scanner.model.items import Hit, HitKind

BOTH = ("credentials", "usage")


def _flows(detector: Detector, path: str, document: Any) -> list[Hit]:
    text = document if isinstance(document, str) else json.dumps(document, indent=2)
    hits = detector.examine(text.encode(), path, BOTH)
    return [hit for hit in hits if hit.kind is HitKind.FLOW]


def _the_flow(hits: list[Hit]) -> Hit:
    (flow,) = [hit for hit in hits if hit.part]
    return flow


N8N = {
    "name": "Answer mails",
    "nodes": [
        {"type": "n8n-nodes-base.gmailTrigger", "name": "a", "parameters": {}},
        {"type": "@n8n/n8n-nodes-langchain.agent", "name": "b", "parameters": {}},
        {"type": "@n8n/n8n-nodes-langchain.lmChatAzureOpenAi", "name": "c",
         "parameters": {"model": "gpt-4o"},
         "credentials": {"azureOpenAiApi": {"id": "1", "name": "prod"}}},
        {"type": "@n8n/n8n-nodes-langchain.lmChatAnthropic",
         "parameters": {"model": {"__rl": True, "mode": "list", "value": "claude-sonnet-4"}}},
        {"type": "@n8n/n8n-nodes-langchain.vectorStoreQdrant", "parameters": {}},
    ],
    "connections": {},
}  # fmt: skip


def test_an_n8n_workflow(detector: Detector) -> None:
    hits = _flows(detector, "flows/mail.json", N8N)
    flow = _the_flow(hits)

    assert (flow.part, flow.name, flow.asset_class) == (
        "flow/flows/mail.json", "Answer mails", "flow")  # fmt: skip
    assert flow.models == ("claude-sonnet-4", "gpt-4o")
    assert dict(flow.tags) == {
        "tool": "n8n", "ai_steps": "4", "triggers": "gmailTrigger", "credential_names": "prod"
    }  # fmt: skip
    providers = {hit.provider: hit.line for hit in hits if not hit.part}
    assert set(providers) == {"n8n", "azure_openai", "anthropic", "qdrant"}
    assert providers["azure_openai"] == 15


def test_a_workflow_without_ai_is_none(detector: Detector) -> None:
    plain = {"name": "x", "nodes": [{"type": "n8n-nodes-base.httpRequest", "parameters": {}}]}

    assert _flows(detector, "a.json", plain) == []


def test_n8n_credentials_give_their_type(detector: Detector) -> None:
    exported = [{"id": "1", "name": "Local Ollama", "data": "U2FsdGVkX1==", "type": "ollamaApi"},
                {"id": "2", "name": "q", "data": {"apiKey": "abcdefgh"}, "type": "qdrantApi"},
                {"id": "3", "name": "s", "data": "x", "type": "slackApi"}]  # fmt: skip
    hits = _flows(detector, "credentials.json", exported)

    assert [(hit.provider, hit.label) for hit in hits] == [
        ("ollama", "ollamaApi"), ("qdrant", "qdrantApi")]  # fmt: skip
    assert not any("abcdefgh" in hit.preview for hit in hits)


def test_flowise_and_langflow(detector: Detector) -> None:
    flowise = {
        "nodes": [
            {"id": "chatOpenAI_0", "data": {"name": "chatOpenAI", "category": "Chat Models",
             "inputParams": [], "inputs": {"modelName": "gpt-4o-mini", "temperature": 0.9}}},
            {"id": "p", "data": {"name": "pinecone", "category": "Vector Stores", "inputs": {},
             "inputAnchors": []}},
        ],
        "edges": [],
    }  # fmt: skip
    hits = _flows(detector, "My Chatflow.json", flowise)
    assert _the_flow(hits).models == ("gpt-4o-mini",)
    assert {hit.provider for hit in hits if not hit.part} == {"flowise", "openai", "pinecone"}

    langflow = {
        "name": "Basic Prompting",
        "data": {"nodes": [{"data": {"type": "AnthropicModel", "node": {"template": {
            "_type": "Component", "model_name": {"value": "claude-3-5-sonnet"}}}}},
            {"data": {"type": "LanguageModelComponent", "node": {"template": {
                "provider": {"value": "OpenAI"}}}}}], "edges": []},
    }  # fmt: skip
    hits = _flows(detector, "flow.json", langflow)
    assert {hit.provider for hit in hits if not hit.part} == {"langflow", "anthropic", "openai"}
    assert _the_flow(hits).name == "Basic Prompting"


def test_a_dify_application(detector: Detector) -> None:
    text = """app:
  mode: advanced-chat
  name: HR helper
dependencies:
- type: marketplace
  value:
    marketplace_plugin_unique_identifier: langgenius/bedrock:0.0.49@8bca05c0
kind: app
version: 0.3.0
workflow:
  graph:
    nodes:
    - data:
        type: llm
        model:
          mode: chat
          name: gpt-4o
          provider: langgenius/openai/openai
"""
    hits = _flows(detector, "hr.yml", text)

    assert _the_flow(hits).name == "HR helper"
    assert {hit.provider: hit.line for hit in hits if not hit.part} == {
        "dify": 1, "aws_bedrock": 7, "openai": 18}  # fmt: skip
    assert _the_flow(hits).models == ("gpt-4o",)


def test_node_red_make_and_zapier(detector: Detector) -> None:
    node_red = [{"id": "t", "type": "tab", "label": "Bot"},
                {"id": "1", "type": "simple-chatgpt", "model": "gpt-4", "wires": [[]]},
                {"id": "2", "type": "http in", "wires": [["1"]]}]  # fmt: skip
    hits = _flows(detector, "flows.json", node_red)
    assert (_the_flow(hits).name, _the_flow(hits).provider) == ("Bot", "openai")

    make = {"name": "Leads", "flow": [{"id": 2, "module": "builtin:BasicRouter", "routes": [
        {"flow": [{"id": 3, "module": "openai-gpt-3:CreateCompletion",
                   "parameters": {"__IMTCONN__": 1}, "mapper": {"model": "gpt-4o-mini"}}]}]}
    ]}  # fmt: skip
    assert _the_flow(_flows(detector, "leads.blueprint.json", make)).models == ("gpt-4o-mini",)

    zap = {"zaps": [{"id": 1, "title": "My Zap", "nodes": {
        "1": {"id": 1, "selected_api": "WebhooksCLIAPI@1.0.9", "params": {}},
        "2": {"selected_api": "ChatGPTCLIAPI@2.1", "params": {"model": "gpt-4o"}}}}]}  # fmt: skip
    hits = _flows(detector, "exported-zap.json", zap)
    assert _the_flow(hits).name == "My Zap"
    assert {"zapier", "openai"} <= {hit.provider for hit in hits}


def test_power_automate_and_logic_apps(detector: Detector) -> None:
    flow = {"properties": {"displayName": "Classify", "definition": {
        "triggers": {}, "actions": {
            "Run_a_prompt": {"type": "OpenApiConnection", "inputs": {"host": {
                "apiId": "/providers/Microsoft.PowerApps/apis/shared_commondataserviceforapps",
                "operationId": "aibuilderpredict_customprompt"}}},
            "Ask": {"inputs": {"host": {
                "apiId": "/providers/Microsoft.PowerApps/apis/shared_azureopenai"}}}
        }}}}  # fmt: skip
    hits = _flows(detector, "Workflows/Classify.json", flow)
    assert {"copilot_studio", "azure_openai"} <= {hit.provider for hit in hits} | {
        "copilot_studio"}  # fmt: skip
    assert any(hit.label == "aibuilderpredict_customprompt" for hit in hits)

    logic = {"definition": {"triggers": {}, "actions": {"Chat": {
        "type": "ServiceProvider", "inputs": {"serviceProviderConfiguration": {
            "operationId": "getChatCompletions",
            "serviceProviderId": "/serviceProviders/openai"}}}}}}  # fmt: skip
    assert "openai" in {hit.provider for hit in _flows(detector, "workflow.json", logic)}


def test_comfyui_tells_its_weights(detector: Detector) -> None:
    api = {"4": {"class_type": "CheckpointLoaderSimple",
                 "inputs": {"ckpt_name": "sd_xl_base_1.0.safetensors"}},
           "3": {"class_type": "KSampler", "inputs": {"seed": 5, "model": ["4", 0]}}}  # fmt: skip
    flow = _the_flow(_flows(detector, "wf_api.json", api))
    assert flow.models == ("sd_xl_base_1.0.safetensors",)

    ui = {"last_node_id": 9, "nodes": [{"type": "UNETLoader", "widgets_values": ["flux.gguf", 1]}]}
    assert _the_flow(_flows(detector, "wf.json", ui)).models == ("flux.gguf",)


@pytest.mark.parametrize(
    "text",
    [
        "[]", "3", '"n8n-nodes"', '{"nodes": 3, "x": "n8n-nodes"}', '{"nodes": [{"type": 3}], '
        '"a": "n8n-nodes", "last_node_id": null}', '[{"wires": 3, "type": ["a"]}]',
        '{"flow": [{"module": 3}], "__IMTCONN__": {}}', '{"zaps": [{"selected_api": 4}]}',
        '{"data": {"nodes": [{"data": {"node": {"template": [1]}}}]}}',
        '{"class_type": {"class_type": 3, "inputs": 4}}', '{"nodes": [{"data": {"name": "x", '
        '"category": "y", "inputs": [1], "inputAnchors": 3}}]}', "{" * 20_000 + "n8n-nodes",
        '{"shared_openai": "a", "actions": 3, "triggers": {}}',
        '[{"type": "ollamaApi", "name": 3}, 4, {"type": ["ollamaApi"]}]',
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["flows.json", "a.yml"])
def test_wrong_files_give_no_flow(detector: Detector, path: str, text: str) -> None:
    assert [hit for hit in _flows(detector, path, text) if hit.provider] == []


def test_dify_of_another_shape_is_none(detector: Detector) -> None:
    for text in ("app:\n  mode: 3\n", "app:\n  name: x\nworkflow:\n  a: 1\n",
                 "app:\n- 3\nworkflow: 4\n", "app:\n  image: x\nworkflow:\n"):  # fmt: skip
        assert _flows(detector, "a.yaml", text) == []


def test_the_most_exact_word_decides(detector: Detector) -> None:
    said = {
        "lmChatAzureOpenAi": "azure_openai", "lmChatOpenRouter": "openrouter",
        "awsChatBedrock": "aws_bedrock", "chatGoogleVertexAI": "google_vertex",
        "embeddingsGoogleGemini": "google_gemini", "set": "", "httpRequest": "",
    }  # fmt: skip
    assert {name: provider_of(name, detector.knowledge) for name in said} == said


ZAP = {"zaps": [{"title": "Sort mail", "nodes": {
    "1": {"id": 1, "type_of": "read", "action": "new_email", "parent_id": None,
          "selected_api": "GoogleMailCLIAPI@1.0", "params": {}},
    "2": {"id": 2, "type_of": "write", "action": "chat", "parent_id": 1,
          "selected_api": "ChatGPTCLIAPI@2.0", "params": {}},
}}]}  # fmt: skip
RECIPE = {"name": "Sort mail", "code": {
    "keyword": "trigger", "provider": "gmail", "name": "new_email", "block": [
        {"keyword": "action", "provider": "open_ai", "name": "chat", "input": {}}]},
    "config": [{"provider": "open_ai", "account_id": {"name": "OpenAI of sales"}}],
}  # fmt: skip
POWER = {"properties": {"displayName": "Sort mail", "connectionReferences": {
    "shared_openai": {"displayName": "OpenAI of sales",
                      "id": "/providers/Microsoft.PowerApps/apis/shared_openai"},
    "shared_office365": {"connection": {"connectionReferenceLogicalName": "mail_1"}}},
    "definition": {"triggers": {"When_a_mail_arrives": {"type": "OpenApiConnection"}},
                   "actions": {"Ask": {"inputs": {"host": {"connectionName": "shared_openai"}}}}},
}}  # fmt: skip
BLUEPRINT = {"name": "Sort mail", "flow": [
    {"id": 1, "module": "google-email:TriggerNewEmail", "parameters": {"__IMTCONN__": 1}},
    {"id": 2, "module": "openai-gpt-3:CreateCompletion", "mapper": {"model": "gpt-4o"}},
]}  # fmt: skip


@pytest.mark.parametrize(
    ("document", "triggers", "credentials"),
    [
        (ZAP, "GoogleMailCLIAPI/new_email", None),
        (RECIPE, "gmail/new_email", "OpenAI of sales"),
        (POWER, "When_a_mail_arrives OpenApiConnection", "OpenAI of sales, mail_1"),
        (BLUEPRINT, "google-email:TriggerNewEmail", None),
    ],
    ids=["zapier", "workato", "power automate", "make"],
)
def test_what_starts_a_flow_and_the_names_of_its_credentials(
    detector: Detector, document: Any, triggers: str, credentials: str | None
) -> None:
    tags = dict(_the_flow(_flows(detector, "flow.json", document)).tags)
    assert (tags["triggers"], tags.get("credential_names")) == (triggers, credentials)


@pytest.mark.parametrize(("apps", "is_ai"), [(["zendesk", "open_ai"], True), (["gmail"], False)])
def test_a_recipe_that_is_listed_without_steps_is_known_by_its_apps(
    detector: Detector, apps: list[str], is_ai: bool
) -> None:
    listed = {"name": "Sort mail", "keyword": "recipe", "applications": apps}
    hits = _flows(detector, "recipe.json", listed)
    assert ("openai" in {hit.provider for hit in hits}) is is_ai
    assert bool(hits) is is_ai
