"""Walk a directory without leaving it: no symlink is followed, only regular files are opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from scanner.kit.git import modules
from scanner.model.items import Gap

EXCLUDED = frozenset(
    {
        ".git", ".hg", ".svn", ".tox", ".nox", ".venv", "node_modules", "bower_components",
        "__pycache__", "site-packages", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".terraform",
        ".gradle", ".next", ".nuxt", "Pods", ".eggs",
    }
)  # fmt: skip
"""Folders of installed third-party code, caches and version control: not this tree's own AI."""

_PROBE = 8000


@dataclass(frozen=True)
class TreeFile:
    path: str
    """Relative to the root, ``/`` between parts."""
    data: bytes
    own_modules: frozenset[str] = modules.NONE
    """Of a Python file: names whose import is the tree's own code."""


def walk(
    root: Path,
    *,
    exclude: tuple[str, ...],
    most_bytes: int,
    is_foreign: Callable[[Path], bool],
) -> Iterator[TreeFile | Gap]:
    """Every readable text-sized file below ``root`` in a fixed order, and a gap for what could not
    be read. ``is_foreign``: folders that another shard owns."""
    if root.is_file():
        yield from _read(root, root.name, most_bytes)
        return
    pending = [(root, modules.NONE)]
    while pending:
        folder, own = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield _gap(printable(str(folder.relative_to(root))), error)
            continue
        own = modules.at_root(entries) if folder == root else modules.below(own, entries)
        folders = []
        for entry in entries:
            path = Path(entry.path)
            shown = printable(path.relative_to(root).as_posix())
            if is_left_out(shown, exclude):
                continue
            if entry.is_symlink():
                yield TreeFile(shown, b"")  # never followed: its name still counts
                continue
            if entry.is_dir(follow_symlinks=False):
                if not _is_excluded(path) and not is_foreign(path):
                    folders.append((path, own))
            elif entry.is_file(follow_symlinks=False):
                yield from _read(path, shown, most_bytes, own)
        pending += reversed(folders)


def is_left_out(shown: str, exclude: tuple[str, ...]) -> bool:
    """Whether one of the user's globs covers this path, relative to its root."""
    return any(fnmatchcase(shown, glob) for glob in exclude)


def _is_excluded(folder: Path) -> bool:
    return folder.name in EXCLUDED or (folder / "pyvenv.cfg").exists()


def _read(
    path: Path, shown: str, most_bytes: int, own: frozenset[str] = modules.NONE
) -> Iterator[TreeFile | Gap]:
    """Opened without following a link that was swapped in meanwhile, and without blocking on a
    pipe (open(2), O_NOFOLLOW and O_NONBLOCK)."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                return
            head = file.read(_PROBE)
            if b"\0" in head and head[:2] not in (b"\xff\xfe", b"\xfe\xff"):
                yield TreeFile(shown, head)  # binary: its name still counts
                return
            if facts.st_size > most_bytes:
                yield Gap(what=shown, reason=f"larger than {most_bytes >> 20} MiB; not read")
                return
            own = own if modules.may_import(shown) else modules.NONE
            yield TreeFile(shown, head + file.read(most_bytes), own)
    except OSError as error:
        yield _gap(shown, error)


def _gap(shown: str, error: OSError) -> Gap:
    return Gap(
        what=shown,
        reason=f"cannot be read: {error.strerror or error}",
        denied=isinstance(error, PermissionError),
    )


def printable(path: str) -> str:
    """File names are bytes; what is not UTF-8 is shown escaped, so that it can be stored."""
    return path.encode("utf-8", "backslashreplace").decode()
