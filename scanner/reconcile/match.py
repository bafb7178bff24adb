"""Asset against entry: what people decided, exact keys, declared ids, patterns, derivation; names
only suggest.

The cascade follows ServiceNow's identification rules in order (native key first, then rules by
priority), and never lets a resemblance of names register anything: on real renamed systems a name
matcher is right nine times in ten, and a registry that is wrong once in ten is not one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId
from scanner.model.facts import Account, Asset, Credential
from scanner.model.keys import holder_of
from scanner.model.registry import BindingType, Match, MatchClass, RegistryEntry
from scanner.reconcile import decisions as deciding
from scanner.reconcile.decisions import Decision, Remembered
from scanner.reconcile.deriving import derive
from scanner.reconcile.described import Described, Suggestion
from scanner.reconcile.keys import UNSURE, canonical, keys_of, unsure_keys_of
from scanner.reconcile.name_words import plain_words
from scanner.reconcile.patterns import Patterns
from scanner.rulebook.norms import NormRules, PatternRules, bundled

_TAG_KEYS = frozenset({"airegistryid", "registryid", "aisystemid", "airegistry", "aiuseid"})
_UNIT_TAGS = frozenset({"department", "businessunit", "unit", "division", "agency", "bureau"})
_HINT_TAGS = frozenset({"team", "costcenter", "costcentre", "project", "application", "app",
                        "service", "workload", "group"})  # fmt: skip
_OWNER_TAGS = frozenset({"owner", "technicalowner", "businessowner", "serviceowner", "contact",
                         "maintainer", "responsible", "createdby"})  # fmt: skip

Found = dict[NodeId, list[Match]]


@dataclass
class Index:
    """A registry, compiled for look-ups."""

    entries: dict[str, RegistryEntry]
    exact: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """canonical key -> (entry id, why)"""
    declared: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What an asset may call its entry -> the entries that are called so."""
    patterns: Patterns = field(default_factory=lambda: Patterns((), PatternRules()))
    by_provider: Mapping[str, str] = field(default_factory=dict)
    """Every name of a provider -> its id."""
    decisions: Sequence[Decision] = ()
    today: str = ""
    before: bool = False
    """What is matched is judged before it is there."""
    remembered: Remembered = field(default_factory=Remembered)
    """The decisions that hold; filled by :func:`match_all`."""


def build_index(
    entries: Iterable[RegistryEntry],
    aliases: Mapping[str, str],
    decisions: Sequence[Decision] = (),
    today: str = "",
    rules: NormRules | None = None,
    products: frozenset[str] = frozenset(),
    *,
    before: bool = False,
) -> Index:
    """``products``: ids, among those of ``aliases``, of what one runs oneself and names as one
    likes."""
    index = Index(
        entries={entry.id: entry for entry in entries},
        by_provider=aliases,
        decisions=decisions,
        today=today,
        before=before,
    )
    globs: list[tuple[str, str]] = []
    for entry in index.entries.values():
        for name in {entry.id, *(source.id for source in entry.source_ids)}:
            index.declared[name.casefold()].append(entry.id)
        for binding in entry.bindings:
            if binding.type is BindingType.PATTERN:
                globs.append((binding.value, entry.id))
            elif binding.type is BindingType.TAG:
                index.exact[f"tag:{binding.value.casefold()}"].append((entry.id, "tag"))
            else:
                key = canonical(binding.type, binding.value)
                index.exact[key].append((entry.id, str(binding.type)))
    vendors = [name for name, ident in aliases.items() if ident not in products]
    index.patterns = Patterns(globs, (rules or bundled()).patterns, vendors)
    return index


def normal_name(name: str) -> str:
    """Lower case words without punctuation, for comparing names whole."""
    return plain_words(name)


def match_all(graph: AssetGraph, index: Index) -> Found:
    """Every match of every asset and credential, the best first."""
    nodes: list[Asset | Credential] = [*graph.assets(), *graph.credentials()]
    decided = {  # what holds AI, and is none, may be decided on, too
        ident: node for ident, node in graph.nodes.items() if isinstance(node, (Asset, Credential))
    } if index.decisions else {}  # fmt: skip
    index.remembered = deciding.holding(
        index.decisions, decided, index.entries, index.today, before=index.before
    )
    index.patterns.count(nodes)
    found: Found = {}
    for node in nodes:
        matches = [
            match
            for match in direct(graph, node, index)
            if (node.id, match.entry) not in index.remembered.different
        ]
        if matches:
            found[node.id] = matches
    derive(graph, found, index.entries, index.remembered.different)
    _suggest(graph, nodes, index, found)
    return {ident: ranked(matches) for ident, matches in found.items() if matches}


def ranked(matches: Iterable[Match]) -> list[Match]:
    """The best of each entry, in the order in which they decide."""
    best: dict[str, Match] = {}
    for match in sorted(
        matches, key=lambda m: (*tier(m), _ORDER[m.match_class], -m.score, m.entry)
    ):
        best.setdefault(match.entry, match)
    return list(best.values())


def _rank(match: Match) -> tuple[int, bool, int, int, str]:
    return (*tier(match), _ORDER[match.match_class], -match.score, match.entry)


def tier(match: Match) -> tuple[int, bool]:
    """Which claims stand against each other. A key and a tag are both said of the asset itself, so
    two of them are ambiguous; a pattern is a general rule, and what is said of a thing beats it. So
    does what is said of a thing beat what is said of the place it stands in."""
    explicit = match.match_class in (MatchClass.EXACT, MatchClass.DECLARED)
    kind = MatchClass.EXACT if explicit else match.match_class
    return _ORDER[kind], match.of_holder


_ORDER = {kind: number for number, kind in enumerate(MatchClass)}


def direct(graph: AssetGraph, node: Asset | Credential, index: Index) -> Iterator[Match]:
    """All that people and keys say of it; nothing that is guessed."""
    for decision in index.remembered.same.get(node.id, ()):
        until = f", until {decision.expires_at[:10]}"
        said = f"{decision.author} said so on {decision.at[:10]}: {decision.reason}{until}"
        yield _match(node.id, decision.entry, MatchClass.CONFIRMED, 100, said)
    for key in dict.fromkeys(keys_of(node)):
        for entry, why in index.exact.get(key, ()):
            if why == "tag" and is_broad_tag(key.removeprefix("tag:"), index):
                said = f"{key}; it names no system"
                yield _match(node.id, entry, MatchClass.PROBABLE, 60, said)
                continue
            if why == "tag":
                yield _by_tag(node, entry, 100, f"tag {key}", index)
                continue
            yield _match(node.id, entry, MatchClass.EXACT, 100, f"{why} {key}")
    for key in dict.fromkeys(unsure_keys_of(node)):
        for entry, why in index.exact.get(key, ()):
            vendor = node.id.partition(":")[0]
            said = f"{why} {key.removeprefix(UNSURE)}, which does not say whose: `{vendor}:...`?"
            yield _match(node.id, entry, MatchClass.PROBABLE, 75, said)
    yield from _declared(node, index)
    for pattern, entry in index.patterns.fitting(node):
        yield _by_pattern(node, entry, pattern, index)
    if isinstance(node, Asset):
        yield from _through_holder(graph, node, index)


def _by_pattern(node: Asset | Credential, entry: str, pattern: str, index: Index) -> Match:
    """A pattern covers the providers that its entry states, and no others: ``*`` must not approve
    whatever comes along. One that swallows too much covers nothing by itself."""
    provider = node.provider if isinstance(node, Asset) else node.issuer
    stated = index.entries[entry].approved.providers
    broad = index.patterns.too_broad(pattern, entry, node)
    if broad:
        reason = f"pattern {pattern}; {broad}"
        return _match(node.id, entry, MatchClass.PROBABLE, 60, reason)
    if stated is not None and provider in {index.by_provider.get(p.casefold(), p) for p in stated}:
        return _match(node.id, entry, MatchClass.PATTERN, 90, f"pattern {pattern}")
    why = "states no providers" if stated is None else "does not name its provider"
    reason = f"pattern {pattern}; the entry {why}"
    return _match(node.id, entry, MatchClass.PROBABLE, 70, reason)


def is_broad_tag(tag: str, index: Index) -> bool:
    """A tag of a registry's own names an entry, whatever the value is; others have to say a system:
    `env=prod` covers whatever comes along."""
    return not _is_id_tag(tag.partition("=")[0]) and index.patterns.tag_is_broad(tag)


def _is_id_tag(name: str) -> bool:
    return re.sub(r"[^a-z]", "", re.split(r"[:/.]", name)[-1].casefold()) in _TAG_KEYS


def declared_ids(node: Asset | Credential) -> Iterator[tuple[str, str]]:
    """(tag, value) where an asset says which entry it belongs to."""
    for tag, value in sorted(node.tags.items()):
        if _is_id_tag(tag) and value.strip():
            yield tag, value.strip()


def _declared(node: Asset | Credential, index: Index) -> Iterator[Match]:
    for tag, value in declared_ids(node):
        meant = index.declared.get(value.casefold(), [])
        if value in index.entries:
            meant = [value]  # our own id is one entry, whatever other registries call theirs
        for entry in meant:
            yield _by_tag(node, entry, 95, f"tag {tag}={value}", index)


def _by_tag(node: Asset | Credential, entry: str, score: int, reason: str, index: Index) -> Match:
    """Whoever deploys writes the tag: before something is there, an entry that states no providers
    would let anything land that carries its id. What is there already is told as what it is."""
    provider = node.provider if isinstance(node, Asset) and node.is_ai else ""
    if index.before and provider and index.entries[entry].approved.providers is None:
        said = f"{reason}; the entry states no providers"
        return _match(node.id, entry, MatchClass.PROBABLE, 80, said)
    return _match(node.id, entry, MatchClass.DECLARED, score, reason)


def _through_holder(graph: AssetGraph, node: Asset, index: Index) -> Iterator[Match]:
    """An entry that is bound to a repository or function covers the providers it names there, and
    no others: one approved bot at a root must not approve what else lies below it."""
    above = holder_of(node.id)
    holder = graph.node(above) if above else None
    if not isinstance(holder, Asset) or not node.provider:
        return
    for match in direct(graph, holder, index):
        if (holder.id, match.entry) in index.remembered.different:
            continue
        stated = index.entries[match.entry].approved.providers
        if stated is None:
            yield _match(
                node.id, match.entry, MatchClass.PROBABLE, 70,
                f"{match.reason} of its holder; the entry states no providers", of_holder=True,
            )  # fmt: skip
        elif node.provider in {index.by_provider.get(p.casefold(), p) for p in stated}:
            reason = f"{match.reason} of its holder"
            yield _match(
                node.id, match.entry, match.match_class, match.score, reason, of_holder=True
            )


def _suggest(
    graph: AssetGraph, nodes: Sequence[Asset | Credential], index: Index, found: Found
) -> None:
    """Names only ever suggest, and only when one entry stands out."""
    asked = [node for node in nodes if isinstance(node, Asset) and node.id not in found]
    if not asked or not index.entries:
        return
    from scanner.reconcile.names import NameIndex

    names = NameIndex(list(index.entries.values()), index.by_provider)
    described = (describe(graph, asset) for asset in asked)
    for asset, suggestion in zip(asked, names.suggest(described), strict=True):
        matches = [
            match
            for match in _suggested(asset.id, suggestion)
            if (asset.id, match.entry) not in index.remembered.different
        ]
        if matches:
            found[asset.id] = matches


def _suggested(asset: NodeId, suggestion: Suggestion) -> Iterator[Match]:
    if suggestion.best is not None:
        best = suggestion.best
        yield _match(asset, best.entry, MatchClass.PROBABLE, min(best.score, 89), best.reason)
        return
    for rival in suggestion.rivals:
        kind = MatchClass.ABSTAINED
        yield _match(asset, rival.entry, kind, min(rival.score, 89), rival.reason)


def describe(graph: AssetGraph, asset: Asset) -> Described:
    """What its tags and places say that a registry could know, too."""
    units: list[str] = []
    hints: list[str] = []
    owners: list[str] = []
    for tag, value in asset.tags.items():
        plain = re.sub(r"[^a-z]", "", tag.rpartition(":")[2].casefold())
        if plain in _UNIT_TAGS:
            units.append(value)
        elif plain in _HINT_TAGS:
            hints.append(value)
        elif plain in _OWNER_TAGS:
            owners.append(value)
    account = graph.account_of(asset.id)
    if account:
        node = graph.node(account)
        hints.append(node.name if isinstance(node, Account) else account)
    return Described(
        name=asset.name, provider=asset.provider, units=tuple(units), hints=tuple(hints),
        owners=tuple(owners),
    )  # fmt: skip


def _match(
    asset: NodeId, entry: str, kind: MatchClass, score: int, reason: str, *, of_holder: bool = False
) -> Match:
    return Match(
        asset=asset, entry=entry, match_class=kind, score=score, reason=reason, of_holder=of_holder
    )
