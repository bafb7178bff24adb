"""A large graph as a small one that can be drawn: business units and the vendors that they use; and
places for the nodes of a part, the same every time.

A unit is where an asset is billed or kept, as far as sources tell: the organizational unit of its
account, else the account or tenant, else the organization of its repository.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from scanner.graph.build import AssetGraph
from scanner.graph.flows import Flow
from scanner.graph.part import Part
from scanner.model.base import Model, NodeId
from scanner.model.facts import Account, Asset, Relation
from scanner.model.keys import holder_of

NOWHERE = "not known"
_DEPTH = 8
_PASSES = 4


class Cell(Model, frozen=True, kw_only=True):
    """What one unit has of one vendor. ``assets`` and ``people`` are counts of things."""

    unit: str
    provider: str
    """Catalogue id; empty: no vendor is known."""
    assets: int
    people: int
    flows: int
    data_classes: tuple[str, ...]
    """Of the flows, the sensitive first."""
    is_sensitive: bool
    members: tuple[NodeId, ...]
    """The assets, for whoever opens the cell."""


def unit_of(graph: AssetGraph, ident: NodeId) -> str:
    account = graph.account_of(ident) or graph.account_of(holder_of(ident) or ident)
    if account is None:
        place = holder_of(ident) or ident
        if place.startswith("git:") and place.count("/") >= 2:
            return "/".join(place.removeprefix("git:").split("/")[:2])
        return NOWHERE
    units = [
        holder
        for holder in graph.holders(account, _DEPTH)
        if isinstance(graph.node(holder), Account)
    ]
    # The root of an organization holds everybody: what is directly below it is the unit.
    return graph.name_of(units[0] if len(units) > 1 else account)


def overview(graph: AssetGraph, flows: Iterable[Flow] = ()) -> tuple[Cell, ...]:
    """In order of unit and vendor; parts that another asset speaks for are left out."""
    members: defaultdict[tuple[str, str], list[Asset]] = defaultdict(list)
    for asset in graph.assets():
        if graph.entities.of(asset.id) == asset.id and not graph.is_part(asset.id):
            members[unit_of(graph, asset.id), asset.provider].append(asset)
    by_caller: defaultdict[tuple[NodeId, str], list[Flow]] = defaultdict(list)
    for flow in flows:
        by_caller[flow.through, flow.provider].append(flow)
    return tuple(
        _cell(graph, unit, provider, assets, by_caller)
        for (unit, provider), assets in sorted(members.items())
    )


def _cell(
    graph: AssetGraph,
    unit: str,
    provider: str,
    assets: list[Asset],
    by_caller: Mapping[tuple[NodeId, str], list[Flow]],
) -> Cell:
    people = {
        graph.entities.of(edge.target)
        for asset in assets
        for edge in graph.out_edges(asset.id, Relation.USED_BY)
    }
    mine = [flow for asset in assets for flow in by_caller.get((asset.id, provider), ())]
    labels = {label.data_class: label for flow in mine for label in flow.labels}
    ordered = sorted(labels.values(), key=lambda label: (not label.is_sensitive, label.data_class))
    return Cell(
        unit=unit,
        provider=provider,
        assets=len(assets),
        people=len(people),
        flows=len(mine),
        data_classes=tuple(label.data_class for label in ordered),
        is_sensitive=any(label.is_sensitive for label in ordered),
        members=tuple(asset.id for asset in assets),
    )


def places(part: Part) -> dict[NodeId, tuple[float, float]]:
    """From left to right by the direction of edges, each column ordered so that edges cross little.
    Coordinates from 0 to 1; equal parts give equal places."""
    nodes = sorted({*part.nodes, *(end for source, target, _ in part.edges
                                   for end in (source, target))})  # fmt: skip
    after: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
    before: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
    for source, target, _ in part.edges:
        if source != target:
            after[source].add(target)
            before[target].add(source)
    columns = _columns(nodes, before, after)
    _uncross(columns, before, after)
    wide = max(1, len(columns) - 1)
    return {
        ident: (round(x / wide, 4), round((y + 0.5) / len(column), 4))
        for x, column in enumerate(columns)
        for y, ident in enumerate(column)
    }


def _columns(
    nodes: list[NodeId],
    before: Mapping[NodeId, set[NodeId]],
    after: Mapping[NodeId, set[NodeId]],
) -> list[list[NodeId]]:
    """By the steps from what nothing leads to; of a circle its first node begins."""
    column: dict[NodeId, int] = {}
    front = [ident for ident in nodes if not before.get(ident)]
    left = list(nodes)
    while left:
        if not front:
            front = left[:1]
        depth = 0
        while front:
            for ident in front:
                column[ident] = depth
            depth += 1
            front = sorted(
                {other for ident in front for other in after.get(ident, ()) if other not in column}
            )
        left = [ident for ident in left if ident not in column]
    found: list[list[NodeId]] = [[] for _ in range(max(column.values(), default=0) + 1)]
    for ident in nodes:
        found[column[ident]].append(ident)
    return found


def _uncross(
    columns: list[list[NodeId]],
    before: Mapping[NodeId, set[NodeId]],
    after: Mapping[NodeId, set[NodeId]],
) -> None:
    """Each node to the middle of its neighbours (Sugiyama, Tagawa and Toda 1981)."""
    place = {ident: y / len(column) for column in columns for y, ident in enumerate(column)}
    for _ in range(_PASSES):
        for column in columns:
            middle = {}
            for ident in column:
                near = [place[other] for side in (before, after) for other in side.get(ident, ())]
                middle[ident] = sum(near) / len(near) if near else place[ident]
            column.sort(key=lambda ident: (middle[ident], ident))
            place.update({ident: y / len(column) for y, ident in enumerate(column)})
