"""What is not reported, applied: to the facts before the graph, to the findings after their life
cycle. The state keeps everything; how much is hidden is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
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
    """What is left to show."""

    findings: tuple[Finding, ...]
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
    hidden, _ = baseline.hidden(baselines(loaded), found.values(), now)
    for mark in learned(state, loaded, frozenset()).findings:
        hidden.setdefault(mark, FILE)
    for mark in hidden.keys() & found.keys():
        one = found[mark]
        if one.status.is_open:
            found[mark] = msgspec.structs.replace(
                one, status=FindingStatus.SUPPRESSED, scan_status=one.status,
                decided=f"suppressed by {hidden[mark]}",
            )  # fmt: skip
    return found


def shown(
    life: Life,
    suppressions: Suppressions,
    files: Sequence[tuple[str, baseline.Baseline]],
    now: str,
) -> Shown:
    """Findings and events without those that a baseline or a fingerprint hides."""
    hidden, warnings = baseline.hidden(files, life.findings, now)
    for mark in suppressions.findings:
        hidden.setdefault(mark, FILE)
    open_ones = [f for f in life.findings if f.fingerprint in hidden and f.status.is_open]
    counts = Counter(hidden[finding.fingerprint] for finding in open_ones)
    if counts:
        said = ", ".join(f"{count} by {name}" for name, count in sorted(counts.items()))
        warnings.append(f"suppressed findings: {said}")
    return Shown(
        findings=tuple(f for f in life.findings if f.fingerprint not in hidden),
        events=tuple(event for event in life.events if event.fingerprint not in hidden),
        warnings=(*suppressions.warnings(), *warnings),
    )
