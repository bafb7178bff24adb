"""What a change adds to a repository: the staged files, or the files of each commit of a range.

Owns which blobs are new and what stood at their path before; reads no content. Renames are seen as
an old blob at a new path, and add nothing. A merge adds what none of its parents has: what comes
from the other side was added there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from scanner.kit.git.process import Git
from scanner.kit.git.rawlog import FORMAT, RAW, is_object, rows
from scanner.model.errors import Unavailable

_FILE_MODES = ("100644", "100755")


@dataclass(frozen=True)
class Added:
    """A blob at a path where it was not; ``commit``: empty for what is staged."""

    path: str
    blob: str
    commit: str = ""


@dataclass(frozen=True)
class Change:
    added: tuple[Added, ...]
    left: Mapping[str, str]
    """Blobs that the change takes away or replaces, and where they stood: what they held is not
    new, there or elsewhere."""


def staged(git: Git) -> Change:
    """What the index has that HEAD has not; everything where there is no commit yet."""
    head = "HEAD" if git.succeeds("rev-parse", "--verify", "--quiet", "HEAD") else _empty(git)
    args = ("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", head, "--")
    return _change(git.lines(*args, separator=b"\0"))


def between(git: Git, base: str, head: str = "HEAD") -> Change:
    """Of every commit that ``head`` has and ``base`` has not, so that what one adds and a later one
    removes is seen; of all that ``head`` has where ``base`` is zeros, as for a new branch. Raises
    ``Unavailable`` for a revision that is not here."""
    for revision in filter(is_object, (base, head)):
        if not git.succeeds("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"):
            shallow = git.text("rev-parse", "--is-shallow-repository").strip() == "true"
            remedy = (
                "this is a shallow clone: fetch it (`git fetch --unshallow`, or `fetch-depth: 0` "
                "in a workflow)" if shallow else "fetch it, or name another"
            )  # fmt: skip
            raise Unavailable(f"{git.folder}: revision {revision} is not here; {remedy}")
    return _change(_log(git, (f"{base}..{head}" if is_object(base) else head,)))


def received(git: Git, updates: Sequence[tuple[str, str]]) -> Change:
    """Of a push. ``updates``: old and new id of each reference; a new branch brings what no
    reference leads to yet, a deleted one nothing."""
    new = [after for _, after in updates if is_object(after)]
    if not new:
        return Change((), {})
    old = [before for before, _ in updates if is_object(before)]
    known = [f"^{before}" for before in old if git.succeeds("cat-file", "-e", before)]
    return _change(_log(git, (*new, *known, "--not", "--all")))


def _log(git: Git, revisions: Sequence[str]) -> Iterator[str]:
    args = ("log", *RAW, "-m", "--reverse", f"{FORMAT}%H %P", *revisions, "--")
    return git.lines(*args, separator=b"\0")


def _empty(git: Git) -> str:
    """The empty tree, by the repository's hash."""
    return git.text("hash-object", "-t", "tree", "/dev/null").strip()


def _change(records: Iterable[str]) -> Change:
    added: dict[tuple[str, str], Added] = {}
    left: dict[str, str] = {}
    born: set[str] = set()
    for head, group in groupby(rows(records), key=attrgetter("head")):
        changed = list(group)
        commit, *parents = head.split() or [""]
        # A merge is compared with each of its parents.
        times = Counter((row.path, row.new) for row in changed)
        # What a commit takes away was there before, unless the change itself had brought it.
        for row in changed:
            if is_object(row.old) and row.old not in born:
                left.setdefault(row.old, row.path)
        for row in changed:
            is_new = times[row.path, row.new] >= len(parents)
            if is_new and row.mode in _FILE_MODES and is_object(row.new) and row.new not in left:
                born.add(row.new)
                added.setdefault((row.path, row.new), Added(row.path, row.new, commit))
    return Change(tuple(added.values()), left)
