"""A repository -> items: its tree as contents, its owners, itself.

The one place where connectors that meet repositories (local folders, forges) turn them into what
the detector and the graph take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from scanner.kit.archives import Bounds
from scanner.kit.git.bare import read_bare, read_sparse
from scanner.kit.git.lfs import Pointers
from scanner.kit.git.owners import owners
from scanner.kit.git.process import Git
from scanner.kit.git.tree import TreeFile, Wanted, walk
from scanner.kit.packages import is_library
from scanner.kit.text import printable
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass
from scanner.model.items import Content, Gap, Item, Place, Sighting

_BOUNDS = Bounds()
_ALL = ("credentials", "usage")
_KEYS = ("credentials",)


def holder(subject: NodeId, root: Path) -> Asset:
    """The repository (``git:...``) or folder (``dir:...``) itself, which is no AI."""
    is_repository = subject.startswith("git:")
    name = subject.partition(":")[2]
    is_local = not is_repository or name.startswith("local/")
    return Asset(
        id=subject,
        kind="code.repository" if is_repository else "code.directory",
        name=(printable(root.name.removesuffix(".git")) or name) if is_local else name,
        asset_class=AssetClass.REPOSITORY,
        is_ai=False,
    )


def holding(repository: Asset, items: Iterator[Item]) -> Iterator[Item]:
    """``items`` of a history, the repository itself before the first that is found in it."""
    is_told = False
    for item in items:
        if isinstance(item, Sighting) and not is_told:
            is_told = True
            yield repository
        yield item


def read_tree(
    root: Path,
    git: Git | None,
    subject: NodeId,
    *,
    is_bare: bool,
    exclude: tuple[str, ...],
    most_bytes: int,
    archives: Bounds | None = _BOUNDS,
    inside: str = "",
    source: str = "code",
    is_foreign: Callable[[Path], bool] = lambda folder: False,
    outer: Git | None = None,
) -> Iterator[Item]:
    """Who owns it and every file of it, and a gap for each that could not be read. ``archives``:
    how far they are opened, None for not; ``inside``: the path of ``root`` within the repository
    that ``subject`` names, and ``outer`` that repository; ``is_foreign``: folders that are read by
    themselves; ``source``: the connector that reads."""
    if root.is_dir():
        yield from owners(root, git, subject, is_bare=is_bare, source=source)
    wanted = Wanted(most_bytes=most_bytes, exclude=exclude, archives=archives)
    found: Iterator[TreeFile | Gap]
    if git is not None and is_bare:
        found = read_bare(git, wanted)
    else:
        found = walk(root, wanted, is_foreign=is_foreign)
        whole = git or (outer if inside else None)
        if whole is not None and root.is_dir():
            found = chain(found, read_sparse(root, whole, wanted))
    pointers = Pointers()
    for file in found:
        if isinstance(file, Gap):
            yield file
        else:
            pointers.see(file.path, file.data)
            yield _content(subject, file, root.name if inside and root.is_file() else "", inside)
    yield from pointers.gap()


def _content(subject: NodeId, found: TreeFile, file: str, inside: str) -> Content:
    """``file``: the name of the root where that is a file, whose path ``inside`` then is."""
    if file:
        path = inside + found.path[len(file) :]
    else:
        path = f"{inside}/{found.path}" if inside else found.path
    place = Place(subject=subject, resource=subject, path=path, context=found.setting)
    return Content(
        place=place,
        data=found.data,
        rule_sets=_KEYS if is_library(path, found.setting) else _ALL,
        own_modules=found.own_modules,
    )
