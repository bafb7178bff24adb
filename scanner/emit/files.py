"""Write a scan's results as files, each whole or not at all.

A new file is its owner's alone, and so is a folder made for it: results name keys, people and
weak places. A file that is there keeps its mode, so whoever shares one says so once by ``chmod``.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import msgspec

from scanner.emit.document import Document, chunks
from scanner.emit.formats import FORMATS, render
from scanner.emit.formats.system import of_system, systems
from scanner.emit.html import render_html
from scanner.emit.picture import draw
from scanner.graph import graphml
from scanner.graph.answers import unread_note
from scanner.graph.build import AssetGraph
from scanner.graph.part import Part, whole
from scanner.model.coverage import Outcome, wanted
from scanner.model.errors import StoreError

_FOLDER, _FILE, _OPEN, _SHARED = 0o700, 0o600, 0o755, 0o644


def write_all(folder: Path, document: Document, graph: AssetGraph) -> list[Path]:
    """findings.json, graph.graphml and report.html. Raises ``StoreError`` when a file cannot be
    written; the former one then stays as it was, and the others are written."""
    return _each(
        folder,
        {
            "findings.json": lambda: chunks(document),
            "graph.graphml": lambda: graphml.pieces(graph, _whole(document, graph)),
            "report.html": lambda: [render_html(document, draw(graph, document.findings)).encode()],
        },
    )


def write_formats(
    folder: Path, document: Document, names: Iterable[str], options: Mapping[str, str]
) -> list[Path]:
    """A file a format, under the format's own name. Raises ``StoreError``; the other files are
    written."""
    return _each(
        folder,
        {FORMATS[name].file: partial(render, name, document, options) for name in names},
    )


def _whole(document: Document, graph: AssetGraph) -> Part:
    """With what was not read: a file outlives the exit code."""
    lacking = [(row.shard, row.status) for row in document.coverage
               if Outcome(row.status).is_lacking]  # fmt: skip
    note = unread_note(lacking, wanted(row.status for row in document.coverage))
    return msgspec.structs.replace(whole(graph), notes=(note,) if note else ())


def _each(folder: Path, files: Mapping[str, Callable[[], Iterable[bytes]]]) -> list[Path]:
    """In the order given. What one file cannot hold costs none of the others: a stack of callbacks
    runs them all, and raises what one of them has raised."""
    made_folder(folder)
    written: list[Path] = []

    def write(name: str, pieces: Callable[[], Iterable[bytes]]) -> None:
        written.append(write_pieces(folder / name, pieces()))

    with ExitStack() as each:
        for name, pieces in reversed(tuple(files.items())):
            each.callback(write, name, pieces)
    return written


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
        folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot write the results: {error.strerror or error}"
        ) from error


def write_file(path: Path, data: bytes, *, is_shared: bool = False) -> Path:
    """One file, whole or not at all. ``is_shared``: whoever runs beside us reads it, as figures
    without names, also where its folder is made for it. Raises ``StoreError``."""
    return write_pieces(path, [data], is_shared=is_shared)


def write_pieces(path: Path, data: Iterable[bytes], *, is_shared: bool = False) -> Path:
    """One file in pieces, whole or not at all. Raises ``StoreError``."""
    try:
        if is_shared:
            path.parent.mkdir(exist_ok=True, mode=_OPEN)
        return _write(path, data, _SHARED if is_shared else _FILE)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error


def _write(path: Path, data: Iterable[bytes], mode: int = _FILE) -> Path:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(data)
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.stat().st_mode)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
