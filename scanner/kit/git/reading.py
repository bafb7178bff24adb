"""A repository -> items: its tree as contents, its owners, itself.

The one place where connectors that meet repositories (local folders, forges) turn them into what
the detector and the graph take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from scanner.kit.git.bare import read_bare
from scanner.kit.git.owners import owners
from scanner.kit.git.process import Git
from scanner.kit.git.tree import TreeFile, printable, walk
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass
from scanner.model.items import Content, Gap, Item, Place


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


def read_tree(
    root: Path,
    git: Git | None,
    subject: NodeId,
    *,
    is_bare: bool,
    exclude: tuple[str, ...],
    most_bytes: int,
    inside: str = "",
    source: str = "code",
    is_foreign: Callable[[Path], bool] = lambda folder: False,
) -> Iterator[Item]:
    """Who owns it and every file of it, and a gap for each that could not be read. ``inside``: the
    path of ``root`` within the repository that ``subject`` names; ``is_foreign``: folders that are
    read by themselves; ``source``: the connector that reads."""
    if root.is_dir():
        yield from owners(root, git, subject, is_bare=is_bare, source=source)
    found: Iterator[TreeFile | Gap]
    if git is not None and is_bare:
        found = read_bare(git, exclude=exclude, most_bytes=most_bytes)
    else:
        found = walk(root, exclude=exclude, most_bytes=most_bytes, is_foreign=is_foreign)
    for file in found:
        yield file if isinstance(file, Gap) else _content(subject, file, inside)


def _content(subject: NodeId, found: TreeFile, inside: str) -> Content:
    path = f"{inside}/{found.path}" if inside and inside != found.path else found.path
    place = Place(subject=subject, resource=subject, path=path)
    return Content(place=place, data=found.data, own_modules=found.own_modules)
