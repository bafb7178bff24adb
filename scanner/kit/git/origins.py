"""Where and when blobs stood in a history: paths, and the first and last commit that touched them.

Asked only for blobs in which something was found. The first commit is the oldest (by its
committer's date, then by id) that brings the blob to a path; commits with one parent are asked
first, merges only for blobs that no such commit brings. The last is the newest that brings,
changes or removes it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from scanner.kit.git.graph import Graph
from scanner.kit.git.process import Git
from scanner.kit.git.rawlog import FORMAT, RAW, rows
from scanner.kit.git.stay import Commit, Stay, Stays, brought
from scanner.kit.git.stays import Endless, TooMany, stays_of
from scanner.model.errors import Unavailable

_PASSES = (("--no-merges",), ("--merges", "-m"))
_MOST_UNREACHABLE = 100_000
"""Commits without a branch that are looked through for the place of a hit."""


@dataclass
class Origins:
    stays: Stays = field(default_factory=dict)
    problem: str = ""
    """Why some may be missing."""


def origins(
    git: Git, blobs: set[str], commits: Iterable[str], graph: Graph | None = None
) -> Origins:
    """``commits``: all that are stored, branches or not, for blobs that no branch leads to;
    ``graph``: of the same store, where git's log need not be asked."""
    found = Origins()
    if not blobs:
        return found
    if graph is not None:
        try:
            found.stays = stays_of(graph, blobs)
            return found
        except Endless:
            found.problem = "a few folders stand in each other without end"
            return found
        except TooMany:
            pass  # git takes longer, and less memory
    try:
        for options in _PASSES:
            if left := blobs - brought(found.stays):
                _log(git, left, found.stays, ("--all", *options))
    except Unavailable as error:
        found.problem = str(error)
    if left := blobs - brought(found.stays):
        _unreachable(git, left, set(commits), found.stays)
    return found


def _unreachable(git: Git, blobs: set[str], commits: set[str], stays: Stays) -> None:
    """The same among those of ``commits`` that no branch or tag leads to (deleted branches, dropped
    stashes). What they lead to may be gone: that is how git cleans up, so the place of a hit may
    stay unknown, and nothing is missing."""
    with suppress(Unavailable):
        lost = sorted(commits - set(git.lines("rev-list", "--all")))[:_MOST_UNREACHABLE]
        for options in _PASSES if lost else ():
            if left := blobs - brought(stays):
                _log(git, left, stays, (*options, "--stdin", "--not", "--all"), lost)


def _log(
    git: Git,
    blobs: set[str],
    stays: Stays,
    options: tuple[str, ...],
    feed: Sequence[str] = (),
) -> None:
    commit = Commit("", 0, "")
    head = ""
    records = git.lines("log", *RAW, f"{FORMAT}%H %ct %ae", *options, separator=b"\0", feed=feed)
    for row in rows(records, blobs):
        if row.head is not head:
            head = row.head
            oid, seconds, author = head.split(" ", 2)
            commit = Commit(oid, int(seconds or 0), author)
        if row.new in blobs:
            stays.setdefault(row.new, {}).setdefault(row.path, Stay()).brought(commit)
        if row.old in blobs:
            stays.setdefault(row.old, {}).setdefault(row.path, Stay()).touched(commit)
