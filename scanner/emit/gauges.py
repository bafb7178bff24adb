"""A scan as Prometheus gauges (https://prometheus.io/docs/instrumenting/exposition_formats/), for
the textfile collector or an endpoint of one's own. Labels are few and fixed: no name of an asset is
one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from scanner.emit.document import Document

_Labels = tuple[tuple[str, str], ...]
_Rows = Mapping[_Labels, float]


def gauges(document: Document) -> bytes:
    findings: Counter[_Labels] = Counter(
        (("severity", f.severity), ("status", str(f.status))) for f in document.findings
    )
    shards: Counter[_Labels] = Counter(
        (("source", row.source), ("status", row.status)) for row in document.coverage
    )
    assets: Counter[_Labels] = Counter(
        (("registry", row.registry.status), ("type", row.type)) for row in document.assets
    )
    owned = sum(bool(row.owners) for row in document.assets)
    parts = [
        _family("findings", "Findings by severity and status.", findings),
        _family("shards", "Shards by source and how completely they were read.", shards),
        _family("assets", "AI assets and credentials by what the registry says.", assets),
        _family("assets_owned", "AI assets and credentials with an owner.", {(): owned}),
        _family("scan_exit_code", "Exit code of the last scan.", {(): document.scan.exit_code}),
        _family(
            "scan_started_seconds", "When the last scan began.", {(): _at(document.scan.started)}
        ),
        _family("scan_finished_seconds", "When it ended.", {(): _at(document.scan.finished)}),
    ]
    return "".join(parts).encode()


def _family(name: str, says: str, rows: _Rows) -> str:
    full = f"shadow_ai_{name}"
    lines = [f"# HELP {full} {says}", f"# TYPE {full} gauge"]
    for labels, value in sorted(rows.items()):
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        lines.append(f"{full}{{{told}}} {value:g}" if told else f"{full} {value:.16g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _at(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0
