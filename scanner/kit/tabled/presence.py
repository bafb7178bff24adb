"""Whether what a vendor says is not there was deleted since it was listed.

"Not found" is also the answer to a wrong path, of a place that lacks a method, of a proxy: by
itself it proves nothing. The list that has shown a thing is asked again, and only where it comes
whole and without the thing is it gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scanner.kit.tabled.reading import Reading
from scanner.model.errors import SourceError


class Presence:
    """Of the records of one kind. ``ids(parent)``: what its list below ``parent`` shows now; raises
    the source errors."""

    def __init__(self, ids: Callable[[Mapping[str, Any]], Iterable[str]], reading: Reading) -> None:
        self._ids = ids
        self._reading = reading
        self._known: dict[str, frozenset[str] | None] = {}

    def is_gone(self, parent: Mapping[str, Any], ident: str) -> bool:
        """Each list is asked for once more at most: what goes away even later is a gap."""
        holder = str(parent.get("parent_id", ""))
        if holder not in self._known:
            self._known[holder] = self._asked(parent)
        shown = self._known[holder]
        return shown is not None and ident not in shown

    def _asked(self, parent: Mapping[str, Any]) -> frozenset[str] | None:
        """None: it cannot be told, or not of all."""
        before = len(self._reading.gaps)
        try:
            found = frozenset(self._ids(parent))
        except SourceError:
            return None
        return found if len(self._reading.gaps) == before else None
