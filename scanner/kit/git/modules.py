"""A tree's own Python modules: a name that its own code answers is nobody's package.

Owns Python's rule of where an absolute import looks, as far as listings show it: the folders above
a file that are no packages themselves (a package's modules are reached by their dotted name), the
root of the tree, and the root's usual source folders. Follows
https://docs.python.org/3/library/sys_path_init.html and
https://docs.pytest.org/en/stable/explanation/pythonpath.html (the first folder above a file without
``__init__.py`` is where its imports start). It reads no more than the listings, the presence of
``__init__.py``, and the head of modules beside a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

NONE: frozenset[str] = frozenset()
_SUFFIXES = (".py", ".pyi", ".ipynb")
_SOURCE_FOLDERS = ("src", "lib", "python")
_MOST_NAMES = 2000
"""Of one file: hostile trees have millions; no project's top level comes near."""
MOST_DEPTH = 256
"""Folders above a file that are looked at: objects can nest without end, and each is a path."""
_PROBE = 8000
_PACKAGE = "__init__.py"


def may_import(path: str) -> bool:
    """Whether a file of this name holds Python's imports."""
    return path.endswith(_SUFFIXES)


def at_root(entries: list[os.DirEntry[str]]) -> frozenset[str]:
    """What every file of the tree may import as its own: the root's modules, a package or not, and
    those of its source folders."""
    found = _modules(entries)
    for entry in entries:
        if entry.name in _SOURCE_FOLDERS and entry.is_dir(follow_symlinks=False):
            try:
                with os.scandir(entry.path) as inner:
                    found |= _modules(list(inner))
            except OSError:
                continue  # told by the walk when it gets there
    return _bounded(found)


def below(own: frozenset[str], entries: list[os.DirEntry[str]]) -> frozenset[str]:
    """``own`` of the folder above, and what a folder with these entries adds for its files."""
    if any(entry.name == _PACKAGE for entry in entries):
        return own
    found = _modules(entries)
    return own if found <= own else _bounded(own | found)


def of_paths(paths: Iterable[str]) -> dict[str, frozenset[str]]:
    """Folder -> the modules that are its files' own, for a tree that is known by its paths alone.
    The root is ``""``."""
    modules: dict[str, set[str]] = {}
    packages: set[str] = set()
    for path in paths:
        if not path.endswith(".py") or path.count("/") > MOST_DEPTH:
            continue
        folder, _, name = path.rpartition("/")
        modules.setdefault(folder, set())
        if name == _PACKAGE:
            packages.add(folder)
            above, _, package = folder.rpartition("/")
            if package:
                modules.setdefault(above, set()).add(package)
        else:
            modules[folder].add(name[:-3])
    top: set[str] = set()
    for folder in ("", *_SOURCE_FOLDERS):
        top |= modules.get(folder, set())
    known = {"": _bounded(top)}
    for folder in sorted(modules):
        chain = [str(p) for p in reversed(PurePosixPath(folder).parents)][1:] if folder else []
        own = known[""]
        for here in (*chain, folder):
            if here not in known:
                added = NONE if here in packages else frozenset(modules.get(here, ()))
                known[here] = own if added <= own else _bounded(own | added)
            own = known[here]
    return known


def _bounded(names: Iterable[str]) -> frozenset[str]:
    found = frozenset(names)
    return found if len(found) <= _MOST_NAMES else frozenset(sorted(found)[:_MOST_NAMES])


def _modules(entries: list[os.DirEntry[str]]) -> frozenset[str]:
    return frozenset(name for entry in entries if (name := _module(entry)))


def _module(entry: os.DirEntry[str]) -> str:
    """The name under which this entry can be imported, or empty. A folder without ``__init__.py``
    gives way to any package that is installed, so it is not counted."""
    try:
        if entry.name.endswith(".py"):
            name = entry.name[:-3]
            if not name.isidentifier() or name == "__init__" or not _is_file(entry):
                return ""
            return "" if _imports_itself(entry, name) else name
        if not entry.name.isidentifier() or not entry.is_dir(follow_symlinks=False):
            return ""
        return entry.name if os.path.lexists(os.path.join(entry.path, _PACKAGE)) else ""
    except (OSError, ValueError):
        return ""


def _is_file(entry: os.DirEntry[str]) -> bool:
    """A link counts by its name alone: none is followed."""
    return entry.is_symlink() or entry.is_file(follow_symlinks=False)


def _imports_itself(entry: os.DirEntry[str], name: str) -> bool:
    """``llms/openai.py`` that imports ``openai`` means the package: no module imports itself, so
    its folder is not where imports start."""
    if entry.is_symlink():
        return False
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(entry.path, flags)
    try:
        head = os.read(descriptor, _PROBE)
    finally:
        os.close(descriptor)
    word = name.encode("utf-8", "surrogateescape")
    return word in head and bool(
        re.search(rb"(?m)^[ \t]{0,20}(?:from|import)[ \t]{1,4}" + re.escape(word) + rb"\b", head)
    )
