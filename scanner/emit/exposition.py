"""Prometheus' text format, written in one place: what is measured, and how its numbers read, is the
caller's. https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable

Labels = tuple[tuple[str, str], ...]
_LEAD = "shadow_ai_"


def family(name: str, says: str, rows: Iterable[tuple[Labels, str]], *, kind: str = "gauge") -> str:
    """``name`` without the product's own lead. ``rows``: labels and the number as text."""
    full = f"{_LEAD}{name}"
    lines = [f"# HELP {full} {_help(says)}", f"# TYPE {full} {kind}"]
    for labels, value in rows:
        told = ",".join(f'{key}="{_label(text)}"' for key, text in labels)
        lines.append(f"{full}{{{told}}} {value}" if told else f"{full} {value}")
    return "\n".join(lines) + "\n"


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _label(text: str) -> str:
    return _help(text).replace('"', '\\"')
