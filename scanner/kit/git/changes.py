"""What a change adds to a repository: the staged files, or the files of each commit of a range.

Owns which blobs are new and what stood at their path before; reads no content. Renames are seen as
an old blob at a new path, and add nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scanner.kit.git.process import Git
from scanner.model.errors import Unavailable

_FILE_MODES = ("100644", "100755")


@dataclass(frozen=True)
class Added:
    """``old``: the blob that stood at this path before, empty for none; ``commit``: empty for what
    is staged."""

    path: str
    new: str
    old: str = ""
    commit: str = ""


@dataclass(frozen=True)
class Change:
    added: tuple[Added, ...]
    left: frozenset[str]
    """Blobs that the change takes away or replaces: what they held is not new elsewhere."""


def staged(git: Git) -> Change:
    """What the index has that HEAD has not; everything where there is no commit yet."""
    head = "HEAD" if git.succeeds("rev-parse", "--verify", "--quiet", "HEAD") else _empty(git)
    args = ("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", head, "--")
    return _change(git.lines(*args, separator=b"\0"))


def between(git: Git, base: str, head: str = "HEAD") -> Change:
    """Of every commit that ``head`` has and ``base`` has not, so that what one adds and a later one
    removes is seen. Raises ``Unavailable`` for a revision that is not here."""
    for revision in (base, head):
        if not git.succeeds("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"):
            shallow = git.text("rev-parse", "--is-shallow-repository").strip() == "true"
            remedy = (
                "this is a shallow clone: fetch it (`git fetch --unshallow`, or `fetch-depth: 0` "
                "in a workflow)" if shallow else "fetch it, or name another"
            )  # fmt: skip
            raise Unavailable(f"{git.folder}: revision {revision} is not here; {remedy}")
    return _change(_log(git, (f"{base}..{head}",)))


def received(git: Git, updates: Sequence[tuple[str, str]]) -> Change:
    """Of a push. ``updates``: old and new id of each reference; a new branch brings what no
    reference leads to yet, a deleted one nothing."""
    new = [after for _, after in updates if after.strip("0")]
    if not new:
        return Change((), frozenset())
    old = [f"^{before}" for before, _ in updates if before.strip("0")]
    known = [row for row in old if git.succeeds("cat-file", "-e", row[1:])]
    return _change(_log(git, (*new, *known, "--not", "--all")))


def _log(git: Git, revisions: Sequence[str]) -> Iterator[str]:
    return git.lines(
        "log", "--raw", "-z", "-m", "--root", "--no-abbrev", "--no-renames", "--reverse",
        "--no-show-signature", "--format=%x01%H", *revisions, "--", separator=b"\0",
    )  # fmt: skip


def _empty(git: Git) -> str:
    """The empty tree, by the repository's hash."""
    return git.text("hash-object", "-t", "tree", "/dev/null").strip()


def _change(records: Iterator[str]) -> Change:
    added: dict[tuple[str, str], Added] = {}
    left: set[str] = set()
    born: set[str] = set()
    for rows in _by_commit(records):
        # What a commit takes away was there before, unless the change itself had brought it.
        left.update(old for _, old, _, _, _ in rows if old.strip("0") and old not in born)
        for path, old, new, mode, commit in rows:
            if mode in _FILE_MODES and new.strip("0") and new not in left:
                born.add(new)
                one = Added(path, new, old if old.strip("0") else "", commit)
                added.setdefault((path, new), one)
    return Change(tuple(added.values()), frozenset(left))


_Row = tuple[str, str, str, str, str]
"""Path, old blob, new blob, new mode, commit."""


def _by_commit(records: Iterator[str]) -> Iterator[list[_Row]]:
    rows: list[_Row] = []
    commit = old = new = mode = ""
    for record in records:
        text = record.lstrip("\n")
        if text.startswith("\x01"):
            if rows:
                yield rows
            rows = []
            commit, _, text = text[1:].partition("\n")
            text = text.lstrip("\n")
        if text.startswith(":"):
            _, mode, old, new, _ = text.split(" ")
        elif text and new:
            rows.append((text, old, new, mode, commit))
            old = new = ""
    if rows:
        yield rows
