"""``git log --raw -z`` and ``git diff-index --raw -z``, as rows: what became of a path.

Format: https://git-scm.com/docs/git-diff#_raw_output_format. A record of modes and ids is followed
by its path, whatever that holds; a commit's own record begins with the byte that ``FORMAT`` puts
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

FORMAT = "--format=%x01"
"""What stands behind it is each row's ``head``, up to its first line break."""
RAW = (
    "--raw", "-z", "--no-abbrev", "--no-renames", "--no-show-signature", "--root",
    "--no-color", "--no-ext-diff", "--no-notes", "--no-relative", "--no-textconv",
    "--encoding=UTF-8",
)  # fmt: skip
"""Of ``git log``; its output is split at NUL. What has no option that every git knows (how a merge
is compared) is pinned in :mod:`scanner.kit.git.process`."""


_IDS = len(":100644 100644 ")
_AROUND_IDS = len(":100644 100644  ") + len(" M")
"""``:100644 100644 <old> <new> M``: without renames the last is one letter."""


class Row(NamedTuple):
    head: str
    """Of the commit; empty where the records are of none."""
    mode: str
    """After the change."""
    old: str
    new: str
    """Zeros where there was, or is, nothing."""
    path: str


def rows(
    records: Iterable[str], among: Set[str] | None = None, *, with_heads: bool = False
) -> Iterator[Row]:
    """``among``: ids; only changes from or to one of them are told, and the others cost little;
    ``with_heads``: each commit begins with a row that has its head alone, as it may change
    nothing."""
    head = ""
    following = iter(records)
    for record in following:
        text = record if record[:1] == ":" else record.lstrip("\n")
        if text[:1] == "\x01":
            head, _, text = text[1:].partition("\n")
            text = text.lstrip("\n")
            if with_heads:
                yield Row(head, "", "", "", "")
        if text[:1] != ":":
            continue
        path = next(following, None)
        if path is None:
            return  # cut off
        if among is not None:
            digits = (len(text) - _AROUND_IDS) // 2
            old, new = text[_IDS : _IDS + digits], text[_IDS + digits + 1 : _IDS + 2 * digits + 1]
            if old not in among and new not in among:
                continue
        _, mode, old, new, _ = text.split(" ", 4)
        yield Row(head, mode, old, new, path)


def is_object(oid: str) -> bool:
    """Whether it is an id, and not the zeros that stand for nothing."""
    return bool(oid.strip("0"))
