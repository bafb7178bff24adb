"""Sightings of facts as they come, merged into one fact each; nothing is stored here.

A shard may be of any size: beyond so many facts what it has shown goes to a passing file, and comes
back in portions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from scanner.collect.spill import Spill
from scanner.model.facts import Fact, fact_key, merge_fact

MOST_HELD = 5000
"""Facts of a shard in memory: some 2 KB each."""


class Sightings:
    """Of one reading of a shard. ``adds``: counts of the same evidence add up, as in a window of a
    log; those of events of a file do in any case. ``most``: facts that are held in memory; 0: all.
    """

    def __init__(self, *, adds: bool, most: int = 0) -> None:
        self._adds = adds
        self._most = most
        self._spill: Spill | None = None
        self._facts: dict[str, Fact] = {}
        self._waiting: dict[str, list[Fact]] = {}

    def add(self, fact: Fact) -> None:
        """Sightings of one fact are merged a bunch at a time, each bunch as large as what is there
        already: one by one would cost the square of their number."""
        key = fact_key(fact)
        known = self._facts.get(key)
        if known is None:
            self._facts[key] = fact
        else:
            waiting = self._waiting.setdefault(key, [])
            waiting.append(fact)
            if len(waiting) > len(known.evidence):
                self._settle(key)
        if self._most and len(self._facts) >= self._most:
            self._put_aside()

    @property
    def is_empty(self) -> bool:
        """Nothing was seen."""
        return not self._facts and not self._waiting and self._spill is None

    @property
    def is_large(self) -> bool:
        """Not all of it is in memory: it comes by :meth:`portions`."""
        return self._spill is not None

    def settled(self) -> dict[str, Fact]:
        """Key -> the one fact, in the order in which they came up first."""
        for key in list(self._waiting):
            self._settle(key)
        return self._facts

    def portions(self, size: int) -> Iterator[dict[str, Fact]]:
        """All facts of a large one, so many at once, in the order of their keys."""
        self._put_aside()
        portion: dict[str, Fact] = {}
        for key, parts in self._aside().groups():
            portion[key] = self._joined(parts)
            if len(portion) >= size:
                yield portion
                portion = {}
        if portion:
            yield portion

    def holds(self, keys: Collection[str]) -> set[str]:
        """Those of ``keys`` that a large one has shown."""
        return self._aside().holds(keys)

    def forget(self) -> None:
        self._facts.clear()
        self._waiting.clear()
        if self._spill is not None:
            self._spill.close()
            self._spill = None

    def _put_aside(self) -> None:
        """Raises ``StoreError`` where there is no room."""
        self._aside().put(self.settled())
        self._facts.clear()

    def _aside(self) -> Spill:
        if self._spill is None:
            self._spill = Spill()
        return self._spill

    def _settle(self, key: str) -> None:
        self._facts[key] = self._joined([*self._known(key), *self._waiting.pop(key)])

    def _joined(self, found: list[Fact]) -> Fact:
        while len(found) > 1:
            pairs = zip(found[::2], found[1::2], strict=False)
            rest = [found[-1]] if len(found) % 2 else []
            found = [merged(a, b, self._adds, add_parts=True) for a, b in pairs] + rest
        return found[0]

    def _known(self, key: str) -> Iterator[Fact]:
        if key in self._facts:
            yield self._facts[key]


def merged(old: Fact, new: Fact, add_counts: bool, *, add_parts: bool = False) -> Fact:
    if type(old) is not type(new):
        return new
    return merge_fact(old, new, add_counts=add_counts, add_parts=add_parts)  # type: ignore[type-var]
