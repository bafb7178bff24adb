"""``gitlab-secrets``: GitLab's report of the kind secret_detection."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.emit.document import Document
from scanner.emit.formats.gitlab import report


def render(document: Document, repository: str = "") -> Iterator[bytes]:
    return report(document, "secret_detection", repository)
