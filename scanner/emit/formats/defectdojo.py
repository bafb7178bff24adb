"""``defectdojo``: DefectDojo's generic findings import
(https://docs.defectdojo.com/supported_tools/parsers/generic_findings_import/).

DefectDojo tells findings apart by a hash over title, CWE, line, file and description, unless it is
set up to use ``unique_id_from_tool``. So these say what the finding is and nothing that changes
from scan to scan, as names, places and lines do; that stands in ``impact``,
``steps_to_reproduce`` and ``severity_justification``.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner import __version__
from scanner.emit.document import AssetRow, Document, PolicyRow
from scanner.emit.formats.common import by_uid, is_in_code, listed, outer, plain
from scanner.model.finding import Finding, FindingStatus

_MOST_TITLE = 511
_SEVERITY = {word: word.capitalize() for word in ("info", "low", "medium", "high", "critical")}
_CREDENTIAL_CWE = 798
_CONFIDENCE = {"certain": 1, "high": 3, "medium": 4, "low": 6}
"""DefectDojo's scale: 1 certain, up to 4 firm, from 5 tentative."""


def render(document: Document) -> Iterator[bytes]:
    head = {
        "name": "Shadow AI scanner",
        "type": "Shadow AI scanner",
        "version": __version__,
        "static_tool": True,
        "dynamic_tool": False,
    }
    assets = by_uid(document)
    policies = {policy.id: policy for policy in document.policies}
    rows = (
        _finding(finding, assets.get(finding.asset), policies.get(finding.policy))
        for finding in document.findings
    )
    return listed(head, "findings", rows)


def _finding(
    finding: Finding, asset: AssetRow | None, policy: PolicyRow | None
) -> dict[str, object]:
    rationale = policy.rationale if policy else ""
    name = f"{finding.policy} {policy.name}" if policy else finding.policy
    row: dict[str, object] = {
        "title": plain(f"{name}: {finding.asset}", _MOST_TITLE),
        "severity": _SEVERITY.get(finding.severity, "Info"),
        "description": "\n\n".join(
            filter(
                None, (f"Policy {finding.policy}.", rationale, f"Asset: `{_code(finding.asset)}`")
            )
        ),
        "mitigation": plain(finding.remedy),
        "impact": "\n\n".join(filter(None, (plain(finding.title), plain(finding.detail)))),
        "severity_justification": f"Risk {finding.risk} of 100. {plain(finding.decided)}".strip(),
        "references": "\n".join(finding.controls),
        "active": finding.status.is_open,
        "verified": False,
        "is_mitigated": finding.status is FindingStatus.RESOLVED,
        "risk_accepted": str(finding.status) == "accepted",
        "out_of_scope": str(finding.status) == "suppressed",
        "static_finding": True,
        "dynamic_finding": False,
        "unique_id_from_tool": finding.fingerprint,
        "vuln_id_from_tool": finding.policy,
        "tags": sorted({"ai", "shadow-ai", finding.policy.lower()}),
    }
    if finding.first_seen:
        row["date"] = finding.first_seen[:10]
    if finding.status is FindingStatus.RESOLVED and finding.resolved_at:
        row["mitigated"] = finding.resolved_at
    if finding.confidence in _CONFIDENCE:
        row["scanner_confidence"] = _CONFIDENCE[finding.confidence]
    if asset is not None:
        row |= _about(asset)
    return row


def _about(asset: AssetRow) -> dict[str, object]:
    row: dict[str, object] = {"component_name": plain(asset.name, 500)}
    if asset.account:
        row["service"] = plain(asset.account, 200)
    if asset.type == "credential":
        row["cwe"] = _CREDENTIAL_CWE
    seen = next((seen for seen in asset.evidence if is_in_code(seen)), None)
    if seen is not None:
        place = plain(outer(seen.path), 4000)
        row["steps_to_reproduce"] = f"Seen in {place}" + (f", line {seen.line}" * bool(seen.line))
    return row


def _code(text: str) -> str:
    return plain(text).replace("`", "'")
