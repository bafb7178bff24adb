"""``csv``: findings, a row each."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.emit.document import Document
from scanner.emit.formats import columns
from scanner.emit.formats.delimited import delimited


def render(document: Document) -> Iterator[bytes]:
    return delimited(columns.FINDINGS, columns.findings(document))
