"""Files read from a repository's objects: the tree of a bare one, and what a sparse checkout left
out of a work tree."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from scanner.kit.archives import is_archive
from scanner.kit.git import modules
from scanner.kit.git.identity import tree_of
from scanner.kit.git.process import Git
from scanner.kit.git.tree import TreeFile, Wanted, inside
from scanner.kit.left_out import covers
from scanner.kit.text import PROBE, is_text
from scanner.model.errors import Unavailable
from scanner.model.items import Gap

_FILES = ("100644", "100755", "100664")
"""The last was written by git before 1.0."""
_LINK = "120000"
_MOST_INDEX_HEAD = 12
_MOST_FILES = 2_000_000
_MOST_NAMES = 256 << 20
"""Characters. Ten folders that each hold the next ten times are few objects and ten thousand
million files (a "git bomb"); the largest repositories known have fewer than these."""


def read_bare(git: Git, wanted: Wanted) -> Iterator[TreeFile | Gap]:
    """Every file of the tree; nothing for a repository without commits. Raises ``Unavailable``
    when git cannot list it."""
    tree = tree_of(git)
    if tree.doubt:
        yield Gap(what="HEAD", reason=tree.doubt)
    if not tree.revision:
        return
    files: list[tuple[str, str]] = []
    trouble = ""
    try:
        for path, mode, oid in _listed(git, tree.revision):
            if mode == _LINK:
                yield TreeFile(path, b"")  # as in a work tree: its name still counts
            else:
                files.append((path, oid))
    except Unavailable as error:
        trouble = str(error)  # a folder that is not there ends git's listing
    yield from _read(git, files, wanted, lacking=_absent(git, f"{tree.revision}^{{tree}}"))
    if trouble:
        yield Gap(what="tree", reason=f"{trouble}; what git did not list was not read")


def read_sparse(root: Path, git: Git, wanted: Wanted) -> Iterator[TreeFile | Gap]:
    """What the index says is not to be checked out (the skip-worktree bit: a sparse checkout,
    https://git-scm.com/docs/git-sparse-checkout) and is not on the disk. Asks git only where the
    index has a format that can say so."""
    try:
        if not _may_skip(root, git):
            return
        files = []
        for record in git.lines("ls-files", "-t", "-s", "-z", separator=b"\0"):
            facts, _, path = record.partition("\t")
            fields = facts.split()
            is_skipped = len(fields) == 4 and fields[0] == "S" and fields[1] in _FILES
            if is_skipped and not os.path.lexists(root / path):
                files.append((path, fields[2]))
    except Unavailable as error:
        yield Gap(what="index", reason=f"{error}; what a sparse checkout left out is not known")
        return
    if not files:
        return
    lacking = _absent(git, "HEAD")
    gone = [path for path, oid in files if oid in lacking]
    yield from _read(git, [f for f in files if f[1] not in lacking], wanted, lacking=set())
    if gone:
        many = f"{len(gone)} files are" if len(gone) > 1 else "1 file is"
        yield Gap(
            what="sparse checkout",
            reason=f"{many} neither checked out nor fetched (the first: {gone[0]}); "
            "`git sparse-checkout disable`",
        )


def _read(
    git: Git, files: Iterable[tuple[str, str]], wanted: Wanted, *, lacking: set[str]
) -> Iterator[TreeFile | Gap]:
    files = list(files)
    own = modules.of_paths(path for path, _ in files)
    paths: dict[str, list[str]] = {}
    for path, oid in files:
        if not covers(wanted.exclude, path):
            paths.setdefault(oid, []).append(path)
    sizes = git.sizes(paths.keys() - lacking)
    small: list[str] = []
    for oid, places in paths.items():
        if oid not in sizes:
            yield from (Gap(what=p, reason=f"object {oid} is not here") for p in places)
        elif sizes[oid] <= wanted.most_bytes:
            small.append(oid)
        else:
            head = git.head_of(oid)
            for path in places:
                yield from _large(path, head, wanted)
    for oid, data in git.contents(small):
        for path in paths.get(oid, ()):
            yield from _small(path, oid, data, wanted, own)


def _small(
    path: str, oid: str, data: bytes | None, wanted: Wanted, own: dict[str, frozenset[str]]
) -> Iterator[TreeFile | Gap]:
    if data is None:
        yield Gap(what=path, reason=f"object {oid} is unreadable; try `git fsck`")
    elif wanted.archives is not None and is_archive(data[:PROBE], path):
        yield TreeFile(path, data[:PROBE])
        yield from inside(path, data, wanted)
    elif is_text(data[:PROBE]):
        yield TreeFile(path, data, _own(path, own))
    else:
        yield TreeFile(path, data[:PROBE])


def _absent(git: Git, revision: str) -> set[str]:
    """Of what is known to be absent; damage that keeps git from looking is found by reading."""
    try:
        return git.absent(revision)
    except Unavailable:
        return set()


def _large(path: str, head: bytes, wanted: Wanted) -> Iterator[TreeFile | Gap]:
    is_opened = wanted.archives is not None and is_archive(head, path)
    if is_opened or is_text(head):
        reason = f"larger than {wanted.most_bytes >> 20} MiB; not read"
        yield Gap(what=path, reason=f"an archive {reason}" if is_opened else reason)
    if not is_text(head):
        yield TreeFile(path, head)


def _own(path: str, own: dict[str, frozenset[str]]) -> frozenset[str]:
    """Without the file's own name: no module imports itself."""
    if not modules.may_import(path) or path.count("/") > modules.MOST_DEPTH:
        return modules.NONE
    pure = PurePosixPath(path)
    above = ("" if str(parent) == "." else str(parent) for parent in pure.parents)
    found = next((own[folder] for folder in above if folder in own), modules.NONE)
    return found - {pure.stem} if pure.stem in found else found


def _listed(git: Git, revision: str) -> Iterator[tuple[str, str, str]]:
    """Path, mode and blob. Without sizes: asking for them would stop git at the first absent
    object."""
    many = size = 0
    for record in git.lines("ls-tree", "-r", "-z", revision, separator=b"\0"):
        many, size = many + 1, size + len(record)
        if many > _MOST_FILES or size > _MOST_NAMES:
            raise Unavailable(f"{git.folder}: git ls-tree: more than {many - 1} files in one tree")
        facts, _, path = record.partition("\t")
        fields = facts.split()
        if len(fields) == 3 and (fields[0] in _FILES or fields[0] == _LINK):
            yield path, fields[0], fields[2]


def _may_skip(root: Path, git: Git) -> bool:
    """Version 2 of the index has no room for the bit, and is what git writes where none is set
    (https://git-scm.com/docs/index-format)."""
    place = root / ".git" / "index"
    try:
        with (place if place.parent.is_dir() else git.path("index")).open("rb") as file:
            head = file.read(_MOST_INDEX_HEAD)
    except OSError:
        return False  # no index: nothing was left out
    return head[:4] != b"DIRC" or head[4:8] != b"\0\0\0\2"
