"""Exported low-code workflows that hold AI steps: the flow itself, and whose AI each step calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from scanner.detect.flows import tools
from scanner.detect.flows.tools import Flow, Parse, Step
from scanner.detect.flows.words import provider_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.kit.expressions import expression
from scanner.kit.lowcode import CREDENTIALS, TRIGGERS
from scanner.model.facts import AssetClass
from scanner.model.items import HitKind

_AI_WORDS = expression(
    r"langchain|llm|chat(?:model|prompt|bot|input|output)|agent|embedding|vector ?store|mcp|rag"
    r"|ksampler|checkpointloader|unetloader|cliptextencode|aibuilder|\bchat\b|retriev|\bapp\b|plugin",
    re.I,
)


def _reader(
    name: str, parse: Parse, suffixes: tuple[str, ...], literals: tuple[bytes, ...]
) -> Reader:
    def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
        flow = parse(source)
        if flow:
            yield from _found(flow, source, knowledge, name)

    return Reader(f"flow-{name}", by_suffix(*suffixes), read, literals)


def _found(flow: Flow, source: SourceFile, knowledge: Knowledge, tool: str) -> Iterator[Found]:
    known = [(step, provider_of(step.says or step.type, knowledge)) for step in flow.steps]
    told = [(step, ident) for step, ident in known if ident or _is_ai(step, flow)]
    if not told:
        return
    providers = sorted({ident for _, ident in told if ident})
    if flow.tool and knowledge.knows(flow.tool):
        yield Found(HitKind.FLOW, f"{tool} workflow", 0, 0, provider=flow.tool)
    models = tuple(sorted({model for step, _ in told for model in step.models}))[:50]
    yield Found(
        kind=HitKind.FLOW,
        label=(flow.name or source.name)[:100],
        start=source.find(flow.name) if flow.name else 0,
        provider=providers[0] if len(providers) == 1 else "",
        rule="flow",
        preview=f"{tool}: {', '.join(sorted({step.type for step, _ in told})[:6])}"[:200],
        part=f"flow/{source.path}",
        asset_class=AssetClass.FLOW,
        name=(flow.name or source.name)[:100],
        tags=(("tool", tool), ("ai_steps", str(len(told))), *_used(flow)),
        models=models,
    )
    yield from _evidence(told, source)


def _used(flow: Flow) -> Iterator[tuple[str, str]]:
    for tag, names in ((TRIGGERS, flow.triggers), (CREDENTIALS, flow.credentials)):
        if names:
            yield tag, ", ".join(names)


def _evidence(told: list[tuple[Step, str]], source: SourceFile) -> Iterator[Found]:
    seen: set[tuple[str, str]] = set()
    for step, ident in told:
        if ident and (ident, step.type) not in seen:
            seen.add((ident, step.type))
            at = source.find(step.says if step.type in _GENERIC else step.type)
            label = step.says if step.type in _GENERIC else step.type
            yield Found(HitKind.FLOW, label[:100], at, provider=ident, models=step.models)


_GENERIC = frozenset({"llm", "plugin"})


def _is_ai(step: Step, flow: Flow) -> bool:
    """A step whose vendor is not told but whose kind is."""
    return _AI_WORDS.search(step.type) is not None and flow.tool != ""


def _credentials(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    for kind in dict.fromkeys(tools.n8n_credentials(source)):
        ident = provider_of(kind, knowledge)
        if ident:
            at = source.find(f'"{kind}"') + 1
            yield Found(HitKind.FLOW, kind, at, provider=ident, preview=f"n8n credential: {kind}")


_JSON = (".json",)
_YAML = (".yml", ".yaml")
_TOOLS: tuple[tuple[str, Parse, tuple[str, ...], tuple[bytes, ...]], ...] = (
    ("n8n", tools.n8n, _JSON, (b"n8n-nodes",)),
    ("flowise", tools.flowise, _JSON, (b'"inputanchors"', b'"inputparams"')),
    ("langflow", tools.langflow, _JSON, (b'"template"',)),
    ("dify", tools.dify, (*_YAML, ".dsl"), (b"workflow:", b"model_config:")),
    ("node-red", tools.node_red, _JSON, (b'"wires"',)),
    ("make", tools.make, _JSON, (b'"__imtconn__"', b'"module"', b'"usedpackages"')),
    ("zapier", tools.zapier, _JSON, (b'"selected_api"',)),
    ("workato", tools.workato, _JSON, (b'"keyword"',)),
    ("power-platform", tools.power_platform, _JSON,
     (b"shared_", b"aibuilder", b"serviceproviders/", b"managedapis/")),
    ("comfyui", tools.comfyui, _JSON, (b'"class_type"', b'"last_node_id"')),
    ("rivet", tools.rivet, (".rivet-project", ".rivet-graph"), ()),
)  # fmt: skip
_Read = Callable[[SourceFile, Knowledge], Iterator[Found]]

READERS = (
    *(_reader(*tool) for tool in _TOOLS),
    Reader("n8n-credentials", by_suffix(".json"), _credentials, literals=(b"api\"", b"account\"")),
)  # fmt: skip
