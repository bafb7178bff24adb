"""Metrics of a governance programme, from the history of scans and findings.

Owns what each metric means, to the day and to the denominator. A metric without anything to count
has no value, which is not zero; what is not known is counted apart. Pure: the same history gives
the same numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import mean, median

from scanner.assess.measuring import Count, Snapshot
from scanner.model.base import Model
from scanner.model.finding import Finding, FindingEvent

_SHADOW = "SAI-001"
INCIDENT_SEVERITIES = ("critical", "high")
INCIDENT_DAYS, REMEDIATION_DAYS, WEEK = 30, 90, 7


class Point(Model, frozen=True, kw_only=True):
    at: str
    value: float | None


class Metric(Model, frozen=True, kw_only=True):
    id: str
    name: str
    definition: str
    unit: str
    """``share`` (0 to 1), ``count``, ``days``, ``per_100_systems``."""
    value: float | None
    yes: int | None = None
    of: int | None = None
    unknown: int | None = None
    by: dict[str, dict[str, float]] = {}
    """Dimension -> its values -> the metric of them."""
    trend: tuple[Point, ...] = ()
    """Weekly, the oldest first, the last one is ``value``."""


@dataclass(frozen=True)
class History:
    """All that metrics stand on."""

    snapshots: Sequence[Snapshot]
    """Of finished scans, the oldest first."""
    findings: Mapping[str, Finding] = field(default_factory=dict)
    events: Sequence[FindingEvent] = ()
    first_read: Mapping[str, str] = field(default_factory=dict)
    """Shard -> the first scan that read it: what is new there is new to us, not new."""


def metrics(history: History, *, weeks: int = 52) -> list[Metric]:
    """Nothing without a scan. ``weeks``: how far back the trend goes."""
    if not history.snapshots:
        return []
    end = _moment(history.snapshots[-1].at)
    begun = _moment(history.snapshots[0].at)
    moments = [end - timedelta(days=WEEK * back) for back in range(weeks, -1, -1)]
    moments = [moment for moment in moments if moment >= begun] or [end]
    made = [_metric(*row, history, moments) for row in _SHARES]
    made += [_measured(*row, history, moments) for row in _OTHERS]
    return made


def _metric(
    ident: str,
    name: str,
    definition: str,
    count: Callable[[Snapshot], Count],
    history: History,
    moments: Sequence[datetime],
) -> Metric:
    now = count(history.snapshots[-1])
    points = []
    for moment in moments:
        snapshot = _as_of(history, moment)
        points.append(_point(moment, count(snapshot).share if snapshot else None))
    return Metric(
        id=ident, name=name, definition=definition, unit="share", value=_round(now.share),
        yes=now.yes, of=now.of, unknown=now.unknown, trend=tuple(points),
    )  # fmt: skip


Measured = tuple[float | None, dict[str, dict[str, float]]]


def _measured(
    ident: str,
    name: str,
    definition: str,
    unit: str,
    measure: Callable[[History, datetime], Measured],
    history: History,
    moments: Sequence[datetime],
) -> Metric:
    value, by = measure(history, moments[-1])
    points = [_point(moment, measure(history, moment)[0]) for moment in moments]
    return Metric(
        id=ident, name=name, definition=definition, unit=unit, value=_round(value), by=by,
        trend=tuple(points),
    )  # fmt: skip


def _as_of(history: History, moment: datetime) -> Snapshot | None:
    """The last scan that was finished by then."""
    found = None
    for snapshot in history.snapshots:
        if _moment(snapshot.at) > moment:
            break
        found = snapshot
    return found


def _sum(counts: Iterable[Count]) -> Count:
    rows = list(counts)
    return Count(
        yes=sum(row.yes for row in rows), of=sum(row.of for row in rows),
        unknown=sum(row.unknown for row in rows),
    )  # fmt: skip


def _new_shadow(history: History, moment: datetime) -> Measured:
    count, backfill = 0, 0
    for event in _between(history, moment, WEEK, "opened"):
        finding = history.findings.get(event.fingerprint)
        if finding is None or finding.policy != _SHADOW:
            continue
        first = {history.first_read.get(shard, event.scan) for shard in finding.shards}
        if first == {event.scan}:
            backfill += 1
        else:
            count += 1
    return float(count), {"kind": {"new": float(count), "first read": float(backfill)}}


def _to_production(history: History, moment: datetime) -> Measured:
    snapshot = _as_of(history, moment)
    days = sorted(snapshot.to_production.values()) if snapshot else []
    if not days:
        return None, {}
    by = {"days": {"median": float(median(days)), "longest": float(days[-1]),
                   "systems": float(len(days))}}  # fmt: skip
    return float(median(days)), by


def _incidents(history: History, moment: datetime) -> Measured:
    snapshot = _as_of(history, moment)
    systems = snapshot.registered.of if snapshot else 0
    if not systems:
        return None, {}
    by: dict[str, defaultdict[str, float]] = {
        "severity": defaultdict(float), "business_unit": defaultdict(float),
    }  # fmt: skip
    total = 0
    for event in _between(history, moment, INCIDENT_DAYS, "opened", "reopened"):
        finding = history.findings.get(event.fingerprint)
        if finding is None or finding.severity not in INCIDENT_SEVERITIES:
            continue
        total += 1
        by["severity"][finding.severity] += 100 / systems
        by["business_unit"][finding.business_unit or "(none)"] += 100 / systems
    return 100 * total / systems, _rounded(by)


def _remediation(history: History, moment: datetime) -> Measured:
    ended: list[tuple[float, Finding]] = []
    for mark, days, at in _episodes(history, moment):
        finding = history.findings.get(mark)
        if finding and at > moment - timedelta(days=REMEDIATION_DAYS):
            ended.append((days, finding))
    if not ended:
        return None, {}
    by: dict[str, dict[str, float]] = {}
    for dimension in ("severity", "business_unit"):
        rows: dict[str, list[float]] = defaultdict(list)
        for days, finding in ended:
            rows[getattr(finding, dimension) or "(none)"].append(days)
        by[dimension] = {key: mean(values) for key, values in rows.items()}
    return mean(days for days, _ in ended), _rounded(by)


def _episodes(history: History, until: datetime) -> Iterable[tuple[str, float, datetime]]:
    """(finding, days that it was open, when that ended) of each time that it was resolved."""
    open_since: dict[str, datetime] = {}
    for event in history.events:
        at = _moment(event.at)
        if at > until:
            continue
        if event.change in ("opened", "reopened"):
            open_since.setdefault(event.fingerprint, at)
        elif event.change == "resolved":
            began = open_since.pop(event.fingerprint, None)
            if began is not None:
                yield event.fingerprint, (at - began).total_seconds() / 86_400, at


def _audit(history: History, moment: datetime) -> Measured:
    snapshot = _as_of(history, moment)
    if snapshot is None or not snapshot.frameworks:
        return None, {}
    by = {name: count.share for name, count in sorted(snapshot.frameworks.items())}
    shares = {name: share for name, share in by.items() if share is not None}
    return _sum(snapshot.frameworks.values()).share, _rounded({"framework": shares})


def _between(
    history: History, moment: datetime, days: int, *changes: str
) -> Iterable[FindingEvent]:
    """Later than ``days`` before ``moment``, and not after it."""
    since = moment - timedelta(days=days)
    return (e for e in history.events if e.change in changes and since < _moment(e.at) <= moment)


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00"))


def _point(moment: datetime, value: float | None) -> Point:
    at = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Point(at=at, value=_round(value))


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _rounded(by: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    return {name: {key: round(v, 4) for key, v in sorted(rows.items())}
            for name, rows in by.items()}  # fmt: skip


_SHARES: tuple[tuple[str, str, str, Callable[[Snapshot], Count]], ...] = (
    ("registered_share", "Registered share",
     "Systems that an entry of the registry covers / all systems that the last scan found. "
     "Probable matches are not registered. Unknown: systems about which nothing was said.",
     lambda s: s.registered),
    ("production_assessed_share", "Production systems with a full current assessment",
     "Entries in production with every assessment that they need, and each other that they report, "
     "done or waived, passed, unexpired, not older than what runs / all entries in production. "
     "Unknown: nothing is reported of one that they need, or whether they need it is not told.",
     lambda s: s.assessed),
    ("owner_coverage", "Owner coverage",
     "Systems with a person or team who answers for them / all systems found. Somebody who has "
     "left and a shared mailbox are nobody. Unknown: systems of which only who changed the code, "
     "brought it in or pays for the account is known.",
     lambda s: s.owned),
    ("attestation_coverage", "Attestation coverage",
     "Vendors with every attestation in force that findings ask for (where none is asked for: with "
     "any) / all vendors in use, or approved by an entry that is not retired.",
     lambda s: s.attested),
    ("scan_coverage", "Coverage of the scan",
     "Parts of the sources that were read to their end / all parts that the configuration wants.",
     lambda s: s.shards),
)  # fmt: skip
_OTHERS: tuple[tuple[str, str, str, str, Callable[[History, datetime], Measured]], ...] = (
    ("new_shadow_per_week", "New shadow AI a week",
     "Findings of unregistered AI that were opened in the seven days before. What stands in a part "
     "that was read for the first time is counted apart: it is new to the scan, not new.",
     "count", _new_shadow),
    ("pilot_to_production_days", "From pilot to production",
     "Median of the days from an entry's pilot to its production, of entries that tell both days.",
     "days", _to_production),
    ("incident_rate", "Incident rate",
     f"Findings of severity {' or '.join(INCIDENT_SEVERITIES)} that were opened or came back in "
     f"the {INCIDENT_DAYS} days before, for 100 systems found.",
     "per_100_systems", _incidents),
    ("time_to_remediation_days", "Mean time to remediation",
     f"Mean of the days from opened (or reopened) to resolved, of what was resolved in the "
     f"{REMEDIATION_DAYS} days before. What is still open is not in it.",
     "days", _remediation),
    ("audit_pass_rate", "Audit pass rate",
     "Controls that rules ask about and that no open finding is relevant to, read completely / all "
     "controls that rules ask about. No control is said to be satisfied.",
     "share", _audit),
)  # fmt: skip
