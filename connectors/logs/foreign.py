"""Logs that are none of traffic: JSON whose lines name no host, model or application in any field
that is known. Reading them for traffic finds nothing, which is no proof that there is nothing.
"""

from __future__ import annotations

from connectors.logs.lines import Layout
from connectors.logs.records import Record
from scanner.model.items import Gap

_MOST_LINES = 50


def foreign(path: str, head: bytes, forced: str = "") -> Gap | None:
    """None for what may be traffic, and where no line of ``head`` is a whole JSON object."""
    layout, seen = Layout(forced=forced), 0
    for raw in head.split(b"\n")[:_MOST_LINES]:
        line = raw.strip()
        if not (line.startswith(b"{") and line.endswith(b"}")):
            continue
        seen += 1
        if any(map(_says_something, layout.records(line))) and not layout.unknown:
            return None
        layout.unknown = 0
    if not seen:
        return None
    return Gap(
        what=path,
        reason=f"not understood: none of the first {seen} JSON lines names a host, a model or an "
        "application in a field that is known; audit logs of a product are read by its own "
        "connector (`files`), if it has one",
    )


def _says_something(one: Record) -> bool:
    return bool(one.host or one.dst or one.provider or one.model or one.app or one.answers)
