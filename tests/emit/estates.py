"""Estates for the formats: one as it comes, one whose every name is meant to do harm, none at all,
and any (hypothesis)."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from scanner.emit.document import (
    AssetRow,
    CoverageRow,
    Document,
    EdgeRow,
    EntryRow,
    EvidenceRow,
    PolicyRow,
    RegistryStatus,
    ScanInfo,
)
from scanner.graph.ownership import Ownership
from scanner.model.base import Fingerprint, NodeId
from scanner.model.evidence import Confidence
from scanner.model.finding import Finding, FindingStatus

SCAN = ScanInfo(
    id="20260102T030405Z-0011aabb", started="2026-01-02T03:04:05Z", finished="2026-01-02T03:09:00Z",
    exit_code=0, versions={"shadow_ai": "0.1.0", "rules": "abc"},
)  # fmt: skip
REPO = "git:github.com/example-corp/portal"
KEY = "credential:anthropic:9486ebb427773b27d39afc05ff6d93d3"
AGENT = "arn:aws:bedrock:us-east-1:123456789012:agent/SUPPORT1"
MODEL = "arn:aws:sagemaker:eu-west-1:123456789012:model/fraud"
CHAT = "okta:example.okta.com/app/0oa1"
CODE = f"{REPO}#ai/openai"
BUCKET = "arn:aws:s3:::handbook-123456789012"
HOSTILE = (
    "=cmd|'/c calc'!A1 <img src=x onerror=alert(1)>](javascript:x) `|`\\\n# @all "
    "https://evil.example \u202e\x00\x1b]\"'&]]>"
)
DECIDED = "ciso@example.com accepts it until 2026-06-30: a pilot"
EARLY, LATE = "2025-12-01T00:00:00Z", "2026-01-02T03:09:00Z"


def _row(uid: str, kind: str, name: str, provider: str, **more: object) -> AssetRow:
    told: dict[str, object] = {
        "type": "asset", "confidence": "high", "asset_class": "integration",
        "registry": RegistryStatus(status="unregistered", reason="no entry matches"), **more,
    }  # fmt: skip
    return AssetRow(uid=uid, kind=kind, name=name, provider=provider, **told)  # type: ignore[arg-type]


ASSETS = (
    _row(
        AGENT, "aws.bedrock_agent", "support-assistant", "aws_bedrock", asset_class="agent",
        account="ml-production (123456789012)", region="us-east-1", environment="production",
        models=("anthropic.claude-3-5-sonnet",), exposure=("public",), confidence="certain",
        tags={"owner": "support@example.com"},
        owners=(Ownership(owner="support@example.com", basis="tag", confidence=Confidence.HIGH,
                          reason="tag owner"),),
        evidence=(EvidenceRow(rule="bedrock-agent:GetAgent", source="aws", provider="aws_bedrock",
                              resource=AGENT, confidence="certain"),),
    ),
    _row(
        MODEL, "aws.sagemaker_model", "fraud", "aws_sagemaker", asset_class="model",
        account="ml-production (123456789012)", region="eu-west-1",
        registry=RegistryStatus(status="registered", entry="AIR-1", score=100),
    ),
    _row(
        CODE, "code.integration", "OpenAI in example-corp/portal", "openai", models=("gpt-4o",),
        registry=RegistryStatus(status="drifted", entry="AIR-2", drift=("model: gpt-4o",)),
        evidence=(
            EvidenceRow(rule="openai-import", source="code", provider="openai", resource=REPO,
                        path="app/reply.py", line=5, confidence="high", context="production"),
            EvidenceRow(rule="openai-package", source="code", provider="openai", resource=REPO,
                        path="requirements.txt", line=2, confidence="high", context="production"),
        ),
    ),
    _row(
        CHAT, "okta.app", "ChatGPT", "openai", asset_class="saas_app",
        evidence=(EvidenceRow(rule="GET /api/v1/apps", source="okta", provider="openai",
                              resource=CHAT, first_seen=EARLY, last_seen=LATE, count=3),),
    ),
    _row(
        KEY, "credential.anthropic_api_key", "Anthropic key sk-ant-…uiAA", "anthropic",
        type="credential", asset_class="", confidence="certain",
        evidence=(EvidenceRow(rule="anthropic-api-key", source="code", provider="anthropic",
                              resource=REPO, path="app/a b#1.py", line=3, commit="a" * 40,
                              author="noor@example.com", context="history", confidence="certain",
                              preview="KEY=sk-ant-…uiAA", credential_fingerprint="9486eb",
                              first_seen=EARLY),),
    ),
)  # fmt: skip
EDGES = tuple(
    EdgeRow(source=source, target=target, kind=kind, confidence="certain", detail=detail)
    for source, kind, target, detail in (
        (AGENT, "reads_from", BUCKET, ""),
        (AGENT, "calls", "provider:aws_bedrock", ""),
        (CODE, "calls", "provider:openai", ""),
        (KEY, "stored_in", REPO, ""),
        (MODEL, "derived_from", "arn:aws:s3:::weights", "s3://weights/model.tar.gz"),
        (CHAT, "used_by", "okta:example.okta.com/user/omar", ""),
        (REPO, "contains", CODE, ""),
    )
)
POLICIES = tuple(
    PolicyRow(
        id=ident, name=name, title=title, subject=subject, severity=severity, remedy=remedy,
        rationale="It matters.", controls=("nist-ai-rmf:GOVERN-1.6", "eu-ai-act:Art-26-1"),
    )
    for ident, name, title, subject, severity, remedy in (
        ("SAI-001", "unregistered-ai", "Unregistered: {name}", "asset", "medium", "Register it."),
        ("SAI-010", "drifted", "{name} is outside {entry}", "asset", "high", "Bring it back."),
        ("SAI-020", "registered-not-found", "Not there: {name}", "entry", "low", "Retire it."),
        ("SAI-090", "ai-key-in-code", "{name} stands in code", "credential", "critical", "Rotate."),
        ("SAI-099", "coverage-lost", "Not read: {name}", "coverage", "info", "Grant it."),
    )
)  # fmt: skip


def finding(number: int, policy: str, asset: str, severity: str, **more: object) -> Finding:
    told: dict[str, object] = {
        "title": f"{policy} on {asset}", "risk": 10 * number, "confidence": "high",
        "first_seen": EARLY, "last_seen": LATE, "detail": "why it is so", "remedy": "Mend it.",
        "controls": ("nist-ai-rmf:GOVERN-1.6",), **more,
    }  # fmt: skip
    mark = Fingerprint(f"v1:{'abcdefghij'[number]}" + "2" * 25)
    return Finding(
        fingerprint=mark,
        policy=policy,
        asset=NodeId(asset),
        severity=severity,
        **told,  # type: ignore[arg-type]
    )


FINDINGS = (
    finding(9, "SAI-090", KEY, "critical", owner="noor@example.com", confidence="certain"),
    finding(7, "SAI-010", CODE, "high", status=FindingStatus.REOPENED),
    finding(5, "SAI-001", AGENT, "medium", owner="support@example.com"),
    finding(4, "SAI-001", CHAT, "medium", status=FindingStatus.HELD),
    finding(3, "SAI-001", CODE, "medium", status=FindingStatus.RESOLVED, resolved_at=LATE),
    finding(2, "SAI-020", "registry:AIR-3", "low"),
    finding(1, "SAI-099", "coverage:aws:2", "info"),
    finding(8, "SAI-010", MODEL, "high", status=FindingStatus.ACCEPTED, decided=DECIDED),
    finding(6, "SAI-001", CODE, "low", status=FindingStatus.SUPPRESSED, decided=DECIDED),
)
COVERAGE = (
    CoverageRow(shard="aws:1", source="aws", status="complete", reason="", records=5),
    CoverageRow(shard="aws:2", source="aws", status="denied", reason="grant bedrock:ListAgents",
                records=0),
    CoverageRow(shard="okta", source="okta", status="left_out", reason="filter", records=0),
)  # fmt: skip
ENTRIES = (
    EntryRow(id="AIR-1", name="Fraud scoring", owner="fraud@example.com", stage="production",
             outcomes=("found",), assets=(MODEL,)),
    EntryRow(id="AIR-2", name="Replies", outcomes=("found",), assets=(CODE,)),
    EntryRow(id="AIR-3", name="Churn", outcomes=("not_found",), detail="every place was read"),
)  # fmt: skip

EMPTY = Document(scan=SCAN, coverage=(), assets=(), edges=(), findings=())
ESTATE = Document(
    scan=SCAN, coverage=COVERAGE, assets=ASSETS, edges=EDGES, findings=FINDINGS, registry=ENTRIES,
    policies=POLICIES, warnings=("one thing to know",),
)  # fmt: skip


def _spoiled(value: object) -> object:
    """Every text that comes from outside, made hostile; what we write ourselves stays."""
    if isinstance(value, AssetRow):
        return msgspec.structs.replace(
            value, uid=value.uid + HOSTILE, name=HOSTILE, kind="code." + HOSTILE, account=HOSTILE,
            region=HOSTILE, environment=HOSTILE, models=(HOSTILE,) * len(value.models),
            provider=HOSTILE, exposure=(HOSTILE,), tags={HOSTILE: HOSTILE},
            owners=(Ownership(owner=HOSTILE, basis="tag", confidence=Confidence.HIGH,
                              reason=HOSTILE),),
            evidence=tuple(
                msgspec.structs.replace(seen, path=seen.path and f"{HOSTILE}/../{seen.path}",
                                        resource=seen.resource + HOSTILE, author=HOSTILE,
                                        preview=HOSTILE, rule=HOSTILE)
                for seen in value.evidence
            ),
        )  # fmt: skip
    if isinstance(value, EdgeRow):
        return msgspec.structs.replace(
            value, source=value.source + HOSTILE, target=value.target + HOSTILE, detail=HOSTILE
        )
    if isinstance(value, Finding):
        return msgspec.structs.replace(
            value, title=HOSTILE, asset=NodeId(value.asset + HOSTILE), owner=HOSTILE,
            detail=HOSTILE, remedy=HOSTILE, decided=HOSTILE,
        )  # fmt: skip
    if isinstance(value, EntryRow):
        return msgspec.structs.replace(value, id=value.id + HOSTILE, name=HOSTILE, detail=HOSTILE)
    assert isinstance(value, CoverageRow)
    return msgspec.structs.replace(value, shard=value.shard + HOSTILE, reason=HOSTILE)


EVIL = Document(
    scan=SCAN,
    coverage=tuple(map(_spoiled, COVERAGE)),  # type: ignore[arg-type]
    assets=tuple(map(_spoiled, ASSETS)),  # type: ignore[arg-type]
    edges=tuple(map(_spoiled, EDGES)),  # type: ignore[arg-type]
    findings=tuple(map(_spoiled, FINDINGS)),  # type: ignore[arg-type]
    registry=tuple(map(_spoiled, ENTRIES)),  # type: ignore[arg-type]
    policies=POLICIES,
    warnings=(HOSTILE,),
)
ESTATES = {"estate": ESTATE, "hostile": EVIL, "empty": EMPTY}

_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_ROWS = st.builds(
    AssetRow, uid=_NAMES, type=st.sampled_from(["asset", "credential"]), kind=_NAMES, name=_WORDS,
    provider=_WORDS, asset_class=st.sampled_from(["model", "agent", "saas_app", "other", ""]),
    account=_WORDS, region=_WORDS, environment=_WORDS,
    models=st.lists(_WORDS, max_size=2).map(tuple), exposure=st.just(()),
    confidence=st.sampled_from(["low", "certain"]),
    tags=st.dictionaries(_WORDS, _WORDS, max_size=1),
    owners=st.just(()), registry=st.just(RegistryStatus(status="unregistered")),
    evidence=st.lists(
        st.builds(
            EvidenceRow, rule=_NAMES, source=_WORDS, provider=_WORDS, resource=_WORDS, path=_WORDS,
            line=st.integers(0, 9), commit=st.sampled_from(["", "b" * 40]), author=_WORDS,
        ),
        max_size=2,
    ).map(tuple),
    seen_in_this_scan=st.booleans(),
)  # fmt: skip
_STAMPS = st.sampled_from([EARLY, LATE])


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any document that a scan could make: uids are unique, findings are about what is there or
    not."""
    assets = draw(st.lists(_ROWS, max_size=4, unique_by=lambda row: row.uid))
    uids = [row.uid for row in assets] + ["registry:x", "coverage:y", "elsewhere"]
    findings = st.builds(
        Finding, fingerprint=st.uuids().map(lambda u: Fingerprint(f"v1:{u.hex[:26]}")),
        policy=st.sampled_from(["SAI-001", "SAI-090"]), risk=st.integers(0, 100), title=_WORDS,
        severity=st.sampled_from(["info", "low", "medium", "high", "critical"]),
        asset=st.sampled_from(uids).map(NodeId), status=st.sampled_from(list(FindingStatus)),
        confidence=st.sampled_from(["", "low", "certain"]), first_seen=_STAMPS, last_seen=_STAMPS,
        resolved_at=st.sampled_from(["", LATE]), owner=_WORDS, detail=_WORDS, remedy=_WORDS,
    )  # fmt: skip
    edges = st.builds(
        EdgeRow, source=st.sampled_from(uids), target=st.sampled_from([*uids, BUCKET]),
        kind=st.sampled_from(["reads_from", "writes_to", "calls", "derived_from", "contains"]),
        detail=_WORDS,
    )  # fmt: skip
    return Document(
        scan=SCAN, coverage=COVERAGE, assets=tuple(assets),
        edges=tuple(draw(st.lists(edges, max_size=4, unique_by=lambda e: (e.source, e.target)))),
        findings=tuple(draw(st.lists(findings, max_size=4, unique_by=lambda f: f.fingerprint))),
        policies=POLICIES,
    )  # fmt: skip
