"""An SDK in use is not its vendor in use: OpenAI's client pointed at DeepSeek calls DeepSeek.

Where every client that a holder makes with a vendor's SDK is pointed elsewhere, and nothing but the
SDK itself speaks of the vendor (no host, key, variable or model), the vendor's integration keeps
its evidence at the lowest confidence and says where the calls go.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from scanner.model.base import NodeId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Asset, NodeFact
from scanner.model.keys import holder_of, part_id

MARK = "-client-elsewhere"
"""Rule of the evidence that a client of ``<vendor>``'s SDK is pointed elsewhere."""


def calls_elsewhere(nodes: Mapping[NodeId, NodeFact]) -> dict[NodeId, Asset]:
    """Replacements for the integrations that are only an SDK."""
    targets: dict[NodeId, set[str]] = {}
    for node in nodes.values():
        holder = holder_of(node.id)
        for item in node.evidence if holder else ():
            if item.rule.endswith(MARK) and holder is not None:
                vendor = part_id(holder, f"ai/{item.rule.removesuffix(MARK)}")
                targets.setdefault(vendor, set()).add(node.id.rpartition("/")[2])
    found: dict[NodeId, Asset] = {}
    for ident, hosts in targets.items():
        asset = nodes.get(ident)
        if isinstance(asset, Asset) and all(_is_sdk(item) for item in asset.evidence):
            found[ident] = msgspec.structs.replace(
                asset,
                evidence=tuple(
                    msgspec.structs.replace(item, confidence=Confidence.LOW)
                    for item in asset.evidence
                ),
                tags={**asset.tags, "sdk-only": "its clients call " + ", ".join(sorted(hosts))},
            )
    return found


def _is_sdk(item: Evidence) -> bool:
    return item.rule.endswith(("-import", "-package"))
