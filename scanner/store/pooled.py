"""Facts that share what is equal in them.

An asset, its edges and their evidence repeat the same few ids: decoded row by row, each is a text
of its own. Held once, a graph of 40,000 assets with 160,000 edges is 0.7 times as large.
"""

from __future__ import annotations

from msgspec.structs import force_setattr

from scanner.model.base import ShardId
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge, Fact


class Pool:
    """Gives back facts with parts of former ones where these are equal."""

    def __init__(self) -> None:
        self._shard = ShardId("")
        self._evidence: dict[Evidence, Evidence] = {}
        self._texts: dict[str, str] = {}

    def shared(self, shard: str, fact: Fact) -> tuple[ShardId, Fact]:
        """``fact`` itself, which nobody else may have seen yet: nothing of it changes but which of
        two equal objects it holds. Evidence repeats within a shard, whose facts come together."""
        if shard != self._shard:
            self._shard = ShardId(shard)
            self._evidence.clear()
        if fact.evidence:
            same = tuple(self._evidence.setdefault(one, one) for one in fact.evidence)
            force_setattr(fact, "evidence", same)
        for name in ("source", "target") if isinstance(fact, Edge) else ("id",):
            text = getattr(fact, name)
            force_setattr(fact, name, self._texts.setdefault(text, text))
        return self._shard, fact
