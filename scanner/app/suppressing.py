"""What is not reported, applied: to the facts before the graph, to the findings after their life
cycle. The state keeps everything; how much is hidden is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from scanner.app.config import LoadedConfig
from scanner.assess import baseline
from scanner.assess.lifecycle import Life
from scanner.detect.suppress import FILE, TAG, Suppressions
from scanner.kit.expressions import expression
from scanner.model.base import ShardId
from scanner.model.facts import Fact
from scanner.model.finding import Finding, FindingEvent, FindingStatus
from scanner.store.state import State


@dataclass(frozen=True)
class Shown:
    """``findings``: all, those that a file hides as suppressed. ``life``: the same as the state
    keeps them, and all that happened. ``events``: what happened to those that are shown."""

    findings: tuple[Finding, ...]
    life: Life
    events: tuple[FindingEvent, ...]
    warnings: tuple[str, ...]


def learned(state: State, loaded: LoadedConfig, gone: frozenset[ShardId]) -> Suppressions:
    """Everything that the stored facts say of what not to report."""
    told = (row for row in state.facts(having=_SAYS.search) if row[0] not in gone)
    return Suppressions(honoured=loaded.config.scan.honour_suppressions).learn(told)


_SAYS = expression(rb'"suppressed":"[^"]|"' + TAG.encode() + rb'"')
"""In a fact's JSON, where it says anything of what not to report; only these are looked at."""


def rows(state: State, gone: frozenset[ShardId]) -> Iterator[tuple[ShardId, Fact, bool]]:
    return (row for row in state.facts() if row[0] not in gone)


def baselines(loaded: LoadedConfig) -> list[tuple[str, baseline.Baseline]]:
    """Raises ``ConfigError`` for a file that cannot be used."""
    return [(name, baseline.read(loaded.folder / name)) for name in loaded.config.scan.baselines]


def as_shown(state: State, loaded: LoadedConfig, now: str) -> dict[str, Finding]:
    """The findings of the state, those that a baseline or an ignore file hides as suppressed: for
    whoever lists, sends or counts them between scans. Raises ``ConfigError``."""
    found = state.findings()
    hidden, _ = _hidden(learned(state, loaded, frozenset()), baselines(loaded), found.values(), now)
    return {mark: _as_shown(one, hidden.get(mark, "")) for mark, one in found.items()}


def shown(
    life: Life,
    suppressions: Suppressions,
    files: Sequence[tuple[str, baseline.Baseline]],
    now: str,
    *,
    before: Mapping[str, Finding] = {},
    scan: str = "",
) -> Shown:
    """Findings and events with those suppressed that a baseline or a fingerprint hides. ``before``:
    findings as they were kept; what has come to be hidden since, or is so no more, is told in an
    event of ``scan``."""
    hidden, warnings = _hidden(suppressions, files, life.findings, now)
    kept, told = [], []
    for one in life.findings:
        way = hidden.get(one.fingerprint, "") if one.status.is_open else ""
        marks = (one.fingerprint, *reversed(one.formerly))
        was = next((before[mark].hidden_by for mark in marks if mark in before), "")
        if way != was and one.status.is_open:
            change = FindingStatus.SUPPRESSED if way else "withdrawn"
            detail = f"suppressed by {way}" if way else f"{was} no longer leaves it out"
            told.append(FindingEvent(fingerprint=one.fingerprint, scan=scan, at=now,
                                     change=change, detail=detail))  # fmt: skip
        since = now if was and not way and one.status.is_open else one.since
        is_same = (way, since) == (one.hidden_by, one.since)
        kept.append(one if is_same else msgspec.structs.replace(one, hidden_by=way, since=since))
    counts = Counter(one.hidden_by for one in kept if one.hidden_by)
    if counts:
        said = ", ".join(f"{count} by {name}" for name, count in sorted(counts.items()))
        warnings.append(f"suppressed findings: {said}")
    return Shown(
        findings=tuple(_as_shown(one, one.hidden_by) for one in kept),
        life=Life(tuple(kept), (*life.events, *told)),
        events=(*(one for one in life.events if one.fingerprint not in hidden), *told),
        warnings=(*suppressions.warnings(), *warnings),
    )


def _hidden(
    suppressions: Suppressions,
    files: Sequence[tuple[str, baseline.Baseline]],
    findings: Iterable[Finding],
    now: str,
) -> tuple[dict[str, str], list[str]]:
    """Fingerprint -> the file that hides it, and what is to be told of the files."""
    hidden, warnings = baseline.hidden(files, findings, now)
    for mark in suppressions.findings:
        hidden.setdefault(mark, FILE)
    return hidden, warnings


def _as_shown(one: Finding, way: str) -> Finding:
    if not way or not one.status.is_open:
        return msgspec.structs.replace(one, hidden_by="") if one.hidden_by else one
    return msgspec.structs.replace(
        one, status=FindingStatus.SUPPRESSED, scan_status=one.status, hidden_by=way,
        decided=f"suppressed by {way}",
    )  # fmt: skip
