"""Agents, skills and prompts that files define; models that plain settings choose."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.detect.agent_files import documents, markdown
from scanner.detect.flows.words import provider_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_name, by_suffix
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind

_FROM = expression(rb"(?mi)^FROM[ \t]{1,8}([A-Za-z0-9][\w./:-]{1,120})[ \t]*\r?$")


def _modelfile(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Ollama's: https://docs.ollama.com/modelfile - a local file is no model's name."""
    for found in _FROM.finditer(source.data):
        name = found[1].decode()
        if not name.startswith((".", "/")) and not name.lower().endswith((".gguf", ".safetensors")):
            yield Found(HitKind.MODEL, name, found.start(1), provider="ollama",
                        confidence=Confidence.HIGH)  # fmt: skip


_AIDER = expression(
    rb"(?m)^(?:(?:weak-|editor-)?model|AIDER_(?:WEAK_|EDITOR_)?MODEL)[ \t]*[:=][ \t]*[\"']?"
    rb"([A-Za-z0-9][\w./:-]{1,100})"
)


def _aider(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """https://aider.chat/docs/config/aider_conf.html"""
    for found in _AIDER.finditer(source.data):
        name = found[1].decode()
        provider = knowledge.model(name.rpartition("/")[2]) or "aider"
        yield Found(HitKind.MODEL, name, found.start(1), provider=provider)


_SETTING = expression(
    r"(?m)^[ \t]{0,8}(?:export[ \t]{1,4})?([A-Z][A-Z0-9_]{0,50}_(?:MODEL|DEPLOYMENT)"
    r"(?:_?(?:NAME|ID))?)[ \t]{0,4}=[ \t]{0,4}"
    r"[\"']?([A-Za-z0-9][\w./:@-]{1,80})[\"']?[ \t]*(?:#[^\n]*)?\r?$"
)
_PLACEHOLDER = expression(r"(?i)your|<|xxx|change|example|placeholder|true$|false$|none$|\d+$")


def _env_models(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``OLLAMA_MODEL=my-own:latest``: whose model it is, by the variable. Names that the catalogue
    knows as models are found in any text by the engine."""
    for found in _SETTING.finditer(source.text):
        name, model = found[1], found[2]
        provider = provider_of(name.partition("_MODEL")[0].partition("_DEPLOY")[0], knowledge)
        if provider and not _PLACEHOLDER.match(model) and not knowledge.model(model):
            yield Found(HitKind.MODEL, model, found.start(2), provider=provider,
                        confidence=Confidence.MEDIUM, preview=f"{name}={model}")  # fmt: skip


READERS = (
    Reader("agent-markdown", markdown.is_agent_markdown, markdown.read),
    Reader("prompty", by_suffix(".prompty"), markdown.prompty),
    Reader("langgraph-json", by_name(r"langgraph(?:\..*)?\.json"), documents.langgraph,
           literals=(b'"graphs"',)),
    Reader("crew", documents.is_crew_file, documents.crew,
           literals=(b"backstory", b"goal:", b"expected_output")),
    Reader("agent-card", by_name(r"agent(?:[-_]?card)?\.json|.*[-_.]agent[-_]?card\.json"),
           documents.agent_card, literals=(b'"skills"',)),
    Reader("ai-plugin", by_name(r"ai-plugin\.json"), documents.openai_plugin),
    Reader("declarative-agent", by_suffix(".json"), documents.declarative_agent,
           literals=(b"declarative-agent", b'"copilotagents"')),
    Reader("copilot-studio", by_suffix(".yml", ".yaml", "/data"), documents.copilot_studio,
           literals=documents.STUDIO_LITERALS),
    Reader("autogen-studio", by_suffix(".json"), documents.autogen_studio,
           literals=(b'"component_type"',)),
    Reader("semantic-kernel", by_suffix("config.json", ".yaml", ".yml"), documents.semantic_kernel,
           literals=documents.KERNEL_LITERALS),
    Reader("promptfoo", by_name(r".*promptfoo.*\.(?:ya?ml|json)"), documents.promptfoo),
    Reader("goose-recipe", by_suffix(".yaml", ".yml"), documents.goose_recipe,
           literals=(b"goose_provider", b"goose_model", b"streamable_http", b"type: builtin")),
    Reader("modes", by_name(r"\.roomodes|\.kilocodemodes|custom_modes\.ya?ml"), documents.modes),
    Reader("cli-agent", lambda path: "cli-agents/" in path or ".kiro/agents/" in path,
           documents.cli_agent),
    Reader("prompt-flow", by_name(r"flow\.dag\.ya?ml"), documents.prompt_flow),
    Reader("modelfile", by_name(r"Modelfile(?:[._-].*)?|.*\.modelfile"), _modelfile),
    Reader("aider", by_name(r"\.aider\.conf\.ya?ml|\.aider\.model\..*"), _aider),
    Reader("env-models", by_name(r"(?:.*[._-])?env(?:[._-].*)?|.*\.envrc"), _env_models,
           literals=(b"_model", b"_deployment")),
)  # fmt: skip
