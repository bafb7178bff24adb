"""A scan as Prometheus gauges (https://prometheus.io/docs/instrumenting/exposition_formats/), for
the textfile collector or an endpoint of one's own. Labels are few and fixed: no name of an asset is
one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from scanner.assess.owning import is_owned
from scanner.emit.document import Document
from scanner.emit.exposition import Labels, family


def gauges(document: Document) -> bytes:
    findings: Counter[Labels] = Counter(
        (("severity", f.severity), ("status", str(f.status))) for f in document.findings
    )
    shards: Counter[Labels] = Counter(
        (("source", row.source), ("status", row.status)) for row in document.coverage
    )
    assets: Counter[Labels] = Counter(
        (("registry", row.registry.status), ("type", row.type)) for row in document.assets
    )
    owned = sum(is_owned(row.owners) is True for row in document.assets)
    one: Labels = ()
    parts = [
        family("findings", "Findings by severity and status.", _counts(findings)),
        family("shards", "Shards by source and how completely they were read.", _counts(shards)),
        family("assets", "AI assets and credentials by what the registry says.", _counts(assets)),
        family("assets_owned", "AI assets and credentials with an owner.", [(one, str(owned))]),
        family("scan_exit_code", "Exit code of the last scan.",
               [(one, str(document.scan.exit_code))]),
        family("scan_started_seconds", "When the last scan began.",
               [(one, _at(document.scan.started))]),
        family("scan_finished_seconds", "When it ended.", [(one, _at(document.scan.finished))]),
    ]  # fmt: skip
    return "".join(parts).encode()


def _counts(found: Mapping[Labels, int]) -> list[tuple[Labels, str]]:
    return [(labels, str(count)) for labels, count in sorted(found.items())]


def _at(stamp: str) -> str:
    return f"{datetime.fromisoformat(stamp).timestamp() if stamp else 0:.16g}"
