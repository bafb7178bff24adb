"""Write a scan's results as files, each whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from scanner.emit.document import Document, chunks
from scanner.emit.formats import FORMATS, render
from scanner.emit.formats.system import of_system, systems
from scanner.emit.html import render_html
from scanner.emit.picture import draw
from scanner.graph.build import AssetGraph
from scanner.graph.export import export
from scanner.model.errors import StoreError


def write_all(folder: Path, document: Document, graph: AssetGraph) -> list[Path]:
    """findings.json, graph.graphml and report.html. Raises ``StoreError`` when a file cannot be
    written; the former one then stays as it was."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            _write(folder / "findings.json", chunks(document)),
            _write(folder / "graph.graphml", [export(graph, "graphml")]),
            _write(
                folder / "report.html",
                [render_html(document, draw(graph, document.findings)).encode()],
            ),
        ]
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot write the results: {error.strerror or error}"
        ) from error


def write_formats(
    folder: Path, document: Document, names: Iterable[str], options: Mapping[str, str]
) -> list[Path]:
    """A file a format, under the format's own name. Raises ``StoreError``."""
    made_folder(folder)
    return [
        write_pieces(folder / FORMATS[name].file, render(name, document, options)) for name in names
    ]


def write_systems(
    folder: Path, document: Document, name: str, options: Mapping[str, str]
) -> Iterator[Path]:
    """A file a system in a format; its name tells the system, and no two share one."""
    made_folder(folder)
    ending = FORMATS[name].file.partition(".")[2]
    for ident, _ in systems(document):
        system, scoped = of_system(document, ident)
        mark = hashlib.sha256(ident.encode()).hexdigest()[:8]
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", system.name).strip("-.")[:60] or "system"
        pieces = render(name, scoped, {**options, "system": system.name})
        yield write_pieces(folder / f"{readable}-{mark}.{ending}", pieces)


def made_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot write the results: {error.strerror or error}"
        ) from error


def write_file(path: Path, data: bytes) -> Path:
    """One file, whole or not at all. Raises ``StoreError``."""
    return write_pieces(path, [data])


def write_pieces(path: Path, data: Iterable[bytes]) -> Path:
    """One file in pieces, whole or not at all. Raises ``StoreError``."""
    try:
        return _write(path, data)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error


def _write(path: Path, data: Iterable[bytes]) -> Path:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
