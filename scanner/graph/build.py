"""Facts -> one graph. networkx is the graph that users get; everything above asks through
:class:`AssetGraph`, so that the kernel can change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from scanner.graph import ended as access
from scanner.graph import same_as, tenancy, unnamed
from scanner.graph.data import DataMap
from scanner.graph.elsewhere import calls_elsewhere
from scanner.graph.same_as import Entities
from scanner.graph.uncollected import uncollected
from scanner.kit.clocks import latest_of
from scanner.kit.lowcode import CREDENTIALS, TRIGGERS
from scanner.model.base import NodeId, ShardId
from scanner.model.decisions import SameAsDecision
from scanner.model.evidence import Evidence, whole
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Credential,
    DataStore,
    Edge,
    Fact,
    NodeFact,
    Relation,
    fact_key,
    merge_fact,
)
from scanner.model.keys import holder_of
from scanner.rulebook.flows import FlowRules
from scanner.rulebook.flows import bundled as bundled_flows
from scanner.rulebook.same_as import SameAs, bundled

if TYPE_CHECKING:
    import networkx as nx

    from scanner.graph.columns import Columns

_MOST_SLOTS = 20
HOLDS = Relation.CONTAINS
_IN_USE = (Relation.USED_BY, Relation.CREATED_BY)
_MADE_OF = (Relation.SERVES, Relation.CONFIGURED_BY, Relation.CREATED_BY)


class AssetGraph:
    """Typed nodes and edges with evidence. Ends that no source has described are placeholders:
    an edge is never dropped because its other end is unknown."""

    @uncollected()
    def __init__(
        self,
        facts: Iterable[tuple[ShardId, Fact, bool]],
        read: frozenset[ShardId] | None = None,
        *,
        rules: tuple[SameAs, ...] | None = None,
        decisions: Iterable[SameAsDecision] = (),
        flows: FlowRules | None = None,
        now: str = "",
    ) -> None:
        """``facts``: with their shard and whether its last reading saw them. ``read``: the shards
        that this scan has read; None: all. ``rules``: what is one thing, ``flows``: what data is;
        None: the bundled ones. ``now``: of the scan, by which times to come are known."""
        self.flow_rules = bundled_flows() if flows is None else flows
        self.dates: Mapping[str, str] = {}
        """Of nodes and edges, when a scan first saw them, where somebody knows."""
        self.nodes: dict[NodeId, NodeFact] = {}
        self._held: dict[NodeId, DataStore] = {}
        """What is known as a store of things that are AI as well: an index of vectors."""
        self.edges: dict[str, Edge] = {}
        self._shards: dict[str, tuple[ShardId, ...]] = {}
        alone: dict[ShardId, tuple[ShardId, ...]] = {}
        self._seen: set[str] = set()
        in_parts: set[str] = set()
        for shard, fact, is_seen in facts:
            key = fact_key(fact)
            mine = alone.get(shard) or alone.setdefault(shard, (shard,))
            known = self._shards.setdefault(key, mine)
            if known is not mine and shard not in known:
                self._shards[key] = (*known, shard)
            if is_seen and (read is None or shard in read):
                self._seen.add(key)
            if any(row.part for row in fact.evidence):
                in_parts.add(key)
            if isinstance(fact, Edge):
                old_edge = self.edges.get(key)
                self.edges[key] = fact if old_edge is None else merge_fact(old_edge, fact)
            else:
                self._add_node(fact)
        self._join_parts(in_parts)
        for key, now_key in unnamed.joined(self.nodes, self.edges).items():
            self._move(key, now_key)
        self.endings_ahead = self._end_access(latest_of(datetime.fromisoformat(now)) if now else "")
        """Endings of a time to come, which end nothing."""
        self.edges.update(tenancy.told(self.edges, self.nodes, self.flow_rules))
        alike = same_as.found(self.nodes, bundled() if rules is None else rules)
        self.entities: Entities = same_as.entities(self.nodes, alike, decisions)
        for edge in (*self.entities.candidates, *self.entities.accepted):
            self.edges[edge.key] = edge
        self._out = _Beside()
        self._in = _Beside()
        # In order once and for all: half a million keys take a second to sort, sorted ones none.
        self.edges = {key: self.edges[key] for key in sorted(self.edges)}
        for edge in self.edges.values():
            self._out.add(edge.source, edge)
            self._in.add(edge.target, edge)
        self._place_parts()
        self.nodes.update(calls_elsewhere(self.nodes))

    def _move(self, key: str, to: str) -> None:
        """Who shows an edge that has another key now."""
        self._shards[to] = tuple(dict.fromkeys((*self._shards.get(to, ()), *self._shards[key])))
        if key in self._seen:
            self._seen.add(to)

    def _end_access(self, latest: str) -> int:
        """An application to which nobody has access any more says since when. How many endings are
        after ``latest``."""
        grants = [k for k, edge in self.edges.items() if edge.relation is Relation.GRANTS]
        telling = [key for key, edge in self.edges.items() if access.tells_an_end(edge)]
        ended, ahead = access.endings((self.edges[key] for key in telling), latest)
        access.without_deleted(self.nodes, self.edges, telling, latest)
        for key in telling:
            if key in self.edges and access.of_nobody(self.edges[key], self.nodes):
                del self.edges[key]
        if ended:
            self._close(ended)
        for key in grants:
            if key in self.edges:
                self.edges[key] = access.granted(self.edges[key], ended)
        return ahead

    def _close(self, ended: access.Endings) -> None:
        closed: dict[NodeId, str] = {}
        for key in [k for k, edge in self.edges.items() if access.has_ended(edge, ended)]:
            edge = self.edges.pop(key)
            app, at = access.app_of(edge), access.closed_at(edge, ended)
            closed[app] = max(closed.get(app, ""), at)
        used: dict[NodeId, list[Evidence]] = {app: [] for app in closed}
        for edge in self.edges.values():
            app = access.app_of(edge)
            if edge.relation in access.STANDING:
                used.pop(app, None)
            elif edge.relation in _IN_USE and app in used:
                used[app] += edge.evidence
        for app, rows in used.items():
            node, since = self.nodes.get(app), access.over_since(closed[app], rows)
            if since and isinstance(node, Asset):
                tags = {**node.tags, "access": f"ended {since[:10]}"}
                self.nodes[app] = msgspec.structs.replace(node, tags=tags)

    def add(self, more: Iterable[NodeFact | Edge]) -> None:
        """What is known besides the facts, such as the registry. What the graph has stays."""
        for one in more:
            if not isinstance(one, Edge):
                self.nodes.setdefault(one.id, one)
            elif one.key not in self.edges:
                self.edges[one.key] = one
                self._out.add(one.source, one)
                self._in.add(one.target, one)
        self.edges = {key: self.edges[key] for key in sorted(self.edges)}
        self.__dict__.pop("columns", None)  # of the graph as it was

    def _join_parts(self, keys: Iterable[str]) -> None:
        """What the parts of a divided source have counted, added up."""
        for key in keys:
            node, edge = self.nodes.get(NodeId(key)), self.edges.get(key)
            if node is not None:
                evidence = whole(node.evidence)
                self.nodes[NodeId(key)] = msgspec.structs.replace(node, evidence=evidence)
            if edge is not None:
                self.edges[key] = msgspec.structs.replace(edge, evidence=whole(edge.evidence))

    def _place_parts(self) -> None:
        """A part is where its holder is: in its account, region and environment; of a flow's the
        flow tells what starts it, and with which credentials."""
        for ident, node in self.nodes.items():
            above = holder_of(ident)
            holder = self.nodes.get(above) if above else None
            if isinstance(node, Asset) and isinstance(holder, Asset):
                self.nodes[ident] = msgspec.structs.replace(
                    node,
                    account=node.account or holder.account,
                    region=node.region or holder.region,
                    environment=node.environment or holder.environment,
                    tags={**self._of_flow(holder), **node.tags},
                )

    def _of_flow(self, holder: Asset) -> dict[str, str]:
        """Credentials also by the list of them, where steps have their ids alone."""
        if holder.asset_class is not AssetClass.FLOW:
            return {}
        slots = self.out_edges(holder.id, Relation.AUTHENTICATES_WITH)
        listed = filter(None, (self.nodes.get(edge.target) for edge in slots))
        named = {one.name for one in listed if not one.id.endswith(f"/{one.name.casefold()}")}
        named |= set(filter(None, holder.tags.get(CREDENTIALS, "").split(", ")))
        told = {
            TRIGGERS: holder.tags.get(TRIGGERS, ""),
            CREDENTIALS: ", ".join(sorted(named)[:_MOST_SLOTS]),
        }
        return {name: value for name, value in told.items() if value}

    def _add_node(self, fact: NodeFact) -> None:
        old = self.nodes.get(fact.id)
        if isinstance(fact, Asset) and isinstance(old, DataStore):
            self.nodes[fact.id] = fact  # who lists a store knows more than who reads from it
            self._held[fact.id] = old
        elif isinstance(fact, DataStore) and isinstance(old, Asset):
            held = self._held.get(fact.id)
            self._held[fact.id] = fact if held is None else merge_fact(held, fact)
        elif old is None:
            self.nodes[fact.id] = fact
        elif type(old) is type(fact):
            self.nodes[fact.id] = merge_fact(old, fact)  # type: ignore[type-var]

    @cached_property
    def data(self) -> DataMap:
        """What the stores hold, and where things are."""
        return DataMap(self.nodes, self.flow_rules, self._held, self.entities.all_of)

    def stores(self) -> Iterator[NodeId]:
        """Where data rests, in order of id; also what is an asset of its own. Of what several
        sources show, the one that stands for all."""
        things = {
            self.entities.of(ident)
            for ident, node in self.nodes.items()
            if isinstance(node, DataStore) or ident in self._held
        }
        yield from sorted(things)

    def is_store(self, ident: NodeId) -> bool:
        """Whether any source shows it as one."""
        return any(
            isinstance(self.nodes.get(view), DataStore) or view in self._held
            for view in self.entities.all_of(ident)
        )

    @cached_property
    def columns(self) -> Columns:
        """The same graph for the kernel; made when the first question is asked."""
        from scanner.graph.columns import Columns

        return Columns(self)

    def shards_of(self, key: str) -> tuple[ShardId, ...]:
        """The shards that show a node or an edge."""
        return tuple(sorted(self._shards.get(key, ())))

    def is_seen(self, key: str) -> bool:
        """Whether this scan itself has seen it (not only an earlier one)."""
        return key in self._seen

    def assets(self) -> Iterator[Asset]:
        """The AI, in order of id."""
        for ident in sorted(self.nodes):
            node = self.nodes[ident]
            if isinstance(node, Asset) and node.is_ai:
                yield node

    def credentials(self) -> Iterator[Credential]:
        for ident in sorted(self.nodes):
            node = self.nodes[ident]
            if isinstance(node, Credential):
                yield node

    def last_used(self, ident: NodeId) -> str:
        """Of a credential, by whichever view of it tells (its vendor's own record)."""
        views = (self.nodes.get(one) for one in self.entities.all_of(ident))
        return max((v.last_used_at for v in views if isinstance(v, Credential)), default="")

    def node(self, ident: NodeId) -> NodeFact | None:
        return self.nodes.get(ident)

    def name_of(self, ident: NodeId) -> str:
        """As people call it; the id of what no source describes."""
        node = self.nodes.get(ident)
        return (node.name if node is not None else "") or ident

    def out_edges(self, ident: NodeId, *relations: Relation) -> list[Edge]:
        return self._out.of(ident, relations)

    def in_edges(self, ident: NodeId, *relations: Relation) -> list[Edge]:
        return self._in.of(ident, relations)

    def holders(self, ident: NodeId, depth: int = 4) -> Iterator[NodeId]:
        """What contains it, nearest first."""
        front, seen = [ident], {ident}
        for _ in range(depth):
            front = [
                edge.source
                for here in front
                for edge in self.in_edges(here, HOLDS)
                if edge.source not in seen
            ]
            seen.update(front)
            yield from dict.fromkeys(front)

    def account_of(self, ident: NodeId) -> NodeId | None:
        node = self.nodes.get(ident)
        if isinstance(node, (Asset, DataStore)) and node.account:
            return node.account
        for holder in self.holders(ident):
            above = self.nodes.get(holder)
            if isinstance(above, Account):
                return holder
            if isinstance(above, (Asset, DataStore)) and above.account:
                return above.account
        return None

    def is_part(self, ident: NodeId, depth: int = 3) -> bool:
        """Whether another AI asset is made of it or by it: serves it, is configured by what serves
        it, or came out of it (a job); or is the same thing, and stands for it."""
        stands = self.nodes.get(self.entities.of(ident))
        if isinstance(stands, Asset) and stands.is_ai and stands.id != ident:
            return True
        front = {ident}
        for _ in range(depth):
            front = {edge.source for here in front for edge in self.in_edges(here, *_MADE_OF)}
            nodes = (self.nodes.get(above) for above in front)
            if any(isinstance(node, Asset) and node.is_ai for node in nodes):
                return True
        return False

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """The whole graph; of parts of it :func:`scanner.graph.part.to_networkx`."""
        from scanner.graph.part import to_networkx

        return to_networkx(self)


class _Beside:
    """The edges at each node. By relation once somebody asks for some of many, so that a
    repository's ten thousand keys are not looked through for the one team that owns it."""

    def __init__(self) -> None:
        self._all: defaultdict[NodeId, list[Edge]] = defaultdict(list)
        self._by_relation: dict[NodeId, dict[Relation, list[Edge]]] = {}

    def add(self, ident: NodeId, edge: Edge) -> None:
        self._all[ident].append(edge)
        if self._by_relation:
            self._by_relation.pop(ident, None)

    def of(self, ident: NodeId, relations: tuple[Relation, ...]) -> list[Edge]:
        """By relation in the order in which they are asked for; without ``relations`` all."""
        found = self._all.get(ident)
        if found is None:
            return []
        if len(found) == 1:
            return found[:] if not relations or found[0].relation in relations else []
        split = self._by_relation.get(ident)
        if split is None:
            split = self._by_relation[ident] = {}
            for edge in found:
                split.setdefault(edge.relation, []).append(edge)
        return [edge for relation in relations or split for edge in split.get(relation, ())]
