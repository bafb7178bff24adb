"""How a place in a file is known again: by how the file begins, and by what stands before it.

The first bytes alone tell little: exports of one product begin with the same header, and a log
that was emptied may begin as it did before. So a place bears digests of the file's first kilobyte,
of its first 64 KiB and of the bytes right before the place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

HEAD = 1024
LEAD = 1 << 16
TAIL = 1 << 12


def beginning(data: bytes) -> str:
    """A digest of a file's first bytes, and how many these are."""
    return _digest(data[:HEAD])


@dataclass(frozen=True, slots=True)
class Mark:
    """``lead`` and ``tail`` are empty in cursors that were stored before there were such."""

    head: str
    lead: str = ""
    tail: str = ""

    @classmethod
    def at(cls, begins: bytes, offset: int, before: bytes) -> Mark:
        """Of the place ``offset`` in a file that begins with ``begins``; ``before``: bytes that
        stand before it, as many as there are up to :data:`TAIL`."""
        return cls(beginning(begins), _digest(begins[: min(offset, LEAD)]), _digest(before[-TAIL:]))

    @classmethod
    def of(cls, text: str) -> Mark:
        head, _, rest = text.partition("/")
        lead, _, tail = rest.partition("/")
        return cls(head, lead, tail)

    @property
    def text(self) -> str:
        return "/".join(filter(None, (self.head, self.lead, self.tail)))

    @property
    def head_size(self) -> int:
        return _size(self.head)

    @property
    def tail_size(self) -> int:
        return _size(self.tail)

    def leads(self, begins: bytes) -> bool:
        """Whether a file that begins so may be the one; its head was compared before."""
        size = _size(self.lead)
        return size <= len(begins) and (not self.lead or _digest(begins[:size]) == self.lead)

    def ends(self, before: bytes) -> bool:
        """Whether ``before`` is what stood before the place."""
        size = self.tail_size
        return not self.tail or _digest(before[len(before) - size :]) == self.tail


def _digest(data: bytes) -> str:
    return f"{len(data)}:{hashlib.blake2b(data, digest_size=10).hexdigest()}"


def _size(digest: str) -> int:
    number = digest.partition(":")[0]
    return int(number) if number.isdigit() else 0
