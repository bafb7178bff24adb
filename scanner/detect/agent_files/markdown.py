"""Agents and skills in Markdown with front matter, by the folder that the tool reads them from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.agent_files.made import (
    agent,
    front_matter,
    known,
    listed,
    models_of,
    text_of,
)
from scanner.detect.flows.words import provider_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, SourceFile
from scanner.kit.expressions import expression

# Folder of the tool -> catalogue ids, the best first.
_TOOLS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (expression(rf"(?:^|/)\.{folder}/"), idents)
    for folder, idents in (
        ("claude", ("claude_code",)), ("claude-plugin", ("claude_code",)),
        ("github", ("github_copilot",)), ("cursor", ("cursor",)), ("codex", ("codex", "openai")),
        ("gemini", ("gemini_cli", "google_gemini")), ("opencode", ("opencode",)),
        ("factory", ("factory", "droid")), ("windsurf", ("windsurf",)), ("kiro", ("kiro",)),
        ("amazonq", ("amazon_q",)), ("junie", ("junie", "jetbrains_ai")), ("goose", ("goose",)),
    )
)  # fmt: skip
_AGENT = expression(
    r"(?:^|/)\.(?:claude|github|cursor|opencode|gemini|codex|factory|windsurf|kiro|junie)/"
    r"(?:agents?|subagents?|droids|chatmodes)/(?:[^/]+/){0,3}[^/]+\.md$|\.(?:agent|chatmode)\.md$",
    re.I,
)
_SKILL = expression(r"(?:^|/)SKILL\.md$")
_INHERITED = frozenset({"inherit", "default", "auto"})


def is_agent_markdown(path: str) -> bool:
    return path.lower().endswith(".md") and (
        _AGENT.search(path) is not None or _SKILL.search(path) is not None
    )


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """https://docs.claude.com/en/docs/claude-code/sub-agents, https://agentskills.io,
    https://docs.github.com/en/copilot/reference/custom-agents-configuration"""
    head = front_matter(source)
    is_skill = _SKILL.search(source.path) is not None
    folder = source.path.rpartition("/")[0].rpartition("/")[2]
    stem = source.name.partition(".")[0]
    name = text_of(head.get("name")) or (folder if is_skill else stem)
    if not name or (is_skill and not head) or stem.upper() in ("README", "AGENTS"):
        return
    model = head.get("model")
    models = models_of(*(model if isinstance(model, list) else [model]))
    idents = next((ids for pattern, ids in _TOOLS if pattern.search(source.path)), ())
    if not idents and source.path.lower().endswith((".agent.md", ".chatmode.md")):
        idents = ("github_copilot",)
    yield agent(
        name,
        source.find("name:") if "name" in head else 0,
        provider=known(knowledge, *idents),
        models=tuple(m for m in models if m.lower() not in _INHERITED),
        tags=(("tools", listed(head.get("tools") or head.get("allowed-tools"))),),
        kind="skill" if is_skill else "agent",
    )


def prompty(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """https://www.prompty.ai/docs/prompty-file-spec"""
    head = front_matter(source)
    model = head.get("model")
    settings = model.get("configuration") if isinstance(model, dict) else None
    if not isinstance(settings, dict):
        return
    named = models_of(settings.get("azure_deployment"), settings.get("name"), settings.get("model"))
    yield agent(
        text_of(head.get("name")) or source.name.removesuffix(".prompty"),
        source.find("model:"),
        provider=provider_of(text_of(settings.get("type")), knowledge),
        models=named,
        tags=(("format", "prompty"),),
    )
