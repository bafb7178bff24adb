"""Entries proposed for what was found: what a scan saw, ready to be reviewed and merged.

Owns the form of a draft. What nobody saw is left out, so that a person fills it in: a draft never
says that anything was approved, assessed or owned that was not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from scanner.model.facts import AssetClass
from scanner.model.registry import RegistryEntry
from scanner.rulebook.flows import bundled

_KINDS = {
    AssetClass.MODEL: "model",
    AssetClass.AGENT: "agent",
    AssetClass.MCP_SERVER: "mcp_server",
    AssetClass.SAAS_APP: "saas_ai_feature",
    AssetClass.FLOW: "pipeline",
    AssetClass.NOTEBOOK: "experiment",
}
_ID = re.compile(r"(AIR)-(\d{1,9})")


@dataclass
class Found:
    """One system that no entry covers: what carries it, and all AI that was seen in it."""

    binding: str
    binding_type: str
    name: str
    kind: str = "ai_system"
    owner: str = ""
    ask: str = ""
    """Somebody who may know the owner, and why; nobody who answers for it."""
    environment: str = ""
    providers: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    assets: list[str] = field(default_factory=list)


def kind_of(asset_class: AssetClass) -> str:
    return _KINDS.get(asset_class, "ai_system")


def propose(found: Iterable[Found], known: Sequence[RegistryEntry] = ()) -> list[dict[str, Any]]:
    """A draft a system. Ids go on after the highest of ``known``: one that is taken would make two
    systems one."""
    taken = [int(match[2]) for entry in known if (match := _ID.fullmatch(entry.id))]
    return [
        _draft(one, f"AIR-{number:04d}")
        for number, one in enumerate(found, start=max(taken, default=0) + 1)
    ]


def _draft(found: Found, ident: str) -> dict[str, Any]:
    live = found.environment.strip().casefold() in bundled().production
    draft: dict[str, Any] = {"id": ident, "name": found.name}
    if found.kind != "ai_system":
        draft["kind"] = found.kind
    if found.owner:
        draft["owner"] = found.owner
    draft["stage"] = "production" if live else "development"
    approved = {
        key: sorted(values)
        for key, values in (
            ("providers", found.providers), ("models", found.models), ("regions", found.regions),
            ("accounts", found.accounts),
            ("environments", {found.environment} if found.environment else set()),
        )
        if values
    }  # fmt: skip
    if approved:
        draft["approved"] = approved
    if found.ask and not found.owner:
        draft["extensions"] = {"ask": found.ask}
    draft["bindings"] = [{"type": found.binding_type, "value": found.binding}]
    return draft
