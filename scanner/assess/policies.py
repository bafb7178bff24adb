"""Policies x standings -> draft findings. Pure: the same state gives the same drafts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property

from scanner.assess.evaluation import Evaluation
from scanner.assess.fingerprint import fingerprint
from scanner.assess.owning import people
from scanner.assess.profile import Profile, Profiles
from scanner.assess.risk import risk
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import Ownership
from scanner.kit.folding import FAILED
from scanner.model.base import NodeId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.evidence import Confidence, Evidence, Setting
from scanner.model.facts import Asset, Credential, Relation
from scanner.model.finding import Finding
from scanner.model.registry import EntryOutcome, EntryStanding, RegistryEntry, Standing
from scanner.reconcile.norms import Norms
from scanner.reconcile.reconcile import Reconciliation
from scanner.rulebook.flows import is_nobody
from scanner.rulebook.policy import Policy, Subject, When
from scanner.rulebook.risk import RiskRules
from scanner.rulebook.types import Provider

_SETTING_ORDER = (
    Setting.PRODUCTION,
    Setting.HISTORY,
    Setting.EXAMPLE,
    Setting.TEST,
    Setting.COMMENT,
    Setting.GENERATED,
    Setting.VENDORED,
    Setting.DOCUMENTATION,
)


_IN_USE = (Setting.PRODUCTION, Setting.EXAMPLE)
"""Settings whose evidence adds up: ten mentions in a manual are no use."""


@dataclass(frozen=True)
class Situation:
    """All that policies may look at."""

    graph: AssetGraph
    reconciliation: Reconciliation
    owners: dict[NodeId, tuple[Ownership, ...]]
    coverage: tuple[Coverage, ...]
    now: str
    provider_names: Mapping[str, str] = field(default_factory=dict)
    """Catalogue id -> the name that people read."""
    norms: Norms = field(default_factory=Norms)
    catalogue: Mapping[str, Provider] = field(default_factory=dict)
    risk_rules: RiskRules | None = None
    """None: the bundled weights."""

    @cached_property
    def profiles(self) -> Profiles:
        """What weighs of each asset and key."""
        return Profiles(self)


@dataclass(frozen=True)
class _Case:
    """One subject as a policy sees it."""

    uid: NodeId
    parts: dict[str, str]
    words: dict[str, str]
    confidence: Confidence
    shards: tuple[str, ...] = ()
    is_seen: bool = True
    asset: Asset | Credential | None = None
    standing: Standing | None = None
    entry: EntryStanding | None = None
    coverage: Coverage | None = None
    field: str = ""


def evaluate(policies: Iterable[Policy], situation: Situation) -> Evaluation:
    """Every policy on every subject."""
    policies = tuple(policies)
    result = Evaluation()
    result.policies = frozenset(name for p in policies for name in (p.id, *p.formerly))
    found = situation.reconciliation
    if found.is_unknown or found.is_partial:
        result.unjudged_policies = frozenset(p.id for p in policies if _asks_registry(p))
    cases: dict[Subject, list[_Case]] = {
        Subject.ASSET: list(_asset_cases(situation)),
        Subject.CREDENTIAL: list(_credential_cases(situation)),
        Subject.ENTRY: list(_entry_cases(situation)),
        Subject.COVERAGE: list(_coverage_cases(situation)),
    }
    for policy in policies:
        if policy.id in result.unjudged_policies and (
            found.is_unknown or policy.when.owned is not None
        ):
            continue  # an owner may stand in what could not be read
        for case in cases[policy.subject]:
            for one in _by_field(policy, case):
                _judge(policy, one, situation, result)
    return result


def _judge(policy: Policy, case: _Case, situation: Situation, result: Evaluation) -> None:
    parts = tuple(case.parts.get(part, "") for part in policy.identity)
    mark = fingerprint(policy.id, parts)
    if case.entry and EntryOutcome.NOT_VERIFIABLE in case.entry.outcomes and _needs_sight(policy):
        result.unjudged.add(mark)
    if case.is_seen:
        result.seen.add(mark)
    if _holds(policy.when, case, situation):
        if (
            case.entry
            and case.entry.absent_as_of
            and EntryOutcome.NOT_FOUND in policy.when.registry
        ):
            result.waiting.add(mark)
        result.drafts[mark] = _draft(policy, case, situation, mark)
        if policy.formerly:
            result.formerly[mark] = tuple(fingerprint(name, parts) for name in policy.formerly)


def _needs_sight(policy: Policy) -> bool:
    """Whether it says something of what is there, and not of the entry alone."""
    return bool(set(policy.when.registry) & _SEEN_OUTCOMES)


_SEEN_OUTCOMES = {
    EntryOutcome.FOUND, EntryOutcome.NOT_FOUND, EntryOutcome.RETIRED_ALIVE,
    EntryOutcome.CHANGED_SINCE_ASSESSED, EntryOutcome.UNASSESSED,
}  # fmt: skip


def _asks_registry(policy: Policy) -> bool:
    when = policy.when
    return (
        bool(when.registry or when.drift or when.undeclared)
        or when.owned is not None
        or (policy.subject is Subject.ENTRY)
    )


def _by_field(policy: Policy, case: _Case) -> Iterator[_Case]:
    """One case a field that lies outside, for policies whose identity says so. ``reason`` of an
    entry is what the outcome that the policy asks for rests on."""
    if case.entry is not None:
        wanted = [one for one in case.entry.outcomes if one in policy.when.registry]
        said = "; ".join(text for one in wanted if (text := case.entry.details.get(one, "")))
        yield replace(case, words={**case.words, "reason": said or case.words["reason"]})
        return
    if "field" not in policy.identity or case.standing is None:
        yield case
        return
    outside = case.standing.unapproved if policy.when.unapproved else case.standing.drift
    for drift in outside:
        name = drift.partition(":")[0]
        yield _Case(
            uid=case.uid, parts={**case.parts, "field": name},
            words={**case.words, "fields": drift}, confidence=case.confidence, shards=case.shards,
            is_seen=case.is_seen, asset=case.asset, standing=case.standing, field=name,
        )  # fmt: skip


def _holds(when: When, case: _Case, situation: Situation) -> bool:
    return (
        case.confidence.rank >= when.confidence.rank
        and _registry_holds(when, case, situation)
        and _place_holds(when, case, situation)
        and (not when.unapproved or case.field in when.unapproved)
        and (when.undeclared is None or when.undeclared == _is_undeclared(case))
        and (when.retired_model is None or when.retired_model == bool(case.words.get("retired")))
        and (when.owned is None or when.owned == _has_owner(case, situation))
        and (not when.status or (case.coverage is not None and case.coverage.status in when.status))
    )


def _is_undeclared(case: _Case) -> bool:
    return case.standing is not None and bool(case.standing.undeclared)


def _registry_holds(when: When, case: _Case, situation: Situation) -> bool:
    if case.entry is not None:
        outcomes = {str(outcome) for outcome in case.entry.outcomes}
        stage = case.entry.entry.stage
        return (
            (not when.registry or bool(outcomes & set(when.registry)))
            and (not when.stage or (stage is not None and stage in when.stage))
            and (when.unassessed is None or when.unassessed == case.entry.unassessed)
        )
    if not when.registry and not when.drift:
        return True
    standing = case.standing
    if standing is None or not situation.reconciliation.has_registry:
        # Without a registry everything is unregistered: that is what an ad-hoc audit asks.
        return standing is not None and standing.status in when.registry and not when.drift
    return (not when.registry or standing.status in when.registry) and (
        not when.drift or case.field in when.drift
    )


def _place_holds(when: When, case: _Case, situation: Situation) -> bool:
    node = case.asset
    if node is None:
        return True
    asset = node if isinstance(node, Asset) else None
    if when.asset_class and (asset is None or asset.asset_class not in when.asset_class):
        return False
    if when.kind and not any(fnmatchcase(node.kind, glob) for glob in when.kind):
        return False
    if when.environment and (asset is None or asset.environment not in when.environment):
        return False
    if when.setting and best_setting(node.evidence) not in when.setting:
        return False
    if when.is_part is not None and when.is_part != situation.graph.is_part(node.id):
        return False
    if when.stored_in:
        edges = situation.graph.out_edges(node.id, Relation.STORED_IN)
        kinds = [getattr(situation.graph.node(edge.target), "kind", "") for edge in edges]
        if not any(fnmatchcase(kind, glob) for kind in kinds for glob in when.stored_in):
            return False
    profile = situation.profiles.of(node) if when.combines else None
    return profile is None or all(profile.holds(condition) for condition in when.combines)


def best_setting(evidence: tuple[Evidence, ...]) -> Setting:
    """The most telling kind of place among the evidence."""
    found = {item.context for item in evidence}
    return next((s for s in _SETTING_ORDER if s in found), Setting.PRODUCTION)


def best_confidence(evidence: tuple[Evidence, ...]) -> Confidence:
    """How sure the surest evidence is; two independent kinds of weak evidence count one grade
    more, so a variable and a model name together are more than either. Guesses by the same thing
    are none: that several events or sources tell a name which looks like AI's makes it no surer,
    and neither does that access has ended, or was tried in vain."""
    if not evidence:
        return Confidence.CERTAIN
    evidence = tuple(item for item in evidence if not item.ends) or evidence
    used = tuple(item for item in evidence if not item.rule.endswith(FAILED))
    evidence = used or evidence
    best = max((item.confidence for item in evidence), key=lambda grade: grade.rank)
    kinds = {
        f"guess by {item.guess}" if item.guess else item.rule
        for item in evidence
        if item.confidence.rank == best.rank and item.context in _IN_USE
    }
    if used and best in (Confidence.LOW, Confidence.MEDIUM) and len(kinds) > 1:
        return Confidence.MEDIUM if best is Confidence.LOW else Confidence.HIGH
    return best


def _owners(case: _Case, situation: Situation) -> tuple[Ownership, ...]:
    if case.entry is not None:
        owner = case.entry.entry.owner
        return (
            (Ownership(owner=owner, basis="registry", confidence=Confidence.HIGH, reason="entry"),)
            if not is_nobody(owner, situation.graph.flow_rules)
            else ()
        )
    return situation.owners.get(case.uid, ())


def _has_owner(case: _Case, situation: Situation) -> bool:
    """A guess at whom to ask is one; a mailbox is nobody, save where an entry names it: the entry
    has a policy of its own for that."""
    claims = _owners(case, situation)
    return bool(people(claims)) or any(claim.basis == "registry" for claim in claims)


_UNIT_TAGS = ("businessunit", "department", "division", "unit")


def _unit(case: _Case, situation: Situation) -> str:
    index = situation.reconciliation.index
    entry = case.entry.entry if case.entry else None
    if entry is None and case.standing and index is not None:
        entry = index.entries.get(case.standing.entry)
    if entry is not None and entry.business_unit:
        return entry.business_unit
    tags = case.asset.tags if case.asset else {}
    folded = {"".join(c for c in k.casefold() if c.isalpha()): v for k, v in sorted(tags.items())}
    return next((folded[tag] for tag in _UNIT_TAGS if folded.get(tag)), "")


def _draft(policy: Policy, case: _Case, situation: Situation, mark: str) -> Finding:
    owners = _owners(case, situation)
    node = case.asset
    profile = situation.profiles.of(node) if node else None
    weighed = risk(policy.severity, profile, case.confidence, situation.risk_rules)
    factors = tuple(str(part) for part in weighed.parts)
    way = _way(policy, profile)
    drawn = " -> ".join(situation.graph.name_of(ident) for ident in way)
    return Finding(
        fingerprint=mark,  # type: ignore[arg-type]
        policy=policy.id,
        severity=str(policy.severity),
        risk=weighed.score,
        risk_factors=factors,
        path=way,
        title=_fill(policy.title, case.words),
        asset=case.uid,
        confidence=str(case.confidence),
        first_seen=situation.now,
        last_seen=situation.now,
        owner=owners[0].owner if owners else "",
        business_unit=_unit(case, situation),
        provider=node.provider if isinstance(node, Asset) else getattr(node, "issuer", ""),
        kind=node.kind if node else "",
        account=(situation.graph.account_of(node.id) or "") if node else "",
        environment=node.environment if isinstance(node, Asset) else "",
        last_used=situation.graph.last_used(node.id) if isinstance(node, Credential) else "",
        controls=policy.controls,
        remedy=_fill(policy.remedy, case.words),
        detail=drawn or case.words.get("reason", "") or ", ".join(factors),
        shards=case.shards,
    )


def _way(policy: Policy, profile: Profile | None) -> tuple[NodeId, ...]:
    """What a combination stands on: the way to data that could be read, else that which goes."""
    if profile is None or not policy.when.combines:
        return ()
    asked = {condition.partition("=")[0] for condition in policy.when.combines}
    first = {"reach": profile.exposed, "trial": profile.trial}
    drawn = (*(way for name, way in first.items() if name in asked), profile.flow, profile.exposed)
    return next((way.nodes for way in drawn if way is not None), ())


def _fill(template: str, words: dict[str, str]) -> str:
    """Only plain ``{word}`` is replaced: titles come from files, names from the outside."""
    for word, value in words.items():
        template = template.replace("{" + word + "}", value)
    return template


def _asset_cases(situation: Situation) -> Iterator[_Case]:
    for asset in situation.graph.assets():
        yield _node_case(asset, situation)


def _credential_cases(situation: Situation) -> Iterator[_Case]:
    for credential in situation.graph.credentials():
        yield _node_case(credential, situation)


def _node_case(node: Asset | Credential, situation: Situation) -> _Case:
    standing = situation.reconciliation.standings.get(node.id)
    provider = node.provider if isinstance(node, Asset) else node.issuer
    where = ""
    if isinstance(node, Credential):
        places = sorted({e.path or e.resource for e in node.evidence})
        where = ", ".join(places[:2]) + (f" and {len(places) - 2} more" if len(places) > 2 else "")
    return _Case(
        uid=node.id,
        parts={"subject": node.id},
        words={
            "name": node.name,
            "provider": situation.provider_names.get(provider, provider),
            "entry": standing.entry if standing else "",
            "fields": "; ".join(standing.drift) if standing else "",
            "reason": standing.reason if standing else "",
            "where": where,
            "declared": standing.undeclared if standing else "",
            "retired": "; ".join(_retired(node, situation)) if isinstance(node, Asset) else "",
        },
        confidence=best_confidence(node.evidence),
        shards=situation.graph.shards_of(node.id),
        is_seen=situation.graph.is_seen(node.id),
        asset=node,
        standing=standing,
    )


def _retired(asset: Asset, situation: Situation) -> Iterator[str]:
    for model in asset.models:
        since = situation.norms.end_of_life(asset.provider, model)
        if since:
            yield f"{model.rpartition('/')[2]} since {since}"


def _entry_cases(situation: Situation) -> Iterator[_Case]:
    for standing in situation.reconciliation.entries:
        entry: RegistryEntry = standing.entry
        yield _Case(
            uid=NodeId(f"registry:{entry.id}"),
            parts={"subject": entry.id, "entry": entry.id},
            words={
                "name": entry.name,
                "entry": entry.id,
                "reason": standing.detail,
                "fields": ", ".join(standing.duplicates),
                "provider": ", ".join(entry.approved.providers or ()),
            },
            confidence=Confidence.CERTAIN,
            entry=standing,
        )


def _coverage_cases(situation: Situation) -> Iterator[_Case]:
    for row in situation.coverage:
        yield _Case(
            uid=NodeId(f"coverage:{row.shard}"),
            parts={"subject": row.shard},
            words={"name": row.shard, "reason": row.reason, "provider": row.source},
            confidence=Confidence.CERTAIN,
            shards=(row.shard,),
            coverage=row,
            is_seen=row.status in (Outcome.COMPLETE, Outcome.NOT_ENABLED),
        )
