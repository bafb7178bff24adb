"""Byte offset -> line, without a table as long as the file.

Owns counting: a text of thirty million lines needs no more memory than its bytes.
"""

from __future__ import annotations

from itertools import accumulate

_BLOCK = 1 << 18


class Lines:
    """Counts line feeds up to blocks once, and within a block when asked; nothing before that."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._before: list[int] = []

    def number(self, offset: int) -> int:
        """1-based line of the byte at ``offset``."""
        if not self._before:
            ends = range(_BLOCK, len(self._data) + _BLOCK, _BLOCK)
            counts = (self._data.count(b"\n", end - _BLOCK, end) for end in ends)
            self._before = list(accumulate(counts, initial=0))
        block = min(max(offset, 0), len(self._data)) // _BLOCK
        return self._before[block] + self._data.count(b"\n", block * _BLOCK, max(offset, 0)) + 1
