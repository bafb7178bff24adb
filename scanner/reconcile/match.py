"""Asset against entry: exact keys first, declared ids, patterns, derivation; names only suggest.

The cascade follows ServiceNow's identification rules in order (native key first, then rules by
priority), and never lets a resemblance of names register anything: on real renamed systems a name
matcher is right nine times in ten, and a registry that is wrong once in ten is not one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId
from scanner.model.facts import Asset, Credential, Relation
from scanner.model.keys import canonical_remote, canonical_uri, holder_of
from scanner.model.registry import BindingType, Match, MatchClass, RegistryEntry

_TAG_KEYS = frozenset({"airegistryid", "registryid", "aisystemid", "airegistry", "aiuseid"})
_FUZZY_FLOOR = 88
_FUZZY_MARGIN = 5
_DERIVE_DEPTH = 3
_DERIVES = (
    Relation.CONFIGURED_BY,
    Relation.SERVES,
    Relation.AUTHENTICATES_WITH,
)
"""Relations along which belonging to a system goes on. Roles, networks and data stores are shared
between systems, so belonging does not travel over them."""


@dataclass
class Index:
    """A registry, compiled for look-ups."""

    entries: dict[str, RegistryEntry]
    exact: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """canonical key -> (entry id, why)"""
    patterns: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_provider: dict[str, str] = field(default_factory=dict)
    """Every name of a provider -> its id."""


def build_index(entries: Iterable[RegistryEntry], aliases: dict[str, str]) -> Index:
    index = Index(entries={entry.id: entry for entry in entries}, by_provider=aliases)
    for entry in index.entries.values():
        for binding in entry.bindings:
            if binding.type is BindingType.PATTERN:
                index.patterns.append((binding.value, entry.id))
            elif binding.type is BindingType.TAG:
                index.exact[f"tag:{binding.value.casefold()}"].append((entry.id, "tag"))
            else:
                key = canonical(binding.type, binding.value)
                index.exact[key].append((entry.id, str(binding.type)))
        for name in (entry.name, *entry.aliases):
            plain = normal_name(name)
            if plain and entry.id not in index.names[plain]:
                index.names[plain].append(entry.id)
    return index


def canonical(kind: BindingType, value: str) -> str:
    """A binding's value in the form in which assets show their keys."""
    if kind is BindingType.REPO:
        remote = value if value.startswith(("git:", "dir:")) else canonical_remote(value)
        return remote if ":" in remote[:4] else f"git:{(remote or value).casefold()}"
    if kind is BindingType.URI:
        return canonical_uri(value)
    if kind is BindingType.KEY_FINGERPRINT:
        return f"fingerprint:{value}"
    return value.strip()


def keys_of(node: Asset | Credential) -> Iterator[str]:
    """Every exact key under which an asset may be registered."""
    yield node.id
    if node.id.startswith("git:"):
        yield node.id.casefold()
    if isinstance(node, Credential):
        yield f"fingerprint:{node.fingerprint}"
        return
    for alias in node.aliases:
        yield alias
        yield canonical_uri(alias)
    for tag, value in node.tags.items():
        yield f"tag:{tag.casefold()}={value.casefold()}"


def normal_name(name: str) -> str:
    """Lower case words without punctuation, for comparing names whole."""
    return " ".join(re.findall(r"[a-z0-9]+", name.casefold()))


def match_all(graph: AssetGraph, index: Index) -> dict[NodeId, list[Match]]:
    """Every match of every asset and credential, the best first."""
    nodes: list[Asset | Credential] = [*graph.assets(), *graph.credentials()]
    found: dict[NodeId, list[Match]] = {}
    for node in nodes:
        matches = list(_direct(graph, node, index))
        if matches:
            found[node.id] = matches
    _derive(graph, found)
    for node in nodes:
        if node.id not in found and isinstance(node, Asset):
            found[node.id] = list(_by_name(node, index))
    return {ident: _ranked(matches) for ident, matches in found.items() if matches}


def _ranked(matches: list[Match]) -> list[Match]:
    order = list(MatchClass)
    best: dict[str, Match] = {}
    for match in sorted(matches, key=lambda m: (order.index(m.match_class), -m.score, m.entry)):
        best.setdefault(match.entry, match)
    return list(best.values())


def _direct(graph: AssetGraph, node: Asset | Credential, index: Index) -> Iterator[Match]:
    for key in dict.fromkeys(keys_of(node)):
        for entry, why in index.exact.get(key, ()):
            kind = MatchClass.DECLARED if why == "tag" else MatchClass.EXACT
            yield _match(node.id, entry, kind, 100, f"{why} {key}")
    yield from _declared(node, index)
    for pattern, entry in index.patterns:
        if fnmatchcase(node.id, pattern) or fnmatchcase(node.name, pattern):
            yield _by_pattern(node, entry, pattern, index)
    if isinstance(node, Asset):
        yield from _through_holder(graph, node, index)


def _by_pattern(node: Asset | Credential, entry: str, pattern: str, index: Index) -> Match:
    """A pattern covers the providers that its entry states, and no others: ``*`` must not approve
    whatever comes along."""
    provider = node.provider if isinstance(node, Asset) else node.issuer
    stated = index.entries[entry].approved.providers
    if stated is not None and provider in {index.by_provider.get(p.casefold(), p) for p in stated}:
        return _match(node.id, entry, MatchClass.PATTERN, 90, f"pattern {pattern}")
    why = "states no providers" if stated is None else "does not name its provider"
    reason = f"pattern {pattern}; the entry {why}"
    return _match(node.id, entry, MatchClass.PROBABLE, 70, reason)


def _declared(node: Asset | Credential, index: Index) -> Iterator[Match]:
    for tag, value in sorted(node.tags.items()):
        plain = re.sub(r"[^a-z]", "", tag.rpartition(":")[2].casefold())
        if plain in _TAG_KEYS and value in index.entries:
            yield _match(node.id, value, MatchClass.DECLARED, 95, f"tag {tag}={value}")


def _through_holder(graph: AssetGraph, node: Asset, index: Index) -> Iterator[Match]:
    """An entry that is bound to a repository or function covers the providers it names there, and
    no others: one approved bot at a root must not approve what else lies below it."""
    above = holder_of(node.id)
    holder = graph.node(above) if above else None
    if not isinstance(holder, Asset) or not node.provider:
        return
    for match in _direct(graph, holder, index):
        stated = index.entries[match.entry].approved.providers
        if stated is None:
            yield _match(
                node.id, match.entry, MatchClass.PROBABLE, 70,
                f"{match.reason} of its holder; the entry states no providers",
            )  # fmt: skip
        elif node.provider in {index.by_provider.get(p.casefold(), p) for p in stated}:
            kind = match.match_class
            yield _match(node.id, match.entry, kind, match.score, f"{match.reason} of its holder")


def _derive(graph: AssetGraph, found: dict[NodeId, list[Match]]) -> None:
    """What a registered asset is made of belongs to the same entry, unless two entries share it."""
    front = {
        ident: matches[0].entry
        for ident, matches in found.items()
        if len({m.entry for m in matches if m.match_class.links}) == 1
    }
    for step in range(1, _DERIVE_DEPTH + 1):
        reached: dict[NodeId, set[tuple[str, str]]] = defaultdict(set)
        for ident, entry in front.items():
            for edge in graph.out_edges(ident, *_DERIVES):
                if edge.target not in found:
                    reached[edge.target].add((entry, f"{edge.relation} from {ident}"))
        front = {}
        for ident in sorted(reached):
            sources = reached[ident]
            if len({entry for entry, _ in sources}) == 1:
                entry, reason = sorted(sources)[0]
                score = 90 - 5 * step
                found[ident] = [_match(ident, entry, MatchClass.DERIVED, score, reason)]
                front[ident] = entry


def _by_name(asset: Asset, index: Index) -> Iterator[Match]:
    """Names only ever suggest, and only when one entry stands out."""
    if not index.names:
        return
    plain = normal_name(asset.name)
    for entry in index.names.get(plain, ()):
        yield _match(asset.id, entry, MatchClass.PROBABLE, 85, f"same name `{asset.name}`")
    if plain in index.names:
        return
    from rapidfuzz import fuzz, process

    close = process.extract(plain, index.names.keys(), scorer=fuzz.token_sort_ratio, limit=3)
    best = [(name, score) for name, score, _ in close if score >= _FUZZY_FLOOR]
    if best and (len(close) < 2 or best[0][1] - close[1][1] >= _FUZZY_MARGIN):
        name, score = best[0]
        for entry in index.names[name]:
            yield _match(
                asset.id, entry, MatchClass.PROBABLE, int(score * 0.8), f"name resembles `{name}`"
            )


def _match(asset: NodeId, entry: str, kind: MatchClass, score: int, reason: str) -> Match:
    return Match(asset=asset, entry=entry, match_class=kind, score=score, reason=reason)
