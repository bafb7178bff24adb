"""Who a name means: one person of several sources, whether they have left, which team is theirs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from unicodedata import category, normalize

from scanner.graph.build import AssetGraph
from scanner.graph.same_as import FUNCTIONS
from scanner.model.base import NodeId
from scanner.model.facts import Identity, PrincipalType, Relation

_UNIT_TAGS = ("department", "org_unit", "team", "business_unit")
_PEOPLE = (PrincipalType.HUMAN, PrincipalType.UNKNOWN)
_PART = r"[^\s@<>()\[\]{},;:|\"'\\/]"
_ADDRESS = re.compile(rf"{_PART}{{1,64}}@{_PART}{{1,190}}\.[A-Za-z0-9-]{{2,63}}")
_BETWEEN = re.compile(r"[;,|/&]|\sand\s")
_WORD = re.compile(r"[^\W_]+")


class People:
    """Answers from the graph alone; built once, asked for every claim."""

    def __init__(self, graph: AssetGraph) -> None:
        self._graph = graph
        self._ranks = graph.flow_rules.directories
        self._by_mail: dict[str, NodeId] = {}
        self._named: defaultdict[str, set[NodeId]] = defaultdict(set)
        self._logins: defaultdict[str, set[NodeId]] = defaultdict(set)
        for ident in sorted(graph.nodes):
            node = graph.nodes[ident]
            if isinstance(node, Identity):
                self._note(node, graph.entities.of(ident))
        self._left: dict[NodeId, bool] = {}
        self._meant: dict[NodeId, NodeId | None] = {}
        self._teams: dict[NodeId, str] = {}

    def _note(self, node: Identity, here: NodeId) -> None:
        """By what a text may mean them; names and logins only of people in directories."""
        mail = _plain(node.email)
        if mail:
            self._by_mail.setdefault(mail, here)
        if node.principal_type not in _PEOPLE or (node.is_active and self._rank(node) is None):
            return
        local = mail.partition("@")[0]
        for text, table in ((node.name, self._named), (mail, self._named), (local, self._logins)):
            words = _words(text)
            if words and not FUNCTIONS.issuperset(words):
                table[" ".join(words)].add(here)

    def of(self, text: str) -> NodeId | None:
        """The person whom an address, alone or within a text, or a full name means; None: no
        source knows them, or several are called so."""
        found = _ADDRESS.search(_plain(text))
        if found:
            mail = found[0]
            local, _, domain = mail.partition("@")
            plain = f"{local.partition('+')[0]}@{domain}"
            return self._by_mail.get(mail) or self._by_mail.get(plain)
        words = _words(text)
        named = self._named.get(" ".join(words), set()) if len(words) > 1 else set()
        return min(named) if len(named) == 1 else None

    def gone(self, text: str) -> NodeId | None:
        """Who has left of those whom a text without an address may mean by name or login, where
        nobody of them is still there."""
        if _ADDRESS.search(_plain(text)):
            return None
        words = " ".join(_words(text.rpartition("\\")[2]))
        meant = self._named.get(words, set()) | self._logins.get(words, set())
        return min(meant) if meant and all(map(self.has_left, meant)) else None

    def left_by(self, ident: NodeId) -> NodeId | None:
        """Who has left of those whom a node of no directory may mean: by an address in its name or
        id, and of a person by name or login as well."""
        here = self._graph.entities.of(ident)
        if here not in self._meant:
            self._meant[here] = self._left_by(here)
        return self._meant[here]

    def _left_by(self, ident: NodeId) -> NodeId | None:
        views = list(self._views(ident))
        if any(self._rank(view) is not None for view in views):
            return None
        for view in views:
            for text in (view.email, view.name, view.id.rpartition("@")[2], view.id):
                known = self.of(text) if _ADDRESS.search(_plain(text)) else None
                is_person = view.principal_type in _PEOPLE
                meant = known or (self.gone(text) if is_person and text else None)
                if meant and self.has_left(meant):
                    return meant
        return None

    def each(self, text: str) -> list[str]:
        """A claim that names several people, one by one; else as it is written."""
        mails = list(dict.fromkeys(_ADDRESS.findall(text)))
        if mails:
            return mails
        parts = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
        is_one = len(parts) < 2 or self.of(text) or self.gone(text)
        is_people = any(self.of(part) or self.gone(part) for part in parts)
        return [text] if is_one or not is_people else parts

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
        """Deactivated in the first directory that lists them, or where none does, anywhere."""
        here = self._graph.entities.of(ident)
        found = self._left.get(here)
        if found is None:
            views = list(self._views(here))
            ranked = [
                (rank, view.is_active)
                for view in views
                if (view.evidence or not view.is_active) and (rank := self._rank(view)) is not None
            ]
            first = min(ranked, default=(None, False))[0]
            if first is None:
                found = any(not view.is_active for view in views)
            else:
                found = not any(is_active for rank, is_active in ranked if rank == first)
            self._left[here] = found
        return found

    def _rank(self, view: Identity) -> int | None:
        """Of the directory that it is a view of; None: of none."""
        for rank, globs in enumerate(self._ranks):
            if any(fnmatchcase(view.kind, glob) for glob in globs):
                return rank
        return None

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


def _words(text: str) -> list[str]:
    """In one order, so that "Berg, Lena" and "lena.berg" are alike."""
    return sorted(_WORD.findall(_plain(text)))


def _plain(text: str) -> str:
    """As it is compared: one form of every letter, nothing that is not seen
    (https://www.unicode.org/reports/tr15/)."""
    seen = "".join(c for c in text if category(c) != "Cf") if not text.isascii() else text
    return normalize("NFKC", normalize("NFKC", seen).casefold())
