"""Who a name means: one person of several sources, whether they have left, which team is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId
from scanner.model.facts import Identity, PrincipalType, Relation

_DIRECTORIES = ("okta.*", "entra.*", "google_workspace.*", "aws.identity_center_user")
"""Where people are let in and out: what these say of somebody's leaving counts before others."""
_UNIT_TAGS = ("department", "org_unit", "team", "business_unit")
_PEOPLE = (PrincipalType.HUMAN, PrincipalType.UNKNOWN)


class People:
    """Answers from the graph alone; built once, asked for every claim."""

    def __init__(self, graph: AssetGraph) -> None:
        self._graph = graph
        self._by_mail: dict[str, NodeId] = {}
        for ident in sorted(graph.nodes):
            node = graph.nodes[ident]
            if isinstance(node, Identity) and node.email:
                self._by_mail.setdefault(node.email.casefold(), graph.entities.of(ident))
        self._left: dict[NodeId, bool] = {}
        self._teams: dict[NodeId, str] = {}

    def of(self, text: str) -> NodeId | None:
        """The person whom an address means; None: no source knows them."""
        return self._by_mail.get(text.strip().casefold())

    def same(self, text: str, who: NodeId | None) -> str:
        """One key for a claim, however its source writes the person."""
        known = self._graph.entities.of(who) if who else self.of(text)
        return known or text.strip().casefold()

    def name(self, ident: NodeId) -> str:
        """An address where any source has one, else a name."""
        views = list(self._views(ident))
        mails = [view.email for view in views if view.email and "noreply" not in view.email]
        if mails:
            return mails[0]
        if views:
            return views[0].name
        return ident.partition(":")[2] or ident

    def is_group(self, ident: NodeId) -> bool:
        return any(view.principal_type is PrincipalType.GROUP for view in self._views(ident))

    def has_left(self, ident: NodeId) -> bool:
        """Deactivated where people are let in, and active in no such place."""
        here = self._graph.entities.of(ident)
        found = self._left.get(here)
        if found is None:
            views = list(self._views(here))
            out = any(not view.is_active for view in views)
            found = self._left[here] = out and not any(
                view.is_active and view.evidence and _is_directory(view) for view in views
            )
        return found

    def team(self, ident: NodeId) -> str:
        """The one team that a source says they are in, else their department; empty: neither, or
        several."""
        here = self._graph.entities.of(ident)
        found = self._teams.get(here)
        if found is None:
            found = self._teams[here] = self._team(here)
        return found

    def _team(self, ident: NodeId) -> str:
        views = list(self._views(ident))
        if not any(view.principal_type in _PEOPLE for view in views):
            return ""
        for wanted in (PrincipalType.TEAM, PrincipalType.GROUP):
            teams = {
                holder.email or holder.name
                for view in views
                for edge in self._graph.in_edges(view.id, Relation.CONTAINS)
                if isinstance(holder := self._graph.node(edge.source), Identity)
                and holder.principal_type is wanted
            }
            if len(teams) == 1:
                return teams.pop()
            if teams:
                return ""
        units = {view.tags[tag] for tag in _UNIT_TAGS for view in views if view.tags.get(tag)}
        return min(units) if len(units) == 1 else ""

    def _views(self, ident: NodeId) -> Iterator[Identity]:
        for member in self._graph.entities.all_of(ident):
            node = self._graph.node(member)
            if isinstance(node, Identity):
                yield node


def _is_directory(view: Identity) -> bool:
    return any(fnmatchcase(view.kind, glob) for glob in _DIRECTORIES)
