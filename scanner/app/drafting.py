"""What nobody registered -> drafts of registry entries, one a system.

Owns which assets are one system: what stands in one holder (a repository, a function) is one, with
all its providers; everything with an identity of its own is its own.
"""

from __future__ import annotations

from typing import Any

from scanner.assess.owning import is_owned
from scanner.assess.policies import Situation, best_confidence
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset
from scanner.model.keys import holder_of
from scanner.model.registry import Disposition
from scanner.reconcile.proposing import Found, kind_of, propose


def draft_entries(situation: Situation) -> list[dict[str, Any]]:
    """A registry entry for every system that no entry covers; parts of what is drafted already
    (the model behind an endpoint) belong to it and get none of their own."""
    found: dict[NodeId, Found] = {}
    for asset in situation.graph.assets():
        standing = situation.reconciliation.standings[asset.id]
        if standing.status is not Disposition.UNREGISTERED:
            continue
        if best_confidence(asset.evidence).rank < Confidence.MEDIUM.rank:
            continue
        if situation.graph.is_part(asset.id):
            continue
        _add(found, asset, situation)
    return propose(found.values(), [row.entry for row in situation.reconciliation.entries])


def _add(found: dict[NodeId, Found], asset: Asset, situation: Situation) -> None:
    holder = holder_of(asset.id) or asset.id
    one = found.get(holder)
    if one is None:
        one = found[holder] = Found(
            binding=holder, binding_type=_binding_type(holder), name=asset.name,
            kind=kind_of(asset.asset_class),
        )  # fmt: skip
    else:
        node = situation.graph.node(holder)
        one.name = node.name if node is not None and node.name else one.name
        one.kind = "ai_system"
    claims = situation.owners.get(asset.id, ())
    sure = [claim for claim in claims if is_owned([claim])]
    one.owner = one.owner or (sure[0].owner if sure else "")
    one.ask = one.ask or (f"{claims[0].owner} ({claims[0].basis})" if claims else "")
    one.environment = one.environment or asset.environment
    one.providers |= {asset.provider} - {""}
    one.models |= {model.rpartition("/")[2] for model in asset.models}
    one.regions |= {asset.region} - {""}
    account = situation.graph.account_of(asset.id)
    one.accounts |= {account.rpartition("/")[2]} if account else set()
    one.assets.append(asset.id)


def _binding_type(holder: NodeId) -> str:
    if holder.startswith(("git:", "dir:")):
        return "repo"
    return "arn" if holder.startswith("arn:") else "id"
