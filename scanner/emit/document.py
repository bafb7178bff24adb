"""The JSON document: the contract that ticketing reads. Additions only within a major version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from scanner.assess.metrics import Metric
from scanner.assess.policies import Situation, best_confidence
from scanner.emit.shown import edges_at
from scanner.graph import tenancy
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import Ownership
from scanner.model.base import Model, NodeId, encode
from scanner.model.coverage import Coverage
from scanner.model.evidence import Confidence, Cost, Evidence, Setting, total_costs
from scanner.model.facts import Account, Asset, Credential, Edge, Relation
from scanner.model.finding import Finding
from scanner.model.registry import EntryStanding, Standing
from scanner.rulebook.policy import Policy

SCHEMA_VERSION = "1.3.0"


class ScanInfo(Model, frozen=True, kw_only=True):
    """Which run this is."""

    id: str
    started: str
    finished: str
    exit_code: int
    versions: dict[str, str]


class CoverageRow(Model, frozen=True, kw_only=True):
    """One shard: read completely, or not, and why."""

    shard: str
    source: str
    status: str
    reason: str
    records: int
    gaps: tuple[str, ...] = ()
    read_at: str = ""


class RegistryStatus(Model, frozen=True, kw_only=True):
    """``status``: registered, drifted, probable, ambiguous or unregistered."""

    status: str
    entry: str = ""
    score: int = 0
    reason: str = ""
    drift: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


class EvidenceRow(Model, frozen=True, kw_only=True):
    """One place where it was seen. ``credential_fingerprint`` is keyed; the secret is nowhere."""

    rule: str
    source: str
    provider: str
    resource: str = ""
    path: str = ""
    line: int = 0
    commit: str = ""
    author: str = ""
    context: str = ""
    confidence: str = ""
    preview: str = ""
    credential_fingerprint: str = ""
    count: int = 1
    first_seen: str = ""
    last_seen: str = ""
    bytes_sent: int = 0
    """To the AI, where the source counts them: logs of traffic, calls of applications, browsers."""
    bytes_received: int = 0
    costs: tuple[Cost, ...] = ()


class AssetRow(Model, frozen=True, kw_only=True):
    """One AI asset or credential. ``uid`` is the same in every scan."""

    uid: str
    type: str
    """``asset`` or ``credential``."""
    kind: str
    name: str
    provider: str
    account: str = ""
    region: str = ""
    environment: str = ""
    asset_class: str = ""
    models: tuple[str, ...] = ()
    exposure: tuple[str, ...] = ()
    """How it can be reached, as far as its source tells; ``public`` where anybody may try."""
    confidence: str = ""
    tenancy: dict[str, int] = {}
    """How many accounts use it, by whose they are: ``corporate``, ``personal``, ``unknown``."""
    costs: tuple[Cost, ...] = ()
    """What was charged in all of its evidence, each day and line once."""
    last_used: str = ""
    """Of a credential: when it was used last, as its vendor's record or log says."""
    tags: dict[str, str] = {}
    """The vendor's own labels, and what was read of the thing (an MCP server's command, a key's
    ``verify``)."""
    owners: tuple[Ownership, ...] = ()
    registry: RegistryStatus
    evidence: tuple[EvidenceRow, ...] = ()
    seen_in_this_scan: bool = True


class EdgeRow(Model, frozen=True, kw_only=True):
    """``source <kind> target`` reads as a sentence."""

    source: str
    target: str
    kind: str
    confidence: str = ""
    detail: str = ""
    tenancy: str = ""
    """Of use: ``corporate`` or ``personal``, the account's; ``unknown`` where its domain is neither
    the organization's nor one of mail for everybody."""
    evidence: tuple[EvidenceRow, ...] = ()


class AttemptRow(Model, frozen=True, kw_only=True):
    """Who tried AI and was refused, or failed: no use; the AI may be in use by nobody."""

    uid: str
    """Of the AI; it is among the assets where anybody uses it."""
    name: str
    provider: str = ""
    who: str
    """Id of the person, the device or the address."""
    count: int
    first_seen: str = ""
    last_seen: str = ""


class EntryRow(Model, frozen=True, kw_only=True):
    """One registry entry and what the scan says of it."""

    id: str
    name: str
    owner: str = ""
    stage: str = ""
    outcomes: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    detail: str = ""


class PolicyRow(Model, frozen=True, kw_only=True):
    """One policy that was applied, whether or not it found anything. ``title`` is a template."""

    id: str
    name: str
    title: str
    subject: str
    severity: str
    rationale: str
    remedy: str
    controls: tuple[str, ...] = ()


class Document(Model, frozen=True, kw_only=True):
    """Everything one scan says."""

    schema_version: str = SCHEMA_VERSION
    scan: ScanInfo
    coverage: tuple[CoverageRow, ...]
    assets: tuple[AssetRow, ...]
    edges: tuple[EdgeRow, ...]
    findings: tuple[Finding, ...]
    attempts: tuple[AttemptRow, ...] = ()
    registry: tuple[EntryRow, ...] = ()
    policies: tuple[PolicyRow, ...] = ()
    metrics: tuple[Metric, ...] = ()
    """From the history of scans, this one the last."""
    warnings: tuple[str, ...] = ()


def build(
    situation: Situation,
    findings: Iterable[Finding],
    scan: ScanInfo,
    warnings: Iterable[str] = (),
    *,
    policies: Iterable[Policy] = (),
    metrics: Iterable[Metric] = (),
    least: Confidence = Confidence.LOW,
) -> Document:
    """The document of a finished scan, in a fixed order. What is less sure than ``least`` is left
    out, and counted in a warning."""
    graph = situation.graph
    standings = situation.reconciliation.standings
    found: list[Asset | Credential] = [*graph.assets(), *graph.credentials()]
    nodes = [node for node in found if best_confidence(node.evidence).rank >= least.rank]
    if len(nodes) < len(found):
        warnings = (
            *warnings,
            f"{len(found) - len(nodes)} assets are less sure than `{least}` and not shown",
        )
    inside = {node.id for node in nodes}
    return Document(
        scan=scan,
        coverage=tuple(_coverage(row) for row in situation.coverage),
        assets=tuple(
            _asset(node, situation, standings.get(node.id), situation.owners) for node in nodes
        ),
        edges=tuple(map(_edge, edges_at(graph, inside))),
        findings=tuple(sorted(findings, key=lambda f: (-f.risk, f.policy, f.asset, f.fingerprint))),
        attempts=tuple(_attempts(graph)),
        registry=tuple(_entry(row) for row in situation.reconciliation.entries),
        policies=tuple(_policy(policy) for policy in sorted(policies, key=lambda p: p.id)),
        metrics=tuple(metrics),
        warnings=tuple(warnings),
    )


_AT_ONCE = 500
"""Rows that are written at once: the document of a large company is as large again as text."""


def chunks(document: Document) -> Iterator[bytes]:
    """Deterministic JSON, indented, in pieces; one newline at the end."""
    opening = b"{\n"
    for field in msgspec.structs.fields(document):
        yield opening + b'  "' + field.encode_name.encode() + b'": '
        opening = b",\n"
        value = getattr(document, field.name)
        if isinstance(value, tuple) and value:
            yield from _listed(value)
        else:
            yield _indented(value).replace(b"\n", b"\n  ")
    yield b"\n}\n"


def _listed(rows: Sequence[object]) -> Iterator[bytes]:
    opening = b"[\n"
    for start in range(0, len(rows), _AT_ONCE):
        inner = _indented(rows[start : start + _AT_ONCE])[2:-2]  # without its own brackets
        yield opening + b"  " + inner.replace(b"\n", b"\n  ")
        opening = b",\n"
    yield b"\n  ]"


def _indented(value: object) -> bytes:
    return msgspec.json.format(encode(value), indent=2)


def render(document: Document) -> bytes:
    """All :func:`chunks` in one piece."""
    return b"".join(chunks(document))


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of :class:`Document`, from the same types."""
    (root,), components = msgspec.json.schema_components([Document], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:shadow-ai-scanner:document:{SCHEMA_VERSION}",
        "title": "Shadow AI scanner document",
        **root,
        "$defs": components,
    }


def _coverage(row: Coverage) -> CoverageRow:
    return CoverageRow(
        shard=row.shard,
        source=row.source,
        status=str(row.status),
        reason=row.reason,
        records=row.records,
        gaps=row.gaps,
        read_at=row.read_at,
    )


def _asset(
    node: Asset | Credential,
    situation: Situation,
    standing: Standing | None,
    owners: Mapping[NodeId, tuple[Ownership, ...]],
) -> AssetRow:
    asset = node if isinstance(node, Asset) else None
    provider = asset.provider if asset else getattr(node, "issuer", "")
    account = situation.graph.account_of(node.id)
    return AssetRow(
        uid=node.id,
        type="asset" if asset else "credential",
        kind=node.kind,
        name=node.name,
        provider=provider,
        account=_account(situation, account),
        region=asset.region if asset else "",
        environment=asset.environment if asset else "",
        asset_class=str(asset.asset_class) if asset else "",
        models=asset.models if asset else (),
        exposure=asset.exposure if asset else (),
        confidence=str(best_confidence(node.evidence)),
        tenancy=tenancy.at(situation.graph, node.id),
        costs=total_costs(node.evidence),
        last_used="" if asset else situation.graph.last_used(node.id),
        tags=dict(sorted(node.tags.items())),
        owners=owners.get(node.id, ()),
        registry=_standing(standing),
        evidence=tuple(_evidence(item, provider) for item in sorted(node.evidence, key=_telling)),
        seen_in_this_scan=situation.graph.is_seen(node.id),
    )


def _telling(item: Evidence) -> tuple[int, bool]:
    """The surest evidence first, what is in use before what is spoken of; else the fixed order."""
    return (-item.confidence.rank, item.context is not Setting.PRODUCTION)


def _account(situation: Situation, account: NodeId | None) -> str:
    if not account:
        return ""
    node = situation.graph.node(account)
    ident = account.rpartition("/")[2]
    named = isinstance(node, Account) and node.name and node.name != ident
    return f"{node.name} ({ident})" if node is not None and named else ident


def _standing(standing: Standing | None) -> RegistryStatus:
    if standing is None:
        return RegistryStatus(status="unregistered")
    return RegistryStatus(
        status=str(standing.status),
        entry=standing.entry,
        score=standing.score,
        reason=standing.reason,
        drift=standing.drift,
        candidates=standing.candidates,
    )


def _evidence(item: Evidence, provider: str) -> EvidenceRow:
    return EvidenceRow(
        rule=item.rule,
        source=item.source,
        provider=provider,
        resource=item.resource,
        path=item.path,
        line=item.line,
        commit=item.commit,
        author=item.author,
        context=str(item.context),
        confidence=str(item.confidence),
        preview=item.said,
        credential_fingerprint=item.credential,
        count=item.count,
        first_seen=item.first_at,
        last_seen=item.last_at,
        bytes_sent=item.bytes_up,
        bytes_received=item.bytes_down,
        costs=item.costs,
    )


def _edge(edge: Edge) -> EdgeRow:
    return EdgeRow(
        source=edge.source,
        target=edge.target,
        kind=str(edge.relation),
        confidence=str(edge.confidence),
        detail=edge.detail,
        tenancy=str(edge.tenancy) if edge.relation in tenancy.USES else "",
        evidence=tuple(_evidence(item, "") for item in edge.evidence[:20]),
    )


def _attempts(graph: AssetGraph) -> Iterator[AttemptRow]:
    # A graph has its edges in order of their keys.
    for edge in graph.edges.values():
        node = graph.nodes.get(edge.source)
        if edge.relation is not Relation.TRIED_BY or not isinstance(node, Asset):
            continue
        times = [time for row in edge.evidence for time in (row.first_at, row.last_at) if time]
        yield AttemptRow(
            uid=node.id, name=node.name, provider=node.provider, who=edge.target,
            count=sum(row.count for row in edge.evidence), first_seen=min(times, default=""),
            last_seen=max(times, default=""),
        )  # fmt: skip


def _entry(row: EntryStanding) -> EntryRow:
    return EntryRow(
        id=row.entry.id,
        name=row.entry.name,
        owner=row.entry.owner,
        stage=str(row.entry.stage or ""),
        outcomes=tuple(str(outcome) for outcome in row.outcomes),
        assets=row.assets,
        duplicates=row.duplicates,
        detail=row.detail,
    )


def _policy(policy: Policy) -> PolicyRow:
    return PolicyRow(
        id=policy.id,
        name=policy.name,
        title=policy.title,
        subject=str(policy.subject),
        severity=str(policy.severity),
        rationale=policy.rationale,
        remedy=policy.remedy,
        controls=policy.controls,
    )
