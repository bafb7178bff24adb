"""The tables of sheets: columns with their headings, and how a row fills them. Columns are only
ever added at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.emit.document import AssetRow, CoverageRow, Document, EntryRow
from scanner.model.finding import Finding

Row = Sequence[object]

FINDINGS = (
    "severity", "risk", "status", "policy", "title", "asset", "asset_name", "provider", "account",
    "region", "environment", "owner", "confidence", "first_seen", "last_seen", "resolved_at",
    "detail", "remedy", "controls", "where", "fingerprint", "kind", "decided",
    "last_used",
)  # fmt: skip
ASSETS = (
    "name", "type", "kind", "class", "provider", "account", "region", "environment", "models",
    "exposure", "owner", "owner_basis", "owner_confidence", "registry", "registry_entry",
    "registry_reason", "drift", "confidence", "evidence", "where", "first_seen", "last_seen",
    "tags", "uid", "tenancy", "costs",
)  # fmt: skip
ENTRIES = ("id", "name", "owner", "stage", "outcomes", "assets", "duplicates", "detail")
COVERAGE = ("shard", "source", "status", "reason", "records", "gaps", "read_at")


def findings(document: Document) -> Iterator[Row]:
    by_uid = {row.uid: row for row in document.assets}
    for finding in document.findings:
        yield _finding(finding, by_uid.get(finding.asset))


def assets(document: Document) -> Iterator[Row]:
    return (_asset(row) for row in document.assets)


def entries(document: Document) -> Iterator[Row]:
    return (_entry(row) for row in document.registry)


def coverage(document: Document) -> Iterator[Row]:
    return (_coverage(row) for row in document.coverage)


def place(asset: AssetRow | None) -> str:
    """The first place where it was seen, as people write it."""
    if asset is None or not asset.evidence:
        return ""
    seen = asset.evidence[0]
    line = f":{seen.line}" if seen.path and seen.line else ""
    commit = f" @ {seen.commit[:12]}" if seen.commit else ""
    return f"{' '.join(filter(None, (seen.resource, seen.path)))}{line}{commit}"


def _finding(finding: Finding, asset: AssetRow | None) -> Row:
    return (
        finding.severity, finding.risk, str(finding.status), finding.policy, finding.title,
        finding.asset, asset.name if asset else "", asset.provider if asset else finding.provider,
        asset.account if asset else finding.account, asset.region if asset else "",
        asset.environment if asset else finding.environment, finding.owner, finding.confidence,
        finding.first_seen, finding.last_seen, finding.resolved_at, finding.detail,
        finding.remedy, finding.controls,
        place(asset), finding.fingerprint, finding.kind, finding.decided, finding.last_used,
    )  # fmt: skip


def _asset(row: AssetRow) -> Row:
    owner = row.owners[0] if row.owners else None
    firsts = [seen.first_seen for seen in row.evidence if seen.first_seen]
    return (
        row.name, row.type, row.kind, row.asset_class, row.provider, row.account, row.region,
        row.environment, row.models, row.exposure, owner.owner if owner else "",
        owner.basis if owner else "", str(owner.confidence) if owner else "", row.registry.status,
        row.registry.entry, row.registry.reason, row.registry.drift, row.confidence,
        len(row.evidence), place(row), min(firsts, default=""),
        max((seen.last_seen for seen in row.evidence), default=""),
        [f"{key}={value}" for key, value in sorted(row.tags.items())], row.uid,
        [f"{key}={value}" for key, value in sorted(row.tenancy.items())],
        [f"{one.amount} {one.currency}".strip() for one in row.costs],
    )  # fmt: skip


def _entry(row: EntryRow) -> Row:
    return (
        row.id, row.name, row.owner, row.stage, row.outcomes, row.assets, row.duplicates,
        row.detail,
    )  # fmt: skip


def _coverage(row: CoverageRow) -> Row:
    return (row.shard, row.source, row.status, row.reason, row.records, row.gaps, row.read_at)
