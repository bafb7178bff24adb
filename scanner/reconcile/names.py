"""Which entry a name may mean: suggestions for people, never more.

Blocking: character n-grams, weighed by how rare they are in the registry, as one sparse product a
batch of assets; the common ones are left out. Scoring: rapidfuzz over the few candidates and what
else both sides say (unit, owner, provider). A suggestion must stand clear of the second best;
otherwise nothing is suggested, and it is told between which entries that was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scanner.model.registry import RegistryEntry
from scanner.reconcile.checking import is_mailbox
from scanner.reconcile.described import Described, Ranked, Suggestion
from scanner.reconcile.name_words import acronyms_of, joined, plain_words, stem, words_of
from scanner.rulebook.flows import bundled as bundled_flows
from scanner.rulebook.flows import is_nobody

FLOOR = 78
"""From this score on it is suggested. Measured by bench/matching.py."""
MARGIN = 5
"""By so much it must stand above the second."""
_BASE, _ORDERED, _PART, _RARE, _INITIALS = -13.5, 0.7, 0.1, 20.0, 7.5
_SHARED = 3.0
"""Taken off for each doubling of the systems that have one name: `Chatbot` says little."""
_OWNER, _UNIT, _OTHER_UNIT, _HINT = 25.0, 15.0, -12.5, 5.0
_PROVIDER, _OTHER_PROVIDER = 5.0, -7.5
_MOST_CONTEXT = _OWNER + _UNIT + _PROVIDER
"""Points: of likeness (words in any order, a part of the longer one, rare n-grams in common,
initials), and of what else both sides say. Rounded from a logistic regression on
bench/matching.py with seed 10; the same name with nothing else said has 86 to 87."""
_GRAM = 4
_CANDIDATES = 12
_RIVALS = 4
_BATCH = 4096
_COMMON = 0.03
"""Grams that stand in more of the names tell no candidate."""
_LEAST_COMMON = 50

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int32]


@dataclass
class NameIndex:
    """A registry's names, compiled for batches of look-ups."""

    entries: Sequence[RegistryEntry]
    provider_names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        holders: dict[str, list[int]] = {}
        self.shown: dict[tuple[str, int], str] = {}
        """(normal form, entry) -> as the registry writes it."""
        for number, entry in enumerate(self.entries):
            for name in (entry.name, *entry.aliases):
                normal = joined(name)
                if normal and (normal, number) not in self.shown:
                    self.shown[normal, number] = name
                    holders.setdefault(normal, []).append(number)
        self.names = list(holders)
        """Normal forms, each once: many systems are called `Chatbot`."""
        self._times = np.asarray([len(of) for of in holders.values()], np.int64)
        self._starts = np.concatenate([[0], np.cumsum(self._times)]).astype(np.int64)
        self._of = np.asarray([number for of in holders.values() for number in of], np.int32)
        self.acronyms: dict[str, list[int]] = defaultdict(list)
        for at, (normal, of) in enumerate(holders.items()):
            for acronym in {a for one in of for a in acronyms_of(self.shown[normal, one])}:
                self.acronyms[acronym].append(at)
        self._grams: dict[str, int] = {}
        self._matrix, self._weights = self._compiled()
        self._sides = [_entry_side(entry, self.provider_names) for entry in self.entries]

    def _compiled(self) -> tuple[csr_array, Floats]:
        """Rows: names; columns: grams; normed, so that a product with another such is a cosine."""
        rows: list[int] = []
        columns: list[int] = []
        for number, name in enumerate(self.names):
            for gram in _grams(name):
                rows.append(number)
                columns.append(self._grams.setdefault(gram, len(self._grams)))
        from scipy.sparse import csr_array

        size = (len(self.names), max(1, len(self._grams)))
        matrix = csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=size)
        times: Floats = np.asarray(matrix.sum(axis=0)).ravel()
        weights = np.log1p(len(self.names) / np.maximum(times, 1)).astype(np.float32)
        matrix = _normed(matrix.multiply(weights[None, :]).tocsr())
        common = times > max(_LEAST_COMMON, _COMMON * len(self.names))
        blocking = weights.copy()
        blocking[common] = 0
        self._blocking = blocking
        return matrix.T.tocsr(), weights

    def suggest(self, assets: Iterable[Described]) -> Iterator[Suggestion]:
        """One for each asset, in their order. Lazy: a batch at a time."""
        rest = iter(assets)
        while batch := list(islice(rest, _BATCH)):
            yield from self._batch(batch)

    def _batch(self, assets: Sequence[Described]) -> Iterator[Suggestion]:
        pairs = self._pairs(assets, FLOOR)
        ends = np.searchsorted(pairs.assets, np.arange(len(assets) + 1))
        for number in range(len(assets)):
            yield self._chosen(pairs, slice(ends[number], ends[number + 1]))

    def ranking(self, asset: Described) -> tuple[Ranked, ...]:
        """The best of all entries, how unlikely they may be: what explains a suggestion."""
        return self._ranked(self._pairs([asset], 0), slice(None))

    def _pairs(self, assets: Sequence[Described], floor: float) -> _Pairs:
        """All pairs of an asset and an entry that could reach ``floor``."""
        normals = [joined(asset.name) for asset in assets]
        which, names, cosines = self._candidates(normals, assets)
        likeness = self._likeness(assets, normals, which, names, cosines)
        likely = likeness + _MOST_CONTEXT >= floor
        which, names, likeness = which[likely], names[likely], likeness[likely]
        times = self._times[names]
        within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        entries = self._of[np.repeat(self._starts[names], times) + within]
        which, names = np.repeat(which, times), np.repeat(names, times)
        likeness = np.repeat(likeness, times)
        scores = likeness + self._context(assets, which, entries)
        return _Pairs(which, names, entries, likeness, scores)

    def _candidates(
        self, normals: Sequence[str], assets: Sequence[Described]
    ) -> tuple[Ints, Ints, Floats]:
        """Pairs (asset, name) in order of the assets, and the cosine of each."""
        from scipy.sparse import csr_array

        rows: list[int] = []
        columns: list[int] = []
        totals = np.zeros(len(normals), np.float32)
        rarest = float(np.log1p(len(self.names)))
        for number, name in enumerate(normals):
            for gram in _grams(name):
                column = self._grams.get(gram)
                if column is None:
                    totals[number] += rarest**2
                else:
                    rows.append(number)
                    columns.append(column)
                    totals[number] += self._weights[column] ** 2
        values = self._blocking[columns] / np.sqrt(np.maximum(totals[rows], 1e-9))
        query = csr_array((values, (rows, columns)), shape=(len(normals), self._matrix.shape[0]))
        query.eliminate_zeros()
        product = (query @ self._matrix).tocsr()
        found_rows: list[Ints] = []
        found_names: list[Ints] = []
        for number in range(len(normals)):
            begin, end = product.indptr[number], product.indptr[number + 1]
            near = product.indices[begin:end]
            if end - begin > _CANDIDATES:
                near = near[np.argpartition(product.data[begin:end], -_CANDIDATES)[-_CANDIDATES:]]
            short = self._by_acronym(assets[number].name, normals[number])
            picked = np.unique(np.concatenate([near, short])) if len(short) else near
            found_names.append(picked.astype(np.int32))
            found_rows.append(np.full(len(picked), number, np.int32))
        if not found_rows:
            nothing = np.zeros(0, np.int32)
            return nothing, nothing, np.zeros(0, np.float32)
        which, names = np.concatenate(found_rows), np.concatenate(found_names)
        return which, names, self._cosines(rows, columns, totals, which, names, len(normals))

    def _cosines(
        self,
        rows: list[int],
        columns: list[int],
        totals: Floats,
        which: Ints,
        names: Ints,
        size: int,
    ) -> Floats:
        """With all grams, the common ones too, of the few pairs that are left."""
        from scipy.sparse import csr_array

        values = self._weights[columns] / np.sqrt(np.maximum(totals[rows], 1e-9))
        query = csr_array((values, (rows, columns)), shape=(size, self._matrix.shape[0]))
        against = self._matrix.T.tocsr()
        return np.asarray(query[which].multiply(against[names]).sum(axis=1)).ravel()

    def _by_acronym(self, shown: str, normal: str) -> Ints:
        first = plain_words(shown).split(" ")
        found = [n for word in first if 3 <= len(word) <= 9 for n in self.acronyms.get(word, ())]
        if " " not in normal:
            found += self.acronyms.get(normal, ())
        return np.asarray(sorted(set(found))[:_CANDIDATES], np.int32)

    def _likeness(
        self,
        assets: Sequence[Described],
        normals: Sequence[str],
        which: Ints,
        names: Ints,
        cosines: Floats,
    ) -> Floats:
        from rapidfuzz import fuzz, process

        mine = [normals[n] for n in which]
        theirs = [self.names[n] for n in names]
        ordered, part = (
            process.cpdist(mine, theirs, scorer=scorer, workers=2, dtype=np.uint8)
            for scorer in (fuzz.token_sort_ratio, fuzz.partial_ratio)
        )
        likeness = _BASE + _ORDERED * ordered + _PART * part + _RARE * cosines
        likeness += _INITIALS * self._acronym_pairs(assets, which, names)
        likeness -= _SHARED * np.log2(self._times[names])
        return likeness.astype(np.float32)

    def _acronym_pairs(
        self, assets: Sequence[Described], which: Ints, names: Ints
    ) -> NDArray[np.bool_]:
        short = [frozenset(plain_words(asset.name).split()) for asset in assets]
        meant: dict[int, set[str]] = defaultdict(set)
        for acronym, owners in self.acronyms.items():
            for name in owners:
                meant[name].add(acronym)
        return np.fromiter(
            (bool(meant.get(int(n), _NONE) & short[w]) for w, n in zip(which, names, strict=True)),
            bool,
            len(which),
        )

    def _context(self, assets: Sequence[Described], which: Ints, entries: Ints) -> Floats:
        """Points for what both sides say; nothing for what one of them leaves open."""
        sides = [_asset_side(asset) for asset in assets]
        known: dict[tuple[object, object], float] = {}
        points = np.zeros(len(which), np.float32)
        for at, (left, entry) in enumerate(zip(which.tolist(), entries.tolist(), strict=True)):
            points[at] = _points(sides[left], self._sides[entry], known)
        return points

    def _ranked(self, pairs: _Pairs, part: slice) -> tuple[Ranked, ...]:
        """Each entry by the best of its names."""
        best: dict[int, tuple[float, int, float]] = {}
        for entry, name, score, alike in zip(
            pairs.entries[part].tolist(), pairs.names[part].tolist(), pairs.scores[part].tolist(),
            pairs.likeness[part].tolist(), strict=True,
        ):  # fmt: skip
            if entry not in best or score > best[entry][0]:
                best[entry] = (score, name, alike)
        order = sorted(best.items(), key=lambda item: (-item[1][0], self.entries[item[0]].id))
        return tuple(
            Ranked(self.entries[entry].id, round(score), self._reason(name, entry, score, alike))
            for entry, (score, name, alike) in order[:_RIVALS]
        )

    def _reason(self, name: int, entry: int, score: float, alike: float) -> str:
        said = f"name resembles `{self.shown[self.names[name], entry]}`"
        more = round(score - alike)
        return f"{said}; unit, owner and provider {more:+d}" if more else said

    def _chosen(self, pairs: _Pairs, part: slice) -> Suggestion:
        scores = pairs.scores[part]
        if not len(scores) or scores.max() < FLOOR:
            return Suggestion()
        ranked = self._ranked(pairs, part)
        if len(ranked) > 1 and ranked[0].score - ranked[1].score < MARGIN:
            return Suggestion(rivals=tuple(r for r in ranked if r.score > ranked[0].score - MARGIN))
        return Suggestion(best=ranked[0], rivals=ranked[1:])


@dataclass(frozen=True)
class _Pairs:
    """Columns, in order of the assets."""

    assets: Ints
    names: Ints
    entries: Ints
    likeness: Floats
    scores: Floats


_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Side:
    units: frozenset[str]
    hints: frozenset[str]
    owners: frozenset[str]
    providers: frozenset[str]


def _entry_side(entry: RegistryEntry, names: Mapping[str, str]) -> _Side:
    stated = (*(entry.approved.providers or ()), *(entry.vendors or ()))
    units = (entry.business_unit, *(source.organization for source in entry.source_ids))
    return _Side(
        units=_unit_words(units),
        hints=_NONE,
        owners=_people((entry.owner, *(owner.ref for owner in entry.owners))),
        providers=frozenset(
            names[word.casefold()] for word in stated if word.casefold() in names
        ) if entry.approved.providers else _NONE,
    )  # fmt: skip


def _asset_side(asset: Described) -> _Side:
    return _Side(
        units=_unit_words(asset.units),
        hints=_unit_words(asset.hints),
        owners=_people(asset.owners),
        providers=frozenset({asset.provider} - {""}),
    )


def _unit_words(units: Iterable[str]) -> frozenset[str]:
    found = {stem(word) for unit in units for word in words_of(unit)}
    return frozenset(word for word in found if len(word) > 1)


def _people(owners: Iterable[str]) -> frozenset[str]:
    return frozenset(
        owner.casefold().removeprefix("mailto:")
        for owner in owners
        if not is_nobody(owner, bundled_flows()) and not is_mailbox(owner)
    )


def _points(mine: _Side, theirs: _Side, known: dict[tuple[object, object], float]) -> float:
    points = 0.0
    if mine.owners and theirs.owners and mine.owners & theirs.owners:
        points += _OWNER
    if mine.units and theirs.units:
        pair = (mine.units, theirs.units)
        if pair not in known:
            shared = len(mine.units & theirs.units) / min(len(mine.units), len(theirs.units))
            known[pair] = _UNIT * shared if shared else _OTHER_UNIT
        points += known[pair]
    elif mine.hints & theirs.units:
        points += _HINT
    if mine.providers and theirs.providers:
        points += _PROVIDER if mine.providers & theirs.providers else _OTHER_PROVIDER
    return points


def _grams(name: str) -> set[str]:
    padded = f" {name} "
    return {padded[i : i + _GRAM] for i in range(max(1, len(padded) - _GRAM + 1))}


def _normed(matrix: csr_array) -> csr_array:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    normed: csr_array = matrix.multiply((1 / np.maximum(lengths, 1e-9))[:, None]).tocsr()
    return normed
