"""``git log --raw -z`` and ``git diff-index --raw -z``, as rows: what became of a path.

Format: https://git-scm.com/docs/git-diff#_raw_output_format. A record of modes and ids is followed
by its path, whatever that holds; a commit's own record begins with the byte that ``FORMAT`` puts
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

FORMAT = "--format=%x01"
"""What stands behind it is each row's ``head``, up to its first line break."""
RAW = (
    "--raw", "-z", "--no-abbrev", "--no-renames", "--no-show-signature", "--root",
)  # fmt: skip
"""Of ``git log``; its output is split at NUL."""


class Row(NamedTuple):
    head: str
    """Of the commit; empty where the records are of none."""
    mode: str
    """After the change."""
    old: str
    new: str
    """Zeros where there was, or is, nothing."""
    path: str


def rows(records: Iterable[str]) -> Iterator[Row]:
    head = ""
    change: list[str] = []
    for record in records:
        if change:
            yield Row(head, change[1], change[2], change[3], record)
            change = []
            continue
        text = record.lstrip("\n")
        if text.startswith("\x01"):
            head, _, text = text[1:].partition("\n")
            text = text.lstrip("\n")
        if text.startswith(":"):
            change = text.split(" ")


def is_object(oid: str) -> bool:
    """Whether it is an id, and not the zeros that stand for nothing."""
    return bool(oid.strip("0"))
