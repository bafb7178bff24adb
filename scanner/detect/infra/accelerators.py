"""Accelerators that files ask for. Decides no provider: a GPU is nobody's AI yet. Their names stand
in :mod:`scanner.kit.accelerators`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.infra.cut import Cut
from scanner.detect.source import Found
from scanner.kit.accelerators import CARD, INSTANCE
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.facts import AssetClass
from scanner.model.items import HitKind

PART = "compute/gpu"
RULE = "accelerator"

_QUOTED = expression(rf"[\"'](?P<x>{INSTANCE}|{CARD})[\"']")
_KEYED = expression(
    r"(?P<key>[A-Za-z_][\w.-]{0,60})[\"']?\s{0,6}(?:[:=]|=>)\s{0,6}(?:(?:to|new|\w{1,20}\()?[\[{(]?[^\[\](){}=:]{0,160})?$"
)
_MADE = expression(r"(?P<key>[Ii]nstance_?[Tt]ype)\w{0,20}\(\s{0,4}(?:jsii\.String\()?$")
_KEY = expression(r"(?:types?|size|sku|skus?name|shape|default|flavou?r|class|accelerators?|gpu)$")
_LITERALS = (
    "large", "metal", "Standard_N", "highgpu", "megagpu", "ultragpu", "edgegpu", "maxgpu",
    "-standard-", "hightpu", ".GPU", "nvidia-", "tpu-v", "pod", ".medium",
)  # fmt: skip


def may_ask(text: str) -> bool:
    """Cheap: whether such a name stands anywhere."""
    return any(literal in text for literal in _LITERALS)


def asked(where: Cut) -> Iterator[Found]:
    """Accelerators that a quoted value asks for, under a key that means a type, a size or a
    default; not those in a list of what would be allowed. Each name once."""
    seen: set[str] = set()
    for match in _QUOTED.finditer(where.text):
        name = match["x"]
        lead = where.text[max(0, match.start() - 240) : match.start()]
        key = _MADE.search(lead) or _KEYED.search(lead)
        if name not in seen and key is not None and _is_type(key["key"]):
            seen.add(name)
            yield compute(name, match.start("x"))


def _is_type(key: str) -> bool:
    """Whether a key means a type, a size or a default; not what would be allowed."""
    lowered = key.lower().replace("_", "")
    return "allowed" not in lowered and _KEY.search(lowered) is not None


def asked_in_yaml(text: str) -> Iterator[Found]:
    """The same where values need no quotes: ``InstanceType: g5.xlarge`` or a list below it."""
    seen: set[str] = set()
    for match in _YAML.finditer(text):
        key = match["key"] or _list_key(text, match.start())
        name = match["x"]
        if name not in seen and _is_type(key):
            seen.add(name)
            yield compute(name, match.start("x"))


_YAML = expression(
    r"^[ \t]{0,60}(?:-[ \t]{1,4})?(?:[\"']?(?P<key>[A-Za-z_][\w./-]{0,60})[\"']?:[ \t]{1,8}"
    r"|-[ \t]{1,8})"
    rf"\[?[\"']?(?P<x>{INSTANCE}|{CARD})[\"']?[ \t]{{0,8}}(?:[,\]]|#|\r?$)",
    re.M,
)
_LIST_KEY = expression(
    r"([\w./-]{1,60})[\"']?:[ \t]{0,8}\r?\n(?:[ \t]{0,60}-[^\n]{0,120}\n){0,20}\Z"
)


def _list_key(text: str, at: int) -> str:
    """The key of the list that an item at ``at`` belongs to."""
    found = _LIST_KEY.search(text[max(0, at - 600) : at])
    return found[1] if found else ""


def asked_by_class(where: Cut) -> Iterator[Found]:
    """CDK's ``ec2.InstanceClass.G5``: the family without a size."""
    for name, start in {m["x"]: m.start("x") for m in _CLASS.finditer(where.text)}.items():
        yield compute(name.lower(), start)


_CLASS = expression(
    r"\bInstanceClass\.(?P<x>P[2-6][A-Z]{0,2}|G[3-6][A-Z0-9]{0,4}|INF[12]|TRN[1-3]N?)\b"
)


def compute(
    name: str, start: int, tag: str = "instance_type", confidence: Confidence = Confidence.HIGH
) -> Found:
    """Accelerators are one thing of their holder, however often they are asked for."""
    return Found(
        HitKind.COMPUTE,
        name,
        start,
        confidence=confidence,
        part=PART,
        asset_class=AssetClass.COMPUTE,
        name="Accelerators",
        tags=((tag, name),),
        rule=RULE,
    )
