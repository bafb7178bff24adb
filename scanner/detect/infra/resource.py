"""A declared resource as a hit: which of its written values become tags, which name a model."""

from __future__ import annotations

from scanner.detect.infra.declared import Declared, squash
from scanner.detect.source import Found
from scanner.kit.expressions import expression
from scanner.model.items import HitKind

TAGS = {
    "region": "region", "location": "region", "kind": "kind", "skuname": "sku", "sku": "sku",
    "instancetype": "instance_type", "machinetype": "machine_type", "vmsize": "instance_type",
    "workloadsize": "instance_type", "workloadtype": "instance_type",
    "nodetypeid": "instance_type", "image": "image", "containerimage": "image",
    "imageuri": "image", "framework": "framework", "version": "version",
    "versionupgradeoption": "upgrade", "displayname": "display_name",
    "endpointname": "display_name", "name": "declared_name", "agentname": "declared_name",
    "storagetype": "storage", "source": "module",
}  # fmt: skip
"""Attribute, its letters alone -> tag. Nothing that could hold a secret."""
MODEL_KEYS = frozenset((
    "foundationmodel", "modelid", "modelidentifier", "basemodelidentifier", "modelname",
    "embeddingmodelarn", "embeddingmodel", "modelarn", "hfmodelid", "entityname",
    "publishermodelname", "huggingfacemodelid", "copyfrom", "basemodel", "modelsource",
))  # fmt: skip
_ARN_MODEL = expression(r"(?:foundation-model|inference-profile)/([\w.:-]{3,100})$")
_PLACEHOLDER = expression(r"[$<>{}%]|^(?:var|local|each)\.")
_LONGEST = 200
Values = list[tuple[str, str]]
"""Attributes and their literals, in the order of the file."""


def resource(
    found: Declared,
    label: str,
    start: int,
    address: str,
    values: Values,
    models: tuple[str, ...] = (),
) -> Found:
    """``address``: the resource's own name within its holder; the first value of a tag counts."""
    tags = {
        TAGS[squash(key)]: value
        for key, value in reversed(values)
        if squash(key) in TAGS and 0 < len(value) <= _LONGEST and not _PLACEHOLDER.search(value)
    }
    return Found(
        HitKind.RESOURCE,
        label,
        start,
        provider=found.provider,
        confidence=found.confidence,
        part=f"resource/{address[:_LONGEST]}",
        asset_class=found.asset_class,
        name=address[:_LONGEST],
        tags=tuple(sorted(tags.items())),
        models=tuple(dict.fromkeys(models)),
    )


def models_in(values: Values) -> tuple[str, ...]:
    """What a key that means a model names; of an ARN its last part."""
    return tuple(
        bare_model(value)
        for key, value in values
        if squash(key) in MODEL_KEYS
        and 0 < len(value) <= _LONGEST
        and not _PLACEHOLDER.search(value)
    )


def bare_model(value: str) -> str:
    """``arn:aws:bedrock:...:foundation-model/x`` -> ``x``."""
    match = _ARN_MODEL.search(value)
    return match[1] if match else value
