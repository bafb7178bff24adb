"""Matches -> dispositions, in both directions: what is there against what was registered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId
from scanner.model.coverage import Coverage
from scanner.model.facts import Account, Asset, Credential
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
from scanner.reconcile.decisions import Decision
from scanner.reconcile.keys import canonical
from scanner.reconcile.match import Index, build_index, match_all, normal_name, tier
from scanner.reconcile.patterns import fits


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
    today: str = "",
) -> Reconciliation:
    """Both sides' standing. Every asset and every entry has exactly one. ``refused``: why rows of
    the registry could not be used."""
    index = build_index(entries, provider_aliases, decisions, today)
    matches = match_all(graph, index)
    standings: dict[NodeId, Standing] = {}
    claimed: dict[str, list[NodeId]] = {entry.id: [] for entry in entries}
    nodes: list[Asset | Credential] = [*graph.assets(), *graph.credentials()]
    for node in nodes:
        standing = _standing(graph, node, matches.get(node.id, []), index.entries, provider_aliases)
        standings[node.id] = standing
        if standing.status in (Disposition.REGISTERED, Disposition.DRIFTED):
            claimed[standing.entry].append(node.id)
    holders = _held(graph, entries)
    twins = _duplicates(entries)
    rows = list(coverage)
    outcomes = tuple(
        _entry_standing(entry, claimed[entry.id], holders.get(entry.id, []), twins, rows)
        for entry in entries
    )
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
    entries: dict[str, RegistryEntry],
    aliases: dict[str, str],
) -> Standing:
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
    drift: tuple[str, ...] = ()
    if isinstance(node, Asset):
        drift = tuple(_drift(graph, node, entries[best.entry], aliases))
    return Standing(
        status=Disposition.DRIFTED if drift else Disposition.REGISTERED,
        entry=best.entry,
        score=best.score,
        reason=f"{best.match_class}: {best.reason}",
        drift=drift,
    )


def _drift(
    graph: AssetGraph, asset: Asset, entry: RegistryEntry, aliases: dict[str, str]
) -> Iterable[str]:
    """``field: observed X, approved Y`` for each field outside the envelope. A field that the entry
    does not state, or the source does not show, is not drift."""
    approved = entry.approved
    if approved.providers is not None and asset.provider:
        stated = {aliases.get(p.casefold(), p) for p in approved.providers}
        if asset.provider not in stated:
            yield _says("provider", asset.provider, approved.providers)
    if approved.models is not None:
        outside = [m for m in asset.models if not fits(_model_name(m), approved.models)]
        if outside:
            yield _says("model", ", ".join(outside), approved.models)
    if approved.regions is not None and asset.region and asset.region not in approved.regions:
        yield _says("region", asset.region, approved.regions)
    if approved.environments is not None and asset.environment:
        stated = {e.casefold() for e in approved.environments}
        if asset.environment.casefold() not in stated:
            yield _says("environment", asset.environment, approved.environments)
    account = graph.account_of(asset.id)
    if approved.accounts is not None and account:
        node = graph.node(account)
        names = {account, account.rpartition("/")[2], account.rpartition(":")[2]}
        names |= {node.name} if isinstance(node, Account) else set()
        if not names & set(approved.accounts):
            yield _says("account", account.rpartition("/")[2], approved.accounts)


def _says(field: str, observed: str, approved: Iterable[str]) -> str:
    return f"{field}: observed {observed}, approved {', '.join(approved)}"


def _model_name(model: str) -> str:
    """The id inside an ARN: ``arn:...:foundation-model/x`` -> ``x``."""
    return model.rpartition("/")[2] if model.startswith("arn:") else model


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
    coverage: list[Coverage],
) -> EntryStanding:
    outcomes: list[EntryOutcome] = []
    detail = ""
    if assets:
        outcomes.append(EntryOutcome.FOUND)
        if entry.stage is Stage.RETIRED:
            outcomes.append(EntryOutcome.RETIRED_ALIVE)
    elif entry.stage is not Stage.RETIRED and entry.stage is not Stage.IDEA:
        blind = _not_seen(entry, coverage)
        if blind:
            outcomes.append(EntryOutcome.NOT_VERIFIABLE)
            detail = blind
        else:
            outcomes.append(EntryOutcome.NOT_FOUND)
            detail = "its holder is there without this AI" if holders else "every place was read"
    duplicates = tuple(sorted(twins.get(entry.id, ())))
    if duplicates and duplicates[0] < entry.id:  # told once, of the one that repeats
        outcomes.append(EntryOutcome.DUPLICATE)
    return EntryStanding(
        entry=entry,
        outcomes=tuple(outcomes),
        assets=tuple(assets),
        duplicates=duplicates,
        detail=detail,
        unassessed=not any(a.status in ("done", "waived") for a in entry.assessments),
    )


def _not_seen(entry: RegistryEntry, coverage: list[Coverage]) -> str:
    """Why "it is not there" may not be said, or nothing. A binding may only be missed where the
    shard that would show it was read completely."""
    placed = [b for b in entry.bindings if b.type not in (BindingType.PATTERN, BindingType.TAG)]
    if not placed:
        return "the entry has no exact binding that says where to look"
    for binding in placed:
        wanted = _shard_pattern(binding.type, binding.value)
        rows = [row for row in coverage if wanted and re.match(wanted, row.shard, re.IGNORECASE)]
        if not rows:
            return f"no shard of this scan covers {binding.value}"
        unread = [row for row in rows if not row.status.proves_absence]
        if unread:
            return f"{unread[0].shard} was not read completely ({unread[0].status})"
    return ""


def _shard_pattern(kind: BindingType, value: str) -> str:
    if value.startswith("arn:"):
        _, _, service, region, account, *_ = [*value.split(":"), "", "", "", ""]
        return rf"aws:{account or '[^/]+'}/{region or '[^/]+'}/{re.escape(service)}"
    if kind is BindingType.REPO:
        return "code:" + re.escape(canonical(kind, value)) + r"/tree\Z"
    if value.startswith("okta:"):
        return re.escape(value.partition("/")[0]) + "/apps"
    if value.startswith("entra:"):
        place, _, rest = value.partition("/")
        part = {"agent": "agents", "copilot": "copilot"}.get(rest.partition("/")[0], "apps")
        return re.escape(f"{place}/{part}")
    if value.startswith("google_workspace:"):
        return re.escape(value.partition("/")[0]) + "/grants"
    return ""
