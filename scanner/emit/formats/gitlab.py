"""GitLab's security reports, schema 15.2.1 (https://docs.gitlab.com/development/integrations/secure/):
``gitlab-secrets`` for keys that stand in code, ``gitlab-sast`` for the other findings in code.

A report is about one repository. Where the scan was of several, ``--set repository=`` chooses one;
without it a file's path begins with its repository's name, and a message says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from scanner import __version__
from scanner.emit.document import AssetRow, Document, EvidenceRow
from scanner.emit.formats.common import (
    PROJECT,
    by_uid,
    identifier,
    is_in_code,
    listed,
    moment,
    outer,
    plain,
)
from scanner.model.finding import Finding

_VERSION = "15.2.1"
_NO_COMMIT = "0000000"
"""What GitLab's own analyzer writes where the file itself was read, and no commit."""
_SEVERITY = {word: word.capitalize() for word in ("info", "low", "medium", "high", "critical")}
_MOST_MESSAGES = 50
_MARKUP = re.compile(r"[&<>\[\]!`*_@#~|\\\\]|:(?=//)")
_READ = ("complete", "not_enabled", "left_out")


def report(document: Document, kind: str, repository: str = "") -> Iterator[bytes]:
    """``kind``: secret_detection or sast."""
    wanted = "credential" if kind == "secret_detection" else "asset"
    assets = by_uid(document)
    places = [
        (finding, asset, seen)
        for finding in document.findings
        if finding.status.is_open
        and (asset := assets.get(finding.asset)) is not None
        and asset.type == wanted
        for seen in _once(asset)
        if repository in ("", seen.resource)
    ]
    repositories = sorted({seen.resource for _, _, seen in places})
    messages = [
        {"level": "warn", "value": plain(f"not read: {row.shard}: {row.reason or row.status}", 900)}
        for row in document.coverage
        if row.status not in _READ
    ][:_MOST_MESSAGES]
    if len(repositories) > 1:
        said = "paths begin with the repository's name: several were scanned"
        messages.insert(0, {"level": "info", "value": said})
    head = {"version": _VERSION, "scan": _scan(document, kind, messages)}
    rationale = {policy.id: policy.rationale for policy in document.policies}
    names = {policy.id: policy.name for policy in document.policies}
    rows = (
        _vulnerability(finding, asset, seen, kind, names, rationale, len(repositories) > 1)
        for finding, asset, seen in places
    )
    return listed(head, "vulnerabilities", rows)


def _once(asset: AssetRow) -> list[EvidenceRow]:
    """A row a file, the first of each."""
    found: dict[tuple[str, str], EvidenceRow] = {}
    for seen in asset.evidence:
        if is_in_code(seen):
            found.setdefault((seen.resource, outer(seen.path)), seen)
    return list(found.values())


def _scan(document: Document, kind: str, messages: Sequence[dict[str, str]]) -> dict[str, Any]:
    tool = {
        "id": "shadow-ai", "name": "Shadow AI scanner", "version": __version__, "url": PROJECT,
        "vendor": {"name": "Shadow AI scanner"},
    }  # fmt: skip
    return {
        "analyzer": tool,
        "scanner": tool,
        "type": kind,
        "status": "success",
        "start_time": _time(document.scan.started),
        "end_time": _time(document.scan.finished),
        "messages": messages,
    }


def _time(stamp: str) -> str:
    found = moment(stamp)
    return found.strftime("%Y-%m-%dT%H:%M:%S") if found else "1970-01-01T00:00:00"


def _vulnerability(
    finding: Finding,
    asset: AssetRow,
    seen: EvidenceRow,
    kind: str,
    names: dict[str, str],
    rationale: dict[str, str],
    is_one_of_many: bool,
) -> dict[str, Any]:
    path = plain(outer(seen.path)) or "-"
    if is_one_of_many:
        path = f"{plain(seen.resource).partition(':')[2].strip('/')}/{path}"
    location: dict[str, Any] = {"file": path}
    if seen.line:
        location |= {"start_line": seen.line, "end_line": seen.line}
    if kind == "secret_detection":
        commit = {"sha": plain(seen.commit) or _NO_COMMIT, "author": plain(seen.author),
                  "date": seen.first_seen}  # fmt: skip
        location["commit"] = {key: value for key, value in commit.items() if value}
    name = names.get(finding.policy, finding.policy)
    why = rationale.get(finding.policy, "")
    return {
        "id": identifier(finding.fingerprint, seen.resource, outer(seen.path)),
        "name": plain(name.replace("-", " ").capitalize().replace("Ai ", "AI "), 255),
        "description": _text(f"{finding.title}. {why} {finding.detail}"),
        "severity": _SEVERITY.get(finding.severity, "Unknown"),
        "solution": _text(finding.remedy, 7000),
        "identifiers": [
            {"type": f"shadow_ai_{word}", "name": value, "value": value}
            for word, value in (("policy", finding.policy), ("rule", plain(seen.rule) or "-"))
        ],
        "location": location,
        "details": {
            "asset": {"type": "text", "name": "Asset", "value": plain(asset.uid)},
            "owner": {"type": "text", "name": "Owner", "value": plain(finding.owner) or "nobody"},
            "risk": {"type": "value", "name": "Risk, 0 to 100", "value": finding.risk},
        },
    }  # fmt: skip


def _text(value: str, most: int = 100_000) -> str:
    """GitLab reads it as Markdown: what could be markup is written as an entity."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", plain(value, most // 8))
