"""Metrics as Prometheus' text (https://prometheus.io/docs/instrumenting/exposition_formats/), and
as a part of the page with a line of their trend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scanner.assess.metrics import Metric, Point
from scanner.emit.exposition import Labels, family
from scanner.emit.markup import escape

_WIDTH, _HEIGHT = 160, 28


def prometheus(found: Sequence[Metric]) -> bytes:
    """What has no value is left out: it is not zero."""
    return "".join(text for metric in found for text in _families(metric)).encode()


def _families(metric: Metric) -> Iterator[str]:
    rows = list(_samples(metric))
    if rows:
        yield family(metric.id, metric.definition, rows)
    for part in ("yes", "of", "unknown"):
        value = getattr(metric, part)
        if value is not None:
            yield family(f"{metric.id}_{part}", f"{metric.name}: {part}", [((), str(value))])


def _samples(metric: Metric) -> Iterator[tuple[Labels, str]]:
    if metric.value is not None:
        yield (), str(metric.value)
    for dimension, rows in sorted(metric.by.items()):
        for key, value in rows.items():
            yield ((dimension, key),), str(value)


def section(found: Iterable[Metric]) -> str:
    """Empty without any metric."""
    cards = "".join(_card(metric) for metric in found)
    return f"<h2>Metrics</h2><div class='cards'>{cards}</div>" if cards else ""


def _card(metric: Metric) -> str:
    said = ""
    if metric.of is not None:
        said = f"{metric.yes} of {metric.of}"
        said += f", {metric.unknown} not known" if metric.unknown else ""
    parts = [
        f"{dimension.replace('_', ' ')}: "
        + ", ".join(f"{key} {shown(metric, value)}" for key, value in list(rows.items())[:6])
        for dimension, rows in metric.by.items()
    ]
    more = "".join(f"<span>{escape(part)}</span><br>" for part in [said, *parts] if part)
    return (
        f"<div class='card'><b>{escape(shown(metric, metric.value))}</b>"
        f"<span>{escape(metric.name)}</span><br>{_line(metric.trend)}{more}"
        f"<details><summary>definition</summary><span>{escape(metric.definition)}</span></details>"
        "</div>"
    )


def shown(metric: Metric, value: float | None) -> str:
    if value is None:
        return "no data"
    if metric.unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:g}" + (" days" if metric.unit == "days" else "")


def _line(trend: Sequence[Point]) -> str:
    """A line of the weeks; where there was nothing to count it is broken."""
    values = [point.value for point in trend if point.value is not None]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = _WIDTH / max(1, len(trend) - 1)
    runs: list[list[str]] = [[]]
    for number, point in enumerate(trend):
        if point.value is None:
            runs.append([])
        else:
            y = _HEIGHT - 2 - (_HEIGHT - 4) * (point.value - low) / span
            runs[-1].append(f"{number * step:.1f},{y:.1f}")
    lines = "".join(
        f"<polyline points='{' '.join(run)}' fill='none' stroke='#3454d1' stroke-width='1.5'/>"
        for run in runs
        if len(run) > 1
    )
    size = f"width='{_WIDTH}' height='{_HEIGHT}'"
    return f"<svg {size} role='img' aria-label='trend'>{lines}</svg><br>"
