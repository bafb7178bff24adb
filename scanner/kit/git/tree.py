"""Walk a directory without leaving it: no symlink is followed, only regular files are opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scanner.kit.archives import SEPARATOR, Bounds, is_archive, members
from scanner.kit.git import modules
from scanner.kit.left_out import is_left_out
from scanner.kit.text import PROBE, is_text, printable
from scanner.model.evidence import Setting
from scanner.model.items import Gap

EXCLUDED = frozenset(
    {
        ".git", ".hg", ".svn", ".tox", ".nox", ".venv", "node_modules", "bower_components",
        "__pycache__", "site-packages", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".terraform",
        ".gradle", ".next", ".nuxt", "Pods", ".eggs",
    }
)  # fmt: skip
"""Folders of installed third-party code, caches and version control: not this tree's own AI."""


@dataclass(frozen=True)
class TreeFile:
    path: str
    """Relative to the root, ``/`` between parts; of a member of an archive as
    :mod:`scanner.kit.archives` calls it."""
    data: bytes
    """The whole of a text, the first bytes of a binary."""
    own_modules: frozenset[str] = modules.NONE
    """Of a Python file: names whose import is the tree's own code."""
    setting: Setting = Setting.PRODUCTION
    """``PRODUCTION``: its path decides."""


@dataclass(frozen=True)
class Wanted:
    """What of a tree is read."""

    most_bytes: int
    """Larger texts are a gap."""
    exclude: tuple[str, ...] = ()
    """The user's globs, of paths relative to the root."""
    archives: Bounds | None = None
    """None: archives are binaries like others."""


def walk(
    root: Path, wanted: Wanted, *, is_foreign: Callable[[Path], bool]
) -> Iterator[TreeFile | Gap]:
    """Every readable text-sized file below ``root`` in a fixed order, and a gap for what could not
    be read. ``is_foreign``: folders that another shard owns."""
    if root.is_file():
        yield from read(root, root.name, wanted)
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
            if is_left_out(shown, wanted.exclude):
                continue
            if entry.is_symlink():
                yield TreeFile(shown, b"")  # never followed: its name still counts
                continue
            if entry.is_dir(follow_symlinks=False):
                if not _is_excluded(path) and not is_foreign(path):
                    folders.append((path, own))
            elif entry.is_file(follow_symlinks=False):
                yield from read(path, shown, wanted, own)
        pending += reversed(folders)


def read(
    path: Path, shown: str, wanted: Wanted, own: frozenset[str] = modules.NONE
) -> Iterator[TreeFile | Gap]:
    """One file and, of an archive, its members. Opened once, without following a link that was
    swapped in meanwhile, and without blocking on a pipe (open(2), O_NOFOLLOW and O_NONBLOCK)."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    most = wanted.most_bytes
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                return
            head = file.read(PROBE)
            if wanted.archives is not None and is_archive(head, shown):
                yield TreeFile(shown, head)
                yield from inside(shown, file, wanted)
                return
            if not is_text(head):
                yield TreeFile(shown, head)  # binary: its name still counts
                return
            if facts.st_size > most:
                yield Gap(what=shown, reason=f"larger than {most >> 20} MiB; not read")
                return
            own = own if modules.may_import(shown) else modules.NONE
            data = head + file.read(max(0, most - len(head)))
            if len(data) >= most and file.read(1):
                yield Gap(what=shown, reason="grew while it was read; its end was not read")
            yield TreeFile(shown, data, own)
    except OSError as error:
        yield _gap(shown, error)


def inside(shown: str, data: bytes | BinaryIO, wanted: Wanted) -> Iterator[TreeFile | Gap]:
    """The members of an archive; what a tree leaves out is left out of them, too."""
    if wanted.archives is None:
        return

    def leave_out(member: str) -> bool:
        parts = member.split("/")
        if not EXCLUDED.isdisjoint(parts[:-1]):
            return True
        return bool(wanted.exclude) and is_left_out(f"{shown}{SEPARATOR}{member}", wanted.exclude)

    for found in members(shown, data, wanted.archives, leave_out=leave_out):
        if isinstance(found, Gap):
            yield found
        else:
            yield TreeFile(found.path, found.data, setting=found.setting)


def _is_excluded(folder: Path) -> bool:
    return folder.name in EXCLUDED or (folder / "pyvenv.cfg").exists()


def _gap(shown: str, error: OSError) -> Gap:
    return Gap(
        what=shown,
        reason=f"cannot be read: {error.strerror or error}",
        denied=isinstance(error, PermissionError),
    )
