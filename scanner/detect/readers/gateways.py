"""Configuration of gateways and clients of models: which provider serves which model, and the
endpoints that no catalogue lists.

LiteLLM (https://docs.litellm.ai/docs/proxy/configs), LibreChat
(https://www.librechat.ai/docs/configuration/librechat_yaml), Continue
(https://docs.continue.dev/reference), Portkey (https://portkey.ai/docs/api-reference/config-object),
Kong and APISIX ``ai-proxy``, Envoy AI Gateway, Codex, opencode, and whatever else puts a base URL
or a vendor beside a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scanner.detect.agent_files.made import models_of, text_of
from scanner.detect.endpoints import target_of
from scanner.detect.flows.words import provider_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix, walk
from scanner.kit.expressions import expression
from scanner.model.items import HitKind

_URL_KEYS = (
    "api_base", "apiBase", "base_url", "baseUrl", "baseURL", "api_url", "apiUrl", "openai_api_base",
    "openai-api-base", "azure_endpoint", "api_endpoint", "upstream_url", "custom_host",
)  # fmt: skip
_MODEL_KEYS = ("model", "models", "model_name", "modelName", "default_model", "defaultModel",
               "deployment_name", "model_id", "modelId")  # fmt: skip
_VENDOR_KEYS = (
    "provider", "vendor", "api_type", "model_provider", "npm", "llm_provider"
)  # fmt: skip
_MOST = 2000

# How configuration spells vendors; LiteLLM's prefixes among them
# (https://docs.litellm.ai/docs/providers).
_VENDORS = {
    "azure": "azure_openai", "azure_openai": "azure_openai", "azure-openai": "azure_openai",
    "azureopenai": "azure_openai", "azure_ai": "azure_ai", "bedrock": "aws_bedrock",
    "aws_bedrock": "aws_bedrock", "bedrock_converse": "aws_bedrock", "sagemaker": "aws_sagemaker",
    "sagemaker_chat": "aws_sagemaker", "vertex_ai": "google_vertex", "vertexai": "google_vertex",
    "vertex_ai_beta": "google_vertex", "vertex": "google_vertex", "gemini": "google_gemini",
    "google": "google_gemini", "google_genai": "google_gemini", "openai": "openai",
    "text-completion-openai": "openai", "anthropic": "anthropic", "claude": "anthropic",
    "ollama": "ollama", "ollama_chat": "ollama", "groq": "groq", "mistral": "mistral",
    "codestral": "mistral", "cohere": "cohere", "cohere_chat": "cohere", "together": "together",
    "together_ai": "together", "togetherai": "together", "fireworks": "fireworks",
    "fireworks_ai": "fireworks", "huggingface": "huggingface", "replicate": "replicate",
    "deepseek": "deepseek", "openrouter": "openrouter", "watsonx": "ibm_watsonx",
    "watsonx_text": "ibm_watsonx", "databricks": "databricks", "perplexity": "perplexity",
    "hosted_vllm": "vllm", "vllm": "vllm", "nvidia_nim": "nvidia", "nvidia": "nvidia", "xai": "xai",
    "cerebras": "cerebras", "sambanova": "sambanova", "cloudflare": "cloudflare_ai",
    "deepinfra": "deepinfra", "ai21": "ai21", "ai21_chat": "ai21", "voyage": "voyage",
    "jina_ai": "jina", "baseten": "baseten", "moonshot": "moonshot", "dashscope": "alibaba_qwen",
    "volcengine": "volcengine", "minimax": "minimax", "nebius": "nebius", "github": "github_models",
    "github_copilot": "github_copilot", "snowflake": "snowflake_cortex", "elevenlabs": "elevenlabs",
    "deepgram": "deepgram", "lmstudio": "lm_studio", "lm_studio": "lm_studio",
    "llamafile": "llamafile", "litellm": "litellm", "litellm_proxy": "litellm",
    "localai": "localai", "novita": "novita", "friendliai": "friendli", "upstage": "upstage",
    "zai": "zhipu", "zhipu": "zhipu", "qwen": "alibaba_qwen", "portkey": "portkey",
    "@ai-sdk/openai": "openai", "@ai-sdk/anthropic": "anthropic", "@ai-sdk/azure": "azure_openai",
    "@ai-sdk/amazon-bedrock": "aws_bedrock", "@ai-sdk/google": "google_gemini",
}  # fmt: skip
_AMBIGUOUS = frozenset({"azure", "google", "cloudflare", "github", "together", "databricks",
                        "snowflake", "replicate", "vertex", "nvidia", "claude"})  # fmt: skip
"""Vendors of more than models, and words: only beside a model that the catalogue knows."""
_ALWAYS_WORTH = (b"litellm_params", b"ai-proxy", b"aiservicebackend")
_ASSIGNED = expression(rb"[\"']?[ \t]{0,8}[:=]")
_VENDOR = expression(
    rb"[\"']?[ \t]{0,8}[:=][ \t]{0,8}[\"']?(?:"
    + "|".join(sorted(map(re.escape, _VENDORS), key=len, reverse=True)).encode()
    + rb")(?![\w-])"
)


def _is_worth_parsing(source: SourceFile) -> bool:
    """A base URL's key, or a vendor's key with a vendor behind it. Most files that hold the words
    hold nothing else of it, so they are searched for one by one."""
    text = source.lowered
    if any(literal in text for literal in _ALWAYS_WORTH):
        return True
    keys = [(key, _ASSIGNED) for key in _URL_KEYS] + [(key, _VENDOR) for key in _VENDOR_KEYS]
    for key, behind in keys:
        raw = key.lower().encode()
        at = text.find(raw)
        for _ in range(2000):
            if at < 0:
                break
            if behind.match(text, at + len(raw)):
                return True
            at = text.find(raw, at + 1)
    return False


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    if not _is_worth_parsing(source):
        return
    seen: set[tuple[str, str]] = set()
    at = 0
    for number, (path, value) in enumerate(_tables(source)):
        if number > _MOST:
            return
        for found in _of_table(path, value, source, knowledge, at):
            key = (found.part or found.provider, found.label)
            if key not in seen:
                seen.add(key)
                yield found
        at = _advanced(source, value, at)


def _tables(source: SourceFile) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    documents: tuple[Any, ...] = (source.json,)
    if source.suffix in (".yaml", ".yml"):
        documents = source.yaml
    elif source.suffix == ".toml":
        documents = (source.toml,)
    for document in documents:
        for path, value in walk(document):
            if isinstance(value, dict):
                yield path, value


def _advanced(source: SourceFile, value: dict[str, Any], at: int) -> int:
    """Tables come in the order of the file, so what follows stands behind their first text."""
    first = next((v for v in value.values() if isinstance(v, str) and len(v) > 3), "")
    return source.find(first, at) if first else at


def _find(source: SourceFile, text: str, at: int) -> int:
    raw = text.encode("utf-8", "surrogatepass")
    found = source.data.find(raw, at)
    return found if found >= 0 else max(0, source.data.find(raw))


def _of_table(
    path: tuple[str, ...], value: dict[str, Any], source: SourceFile, knowledge: Knowledge, at: int
) -> Iterator[Found]:
    if isinstance(value.get("litellm_params"), dict) and knowledge.knows("litellm"):
        start = source.find("litellm_params", at)
        yield Found(HitKind.FILE, "LiteLLM models", start, start, provider="litellm")
    if value.get("kind") == "AIServiceBackend":
        spec = value.get("spec")
        schema = spec.get("schema") if isinstance(spec, dict) else None
        name = text_of(schema.get("name")) if isinstance(schema, dict) else ""
        provider = provider_of(name, knowledge)
        if provider:
            yield Found(HitKind.ENDPOINT, name, _find(source, name, at), provider=provider)
        return
    models = _models(path, value)
    provider = _vendor(path, value, models, knowledge)
    if provider:
        yield from _served(provider, models, value, source, at)
    is_about_models = bool(models or provider) or any(map(_ABOUT_MODELS.search, path))
    if is_about_models:
        yield from _endpoints(value, models, source, knowledge, at)
        for nested in ("options", "config", "settings"):
            held = value.get(nested)
            if isinstance(held, dict) and models:
                yield from _endpoints(held, models, source, knowledge, at)


def _served(
    provider: str, models: tuple[str, ...], value: dict[str, Any], source: SourceFile, at: int
) -> Iterator[Found]:
    for model in models[:100]:
        yield Found(HitKind.MODEL, model, _find(source, model, at), provider=provider)
    if not models:
        said = next((str(value[k]) for k in _VENDOR_KEYS if isinstance(value.get(k), str)), "")
        yield Found(HitKind.CLIENT, said[:60], _find(source, said, at), provider=provider)


def _endpoints(
    value: dict[str, Any],
    models: tuple[str, ...],
    source: SourceFile,
    knowledge: Knowledge,
    at: int,
) -> Iterator[Found]:
    for key in _URL_KEYS:
        url = value.get(key)
        target = target_of(url, knowledge) if isinstance(url, str) else None
        if target is None or (target.provider and ":" not in target.host):
            continue  # hosts of the catalogue are found in any text
        yield Found(
            kind=HitKind.ENDPOINT,
            label=target.host,
            start=_find(source, str(url), at),
            end=_find(source, str(url), at) + len(str(url)),
            provider=target.provider,
            confidence=target.confidence,
            preview=f"{key}: {target.host}",
            part=target.part,
            asset_class=target.asset_class,
            name=target.host,
            models=models[:50] if target.part else (),
        )


_ABOUT_MODELS = expression(
    r"(?:^|[_-])(?:model[_-]?providers?|llms?|language_models?|embeddings?|embedder|rerank(?:er)?"
    r"|litellm|chat_model)(?:$|[_-])",
    re.I,
)
"""A base URL counts only beside a model or a vendor, or below such a key: anything may have one."""
_KEYED = frozenset({"api_key", "apiKey", "api-key", "virtual_key"})


def _models(path: tuple[str, ...], value: dict[str, Any]) -> tuple[str, ...]:
    found: list[Any] = []
    for key in _MODEL_KEYS:
        held = value.get(key)
        if isinstance(held, dict):  # LibreChat's ``models.default``; opencode's ids as keys
            default = held.get("default")
            held = default if isinstance(default, list) else list(held)
        found += held if isinstance(held, list) else [held]
    if path and path[-1] == "model":  # Kong: ``model: {provider: openai, name: gpt-4o}``
        found.append(value.get("name"))
    override = value.get("override_params")
    if isinstance(override, dict):
        found.append(override.get("model"))
    config = value.get("config")
    if isinstance(config, dict) and "provider" in value:
        found.append(config.get("model"))
    names = (item.get("name") if isinstance(item, dict) else item for item in found[:200])
    return tuple(model for model in models_of(*names) if " " not in model)


def _vendor(
    path: tuple[str, ...], value: dict[str, Any], models: tuple[str, ...], knowledge: Knowledge
) -> str:
    """By the vendor that is named, by the prefix of LiteLLM's model names."""
    known_model = any(knowledge.model(model.rpartition("/")[2]) for model in models)
    for key in _VENDOR_KEYS:
        said = text_of(value.get(key)).lower()
        ident = _VENDORS.get(said, "")
        is_sure = said not in _AMBIGUOUS or known_model
        if ident and is_sure and (models or _KEYED & value.keys()) and knowledge.knows(ident):
            return ident
    if path and path[-1] == "litellm_params" and models:
        prefix, slash, _ = models[0].partition("/")
        ident = _VENDORS.get(prefix.lower(), "") if slash else knowledge.model(models[0])
        return ident if ident and knowledge.knows(ident) else ""
    return ""


READERS = (
    Reader(
        "gateways",
        by_suffix(".yaml", ".yml", ".json", ".jsonc", ".toml"),
        read,
        literals=(
            *(key.lower().encode() for key in _URL_KEYS), b"litellm_params", b"ai-proxy",
            b'"provider"', b"provider:", b"provider =", b"model_provider", b"aiservicebackend",
            b"vendor:", b'"vendor"', b"api_type",
        ),
    ),
)  # fmt: skip
