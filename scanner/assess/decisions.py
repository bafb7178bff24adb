"""Findings x what people have decided of them -> findings as they are shown, and what changed.

A decision stands over what scans say and changes nothing of it: when it ends, what is there is
shown again, and what is gone has gone meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

import msgspec

from scanner.assess import wildcards
from scanner.model.decision import Decision, Selector, Verb
from scanner.model.finding import Finding, FindingEvent, FindingStatus

_SHOWN = {Verb.ACCEPT: FindingStatus.ACCEPTED, Verb.SUPPRESS: FindingStatus.SUPPRESSED}
MOST_DAYS = {"critical": 90, "high": 180, "medium": 365, "low": 365, "info": 365}
"""How long a decision stands over a finding, by its severity."""
Places = Callable[[Finding], Sequence[str]]
"""The paths of a finding's evidence, where it has such."""


def bare(finding: Finding) -> Finding:
    """As scans alone left it."""
    if finding.scan_status is None:
        return finding
    return msgspec.structs.replace(
        finding, status=finding.scan_status, scan_status=None, decision="", decided=""
    )


def matches(selector: Selector, finding: Finding, places: Places) -> bool:
    if selector.is_empty:
        return False
    marks = (finding.fingerprint, *finding.formerly)
    if selector.fingerprints and not any(mark in selector.fingerprints for mark in marks):
        return False
    told = ((selector.policy, finding.policy), (selector.asset, finding.asset),
            (selector.owner, finding.owner))  # fmt: skip
    if not all(wildcards.matches(value, glob) for glob, value in told if glob):
        return False
    if not selector.path:
        return True
    paths = places(finding)
    return bool(paths) and all(wildcards.matches(path, selector.path) for path in paths)


def stands_over(decision: Decision, finding: Finding, now: str) -> bool:
    """Whether it stands over a finding of that severity: one that became worse, or came later, is
    not hidden for longer than one that was known."""
    if not decision.stands(now):
        return False
    days = timedelta(days=MOST_DAYS.get(finding.severity, 365))
    return date.fromisoformat(now[:10]) <= date.fromisoformat(decision.at[:10]) + days


def decided(finding: Finding, decisions: Iterable[Decision], places: Places, now: str) -> Finding:
    """``finding`` (as scans left it) under the first decision that stands and speaks of it. What is
    resolved needs none, nor what the scanned content itself leaves out."""
    if finding.status in (FindingStatus.RESOLVED, FindingStatus.SUPPRESSED):
        return finding
    for decision in decisions:
        if stands_over(decision, finding, now) and matches(decision.selector, finding, places):
            return msgspec.structs.replace(
                finding,
                status=_SHOWN[decision.verb],
                scan_status=finding.status,
                decision=decision.id,
                decided=str(decision),
            )
    return finding


def applied(
    findings: Iterable[Finding],
    known: dict[str, Finding],
    decisions: Sequence[Decision],
    places: Places,
    *,
    scan: str,
    now: str,
) -> tuple[tuple[Finding, ...], tuple[FindingEvent, ...]]:
    """All findings as they are shown. ``known``: as they were shown before. The events tell which
    decision has come to stand over a finding, or does no longer."""
    by_id = {decision.id: decision for decision in decisions}
    shown, events = [], []
    for finding in findings:
        one = decided(finding, decisions, places, now)
        marks = (finding.fingerprint, *reversed(finding.formerly))
        old = next((known[mark] for mark in marks if mark in known), None)
        before = old.decision if old else ""
        if one.decision != before:
            change, detail = _change(one, by_id.get(before), now)
            if change in ("expired", "withdrawn"):
                one = msgspec.structs.replace(one, since=now)
            if change:
                events.append(FindingEvent(fingerprint=one.fingerprint, scan=scan, at=now,
                                           change=change, detail=detail))  # fmt: skip
        shown.append(one)
    return tuple(shown), tuple(events)


def _change(one: Finding, before: Decision | None, now: str) -> tuple[str, str]:
    if one.decision:
        return str(one.status), one.decided
    if one.status in (FindingStatus.RESOLVED, FindingStatus.SUPPRESSED):
        return "", ""  # that is told already
    if before is not None and before.withdrawn_at:
        return "withdrawn", f"by {before.withdrawn_by}: {before.withdrawn_reason}"
    if before is not None and before.stands(now) and not stands_over(before, one, now):
        days = MOST_DAYS.get(one.severity, 365)
        return "expired", f"it stands {days} days over {one.severity} findings: {before}"
    if before is not None and before.stands(now):
        return "withdrawn", f"no longer what was decided of: {before}"
    return "expired", str(before) if before else ""


def unused(decisions: Iterable[Decision], findings: Iterable[Finding], now: str) -> list[Decision]:
    """Decisions that stand and speak of nothing: they would hide what nobody has looked at."""
    used = {finding.decision for finding in findings}
    return [one for one in decisions if one.stands(now) and one.id not in used]
