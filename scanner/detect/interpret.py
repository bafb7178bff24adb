"""Hits in their place -> facts: the credential, the integration it belongs to, the edges.

The unit of the inventory is one integration per (holder, provider): a repository that uses three
providers has three rows, so that approving one approves nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from scanner.detect.settings import setting_of
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence, Evidence, Setting
from scanner.model.facts import Asset, AssetClass, Credential, Edge, Fact, Relation
from scanner.model.items import Hit, HitKind, Place
from scanner.model.keys import part_id

_WEAKER = {
    Setting.EXAMPLE: 1,
    Setting.TEST: 2,
    Setting.DOCUMENTATION: 2,
    Setting.VENDORED: 2,
    Setting.GENERATED: 2,
    Setting.COMMENT: 2,
}
"""How many grades of confidence evidence loses there: it shows that AI is spoken of, not in use."""


def integration_id(subject: NodeId, provider: str) -> NodeId:
    return part_id(subject, f"ai/{provider}")


def credential_id(provider: str, fingerprint: str) -> NodeId:
    return NodeId(f"credential:{provider}:{fingerprint}")


def facts_of(
    sightings: Iterable[tuple[Hit, Place]],
    *,
    source: str,
    provider_name: Callable[[str], str],
    subject_name: Callable[[NodeId], str],
) -> Iterator[Fact]:
    """One sighting at a time; the store merges what belongs together."""
    for hit, place in sightings:
        evidence = evidence_of(hit, place, source)
        if hit.kind is HitKind.CREDENTIAL:
            yield from _credential_facts(hit, place, evidence, provider_name)
            if place.context is Setting.HISTORY:
                continue
        yield from _integration_facts(hit, place, evidence, provider_name, subject_name)


def evidence_of(hit: Hit, place: Place, source: str) -> Evidence:
    """The observation, with its setting and how sure it is there."""
    setting = place.context
    if setting is Setting.PRODUCTION and place.path:
        setting = setting_of(place.path, hit.kind)
    if setting is Setting.PRODUCTION and hit.context is not None:
        setting = hit.context
    steps = _WEAKER.get(setting, 0)
    if hit.kind is HitKind.CREDENTIAL:
        steps = min(steps, 1)  # a key in a test or a comment is a key all the same
    return Evidence(
        rule=hit.rule,
        source=source,
        resource=place.resource or place.subject,
        path=place.path,
        line=hit.line,
        commit=place.commit,
        last_commit=place.last_commit,
        author=place.author,
        context=setting,
        confidence=hit.confidence.lowered(steps),
        preview=hit.preview,
        credential=hit.fingerprint,
        first_at=place.seen_at,
        last_at=place.last_seen_at or place.seen_at,
        suppressed=hit.suppressed,
    )


def _credential_facts(
    hit: Hit, place: Place, evidence: Evidence, provider_name: Callable[[str], str]
) -> Iterator[Fact]:
    ident = credential_id(hit.provider, hit.fingerprint)
    yield Credential(
        id=ident,
        kind=f"credential.{hit.rule.replace('-', '_')}",
        name=f"{provider_name(hit.provider)} key {hit.hint}",
        issuer=hit.provider,
        fingerprint=hit.fingerprint,
        hint=hit.hint,
        head=hit.head,
        tags=dict(hit.tags),
        evidence=(evidence,),
    )
    yield _edge(ident, place.subject, Relation.STORED_IN, evidence)


def _integration_facts(
    hit: Hit,
    place: Place,
    evidence: Evidence,
    provider_name: Callable[[str], str],
    subject_name: Callable[[NodeId], str],
) -> Iterator[Fact]:
    if hit.part:
        yield from _part_facts(hit, place, evidence)
        if not hit.provider or hit.kind is HitKind.MCP_SERVER:
            return  # a server that is configured is an asset by itself; whose it is, it says
    ident = integration_id(place.subject, hit.provider)
    yield Asset(
        id=ident,
        kind=f"{evidence.source}.integration",
        name=f"{provider_name(hit.provider)} in {subject_name(place.subject)}",
        asset_class=AssetClass.INTEGRATION,
        provider=hit.provider,
        models=(hit.label,) if hit.kind is HitKind.MODEL else hit.models,
        evidence=(evidence,),
    )
    yield _edge(place.subject, ident, Relation.CONTAINS, evidence)
    yield _edge(ident, NodeId(f"provider:{hit.provider}"), Relation.CALLS, evidence)
    if hit.kind is HitKind.CREDENTIAL:
        target = credential_id(hit.provider, hit.fingerprint)
        yield _edge(ident, target, Relation.AUTHENTICATES_WITH, evidence)


def _part_facts(hit: Hit, place: Place, evidence: Evidence) -> Iterator[Fact]:
    """A thing of its own: an MCP server, an agent, weights, an endpoint that no catalogue lists."""
    ident = part_id(place.subject, hit.part)
    yield Asset(
        id=ident,
        kind=f"{evidence.source}.{hit.part.partition('/')[0]}",
        name=hit.name or hit.label,
        asset_class=AssetClass(hit.asset_class or AssetClass.OTHER),
        provider=hit.provider,
        models=hit.models,
        tags=dict(hit.tags),
        evidence=(evidence,),
    )
    yield _edge(place.subject, ident, Relation.CONTAINS, evidence)
    if hit.provider:
        yield _edge(ident, NodeId(f"provider:{hit.provider}"), Relation.CALLS, evidence)


def _edge(source: NodeId, target: NodeId, relation: Relation, evidence: Evidence) -> Edge:
    confidence = evidence.confidence if isinstance(evidence.confidence, Confidence) else None
    return Edge(
        source=source,
        target=target,
        relation=relation,
        evidence=(evidence,),
        confidence=confidence or Confidence.MEDIUM,
    )


def short_name(subject: NodeId) -> str:
    """The name people use: the repository's path, the function's name."""
    if ":secretsmanager:" in subject:  # AWS adds a dash and six characters of its own
        return subject.partition(":secret:")[2][:-7]
    if subject.startswith("/"):  # Azure's and Google's paths
        return subject.rpartition("/")[2]
    if subject.startswith("arn:"):
        return subject.rpartition(":")[2].rpartition("/")[2]
    name = subject.partition(":")[2].partition("@")[0].partition("?")[0]
    parts = [part for part in name.split("/") if part]
    return "/".join(parts[-2:]) if subject.startswith("git:") else (parts or [name])[-1]
