"""Sightings of facts as they come, merged into one fact each; nothing is stored here."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.facts import Fact, fact_key, merge_fact


class Sightings:
    """Of one reading of a shard. ``adds``: counts of the same evidence add up, as in a window of a
    log; those of events of a file do in any case."""

    def __init__(self, *, adds: bool) -> None:
        self._adds = adds
        self._facts: dict[str, Fact] = {}
        self._waiting: dict[str, list[Fact]] = {}

    def add(self, fact: Fact) -> None:
        """Sightings of one fact are merged a bunch at a time, each bunch as large as what is there
        already: one by one would cost the square of their number."""
        key = fact_key(fact)
        waiting = self._waiting.setdefault(key, [])
        waiting.append(fact)
        known = self._facts.get(key)
        if known is None or len(waiting) > len(known.evidence):
            self._settle(key)

    def settled(self) -> dict[str, Fact]:
        """Key -> the one fact, in the order in which they came up first."""
        for key in list(self._waiting):
            self._settle(key)
        return self._facts

    def forget(self) -> None:
        self._facts.clear()
        self._waiting.clear()

    def _settle(self, key: str) -> None:
        found = [*self._known(key), *self._waiting.pop(key)]
        while len(found) > 1:
            pairs = zip(found[::2], found[1::2], strict=False)
            rest = [found[-1]] if len(found) % 2 else []
            found = [merged(a, b, self._adds, add_parts=True) for a, b in pairs] + rest
        self._facts[key] = found[0]

    def _known(self, key: str) -> Iterator[Fact]:
        if key in self._facts:
            yield self._facts[key]


def merged(old: Fact, new: Fact, add_counts: bool, *, add_parts: bool = False) -> Fact:
    if type(old) is not type(new):
        return new
    return merge_fact(old, new, add_counts=add_counts, add_parts=add_parts)  # type: ignore[type-var]
