"""What data a store holds and where things are: classes with their reasons, areas, environments.

A label that somebody set is believed; a name is a hint and says so. What is not known stays empty.
Of a thing that several sources show, each of its views is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Account, Asset, DataStore, NodeFact
from scanner.model.keys import holder_of
from scanner.rulebook.flows import DataClass, FlowRules

_WORD = re.compile(r"[a-z]+|[0-9]+")
_SPLIT = re.compile(r"[,;|/]")
_REGION_PARTS = 6
_ENVIRONMENT_TAGS = ("environment", "env", "stage")


class Label(Model, frozen=True, kw_only=True):
    """One class of data of one store."""

    data_class: str
    name: str
    is_sensitive: bool
    confidence: Confidence
    reason: str


class DataMap:
    """Answers for the nodes of one graph."""

    def __init__(
        self,
        nodes: Mapping[NodeId, NodeFact],
        rules: FlowRules,
        held: Mapping[NodeId, DataStore] | None = None,
        views: Callable[[NodeId], tuple[NodeId, ...]] = lambda ident: (ident,),
    ) -> None:
        """``held``: what is known as stores of nodes that are assets; ``views``: of a node all
        that show the same thing."""
        self._views = views
        self._nodes = nodes
        self._held = held or {}
        self._rules = rules
        self._known: dict[NodeId, tuple[Label, ...]] = {}
        self._area_of: dict[str, str] = {"": ""}
        self._areas: dict[NodeId, tuple[str, ...]] = {}
        self._environments: dict[NodeId, tuple[str, ...]] = {}

    def labels(self, ident: NodeId) -> tuple[Label, ...]:
        """The classes of a store, the surest first; empty: nothing is known."""
        found = self._known.get(ident)
        if found is None:
            found = self._known[ident] = self._of_all(self._views(ident))
        return found

    def _of_all(self, views: Iterable[NodeId]) -> tuple[Label, ...]:
        """Of each class what is surest; a name is heard only where no view says more."""
        stores = (self._held.get(view) or self._nodes.get(view) for view in views)
        every = [label for one in stores if isinstance(one, DataStore) for label in self._of(one)]
        if any(label.confidence is not Confidence.LOW for label in every):
            every = [label for label in every if label.confidence is not Confidence.LOW]
        found: dict[str, Label] = {}
        for label in sorted(every, key=self._order):
            found.setdefault(label.data_class, label)
        return tuple(found.values())

    def _order(self, label: Label) -> tuple[int, int]:
        return -label.confidence.rank, self._places[label.data_class]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {one.id: place for place, one in enumerate(self._rules.classes)}

    def is_sensitive(self, ident: NodeId, least: Confidence = Confidence.LOW) -> bool:
        return any(
            label.is_sensitive and label.confidence.rank >= least.rank
            for label in self.labels(ident)
        )

    def _of(self, store: DataStore) -> Iterable[Label]:
        said = [("its classification", store.classification)]
        said += [
            (f"tag {key}", value)
            for key, value in sorted(store.tags.items())
            if {_plain(key), _plain(key.rpartition(":")[2])} & self._label_tags
        ]
        found: dict[str, Label] = {}
        for where, text in said:
            for value in _SPLIT.split(text):
                for one in self._rules.classes:
                    if value.strip().casefold() in one.labels:
                        reason = f"{where} says {value.strip()}"
                        found.setdefault(one.id, _label(one, Confidence.HIGH, reason))
        for one in self._rules.classes:
            if store.store_class and store.store_class in one.stores:
                reason = f"it is {store.store_class}"
                found.setdefault(one.id, _label(one, Confidence.MEDIUM, reason))
        if not found:
            words = set(_WORD.findall(store.name.casefold()))
            words |= set(_WORD.findall(store.tags.get("columns", "").casefold()))
            for one in self._rules.classes:
                hints = sorted(words & set(one.names))
                if hints:
                    reason = f"its name says {hints[0]}"
                    found[one.id] = _label(one, Confidence.LOW, reason)
        return found.values()

    @cached_property
    def _label_tags(self) -> frozenset[str]:
        return frozenset(self._rules.label_tags)

    # --- where -----------------------------------------------------------------------------------

    def region(self, ident: NodeId) -> str:
        """Of one view, as its source writes it; of an ARN the field for it."""
        node = self._nodes.get(ident)
        said = node.region if isinstance(node, Asset) else ""
        said = said or (node.tags.get("region", "") if node is not None else "")
        parts = ident.split(":")
        if not said and ident.startswith("arn:") and len(parts) >= _REGION_PARTS:
            said = parts[3]
        return said.casefold()

    def area(self, ident: NodeId) -> str:
        """The first of its areas; empty: not known."""
        return next(iter(self.areas(ident)), "")

    def areas(self, ident: NodeId) -> tuple[str, ...]:
        """Countries, or ``EU``; of a provider where its company is established."""
        found = self._areas.get(ident)
        if found is None:
            found = self._areas[ident] = self._said(ident, self._area)
        return found

    def _area(self, view: NodeId) -> str:
        if view.startswith("provider:"):
            return self._vendors.get(view.partition(":")[2], "")
        return self.area_of(self.region(view))

    def _said(self, ident: NodeId, ask: Callable[[NodeId], str]) -> tuple[str, ...]:
        """By any view, each once; where none says anything, by any view of what holds it."""
        views = self._views(ident)
        found = dict.fromkeys(said for view in views if (said := ask(view)))
        if not found:
            holders = dict.fromkeys(above for view in views if (above := holder_of(view)))
            around = (one for holder in holders for one in self._views(NodeId(holder)))
            found = dict.fromkeys(said for view in around if (said := ask(view)))
        return tuple(found)

    def area_of(self, region: str) -> str:
        found = self._area_of.get(region)
        if found is None:
            starts = [
                (len(start), area.id)
                for area in self._rules.areas
                for start in area.regions
                if region.startswith(start)
            ]
            found = self._area_of[region] = max(starts, default=(0, ""))[1]
        return found

    @cached_property
    def _vendors(self) -> dict[str, str]:
        return {vendor.provider: vendor.area for vendor in self._rules.vendors}

    def environments(self, ident: NodeId) -> tuple[str, ...]:
        """What its views say, each once."""
        found = self._environments.get(ident)
        if found is None:
            found = self._environments[ident] = self._said(ident, self.environment)
        return found

    def environment(self, ident: NodeId) -> str:
        """Of one view: ``production``, ``trial`` or the source's own word; empty: not known."""
        node = self._nodes.get(ident)
        said = node.environment if isinstance(node, (Asset, Account)) else ""
        if node is not None and not said:
            tags = {_plain(key): value for key, value in node.tags.items()}
            said = next((tags[name] for name in _ENVIRONMENT_TAGS if tags.get(name)), "")
        account = getattr(node, "account", None)
        if not said and account:
            above = self._nodes.get(account)
            said = above.environment if isinstance(above, Account) else ""
        word = said.strip().casefold()
        if word in self._rules.production:
            return "production"
        return "trial" if word in self._rules.trial else word


def _label(one: DataClass, confidence: Confidence, reason: str) -> Label:
    return Label(
        data_class=one.id, name=one.name, is_sensitive=one.is_sensitive, confidence=confidence,
        reason=reason,
    )  # fmt: skip


def _plain(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.casefold())
