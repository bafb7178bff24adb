"""What a change adds to a repository: the staged files, or each commit of a range and its files, or
whatever a pushed reference leads to.

Owns which objects are new and what stood at their path before; reads no files. Renames are seen as
an old blob at a new path, and add nothing. A merge adds what none of its parents has: what comes
from the other side was added there.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from scanner.kit.expressions import expression
from scanner.kit.git.process import Git
from scanner.kit.git.rawlog import FORMAT, RAW, Row, is_object, rows
from scanner.model.errors import Unavailable

_ID = expression(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NO_BLOBS = ("040000", "160000")
"""Modes of trees and of submodules' commits."""
_LINK = "120000"
_COMMIT, _TAG = "(commit message)", "(tag message)"
"""In place of a path, as in a scan of the history."""
_TARGET = expression(rb"object ([0-9a-f]{40}|[0-9a-f]{64})\n")
_MOST_TAGS = 20
"""Within each other."""
_MOST_TAG_BYTES = 1 << 20
_MOST_SHALLOW_BYTES = 64 << 20
_MOST_PARENTS_BYTES = 1 << 20


@dataclass(frozen=True)
class Added:
    """A blob at a path where it was not, or a commit or tag with its message; ``commit``: empty for
    what is staged and for what no commit brings."""

    path: str
    blob: str
    commit: str = ""
    is_file: bool = True
    """Not a message, nor where a symbolic link leads: these use no AI."""


@dataclass(frozen=True)
class Change:
    added: tuple[Added, ...]
    left: Mapping[str, str]
    """Blobs that the change takes away or replaces, and where they stood: what they held is not
    new, there or elsewhere."""
    ends: tuple[str, ...] = ()
    """What the change leads to: revisions; empty text: the index."""


@dataclass(frozen=True)
class _Step:
    """A commit, or what is staged: how each path differs from each of ``parents`` parents."""

    commit: str
    parents: int
    rows: tuple[Row, ...]


def staged(git: Git) -> Change:
    """What the index has that HEAD has not, nor, where a merge is being made, what is merged;
    everything where there is no commit yet."""
    told = git.text("rev-parse", "--revs-only", "HEAD", "--git-path", "MERGE_HEAD")
    head, _, where = told.removesuffix("\n").partition("\n")
    if _ID.fullmatch(head):
        merging = _small_file(git.folder / where, _MOST_PARENTS_BYTES).split()
        parents = [head, *merging]
    else:  # a path alone
        parents = [_empty(git)]
    changed: list[Row] = []
    for parent in parents:
        args = ("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", parent)
        changed += rows(git.lines(*args, "--", separator=b"\0"))
    return replace(_change([_Step("", len(parents), tuple(changed))]), ends=("",))


def between(git: Git, base: str, head: str = "HEAD") -> Change:
    """Of every commit that ``head`` has and ``base`` has not, so that what one adds and a later one
    removes is seen; of all that ``head`` has where ``base`` is zeros, as for a new branch. Raises
    ``Unavailable`` for a revision that is not here."""
    for revision in filter(is_object, (base, head)):
        if not git.succeeds("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"):
            remedy = _DEEPEN if _shallow(git) else "fetch it, or name another"
            raise Unavailable(f"{git.folder}: revision {revision} is not here; {remedy}")
    if not is_object(base):
        return replace(_of_commits(git, (head,)), ends=(head,))
    if _shallow(git) and not git.succeeds("merge-base", base, head):
        raise Unavailable(f"{git.folder}: where {head} left {base} is not here; {_DEEPEN}")
    return replace(_of_commits(git, (f"{base}..{head}",)), ends=(head,))


def received(git: Git, updates: Sequence[tuple[str, str]]) -> Change:
    """Of a push. ``updates``: old and new id of each reference; a new branch brings what no
    reference leads to yet, a deleted one nothing."""
    new = [after for _, after in updates if is_object(after)]
    if not new:
        return Change((), {})
    old = [before for before, _ in updates if is_object(before)]
    kinds = {oid: found.kind for oid, found in git.named(dict.fromkeys([*new, *old])).items()}
    known = [f"^{oid}" for oid in dict.fromkeys(old) if kinds.get(oid) in ("commit", "tag")]
    tips, added = _peeled(git, new, kinds)
    commits = [oid for oid, kind in tips.items() if kind == "commit"]
    others = [oid for oid, kind in tips.items() if kind != "commit"]
    everything = (*known, "--not", "--all")
    change = _of_commits(git, (*commits, *everything)) if commits else Change((), {})
    added += _without_commits(git, others, everything) if others else ()
    return Change((*change.added, *added), change.left, tuple(tips))


def _peeled(
    git: Git, oids: Iterable[str], kinds: Mapping[str, str]
) -> tuple[dict[str, str], list[Added]]:
    """What references lead to, with its kind, behind tags; and those of the tags that no reference
    had yet."""
    tips: dict[str, str] = {}
    tags: dict[str, Added] = {}
    pending = list(dict.fromkeys(oids))
    for _ in range(_MOST_TAGS):
        for oid in pending:
            if oid not in kinds:
                raise Unavailable(f"{git.folder}: object {oid} is not here; try `git fsck`")
        tips |= {oid: kinds[oid] for oid in pending if kinds[oid] != "tag"}
        found = [oid for oid in pending if kinds[oid] == "tag" and oid not in tags]
        if not found:
            break
        tags |= {oid: Added(_TAG, oid, is_file=False) for oid in found}
        pending = list(_targets(git, found))
        kinds = {oid: one.kind for oid, one in git.named(pending).items()}
    else:
        raise Unavailable(f"{git.folder}: more than {_MOST_TAGS} tags within each other")
    if not tags:
        return tips, []
    had = set(git.lines("for-each-ref", "--format=%(objectname)"))
    return tips, [tag for oid, tag in tags.items() if oid not in had]


def _targets(git: Git, tags: Sequence[str]) -> dict[str, None]:
    """What tags name (https://git-scm.com/docs/git-mktag)."""
    for oid, found in git.facts(tags).items():
        if found.size > _MOST_TAG_BYTES:
            raise Unavailable(f"{git.folder}: tag {oid} is larger than 1 MiB")
    targets: dict[str, None] = {}
    for oid, data in git.contents(tags):
        target = _TARGET.match(data or b"")
        if target is None:
            raise Unavailable(f"{git.folder}: tag {oid} is unreadable; try `git fsck`")
        targets[target[1].decode()] = None
    return targets


def _without_commits(git: Git, oids: Sequence[str], known: Sequence[str]) -> list[Added]:
    """The blobs that trees hold, or that references name themselves. ``known``: what has been
    there; what its newest commits hold is not new."""
    paths: dict[str, str] = {}
    for line in git.lines("rev-list", "--objects-edge-aggressive", *oids, *known):
        oid, _, path = line.partition(" ")
        if _ID.fullmatch(oid):
            paths.setdefault(oid, path)
    return [
        Added(paths[oid] or f"(object {oid[:12]})", oid)
        for oid, found in git.named(paths).items()
        if found.kind == "blob"
    ]


_DEEPEN = (
    "this is a shallow clone: fetch it (`git fetch --unshallow`, or `fetch-depth: 0` in a workflow)"
)


def _of_commits(git: Git, revisions: Sequence[str]) -> Change:
    """Parents come before their children, whatever their clocks said: what the range itself brought
    would count as what it found."""
    args = ("log", *RAW, "-m", "--topo-order", "--reverse", f"{FORMAT}%H %P", *revisions, "--")
    first: list[str] = []
    change = _change(_steps(git.lines(*args, separator=b"\0"), first))
    # What begins with nothing is a first commit, or one whose parents were not fetched.
    for commit in _shallow(git).intersection(first) if first else ():
        raise Unavailable(
            f"{git.folder}: what is before commit {commit[:12]} is not here, so what it changes is "
            f"not known; {_DEEPEN}"
        )
    return change


def _steps(records: Iterable[str], first: list[str]) -> Iterator[_Step]:
    """``first``: is given the commits that have no parents."""
    for head, group in groupby(rows(records, with_heads=True), key=attrgetter("head")):
        commit, *parents = head.split()
        if not parents:
            first.append(commit)
        yield _Step(commit, len(parents), tuple(group))


def _shallow(git: Git) -> frozenset[str]:
    """Commits whose parents were not fetched (https://git-scm.com/docs/shallow)."""
    told = git.text("rev-parse", "--is-shallow-repository", "--git-path", "shallow")
    is_shallow, _, where = told.removesuffix("\n").partition("\n")
    if is_shallow == "false":
        return frozenset()
    commits = frozenset(_small_file(git.folder / where, _MOST_SHALLOW_BYTES).split())
    if not commits:
        raise Unavailable(f"{git.folder}: where its history ends is not known; {_DEEPEN}")
    return commits


def _small_file(path: Path, most: int) -> str:
    """Of git's own; empty where there is none. Not waited for where it is a pipe."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unavailable(f"{path}: no regular file")
            data = file.read(most + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror or error}") from error
    if len(data) > most:
        raise Unavailable(f"{path}: larger than {most >> 20} MiB")
    return data.decode("ascii", "replace")


def _empty(git: Git) -> str:
    """The empty tree, by the repository's hash."""
    return git.text("hash-object", "-t", "tree", "/dev/null").strip()


def _change(steps: Iterable[_Step]) -> Change:
    added: dict[tuple[str, str], Added] = {}
    left: dict[str, str] = {}
    born: set[str] = set()
    for step in steps:
        if step.commit:
            message = Added(_COMMIT, step.commit, step.commit, is_file=False)
            added[_COMMIT, step.commit] = message
        # A merge is compared with each of its parents.
        times = Counter((row.path, row.new) for row in step.rows)
        # What a commit takes away was there before, unless the change itself had brought it.
        for row in step.rows:
            if is_object(row.old) and row.old not in born:
                left.setdefault(row.old, row.path)
        for row in step.rows:
            is_new = times[row.path, row.new] >= step.parents
            if is_new and row.mode not in _NO_BLOBS and is_object(row.new) and row.new not in left:
                born.add(row.new)
                one = Added(row.path, row.new, step.commit, is_file=row.mode != _LINK)
                added.setdefault((row.path, row.new), one)
    return Change(tuple(added.values()), left)
