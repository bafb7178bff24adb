"""Metrics as Prometheus' text (https://prometheus.io/docs/instrumenting/exposition_formats/), and
as a part of the page with a line of their trend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from scanner.assess.metrics import Metric, Point

_LEAD = "shadow_ai"
_WIDTH, _HEIGHT = 160, 28


def prometheus(found: Sequence[Metric]) -> bytes:
    """What has no value is left out: it is not zero."""
    return "".join(f"{line}\n" for line in _lines(found)).encode()


def _lines(found: Sequence[Metric]) -> Iterator[str]:
    for metric in found:
        name = f"{_LEAD}_{metric.id}"
        rows = list(_samples(metric, name))
        if rows:
            yield f"# HELP {name} {_help(metric.definition)}"
            yield f"# TYPE {name} gauge"
            yield from rows
        for part in ("yes", "of", "unknown"):
            value = getattr(metric, part)
            if value is not None:
                yield f"# HELP {name}_{part} {_help(metric.name)}: {part}"
                yield f"# TYPE {name}_{part} gauge"
                yield f"{name}_{part} {value}"


def _samples(metric: Metric, name: str) -> Iterator[str]:
    if metric.value is not None:
        yield f"{name} {metric.value}"
    for dimension, rows in sorted(metric.by.items()):
        for key, value in rows.items():
            yield f'{name}{{{dimension}="{_label(key)}"}} {value}'


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _label(text: str) -> str:
    return _help(text).replace('"', '\\"')


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
