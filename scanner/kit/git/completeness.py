"""What a repository's objects lack: absence may be claimed only where everything was there.

Compares what git's own files promise with what is stored. On a healthy repository nothing here
says anything; each lack is one gap, however many objects it costs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from scanner.kit.git.identity import is_shallow
from scanner.kit.git.process import Git
from scanner.model.errors import Unavailable
from scanner.model.items import Gap

_MOST_ALTERNATES = 6
"""As deep as git itself follows one store to the next."""
_MOST_LISTING = 1 << 20


Holds = Callable[[set[str]], set[str]]
"""Which of some ids are stored."""


def lacks(
    git: Git,
    holds: Holds,
    complaints: Iterable[str],
    absent: Callable[[], set[str]] | None = None,
) -> Iterator[Gap]:
    """Gaps of the whole store. ``complaints``: what git said while it listed the objects;
    ``absent``: ids that the branches lead to and that are not stored, where git need not be
    asked."""
    if is_shallow(git):
        yield Gap(
            what="history",
            reason="a shallow clone: what is older than its cut is not here; "
            "`git fetch --unshallow`",
        )
    stores = [git.path("objects")]
    borrowed = list(alternates(stores[0]))
    yield from (gap for gap in borrowed if isinstance(gap, Gap))
    stores += [folder for folder in borrowed if isinstance(folder, Path)]
    is_partial = False
    for store in stores:
        names = names_in(store / "pack")
        is_partial |= any(name.endswith(".promisor") for name in names)
        yield from _packs(store, names)
    said = list(complaints)
    ask = absent or (lambda: git.absent("--all"))
    gone = list(_absent(git, holds, said.append, ask, is_partial=is_partial))
    for line in dict.fromkeys(said):
        if "alternate" not in line:  # named above, with the remedy
            yield Gap(what="objects", reason=f"{line}; try `git fsck`")
    yield from gone


def alternates(
    store: Path,
    depth: int = _MOST_ALTERNATES,
    may_read: Callable[[Path], bool] = lambda folder: True,
    seen: set[str] | None = None,
) -> Iterator[Path | Gap]:
    """The stores that this one borrows from, each once
    (https://git-scm.com/docs/gitrepository-layout). ``may_read``: those that it refuses are left
    out, with all that they borrow themselves."""
    seen = {os.path.realpath(store)} if seen is None else seen
    listing = store / "info" / "alternates"
    try:
        # Opened without waiting: a lender may keep a pipe there.
        descriptor = os.open(listing, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            lines = file.read(_MOST_LISTING).split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        yield _unreadable("info/alternates", error.strerror or str(error))
        return
    for line in lines:
        if not line or line.startswith(b"#") or b"\0" in line:
            continue
        name = os.fsdecode(_unquoted(line))
        folder = store / name
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
            yield _unreadable(f"alternate {name.encode('utf-8', 'backslashreplace').decode()}", "")
        elif depth and (real := os.path.realpath(folder)) not in seen:
            seen.add(real)
            if may_read(folder):
                yield folder
                yield from alternates(folder, depth - 1, may_read, seen)


def _unquoted(line: bytes) -> bytes:
    """A path in C quotes, as git writes it when it holds odd characters."""
    if len(line) < 2 or line[:1] != b'"' or line[-1:] != b'"':
        return line
    return line[1:-1].decode("unicode_escape", "replace").encode("latin-1", "replace")


def _unreadable(what: str, why: str) -> Gap:
    reason = f"objects are borrowed from there, and it cannot be read{why and f' ({why})'}; "
    return Gap(what=what, reason=f"{reason}put it back, or clone without --shared")


def names_in(folder: Path) -> list[str]:
    """Sorted; none where it cannot be listed."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []  # the objects in it are missed below


def _packs(store: Path, names: list[str]) -> Iterator[Gap]:
    """A pack without its index is invisible to git, which says nothing of it."""
    known = set(names)
    for name in names:
        stem, dot, kind = name.rpartition(".")
        if not stem.startswith("pack-") or not dot:
            continue
        if kind == "pack" and f"{stem}.idx" not in known:
            remedy = f"`git index-pack {store / 'pack' / name}`"
            yield Gap(what=f"pack {name}", reason=f"its index is missing; {remedy}")
        elif kind == "idx" and f"{stem}.pack" not in known:
            yield Gap(what=f"pack {stem}.pack", reason="missing, its index is there; fetch again")


def _absent(
    git: Git,
    holds: Holds,
    complain: Callable[[str], None],
    absent: Callable[[], set[str]],
    *,
    is_partial: bool,
) -> Iterator[Gap]:
    """Objects that a branch or tag leads to and that are not stored. Branches first: git skips
    one whose commit is missing, and so does not miss what is behind it."""
    try:
        form = "--format=%(objectname) %(refname)"
        refs = git.lines("for-each-ref", form, complain=complain)
        tips = dict(line.split(" ", 1) for line in refs)
        for oid in holds(set(tips)):
            del tips[oid]
        missing = [f"{oid} of {ref}" for oid, ref in tips.items()] or sorted(absent())
    except Unavailable as error:
        yield Gap(what="objects", reason=f"{error}; whether all are here cannot be told")
        return
    if missing:
        many = f"{len(missing)} objects are" if len(missing) > 1 else "1 object is"
        remedy = "a partial clone; clone it whole" if is_partial else "try `git fsck`"
        yield Gap(what="objects", reason=f"{many} not here (the first: {missing[0]}): {remedy}")
