"""Links that lead out of the site, to files of the repository, become their names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Called by mkdocs for each page."""
    folder = (ROOT / "docs" / page.file.src_uri).parent

    def turned(link: re.Match[str]) -> str:
        target = link[2]
        if "://" in target or target.startswith("mailto:"):
            return link[0]
        for base in (folder, ROOT):
            place = (base / target).resolve()
            if place.exists() and ROOT in place.parents and (ROOT / "docs") not in place.parents:
                return f"{link[1]} (`{place.relative_to(ROOT)}`)"
        return link[0]

    return _LINK.sub(turned, markdown)
