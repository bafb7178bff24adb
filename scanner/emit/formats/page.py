"""``html``: the page, by its own module."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.emit.document import Document
from scanner.emit.html import render_html


def render(document: Document) -> Iterator[bytes]:
    yield render_html(document).encode()
