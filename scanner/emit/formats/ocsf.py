"""``ocsf``: the Open Cybersecurity Schema Framework 1.8.0 (https://schema.ocsf.io/1.8.0/), an event
a line. A key is a Detection Finding (2004), what a policy of governance says a Compliance Finding
(2003), an asset of the inventory a Cloud Resources Inventory Info (5023). Their times are the
scan's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from scanner import __version__
from scanner.emit.document import AssetRow, Document, EvidenceRow, PolicyRow
from scanner.emit.formats.common import (
    PROJECT,
    account_of,
    by_uid,
    cloud_of,
    filled,
    identifier,
    is_in_code,
    milliseconds,
    outer,
    plain,
    told,
)
from scanner.model.base import encode
from scanner.model.finding import Finding, FindingStatus

VERSION = "1.8.0"
_SEVERITIES = {"info": (1, "Informational"), "low": (2, "Low"), "medium": (3, "Medium"),
               "high": (4, "High"), "critical": (5, "Critical")}  # fmt: skip
_CONFIDENCES = {"low": (1, "Low", 25), "medium": (2, "Medium", 50), "high": (3, "High", 75),
                "certain": (3, "High", 100)}  # fmt: skip
_ACTIVITIES = {1: "Create", 2: "Update", 3: "Close"}
_STATUS = {"new": (1, "New"), "open": (1, "New"), "reopened": (1, "New"),
           "held": (2, "In Progress"), "resolved": (4, "Resolved")}  # fmt: skip
_SUPPRESSED = (3, "Suppressed")
_ADDRESS = re.compile(r"[a-zA-Z0-9._+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+")
_MOST_EVIDENCE = 50


def render(document: Document) -> Iterator[bytes]:
    assets = by_uid(document)
    policies = {policy.id: policy for policy in document.policies}
    time = milliseconds(document.scan.finished)
    for finding in document.findings:
        asset = assets.get(finding.asset)
        event = _finding(finding, asset, policies.get(finding.policy), document, time)
        yield encode(event) + b"\n"
    for row in document.assets:
        yield encode(_inventory(row, document, time)) + b"\n"


def _event(class_uid: int, name: str, activity: int, time: int) -> dict[str, object]:
    category = class_uid // 1000
    return {
        "activity_id": activity,
        "category_uid": category,
        "category_name": {2: "Findings", 5: "Discovery"}[category],
        "class_uid": class_uid,
        "class_name": name,
        "type_uid": class_uid * 100 + activity,
        "time": time,
    }


def _metadata(uid: str, document: Document, cloud: str, **more: str) -> dict[str, object]:
    product = {"name": "Shadow AI scanner", "vendor_name": "Shadow AI scanner",
               "version": __version__, "url_string": PROJECT}  # fmt: skip
    return {
        "version": VERSION,
        "product": product,
        "uid": uid,
        "correlation_uid": document.scan.id,
        "profiles": ["cloud"] if cloud else [],
        **more,
    }


def _finding(
    finding: Finding,
    asset: AssetRow | None,
    policy: PolicyRow | None,
    document: Document,
    time: int,
) -> dict[str, object]:
    resolved = finding.status is FindingStatus.RESOLVED
    activity = 3 if resolved else 1 if finding.first_seen == document.scan.finished else 2
    is_key = asset is not None and asset.type == "credential"
    class_uid, name = (2004, "Detection Finding") if is_key else (2003, "Compliance Finding")
    cloud = cloud_of(asset) if asset else ""
    event = _event(class_uid, name, activity, time)
    severity, confidence = _SEVERITIES.get(finding.severity), _CONFIDENCES.get(finding.confidence)
    event["severity_id"], event["severity"] = severity or (0, "Unknown")
    if confidence:
        event["confidence_id"], event["confidence"], event["confidence_score"] = confidence
    event["status_id"], event["status"] = _STATUS.get(str(finding.status), _SUPPRESSED)
    uid = identifier(finding.fingerprint, document.scan.id)
    event |= filled({
        "activity_name": _ACTIVITIES[activity],
        "type_name": f"{name}: {_ACTIVITIES[activity]}",
        "message": plain(finding.title),
        "metadata": _metadata(uid, document, cloud, event_code=finding.policy),
        "finding_info": _info(finding, policy, asset),
        "resources": [_resource(asset, cloud)] if asset else [_named(finding.asset)],
        "remediation": filled({"desc": plain(finding.remedy)}),
        "status_detail": plain(finding.decided),
        "unmapped": {"risk": finding.risk, "status": str(finding.status), "owner": finding.owner},
        "cloud": _cloud(asset, cloud) if asset and cloud else {},
    })  # fmt: skip
    if is_key and asset is not None:
        event["risk_score"], event["is_alert"] = finding.risk, finding.status.is_open
        event["evidences"] = [_evidence(seen) for seen in asset.evidence[:_MOST_EVIDENCE]]
    else:
        event["compliance"] = filled({
            "control": finding.policy,
            "standards": sorted({control.partition(":")[0] for control in finding.controls}),
            "requirements": list(finding.controls),
            "status_id": 1 if resolved else 3,
            "status": "Pass" if resolved else "Fail",
            "status_detail": plain(finding.detail),
        })  # fmt: skip
    return filled(event)


def _info(finding: Finding, policy: PolicyRow | None, asset: AssetRow | None) -> dict[str, object]:
    rule = filled({
        "uid": finding.policy, "name": policy.name if policy else finding.policy,
        "desc": policy.rationale if policy else "", "type_id": 1, "type": "Rule",
    })  # fmt: skip
    return filled({
        "uid": finding.fingerprint,
        "title": plain(finding.title),
        "desc": plain(told(finding)),
        "types": ["Shadow AI"],
        "created_time": milliseconds(finding.first_seen),
        "first_seen_time": milliseconds(finding.first_seen),
        "last_seen_time": milliseconds(finding.last_seen),
        "analytic": rule,
        "data_sources": sorted({seen.source for seen in asset.evidence if seen.source})
        if asset
        else [],
    })  # fmt: skip


def _inventory(row: AssetRow, document: Document, time: int) -> dict[str, object]:
    cloud = cloud_of(row)
    event = _event(5023, "Cloud Resources Inventory Info", 2, time)
    return event | filled({
        "activity_name": "Collect",
        "type_name": "Cloud Resources Inventory Info: Collect",
        "severity_id": 1,
        "severity": "Informational",
        "message": plain(row.name),
        "metadata": _metadata(identifier(row.uid, document.scan.id), document, cloud),
        "region": plain(row.region),
        "resources": [_resource(row, cloud)],
        "cloud": _cloud(row, cloud) if cloud else {},
    })  # fmt: skip


def _named(uid: str) -> dict[str, object]:
    """What is no asset: a registry entry, a shard."""
    return {"uid": uid, "type": uid.partition(":")[0]}


def _resource(row: AssetRow, cloud: str) -> dict[str, object]:
    owner = row.owners[0].owner if row.owners else ""
    return filled({
        "uid": row.uid,
        "name": plain(row.name),
        "type": row.kind,
        "owner": _user(owner) if owner else {},
        "labels": sorted(filter(None, {row.asset_class, row.environment, *row.exposure})),
        "tags": [
            {"name": key, "value": value}
            for key, value in sorted(row.tags.items())
            if key and value
        ],
        "data": filled({
            "ai_provider": row.provider, "models": list(row.models), "confidence": row.confidence,
            "registry_status": row.registry.status, "registry_entry": row.registry.entry,
        }),
        **({"region": row.region, "provider": cloud} if cloud else {}),
    })  # fmt: skip


def _user(owner: str) -> dict[str, object]:
    address = owner if _ADDRESS.fullmatch(owner) else ""
    return filled({"name": owner, "uid": owner, "email_addr": address, "type_id": 0})


def _cloud(row: AssetRow, cloud: str) -> dict[str, object]:
    uid, name = account_of(row)
    account: Mapping[str, object] = filled({"uid": uid, "name": name})
    return filled({"provider": cloud, "region": row.region, "account": account})


def _evidence(seen: EvidenceRow) -> dict[str, object]:
    path = outer(seen.path)
    file = {"name": path.rpartition("/")[2] or path, "path": path, "type_id": 1}
    return filled({
        "file": file if is_in_code(seen) else {},
        "data": filled({
            "rule": seen.rule, "resource": seen.resource, "path": seen.path, "line": seen.line,
            "commit": seen.commit, "author": seen.author, "context": seen.context,
            "preview": seen.preview, "count": seen.count,
        }),
    })  # fmt: skip
