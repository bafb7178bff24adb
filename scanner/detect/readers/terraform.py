"""Terraform and OpenTofu: AI resources, AI modules, accelerators and permissions to use AI.

Owns ``.tf``, ``.tofu`` and their JSON form (https://opentofu.org/docs/language/syntax/json/).
Refuses to evaluate: a value that is not written down stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from scanner.detect.infra import accelerators, grants
from scanner.detect.infra.cut import HCL, Cut, cut
from scanner.detect.infra.declared import Declared, by_squashed, declared, squash
from scanner.detect.infra.resource import models_in, resource
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix, walk
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.facts import AssetClass
from scanner.rulebook.types import ResourceForm

_BLOCK = expression(
    r"^[ \t]{0,8}(?P<kind>resource|data|ephemeral)[ \t]{1,8}\"(?P<type>[\w-]{1,100})\"[ \t]{1,8}"
    r"\"(?P<name>[\w.-]{1,200})\"[ \t]{0,8}(?P<open>\{)",
    re.M,
)
_MODULE = expression(r"^[ \t]{0,8}module[ \t]{1,8}\"(?P<name>[\w.-]{1,200})\"[ \t]{0,8}\{", re.M)
_SOURCE = expression(r"^[ \t]{0,20}source[ \t]{0,40}=[ \t]{0,8}\"([^\"\n$]{1,300})\"", re.M)
_LITERAL = expression(r"\b([\w-]{1,60})\"?[ \t]{0,40}[=:][ \t]{0,8}\"([^\"\n$\\]{1,200})\"")
_TYPE = expression(r"^[ \t]{0,20}type[ \t]{0,40}=[ \t]{0,8}\"([\w./]{3,150})@[\w-]{1,30}\"", re.M)
_ASSIGNS_ROLE = expression(
    r"(?:role|for_each|role_definition_(?:id|name)|roles|role_id|policy_arns?|policy_arn|permissions|managed_policy_arns"
    r"|[\w-]{0,40}polic(?:y|ies)[\w-]{0,20}|[\w-]{0,40}roles?)\"?\s{0,40}(?:=|:)\s{0,8}"
    r"(?:\w{1,20}\()?[\[{(]?[^\]=]{0,150}[\"'/]$",
    re.I,
)
_MODEL_BLOCK = expression(r"\bmodel[ \t]{0,8}=?[ \t]{0,8}\{")
_INTEREST = expression(r"sagemaker|bedrock|vertex|cognitive|openai|-ai\b|genai|llm", re.I)


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    text = source.text
    blocks = [
        (m, found) for m in _BLOCK.finditer(text) if (found := _declared(knowledge, m["type"]))
    ]
    literals = grants.LITERALS + grants.AZURE_LITERALS
    has_grant = any(literal in source.lowered for literal in literals)
    if not (
        blocks
        or has_grant
        or accelerators.may_ask(text)
        or "azapi" in text
        or ("module" in text and _INTEREST.search(text))
    ):
        return
    where = cut(text, HCL)
    for match in _BLOCK.finditer(where.text):
        yield from _resource(knowledge, where, match)
    for match in _MODULE.finditer(where.text):
        yield from _module(knowledge, where, match)
    yield from accelerators.asked(where)
    if has_grant:
        yield from grants.statements(knowledge, where)
        yield from grants.roles(knowledge, where.text, _ASSIGNS_ROLE)


def _declared(knowledge: Knowledge, name: str) -> Declared | None:
    """``awscc_`` types are generated from CloudFormation's."""
    if name.startswith("awscc_"):
        squashed = "aws" + squash(name[6:])
        return by_squashed(knowledge, ResourceForm.CLOUDFORMATION, squashed) or declared(
            knowledge, ResourceForm.TERRAFORM, "aws_" + name[6:]
        )
    return declared(knowledge, ResourceForm.TERRAFORM, name)


def _resource(knowledge: Knowledge, where: Cut, match: re.Match[str]) -> Iterator[Found]:
    name = match["type"]
    found = _declared(knowledge, name)
    block = where.block(match.start("open"))
    if found is None and name.startswith("azapi_"):
        said = _TYPE.search(block)
        name = said[1] if said else name
        found = declared(knowledge, ResourceForm.ARM, name) if said else None
    if found is None:
        return
    address = f"{name}.{match['name']}"
    values = [(m[1], m[2]) for m in _LITERAL.finditer(block)]
    models = _azure_model(block) + models_in(values)
    made = resource(found, name, match.start("type"), address, values, models)
    yield made if match["kind"] == "resource" else _looked_up(made)


def _looked_up(made: Found) -> Found:
    """A data block reads what is declared elsewhere: use, but no thing of its own."""
    return replace(made, part="", asset_class=None, name="", tags=())


def _azure_model(block: str) -> tuple[str, ...]:
    """``model { format = "OpenAI" name = "gpt-4o" version = "2024-08-06" }``"""
    found = []
    for match in _MODEL_BLOCK.finditer(block):
        inner = block[match.end() :].partition("}")[0][:2000]
        name = re.search(r"\bname[ \t]{0,40}=[ \t]{0,8}\"([^\"\n$]{1,100})\"", inner)
        version = re.search(r"\bversion[ \t]{0,40}=[ \t]{0,8}\"([^\"\n$]{1,60})\"", inner)
        if name:
            found.append(f"{name[1]}-{version[1]}" if version else name[1])
    return tuple(found)


def _module(knowledge: Knowledge, where: Cut, match: re.Match[str]) -> Iterator[Found]:
    """A module whose address names an AI service (``aws-ia/bedrock/aws``)."""
    block = where.block(match.end() - 1)
    said = _SOURCE.search(block)
    provider = _module_provider(knowledge, said[1]) if said else ""
    if not said or not provider:
        return
    values = [(m[1], m[2]) for m in _LITERAL.finditer(block)]
    found = Declared(provider, AssetClass.OTHER, Confidence.MEDIUM)
    address = f"module.{match['name']}"
    start = match.end() + said.start(1)
    yield resource(found, said[1], start, address, values, models_in(values))


_MODULE_WORDS: dict[str, tuple[str, ...]] = {
    "sagemaker": ("aws_sagemaker",),
    "bedrock": ("aws_bedrock",),
    "agentcore": ("aws_bedrock",),
    "vertex": ("google_vertex",),
    "openai": ("azure_openai",),
    "cognitive": ("azure_ai", "azure_openai"),
    "cognitiveservices": ("azure_ai", "azure_openai"),
    "foundry": ("azure_ai", "azure_openai"),
}
"""Words in the address of a module that name a cloud's AI service."""


def _module_provider(knowledge: Knowledge, address: str) -> str:
    """Local paths, too: ``./modules/sagemaker-endpoint`` wraps what it is called by."""
    for word in re.split(r"[^a-z0-9]+", address.lower().partition("?")[0]):
        provider = grants.known(knowledge, *_MODULE_WORDS.get(word, ()))
        if provider:
            return provider
    return ""


def _read_json(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    document = source.json
    if not isinstance(document, dict):
        return
    for kind in ("resource", "data"):
        for name, named in _items(document.get(kind)):
            found = _declared(knowledge, name)
            at = source.find(f'"{name}"') + 1
            for own, body in _items(named) if found else ():
                address = f"{name}.{own}"
                values = [(p[-1], v) for p, v in walk(body, 5000) if p and isinstance(v, str)]
                values = [(key, value) for key, value in values if "${" not in value]
                if found:
                    made = resource(found, name, at, address, values, models_in(values))
                    yield made if kind == "resource" else _looked_up(made)
    yield from grants.documents(knowledge, source, (node for _, node in walk(document)))
    where = cut(source.text, HCL)
    yield from grants.statements(knowledge, where)
    yield from accelerators.asked(where)


def _items(value: object) -> list[tuple[str, object]]:
    """A block may be a mapping, or a list of mappings."""
    if isinstance(value, dict):
        return [(str(key), inner) for key, inner in value.items()]
    if isinstance(value, list):
        return [pair for item in value[:1000] if isinstance(item, dict) for pair in _items(item)]
    return []


READERS = (
    Reader("terraform", by_suffix(".tf", ".tofu"), _read, (b"resource", b"module", b"data ")),
    Reader("terraform-json", by_suffix(".tf.json", ".tofu.json"), _read_json),
)
