"""The document of the last finished scan, from the stored state alone: no source is asked, no
credential needed."""

from __future__ import annotations

from scanner.app import suppressing
from scanner.app.config import LoadedConfig, store_url
from scanner.app.metering import stored_metrics
from scanner.app.pipeline import replay
from scanner.app.sourcing import rulebook_of
from scanner.assess.lifecycle import Life
from scanner.assess.selection import Filter
from scanner.emit.document import Document, ScanInfo, build
from scanner.model.errors import ConfigError
from scanner.model.evidence import Confidence
from scanner.model.finding import Finding
from scanner.store.history import changed_at
from scanner.store.state import State

ALL = Filter(status=("all",))


def stored_document(
    loaded: LoadedConfig,
    *,
    url: str | None = None,
    least: Confidence = Confidence.LOW,
    chosen: Filter = ALL,
) -> Document:
    """What the last finished scan said, with the findings as they stand now, or the ``chosen`` of
    them. The registry and the baselines are those of ``loaded``. Raises ``ConfigError`` when no
    scan was finished."""
    where = url if url is not None else store_url(loaded)
    findings, info, warnings = stored_findings(loaded, url=where, chosen=chosen)
    sure = (
        finding
        for finding in findings
        if not finding.confidence or Confidence(finding.confidence).rank >= least.rank
    )
    situation = replay(loaded, url=where)
    lapsed = situation.reconciliation.lapsed_decisions
    return build(
        situation, sure, info, (*warnings, *lapsed),
        policies=rulebook_of(loaded).policies, metrics=stored_metrics(loaded, url=where),
        least=least,
    )  # fmt: skip


def stored_findings(
    loaded: LoadedConfig, *, url: str | None = None, chosen: Filter = ALL
) -> tuple[tuple[Finding, ...], ScanInfo, tuple[str, ...]]:
    """The findings as they stand now, the scan that they stand on, and what is to be told beside
    them. Raises ``ConfigError`` when no scan was finished."""
    where = url if url is not None else store_url(loaded)
    known = suppressing.baselines(loaded)
    state = State(where)
    try:
        finished = [row for row in state.scans() if row.finished_at]
        if not finished:
            raise ConfigError(f"{where}: no finished scan yet; run `shadow-ai scan` first")
        last = finished[-1]
        said = suppressing.learned(state, loaded, frozenset())
        life = Life(tuple(state.findings().values()), ())
        changed = changed_at(state) if chosen.since else {}
        left = suppressing.shown(life, said, known, last.finished_at)
    finally:
        state.close()
    info = ScanInfo(
        id=last.id,
        started=last.started_at,
        finished=last.finished_at,
        exit_code=last.exit_code or 0,
        versions=last.versions,
    )
    findings = tuple(
        finding
        for finding in left.findings
        if chosen.holds(finding, changed.get(finding.fingerprint, ""))
    )
    return findings, info, tuple(left.warnings)
