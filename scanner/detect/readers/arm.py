"""Azure Resource Manager: AI resources, model deployments and role assignments, in Bicep and JSON.

Owns ``.bicep`` (https://learn.microsoft.com/azure/azure-resource-manager/bicep/file) and deployment
templates. A name is followed to a default or a variable of the same file, no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scanner.detect.infra import accelerators, grants
from scanner.detect.infra.cut import BICEP, SCRIPT, Cut, cut
from scanner.detect.infra.declared import Declared, by_squashed, declared, squash
from scanner.detect.infra.resource import resource
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence, Setting
from scanner.model.items import HitKind
from scanner.rulebook.types import ResourceForm

_RESOURCE = expression(
    r"^[ \t]{0,40}resource[ \t]{1,8}(?P<name>\w{1,120})[ \t]{1,8}'(?P<type>[\w./]{3,150})"
    r"(?:@[\w-]{1,40})?'[ \t]{1,8}(?P<existing>existing[ \t]{1,8})?=",
    re.M,
)
_MODULE = expression(
    r"^[ \t]{0,40}module[ \t]{1,8}(?P<name>\w{1,120})[ \t]{1,8}"
    r"'(?P<source>br(?:/public)?:[\w./-]{0,100}?avm/res/(?P<space>[\w-]{1,60})/(?P<type>[\w/-]{1,80})"
    r"(?::[\w.-]{1,30})?)'[ \t]{0,8}=",
    re.M,
)
_DEFAULT = expression(
    r"^[ \t]{0,8}(?:param|var)[ \t]{1,8}(\w{1,120})(?:[ \t]{1,8}\w{1,60})?[ \t]{0,8}="
    r"[ \t]{0,8}'([^'\n$]{1,200})'[ \t]*\r?$",
    re.M,
)
_VARIABLE = expression(
    r"^[ \t]{0,8}var[ \t]{1,8}(\w{1,120})[^=\n]{0,60}=([^\n]{1,300}(?:\n[^\n]{0,200}){0,3})", re.M
)
_PROPERTY = expression(
    r"^[ \t]{0,60}(?P<key>\w{1,60}):[ \t]{1,8}(?:'(?P<literal>[^'\n$]{1,200})'"
    r"|(?P<name>\w{1,120})[ \t]*\r?$)",
    re.M,
)
_MODEL_BLOCK = expression(r"\bmodel:\s{0,8}\{")
_ROLE_KEY = expression(r"\"?roleDefinition(?:Id|IdOrName|ResourceId|Name)\"?\s{0,8}:\s{0,8}", re.I)
_KINDS: dict[str, tuple[str, ...]] = {
    "openai": ("azure_openai",),
    "aiservices": ("azure_ai", "azure_openai"),
    "speechservices": ("azure_speech", "azure_ai", "azure_openai"),
}
"""``kind`` of a Cognitive Services account -> who it is; all others are plain AI services."""
_PLAIN_KIND = ("azure_ai", "azure_openai")
_ACCOUNTS = "microsoft.cognitiveservices/accounts"
_WEAK = ("microsoft.search/searchservices",)
"""Search without vectors is no AI, and the template does not tell: a weaker sign."""


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    where = cut(source.text, BICEP)
    text = where.text
    defaults = {m[1]: m[2] for m in _DEFAULT.finditer(text)}
    types: dict[int, str] = {}
    taken: list[tuple[int, int]] = []
    for match in _RESOURCE.finditer(text):
        kind = match["type"]
        if "." not in kind:
            kind = f"{types.get(where.around(match.start()), '')}/{kind}"
        opened = text.find("{", match.end(), match.end() + 400)
        types[opened] = kind
        found = declared(knowledge, ResourceForm.ARM, kind)
        if found is not None and opened >= 0:
            taken.append((opened, where.closes.get(opened, opened)))
            start = match.start("type")
            yield _declared(knowledge, found, where, opened, (kind, match["name"], start), defaults,
                            bool(match["existing"]))  # fmt: skip
    for match in _MODULE.finditer(text):
        squashed = squash(f"microsoft{match['space']}{match['type']}")
        found = by_squashed(knowledge, ResourceForm.ARM, squashed)
        opened = text.find("{", match.end(), match.end() + 400)
        if found is not None and opened >= 0:
            taken.append((opened, where.closes.get(opened, opened)))
            at = (found.type, match["name"], match.start("source"))
            yield _declared(knowledge, found, where, opened, at, defaults, False)
    yield from _loose_models(knowledge, where, defaults, taken)
    variables = {m[1]: m[2] for m in _VARIABLE.finditer(text)}
    yield from _role_assignments(knowledge, text, {**defaults, **variables})
    yield from accelerators.asked(where)


def _declared(
    knowledge: Knowledge,
    found: Declared,
    where: Cut,
    opened: int,
    at: tuple[str, str, int],
    defaults: dict[str, str],
    is_existing: bool,
) -> Found:
    """``at``: type, symbolic name, offset. What exists already is used here, not declared."""
    kind, name, start = at
    block = where.block(opened, 8000)
    values = [
        (m["key"], m["literal"] or defaults.get(m["name"], "")) for m in _PROPERTY.finditer(block)
    ]
    found = _by_kind(knowledge, found, kind, dict(reversed(values)).get("kind", ""))
    models = tuple(model for _, model, _ in _models(block, defaults))
    made = resource(found, kind, start, f"{kind}:{name}", values, models)
    return replace(made, part="", asset_class=None) if is_existing else made


def _by_kind(knowledge: Knowledge, found: Declared, kind: str, said: str) -> Declared:
    if kind.lower() in _WEAK:
        return replace(found, confidence=Confidence.MEDIUM)
    if kind.lower() == _ACCOUNTS and said:
        provider = grants.known(knowledge, *_KINDS.get(squash(said), _PLAIN_KIND))
        return replace(found, provider=provider or found.provider)
    return found


def _models(block: str, defaults: dict[str, str]) -> Iterator[tuple[int, str, str]]:
    """(offset, model with its version, format) of ``model: { format: .. name: .. version: .. }``"""
    for match in _MODEL_BLOCK.finditer(block):
        inner = block[match.end() : match.end() + 1500].partition("}")[0]
        said = {
            m["key"]: m["literal"] or defaults.get(m["name"], "") for m in _PROPERTY.finditer(inner)
        }
        if said.get("name") and "format" in said:
            yield match.start(), _versioned(said["name"], said.get("version", "")), said["format"]


def _versioned(name: str, version: str) -> str:
    return f"{name}-{version}" if version else name


def _loose_models(
    knowledge: Knowledge, where: Cut, defaults: dict[str, str], taken: list[tuple[int, int]]
) -> Iterator[Found]:
    """Deployments that a variable lists for a loop."""
    for at, model, maker in _models(where.text, defaults):
        if not any(start <= at <= end for start, end in taken):
            provider = grants.known(knowledge, *_KINDS.get(squash(maker), _PLAIN_KIND))
            if provider:
                yield Found(HitKind.MODEL, model, at, at + 5, provider=provider)


def _role_assignments(
    knowledge: Knowledge, text: str, variables: dict[str, str]
) -> Iterator[Found]:
    for match in _ROLE_KEY.finditer(text):
        said = re.split(r"principal|\}", text[match.end() : match.end() + 300], maxsplit=1)[0]
        found = grants.ROLE.search(said)
        start = match.end() + (found.start() if found else 0)
        if found is None:
            names = re.findall(r"\b[A-Za-z_]\w{2,120}\b", said)
            behind = (grants.ROLE.search(variables[name]) for name in names if name in variables)
            found = next((role for role in behind if role), None)
        provider, name = grants.role(knowledge, found[0]) if found else ("", "")
        if provider:
            yield grants.grant(provider, [name], start, ())


def _read_json(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    document = source.json
    if not isinstance(document, dict):
        return
    variables = document.get("variables")
    named = variables if isinstance(variables, dict) else {}
    texts = {str(key): value for key, value in named.items() if isinstance(value, str)}
    parameters = document.get("parameters")
    for key, value in (parameters if isinstance(parameters, dict) else {}).items():
        default = value.get("defaultValue") if isinstance(value, dict) else None
        if isinstance(default, str):
            texts.setdefault(str(key), default)
    is_generated = b'"_generator"' in source.data[:4000]
    after = 0
    for kind, name, node in _json_resources(document.get("resources"), "", "", 0):
        found = declared(knowledge, ResourceForm.ARM, kind)
        if found is None:
            continue
        values = [
            (key, _resolved(value, texts)) for key, value in _flat(node) if isinstance(value, str)
        ]
        found = _by_kind(knowledge, found, kind, _resolved(node.get("kind"), texts))
        after = source.find(f'"{node.get("type")}"', after)
        models = _json_model(node, texts)
        made = resource(found, kind, after + 1, f"{kind}:{name}", values, models)
        yield replace(made, context=Setting.GENERATED) if is_generated else made
        after += 1
    yield from _role_assignments(knowledge, source.text, texts)
    yield from accelerators.asked(cut(source.text, SCRIPT))


def _json_resources(
    value: Any, parent: str, key: str, depth: int
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(full type, symbolic name, resource), children behind their parents."""
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = [("", item) for item in value]
    else:
        return
    for symbol, node in items[:5000]:
        if not isinstance(node, dict) or not isinstance(node.get("type"), str):
            continue
        kind = node["type"] if "." in node["type"] or not parent else f"{parent}/{node['type']}"
        yield kind, str(symbol) or _symbol(node.get("name")), node
        if depth < 8:
            properties = node.get("properties")
            template = properties.get("template") if isinstance(properties, dict) else None
            inner = template.get("resources") if isinstance(template, dict) else None
            yield from _json_resources(node.get("resources"), kind, key, depth + 1)
            yield from _json_resources(inner, "", key, depth + 1)


def _symbol(name: object) -> str:
    """The literal, or what an expression names last: ``[parameters('account')]`` -> account."""
    text = name if isinstance(name, str) else ""
    quoted = re.findall(r"'([^']{0,200})'", text[:2000]) if text.startswith("[") else [text]
    names = [part for part in quoted if re.fullmatch(r"[\w.-]{1,100}", part)]
    return names[-1] if names else ""


def _flat(node: dict[str, Any]) -> list[tuple[str, Any]]:
    properties, sku = node.get("properties"), node.get("sku")
    flat = list(node.items())
    flat += list(properties.items()) if isinstance(properties, dict) else []
    if isinstance(sku, dict):
        flat.append(("sku", sku.get("name")))
    return [(str(key), value) for key, value in flat]


def _resolved(value: object, texts: dict[str, str]) -> str:
    if not isinstance(value, str):
        return ""
    found = re.fullmatch(r"\[(?:parameters|variables)\('(\w{1,120})'\)\]", value)
    if found:
        return texts.get(found[1], "")
    return "" if value.startswith("[") else value


def _json_model(node: dict[str, Any], texts: dict[str, str]) -> tuple[str, ...]:
    properties = node.get("properties")
    model = properties.get("model") if isinstance(properties, dict) else None
    if not isinstance(model, dict):
        return ()
    name = _resolved(model.get("name"), texts)
    return (_versioned(name, _resolved(model.get("version"), texts)),) if name else ()


READERS = (
    Reader("bicep", by_suffix(".bicep"), _read),
    Reader(
        "arm-json",
        by_suffix(".json"),
        _read_json,
        (b"deploymenttemplate.json", b"microsoft.cognitiveservices/",
         b"microsoft.machinelearningservices/"),
    ),
)  # fmt: skip
