"""What changed between two scans of one state: findings by their events, coverage by its rows."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from scanner.model.base import Fingerprint, ShardId
from scanner.model.coverage import Coverage
from scanner.model.errors import ConfigError
from scanner.model.finding import Finding, FindingEvent
from scanner.store.history import changes
from scanner.store.state import ScanRow, State


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """All that happened to one finding in the time; ``finding``: as it is now."""

    finding: Finding
    events: tuple[FindingEvent, ...]


class ShardChange(msgspec.Struct, frozen=True, kw_only=True):
    """Empty: there was, or is, no such shard."""

    shard: str
    before: str
    now: str
    reason: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    before: str
    now: str
    findings: tuple[Change, ...]
    coverage: tuple[ShardChange, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.findings or self.coverage)


def difference(
    state: State, before: str = "", now: str = "", *, known: Mapping[str, Finding] | None = None
) -> Difference:
    """``before`` and ``now``: ids of scans, or beginnings of such; by default the last two that
    came to their end. What people decided between them counts to it. ``known``: the findings as
    people see them; None: as they stand in the state. Raises ``ConfigError``."""
    done = [row for row in state.scans() if row.finished_at]
    if not done:
        raise ConfigError("no scan came to its end yet; run `shadow-ai scan` first")
    last = _found(done, now) if now else done[-1]
    earlier = [row for row in done if row.finished_at <= last.finished_at and row.id != last.id]
    if before:
        first = _found(done, before)
    elif earlier:
        first = earlier[-1]
    else:
        raise ConfigError(f"there is no scan before {last.id} to compare with; run another")
    if first.finished_at > last.finished_at:
        raise ConfigError(f"{first.id} is later than {last.id}; name the earlier scan first")
    return Difference(
        before=first.id,
        now=last.id,
        findings=_findings(state, first, last, state.findings() if known is None else known),
        coverage=_coverage(state, first.id, last.id),
    )


def _found(rows: list[ScanRow], ident: str) -> ScanRow:
    found = [row for row in rows if row.id.startswith(ident)]
    if len(found) != 1:
        many = "several scans begin" if found else "no scan that came to its end begins"
        there = ", ".join(row.id for row in rows[-5:])
        raise ConfigError(f"{many} with `{ident}`; the last are {there}")
    return found[0]


def _findings(
    state: State, first: ScanRow, last: ScanRow, known: Mapping[str, Finding]
) -> tuple[Change, ...]:
    happened: dict[Fingerprint, list[FindingEvent]] = {}
    scans = [row.id for row in state.scans()]
    over = set(scans[: scans.index(first.id) + 1])  # several may have ended within the second
    for event in changes(state, since=first.finished_at):
        if event.scan not in over and event.at <= last.finished_at:
            happened.setdefault(event.fingerprint, []).append(event)
    current = {mark: finding for finding in known.values()
               for mark in (finding.fingerprint, *finding.formerly)}  # fmt: skip
    found: dict[Fingerprint, list[FindingEvent]] = {}
    for mark, events in happened.items():
        if mark in current:
            found.setdefault(current[mark].fingerprint, []).extend(events)
    rows = [
        Change(finding=current[mark], events=tuple(sorted(events, key=lambda event: event.at)))
        for mark, events in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.finding.risk, row.finding.fingerprint)))


def _coverage(state: State, first: str, last: str) -> tuple[ShardChange, ...]:
    def rows(scan: str) -> dict[ShardId, Coverage]:
        return {row.shard: row for row in state.coverage(scan)}

    old, new = rows(first), rows(last)
    found = []
    for shard in sorted({*old, *new}):
        before, now = old.get(shard), new.get(shard)
        told = [str(row.status) if row else "" for row in (before, now)]
        if told[0] != told[1]:
            found.append(ShardChange(shard=shard, before=told[0], now=told[1],
                                     reason=now.reason if now else ""))  # fmt: skip
    return tuple(found)
