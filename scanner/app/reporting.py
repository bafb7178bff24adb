"""The page and the charts of the stored state: no source is asked, no credential needed."""

from __future__ import annotations

from scanner.app.config import LoadedConfig, store_url
from scanner.app.exporting import ALL, stored_findings
from scanner.app.metering import stored_metrics
from scanner.app.pipeline import replay
from scanner.app.sourcing import rulebook_of
from scanner.emit import charts, pictures
from scanner.emit.document import Document, build
from scanner.emit.html import render_html
from scanner.emit.picture import Picture, draw
from scanner.emit.trend import Point
from scanner.store.history import changes
from scanner.store.state import State

_OPENS = frozenset({"opened", "reopened", "expired", "withdrawn"})
_CLOSES = frozenset({"resolved", "accepted", "suppressed"})
_READ = frozenset({"complete", "not_enabled"})


def stored_page(
    loaded: LoadedConfig, url: str | None = None
) -> tuple[Document, Picture, tuple[Point, ...]]:
    """All that the page shows. Raises ``ConfigError`` when no scan was finished."""
    where = url if url is not None else store_url(loaded)
    findings, info, warnings = stored_findings(loaded, url=where, chosen=ALL)
    situation = replay(loaded, url=where)
    document = build(
        situation, findings, info, (*warnings, *situation.reconciliation.lapsed_decisions),
        policies=rulebook_of(loaded).policies, metrics=stored_metrics(loaded, url=where),
    )  # fmt: skip
    firsts = sorted(
        situation.graph.dates.get(row.uid, "") for row in document.assets if row.type == "asset"
    )
    state = State(where)
    try:
        points = trend(state, firsts)
    finally:
        state.close()
    return document, draw(situation.graph, document.findings), points


def render_page(loaded: LoadedConfig, url: str | None = None, live: str = "") -> str:
    document, picture, points = stored_page(loaded, url)
    return render_html(document, picture, points, live)


def render_charts(
    document: Document, picture: Picture, points: tuple[Point, ...], *, png: bool = False
) -> dict[str, bytes]:
    """By the names of files. Raises ``ConfigError`` where ``png`` is wanted and cannot be drawn."""
    drawn = {
        "trend": charts.trend(points),
        "coverage": charts.coverage((row.source, row.status) for row in document.coverage),
        "data-flows": charts.sankey(picture.flows),
    }
    files = {f"{name}.svg": svg.encode() for name, svg in drawn.items()}
    if png:
        files |= {f"{name}.png": pictures.png(svg) for name, svg in drawn.items()}
    return files


def trend(state: State, firsts: list[str]) -> tuple[Point, ...]:
    """A point for every finished scan; decisions between two scans count with the later one.
    ``firsts``: when each known asset was first seen."""
    scans = [row for row in state.scans() if row.finished_at]
    order = {row.id: place for place, row in enumerate(scans)}
    # What has another name now is one finding all the same.
    now = {old: one.fingerprint for one in state.findings().values() for old in one.formerly}
    events = changes(state)
    points = []
    is_open: set[str] = set()
    at = 0
    for place, row in enumerate(scans):
        following = scans[place + 1].started_at if place + 1 < len(scans) else ""
        while at < len(events):
            event = events[at]
            later = order.get(event.scan, -1) > place
            if later or (event.scan not in order and following and event.at >= following):
                break
            at += 1
            mark = now.get(event.fingerprint, event.fingerprint)
            if event.change in _OPENS:
                is_open.add(mark)
            elif event.change in _CLOSES:
                is_open.discard(mark)
        shards = [one for one in state.coverage(row.id) if str(one.status) != "left_out"]
        read = sum(str(shard.status) in _READ for shard in shards)
        points.append(
            Point(
                scan=row.id, at=row.finished_at or "", open=len(is_open),
                assets=sum(first <= (row.finished_at or "") for first in firsts),
                read=round(100 * read / len(shards)) if shards else 0,
            )
        )  # fmt: skip
    return tuple(points)
