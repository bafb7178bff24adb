"""Sums of use or costs in several exports of one vendor, grouped more or less finely: a day by
person and key, and the same day as a whole.

Where both tell a day, the finer counts, and of the coarser what is left beyond it: an export may be
of one project alone. Which groups an export is apart by, its whole file tells; of two that are
grouped otherwise, and neither more finely, the one with more groups counts as the finer. Files are
looked through before one of them is read, and only where two of them may be of the same days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from scanner.kit.bundles import At, is_zip
from scanner.kit.contract import Context
from scanner.kit.envelopes import unwrapped
from scanner.kit.folding import mark_of, whole
from scanner.kit.records import read_records
from scanner.kit.spelling import Spelling
from scanner.kit.values import items, mapping, text
from scanner.model.errors import SourceError
from scanner.model.evidence import EXACT

Record = Mapping[str, Any]
Grain = frozenset[str]
_NONE = Decimal(0)
_LOOKED_AT = 200
"""Records of a file without any sum: then it is another kind of export."""


@dataclass(frozen=True)
class Grouped:
    """A kind of bucket. ``fields``: by which one export is finer than another; ``more``: what else
    its results may be apart by. ``span``: names of its first and last time. ``amount``: of a
    result; None: it tells none. ``reduced``: the result with less."""

    fits: Callable[[Record], bool]
    fields: tuple[str, ...]
    more: tuple[str, ...]
    span: tuple[str, str]
    amount: Callable[[Record], Decimal | None]
    reduced: Callable[[Record, Decimal], Record]

    def results(self, record: Record) -> Iterator[Record]:
        """A row of a table is a bucket of one."""
        yield from map(mapping, items(record["results"])) if "results" in record else (record,)

    def grain(self, record: Record) -> Grain:
        names = (*self.fields, *self.more)
        return frozenset(n for one in self.results(record) for n in names if text(one.get(n)))

    def is_finer(self, one: Grain, other: Grain) -> bool:
        mine, theirs = one.intersection(self.fields), other.intersection(self.fields)
        if mine >= theirs or theirs >= mine:
            return mine > theirs
        # Of two that tell a day apart in different ways, one has to be the one that counts.
        return (len(mine), sorted(mine)) > (len(theirs), sorted(theirs))

    def key(self, record: Record, result: Record, shared: Grain) -> tuple[str, ...]:
        """The day, and the groups that two exports tell of both."""
        day = (*(text(record.get(name)) for name in self.span), text(result.get("object")))
        return *day, *(text(result.get(name)) for name in sorted(shared))


@dataclass
class Grains:
    """Of the files of one source. ``of``: by file and number of the kind, what its results are
    apart by. ``told``: by a coarser and a finer export's groups, what the finer tells of a day."""

    kinds: tuple[Grouped, ...]
    of: dict[tuple[str, int], Grain] = field(default_factory=dict)
    told: dict[tuple[int, Grain, Grain], dict[tuple[str, ...], Decimal]] = field(
        default_factory=dict
    )

    def finer(self, name: str, number: int) -> list[Grain]:
        own, kind = self.of.get((name, number), frozenset()), self.kinds[number]
        every = {grain for (_, at), grain in self.of.items() if at == number}
        return sorted((one for one in every if kind.is_finer(one, own)), key=sorted)

    def is_finer_than_some(self, name: str, number: int) -> bool:
        """Whether another file tells a kind of sum more coarsely."""
        grain, kind = self.of.get((name, number)), self.kinds[number]
        others = (one for (_, at), one in self.of.items() if at == number)
        return grain is not None and any(kind.is_finer(grain, one) for one in others)

    def add(self, name: str, number: int, record: Record) -> None:
        """What the coarser exports would tell again."""
        kind, grain = self.kinds[number], self.of[name, number]
        for own in {one for (_, at), one in self.of.items() if at == number}:
            if not kind.is_finer(grain, own):
                continue
            told = self.told.setdefault((number, own, grain), {})
            for one in kind.results(record):
                key = kind.key(record, one, own & grain)
                told[key] = EXACT.add(told.get(key, _NONE), kind.amount(one) or _NONE)


class Rest:
    """Of one reading of a file: its records without what finer exports tell."""

    def __init__(self, grains: Grains, name: str) -> None:
        self._grains, self._name = grains, name
        self._finer: dict[tuple[str, int], list[Grain]] = {}
        self._taken: dict[tuple[Any, ...], Decimal] = {}
        """Of what the finer tell, what earlier results of the same groups have been."""

    def of(self, record: Record, at: int = 0) -> Record:
        """``at``: where in the file it stands."""
        grains, place = self._grains, place_of(self._name, at)
        for number, kind in enumerate(grains.kinds if grains.told else ()):
            if not kind.fits(record):
                continue
            finer = self._finer.get((place, number))
            if finer is None:
                finer = self._finer[place, number] = grains.finer(place, number)
            if not finer:
                break
            left = (self._left(place, number, record, one) for one in kind.results(record))
            kept = [one for one in left if one is not None]
            if "results" in record:
                return {**record, "results": kept}
            return kept[0] if kept else {**{n: record.get(n) for n in kind.span}, "results": []}
        return record

    def _left(self, place: str, number: int, record: Record, one: Record) -> Record | None:
        kind, own = self._grains.kinds[number], self._grains.of[place, number]
        amount = kind.amount(one)
        if amount is None:
            return one
        rest = amount
        for grain in self._finer[place, number]:
            key = kind.key(record, one, own & grain)
            told = self._grains.told.get((number, own, grain), {}).get(key)
            if told is not None:
                taken = self._taken.get((place, grain, key), _NONE)
                self._taken[place, grain, key] = EXACT.add(taken, amount)
                beyond = EXACT.subtract(amount, max(_NONE, EXACT.subtract(told, taken)))
                rest = min(rest, max(_NONE, beyond))
        if rest == amount:
            return one
        return kind.reduced(one, rest) if rest > 0 else None


_WITHIN = "!/"


def place_of(name: str, at: int) -> str:
    """A member of a zip is an export of its own."""
    return f"{name}{_WITHIN}{at.member}" if isinstance(at, At) else name


def _paths(ctx: Context[Any]) -> Iterator[Path]:
    return (ctx.folder / Path(name).expanduser() for name in ctx.config.files)


def grains_of(
    ctx: Context[Any], source: str, kinds: tuple[Grouped, ...], spelling: Spelling | None
) -> Grains:
    """Of the configured files; once a run. A file that cannot be read tells here nothing: its own
    shard says why."""
    files = ctx.config.files

    def made() -> Grains:
        found = Grains(kinds)
        for name in files:
            for key, record in _sums(ctx, name, kinds, spelling, source):
                grain = kinds[key[1]].grain(record)
                found.of[key] = found.of.get(key, frozenset()) | grain
        seen: set[str] = set()
        for name in files:
            own = (key for key in found.of if key[0].partition(_WITHIN)[0] == name)
            if not any(found.is_finer_than_some(*key) for key in own):
                continue
            for key, record in _sums(ctx, name, kinds, spelling, source):
                mark = mark_of((str(key[1]), *sorted(found.of[key]), whole(record)))
                if mark not in seen:  # several exports may hold it
                    seen.add(mark)
                    found.add(*key, record)
        return found

    if not kinds or (len(files) < 2 and not any(map(is_zip, _paths(ctx)))):
        return Grains(kinds)
    return ctx.kept(f"{source}:{ctx.config.organization}/grains", made)


def _sums(
    ctx: Context[Any], name: str, kinds: tuple[Grouped, ...], spelling: Spelling | None, source: str
) -> Iterator[tuple[tuple[str, int], Record]]:
    """The buckets of a file, each with where it stands and the number of its kind."""

    def fits(record: Record) -> bool:
        return any(kind.fits(record) for kind in kinds)

    is_found, looked = False, 0
    try:
        for at, record in read_records(ctx.folder / Path(name).expanduser(), name, "`files`"):
            inner = unwrapped(record, fits, spelling=spelling, source=source)
            looked += 1
            if inner is None and not is_found and looked > _LOOKED_AT:
                return
            for number, kind in enumerate(kinds):
                if inner is not None and kind.fits(inner):
                    is_found = True
                    yield (place_of(name, at), number), inner
                    break
    except SourceError:
        return
