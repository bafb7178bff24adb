"""What the page draws of a graph: things with their places, edges with what they stand on, the map
of units and vendors, and the ways worth showing. Places are found here, once, so that the browser
lays nothing out and the same state gives the same picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scanner.graph.build import AssetGraph
from scanner.graph.flows import Flow, data_flows
from scanner.graph.naming import every, label, type_of
from scanner.graph.overview import Cell, overview, places, unit_of
from scanner.graph.part import Part, among
from scanner.model.base import Model, NodeId
from scanner.model.facts import Edge, Relation
from scanner.model.finding import Finding

MOST_NODES = 60_000
"""Of a larger graph the page carries what is nearest to AI; the rest is told as left out."""
_MOST_WAYS = 200
_OTHERS = "other units"
_MOST_UNITS = 40


class Thing(Model, frozen=True, array_like=True):
    """``x``: the column from left to right, ``y``: the place in it; both from 0 to 1."""

    id: str
    label: str
    type: str
    kind: str
    x: float
    y: float
    classes: str


class Line(Model, frozen=True, array_like=True):
    """``source`` and ``target`` are numbers of things; ``basis`` is what it stands on."""

    source: int
    target: int
    relation: str
    confidence: str
    basis: str


class Way(Model, frozen=True, kw_only=True):
    """A path in order, by numbers of things."""

    title: str
    kind: str
    """``flow`` or ``finding``."""
    nodes: tuple[int, ...]
    is_sensitive: bool = False


class Square(Model, frozen=True, kw_only=True):
    """A unit's use of a vendor on the map."""

    unit: str
    provider: str
    assets: int
    people: int
    flows: int
    data_classes: tuple[str, ...]
    is_sensitive: bool
    members: tuple[int, ...]


class Picture(Model, frozen=True, kw_only=True):
    things: tuple[Thing, ...]
    lines: tuple[Line, ...]
    map: tuple[Square, ...]
    map_places: dict[str, tuple[float, float]]
    """By ``u:<unit>`` and ``p:<provider>``."""
    ways: tuple[Way, ...]
    units: dict[str, str]
    """Of every AI asset and key its business unit."""
    classes: dict[str, tuple[str, ...]]
    """Of every asset that hands data to a vendor, which classes."""
    flows: tuple[tuple[str, str, str], ...]
    """Class of data, unit, vendor: one each flow and class."""
    left_out: int = 0


def draw(graph: AssetGraph, findings: Iterable[Finding] = ()) -> Picture:
    flows = data_flows(graph)
    nodes, left_out = _chosen(graph)
    part = among(graph, nodes)
    place = places(part)
    number = {ident: at for at, ident in enumerate(part.nodes)}
    squares = _squares(overview(graph, flows))
    of = graph.entities.of
    return Picture(
        things=tuple(_thing(graph, ident, place) for ident in part.nodes),
        lines=tuple(
            _line(edge, number[source], number[target]) for source, target, edge in part.edges
        ),
        map=tuple(_square(cell, number, graph) for cell in squares),
        map_places=_map_places(squares),
        ways=tuple(_ways(graph, flows, findings, number))[:_MOST_WAYS],
        units={
            node.id: unit_of(graph, node.id) for node in (*graph.assets(), *graph.credentials())
        },
        classes=_classes(flows),
        flows=tuple(
            (one.data_class, unit_of(graph, flow.through), flow.provider)
            for flow in flows
            for one in flow.labels
        )
        + tuple(
            ("not known", unit_of(graph, of(flow.through)), flow.provider)
            for flow in flows
            if not flow.labels
        ),
        left_out=left_out,
    )


def _chosen(graph: AssetGraph) -> tuple[list[NodeId], int]:
    """AI assets and keys first, then what is joined to them, step by step, while there is room."""
    found = list(every(graph))
    if len(found) <= MOST_NODES:
        return found, 0
    front = [node.id for node in (*graph.assets(), *graph.credentials())]
    kept = dict.fromkeys(front)
    while front and len(kept) < MOST_NODES:
        step: dict[NodeId, None] = {}
        for ident in front:
            ends = [edge.target for edge in graph.out_edges(ident)]
            ends += [edge.source for edge in graph.in_edges(ident)]
            step.update((end, None) for end in ends if end not in kept)
        front = list(step)
        kept.update(step)
    chosen = list(kept)[:MOST_NODES]
    return chosen, len(found) - len(chosen)


def _thing(graph: AssetGraph, ident: NodeId, place: Mapping[NodeId, tuple[float, float]]) -> Thing:
    node = graph.node(ident)
    x, y = place.get(ident, (0.0, 0.0))
    return Thing(
        ident, label(graph, ident), type_of(node, ident), node.kind if node is not None else "",
        x, y, ", ".join(one.data_class for one in graph.data.labels(ident)),
    )  # fmt: skip


def _line(edge: Edge, source: int, target: int) -> Line:
    first = edge.evidence[0] if edge.evidence else None
    basis = ""
    if first is not None:
        where = f"{first.path}:{first.line}" if first.path and first.line else first.path
        basis = " · ".join(filter(None, (first.rule, first.source, where or first.resource)))
    return Line(source, target, str(edge.relation), str(edge.confidence), edge.detail or basis)


def _squares(cells: tuple[Cell, ...]) -> list[Cell]:
    """With the smallest units as one, where there are too many to draw."""
    sizes: dict[str, int] = {}
    for cell in cells:
        sizes[cell.unit] = sizes.get(cell.unit, 0) + cell.assets
    large = frozenset(sorted(sizes, key=lambda unit: (-sizes[unit], unit))[:_MOST_UNITS])
    merged: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        unit = cell.unit if cell.unit in large else _OTHERS
        before = merged.get((unit, cell.provider))
        merged[unit, cell.provider] = Cell(
            unit=unit, provider=cell.provider,
            assets=cell.assets + (before.assets if before else 0),
            people=cell.people + (before.people if before else 0),
            flows=cell.flows + (before.flows if before else 0),
            data_classes=tuple(dict.fromkeys((*(before.data_classes if before else ()),
                                              *cell.data_classes))),
            is_sensitive=cell.is_sensitive or bool(before and before.is_sensitive),
            members=(*(before.members if before else ()), *cell.members),
        )  # fmt: skip
    return [cell for _, cell in sorted(merged.items())]


def _square(cell: Cell, number: Mapping[NodeId, int], graph: AssetGraph) -> Square:
    members = (number.get(graph.entities.of(ident)) for ident in cell.members)
    return Square(
        unit=cell.unit, provider=cell.provider, assets=cell.assets, people=cell.people,
        flows=cell.flows, data_classes=cell.data_classes, is_sensitive=cell.is_sensitive,
        members=tuple(at for at in members if at is not None),
    )  # fmt: skip


def _map_places(cells: Iterable[Cell]) -> dict[str, tuple[float, float]]:
    edges = []
    for cell in cells:
        unit, vendor = NodeId(f"u:{cell.unit}"), NodeId(f"p:{cell.provider}")
        edges.append((unit, vendor, Edge(source=unit, target=vendor, relation=Relation.CALLS)))
    found = places(Part(nodes=(), edges=tuple(edges)))
    return {str(ident): place for ident, place in found.items()}


def _ways(
    graph: AssetGraph,
    flows: Iterable[Flow],
    findings: Iterable[Finding],
    number: Mapping[NodeId, int],
) -> Iterable[Way]:
    of = graph.entities.of
    for finding in findings:
        nodes = [number[at] for ident in finding.path if (at := of(ident)) in number]
        if finding.status.is_open and len(nodes) > 1:
            yield Way(title=finding.title, kind="finding", nodes=tuple(nodes), is_sensitive=True)
    for flow in sorted(flows, key=lambda flow: not flow.is_sensitive):
        nodes = [number[at] for ident in flow.path.nodes if (at := of(ident)) in number]
        if len(nodes) > 1:
            classes = ", ".join(one.data_class for one in flow.labels) or "data of no known class"
            yield Way(
                title=f"{classes}: {label(graph, flow.store)} to {flow.provider}",
                kind="flow", nodes=tuple(nodes), is_sensitive=flow.is_sensitive,
            )  # fmt: skip


def _classes(flows: Iterable[Flow]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for flow in flows:
        found.setdefault(flow.through, {}).update((one.data_class, None) for one in flow.labels)
    return {ident: tuple(classes) for ident, classes in found.items() if classes}
