"""Drafts x what was known -> findings and events: opened, updated, held, resolved, reopened.

Resolved only when this scan itself saw the subject in order, or read every shard that used to show
it to its end and did not find it. Anything else is held: silence is not good news. What the scanned
content itself says not to report (a comment, an ignore file) is suppressed: it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

import msgspec

from scanner.assess.decisions import bare
from scanner.assess.evaluation import Evaluation
from scanner.model.base import Fingerprint, NodeId
from scanner.model.coverage import Coverage
from scanner.model.finding import Finding, FindingEvent, FindingStatus
from scanner.rulebook.policy import Severity

_TRACKED = ("severity", "title", "owner", "risk")
_SEVERITY = re.compile(rf"^severity: ({'|'.join(Severity)}) -> ({'|'.join(Severity)})")
"""How an update begins where the severity changed: it is tracked first."""


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
    names: Mapping[NodeId, NodeId] = {},
    hidden: Mapping[str, str] = {},
) -> Life:
    """The next state of every finding, decisions apart. ``gone``: shards that a complete listing no
    longer names. ``names``: what has another id now -> that id. ``hidden``: assets of which scanned
    content says that they are not to be reported -> how."""
    findings: list[Finding] = []
    events: list[FindingEvent] = []
    was_hidden = {mark for mark, finding in known.items() if _is_hidden(finding)}
    known = {mark: bare(finding) for mark, finding in known.items()}
    for new_mark, old_mark in list(_renamed(evaluation, known, names)):
        was = known.pop(old_mark)
        known[new_mark] = msgspec.structs.replace(
            was, formerly=tuple(dict.fromkeys((*was.formerly, was.fingerprint)))
        )
        detail = f"{was.asset} ({was.policy}) was known as {old_mark}"
        events.append(
            FindingEvent(fingerprint=new_mark, scan=scan, at=now, change="renamed", detail=detail)
        )
    for mark in sorted({*evaluation.drafts, *known}):
        draft, old = evaluation.drafts.get(mark), known.get(mark)
        if mark in evaluation.waiting and (old is None or old.status is FindingStatus.RESOLVED):
            findings += [old] if old else []
            continue
        if draft is not None:
            seen = (
                mark in evaluation.seen or not draft.shards or draft.asset.startswith("coverage:")
            )
            unsettled = _unsettled(old, coverage, gone) if old is not None else ()
            unseen = _why_unseen(draft, coverage, seen)
            is_waiting = old is not None and mark in evaluation.waiting
            at = "" if is_waiting else _looked_at(draft, coverage, now)
            new, change, detail = _present(draft, old, now, at, unseen, unsettled)
        elif old is not None:
            new, change, detail = _absent(old, evaluation, coverage, now, gone, hidden)
        else:
            continue
        told = [(change, detail)] if change else []
        if old is not None and old.fingerprint in was_hidden:
            told = list(_no_longer_hidden(new, change, detail))
            if told and new.status.is_open:
                new = msgspec.structs.replace(new, since=now)
        findings.append(new)
        events += [
            FindingEvent(fingerprint=new.fingerprint, scan=scan, at=now, change=one, detail=why)
            for one, why in told
        ]
    return Life(tuple(findings), tuple(events))


def _no_longer_hidden(new: Finding, change: str, detail: str) -> Iterator[tuple[str, str]]:
    """What is told of a finding that scanned content left out until now: what became of it since,
    too."""
    if _is_hidden(new):
        return
    if new.status is FindingStatus.HELD:
        yield "withdrawn", "nobody knows whether what was scanned still says to leave it out"
        change = "held"
    elif new.status is not FindingStatus.RESOLVED:
        yield "withdrawn", "what was scanned no longer says to leave it out"
    if change:
        yield change, detail


def _renamed(
    evaluation: Evaluation, known: Mapping[str, Finding], names: Mapping[NodeId, NodeId]
) -> Iterator[tuple[Fingerprint, str]]:
    """(fingerprint now, fingerprint before) of findings whose policy or asset is called otherwise
    since. Where two could be meant, neither is: a finding that is opened anew harms less than a
    history that belongs to another."""
    taken: set[str] = set()
    for mark, former in evaluation.formerly.items():
        old = [one for one in former if one in known and one not in evaluation.drafts]
        if mark not in known and len(old) == 1 and old[0] not in taken:
            taken.add(old[0])
            yield Fingerprint(mark), old[0]
    if not names:
        return
    drafts: dict[tuple[str, str], list[str]] = {}
    for mark, draft in evaluation.drafts.items():
        if mark not in known:
            drafts.setdefault((draft.policy, draft.asset), []).append(mark)
    for old_mark, finding in sorted(known.items()):
        now = _name_now(finding.asset, names)
        found = drafts.get((finding.policy, now), []) if now else []
        if len(found) == 1 and found[0] not in taken and old_mark not in taken:
            taken |= {found[0], old_mark}
            yield Fingerprint(found[0]), old_mark


def _name_now(asset: NodeId, names: Mapping[NodeId, NodeId]) -> str:
    """Also of a part, whose id begins with that of its holder. Empty: it is called as before."""
    holder, mark, part = asset.partition("#")
    now = names.get(NodeId(holder))
    return f"{now}{mark}{part}" if now else ""


def _why_unseen(draft: Finding, coverage: Mapping[str, Coverage], is_seen: bool) -> str:
    """Empty: this scan has seen what the draft stands on."""
    if is_seen:
        return ""
    unread = [shard for shard in draft.shards if not _was_read(coverage.get(shard))]
    if unread:
        return f"its source was not read: {unread[0]}"
    return "its place was not looked at: the source's settings leave it out"


def _unsettled(old: Finding, coverage: Mapping[str, Coverage], gone: Set[str]) -> tuple[str, ...]:
    """The shards of which this scan does not know whether they show it still. One that was read to
    its end, or is gone, has been answered for: it may leave the configuration."""
    return tuple(s for s in old.shards if s not in gone and not _was_read(coverage.get(s)))


def _looked_at(draft: Finding, coverage: Mapping[str, Coverage], now: str) -> str:
    """When any of what shows it was last read: not now, where none of it was due."""
    rows = [coverage[shard] for shard in draft.shards if shard in coverage]
    return max((row.read_at or now for row in rows), default=now)


def _present(
    draft: Finding,
    old: Finding | None,
    now: str,
    looked_at: str,
    unseen: str,
    unsettled: tuple[str, ...],
) -> tuple[Finding, str, str]:
    """``unsettled``: shards that used to show it, of which nobody knows now."""
    if old is None:
        return msgspec.structs.replace(draft, status=FindingStatus.NEW), "opened", draft.title
    shards = tuple(sorted({*draft.shards, *unsettled}))
    kept = msgspec.structs.replace(
        draft, first_seen=old.first_seen, shards=shards, formerly=old.formerly,
        times_reopened=old.times_reopened, since=_since(draft, old, now),
    )  # fmt: skip
    if unseen:
        if old.status is FindingStatus.RESOLVED:
            return old, "", ""
        held = msgspec.structs.replace(
            kept, last_seen=old.last_seen, status=FindingStatus.HELD, resolved_at=""
        )
        is_new = old.status is not FindingStatus.HELD
        return held, "held" if is_new else "", unseen
    if old.status is FindingStatus.RESOLVED:
        again = msgspec.structs.replace(
            kept,
            status=FindingStatus.REOPENED,
            times_reopened=old.times_reopened + 1,
            since=now,
        )
        return again, "reopened", f"resolved {old.resolved_at}, seen again"
    status = FindingStatus.REOPENED if old.status is FindingStatus.REOPENED else FindingStatus.OPEN
    last = now if looked_at == now else max(old.last_seen, looked_at)
    kept = msgspec.structs.replace(kept, status=status, last_seen=last)
    changed = [f for f in _TRACKED if getattr(old, f) != getattr(kept, f)]
    said = "; ".join(f"{f}: {getattr(old, f)} -> {getattr(kept, f)}" for f in changed)
    if old.status is FindingStatus.HELD:
        return kept, "seen", said or "looked at again: it is still there"
    return kept, "updated" if changed else "", said


def _since(draft: Finding, old: Finding, now: str) -> str:
    is_worse = Severity(draft.severity).rank > Severity(old.severity).rank
    return now if is_worse else old.since


def rise(event: FindingEvent) -> bool:
    """Whether it tells that the finding became worse."""
    found = _SEVERITY.search(event.detail) if event.change in ("updated", "seen") else None
    return found is not None and Severity(found[2]).rank > Severity(found[1]).rank


def _absent(
    old: Finding,
    evaluation: Evaluation,
    coverage: Mapping[str, Coverage],
    now: str,
    gone: Set[str],
    hidden: Mapping[str, str],
) -> tuple[Finding, str, str]:
    if old.status is FindingStatus.RESOLVED:
        return old, "", ""
    mark = old.fingerprint
    way = _hiding(old.asset, hidden)
    if way and mark not in evaluation.seen:
        return _suppressed(old, f"by {way} in what was scanned")
    unread = _unsettled(old, coverage, gone)
    if mark in evaluation.unjudged or old.policy in evaluation.unjudged_policies:
        reason = "could not be judged in this scan"
    elif evaluation.policies is not None and old.policy not in evaluation.policies:
        reason = f"there is no policy {old.policy} any more: nobody judges it"
    elif mark in evaluation.seen:
        return _resolved(old, now), "resolved", "looked at again: no longer the case"
    elif unread:
        reason = f"not seen, but {unread[0]} was not read completely"
        old = msgspec.structs.replace(old, shards=unread)
    else:
        return _resolved(old, now), "resolved", "gone: every place that showed it was read"
    held = msgspec.structs.replace(old, status=FindingStatus.HELD)
    return held, "held" if old.status is not FindingStatus.HELD else "", reason


def _hiding(asset: NodeId, hidden: Mapping[str, str]) -> str:
    """How an asset, or that which it is a part of, is said not to be reported."""
    return hidden.get(asset, "") or hidden.get(asset.partition("#")[0], "")


def _is_hidden(finding: Finding) -> bool:
    """By what was scanned, and by nobody's decision."""
    return finding.status is FindingStatus.SUPPRESSED and not finding.decision


def _suppressed(old: Finding, way: str) -> tuple[Finding, str, str]:
    after = msgspec.structs.replace(
        old, status=FindingStatus.SUPPRESSED, scan_status=old.status, decided=f"suppressed {way}"
    )
    return after, FindingStatus.SUPPRESSED, after.decided


def _was_read(row: Coverage | None) -> bool:
    return row is not None and row.status.proves_absence


def _resolved(old: Finding, now: str) -> Finding:
    return msgspec.structs.replace(old, status=FindingStatus.RESOLVED, resolved_at=now)
