"""``sarif``: findings in code as SARIF 2.1.0
(https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), within what code scanning takes
(https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support).

A run a repository, under a category that stays the same. What stands in no file (a cloud resource,
a registry entry) has no place in SARIF that code scanning takes: it is counted in a notification.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from scanner import __version__
from scanner.emit.document import AssetRow, Document, EvidenceRow, PolicyRow
from scanner.emit.formats.common import (
    PROJECT,
    by_uid,
    filled,
    is_in_code,
    listed,
    outer,
    plain,
    told,
)
from scanner.model.finding import Finding, FindingStatus

MOST_RUNS = 20
MOST_RESULTS = 25_000
"""Of one run; a file with more of anything is refused as a whole."""
MOST_PLACES = 100
"""Of one result: more are not shown."""
_ALL_PLACES = 100_000
"""Of the whole file, which may have 10 MB when it is packed."""
_MOST_TAGS = 20
_MOST_NOTES = 100
_LEVEL = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SCORE = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.1"}
_READ = ("complete", "not_enabled", "left_out")
_INCOMPLETE = 3
"""The exit code of a scan that could not read everything."""


class _Problem(NamedTuple):
    finding: Finding
    asset: AssetRow
    places: list[EvidenceRow]


def render(document: Document, repository: str = "") -> Iterator[bytes]:
    runs, left = _by_repository(document, repository)
    notes = _notes(document, left, len(runs))
    rules = _rules(document)
    chosen = sorted(runs, key=lambda name: (-max(p.finding.risk for p in runs[name]), name))
    budget = _Budget()
    log = [
        _run(name, runs[name], rules, notes if not number else [], document, budget)
        for number, name in enumerate(chosen[:MOST_RUNS])
    ] or [_run(repository, [], rules, notes, document, budget)]
    head = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0"}
    return listed(head, "runs", log)


def _by_repository(document: Document, repository: str) -> tuple[dict[str, list[_Problem]], int]:
    """Open findings by the repository in which they stand, and how many stand in none."""
    assets = by_uid(document)
    runs: dict[str, list[_Problem]] = {}
    left = 0
    for finding in document.findings:
        if finding.status is FindingStatus.RESOLVED:
            continue
        asset = assets.get(finding.asset)
        found: dict[str, list[EvidenceRow]] = {}
        for seen in asset.evidence if asset else ():
            if is_in_code(seen):
                found.setdefault(seen.resource, []).append(seen)
        left += not found
        for name, places in found.items():
            if asset is not None and repository in ("", name):
                runs.setdefault(name, []).append(_Problem(finding, asset, places))
    return runs, left


def _notes(document: Document, left: int, runs: int) -> list[str]:
    notes = [
        f"not read: {plain(row.shard)}: {plain(row.reason) or row.status}"
        for row in document.coverage
        if row.status not in _READ
    ]
    if len(notes) > _MOST_NOTES:
        notes[_MOST_NOTES:] = [f"and {len(notes) - _MOST_NOTES} more that were not read"]
    if left:
        notes.append(f"{left} findings stand in no file and are not in this format")
    if runs > MOST_RUNS:
        notes.append(f"{runs - MOST_RUNS} repositories more than one file may hold; choose one")
    return notes


def _rules(document: Document) -> dict[str, PolicyRow]:
    """Every policy, those of which only a finding tells included."""
    rules = {policy.id: policy for policy in document.policies}
    for finding in document.findings:
        if finding.policy not in rules:
            rules[finding.policy] = PolicyRow(
                id=finding.policy, name=finding.policy, title=finding.policy, subject="",
                severity=finding.severity, rationale="", remedy=finding.remedy,
            )  # fmt: skip
    return dict(sorted(rules.items()))


class _Budget:
    """How many places the file may still have."""

    def __init__(self) -> None:
        self.left = _ALL_PLACES

    def take(self, places: Sequence[EvidenceRow]) -> Sequence[EvidenceRow]:
        """At least the first."""
        taken = places[: max(1, min(MOST_PLACES, self.left))]
        self.left -= len(taken)
        return taken


def _run(
    name: str,
    problems: list[_Problem],
    rules: dict[str, PolicyRow],
    notes: list[str],
    document: Document,
    budget: _Budget,
) -> dict[str, Any]:
    if len(problems) > MOST_RESULTS:
        notes = [*notes, f"{len(problems) - MOST_RESULTS} results more than a run may hold"]
    index = {ident: number for number, ident in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {"driver": {
            "name": "shadow-ai", "version": __version__, "semanticVersion": __version__,
            "informationUri": PROJECT, "rules": [_rule(rule) for rule in rules.values()],
        }},
        "automationDetails": {"id": f"shadow-ai/{quote(name.partition(':')[2], safe='/.-')}/"},
        "columnKind": "utf16CodeUnits",
        "invocations": [{
            "executionSuccessful": document.scan.exit_code != _INCOMPLETE,
            "toolExecutionNotifications": [
                {"level": "warning", "message": {"text": note}} for note in notes
            ],
        }],
        "results": [
            _result(problem, index, document, budget) for problem in problems[:MOST_RESULTS]
        ],
    }  # fmt: skip
    if name.startswith("git:") and "/" in name:
        address = quote(name.removeprefix("git:"), safe="/.-_~:")
        run["versionControlProvenance"] = [{"repositoryUri": f"https://{address}"}]
    return run


def _rule(policy: PolicyRow) -> dict[str, Any]:
    words = policy.name.replace("-", " ")
    title = plain(words[:1].upper() + words[1:], 255).replace("Ai ", "AI ").replace(" ai ", " AI ")
    remedy = plain(policy.remedy, 1000) or "See the policy."
    address = f"{PROJECT}/blob/main/docs/catalog.md"
    severity = _LEVEL.get(policy.severity, "warning")
    return {
        "id": policy.id,
        "name": "".join(part.capitalize() for part in policy.name.split("-")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": plain(policy.rationale, 1000) or title},
        "helpUri": address,
        "help": {"text": remedy},
        "defaultConfiguration": {"level": severity},
        "properties": {
            "tags": ["security", "ai", *sorted(policy.controls)][:_MOST_TAGS],
            "precision": "high",
            "security-severity": _SCORE.get(policy.severity, "5.5"),
        },
    }


def _result(
    problem: _Problem, index: dict[str, int], document: Document, budget: _Budget
) -> dict[str, Any]:
    finding, asset = problem.finding, problem.asset
    result: dict[str, Any] = {
        "ruleId": finding.policy,
        "ruleIndex": index[finding.policy],
        "level": _LEVEL.get(finding.severity, "warning"),
        "rank": float(finding.risk),
        # `[text](target)` in a message would be a link.
        "message": {"text": plain(told(finding), 1000).replace("](", "] (") or finding.policy},
        "locations": [_location(seen) for seen in budget.take(problem.places)],
        # GitHub compares the first alone, and makes it of the line where it is missing.
        "partialFingerprints": {
            "primaryLocationLineHash": finding.fingerprint,
            "shadowAi/v1": finding.fingerprint,
        },
        "baselineState": "new" if finding.first_seen == document.scan.finished else "unchanged",
        "properties": {
            "asset": asset.uid, "risk": finding.risk, "confidence": finding.confidence,
            "owner": finding.owner, "status": str(finding.status),
        },
    }  # fmt: skip
    if not finding.status.is_open:
        why = plain(finding.decided, 500)
        result["suppressions"] = [
            filled({"kind": "external", "status": "accepted", "justification": why})
        ]
    return result


def _location(seen: EvidenceRow) -> dict[str, Any]:
    place: dict[str, Any] = {
        "artifactLocation": {"uri": _uri(outer(seen.path)), "uriBaseId": "%SRCROOT%"}
    }
    # The whole line, by how SARIF says it: what stands in it is not told.
    line = max(1, seen.line)
    place["region"] = {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 1}
    return {"physicalLocation": place}


def _uri(path: str) -> str:
    """Relative, and never out of the repository."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return quote("/".join(parts).encode("utf-8", "replace"), safe="/") or "-"
