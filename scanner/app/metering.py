"""The history of a state in numbers: kept at the end of every scan, read as metrics."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from scanner.app.config import LoadedConfig, store_url
from scanner.assess.measuring import Snapshot, measure
from scanner.assess.metrics import History, Metric, metrics
from scanner.assess.policies import Situation
from scanner.model.base import encode
from scanner.model.finding import Finding
from scanner.rulebook.load import Rulebook
from scanner.store import numbers
from scanner.store.state import State

_SNAPSHOT = msgspec.json.Decoder(Snapshot)


def keep(
    state: State, situation: Situation, findings: Sequence[Finding], rulebook: Rulebook, scan: str
) -> None:
    """The numbers of a scan that is finished. Raises ``StoreError``."""
    found = measure(situation, findings, rulebook.frameworks, rulebook.policies, scan)
    numbers.save_snapshot(state, scan, found.at, encode(found))


def history_of(state: State) -> History:
    """What was known under another fingerprint before is counted as what it is now."""
    findings = dict(state.findings())
    now_as = {old: mark for mark, one in findings.items() for old in one.formerly}
    events = (
        msgspec.structs.replace(event, fingerprint=now_as.get(event.fingerprint, event.fingerprint))
        for event in numbers.all_events(state)
    )
    return History(
        snapshots=[_SNAPSHOT.decode(body) for body in numbers.snapshots(state)],
        findings=findings,
        events=list(events),
        first_read=numbers.first_read(
            state, {shard for finding in findings.values() for shard in finding.shards}
        ),
    )


def stored_metrics(
    loaded: LoadedConfig, *, url: str | None = None, weeks: int = 52
) -> list[Metric]:
    """From the stored state alone: no source is asked."""
    state = State(url if url is not None else store_url(loaded))
    try:
        return metrics(history_of(state), weeks=weeks)
    finally:
        state.close()
