"""The assessment as OSCAL assessment results (https://pages.nist.gov/OSCAL/reference/latest/).

Owns how our answers are told there. ``satisfied`` is never said: OSCAL's findings have no third
state, so only controls with findings become OSCAL findings (``not-satisfied``), accepted ones with
a risk of status ``deviation-approved``; everything else is an observation with its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scanner import __version__
from scanner.assess.governance import Answer, Assessment, ControlAnswer, UseCase
from scanner.emit.formats.common import PROJECT, identifier, moment
from scanner.model.base import encode

VERSION = "1.1.2"
_GAPS = (Answer.FINDINGS, Answer.DECIDED)
_NS = f"{PROJECT}/ns/oscal"


def render(found: Assessment) -> bytes:
    return encode({"assessment-results": _results(found)}) + b"\n"


def _results(found: Assessment) -> dict[str, Any]:
    at = _at(found.at)
    mark = (found.framework, found.scan, found.at)
    opened = sum(finding.status.is_open for finding in found.findings)
    return {
        "uuid": identifier("oscal", *mark),
        "metadata": {
            "title": f"Shadow AI scan against {found.framework_name} {found.version}",
            "last-modified": at,
            "version": __version__,
            "oscal-version": VERSION,
            "remarks": "A finding is relevant to a control. No control is said to be satisfied. "
            + found.note,
        },
        "import-ap": {
            "href": f"{PROJECT}/blob/main/docs/governance.md",
            "remarks": "What is asked of every control is published there.",
        },
        "results": [
            {
                "uuid": identifier("oscal result", *mark),
                "title": f"{found.framework_name} {found.version}",
                "description": f"{opened} open findings, {found.use_cases_in_all} use cases, "
                f"{found.shards} parts read, {len(found.unread)} of them not to their end.",
                "start": at,
                "end": at,
                "props": [_prop("scan", found.scan or "none"), _prop("framework", found.framework)],
                "reviewed-controls": {
                    "control-selections": [
                        {"include-controls": [
                            {"control-id": _token(found, control.id)} for control in found.controls
                        ]}
                    ]
                },
                "observations": list(_observations(found, at)),
                **_risks(found, at),
                **_findings(found),
            }
        ],
    }  # fmt: skip


def _observations(found: Assessment, at: str) -> Iterator[dict[str, Any]]:
    for finding in found.findings:
        yield {
            "uuid": identifier("oscal observation", finding.fingerprint),
            "title": finding.title,
            "description": finding.detail or finding.title,
            "methods": ["TEST"],
            "types": ["finding"],
            "collected": _at(finding.last_seen) if finding.last_seen else at,
            "props": [
                _prop("policy", finding.policy),
                _prop("severity", finding.severity),
                _prop("risk", str(finding.risk)),
                _prop("fingerprint", finding.fingerprint),
                _prop("asset", finding.asset),
                _prop("status", str(finding.status)),
            ],
            "remarks": finding.remedy or finding.title,
        }
    for control in found.controls:
        if control.answer not in _GAPS:
            yield _of_control(found, control, at)
    for case in found.use_cases:
        yield _of_case(found, case, at)


def _of_control(found: Assessment, control: ControlAnswer, at: str) -> dict[str, Any]:
    return {
        "uuid": identifier("oscal control", found.framework, control.id, found.scan, found.at),
        "title": f"{control.id}: {control.answer.replace('_', ' ')}",
        "description": f"Can be shown: {control.shows} Cannot be shown: {control.cannot}",
        "methods": ["TEST"] if control.policies else ["UNKNOWN"],
        "collected": at,
        "props": [_prop("control", control.id), _prop("answer", str(control.answer))],
    }


def _of_case(found: Assessment, case: UseCase, at: str) -> dict[str, Any]:
    registered = "registered" if case.registered else "not registered"
    owner = case.owner or "nobody"
    hints = [f"{c.id} {c.title}: {'; '.join(c.hints)}" for c in case.controls if c.hints]
    return {
        "uuid": identifier("oscal use case", found.framework, case.id, found.scan, found.at),
        "title": f"Use case: {case.name}",
        "description": f"{registered}; owner {owner}; {len(case.assets)} assets; "
        f"{len(case.findings)} open findings; assessments: {'; '.join(case.assessments) or 'none'}",
        "methods": ["EXAMINE"],
        "collected": at,
        "props": [_prop("use-case", case.id), _prop("risk", str(case.risk))],
        "remarks": "Hints, no classification: " + " | ".join(hints) if hints else registered,
    }


def _risks(found: Assessment, at: str) -> dict[str, Any]:
    """What somebody bears, or has put aside: by whom, why and until when."""
    rows = [
        {
            "uuid": identifier("oscal risk", finding.fingerprint),
            "title": f"{finding.status}: {finding.title}",
            "description": finding.detail or finding.title,
            "statement": finding.decided or str(finding.status),
            "props": [_prop("decision", finding.decision), _prop("status", str(finding.status))],
            "status": "deviation-approved",
            "related-observations": [
                {"observation-uuid": identifier("oscal observation", finding.fingerprint)}
            ],
        }
        for finding in found.findings
        if not finding.status.is_open
    ]
    return {"risks": rows} if rows else {}


def _findings(found: Assessment) -> dict[str, Any]:
    rows = [
        {
            "uuid": identifier("oscal finding", found.framework, control.id, found.scan, found.at),
            "title": f"{control.id}: {len(control.findings)} open findings are relevant"
            + (f", {len(control.decided)} accepted or suppressed" if control.decided else ""),
            "description": f"{control.title}. Can be shown: {control.shows} "
            f"Cannot be shown: {control.cannot}",
            "target": {
                "type": "objective-id",
                "target-id": _token(found, control.id),
                "status": {"state": "not-satisfied", "reason": "other"},
            },
            "related-observations": [
                {"observation-uuid": identifier("oscal observation", mark)}
                for mark in (*control.findings, *control.decided)
            ],
            **_borne(control),
        }
        for control in found.controls
        if control.answer in _GAPS
    ]
    return {"findings": rows} if rows else {}


def _borne(control: ControlAnswer) -> dict[str, Any]:
    rows = [{"risk-uuid": identifier("oscal risk", mark)} for mark in control.decided]
    return {"related-risks": rows} if rows else {}


def _token(found: Assessment, control: str) -> str:
    """OSCAL's tokens begin with a letter or an underscore."""
    return re.sub(r"[^a-z0-9._-]", "-", f"{found.framework}_{control}".lower())


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _NS, "value": " ".join(value.split()) or "none"}


def _at(stamp: str) -> str:
    found = moment(stamp)
    return found.isoformat() if found else "1970-01-01T00:00:00+00:00"
