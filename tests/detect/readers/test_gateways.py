"""Gateways' and clients' configuration: providers, models, endpoints that nobody has listed."""

from __future__ import annotations

import json

import pytest

from scanner.detect.engine import Detector
from scanner.model.items import Hit, HitKind

BOTH = ("credentials", "usage")


def _hits(detector: Detector, path: str, text: str) -> list[Hit]:
    return list(detector.examine(text.encode(), path, BOTH))


def _models(hits: list[Hit]) -> set[tuple[str, str, int]]:
    return {(h.provider, h.label, h.line) for h in hits if h.kind is HitKind.MODEL}


def _endpoints(hits: list[Hit]) -> dict[str, Hit]:
    return {hit.part: hit for hit in hits if hit.part.startswith("endpoint/")}


LITELLM = """model_list:
  - model_name: gpt
    litellm_params:
      model: azure/gpt-4o-prod
      api_base: https://my-endpoint.openai.azure.com/
      api_key: os.environ/AZURE_API_KEY
  - model_name: own
    litellm_params:
      model: openai/acme-7b
      api_base: http://llm.corp.net:8085/v1
  - model_name: claude
    litellm_params:
      model: bedrock/eu.anthropic.claude-sonnet-4
general_settings:
  master_key: os.environ/KEY
"""


def test_litellm(detector: Detector) -> None:
    hits = _hits(detector, "config.yaml", LITELLM)

    assert {
        ("azure_openai", "azure/gpt-4o-prod", 4), ("openai", "openai/acme-7b", 9),
        ("aws_bedrock", "bedrock/eu.anthropic.claude-sonnet-4", 13),
    } <= _models(hits)  # fmt: skip
    assert "litellm" in {hit.provider for hit in hits}
    (endpoint,) = _endpoints(hits).values()
    assert (endpoint.part, endpoint.line) == ("endpoint/llm.corp.net:8085", 10)


def test_librechat_and_continue(detector: Detector) -> None:
    librechat = (
        "version: 1.2.1\nendpoints:\n  custom:\n    - name: 'Own'\n      apiKey: '${KEY}'\n"
        "      baseURL: 'https://llm.corp.net/v1'\n      models:\n        default: ['acme-70b']\n"
    )
    found = _endpoints(_hits(detector, "librechat.yaml", librechat))
    assert found["endpoint/llm.corp.net"].models == ("acme-70b",)

    config = {"models": [{"title": "x", "provider": "anthropic", "model": "claude-3-5-sonnet"},
                         {"title": "y", "provider": "openai", "model": "acme-coder",
                          "apiBase": "http://gpu-7.corp.net:9123/v1"}]}  # fmt: skip
    hits = _hits(detector, ".continue/config.json", json.dumps(config, indent=1))
    assert {(p, m) for p, m, _ in _models(hits)} >= {
        ("anthropic", "claude-3-5-sonnet"), ("openai", "acme-coder")}  # fmt: skip
    assert "endpoint/gpu-7.corp.net:9123" in _endpoints(hits)


def test_kong_portkey_and_envoy(detector: Detector) -> None:
    kong = (
        "plugins:\n  - name: ai-proxy\n    config:\n      route_type: llm/v1/chat\n      model:\n"
        "        provider: mistral\n        name: mistral-tiny-own\n"
    )
    assert ("mistral", "mistral-tiny-own", 7) in _models(_hits(detector, "kong.yaml", kong))
    portkey = {"strategy": {"mode": "fallback"}, "targets": [
        {"provider": "openai", "override_params": {"model": "own-model"}},
        {"provider": "anthropic", "api_key": "x"}]}  # fmt: skip
    hits = _hits(detector, "portkey.json", json.dumps(portkey))
    assert ("openai", "own-model", 1) in _models(hits)
    assert "anthropic" in {hit.provider for hit in hits}
    envoy = (
        "apiVersion: aigateway.envoyproxy.io/v1alpha1\nkind: AIServiceBackend\n"
        "metadata: {name: x}\nspec:\n  schema:\n    name: AWSBedrock\n"
    )
    found = {hit.provider: hit.line for hit in _hits(detector, "gw.yaml", envoy)
             if hit.kind is HitKind.ENDPOINT}  # fmt: skip
    assert found == {"aws_bedrock": 6}


def test_clients_settings(detector: Detector) -> None:
    codex = 'model = "acme-code"\nmodel_provider = "own"\n[model_providers.own]\n' \
            'base_url = "https://llm.corp.net/v1"\nenv_key = "K"\nwire_api = "chat"\n'  # fmt: skip
    assert "endpoint/llm.corp.net" in _endpoints(_hits(detector, ".codex/config.toml", codex))
    options = {"baseURL": "https://llm.corp.net/v1"}
    own = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"acme-7b": {}}}
    opencode = json.dumps({"provider": {"own": own}})
    (found,) = _endpoints(_hits(detector, "opencode.json", opencode)).values()
    assert found.models == ("acme-7b",)
    memory = '{"llm": {"provider": "ollama", "config": {"model": "acme-mini:latest"}}}'
    assert ("ollama", "acme-mini:latest", 1) in _models(_hits(detector, "m.json", memory))


@pytest.mark.parametrize(
    "text",
    [
        "provider: aws\nmodel: t3\n", "provider: google\nmodel: pixel\nname: phone\n",
        "provider:\n  name: openai\n", "base_url: https://shop.corp.net/\nname: shop\n",
        "base_url: https://api.example.com/v1\nmodel: x\n", "baseURL: ${LLM_URL}\nmodel: gpt\n",
        "base_url: 3\nmodels: {a: {default: 3}}\nprovider: [openai]\n", "api_base: [x]\n",
        "litellm_params: 3\n", "model_list: [3, {litellm_params: {model: [1]}}]\n",
        "kind: AIServiceBackend\nspec: 3\n", "provider: openai\n",
        "a: &a {provider: openai, b: *a}\n",
        "provider: azure\nmodel: sedan\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["x.yaml", "x.json", "x.toml"])
def test_what_is_no_model_gives_nothing(detector: Detector, path: str, text: str) -> None:
    kinds = (HitKind.MODEL, HitKind.ENDPOINT, HitKind.CLIENT)
    assert [hit for hit in _hits(detector, path, text) if hit.kind in kinds] == []
