"""Charts as SVG, in a page or as files for slides: no script, no style, all text escaped."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scanner.emit.markup import escape
from scanner.emit.trend import Point

COLOURS = ("#3454d1", "#0e7490", "#a16207", "#c2410c", "#7c3aed", "#15803d", "#9b1c31", "#5d6778")
_READ = {"complete": "#15803d", "not_enabled": "#5d6778",
         "partial": "#a16207", "denied": "#c2410c", "failed": "#9b1c31"}  # fmt: skip
_MOST_BANDS = 14


def _svg(width: int, height: int, title: str, inner: str) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' role='img' "
        f"font-family='system-ui,sans-serif' font-size='12' fill='currentColor' "
        f"aria-label='{escape(title, quote=True)}'><title>{escape(title)}</title>{inner}</svg>"
    )


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{escape(words)}</text>"


def _short(words: str, most: int = 26) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def trend(points: Sequence[Point]) -> str:
    """Open findings and known assets after every scan."""
    wide, high, left, top = 640, 210, 40, 26
    most = max((max(p.open, p.assets) for p in points), default=0) or 1
    step = (wide - left - 60) / max(1, len(points) - 1)
    parts = [
        f"<path d='M{left} {high - 30}H{wide - 56}' stroke='currentColor' stroke-opacity='.3'/>",
        _text(left - 6, top + 4, str(most), "end"),
        _text(left - 6, high - 26, "0", "end"),
    ]
    series = (("open findings", COLOURS[3], [p.open for p in points]),
              ("known assets", COLOURS[0], [p.assets for p in points]))  # fmt: skip
    for at, (name, colour, values) in enumerate(series):
        places = [
            (left + step * i, top + (high - 30 - top) * (1 - value / most))
            for i, value in enumerate(values)
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f"<polyline points='{line}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3' fill='{colour}'/>" for x, y in places]
        parts.append(f"<rect x='{left + at * 150}' y='4' width='10' height='10' fill='{colour}'/>")
        parts.append(_text(left + 15 + at * 150, 13, name))
        if places:
            parts.append(_text(places[-1][0] + 7, places[-1][1] + 4, str(values[-1])))
    if points:
        parts.append(_text(left, high - 10, points[0].at[:10]))
        if len(points) > 1:
            parts.append(_text(wide - 56, high - 10, points[-1].at[:10], "end"))
    said = "; ".join(f"{p.at[:10]}: {p.open} open, {p.assets} assets" for p in points[-12:])
    return _svg(wide, high, f"Trend over {len(points)} scans. {said}", "".join(parts))


def coverage(rows: Iterable[tuple[str, str]]) -> str:
    """``rows``: source and status of every shard. One bar a source, by shares."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for source, status in rows:
        if status == "left_out":
            continue
        counts[source][status] += 1
    parts = []
    shown = sorted(counts.items())[:40]
    for at, (source, statuses) in enumerate(shown):
        y, x, total = 26 + at * 26, 170.0, sum(statuses.values())
        parts.append(_text(160, y + 13, _short(source, 24), "end"))
        for status in sorted(statuses, key=lambda s: list(_READ).index(s) if s in _READ else 9):
            width = 400 * statuses[status] / total
            colour = _READ.get(status, COLOURS[-1])
            parts.append(
                f"<rect x='{x:.1f}' y='{y}' width='{width:.1f}' height='18' fill='{colour}'>"
                f"<title>{escape(status)}: {statuses[status]}</title></rect>"
            )
            x += width
        read = statuses["complete"] + statuses["not_enabled"]
        parts.append(_text(578, y + 13, f"{read}/{total}"))
    for at, (status, colour) in enumerate(_READ.items()):
        parts.append(f"<rect x='{20 + at * 102}' y='4' width='10' height='10' fill='{colour}'/>")
        parts.append(_text(34 + at * 102, 13, status.replace("_", " ")))
    said = "; ".join(
        f"{source}: {c['complete'] + c['not_enabled']} of {sum(c.values())}" for source, c in shown
    )
    return _svg(640, 36 + 26 * len(shown), f"Read completely, by source. {said}", "".join(parts))


def bars(counts: Mapping[str, int], title: str, most: int = 8) -> str:
    """The largest first; what is over is summed as the last bar."""
    ordered = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    rows = ordered[:most]
    if len(ordered) > most:
        rest = sum(count for _, count in ordered[most:])
        rows.append((f"{len(ordered) - most} others", rest))
    top = max((count for _, count in rows), default=1)
    parts = []
    for at, (name, count) in enumerate(rows):
        y, width = 4 + at * 24, max(2.0, 170 * count / top)
        parts.append(_text(150, y + 13, _short(name or "not known", 20), "end"))
        parts.append(
            f"<rect x='158' y='{y}' width='{width:.1f}' height='17' rx='3' fill='{COLOURS[0]}'>"
            f"<title>{escape(name)}: {count}</title></rect>"
        )
        parts.append(_text(164 + width, y + 13, str(count)))
    said = "; ".join(f"{name or 'not known'}: {count}" for name, count in rows) or "nothing"
    return _svg(380, 8 + 24 * max(1, len(rows)), f"{title}. {said}", "".join(parts))


def sankey(flows: Iterable[tuple[str, str, str]]) -> str:
    """Class of data, business unit, vendor: bands as wide as there are flows."""
    rows = Counter(flows)
    kept = [_kept(Counter({}), rows, column) for column in range(3)]
    merged: Counter[tuple[str, ...]] = Counter()
    for row, count in rows.items():
        merged[tuple(n if n in kept[i] else "others" for i, n in enumerate(row))] += count
    total = sum(merged.values())
    high, wide = 360.0, 900
    columns: list[dict[str, list[float]]] = []
    parts = []
    scale = 0.0
    sizes = []
    for column in range(3):
        size: Counter[str] = Counter()
        for names, count in merged.items():
            size[names[column]] += count
        sizes.append(sorted(size.items(), key=lambda one: (-one[1], one[0])))
    gap = 10
    if total:
        scale = min((high - gap * (len(size) - 1)) / total for size in sizes)
    for column, size_of in enumerate(sizes):
        y, x, place = 20.0, 10 + column * (wide - 230) / 2, {}
        for at, (name, count) in enumerate(size_of):
            place[name] = [y, y, x]
            colour = COLOURS[at % len(COLOURS)] if column == 0 else "#5d6778"
            parts.append(
                f"<rect x='{x:.1f}' y='{y:.1f}' width='12' height='{count * scale:.1f}' "
                f"fill='{colour}'/>"
            )
            parts.append(_text(x + 17, y + count * scale / 2 + 4, f"{_short(name)} ({count})"))
            y += count * scale + gap
        columns.append(place)
    hue = {name: COLOURS[at % len(COLOURS)] for at, (name, _) in enumerate(sizes[0])}
    bands = []
    for names, count in sorted(merged.items()):
        for column in range(2):
            # A node passes on its band where it got it: each side has its own running place.
            one, other = columns[column][names[column]], columns[column + 1][names[column + 1]]
            thick = count * scale
            y0, y1, x0, x1 = one[1], other[0], one[2] + 12, other[2]
            one[1] += thick
            other[0] += thick
            middle = (x0 + x1) / 2
            bands.append(
                f"<path d='M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} "
                f"{x1:.1f} {y1:.1f}V{y1 + thick:.1f}C{middle:.1f} {y1 + thick:.1f} {middle:.1f} "
                f"{y0 + thick:.1f} {x0:.1f} {y0 + thick:.1f}Z' fill='{hue[names[0]]}' "
                f"fill-opacity='.35'><title>{escape(' to '.join(names))}: {count}</title></path>"
            )
    said = "; ".join(f"{' to '.join(row)}: {count}" for row, count in merged.most_common(12))
    title = f"Data flows: class of data, unit, vendor. {said or 'None is known.'}"
    return _svg(wide, int(high) + 40, title, "".join(bands + parts))


def _kept(
    start: Counter[str], rows: Mapping[tuple[str, str, str], int], column: int
) -> frozenset[str]:
    for row, count in rows.items():
        start[row[column]] += count
    return frozenset(name for name, _ in start.most_common(_MOST_BANDS))
