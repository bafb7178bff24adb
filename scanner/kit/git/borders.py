"""What a repository may not reach: files that are none of its own, and files that are no files.

A folder's ``.git`` can name any other repository of the machine, whose content would then be taken
for this folder's; and a pipe in place of a file keeps whoever opens it waiting. Owns telling both
before git is asked. Follows https://git-scm.com/docs/gitrepository-layout
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from scanner.kit.expressions import expression

_FILES = ("HEAD", "config", "config.worktree", "packed-refs", "index", "shallow", "commondir",
          "gitdir", "objects/info/alternates", "info/grafts", "info/sparse-checkout")  # fmt: skip
_FOLDERS = ("objects", "refs", "objects/pack", "objects/info", "info", "worktrees", "modules")
_MOST_BYTES = 1 << 16
_WORKTREE = expression(r"(?m)^\s*worktree\s*=\s*\"?([^\"\n#;]+)")
_ELSEWHERE = "scan that repository by its own path"


def trespass(folder: Path, within: Path) -> str:
    """Why ``folder``'s repository is not to be opened; empty when it may be. ``within``: the root
    that the user named. A linked work tree and a submodule may lie apart from their repository:
    it must name them, too."""
    dot = folder / ".git"
    try:
        place = dot if os.path.lexists(dot) else folder
        if place is dot and stat.S_ISREG(os.stat(dot).st_mode):
            place = folder / _line(dot).removeprefix("gitdir:").strip()
        real = place.resolve(strict=True)
        if not _is_below(real, within) and not _points_back(real, dot):
            return f"`.git` leads to {real}, outside of this path; {_ELSEWHERE}"
        return _inner_trespass(real, within)
    except (OSError, RuntimeError, ValueError) as error:
        return f"`.git` leads nowhere ({getattr(error, 'strerror', '') or 'a loop of links'})"


def _inner_trespass(real: Path, within: Path) -> str:
    shared = real
    if os.path.lexists(real / "commondir"):
        if not stat.S_ISREG(os.lstat(real / "commondir").st_mode):
            return "`.git/commondir` is no regular file"
        shared = (real / _line(real / "commondir").strip()).resolve(strict=True)
        is_linked = real.parent == shared / "worktrees"
        if not is_linked and not _is_below(shared, within):
            return f"`.git/commondir` leads to {shared}, outside of this path; {_ELSEWHERE}"
    for top in {real, shared}:
        for name in (*_FOLDERS, *_FILES):
            if trouble := _odd(top, name, within):
                return trouble
        if odd := stray(top / "objects", (within, top)):
            return f"`.git/objects/{odd}` is no regular file of this path; {_ELSEWHERE}"
    return ""


def stray(store: Path, within: Iterable[Path]) -> str:
    """The first of a store's folders, packs and loose objects that leads out of it and of
    ``within``, or that is neither folder nor file. Empty: none."""
    roots = [store.resolve(), *(root.resolve() for root in within)]
    for entry in _entries(store):
        if entry.name not in ("pack", "info") and len(entry.name) != 2:
            continue  # git reads nothing else
        if entry.is_symlink() and not _is_below_one(Path(entry.path), roots):
            return entry.name
        for inner in _entries(Path(entry.path)):
            if inner.is_symlink():
                if not _is_below_one(Path(inner.path), roots):
                    return f"{entry.name}/{inner.name}"
            elif not inner.is_file(follow_symlinks=False) and not inner.is_dir():
                return f"{entry.name}/{inner.name}"
    return ""


def _is_below_one(link: Path, roots: Iterable[Path]) -> bool:
    """Whether a link leads to a file or folder below one of ``roots``."""
    try:
        real = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return True  # nowhere: git reads nothing there
    is_plain = real.is_file() or real.is_dir()
    return is_plain and any(real.is_relative_to(root) for root in roots)


def _odd(top: Path, name: str, within: Path) -> str:
    try:
        facts = os.lstat(top / name)
        if stat.S_ISLNK(facts.st_mode):
            target = (top / name).resolve(strict=True)
            if not _is_below(target, within) and not _is_below(target, top):
                return f"`.git/{name}` is a link to {target}, outside of this path; {_ELSEWHERE}"
            facts = os.stat(target)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    is_right = stat.S_ISDIR if name in _FOLDERS else stat.S_ISREG
    return "" if is_right(facts.st_mode) else f"`.git/{name}` is not what git keeps there"


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """In order; none where there is no folder, or none that may be looked into: git then says what
    is missing."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_below(path: Path, root: Path) -> bool:
    return path.is_relative_to(root.resolve())


def _points_back(real: Path, dot: Path) -> bool:
    """Whether the repository at ``real`` itself says that ``dot`` is its own."""
    if (real / "gitdir").is_file():
        told = (real / _line(real / "gitdir").strip()).resolve()
        return told == dot.parent.resolve() / dot.name
    if dot.is_symlink() or not (real / "config").is_file():
        return False
    named = _WORKTREE.search(_head(real / "config"))
    return named is not None and (real / named[1].strip()).resolve() == dot.parent.resolve()


def _line(path: Path) -> str:
    return _head(path).partition("\n")[0]


def _head(path: Path) -> str:
    """Only of what is known to be a file."""
    with path.open("rb") as file:
        return os.fsdecode(file.read(_MOST_BYTES))
