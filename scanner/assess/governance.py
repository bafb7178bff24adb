"""Use cases against a framework: what findings are relevant to which control, for which system.

Owns what a use case is, how use cases are ranked, and the words for what may be said of a control.
A finding is relevant to a control; that there is none says only that the rules which ask found
nothing in what was read. Nothing here says that a control is satisfied.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from scanner.assess.owning import people
from scanner.assess.policies import Situation
from scanner.model.base import Model, NodeId
from scanner.model.coverage import Coverage, wanted
from scanner.model.facts import Asset, Relation
from scanner.model.finding import Finding, FindingStatus
from scanner.model.keys import holder_of
from scanner.model.registry import EntryStanding, RegistryEntry
from scanner.reconcile.assessments import verdict
from scanner.reconcile.norms import Norms
from scanner.rulebook.policy import Control, Framework, Policy


class Answer(StrEnum):
    """What may be said of a control."""

    FINDINGS = "findings"
    """Open findings are relevant to it."""
    DECIDED = "decided"
    """Findings are relevant to it, and each of them is accepted or suppressed: none is gone."""
    NOTHING_FOUND = "nothing_found"
    """Rules ask about it, and found nothing in what was read completely."""
    INCOMPLETE = "incomplete"
    """Nothing was found, but not everything was read."""
    NOT_EVALUATED = "not_evaluated"
    """No rule of this product asks about it."""
    HINT = "hint"
    """Words point there. A person decides."""


class ControlAnswer(Model, frozen=True, kw_only=True):
    id: str
    title: str
    answer: Answer
    findings: tuple[str, ...] = ()
    """Fingerprints of open ones, the riskiest first."""
    decided: tuple[str, ...] = ()
    """Of accepted and suppressed ones, which are still there."""
    policies: tuple[str, ...] = ()
    """That ask about it."""
    hints: tuple[str, ...] = ()
    shows: str = ""
    cannot: str = ""


class UseCase(Model, frozen=True, kw_only=True):
    """One AI system: a registry entry with what was found of it, or a system that nobody
    registered."""

    id: str
    name: str
    registered: bool
    owner: str = ""
    business_unit: str = ""
    stage: str = ""
    purpose: str = ""
    risk: int = 0
    """Of its riskiest open finding; 0 to 100."""
    assets: tuple[NodeId, ...] = ()
    findings: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    """Findings that are accepted or suppressed; they say nothing of its risk here."""
    assessments: tuple[str, ...] = ()
    controls: tuple[ControlAnswer, ...] = ()


class Assessment(Model, frozen=True, kw_only=True):
    """A framework over the whole estate, and over its use cases."""

    framework: str
    framework_name: str
    version: str
    source: str
    note: str
    at: str
    """When the scan that it stands on was finished."""
    scan: str
    shards: int
    unread: tuple[str, ...]
    """Shards that were not read completely, with why."""
    controls: tuple[ControlAnswer, ...]
    use_cases: tuple[UseCase, ...]
    use_cases_in_all: int
    findings: tuple[Finding, ...]
    """All that are named above; what is accepted or suppressed says by whom, why and until when."""

    @property
    def answered(self) -> dict[str, int]:
        """Answer -> how many controls."""
        return {one: sum(c.answer is one for c in self.controls) for one in Answer}


def assess(
    framework: Framework,
    policies: Sequence[Policy],
    situation: Situation,
    findings: Sequence[Finding],
    *,
    scan: str = "",
    top: int | None = None,
) -> Assessment:
    """``top``: only so many use cases, those with the riskiest findings first."""
    present = [finding for finding in findings if is_present(finding)]
    present.sort(key=lambda f: (-f.risk, f.policy, f.fingerprint))
    unread = tuple(f"{row.shard}: {row.status} {row.reason}".strip()
                   for row in situation.coverage if _is_lacking(row))  # fmt: skip
    cases = use_cases(situation, present)
    chosen = cases if top is None else cases[:top]
    asks = _policies_of(framework, policies)
    whole = tuple(
        _answer(framework, control, asks[control.id], present, bool(unread), ())
        for control in framework.controls
    )
    detailed = tuple(
        _with_controls(case, framework, asks, present, bool(unread)) for case in chosen
    )
    named = {mark for control in whole for mark in (*control.findings, *control.decided)}
    named |= {mark for case in detailed for mark in (*case.findings, *case.decided)}
    return Assessment(
        framework=framework.id, framework_name=framework.name, version=framework.version,
        source=framework.source, note=framework.note, at=situation.now, scan=scan,
        shards=wanted(row.status for row in situation.coverage), unread=unread,
        controls=whole, use_cases=detailed,
        use_cases_in_all=len(cases),
        findings=tuple(f for f in present if f.fingerprint in named),
    )  # fmt: skip


def is_present(finding: Finding) -> bool:
    """Whether what it tells is so, whatever anybody has decided about it: to accept a finding mends
    nothing, and no control is better for it."""
    return finding.status is not FindingStatus.RESOLVED


def _is_lacking(row: Coverage) -> bool:
    return row.status.is_lacking


def _policies_of(framework: Framework, policies: Iterable[Policy]) -> dict[str, list[str]]:
    asks: dict[str, list[str]] = defaultdict(list)
    for policy in policies:
        for control in policy.controls:
            name, _, ident = control.partition(":")
            if name == framework.id:
                asks[ident].append(policy.id)
    return asks


def _answer(
    framework: Framework,
    control: Control,
    asks: Sequence[str],
    findings: Iterable[Finding],
    is_incomplete: bool,
    hints: tuple[str, ...],
) -> ControlAnswer:
    name = f"{framework.id}:{control.id}"
    relevant = [f for f in findings if name in f.controls]
    marks, decided = _told_apart(relevant)
    if hints:
        answer = Answer.HINT
    elif marks:
        answer = Answer.FINDINGS
    elif decided:
        answer = Answer.DECIDED
    elif not asks:
        answer = Answer.NOT_EVALUATED
    else:
        answer = Answer.INCOMPLETE if is_incomplete else Answer.NOTHING_FOUND
    return ControlAnswer(
        id=control.id, title=control.title, answer=answer, findings=marks, decided=decided,
        policies=tuple(asks), hints=hints, shows=control.shows, cannot=control.cannot,
    )  # fmt: skip


def _with_controls(
    case: UseCase,
    framework: Framework,
    asks: dict[str, list[str]],
    findings: Sequence[Finding],
    is_incomplete: bool,
) -> UseCase:
    import msgspec

    own = [f for f in findings if f.fingerprint in {*case.findings, *case.decided}]
    answers = tuple(
        _answer(framework, control, asks[control.id], own, is_incomplete,
                tuple(_hints(case, control)))
        for control in framework.controls
    )  # fmt: skip
    return msgspec.structs.replace(case, controls=answers)


def _hints(case: UseCase, control: Control) -> Iterator[str]:
    for field in ("purpose", "name", "business_unit"):
        text = getattr(case, field)
        for word in control.words:
            if re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE):
                yield f"its {field.replace('_', ' ')} says `{word}`"


def use_cases(situation: Situation, findings: Sequence[Finding]) -> list[UseCase]:
    """The riskiest first, then those with more findings, then by name."""
    by_asset: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_asset[finding.asset].append(finding)
    claimed = {ident for row in situation.reconciliation.entries for ident in row.assets}
    alone = _with_keys(situation, claimed, by_asset)
    cases = [
        _of_entry(standing, by_asset, situation.norms)
        for standing in situation.reconciliation.entries
        if standing.assets or by_asset.get(f"registry:{standing.entry.id}")
    ]
    cases += _unregistered(situation, claimed, by_asset)
    cases += _bare_keys(situation, alone, claimed, by_asset)
    return sorted(cases, key=lambda c: (-c.risk, -len(c.findings), c.name, c.id))


def _with_keys(
    situation: Situation, claimed: set[NodeId], by_asset: dict[str, list[Finding]]
) -> dict[NodeId, list[NodeId]]:
    """Gives the AI that a key belongs to the findings about it: what signs in with it, else what
    stands in the same place (of its vendor, where there is any). Returns the keys of places without
    AI, by place."""
    graph = situation.graph
    standing: dict[NodeId, list[Asset]] = defaultdict(list)
    for asset in graph.assets():
        if asset.id not in claimed and graph.is_part(asset.id):
            continue  # its whole is the system
        standing[asset.id].append(asset)
        holder = holder_of(asset.id)
        if holder and holder != asset.id:
            standing[holder].append(asset)
    alone: dict[NodeId, list[NodeId]] = defaultdict(list)
    for key in graph.credentials():
        own = by_asset.get(key.id, [])
        if not own:
            continue
        users = {edge.source for edge in graph.in_edges(key.id, Relation.AUTHENTICATES_WITH)}
        places = {edge.target for edge in graph.out_edges(key.id, Relation.STORED_IN)}
        there = [a for place in sorted(users) for a in standing[place]]
        there = there or [a for place in sorted(places) for a in standing[place]]
        fitting = [asset for asset in there if asset.provider == key.issuer] or there
        for ident in dict.fromkeys(asset.id for asset in fitting):
            by_asset[ident] += own
        for place in sorted(places or {key.id}) if not fitting else ():
            alone[place].append(key.id)
    return alone


def _bare_keys(
    situation: Situation, alone: dict[NodeId, list[NodeId]], claimed: set[NodeId],
    by_asset: dict[str, list[Finding]],
) -> Iterator[UseCase]:  # fmt: skip
    """Places of which nothing is known but that keys of AI vendors stand there."""
    for place, keys in sorted(alone.items()):
        own = _riskiest(f for key in keys if key not in claimed for f in by_asset[key])
        node = situation.graph.node(place)
        if own:
            opened, decided = _told_apart(own)
            yield UseCase(
                id=place, name=getattr(node, "name", "") or place, registered=False,
                owner=own[0].owner, risk=_risk(own), findings=opened, decided=decided,
            )  # fmt: skip


def _told_apart(findings: Sequence[Finding]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fingerprints of what is open, and of what is accepted or suppressed."""
    opened = tuple(f.fingerprint for f in findings if f.status.is_open)
    return opened, tuple(f.fingerprint for f in findings if not f.status.is_open)


def _risk(findings: Iterable[Finding]) -> int:
    return max((f.risk for f in findings if f.status.is_open), default=0)


def _riskiest(findings: Iterable[Finding]) -> list[Finding]:
    """Each once, the riskiest first."""
    unique = {finding.fingerprint: finding for finding in findings}
    return sorted(unique.values(), key=lambda f: (-f.risk, f.policy, f.fingerprint))


def _of_entry(standing: EntryStanding, by_asset: dict[str, list[Finding]], norms: Norms) -> UseCase:
    entry = standing.entry
    idents = (f"registry:{entry.id}", *standing.assets)
    own = _riskiest(finding for ident in idents for finding in by_asset.get(ident, []))
    opened, decided = _told_apart(own)
    return UseCase(
        id=entry.id, name=entry.name, registered=True, owner=entry.owner,
        business_unit=entry.business_unit, stage=str(entry.stage or ""), purpose=entry.purpose,
        risk=_risk(own), assets=standing.assets, findings=opened, decided=decided,
        assessments=tuple(_assessed(entry, norms)),
    )  # fmt: skip


_VERDICTS = {True: "", False: "(not passed)", None: "(not known to be passed)"}


def _assessed(entry: RegistryEntry, norms: Norms) -> Iterator[str]:
    for one in entry.assessments:
        parts = [one.type, one.framework, str(one.status), one.result,
                 _VERDICTS[verdict(one, norms.rules.assessments, norms.today)], one.at,
                 f"until {one.expires_at}" if one.expires_at else "", one.ref]  # fmt: skip
        yield " ".join(part for part in parts if part)


def _unregistered(
    situation: Situation, claimed: set[NodeId], by_asset: dict[str, list[Finding]]
) -> Iterator[UseCase]:
    """What stands in one holder is one use case."""
    systems: dict[NodeId, list[Asset]] = defaultdict(list)
    for asset in situation.graph.assets():
        if asset.id not in claimed and not situation.graph.is_part(asset.id):
            systems[holder_of(asset.id) or asset.id].append(asset)
    for ident, assets in systems.items():
        own = _riskiest(f for asset in assets for f in by_asset.get(asset.id, []))
        node = situation.graph.node(ident)
        claims = people(c for asset in assets for c in situation.owners.get(asset.id, ()))
        name = node.name if node is not None and len(assets) > 1 else assets[0].name
        opened, decided = _told_apart(own)
        yield UseCase(
            id=ident, name=name, registered=False, owner=claims[0].owner if claims else "",
            stage="", risk=_risk(own), assets=tuple(asset.id for asset in assets),
            findings=opened, decided=decided,
        )  # fmt: skip
