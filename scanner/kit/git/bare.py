"""The tree of a bare repository: the files of its default branch, read from its objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from scanner.kit.git import modules
from scanner.kit.git.identity import tree_of
from scanner.kit.git.process import Git
from scanner.kit.git.tree import TreeFile, is_left_out
from scanner.model.items import Gap

_FILES = ("100644", "100755")


def read_bare(git: Git, *, exclude: tuple[str, ...], most_bytes: int) -> Iterator[TreeFile | Gap]:
    """Every file of the tree; nothing for a repository without commits. Raises ``Unavailable``
    when git cannot list it."""
    tree = tree_of(git)
    if tree.doubt:
        yield Gap(what="HEAD", reason=tree.doubt)
    if not tree.revision:
        return
    paths: dict[str, list[str]] = {}
    files = list(_files(git, tree.revision))
    own = modules.of_paths(path for path, _ in files)
    for path, oid in files:
        if not _is_excluded(path, exclude):
            paths.setdefault(oid, []).append(path)
    sizes = git.sizes(paths.keys() - git.absent(f"{tree.revision}^{{tree}}"))
    wanted: list[str] = []
    for oid, places in paths.items():
        if oid not in sizes:
            yield from (Gap(what=p, reason=f"object {oid} is not here") for p in places)
        elif sizes[oid] <= most_bytes:
            wanted.append(oid)
        elif b"\0" not in git.head_of(oid):
            reason = f"larger than {most_bytes >> 20} MiB; not read"
            yield from (Gap(what=p, reason=reason) for p in places)
    for oid, data in git.contents(wanted):
        for path in paths.get(oid, ()):
            if data is None:
                yield Gap(what=path, reason=f"object {oid} is unreadable; try `git fsck`")
            else:
                yield TreeFile(path, data, _own(path, own))


def _own(path: str, own: dict[str, frozenset[str]]) -> frozenset[str]:
    """Without the file's own name: no module imports itself."""
    if not modules.may_import(path):
        return modules.NONE
    pure = PurePosixPath(path)
    above = ("" if str(parent) == "." else str(parent) for parent in pure.parents)
    found = next((own[folder] for folder in above if folder in own), modules.NONE)
    return found - {pure.stem} if pure.stem in found else found


def _files(git: Git, revision: str) -> Iterator[tuple[str, str]]:
    """Path and blob. Without sizes: asking for them would stop git at the first absent object."""
    for record in git.lines("ls-tree", "-r", "-z", revision, separator=b"\0"):
        facts, _, path = record.partition("\t")
        fields = facts.split()
        if len(fields) == 3 and fields[0] in _FILES:
            yield path, fields[2]


def _is_excluded(path: str, exclude: tuple[str, ...]) -> bool:
    """As in a work tree: a glob that covers a folder covers what is in it."""
    folders = [str(parent) for parent in PurePosixPath(path).parents][:-1]
    return any(is_left_out(part, exclude) for part in (*folders, path)) if exclude else False
