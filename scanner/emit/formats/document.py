"""``json``: the document itself (docs/document.md), with a schema of its own."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.emit.document import Document, chunks


def render(document: Document) -> Iterator[bytes]:
    return chunks(document)
