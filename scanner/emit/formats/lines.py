"""``jsonl``: the document as lines, each one record under the name of its kind, so that a reader
takes what it knows and needs no memory for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from scanner.assess.metrics import Metric
from scanner.emit.document import (
    SCHEMA_VERSION,
    AssetRow,
    AttemptRow,
    CoverageRow,
    Document,
    EdgeRow,
    EntryRow,
    PolicyRow,
    ScanInfo,
)
from scanner.model.base import Model, encode
from scanner.model.finding import Finding


class Line(Model, frozen=True, kw_only=True):
    """One line. Exactly one of the kinds is there; the first line has the version as well."""

    schema_version: str | UnsetType = UNSET
    scan: ScanInfo | UnsetType = UNSET
    warning: str | UnsetType = UNSET
    coverage: CoverageRow | UnsetType = UNSET
    policy: PolicyRow | UnsetType = UNSET
    metric: Metric | UnsetType = UNSET
    registry: EntryRow | UnsetType = UNSET
    asset: AssetRow | UnsetType = UNSET
    edge: EdgeRow | UnsetType = UNSET
    finding: Finding | UnsetType = UNSET
    attempt: AttemptRow | UnsetType = UNSET


_LISTS = {
    "warning": "warnings",
    "coverage": "coverage",
    "policy": "policies",
    "metric": "metrics",
    "registry": "registry",
    "asset": "assets",
    "edge": "edges",
    "finding": "findings",
    "attempt": "attempts",
}
"""Kind of a line -> where the document has such rows."""


def render(document: Document) -> Iterator[bytes]:
    yield encode({"scan": document.scan, "schema_version": document.schema_version}) + b"\n"
    for kind, field in _LISTS.items():
        rows: Iterable[object] = getattr(document, field)
        for row in rows:
            yield encode({kind: row}) + b"\n"


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a line."""
    (_,), components = msgspec.json.schema_components([Line], ref_template="#/$defs/{name}")
    line = components.pop("Line")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:shadow-ai-scanner:line:{SCHEMA_VERSION}",
        **line,
        "title": "Shadow AI scanner document, one line of it",
        "oneOf": [{"required": [kind]} for kind in ("scan", *_LISTS)],
        "$defs": components,
    }
