"""What a reader of agent files answers: an agent of its own, or evidence of a product. Bounded
texts, never a prompt's wording."""

from __future__ import annotations

import re
from typing import Any

import yaml

from scanner.detect.agents import slug
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, SourceFile
from scanner.kit.expressions import expression
from scanner.model.facts import AssetClass
from scanner.model.items import HitKind

_FRONT = expression(rb"\A\s{0,10}---[ \t]*\r?\n(.{0,8000}?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.S)
_MODEL = expression(r"[A-Za-z0-9][\w./:@ -]{1,99}")


def front_matter(source: SourceFile) -> dict[str, Any]:
    """The YAML block at the head of a Markdown file; keys line by line where it does not parse
    (unquoted colons are common there)."""
    found = _FRONT.match(source.data)
    if not found:
        return {}
    try:
        document = yaml.safe_load(found[1])
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        pairs = re.findall(rb"(?m)^([A-Za-z][\w-]{0,40}):[ \t]*([^\n]{0,300})", found[1])
        return {k.decode(): v.decode("utf-8", "replace").strip() for k, v in pairs}
    return document if isinstance(document, dict) else {}


def text_of(value: Any, most: int = 80) -> str:
    """A string in one line, cut; empty for anything else. JSON can spell half a surrogate pair."""
    if not isinstance(value, str):
        return ""
    return " ".join(value.split())[:most].encode("utf-8", "replace").decode()


def models_of(*values: Any) -> tuple[str, ...]:
    """Those of the values that read like a model's name."""
    return tuple(dict.fromkeys(v for v in values if isinstance(v, str) and _MODEL.fullmatch(v)))


def listed(value: Any) -> str:
    """Tools as they are listed in any of the usual ways, for people."""
    if isinstance(value, dict):
        value = [key for key, on in value.items() if on]
    if isinstance(value, str):
        value = value.split(",")
    names = [text_of(item, 60) for item in value] if isinstance(value, list) else []
    return ", ".join(name for name in names if name)[:200]


def agent(
    name: str,
    start: int,
    *,
    provider: str = "",
    shown: str = "",
    models: tuple[str, ...] = (),
    tags: tuple[tuple[str, str], ...] = (),
    kind: str = "agent",
) -> Found:
    """``kind``: ``agent``, or ``skill`` for instructions that agents load when they need them."""
    title = shown or text_of(name)
    return Found(
        kind=HitKind.AGENT,
        label=title,
        start=start,
        end=start + 1,
        provider=provider,
        rule=f"{kind}-file",
        preview=f"{kind} {title}",
        part=f"{kind}/{slug(name) or 'unnamed'}",
        asset_class=AssetClass.AGENT if kind == "agent" else AssetClass.OTHER,
        name=title,
        models=models,
        tags=tuple((key, value) for key, value in tags if value),
    )


def evidence(provider: str, label: str, start: int, models: tuple[str, ...] = ()) -> Found:
    return Found(HitKind.FILE, label[:100], start, start, provider=provider, models=models)


def known(knowledge: Knowledge, *idents: str) -> str:
    """The first that the catalogue has; ids change as it grows."""
    return next((ident for ident in idents if knowledge.knows(ident)), "")
