"""Matches -> dispositions, in both directions: what is there against what was registered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId
from scanner.model.coverage import Coverage, Sight
from scanner.model.facts import Asset, Credential
from scanner.model.registry import (
    BindingType,
    Disposition,
    EntryOutcome,
    EntryStanding,
    Match,
    MatchClass,
    RegistryEntry,
    Stage,
    Standing,
)
from scanner.reconcile.assessments import assessed
from scanner.reconcile.decisions import Decision
from scanner.reconcile.drift import drifts, observe, outside
from scanner.reconcile.keys import canonical
from scanner.reconcile.match import (
    Index,
    build_index,
    declared_ids,
    is_broad_tag,
    match_all,
    normal_name,
    tier,
)
from scanner.reconcile.missing import Seen
from scanner.reconcile.norms import Norms
from scanner.reconcile.obligations import Obligations


@dataclass(frozen=True)
class Reconciliation:
    standings: dict[NodeId, Standing]
    entries: tuple[EntryStanding, ...]
    has_registry: bool
    is_unknown: bool = False
    """The registry could not be read."""
    is_partial: bool = False
    """Rows of it were refused: what is not found in it may stand in them."""
    index: Index | None = None
    matches: Mapping[NodeId, Sequence[Match]] = field(default_factory=dict)
    """Of every asset that something matches, the best first: what explains its standing."""

    @property
    def lapsed_decisions(self) -> tuple[str, ...]:
        """People's decisions that hold no more, and why."""
        return self.index.remembered.lapsed if self.index else ()


def reconcile(
    graph: AssetGraph,
    entries: Sequence[RegistryEntry],
    provider_aliases: dict[str, str],
    coverage: Iterable[Coverage],
    *,
    has_registry: bool = True,
    refused: str = "",
    decisions: Sequence[Decision] = (),
    norms: Norms | None = None,
    sights: Callable[[], Iterable[Sight]] = tuple,
    before: bool = False,
) -> Reconciliation:
    """Both sides' standing. Every asset and every entry has exactly one. ``refused``: why rows of
    the registry could not be used. ``sights``: what of which things connectors list all.
    ``before``: what is judged is not there yet, and shows a part of itself."""
    held_to = norms or Norms(provider_aliases=provider_aliases)
    index = build_index(
        entries, provider_aliases, decisions, held_to.today, held_to.rules, held_to.own,
        before=before,
    )  # fmt: skip
    matches = match_all(graph, index)
    standings: dict[NodeId, Standing] = {}
    claimed: dict[str, list[NodeId]] = {entry.id: [] for entry in entries}
    nodes: list[Asset | Credential] = [*graph.assets(), *graph.credentials()]
    for node in nodes:
        standing = _standing(graph, node, matches.get(node.id, []), index, held_to)
        standings[node.id] = standing
        if standing.status in (Disposition.REGISTERED, Disposition.DRIFTED):
            claimed[standing.entry].append(node.id)
    holders = _held(graph, entries)
    twins = _duplicates(entries)
    owed = Obligations(graph, entries, held_to)
    seen = Seen(list(coverage), sights)
    suspects: dict[str, NodeId] = {}
    for ident, standing in standings.items():
        if standing.status in (Disposition.PROBABLE, Disposition.AMBIGUOUS):
            for name in standing.candidates:
                suspects.setdefault(name, ident)
    outcomes = tuple(
        _entry_standing(
            entry, claimed[entry.id], holders.get(entry.id, []), twins, seen, suspects,
            [*_owed(owed, graph, running, claimed[entry.id]), *_broad(index, entry)],
            assessed(running, held_to.rules.assessments, held_to.today).lacking,
            in_production=running.stage is Stage.PRODUCTION,
        )
        for entry in entries
        for running in [_as_it_runs(graph, entry, claimed[entry.id])]
    )  # fmt: skip
    if refused:
        standings = {ident: _unless_known(found, refused) for ident, found in standings.items()}
    return Reconciliation(
        standings=standings,
        entries=outcomes,
        has_registry=has_registry,
        is_partial=bool(refused),
        index=index,
        matches=matches,
    )


def _unless_known(standing: Standing, refused: str) -> Standing:
    """What no entry matches may be what a refused row registers."""
    if standing.status is not Disposition.UNREGISTERED:
        return standing
    return Standing(status=Disposition.NOT_JUDGED, reason=refused)


def not_judged(graph: AssetGraph, reason: str) -> Reconciliation:
    """The registry could not be read: nothing is said about registration."""
    nodes: list[Asset | Credential] = [*graph.assets(), *graph.credentials()]
    standing = Standing(status=Disposition.NOT_JUDGED, reason=reason)
    return Reconciliation(
        standings={node.id: standing for node in nodes},
        entries=(),
        has_registry=True,
        is_unknown=True,
    )


def _standing(
    graph: AssetGraph,
    node: Asset | Credential,
    matches: list[Match],
    index: Index,
    norms: Norms,
) -> Standing:
    """Matching, then what of it lies outside an envelope."""
    found = _linked(matches)
    seen = observe(graph, node, norms) if isinstance(node, Asset) else None
    entry = index.entries.get(found.entry) if found.status is Disposition.REGISTERED else None
    drift = tuple(drifts(seen, entry)) if seen and entry else ()
    meant = next((f"{tag}={value}" for tag, value in declared_ids(node)
                  if value.casefold() not in index.declared), "")  # fmt: skip
    return msgspec.structs.replace(
        found,
        status=Disposition.DRIFTED if drift else found.status,
        drift=drift,
        unapproved=tuple(outside(seen, norms.approved)) if seen else (),
        undeclared=meant,
    )


def _linked(matches: list[Match]) -> Standing:
    linked = [match for match in matches if match.match_class.links]
    if not linked:
        if not matches:
            return Standing(status=Disposition.UNREGISTERED, reason="no entry matches")
        best = matches[0]
        if best.match_class is MatchClass.ABSTAINED:
            return Standing(
                status=Disposition.UNREGISTERED, score=best.score,
                reason="no entry matches; its name could mean several: "
                + "; ".join(f"{m.entry} {m.score}" for m in matches),
                candidates=tuple(m.entry for m in matches),
            )  # fmt: skip
        return Standing(
            status=Disposition.PROBABLE, entry=best.entry, score=best.score, reason=best.reason,
            candidates=tuple(m.entry for m in matches),
        )  # fmt: skip
    rank = tier(linked[0])
    rivals = [m for m in linked if tier(m) == rank]
    if len(rivals) > 1:
        return Standing(
            status=Disposition.AMBIGUOUS, entry="", score=linked[0].score,
            reason="; ".join(f"{m.entry}: {m.reason}" for m in rivals),
            candidates=tuple(m.entry for m in rivals),
        )  # fmt: skip
    best = linked[0]
    return Standing(
        status=Disposition.REGISTERED,
        entry=best.entry,
        score=best.score,
        reason=f"{best.match_class}: {best.reason}",
    )


def _as_it_runs(graph: AssetGraph, entry: RegistryEntry, assets: Iterable[NodeId]) -> RegistryEntry:
    """An entry that states no stage owes what production owes, where something of it runs there."""
    if entry.stage is None and any(
        graph.data.environment(ident) == "production" for ident in assets
    ):
        return msgspec.structs.replace(entry, stage=Stage.PRODUCTION)
    return entry


_ABSENT = (EntryOutcome.NOT_FOUND, EntryOutcome.NOT_VERIFIABLE)


def _owed(
    owed: Obligations, graph: AssetGraph, entry: RegistryEntry, assets: Iterable[NodeId]
) -> Iterator[tuple[EntryOutcome, str]]:
    nodes = (graph.node(ident) for ident in assets)
    yield from owed.of(entry, [node for node in nodes if isinstance(node, Asset)])


def _broad(index: Index, entry: RegistryEntry) -> Iterator[tuple[EntryOutcome, str]]:
    for binding in entry.bindings:
        if binding.type is BindingType.PATTERN and (
            why := index.patterns.too_broad(binding.value, entry.id)
        ):
            yield EntryOutcome.BINDING_TOO_BROAD, f"pattern {binding.value}: {why}"
        elif binding.type is BindingType.TAG and is_broad_tag(binding.value, index):
            yield EntryOutcome.BINDING_TOO_BROAD, f"tag {binding.value}: it names no system"


def _held(graph: AssetGraph, entries: Sequence[RegistryEntry]) -> dict[str, list[NodeId]]:
    """Entries whose binding names a carrier (a repository, a function) that is there."""
    found: dict[str, list[NodeId]] = {}
    folded = {ident.casefold(): ident for ident in graph.nodes}
    for entry in entries:
        for binding in entry.bindings:
            key = canonical(binding.type, binding.value).casefold()
            if binding.type is not BindingType.PATTERN and key in folded:
                found.setdefault(entry.id, []).append(folded[key])
    return found


def _duplicates(entries: Sequence[RegistryEntry]) -> dict[str, set[str]]:
    """Entries that bind the same exact thing, or have the same name and provider."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        for binding in entry.bindings:
            if binding.type not in (BindingType.PATTERN, BindingType.TAG):
                key = canonical(binding.type, binding.value)
                if binding.type is BindingType.REPO:
                    key += "|" + ",".join(sorted(entry.approved.providers or ()))
                groups.setdefault(key, []).append(entry.id)
        groups.setdefault(f"name|{normal_name(entry.name)}|{entry.owner}", []).append(entry.id)
    twins: dict[str, set[str]] = {}
    for members in groups.values():
        for member in members if len(set(members)) > 1 else ():
            twins.setdefault(member, set()).update(set(members) - {member})
    return twins


def _entry_standing(
    entry: RegistryEntry,
    assets: list[NodeId],
    holders: list[NodeId],
    twins: dict[str, set[str]],
    seen: Seen,
    suspects: Mapping[str, NodeId],
    owed: Sequence[tuple[EntryOutcome, str]],
    lacking: Sequence[str],
    *,
    in_production: bool,
) -> EntryStanding:
    outcomes: list[EntryOutcome] = []
    detail = as_of = ""
    if assets:
        outcomes.append(EntryOutcome.FOUND)
        if entry.stage is Stage.RETIRED:
            outcomes.append(EntryOutcome.RETIRED_ALIVE)
        if lacking:
            outcomes.append(EntryOutcome.UNASSESSED)
    elif entry.stage is not Stage.RETIRED and entry.stage is not Stage.IDEA:
        blind, as_of = seen.why_not(entry)
        if entry.id in suspects:
            blind = f"{suspects[entry.id]} may be it: a person has to say"
        if blind:
            outcomes.append(EntryOutcome.NOT_VERIFIABLE)
            detail = blind
        else:
            outcomes.append(EntryOutcome.NOT_FOUND)
            detail = "its holder is there without this AI" if holders else "every place was read"
            detail += f", some of it on {as_of[:10]}" if as_of else ""
    duplicates = tuple(sorted(twins.get(entry.id, ())))
    if duplicates and duplicates[0] < entry.id:  # told once, of the one that repeats
        outcomes.append(EntryOutcome.DUPLICATE)
    details: dict[EntryOutcome, str] = {}
    for outcome, said in owed:
        details[outcome] = f"{details[outcome]}; {said}" if outcome in details else said
    if EntryOutcome.UNASSESSED in outcomes:
        details[EntryOutcome.UNASSESSED] = "; ".join(lacking)
    if detail:
        details |= {one: detail for one in outcomes if one in _ABSENT}
    return EntryStanding(
        entry=entry,
        outcomes=(*outcomes, *dict.fromkeys(outcome for outcome, _ in owed)),
        details=details,
        assets=tuple(assets),
        duplicates=duplicates,
        detail=detail,
        absent_as_of=as_of if EntryOutcome.NOT_FOUND in outcomes else "",
        unassessed=bool(lacking),
        in_production=in_production,
    )
