"""Agents in JSON and YAML, by the keys that each format prescribes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scanner.detect.agent_files.made import agent, evidence, known, listed, models_of, text_of
from scanner.detect.flows.words import provider_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.mcp.server import host_of
from scanner.detect.source import Found, SourceFile, walk
from scanner.kit.expressions import expression


def langgraph(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``langgraph.json``: https://docs.langchain.com/langsmith/cli#configuration-file"""
    graphs = _table(source.json, "graphs")
    at = source.find('"graphs"')
    for name in list(graphs)[:200]:
        provider = knowledge.package("pypi", "langgraph")
        yield agent(name, source.find(f'"{name}"', at) + 1, provider=provider,
                    tags=(("framework", provider),))  # fmt: skip


def crew(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """CrewAI's ``agents.yaml`` and ``tasks.yaml``: https://docs.crewai.com/concepts/agents"""
    provider = knowledge.package("pypi", "crewai")
    for document in source.yaml:
        for key, value in document.items() if isinstance(document, dict) else ():
            if not isinstance(value, dict) or not isinstance(key, str):
                continue
            at = source.find(f"{key}:")
            if {"role", "goal"} <= value.keys() or {"role", "backstory"} <= value.keys():
                yield agent(
                    key, at, provider=provider, shown=text_of(value["role"]) or key,
                    models=models_of(value.get("llm")),
                    tags=(("framework", provider), ("tools", listed(value.get("tools")))),
                )  # fmt: skip
            elif {"description", "expected_output"} <= value.keys() and provider:
                yield evidence(provider, f"task {key}", at)


def agent_card(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """An A2A agent card: https://a2a-protocol.org/latest/specification/#5-agent-discovery-the-agent-card"""
    document = source.json
    name = text_of(document.get("name")) if isinstance(document, dict) else ""
    if not name or not isinstance(document.get("skills"), list):
        return
    if not {"capabilities", "protocolVersion", "supportedInterfaces"} & document.keys():
        return
    host, _ = host_of(text_of(document.get("url"), 500))
    skills = [text_of(s.get("name")) for s in document["skills"] if isinstance(s, dict)]
    yield agent(
        name, source.find(name), provider=known(knowledge, "a2a"),
        tags=(("protocol", "a2a"), ("host", host), ("skills", listed(skills))),
    )  # fmt: skip


def openai_plugin(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``ai-plugin.json``: https://platform.openai.com/docs/plugins (retired, still deployed)."""
    document = source.json
    if isinstance(document, dict) and "name_for_model" in document:
        yield evidence("openai", "ChatGPT plugin", source.find("name_for_model"))


def declarative_agent(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Microsoft 365 Copilot:
    https://learn.microsoft.com/microsoft-365-copilot/extensibility/declarative-agent-manifest-1.5"""
    document = source.json
    if not isinstance(document, dict):
        return
    name = text_of(document.get("name"))
    if "declarative-agent" in text_of(document.get("$schema"), 300) and name:
        capabilities = document.get("capabilities")
        shown = [
            text_of(c.get("name")) for c in capabilities if isinstance(c, dict)
        ] if isinstance(capabilities, list) else []  # fmt: skip
        yield agent(name, source.find('"name"'), provider="microsoft_copilot",
                    tags=(("tools", listed(shown)),))  # fmt: skip
    elif isinstance(document.get("copilotAgents"), dict):
        yield evidence("microsoft_copilot", "Copilot agents", source.find("copilotAgents"))


def copilot_studio(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Components of a Copilot Studio agent:
    https://learn.microsoft.com/microsoft-copilot-studio/authoring-solutions-import-export"""
    for document in source.yaml[:1]:
        kind = text_of(document.get("kind")) if isinstance(document, dict) else ""
        if kind == "GptComponentMetadata":
            name = text_of(document.get("displayName")) or source.name.partition(".")[0]
            hint = _table(document, "aISettings", "model").get("modelNameHint")
            yield agent(name, source.find("GptComponentMetadata"), provider="copilot_studio",
                        models=models_of(hint))  # fmt: skip
        elif kind in ("AdaptiveDialog", "KnowledgeSourceConfiguration", "TaskDialog"):
            yield evidence("copilot_studio", kind, source.find(kind))


def autogen_studio(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Serialised components:
    https://microsoft.github.io/autogen/stable/user-guide/autogenstudio-user-guide/"""
    at = 0
    for _, value in walk(source.json):
        if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
            continue
        kind, made = text_of(value.get("component_type")), text_of(value.get("provider"), 200)
        config = value["config"]
        if kind == "agent" and made.startswith("autogen"):
            name = text_of(config.get("name")) or text_of(value.get("label")) or "agent"
            client = _table(config, "model_client", "config")
            at = source.find(f'"{name}"', at)
            yield agent(
                name, at, provider=knowledge.package("pypi", "autogen-agentchat"),
                models=models_of(client.get("model")), tags=(("framework", "autogen"),),
            )  # fmt: skip
        elif kind == "model" and made.startswith("autogen"):
            provider = provider_of(made.rpartition(".")[2], knowledge)
            if provider:
                models = models_of(config.get("model"))
                yield evidence(provider, made.rpartition(".")[2], source.find(made, 0), models)


def semantic_kernel(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Prompt configuration and declarative agents of Semantic Kernel:
    https://learn.microsoft.com/semantic-kernel/concepts/prompts/yaml-schema"""
    provider = knowledge.package("pypi", "semantic-kernel") or "semantic_kernel"
    documents = (source.json,) if source.suffix == ".json" else source.yaml[:1]
    for document in documents:
        if not isinstance(document, dict):
            continue
        kind = text_of(document.get("type"))
        if kind in _SK_AGENTS and ("instructions" in document or "model" in document):
            name = text_of(document.get("name")) or source.name.partition(".")[0]
            yield agent(name, source.find(kind), provider=provider,
                        models=models_of(_table(document, "model").get("id")))  # fmt: skip
        elif "execution_settings" in document or (kind == "completion" and "schema" in document):
            yield evidence(provider, "prompt configuration", 0, _sk_models(document))


_SK_AGENTS = frozenset(
    {"chat_completion_agent", "openai_assistant", "openai_responses", "azure_assistant",
     "azure_openai_assistant", "foundry_agent", "azureai_agent", "copilot_studio", "bedrock_agent"}
)  # fmt: skip


def _sk_models(document: dict[str, Any]) -> tuple[str, ...]:
    settings = document.get("execution_settings")
    entries = list(settings.values()) if isinstance(settings, dict) else settings
    entries = entries if isinstance(entries, list) else []
    held = [e for e in entries if isinstance(e, dict)]
    return models_of(*(e.get(key) for e in held for key in ("model_id", "ai_model_id")))


def promptfoo(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """https://www.promptfoo.dev/docs/configuration/reference - providers are ``vendor:model``."""
    documents = (source.json,) if source.suffix == ".json" else source.yaml[:1]
    for document in documents:
        held = _table(document).get("providers") or _table(document).get("targets")
        for entry in held if isinstance(held, list) else [held]:
            said = entry.get("id") if isinstance(entry, dict) else entry
            if not isinstance(said, str) or ":" not in said:
                continue
            vendor, _, rest = said.partition(":")
            provider = _PROMPTFOO.get(vendor, "") or provider_of(vendor, knowledge)
            if provider and knowledge.knows(provider):
                models = models_of(rest.rpartition(":")[2])
                yield evidence(provider, said, source.find(said), models)


_PROMPTFOO = {"azure": "azure_openai", "google": "google_gemini", "palm": "google_gemini"}


def goose_recipe(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """https://block.github.io/goose/docs/guides/recipes/recipe-reference"""
    for document in source.yaml[:1]:
        if not isinstance(document, dict) or not {"title", "description"} <= document.keys():
            continue
        if not {"instructions", "prompt"} & document.keys():
            continue
        settings = _table(document, "settings")
        if not ("extensions" in document or settings):
            continue
        vendor = provider_of(text_of(settings.get("goose_provider")), knowledge)
        yield agent(
            text_of(document["title"]) or source.name, source.find("title:"),
            provider=known(knowledge, "goose") or vendor,
            models=models_of(settings.get("goose_model")), tags=(("framework", "goose"),),
        )  # fmt: skip
        if vendor:
            yield evidence(vendor, "goose_provider", source.find("goose_provider"))


def modes(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``.roomodes`` and ``.kilocodemodes``: https://docs.roocode.com/features/custom-modes"""
    document = source.json or (source.yaml[0] if source.yaml else None)
    held = document.get("customModes") if isinstance(document, dict) else None
    idents = ("kilo_code", "kilocode") if "kilo" in source.name else ("roo_code", "roo")
    for mode in held if isinstance(held, list) else ():
        name = text_of(mode.get("slug") or mode.get("name")) if isinstance(mode, dict) else ""
        if name:
            yield agent(name, source.find(name), provider=known(knowledge, *idents),
                        shown=text_of(mode.get("name")))  # fmt: skip


def cli_agent(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Agents of Amazon Q and Kiro:
    https://docs.aws.amazon.com/amazonq/latest/qdeveloper-ug/command-line-custom-agents.html"""
    document = source.json
    if isinstance(document, dict) and {"tools", "prompt", "mcpServers"} & document.keys():
        name = text_of(document.get("name")) or source.name.partition(".")[0]
        provider = known(knowledge, "kiro") if "/.kiro/" in f"/{source.path}" else ""
        yield agent(
            name, 0, provider=provider or known(knowledge, "amazon_q"),
            models=models_of(document.get("model")),
            tags=(("tools", listed(document.get("tools"))),),
        )  # fmt: skip


def prompt_flow(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``flow.dag.yaml``:
    https://microsoft.github.io/promptflow/reference/flow-yaml-schema-reference.html"""
    for document in source.yaml[:1]:
        nodes = document.get("nodes") if isinstance(document, dict) else None
        for node in nodes if isinstance(nodes, list) else ():
            if isinstance(node, dict) and node.get("type") == "llm":
                inputs = _table(node, "inputs")
                said = f"{text_of(node.get('provider'))}{text_of(node.get('connection'))}"
                models = models_of(inputs.get("deployment_name"), inputs.get("model"))
                provider = provider_of(said, knowledge) or "azure_openai"
                at = source.find(f"name: {text_of(node.get('name'))}")
                yield evidence(provider, "prompt flow step", at, models)


def _table(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


KERNEL_LITERALS = (b"execution_settings", b'"completion"',
                   *(f"type: {kind}".encode() for kind in sorted(_SK_AGENTS)))  # fmt: skip
STUDIO_LITERALS = (
    b"gptcomponentmetadata", b"kind: adaptivedialog", b"knowledgesourceconfiguration",
    b"kind: taskdialog",
)  # fmt: skip
_AGENTS_YAML = expression(r"(?:.*[_-])?(?:agents?|tasks?)(?:[_-].*)?\.ya?ml", re.I)


def is_crew_file(path: str) -> bool:
    return _AGENTS_YAML.fullmatch(path.rpartition("/")[2]) is not None
