"""What is known of an asset or a key that weighs: one value a factor, with its reason.

Owns finding the values; what they weigh is data (``rules/policies/risk``). What is not known has no
value, and weighs nothing. A thing that several sources show is judged by what all of them say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from scanner.assess.owning import people
from scanner.graph.build import AssetGraph
from scanner.graph.data import Label
from scanner.graph.exposed import OPEN_DOOR, matters, openness
from scanner.graph.flows import Flow, Narrowing, crossing, data_flows
from scanner.graph.paths import Path, path_of
from scanner.graph.steps import CONTROL
from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence, Setting
from scanner.model.facts import Asset, AssetClass, Credential, DataStore, NodeFact, Relation
from scanner.model.keys import holder_of
from scanner.rulebook.types import Category

if TYPE_CHECKING:
    from scanner.assess.policies import Situation
    from scanner.graph.kernel import Tree

_SPECIAL = frozenset({"special_category", "payment", "secrets"})
_SHOWN = 3
_WIDE = 5
_MANY = 10
_OLD_KEY, _OLD_THING = timedelta(days=365), timedelta(days=3 * 365)
_TERMS = {"yes": "trains", "opt_out": "unless_told", "opt_in": "does_not", "no": "does_not"}
_ACTORS = frozenset({AssetClass.AGENT, AssetClass.FLOW, AssetClass.MCP_SERVER})
_ASIDE = frozenset({Setting.PRODUCTION, Setting.HISTORY})


class Found(Model, frozen=True, kw_only=True):
    """The value of one factor."""

    factor: str
    value: str
    reason: str
    rest: str = ""
    """The value that other causes give it where what the reason names is mended."""


class Profile(Model, frozen=True, kw_only=True):
    id: NodeId
    found: tuple[Found, ...]
    exposed: Path | None = None
    """From what is open to the sensitive store behind it."""
    flow: Path | None = None
    """By which the most sensitive data goes."""
    trial: Path | None = None
    """By which data of production come to a trial."""

    @property
    def values(self) -> Mapping[str, str]:
        return {one.factor: one.value for one in self.found}

    def holds(self, condition: str) -> bool:
        """``factor`` (any value) or ``factor=value``; several values with ``|`` between."""
        factor, mark, wanted = condition.partition("=")
        value = self.values.get(factor, "")
        return value in wanted.split("|") if mark else bool(value)


class Profiles:
    """Of one situation; what many things share is worked out once."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._graph = situation.graph
        self._known: dict[NodeId, Profile] = {}
        self._narrowed: dict[NodeId, list[Flow]] = {}
        self._narrowing = Narrowing(situation.graph)

    def of(self, node: Asset | Credential) -> Profile:
        found = self._known.get(node.id)
        if found is None:
            found = self._known[node.id] = self._made(node)
        return found

    def _made(self, node: Asset | Credential) -> Profile:
        flow = self._best_flow(node.id)
        exposed = self._exposed(node.id)
        views = [node, *self._other_views(node)]
        values = [
            *(self._of_asset(node, views) if isinstance(node, Asset) else ()),
            *self._of_reach(node, exposed),
            *self._of_data(node.id, flow),
            *self._of_keys(node, views),
            *self._of_standing(node),
        ]
        settings = {item.context for view in views for item in view.evidence}
        if settings and not settings & _ASIDE:
            aside = ", ".join(sorted(settings))
            values.append(_found("setting", "only_aside", f"only seen in {aside}"))
        return Profile(
            id=node.id,
            found=tuple(values),
            exposed=exposed,
            flow=flow.path if flow else None,
            trial=next(
                (
                    crossing(self._graph, one)
                    for one in sorted(self._of(node.id), key=_order)
                    if "environment" in one.crosses
                ),
                None,
            ),
        )

    # --- the thing itself ------------------------------------------------------------------------

    def _other_views(self, node: NodeFact) -> list[NodeFact]:
        every = self._graph.entities.all_of(node.id)
        found = [self._graph.node(ident) for ident in every if ident != node.id]
        return [view for view in found if view is not None]

    def _of_asset(self, asset: Asset, views: Sequence[NodeFact]) -> Iterator[Found]:
        assets = [view for view in views if isinstance(view, Asset)]
        entries = self._entries(assets)
        entry = entries[0]
        ways = [(one, ", ".join(openness(one))) for one in entries if openness(one)]
        if ways:
            doors = (words + _where(one, asset) for one, words in ways)
            yield _found("exposure", "public", _several(doors))
        elif entry.exposure:
            said_of = ", ".join(entry.exposure) + _where(entry, asset)
            yield _found("exposure", "closed", said_of)
        yield from next(filter(None, map(_authentication, entries)), [])
        yield from self._autonomy(assets)
        places = [(self._graph.data.environment(view.id), view.environment) for view in assets]
        known = [row for row in places if row[0] in ("production", "trial")]
        if known:
            environment, said = min(known)  # one source that says production is enough
            yield _found("environment", environment, f"environment {said or environment}")
        yield from self._terms(asset)
        made = min((view.created_at for view in assets if view.created_at), default="")
        if _is_before(made, self._situation.now, _OLD_THING):
            yield _found("age", "old", f"made on {made[:10]}")
        people = {
            self._graph.entities.of(edge.target)
            for view in assets
            for edge in self._graph.out_edges(view.id, Relation.USED_BY)
        }
        if people:
            value = "many" if len(people) >= _MANY else "some"
            yield _found("use", value, f"used by {len(people)}")

    def _entries(self, views: Sequence[Asset]) -> list[Asset]:
        """Where one gets in: the thing, or what holds it as a part; what is open first, then what
        says anything of it, as the sources stand."""
        holders = [self._graph.node(above) for one in views if (above := holder_of(one.id))]
        every = [*views, *(one for one in holders if isinstance(one, Asset))]
        return sorted(every, key=lambda one: (not openness(one), not one.exposure))

    def _autonomy(self, views: Sequence[Asset]) -> Iterator[Found]:
        actors = [view for view in views if view.asset_class in _ACTORS]
        if not actors:
            return
        asset = actors[0]
        tools = next((view.tags["tools"] for view in views if view.tags.get("tools")), "")
        acts = [
            _name(self._graph, edge.target)
            for view in views
            for edge in self._graph.out_edges(view.id, Relation.WRITES_TO, Relation.CALLS)
            if isinstance(self._graph.node(edge.target), (Asset, DataStore))
        ]
        if tools or acts or asset.asset_class is AssetClass.MCP_SERVER:
            said = tools or ", ".join(sorted(acts)[:3]) or "an MCP server's tools"
            yield _found("autonomy", "acts", f"acts by itself: {said}")
        else:
            yield _found("autonomy", "answers", f"a {str(asset.asset_class).replace('_', ' ')}")

    def _terms(self, asset: Asset) -> Iterator[Found]:
        provider = self._situation.catalogue.get(asset.provider)
        if provider is None or self._is_cloud(asset.provider):
            return
        said = provider.terms.trains_on_customer_data if provider.terms else "unknown"
        yield _found(
            "terms", _TERMS.get(said, "unknown"), f"{provider.name} trains on data: {said}"
        )

    def _is_cloud(self, provider: str) -> bool:
        found = self._situation.catalogue.get(provider)
        return found is not None and found.category is Category.CLOUD_AI

    # --- data ------------------------------------------------------------------------------------

    @cached_property
    def _flows(self) -> Mapping[NodeId, list[Flow]]:
        """By every asset on any of their ways."""
        found: defaultdict[NodeId, list[Flow]] = defaultdict(list)
        for flow in data_flows(self._graph):
            for ident in flow.nodes:
                found[ident].append(flow)
        return found

    def _of(self, ident: NodeId) -> list[Flow]:
        """Each as far as it goes by this asset."""
        here = self._graph.entities.of(ident)
        found = self._narrowed.get(here)
        if found is None:
            flows = self._flows.get(here, ())
            found = self._narrowed[here] = [self._narrowing.of(flow, here) for flow in flows]
        return found

    def _best_flow(self, ident: NodeId) -> Flow | None:
        """The one whose data weighs most."""
        flows = [flow for flow in self._of(ident) if flow.labels]
        return min(flows, key=_weight, default=None)

    def _of_data(self, ident: NodeId, best: Flow | None) -> Iterator[Found]:
        flows = self._of(ident)
        if best is not None:
            value = _class(best)
            classes = {_class(flow) for flow in flows if flow.labels}
            rest = min(classes - {value}, key=_CLASSES.index, default="")
            said = (
                f"{label.name.casefold()} from {_name(self._graph, flow.store)} ({label.reason})"
                for flow in sorted((f for f in flows if f.labels), key=_weight)
                if _class(flow) == value and (label := _label(flow))
            )
            yield Found(factor="data", value=value, reason=_several(said), rest=rest)
        vendors = sorted({flow.provider for flow in flows if not self._is_cloud(flow.provider)})
        if vendors:
            yield _found("direction", "vendor", f"data goes to {', '.join(vendors)}")
        elif flows:
            yield _found("direction", "cloud", "data stays in the company's own clouds")
        stores = {flow.store for flow in flows}
        if stores:
            value = "wide" if len(stores) >= _WIDE else "narrow"
            yield _found("width", value, f"from {len(stores)} stores")
        for word, factor in (("border", "border"), ("environment", "trial")):
            over = [flow for flow in flows if word in flow.crosses]
            if over:
                parts = over[0].areas if word == "border" else over[0].environments
                yield _found(factor, "crossed", " to ".join(parts))

    def _of_reach(self, node: Asset | Credential, exposed: Path | None) -> Iterator[Found]:
        if exposed is None:
            return
        store = _name(self._graph, exposed.nodes[-1])
        if isinstance(node, Credential):
            state = self._state(node)
            if state is None or state.value != "dead":
                yield _found("reach", "sensitive", f"whoever holds it reaches {store}")
            return
        by_role = any(hop.relation == Relation.RUNS_AS for hop in exposed.hops)
        yield _found(
            "reach", "sensitive", f"{'its role may read' if by_role else 'it reaches'} {store}"
        )

    def _exposed(self, ident: NodeId) -> Path | None:
        """The shortest way from the asset (or its holder) to sensitive data: what it runs as may
        read them, or it does itself."""
        behind = self._behind
        if behind is None:
            return None
        columns = self._graph.columns
        views = self._graph.entities.all_of(ident)
        for start in (*views, *filter(None, map(holder_of, views))):
            number = columns.number(start)
            if number is not None and behind.hops[number] >= 1:
                return path_of(columns, behind.path(number)[::-1], CONTROL)
        return None

    @cached_property
    def _behind(self) -> Tree | None:
        """From sensitive stores back to whatever reaches them; None: there are none."""
        graph = self._graph
        stores = [ident for ident in graph.stores() if matters(graph, ident)]
        if not stores:
            return None
        return graph.columns.kernel.reach(graph.columns.numbers(stores), CONTROL.reversed)

    # --- keys and standing -----------------------------------------------------------------------

    def _of_keys(self, node: Asset | Credential, views: Sequence[NodeFact]) -> Iterator[Found]:
        keys = [node] if isinstance(node, Credential) else [
            key
            for view in views
            for edge in self._graph.out_edges(view.id, Relation.AUTHENTICATES_WITH)
            if isinstance(key := self._graph.node(edge.target), Credential)
        ]  # fmt: skip
        states = [state for key in keys if (state := self._state(key)) is not None]
        if states:
            values = sorted({one.value for one in states}, key=_KEY_STATES.index)
            said = (one.reason for one in states if one.value == values[0])
            rest = values[1] if len(values) > 1 else ""
            yield Found(
                factor="credential", value=values[0], reason=_several(said), rest=rest
            )  # fmt: skip

    def _state(self, key: Credential) -> Found | None:
        views = [key, *(one for one in self._other_views(key) if isinstance(one, Credential))]
        said = {view.tags.get("verify", "") for view in views}
        verified = next((word for word in ("live", "dead") if word in said), "")
        if verified == "dead":
            return _found("credential", "dead", f"{key.name} is dead")
        places = [
            self._graph.node(edge.target)
            for view in views
            for edge in self._graph.out_edges(view.id, Relation.STORED_IN)
        ]
        classes = {place.asset_class for place in places if isinstance(place, Asset)}
        if AssetClass.REPOSITORY in classes:
            value = "live_in_code" if verified == "live" else "in_code"
            return _found("credential", value, f"{key.name} stands in code")
        if classes - {AssetClass.SECRET_SLOT}:
            return _found("credential", "in_settings", f"{key.name} stands in plain settings")
        made = min((view.created_at for view in views if view.created_at), default="")
        if _is_before(made, self._situation.now, _OLD_KEY):
            return _found("credential", "old", f"{key.name} was made on {made[:10]}")
        return _found("credential", "stored", f"{key.name}") if classes else None

    def _of_standing(self, node: Asset | Credential) -> Iterator[Found]:
        views = (node.id, *self._graph.entities.all_of(node.id))
        standings = self._situation.reconciliation.standings
        standing = next((standings[view] for view in views if view in standings), None)
        if standing is not None and isinstance(node, Asset):
            said = f"registry: {standing.status}" + (
                f" ({standing.entry})" if standing.entry else ""
            )
            yield _found("registry", str(standing.status), said)
        owned = self._situation.owners
        claims = next((owned[view] for view in views if owned.get(view)), ())
        owners = people(claims)
        if not owners:
            said = f"only a mailbox, {claims[0].owner}" if claims else "nobody owns it"
            yield _found("owner", "nobody", said)
        elif owners[0].confidence is Confidence.LOW:
            yield _found("owner", "doubtful", f"{owners[0].owner}, by {owners[0].basis} alone")
        else:
            yield _found("owner", "known", f"{owners[0].owner}, by {owners[0].basis}")


_CLASSES = ("special", "sensitive", "hinted", "internal")
_KEY_STATES = ("live_in_code", "in_code", "in_settings", "old", "stored", "dead")


def _authentication(entry: Asset) -> list[Found]:
    words = sorted(set(entry.exposure))
    doors = [word for word in words if word in OPEN_DOOR]
    keys = [word for word in words if "key" in word]
    others = [word for word in words if "authentication" in word]
    if doors:
        return [_found("authentication", "none", ", ".join(doors))]
    if keys:
        return [_found("authentication", "key", keys[0])]
    return [_found("authentication", "identity", others[0])] if others else []


def _label(flow: Flow) -> Label:
    """The one that weighs most: a harmless label takes nothing from a dangerous one beside it."""
    return min(flow.labels, key=lambda label: _CLASSES.index(_class_of(label)))


def _class(flow: Flow) -> str:
    return _class_of(_label(flow))


def _class_of(label: Label) -> str:
    if label.confidence is Confidence.LOW:
        return "hinted" if label.is_sensitive else "internal"
    if not label.is_sensitive:
        return "internal"
    return "special" if label.data_class in _SPECIAL else "sensitive"


def _order(flow: Flow) -> tuple[bool, tuple[int, int, str]]:
    return not flow.labels, _weight(flow) if flow.labels else (0, 0, flow.store)


def _weight(flow: Flow) -> tuple[int, int, str]:
    return _CLASSES.index(_class(flow)), -flow.confidence.rank, flow.store


def _is_before(at: str, now: str, span: timedelta) -> bool:
    try:
        return date.fromisoformat(at[:10]) < date.fromisoformat(now[:10]) - span
    except ValueError:
        return False


def _name(graph: AssetGraph, ident: NodeId) -> str:
    node = graph.node(ident)
    return str(node.name) if node is not None else str(ident)


def _where(entry: Asset, asset: Asset) -> str:
    return "" if entry.id == asset.id else f" ({entry.name})"


def _several(reasons: Iterable[str]) -> str:
    """Each once, so that a remedy is known to mean all of them."""
    every = list(dict.fromkeys(reasons))
    more = f", and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return "; ".join(every[:_SHOWN]) + more


def _found(factor: str, value: str, reason: str) -> Found:
    return Found(factor=factor, value=value, reason=reason)
