"""Write a scan's results as files, each whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from scanner.emit.document import Document, render
from scanner.emit.html import render_html
from scanner.graph.build import AssetGraph
from scanner.graph.export import export
from scanner.model.errors import StoreError


def write_all(folder: Path, document: Document, graph: AssetGraph) -> list[Path]:
    """findings.json, graph.graphml and report.html. Raises ``StoreError`` when a file cannot be
    written; the former one then stays as it was."""
    contents = {
        "findings.json": render(document),
        "graph.graphml": export(graph, "graphml"),
        "report.html": render_html(document).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_write(folder / name, data) for name, data in contents.items()]
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot write the results: {error.strerror or error}"
        ) from error


def write_file(path: Path, data: bytes) -> Path:
    """One file, whole or not at all. Raises ``StoreError``."""
    try:
        return _write(path, data)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error


def _write(path: Path, data: bytes) -> Path:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
