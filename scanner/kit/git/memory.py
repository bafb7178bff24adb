"""What is known of a repository's objects from earlier scans: which were judged, and what was found
in them, redacted as it is.

Kept by the state beside the shard that wrote it. Owns its form: ids as the first 8 bytes of each,
sorted, as differences, packed. A memory that was written under other rules, by another version, or
that does not decode is no memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from scanner.kit.contract import Secret
from scanner.kit.git.packs import ID_SIZE, Ids, places_of, prefixes
from scanner.model.items import Gap, Sighting

Places: TypeAlias = dict[str, set[Secret]]
"""By object, what it holds."""
_FORM = 3


class _Stored(msgspec.Struct, array_like=True):
    form: int
    mark: str
    stamp: str
    ids: bytes
    hits: dict[str, list[Secret]]
    kinds: dict[str, str]
    sightings: list[Sighting]
    lacks: list[Gap]
    unread: list[str]


class Memory:
    def __init__(self, mark: str, stored: _Stored | None = None) -> None:
        self._mark = mark
        self._stamp = stored.stamp if stored else ""
        self._ids = _unpacked(stored.ids) if stored else np.empty(0, np.uint64)
        self._hits: Places = {o: set(found) for o, found in stored.hits.items()} if stored else {}
        self._kinds = stored.kinds if stored else {}
        self.sightings = stored.sightings if stored else []
        self.lacks = stored.lacks if stored else []
        """What the store does not hold, and what of it could not be read."""
        self.unread = stored.unread if stored else []
        """Objects of which git could hand out nothing: that may change though none of them does."""
        self._fresh: list[NDArray[np.uint64]] = []

    @classmethod
    def load(cls, data: bytes, mark: str) -> Memory:
        try:
            stored = msgspec.msgpack.decode(data, type=_Stored) if data else None
            if stored is None or stored.form != _FORM or stored.mark != mark:
                return cls(mark)
            return cls(mark, stored)
        except (msgspec.MsgspecError, ValueError, zlib.error):
            return cls(mark)

    @property
    def is_new(self) -> bool:
        """Nothing is known, or nothing that counts under these rules."""
        return not len(self._ids)

    def is_settled(self, stamp: str) -> bool:
        """Whether nothing has changed since a scan that read all that is stored."""
        return bool(self._stamp) and self._stamp == stamp

    def knows(self, ids: Ids) -> NDArray[np.bool_]:
        return places_of(prefixes(ids), self._ids) >= 0

    def unknown(self, oids: Iterable[str]) -> list[str]:
        """Those of ``oids`` that it does not know."""
        asked = list(oids)
        return [
            oid for oid, known in zip(asked, self.knows(_of_hex(asked)), strict=True) if not known
        ]

    def judged(self, ids: Ids) -> None:
        self._fresh.append(prefixes(ids))

    def judged_hex(self, oids: list[str]) -> None:
        self.judged(_of_hex(oids))

    def join(
        self, hits: Places, kinds: dict[str, str], holds: Callable[[set[str]], set[str]]
    ) -> None:
        """Adds to ``hits`` what is known of objects that are still there, and keeps the whole."""
        for oid in holds(self._hits.keys() - hits.keys()):
            hits[oid] = self._hits[oid]
            kinds[oid] = self._kinds[oid]
        self._hits, self._kinds = dict(hits), dict(kinds)

    def settle(
        self, stamp: str, sightings: list[Sighting], lacks: list[Gap], unread: list[str]
    ) -> None:
        """``stamp``: of the repository as it was read; empty: the next reading may tell more."""
        self._stamp = stamp
        self.sightings = sightings
        self.lacks = lacks
        self.unread = unread

    def keep_only(self, stored: Ids) -> None:
        """Forgets what is gone: it would be new if it came back."""
        fresh = np.unique(np.concatenate((*self._fresh, np.empty(0, np.uint64))))
        if len(self._ids):
            kept = self._ids[np.isin(self._ids, prefixes(stored))]
            fresh = np.union1d(kept, fresh)
        self._ids = fresh
        self._fresh = []

    def dump(self) -> bytes:
        stored = _Stored(
            _FORM, self._mark, self._stamp, _packed(self._ids),
            {oid: sorted(found) for oid, found in sorted(self._hits.items())},
            dict(sorted(self._kinds.items())), self.sightings, self.lacks, self.unread,
        )  # fmt: skip
        return msgspec.msgpack.encode(stored)


def _packed(ids: NDArray[np.uint64]) -> bytes:
    """Sorted ids as differences, the bytes of equal weight together: the high ones are zero."""
    steps = np.diff(ids, prepend=np.uint64(0)).astype(">u8")
    planes = steps.view(np.uint8).reshape(-1, 8).T
    return zlib.compress(planes.tobytes(), 1)


def _unpacked(data: bytes) -> NDArray[np.uint64]:
    raw = zlib.decompress(data)
    if len(raw) % 8:
        raise ValueError("not whole ids")
    planes = np.frombuffer(raw, np.uint8).reshape(8, -1)
    steps = np.ascontiguousarray(planes.T).view(">u8").ravel().astype(np.uint64)
    return np.cumsum(steps, dtype=np.uint64)


def _of_hex(oids: list[str]) -> Ids:
    return np.frombuffer(bytes.fromhex("".join(oids)), f"V{ID_SIZE}")
