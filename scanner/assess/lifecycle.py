"""Drafts x what was known -> findings and events: opened, updated, held, resolved, reopened.

Resolved only when this scan itself saw the subject in order, or read every shard that used to show
it to its end and did not find it. Anything else is held: silence is not good news.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import msgspec

from scanner.assess.policies import Evaluation
from scanner.model.coverage import Coverage
from scanner.model.finding import Finding, FindingEvent, FindingStatus

_TRACKED = ("severity", "title", "owner", "risk")


@dataclass(frozen=True)
class Life:
    findings: tuple[Finding, ...]
    events: tuple[FindingEvent, ...]


def advance(
    evaluation: Evaluation,
    known: Mapping[str, Finding],
    coverage: Mapping[str, Coverage],
    *,
    scan: str,
    now: str,
    gone: Set[str] = frozenset(),
) -> Life:
    """The next state of every finding. ``gone``: shards that a complete listing no longer names."""
    findings: list[Finding] = []
    events: list[FindingEvent] = []
    for mark in sorted({*evaluation.drafts, *known}):
        draft, old = evaluation.drafts.get(mark), known.get(mark)
        if draft is not None:
            seen = (
                mark in evaluation.seen or not draft.shards or draft.asset.startswith("coverage:")
            )
            new, change, detail = _present(draft, old, now, is_seen=seen)
        elif old is not None:
            new, change, detail = _absent(old, evaluation, coverage, now, gone)
        else:
            continue
        findings.append(new)
        if change:
            events.append(
                FindingEvent(
                    fingerprint=new.fingerprint, scan=scan, at=now, change=change, detail=detail
                )
            )
    return Life(tuple(findings), tuple(events))


def _present(
    draft: Finding, old: Finding | None, now: str, *, is_seen: bool
) -> tuple[Finding, str, str]:
    if old is None:
        return draft, "opened", draft.title
    shards = tuple(sorted({*draft.shards, *old.shards}))
    kept = msgspec.structs.replace(draft, first_seen=old.first_seen, shards=shards)
    if not is_seen:
        if old.status is FindingStatus.RESOLVED:
            return old, "", ""
        held = msgspec.structs.replace(
            kept, last_seen=old.last_seen, status=FindingStatus.HELD, resolved_at=""
        )
        is_new = old.status is not FindingStatus.HELD
        return held, "held" if is_new else "", "its source was not read"
    if old.status is FindingStatus.RESOLVED:
        again = msgspec.structs.replace(kept, status=FindingStatus.REOPENED)
        return again, "reopened", f"resolved {old.resolved_at}, seen again"
    status = FindingStatus.REOPENED if old.status is FindingStatus.REOPENED else FindingStatus.OPEN
    kept = msgspec.structs.replace(kept, status=status, last_seen=now)
    changed = [f for f in _TRACKED if getattr(old, f) != getattr(kept, f)]
    said = "; ".join(f"{f}: {getattr(old, f)} -> {getattr(kept, f)}" for f in changed)
    return kept, "updated" if changed else "", said


def _absent(
    old: Finding,
    evaluation: Evaluation,
    coverage: Mapping[str, Coverage],
    now: str,
    gone: Set[str],
) -> tuple[Finding, str, str]:
    if old.status is FindingStatus.RESOLVED:
        return old, "", ""
    mark = old.fingerprint
    unread = [s for s in old.shards if s not in gone and not _was_read(coverage.get(s))]
    if mark in evaluation.unjudged or old.policy in evaluation.unjudged_policies:
        reason = "could not be judged in this scan"
    elif mark in evaluation.seen:
        return _resolved(old, now), "resolved", "looked at again: no longer the case"
    elif unread:
        reason = f"not seen, but {unread[0]} was not read completely"
    else:
        return _resolved(old, now), "resolved", "gone: every place that showed it was read"
    held = msgspec.structs.replace(old, status=FindingStatus.HELD)
    return held, "held" if old.status is not FindingStatus.HELD else "", reason


def _was_read(row: Coverage | None) -> bool:
    return row is not None and row.status.proves_absence


def _resolved(old: Finding, now: str) -> Finding:
    return msgspec.structs.replace(old, status=FindingStatus.RESOLVED, resolved_at=now)
