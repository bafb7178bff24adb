"""``asff``: AWS Security Finding Format, for Security Hub CSPM
(https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html).

A line is the input of one ``BatchImportFindings`` (at most 100 findings). All findings are those of
the account and region that import them (``account``, ``region``); what a finding is about tells its
own. A resolved one is archived. ``Workflow`` and ``Note`` are people's, and are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from scanner.emit.document import AssetRow, Document
from scanner.emit.formats.columns import place
from scanner.emit.formats.common import by_uid, filled, moment, plain, told
from scanner.model.base import encode
from scanner.model.finding import Finding, FindingStatus

MOST_AT_ONCE = 100
_SEVERITY = {"info": "INFORMATIONAL"}
_CONFIDENCE = {"low": 25, "medium": 50, "high": 75, "certain": 100}
_PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
_TYPES = {
    "credential": "Sensitive Data Identifications/Passwords/Shadow AI",
    "": "Software and Configuration Checks/AI Governance/Shadow AI",
}
_RESOURCE_TYPES = {
    "aws.sagemaker_notebook_instance": "AwsSageMakerNotebookInstance",
}
"""Kinds that Security Hub has a type for; the others are `Other`."""
_LIMITS = {"id": 512, "title": 256, "description": 1024, "remedy": 512, "value": 1024}


def render(document: Document, *, account: str, region: str) -> Iterator[bytes]:
    assets = by_uid(document)
    partition = next((name for start, name in _PARTITIONS if region.startswith(start)), "aws")
    product = f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default"
    updated = _stamp(document.scan.finished)
    rows = (
        {
            "AwsAccountId": account,
            "ProductArn": product,
            "UpdatedAt": updated,
            **_finding(finding, assets.get(finding.asset), partition),
        }
        for finding in document.findings
    )
    while batch := list(islice(rows, MOST_AT_ONCE)):
        yield encode({"Findings": batch}) + b"\n"


def _stamp(text: str) -> str:
    found = moment(text)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else "1970-01-01T00:00:00Z"


def _finding(finding: Finding, asset: AssetRow | None, partition: str) -> dict[str, object]:
    severity = {"Label": _SEVERITY.get(finding.severity, finding.severity.upper()),
                "Original": finding.severity}  # fmt: skip
    types = [_TYPES.get(asset.type if asset else "", _TYPES[""])]
    resolved = finding.status is FindingStatus.RESOLVED
    row: dict[str, object] = {
        "SchemaVersion": "2018-10-08",
        "Id": f"shadow-ai/{finding.fingerprint}",
        "GeneratorId": f"shadow-ai/{finding.policy}",
        "CreatedAt": _stamp(finding.first_seen),
        "FirstObservedAt": _stamp(finding.first_seen),
        "LastObservedAt": _stamp(finding.last_seen),
        "Types": types,
        "Severity": severity,
        "FindingProviderFields": {"Severity": severity, "Types": types},
        "Criticality": finding.risk,
        "Title": plain(finding.title, _LIMITS["title"]) or finding.policy,
        "Description": plain(told(finding), _LIMITS["description"]) or finding.policy,
        "Compliance": {
            "Status": "PASSED" if resolved else "FAILED",
            "RelatedRequirements": [plain(control, 64) for control in finding.controls[:32]],
        },
        "ProductFields": filled({
            "ProviderName": "shadow-ai",
            "Policy": finding.policy,
            "Status": str(finding.status),
            "Owner": plain(finding.owner, _LIMITS["value"]),
            "Risk": str(finding.risk),
            "Decided": plain(finding.decided, _LIMITS["value"]),
        }),
        "RecordState": "ARCHIVED" if resolved or not finding.status.is_open else "ACTIVE",
        "Resources": [_resource(finding, asset, partition)],
    }  # fmt: skip
    if plain(finding.remedy):
        text = plain(finding.remedy, _LIMITS["remedy"])
        row["Remediation"] = {"Recommendation": {"Text": text}}
    if finding.confidence in _CONFIDENCE:
        row["Confidence"] = _CONFIDENCE[finding.confidence]
    return row


def _resource(finding: Finding, asset: AssetRow | None, partition: str) -> dict[str, object]:
    # A part (`<arn>#ai/openai`) is told by what holds it.
    whole = finding.asset.partition("#")[0] if finding.asset.startswith("arn:") else finding.asset
    about: dict[str, str] = {"Uid": finding.asset}
    if asset is not None:
        about |= {
            "Name": asset.name, "Kind": asset.kind, "Provider": asset.provider,
            "Account": asset.account, "Environment": asset.environment,
            "Models": ", ".join(asset.models), "Registry": asset.registry.status,
            "RegistryEntry": asset.registry.entry, "Where": place(asset),
        }  # fmt: skip
    told_of = {key: plain(value, _LIMITS["value"]) for key, value in about.items()}
    row: dict[str, object] = {
        "Type": _RESOURCE_TYPES.get(asset.kind if asset else "", "Other"),
        "Id": plain(whole, _LIMITS["id"]) or "-",
        "Details": {"Other": filled(dict(told_of))},
    }
    if finding.asset.startswith("arn:"):
        row["Partition"] = partition
        if asset is not None and plain(asset.region):
            row["Region"] = plain(asset.region, 16)
    return row
