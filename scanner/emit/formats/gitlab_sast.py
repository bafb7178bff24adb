"""``gitlab-sast``: GitLab's report of the kind sast."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.emit.document import Document
from scanner.emit.formats.gitlab import report


def render(document: Document, repository: str = "") -> Iterator[bytes]:
    return report(document, "sast", repository)
