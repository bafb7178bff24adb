"""``markdown``: a report in GitHub's Markdown (https://github.github.com/gfm/), to paste into a
comment or a wiki. Whatever comes from outside stands in a code span: there nothing is a link, a
mention, an image or HTML."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from scanner.emit.document import Document
from scanner.emit.formats.columns import place
from scanner.emit.formats.common import plain
from scanner.model.coverage import earlier, wanted

_MOST_ROWS = 500
_MOST_CHARACTERS = 300
_LACKING = ("complete", "not_enabled", "left_out")


def render(document: Document) -> Iterator[bytes]:
    return (f"{line}\n".encode() for line in _lines(document))


def code(value: object) -> str:
    """Text from outside as one code span on one line; nothing where there is nothing."""
    text = plain(str(value))
    if not text:
        return ""
    if len(text) > _MOST_CHARACTERS:
        text = text[: _MOST_CHARACTERS - 1] + "…"
    # A bar would end the cell of a table, and how it is escaped there differs among readers.
    text = text.replace("|", "¦")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _lines(document: Document) -> Iterator[str]:
    open_ones = [finding for finding in document.findings if finding.status.is_open]
    by_uid = {row.uid: row for row in document.assets}
    yield "# Shadow AI report"
    yield ""
    yield f"Scan {code(document.scan.id)}, finished {code(document.scan.finished)}."
    yield ""
    yield from _summary(document, len(open_ones))
    yield "## Findings"
    yield ""
    yield from _table(
        ("Severity", "Risk", "Policy", "Finding", "Where", "Owner", "Status", "Since"),
        [
            (
                f"**{finding.severity}**", str(finding.risk), finding.policy, code(finding.title),
                code(place(by_uid.get(finding.asset))), code(finding.owner) or "nobody",
                str(finding.status), code(finding.first_seen[:10]),
            )
            for finding in open_ones
        ],
        "No open findings.",
    )  # fmt: skip
    yield "## AI inventory"
    yield ""
    yield from _table(
        ("Asset", "Provider", "Account", "Region", "Owner", "Registry", "Confidence"),
        [
            (
                code(row.name), code(row.provider), code(row.account), code(row.region),
                code(row.owners[0].owner) if row.owners else "nobody",
                " ".join(filter(None, (row.registry.status, code(row.registry.entry)))),
                row.confidence,
            )
            for row in document.assets
        ],
        "No AI was found.",
    )  # fmt: skip
    unread = [row for row in document.coverage if row.status not in _LACKING]
    yield "## Not read"
    yield ""
    yield from _table(
        ("Shard", "Status", "Reason"),
        [(code(row.shard), row.status, code(row.reason)) for row in unread],
        "Everything was read.",
    )


def _summary(document: Document, findings: int) -> Iterator[str]:
    assets = [row for row in document.assets if row.type == "asset"]
    registry = Counter(row.registry.status for row in assets)
    told = ", ".join(f"{count} {word}" for word, count in sorted(registry.items())) or "none"
    unread = sum(row.status not in _LACKING for row in document.coverage)
    yield f"- {findings} open findings"
    yield f"- AI assets: {told}"
    yield f"- AI credentials: {len(document.assets) - len(assets)}"
    asked = wanted(row.status for row in document.coverage)
    old = earlier(row.read_at for row in document.coverage)
    yield f"- Coverage: {asked - unread} of {asked} shards{old and '; '}{old}"
    for warning in document.warnings:
        yield f"- Warning: {code(warning)}"
    yield ""


def _table(header: Sequence[str], rows: Sequence[Iterable[str]], empty: str) -> Iterator[str]:
    if not rows:
        yield empty
        yield ""
        return
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows[:_MOST_ROWS]:
        yield f"| {' | '.join(row)} |"
    yield ""
    if len(rows) > _MOST_ROWS:
        yield f"... and {len(rows) - _MOST_ROWS} more."
        yield ""
