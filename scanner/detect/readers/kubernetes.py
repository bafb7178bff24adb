"""Kubernetes manifests, Kustomize and Helm: AI objects, images in values, accelerators, models.

Owns YAML with an API version, charts and their values. Templates are not YAML, so all is read line
by line (https://helm.sh/docs/chart_template_guide/); a name that is rendered stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePosixPath

from scanner.detect.infra import accelerators, shell
from scanner.detect.infra.declared import Declared
from scanner.detect.infra.resource import models_in, resource
from scanner.detect.knowledge import Knowledge
from scanner.detect.readers.containers import served_models
from scanner.detect.source import Found, Reader, SourceFile, by_name, by_suffix
from scanner.kit.accelerators import RESOURCE_NAME
from scanner.kit.expressions import expression
from scanner.model.items import HitKind
from scanner.rulebook.types import Category, ResourceForm

_DOCUMENT = expression(r"^---(?:[ \t].*)?\r?$", re.M)
_VERSION = expression(
    r"^(?P<item>[ \t]{0,8}-[ \t]{1,4})?apiVersion:[ \t]{1,8}[\"']?"
    r"(?P<group>[\w.-]{1,100})/v\w{1,20}",
    re.M,
)
_KIND = expression(
    r"^[ \t]{0,12}(?:-[ \t]{1,4})?kind:[ \t]{1,8}[\"']?(?P<kind>[A-Z]\w{1,80})", re.M
)
_TOP_KIND = expression(r"^kind:[ \t]{1,8}[\"']?(?P<kind>[A-Z]\w{1,80})", re.M)
_NAME = expression(
    r"^[ \t]{0,12}(?:-[ \t]{1,4})?metadata:[ \t]*\r?\n(?:[ \t]{1,40}[^\n]{0,300}\n){0,12}?"
    r"[ \t]{1,14}name:[ \t]{1,8}[\"']?(?P<name>[\w.-]{1,120})[\"']?[ \t]*\r?$",
    re.M,
)
_NAMESPACE = expression(
    r"^[ \t]{0,12}(?:-[ \t]{1,4})?metadata:[ \t]*\r?\n(?:[ \t]{1,40}[^\n]{0,300}\n){0,12}?"
    r"[ \t]{1,14}namespace:[ \t]{1,8}[\"']?(?P<name>[\w.-]{1,63})[\"']?[ \t]*\r?$",
    re.M,
)
_VALUE = expression(
    r"^[ \t]{1,60}(?:-[ \t]{1,4})?(\w{1,60}):[ \t]{1,8}[\"']?"
    r"([^\s\"'#{}][^\"'#{}\n]{0,200}?)[\"']?[ \t]*\r?$",
    re.M,
)
_STORED = expression(r"storageUri:[ \t]{1,8}[\"']?(?:hf|ollama|modelscope)://([\w./:-]{3,120})")
_REQUEST = expression(
    rf"(?:^[ \t]{{0,60}}|[{{,][ \t]{{0,4}})[\"']?(?P<x>{RESOURCE_NAME})[\"']?:"
    r"[ \t]{1,8}"
    r"[\"']?(?:[1-9]|\{\{)",
    re.M,
)
_IMAGE = expression(
    r"^[ \t]{0,60}(?:-[ \t]{1,4})?(?:image|repository):[ \t]{1,8}[\"']?"
    r"(?P<image>[^\s\"'#{}]{2,250})",
    re.M,
)
_REPOSITORY = expression(
    r"^[ \t]{0,60}(?:-[ \t]{1,4})?repository:[ \t]{1,8}[\"']?(?P<image>[^\s\"'#{}:]{2,250})", re.M
)
_KUSTOMIZED = expression(
    r"^[ \t]{0,20}(?:-[ \t]{1,4})?(?:name|newName):[ \t]{1,8}[\"']?(?P<image>[\w./-]{2,200})", re.M
)
_CHART = expression(
    r"^[ \t]{0,8}-[ \t]{1,4}(?:[^\n]{1,200}\n[ \t]{1,12}){0,6}?name:[ \t]{1,8}"
    r"[\"']?(?P<name>[\w-]{2,60})",
    re.M,
)
_COMMANDED = (b"command", b"args", b"script")
_CHART_CATEGORIES = frozenset((
    Category.MODEL_SERVER, Category.GATEWAY, Category.UI, Category.LOW_CODE, Category.VECTOR_STORE,
    Category.OBSERVABILITY, Category.AGENT_PLATFORM, Category.FRAMEWORK, Category.TRAINING,
    Category.CHAT_APP, Category.MCP,
))  # fmt: skip
_OTHERWISE_KNOWN = frozenset((
    "redis", "postgresql", "postgres", "mongodb", "elasticsearch", "opensearch", "neo4j",
    "cassandra", "clickhouse", "mysql", "supabase", "kafka",
))  # fmt: skip
"""Charts of databases that can hold vectors and mostly do not."""


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    text = source.text
    is_manifest = b"apiversion" in source.lowered
    if is_manifest:
        yield from _objects(knowledge, source)
    for match in _REPOSITORY.finditer(text):
        provider = knowledge.image(match["image"])
        if provider:
            yield Found(HitKind.IMAGE, match["image"], match.start("image"), provider=provider)
    seen: set[str] = set()
    for match in _REQUEST.finditer(text):
        if match["x"] not in seen:
            seen.add(match["x"])
            yield accelerators.compute(match["x"], match.start("x"), "accelerator")
    if accelerators.may_ask(text):
        yield from accelerators.asked_in_yaml(text)
    if is_manifest or source.name.lower().startswith("values"):
        yield from served_models(knowledge, text, _IMAGE)
    if is_manifest and any(word in source.lowered for word in _COMMANDED):
        yield from shell.models(knowledge, text)


def _objects(knowledge: Knowledge, source: SourceFile) -> Iterator[Found]:
    """Objects at the top of a document, or items of a ``List``."""
    text = source.text
    bounds = [0, *(m.end() for m in _DOCUMENT.finditer(text)), len(text)]
    for begin, end in pairwise(bounds):
        versions = list(_VERSION.finditer(text, begin, end))
        for version, following in zip(versions, [*versions[1:], None], strict=False):
            until = following.start() if following else end
            # Keys come in any order; an item of a list is read from its version on.
            is_item = version["item"] is not None
            if not is_item and version is not versions[0]:
                continue
            since = version.start() if is_item else begin
            kind = (_KIND if is_item else _TOP_KIND).search(text, since, until)
            label = f"{version['group']}/{kind['kind']}" if kind else ""
            found = kind and knowledge.resource(ResourceForm.KUBERNETES, label)
            if not kind or not found:
                continue
            name = _NAME.search(text, since, until)
            called = name["name"] if name else PurePosixPath(source.path).stem
            body = text[since : min(until, since + 20_000)]
            values = [(m[1], m[2]) for m in _VALUE.finditer(body) if m[1] != "kind"]
            models = models_in(values) + tuple(_STORED.findall(body))
            known = Declared(found[0], found[1].asset_class, type=found[1].type)
            address = f"{kind['kind']}:{called}"
            told = resource(known, label, version.start("group"), address, values, models)
            where = _NAMESPACE.search(text, since, until)
            if where:
                told = replace(told, tags=(*told.tags, ("declared_namespace", where["name"])))
            yield told


def _read_kustomization(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    for match in _KUSTOMIZED.finditer(source.text):
        provider = knowledge.image(match["image"])
        if provider:
            yield Found(HitKind.IMAGE, match["image"], match.start("image"), provider=provider)


def _read_chart(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Charts that a chart depends on, by the name of a product that the catalogue knows."""
    at = source.text.find("dependencies:")
    for match in _CHART.finditer(source.text, at) if at >= 0 else ():
        ident = match["name"].replace("-", "_").lower()
        if ident not in _OTHERWISE_KNOWN and knowledge.category(ident) in _CHART_CATEGORIES:
            yield Found(HitKind.PACKAGE, match["name"], match.start("name"), provider=ident)


_YAML = by_suffix(".yaml", ".yml", ".tpl", ".gotmpl")
_LITERALS = (
    b"apiversion", b"repository:", b".com/gpu", b"habana.ai/", b"neuron", b"google.com/tpu",
    b"gke-accelerator", b"instance-type",
)  # fmt: skip
READERS = (
    Reader("kubernetes", _YAML, _read, _LITERALS),
    Reader("kustomization", by_name(r"kustomization\.ya?ml"), _read_kustomization, (b"images:",)),
    Reader(
        "helm-chart", by_name(r"(?:Chart|requirements)\.ya?ml"), _read_chart, (b"dependencies:",)
    ),
)
