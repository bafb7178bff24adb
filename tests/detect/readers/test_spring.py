"""Spring AI's settings: providers, models, base URLs, MCP servers."""

from __future__ import annotations

import pytest

from scanner.detect.engine import Detector
from scanner.model.items import Hit, HitKind

PATH = "src/main/resources/application.properties"


def _hits(detector: Detector, text: str, path: str = PATH) -> list[Hit]:
    return list(detector.examine(text.encode(), path, ("credentials", "usage")))


def test_properties(detector: Detector) -> None:
    hits = _hits(
        detector,
        "spring.application.name=desk\n"
        "spring.ai.openai.api-key=${OPENAI_API_KEY}\n"
        "spring.ai.openai.base-url=${LLM_URL:https://llm.corp.net/v1}\n"
        "spring.ai.openai.chat.options.model=gpt-4o-mini\n"
        "spring.ai.vectorstore.qdrant.host=q.corp.net\n"
        "spring.ai.mcp.server.name=weather-server\n"
        "spring.ai.mcp.client.stdio.connections.files.command=npx\n"
        "spring.ai.mcp.client.stdio.connections.files.args=-y,@modelcontextprotocol/server-filesystem\n"
        "# spring.ai.mcp.client.sse.connections.old.url=http://localhost:1\n",
    )
    found = {(h.kind, h.provider, h.part or h.label, h.line) for h in hits}
    assert (HitKind.IDENTIFIER, "openai", "openai", 2) in found
    assert (HitKind.CLIENT, "", "endpoint/llm.corp.net", 3) in found
    assert (HitKind.MODEL, "openai", "gpt-4o-mini", 4) in found
    assert (HitKind.IDENTIFIER, "qdrant", "vectorstore.qdrant", 5) in found
    servers = {h.part: (h.line, dict(h.tags)) for h in hits if h.part.startswith("mcp/")}
    assert servers["mcp/weather-server"][1]["role"] == "server"
    assert servers["mcp/files"][0] == 7
    assert servers["mcp/files"][1]["package"] == "npm:@modelcontextprotocol/server-filesystem"
    assert "mcp/old" not in servers


@pytest.mark.parametrize(
    "text",
    [
        "quarkus.langchain4j.openai.base-url=http://llm.corp.net/v1\n"
        "quarkus.langchain4j.openai.chat-model.model-name=my-own\n",
        "langchain4j.open-ai.chat-model.base-url=http://llm.corp.net/v1\n"
        "langchain4j.open-ai.chat-model.model-name=my-own\n",
    ],
)
def test_other_frameworks_of_java(detector: Detector, text: str) -> None:
    found = {(h.kind, h.provider, h.part or h.label) for h in _hits(detector, text)}
    assert (HitKind.CLIENT, "", "endpoint/llm.corp.net") in found
    assert (HitKind.MODEL, "openai", "my-own") in found


def test_yaml(detector: Detector) -> None:
    hits = _hits(
        detector,
        "spring:\n  ai:\n    ollama:\n      chat:\n        options:\n          model: my-own\n"
        "    mcp:\n      client:\n        sse:\n          connections:\n            gateway:\n"
        "              url: http://gw.corp.net:8080\n",
        "config/application-prod.yml",
    )
    found = {(h.kind, h.provider, h.part or h.label) for h in hits}
    assert (HitKind.MODEL, "ollama", "my-own") in found
    assert any(h.part == "mcp/gateway" and h.line == 12 for h in hits)


@pytest.mark.parametrize(
    "text",
    [
        "spring.datasource.url=jdbc:postgresql://x/y\n",
        "spring.ai.mcp.client.stdio.connections.=x\nspring.ai.=\n",
        "spring.ai.mcp.server.name=\n",
        "spring.ai." + "a." * 5000 + "=1\n",
    ],
)
def test_other_settings_give_nothing(detector: Detector, text: str) -> None:
    assert _hits(detector, text) == []
