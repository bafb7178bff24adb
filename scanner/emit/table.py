"""Tables for a terminal; tab-separated lines in a pipe."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scanner.assess.selection import Problem
from scanner.emit.document import AssetRow, Document
from scanner.emit.owned import owned
from scanner.model.coverage import earlier, wanted
from scanner.model.evidence import Confidence
from scanner.model.finding import Finding, FindingEvent, FindingStatus
from scanner.reconcile.reconcile import Reconciliation

_MAX_ROWS = 60
_MAX_USE = 20
_MOST_BYTES = 1 << 80
"""That are shown; a state may hold what no log has carried."""
_COLOURS = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
}


def print_rows(header: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """A table on a terminal, tab-separated values (with the header) in a pipe. Cells come from
    outside: control characters are taken out, and nothing in them is markup."""
    plain = [[_clean(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in (list(header), *plain):
            print("\t".join(row))
        return
    table = Table(title=title or None, title_justify="left", header_style="bold", expand=False)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in plain:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    Console().print(table)


def _clean(cell: str) -> str:
    return "".join(c if c.isprintable() else " " for c in cell)


def print_document(document: Document, events: Sequence[FindingEvent]) -> None:
    """What a scan says, the most important last, where a terminal's eye is."""
    sure = [row for row in document.assets if row.confidence != Confidence.LOW]
    print_rows(
        ("asset", "provider", "where", "owner", "registry", "confidence"),
        [_asset_cells(row) for row in sure[:_MAX_ROWS]],
        title=f"AI found: {len(sure)}",
    )
    _more(len(sure))
    _print_use(document)
    _print_attempts(document)
    if len(sure) < len(document.assets):
        print(
            f"{len(document.assets) - len(sure)} less sure (tests, manuals, weak signs) are in "
            "--json and --output"
        )
    open_findings = [f for f in document.findings if f.status.is_open]
    print_findings(open_findings)
    unread = [
        row
        for row in document.coverage
        if row.status not in ("complete", "not_enabled", "left_out")
    ]
    if unread:
        asked = wanted(row.status for row in document.coverage)
        print_rows(
            ("not read", "status", "reason"),
            [(row.shard, row.status, row.reason) for row in unread[:_MAX_ROWS]],
            title=f"Not read: {len(unread)} of {asked} shards",
        )
    _summary(document, events)


def _print_use(document: Document) -> None:
    """Who uses which AI, as logs of traffic show it, the most used first."""
    names = {row.uid: row.name for row in document.assets if row.kind.startswith("logs.")}
    rows = [
        (_who(edge.target), names[edge.source], evidence)
        for edge in document.edges
        if edge.kind == "used_by" and edge.source in names
        for evidence in edge.evidence
    ]
    if not rows:
        return
    rows.sort(key=lambda row: (-row[2].count, row[0], row[1], row[2].path))
    print_rows(
        ("who", "uses", "requests", "sent", "received", "first", "last", "with"),
        [
            (
                who,
                what,
                str(seen.count),
                _bytes(seen.bytes_sent),
                _bytes(seen.bytes_received),
                seen.first_seen,
                seen.last_seen,
                seen.path,
            )
            for who, what, seen in rows[:_MAX_USE]
        ],
        title=f"Use in logs: {len(rows)} rows",
    )
    _more(len(rows), _MAX_USE)


def _who(ident: str) -> str:
    """Of an id ``logs:<name>/<kind>/<text>``."""
    return ident.split("/", 2)[-1]


def _print_attempts(document: Document) -> None:
    rows = sorted(document.attempts, key=lambda row: (-row.count, row.who, row.name))
    if not rows:
        return
    print_rows(
        ("who", "tried, in vain", "requests", "first", "last"),
        [(_who(row.who), row.name, str(row.count), row.first_seen, row.last_seen)
         for row in rows[:_MAX_USE]],
        title=f"Tried in vain, by logs: {len(rows)} rows",
    )  # fmt: skip
    _more(len(rows), _MAX_USE)


def _bytes(count: int) -> str:
    size = float(min(count, _MOST_BYTES))
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if count else "-"
        size /= 1024
    return f"{size:.1f} GiB"


def _asset_cells(row: AssetRow) -> tuple[str, ...]:
    place = row.account or (row.evidence[0].path if row.evidence else "")
    owner = f"{row.owners[0].owner} ({row.owners[0].basis})" if row.owners else "-"
    status = row.registry.status + (f" {row.registry.entry}" if row.registry.entry else "")
    region = f" {row.region}" if row.region else ""
    return (row.name, row.provider, place + region, owner, status, row.confidence)


def _more(total: int, shown: int = _MAX_ROWS) -> None:
    if total > shown:
        print(f"... and {total - shown} more; --json or --output shows all")


def _summary(document: Document, events: Sequence[FindingEvent]) -> None:
    registry = Counter(row.registry.status for row in document.assets if row.type == "asset")
    changes = Counter(event.change for event in events)
    complete = sum(row.status in ("complete", "not_enabled") for row in document.coverage)
    found = owned(document)
    ask = f", {found.ask} with somebody to ask" if found.ask else ""
    parts = ", ".join(f"{count} {word}" for word, count in sorted(registry.items())) or "none"
    print(f"\nAI assets: {parts}; with an owner: {found.yes} of {found.of} {found.what}{ask}")
    told = ", ".join(f"{count} {word}" for word, count in sorted(changes.items())) or "no change"
    print(f"Findings: {sum(f.status.is_open for f in document.findings)} open; this scan: {told}")
    left_out = sum(row.status == "left_out" for row in document.coverage)
    asked = len(document.coverage) - left_out
    rest = f"; {left_out} left out by the configuration" if left_out else ""
    old = earlier(row.read_at for row in document.coverage)
    print(f"Coverage: {complete} of {asked} shards read completely{rest}{old and '; '}{old}")


def print_findings(findings: Sequence[Finding]) -> None:
    print_rows(
        ("severity", "risk", "policy", "finding", "owner", "status", "fingerprint"),
        [
            (
                finding.severity,
                str(finding.risk),
                finding.policy,
                finding.title,
                finding.owner or "-",
                str(finding.status),
                finding.fingerprint[:15],
            )
            for finding in findings[:_MAX_ROWS]
        ],
        title=f"Findings: {len(findings)}",
    )
    _more(len(findings))


def print_problems(problems: Sequence[Problem], by: Sequence[str]) -> None:
    """Groups of findings, a row each."""
    print_rows(
        (" / ".join(by), "findings", "severity", "risk", "the riskiest"),
        [
            (one.name, str(len(one.findings)), one.severity, str(one.risk), one.findings[0].title)
            for one in problems[:_MAX_ROWS]
        ],
        title=f"Problems: {len(problems)}",
    )
    _more(len(problems))


def print_events(events: Sequence[FindingEvent], titles: Mapping[str, str]) -> None:
    print_rows(
        ("at", "change", "fingerprint", "finding", "scan", "detail"),
        [
            (e.at, e.change, e.fingerprint[:15], titles.get(e.fingerprint, ""), e.scan, e.detail)
            for e in events
        ],
    )


def print_finding(finding: Finding, events: Sequence[FindingEvent]) -> None:
    resolved = f"  resolved: {finding.resolved_at}" if finding.resolved_at else ""
    state = FindingStatus(finding.status)
    rows = [
        ("finding", finding.title),
        ("fingerprint", finding.fingerprint),
        ("policy", finding.policy),
        ("severity", f"{finding.severity} (risk {finding.risk}, confidence {finding.confidence})"),
        ("status", f"{state}{resolved}"),
        ("decided", finding.decided),
        ("asset", finding.asset),
        ("owner", finding.owner or "nobody"),
        ("last used", finding.last_used),
        ("why", finding.detail),
        ("what to do", finding.remedy),
        ("controls", ", ".join(finding.controls)),
        ("seen", f"{finding.first_seen} to {finding.last_seen}"),
    ]
    print_rows(("field", "value"), rows)
    print_rows(
        ("at", "change", "scan", "detail"), [(e.at, e.change, e.scan, e.detail) for e in events]
    )


def print_registry(result: Reconciliation) -> None:
    print_rows(
        ("entry", "name", "owner", "stage", "outcome", "assets", "detail"),
        [
            (
                row.entry.id,
                row.entry.name,
                row.entry.owner or "-",
                str(row.entry.stage or "-"),
                ", ".join(row.outcomes) or "-",
                str(len(row.assets)),
                row.detail or ", ".join(row.duplicates),
            )
            for row in result.entries
        ],
        title=f"Registry entries: {len(result.entries)}",
    )
    loose = {i: s for i, s in sorted(result.standings.items()) if not s.entry}
    print_rows(
        ("not registered", "status", "reason"),
        [(ident, str(s.status), s.reason) for ident, s in list(loose.items())[:_MAX_ROWS]],
        title=f"Without an entry: {len(loose)}",
    )
    _more(len(loose))
