"""What people ask of the graph: ways, reach, exposure, reasons, neighbours, changes.

Every answer names things of the graph and the edges by which it holds; :func:`scanner.graph.part`
makes a networkx graph of any of them. Nothing is concluded that a walk's table does not allow
(:mod:`scanner.graph.steps`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scanner.graph.build import AssetGraph
from scanner.graph.exposed import matters, openness
from scanner.graph.kernel import Tree
from scanner.graph.paths import Hop, Path, hop_of, path_of
from scanner.graph.steps import ANY, CONTROL, FLOW, Walk
from scanner.model.base import Model, NodeId
from scanner.model.errors import ConfigError
from scanner.model.evidence import Confidence
from scanner.model.facts import Edge, NodeFact

WALKS = {"flow": FLOW, "control": CONTROL, "any": ANY}


def paths(
    graph: AssetGraph,
    starts: Iterable[NodeId],
    goals: Iterable[NodeId],
    walk: Walk = FLOW,
    most: int = 5,
) -> tuple[Path, ...]:
    """The shortest ways from any start to any goal, ``most`` of them, without circles; first that
    of every start and that of every goal."""
    columns = graph.columns
    found = columns.kernel.paths(columns.numbers(starts), columns.numbers(goals), walk, most)
    return tuple(path_of(columns, way, walk) for way in found)


def has_longer(
    graph: AssetGraph, starts: Iterable[NodeId], goals: Iterable[NodeId], walk: Walk = FLOW
) -> bool:
    """Whether something lies on ways that are too long to be among :func:`paths`."""
    columns = graph.columns
    ends = columns.numbers(starts), columns.numbers(goals)
    return bool(all(ends)) and columns.kernel.between(*ends, walk)[1]


def joined(
    graph: AssetGraph, starts: Iterable[NodeId], goals: Iterable[NodeId], walk: Walk = FLOW
) -> tuple[NodeId, ...]:
    """Those of ``starts`` that have a way to a goal other than themselves."""
    columns = graph.columns
    found = columns.kernel.leading(columns.numbers(starts), columns.numbers(goals), walk)
    return tuple(columns.ids[number] for number in sorted(found))


@dataclass(frozen=True)
class Reach:
    """What a walk reaches from one thing."""

    graph: AssetGraph
    start: NodeId
    walk: Walk
    tree: Tree

    @cached_property
    def things(self) -> tuple[tuple[NodeId, int], ...]:
        """With their distance in hops, the nearest first; without the start itself."""
        ids = self.graph.columns.ids
        found = [(ids[n], int(self.tree.hops[n])) for n in self.tree.reached]
        return tuple(sorted((row for row in found if row[1]), key=lambda row: (row[1], row[0])))

    def path(self, ident: NodeId) -> Path:
        """The shortest way there. Raises ``ConfigError`` for what is not reached."""
        number = self.graph.columns.number(ident)
        way = self.tree.path(number) if number is not None else []
        if not way:
            raise ConfigError(f"`{ident}` is not reached from `{self.start}`")
        return path_of(self.graph.columns, way, self.walk)

    @cached_property
    def last_hops(self) -> Mapping[NodeId, tuple[Hop, Confidence]]:
        """Of all that is reached, the hop that leads to it, and how sure the whole way is."""
        columns, before = self.graph.columns, self.tree.before
        sure: dict[NodeId, Confidence] = {self.start: Confidence.CERTAIN}
        found: dict[NodeId, tuple[Hop, Confidence]] = {}
        for ident, _ in self.things:
            number = columns.number(ident)
            assert number is not None  # noqa: S101 - it was reached
            above = int(before[number])
            hop = hop_of(columns, above, number, self.walk)
            grade = min(sure[columns.ids[above]], hop.confidence, key=lambda one: one.rank)
            sure[ident] = grade
            found[ident] = (hop, grade)
        return found

    @property
    def sensitive(self) -> tuple[NodeId, ...]:
        """Stores of sensitive data among what is reached, by more than a hint."""
        return tuple(one for one, _ in self.things if matters(self.graph, one))


def reach(graph: AssetGraph, ident: NodeId, walk: Walk = CONTROL, most: int | None = None) -> Reach:
    """``most``: hops; None: all the way. Raises ``ConfigError`` for what is not in the graph."""
    number = graph.columns.number(ident)
    if number is None:
        raise ConfigError(f"`{ident}`: not in the graph")
    tree = graph.columns.kernel.reach([number], walk, most)
    return Reach(graph, graph.entities.of(ident), walk, tree)


def blast_radius(graph: AssetGraph, ident: NodeId) -> Reach:
    """All that whoever holds the thing (a key, a role, a function) reaches with it."""
    return reach(graph, ident, CONTROL)


def neighbours(graph: AssetGraph, ident: NodeId, hops: int = 1) -> Reach:
    """Whatever is related to it, in any direction."""
    return reach(graph, ident, ANY, hops)


class Exposure(Model, frozen=True, kw_only=True):
    """A thing that anybody can reach, and sensitive data behind it."""

    entry: NodeId
    how: tuple[str, ...]
    store: NodeId
    data_classes: tuple[str, ...]
    path: Path


def exposure(graph: AssetGraph) -> tuple[Exposure, ...]:
    """Public thing -> what it runs as -> sensitive store; the shortest way of each pair, the
    shortest first."""
    columns = graph.columns
    stores = [ident for ident in graph.stores() if matters(graph, ident)]
    back = columns.kernel.reach(columns.numbers(stores), CONTROL.reversed)
    goals = [(store, goal) for store in stores if (goal := columns.number(store)) is not None]
    found: list[Exposure] = []
    for ident in sorted(graph.nodes):
        how = openness(graph.nodes[ident])
        number = columns.number(ident)
        if not how or number is None or back.hops[number] < 0:
            continue
        near = columns.kernel.near(number, CONTROL)
        for store, goal in goals:
            way = near.path(goal)
            if way:
                found.append(
                    Exposure(
                        entry=ident,
                        how=how,
                        store=store,
                        data_classes=_classes(graph, store),
                        path=path_of(columns, way, CONTROL),
                    )
                )
    return tuple(sorted(found, key=lambda one: (len(one.path.nodes), one.entry, one.store)))


def behind_open(graph: AssetGraph, stores: Iterable[NodeId]) -> tuple[NodeId, ...]:
    """Those of ``stores`` that some open thing reaches."""
    columns = graph.columns
    doors = [ident for ident, node in graph.nodes.items() if openness(node)]
    ahead = columns.kernel.reach(columns.numbers(doors), CONTROL).hops
    return tuple(
        store
        for store in stores
        if (number := columns.number(store)) is not None and ahead[number] >= 0
    )


def hinted(graph: AssetGraph) -> list[NodeId]:
    """Stores whose sensitive classes are guesses by a name."""
    return [
        ident
        for ident in graph.stores()
        if graph.data.is_sensitive(ident) and not matters(graph, ident)
    ]


def unlabelled(graph: AssetGraph) -> list[NodeId]:
    """Stores of which nothing is known."""
    return [
        ident
        for ident in graph.stores()
        if not graph.data.labels(ident) and not matters(graph, ident)
    ]


def _classes(graph: AssetGraph, store: NodeId) -> tuple[str, ...]:
    return tuple(label.data_class for label in graph.data.labels(store) if label.is_sensitive)


class Reasons(Model, frozen=True, kw_only=True):
    """Why two nodes belong together."""

    same: tuple[Edge, ...]
    """They are views of one thing, by these."""
    candidates: tuple[Edge, ...]
    """They may be, and a person has not said yet."""
    flow: tuple[Path, ...]
    control: tuple[Path, ...]
    related: tuple[Path, ...]
    """The shortest ways of any kind, in any direction; only where nothing else joins them."""


def why(graph: AssetGraph, one: NodeId, other: NodeId, most: int = 3) -> Reasons:
    """What joins the two, with the evidence of every hop."""
    entities = graph.entities
    if entities.of(one) == entities.of(other):
        views = frozenset(entities.all_of(one))
        same = tuple(e for e in entities.accepted if {e.source, e.target} <= views)
        return Reasons(same=same, candidates=(), flow=(), control=(), related=())
    mine, theirs = frozenset(entities.all_of(one)), frozenset(entities.all_of(other))
    candidates = tuple(
        e
        for e in entities.candidates
        if (e.source in mine and e.target in theirs) or (e.source in theirs and e.target in mine)
    )

    def both(walk: Walk) -> tuple[Path, ...]:
        return paths(graph, [one], [other], walk, most) or paths(graph, [other], [one], walk, most)

    flow, control = both(FLOW), both(CONTROL)
    related = () if flow or control else paths(graph, [one], [other], ANY, most)
    return Reasons(
        same=(), candidates=candidates, flow=flow, control=control, related=related
    )  # fmt: skip


class Change(Model, frozen=True, kw_only=True):
    """``what``: added, removed or changed."""

    what: str
    key: str
    name: str
    fields: tuple[tuple[str, str, str], ...] = ()
    """Field, before, after."""


class Changes(Model, frozen=True, kw_only=True):
    nodes: tuple[Change, ...]
    edges: tuple[Change, ...]


_NOT_COMPARED = ("id", "evidence")


def diff(before: AssetGraph, after: AssetGraph) -> Changes:
    """What changed of the facts; evidence alone (a count, a date) is no change."""
    return Changes(
        nodes=tuple(_changes(before.nodes, after.nodes)),
        edges=tuple(_changes(before.edges, after.edges)),
    )


def _changes(
    before: Mapping[Any, NodeFact | Edge], after: Mapping[Any, NodeFact | Edge]
) -> list[Change]:
    found: list[Change] = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        shown = new if new is not None else old
        name = getattr(shown, "name", "") or key
        if old is None or new is None:
            found.append(Change(what="removed" if new is None else "added", key=key, name=name))
        elif fields := _fields(old, new):
            found.append(Change(what="changed", key=key, name=name, fields=fields))
    return found


def _fields(old: NodeFact | Edge, new: NodeFact | Edge) -> tuple[tuple[str, str, str], ...]:
    if type(old) is not type(new):
        return (("type", type(old).__name__, type(new).__name__),)
    return tuple(
        (field, _text(getattr(old, field)), _text(getattr(new, field)))
        for field in new.__struct_fields__
        if field not in _NOT_COMPARED and getattr(old, field) != getattr(new, field)
    )


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={text}" for key, text in sorted(value.items()))
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
