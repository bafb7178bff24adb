"""Which data goes to whom: from stores through AI assets to vendors, by whose key, across what.

A flow is declared or seen: a store that an asset reads, an asset that calls a vendor, and what lies
between. What a role would merely allow is no flow. One flow is one store, one vendor and one asset
that hands the data over; its path is the shortest of the surest, and what the same data also pass
on their way to that asset stands beside it and is judged with it. An AI asset hands what reaches it
to whoever supplies it, whatever else comes after; that is told once where a flow to the same vendor
passes through it and is as sure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from scanner.graph.build import AssetGraph
from scanner.graph.data import Label
from scanner.graph.paths import Hop, Path, hop_of, path_of
from scanner.graph.steps import FLOW
from scanner.graph.uncollected import uncollected
from scanner.graph.ways import Ways
from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, Credential, Relation

if TYPE_CHECKING:
    from scanner.graph.columns import Columns
    from scanner.graph.kernel import Near

PROVIDER = "provider:"


class Flow(Model, frozen=True, kw_only=True):
    store: NodeId
    labels: tuple[Label, ...]
    provider: str
    """Catalogue id of who gets the data."""
    through: NodeId
    """The asset that hands it over."""
    keys: tuple[NodeId, ...]
    """By which it does, as far as they are known."""
    path: Path
    """From the store to the vendor, or to the asset that is the vendor's own service."""
    areas: tuple[str, ...]
    """Countries on any of the ways, as far as they are known, each once."""
    environments: tuple[str, ...]
    crosses: tuple[str, ...]
    """``border``, ``environment``."""
    confidence: Confidence
    beside: tuple[NodeId, ...] = ()
    """What lies on other ways of the same data to ``through``, and not on ``path``."""

    @property
    def is_sensitive(self) -> bool:
        return any(label.is_sensitive for label in self.labels)

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """All that the data pass."""
        return (*self.path.nodes, *self.beside)


@uncollected()
def data_flows(graph: AssetGraph) -> tuple[Flow, ...]:
    """All, in order of vendor, store and asset."""
    stores = list(graph.stores())
    if not stores:
        return ()
    columns = graph.columns
    callers = _callers(graph)
    back = columns.kernel.reach(columns.numbers(callers), FLOW.reversed)
    handing = {number: ident for ident in callers if (number := columns.number(ident)) is not None}
    leads_on = back.hops >= 0
    """What reaches no asset that hands data over is on no way to one."""
    found: list[Flow] = []
    for ident in stores:
        number = columns.number(ident)
        if number is None or not leads_on[number]:
            continue
        near = columns.kernel.near(number, FLOW, leads_on)
        reached = [handing[other] for other in near.hops if other in handing]
        ways = _ways(columns, near, number)
        flows = list(_of(graph, ident, ways, {caller: callers[caller] for caller in reached}))
        found += _each_vendor_once(columns, ways, flows)
    return tuple(sorted(found, key=lambda flow: (flow.provider, flow.store, flow.through)))


def _ways(columns: Columns, near: Near, start: int) -> Ways:
    return Ways(near, start, lambda one, other: hop_of(columns, one, other, FLOW).confidence.rank)


def _callers(graph: AssetGraph) -> dict[NodeId, frozenset[str]]:
    """Assets that hand data to a vendor: who they call, and of AI whose service it is."""
    found: defaultdict[NodeId, set[str]] = defaultdict(set)
    for edge in graph.edges.values():
        if edge.relation is Relation.CALLS and edge.target.startswith(PROVIDER):
            source = graph.node(edge.source)
            if isinstance(source, Asset):
                found[graph.entities.of(edge.source)].add(edge.target.removeprefix(PROVIDER))
    for asset in graph.assets():
        if asset.provider:
            found[graph.entities.of(asset.id)].add(asset.provider)
    return {ident: frozenset(names) for ident, names in sorted(found.items())}


def _of(
    graph: AssetGraph, store: NodeId, ways: Ways, callers: dict[NodeId, frozenset[str]]
) -> Iterator[Flow]:
    columns = graph.columns
    for caller, names in callers.items():
        number = columns.number(caller)
        if number is None:
            continue
        inside = ways.to(number)
        way = ways.best(number)
        beside = tuple(columns.ids[one] for one in sorted(inside.difference(way)))
        for name in sorted(names):
            vendor = NodeId(PROVIDER + name)
            goal = columns.number(vendor)
            calls = goal is not None and bool(columns.kernel.edges(number, goal, FLOW))
            if not calls and caller == graph.entities.of(store):
                continue  # data that rests in a service goes nowhere by that
            whole = [*way, goal] if calls and goal is not None else way
            yield _flow(graph, store, caller, name, path_of(columns, whole, FLOW), beside)


def _each_vendor_once(columns: Columns, ways: Ways, every: list[Flow]) -> list[Flow]:
    """Of one store. Without those that end in an asset's own service and that another, as sure,
    leads through on its way to the same vendor: a model behind its endpoint, a base behind its
    agent. Where no other does, nothing is left out."""
    own = {
        (flow.provider, flow.through)
        for flow in every
        if not flow.path.nodes[-1].startswith(PROVIDER)
    }
    passed: dict[tuple[str, NodeId], int] = {}
    for flow in every:
        for ident in flow.nodes:
            key = (flow.provider, ident)
            if ident != flow.through and key in own:
                sure = _by(columns, ways, flow, ident).confidence.rank
                passed[key] = max(passed.get(key, -1), sure)
    return [
        flow
        for flow in every
        if flow.path.nodes[-1].startswith(PROVIDER)
        or passed.get((flow.provider, flow.through), -1) < flow.confidence.rank
    ]


def _by(columns: Columns, ways: Ways, flow: Flow, ident: NodeId) -> Path:
    """The flow's best way by one of its nodes."""
    if ident not in flow.beside:
        return flow.path
    node, goal = columns.number(ident), columns.number(flow.through)
    assert node is not None and goal is not None  # noqa: S101, PT018 - the flow is of this graph
    way = ways.by(node, goal)
    ends = [columns.number(one) for one in flow.path.nodes if one.startswith(PROVIDER)]
    return path_of(columns, [*way, *(end for end in ends if end is not None)], FLOW)


class Narrowing:
    """Flows as far as they go by one of their nodes; what is worked out of a flow is kept, as a
    store that hundreds share is asked of by every one of them."""

    def __init__(self, graph: AssetGraph) -> None:
        self._graph = graph
        self._known: dict[tuple[NodeId, NodeId, str], tuple[Flow, Ways]] = {}

    def of(self, flow: Flow, ident: NodeId) -> Flow:
        """What is on no way with ``ident`` is no doing of it."""
        ident = self._graph.entities.of(ident)
        if not flow.beside or ident in (flow.through, flow.path.nodes[0]):
            return flow
        columns = self._graph.columns
        start, goal, node = map(columns.number, (flow.path.nodes[0], flow.through, ident))
        if start is None or goal is None or node is None:
            return flow
        ways = self._ways(flow, start)
        path = _by(columns, ways, flow, ident)
        left = (columns.ids[one] for one in ways.through(node, goal))
        beside = sorted(set(left).difference(path.nodes))
        return _flow(self._graph, flow.store, flow.through, flow.provider, path, tuple(beside))

    def _ways(self, flow: Flow, start: int) -> Ways:
        key = (flow.store, flow.through, flow.provider)
        known = self._known.get(key)
        if known is None or known[0] is not flow:
            from scanner.graph.kernel import within

            columns = self._graph.columns
            inside = {number for one in flow.nodes if (number := columns.number(one)) is not None}
            near = within(columns.kernel.rows(FLOW), start, inside)
            known = self._known[key] = flow, _ways(columns, near, start)
        return known[1]


def through(graph: AssetGraph, flow: Flow, ident: NodeId) -> Flow:
    """The flow as far as it goes by ``ident``; for many of one graph there is ``Narrowing``."""
    return Narrowing(graph).of(flow, ident)


def crossing(graph: AssetGraph, flow: Flow) -> Path:
    """Of its ways the one on which data of production meet a trial, where one does."""
    trials = (ident for ident in flow.nodes if "trial" in graph.data.environments(ident))
    found = next(trials, None)
    return through(graph, flow, found).path if found is not None else flow.path


def hops_of(graph: AssetGraph, flows: Iterable[Flow]) -> Iterator[Hop]:
    """All of these flows, each once: also those of their other ways."""
    columns, told = graph.columns, set[tuple[NodeId, NodeId]]()
    rows = columns.kernel.rows(FLOW)
    for flow in flows:
        found = list(flow.path.hops)
        if flow.beside:
            inside = {number for one in flow.nodes if (number := columns.number(one)) is not None}
            first, last = flow.path.nodes[0], flow.through
            found += [
                hop_of(columns, one, other, FLOW)
                for one in sorted(inside)
                for other in sorted(inside.intersection(rows.of(one)))
                if columns.ids[one] != last and columns.ids[other] != first
            ]
        for hop in found:
            if (hop.one, hop.other) not in told:
                told.add((hop.one, hop.other))
                yield hop


def _flow(
    graph: AssetGraph, store: NodeId, caller: NodeId, provider: str, path: Path,
    beside: tuple[NodeId, ...] = (),
) -> Flow:  # fmt: skip
    data = graph.data
    on_way = [store, *path.nodes[1:], *beside]
    if not path.nodes[-1].startswith(PROVIDER):
        on_way.append(NodeId(PROVIDER + provider))
    areas = _each_once(area for ident in on_way for area in data.areas(ident))
    environments = _each_once(said for ident in on_way for said in data.environments(ident))
    is_tried = any("trial" in data.environments(ident) for ident in on_way[1:])
    from_production = "production" in data.environments(store) and is_tried
    crosses = [
        *(["border"] if len(areas) > 1 else []),
        *(["environment"] if from_production else []),
    ]
    return Flow(
        store=store,
        labels=data.labels(store),
        provider=provider,
        through=caller,
        keys=tuple(_keys(graph, caller, provider)),
        path=path,
        areas=areas,
        environments=environments,
        crosses=tuple(crosses),
        confidence=path.confidence,
        beside=beside,
    )


def _keys(graph: AssetGraph, caller: NodeId, provider: str) -> list[NodeId]:
    """Those that this vendor honours, and those of which nobody knows whose they are. A key under
    the name by which it was found, where its vendor's record is the same."""
    return sorted({
        edge.target
        for view in graph.entities.all_of(caller)
        for edge in graph.out_edges(view, Relation.AUTHENTICATES_WITH)
        if isinstance(key := graph.node(edge.target), Credential)
        and key.issuer in ("", provider)
    })  # fmt: skip


def _each_once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


class Total(Model, frozen=True, kw_only=True):
    """A row of the summary: how much of one class goes to one vendor."""

    data_class: str
    """Empty: nothing is known of the data."""
    provider: str
    stores: int
    assets: int
    crosses: tuple[str, ...]
    confidence: Confidence
    """Of the surest flow with that class."""


def totals(flows: Iterable[Flow]) -> tuple[Total, ...]:
    """By class and vendor: the matrix that a report draws."""
    rows: defaultdict[tuple[str, str], list[tuple[Flow, Confidence]]] = defaultdict(list)
    for flow in flows:
        for label in flow.labels:
            sure = min(label.confidence, flow.confidence, key=lambda one: one.rank)
            rows[label.data_class, flow.provider].append((flow, sure))
        if not flow.labels:
            rows["", flow.provider].append((flow, Confidence.LOW))
    return tuple(
        Total(
            data_class=data_class,
            provider=provider,
            stores=len({flow.store for flow, _ in found}),
            assets=len({flow.through for flow, _ in found}),
            crosses=tuple(sorted({what for flow, _ in found for what in flow.crosses})),
            confidence=max((sure for _, sure in found), key=lambda one: one.rank),
        )
        for (data_class, provider), found in sorted(rows.items())
    )
