"""Who a name means: one person of several sources, whether they have left, which team is theirs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from unicodedata import category, normalize

from scanner.graph.build import AssetGraph
from scanner.graph.claims import ADDRESS, addressed, aside, is_locator, listed
from scanner.graph.same_as import FUNCTIONS
from scanner.model.base import NodeId
from scanner.model.facts import Identity, PrincipalType, Relation

_UNIT_TAGS = ("department", "org_unit", "team", "business_unit")
_PEOPLE = (PrincipalType.HUMAN, PrincipalType.UNKNOWN)
_UNITS = (PrincipalType.TEAM, PrincipalType.GROUP)
_WORD = re.compile(r"[^\W_]+")


class People:
    """Answers from the graph alone; built once, asked for every claim."""

    def __init__(self, graph: AssetGraph) -> None:
        self._graph = graph
        self._ranks = graph.flow_rules.directories
        self._rank_of: dict[str, int | None] = {}
        """Of a kind."""
        self._by_mail: dict[str, NodeId] = {}
        self._named: defaultdict[str, set[NodeId]] = defaultdict(set)
        self._logins: defaultdict[str, set[NodeId]] = defaultdict(set)
        for ident in sorted(graph.nodes):
            node = graph.nodes[ident]
            if isinstance(node, Identity):
                self._note(node, graph.entities.of(ident))
        self._units = {
            " ".join(_words(node.name))
            for node in graph.nodes.values()
            if isinstance(node, Identity) and node.principal_type in _UNITS
        }
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
        found = ADDRESS.search(_plain(text))
        if found:
            mail = found[0]
            local, _, domain = mail.partition("@")
            plain = f"{local.partition('+')[0]}@{domain}"
            return self._by_mail.get(mail) or self._by_mail.get(plain)
        words = _words(text)
        named = self._named.get(" ".join(words), set()) if len(words) > 1 else set()
        return min(named) if len(named) == 1 else None

    def gone(self, text: str) -> NodeId | None:
        """Who has left of those whom a text may mean by name or login, where nobody of them is
        still there; beside an address that no source knows, by full name alone."""
        for mail, names in addressed(_plain(text)):
            called = () if self.of(mail) else (name for name in names if len(_words(name)) > 1)
            return next(filter(None, (self._gone(name, self._named) for name in called)), None)
        return self._gone(text, self._named, self._logins)

    def _gone(self, text: str, *tables: Mapping[str, set[NodeId]]) -> NodeId | None:
        words = " ".join(_words(text.rpartition("\\")[2]))
        meant = {ident for table in tables for ident in table.get(words, ())}
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
                known = self.of(text) if ADDRESS.search(_plain(text)) else None
                is_person = view.principal_type in _PEOPLE
                meant = known or (self.gone(text) if is_person and text else None)
                if meant and self.has_left(meant) and (known or self._may_be(view, meant)):
                    return meant
        return None

    def _may_be(self, view: Identity, who: NodeId) -> bool:
        """A login alone is nobody's who has another full name."""
        mine = _words(view.name)
        theirs = [words for one in self._views(who) if len(words := _words(one.name)) > 1]
        return len(mine) < 2 or not theirs or any(_is_alike(mine, words) for words in theirs)

    def each(self, text: str) -> list[str]:
        """A claim that names several people, one by one; else as it is written. A part of it counts
        only where it is known whom it means."""
        mails = [self._addressed(mail, names) for mail, names in addressed(text)]
        if mails:
            return list(dict.fromkeys(mails))
        if self._is_known(text):
            return [text]
        parts = [
            part
            for one in listed(text)
            for part in ([one] if self._is_known(one) else aside(one))
        ]  # fmt: skip
        known = [part for part in parts if self._is_known(part)]
        if any(len(_words(part)) > 1 for part in parts if part not in known):
            # Whom a login beside another's full name means is not known.
            known = [part for part in known if self._is_known(part, by_login=False)]
        halves = [part.strip() for part in text.split("/")]
        if not known and not is_locator(text) and all(map(self._is_known, halves)):
            known = halves
        return list(dict.fromkeys(known)) or [text]

    def _addressed(self, mail: str, names: Iterable[str]) -> str:
        """With the name that tells who has left, where the address does not."""
        said = (f"{name} <{mail}>" for name in names)
        return next((text for text in said if self.gone(text)), mail)

    def _is_known(self, text: str, *, by_login: bool = True) -> bool:
        """As a person or a team."""
        words = " ".join(_words(text))
        gone = self.gone(text) if by_login else self._gone(text, self._named)
        return bool(words in self._units or self.of(text) or gone)

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
        if view.kind not in self._rank_of:
            ranks = enumerate(self._ranks)
            fitting = (n for n, globs in ranks if any(fnmatchcase(view.kind, one) for one in globs))
            self._rank_of[view.kind] = next(fitting, None)
        return self._rank_of[view.kind]

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
        for wanted in _UNITS:
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


def _is_alike(one: list[str], other: list[str]) -> bool:
    """Whether two full names may be one person's: every word of the shorter stands in the longer,
    or its first letter does. "Lena M. Berg" may be "Berg, Lena"."""
    short, long = sorted((list(map(_bare, one)), list(map(_bare, other))), key=len)
    every = {*long, *(word[0] for word in long)}
    is_found = all(word in every or word[0] in long for word in short)
    return is_found and bool(set(short).intersection(long))


def _bare(word: str) -> str:
    """Without accents, which one source writes and another does not."""
    return "".join(c for c in normalize("NFKD", word) if category(c) != "Mn")


def _plain(text: str) -> str:
    """As it is compared: one form of every letter, nothing that is not seen
    (https://www.unicode.org/reports/tr15/)."""
    seen = "".join(c for c in text if category(c) != "Cf") if not text.isascii() else text
    return normalize("NFKC", normalize("NFKC", seen).casefold())
