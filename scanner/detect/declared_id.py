"""Files at a repository's root that say which registry entry it belongs to.

Owns their names and the lines that are read of each; what they say stands under the file's name as
well, so that two that contradict each other are seen as two. Read as text, without a YAML parser:
what a repository says of itself is a claim, which the registry has to know.
"""

from __future__ import annotations

from scanner.kit.expressions import expression
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass

TAG = "ai-registry-id"
FILES = frozenset(
    {".ai-registry.yaml", ".ai-registry.yml", "catalog-info.yaml", "catalog-info.yml"}
)
_MOST_BYTES = 64 << 10
_MOST = 20
"""Ids of one file."""
_LINE = expression(
    r"^[ \t]{0,20}[\"']?(?:[\w.-]{1,100}/)?ai-registry(?:/|-)id[\"']?[ \t]{0,8}:[ \t]{0,8}"
    r"[\"']?([A-Za-z0-9][\w./:~-]{0,120})[\"']?[ \t]{0,8}(?:#.{0,200})?\r?$",
)
"""``ai-registry-id: AIR-7``, ``ai-registry/id: AIR-7``, ``ai.example/ai-registry-id: "AIR-7"``."""


def told_by(path: str, subject: NodeId, data: bytes) -> Asset | None:
    """The fact that keeps the ids with the repository; None: the file says none."""
    if path not in FILES:
        return None
    lines = data[:_MOST_BYTES].decode("utf-8", "replace").split("\n")
    told = dict.fromkeys(match[1] for line in lines if (match := _LINE.match(line[:500])))
    if not told:
        return None
    each = {f"{path}/{number}/{TAG}": ident for number, ident in enumerate([*told][:_MOST], 1)}
    return Asset(
        id=subject, kind="", name="", asset_class=AssetClass.REPOSITORY, is_ai=False,
        tags={TAG: next(iter(told)), **each},
    )  # fmt: skip
