"""The shards of a source, and how complete the listings were that named them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from scanner.collect.reading import Options, Source, cleaner, coverage_of
from scanner.collect.watch import Watch
from scanner.kit.contract import Shard, clone
from scanner.model.base import ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import Unavailable

Found = tuple[Source, list[Shard], list[Coverage]]


class Listing:
    """Of one source. What it has named before it broke, or before it was given up, is read."""

    def __init__(self, source: Source, options: Options) -> None:
        self.source = source
        self.watch = Watch(options.deadline_seconds, options.clock)
        self._options = options
        self._shards: dict[ShardId, Shard] = {}
        self._former: Sequence[ShardId] | None = None

    def run(self) -> None:
        """Raises what the connector raises."""
        self.watch.begin()
        for found in self.source.connector.shards(self.source.context):
            self.watch.check()
            shard = _cleaned(found, self._options.clean)
            if shard.counts_once and self._former is None:
                self._former = self.source.context.former()
            self._shards.setdefault(shard.id, shard)

    def hung(self) -> Exception:
        seconds = self._options.deadline_seconds
        return Unavailable(
            f"{self.source.name}: its list was not finished after {seconds:.0f} s (deadline), and "
            "was given up"
        )

    def found(self, trouble: Exception | None) -> Found:
        shards = dict(self._shards)
        found = list(shards.values())
        if self._former:
            left = tuple(one for one in self._former if one not in shards)
            found = [
                msgspec.structs.replace(shard, left=left) if shard.counts_once else shard
                for shard in found
            ]
        return self.source, found, list(self._coverage(shards, trouble))

    def _coverage(self, shards: dict[ShardId, Shard], trouble: Exception | None) -> list[Coverage]:
        name = self.source.name
        if trouble is not None:
            listing = Shard(id=ShardId(f"{name}:listing"))
            clean = cleaner(self.source, self._options)
            return [coverage_of(trouble, name, listing, clean=clean)]
        names = sorted({shard.listed_by for shard in shards.values() if shard.listed_by})
        return [
            Coverage(shard=ShardId(one), source=name, status=Outcome.COMPLETE)
            for one in names
            if one not in shards
        ]


def elsewhere(shards: Sequence[Shard], taken: Mapping[ShardId, str]) -> list[Shard]:
    """With ids of their own for those whose ids another source has for another place. ``taken``:
    ids of other sources' shards, and where these are; empty: that is not known."""
    renamed: dict[str, ShardId] = {}
    for shard in shards:
        place = taken.get(shard.id)
        if place is not None and shard.place and shard.place != place:
            name = clone(shard.called, shard.place)
            renamed[shard.id] = ShardId(shard.id.replace(shard.called, name, 1))
    if not renamed:
        return list(shards)
    found = []
    for shard in shards:
        whole = shard.whole_of
        if shard.id in renamed:
            whole = whole.replace(shard.called, clone(shard.called, shard.place), 1)
        found.append(msgspec.structs.replace(
            shard,
            id=renamed.get(shard.id, shard.id),
            listed_by=renamed.get(shard.listed_by, shard.listed_by),
            after=tuple(renamed.get(one, one) for one in shard.after),
            whole_of=whole,
        ))  # fmt: skip
    return found


def _cleaned(shard: Shard, clean: Callable[[str], str]) -> Shard:
    return msgspec.structs.replace(
        shard,
        id=ShardId(clean(shard.id)),
        title=clean(shard.title),
        listed_by=clean(shard.listed_by),
        whole_of=clean(shard.whole_of),
        after=tuple(ShardId(clean(one)) for one in shard.after),
    )
