"""Evidence packs for auditors: one assessment in the forms that people ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scanner.assess.governance import Assessment
from scanner.emit.evidence import oscal, page, table
from scanner.emit.files import made_folder, write_file
from scanner.model.base import encode

RENDERERS: dict[str, tuple[str, Callable[[Assessment], bytes]]] = {
    "json": ("{}.json", lambda found: encode(found) + b"\n"),
    "csv": ("{}.csv", table.render),
    "html": ("{}.html", page.render),
    "oscal": ("{}.oscal.json", oscal.render),
}
"""Form -> its file's name, and what makes it."""


def write_pack(folder: Path, found: Assessment, forms: tuple[str, ...]) -> list[Path]:
    """Raises ``StoreError`` for a file that cannot be written."""
    made_folder(folder)
    return [
        write_file(folder / RENDERERS[form][0].format(found.framework), RENDERERS[form][1](found))
        for form in forms
    ]
