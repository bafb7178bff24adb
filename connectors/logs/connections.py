"""Connections that named their hosts, by their ids: a million of them in eight megabytes.

A digest of the id and the number of what it leads to are one integer each, in sorted arrays; a
dictionary of the same would take ten times as much.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator

MOST = 1_000_000
_NEWEST = 3000
"""Of which the order is known."""
_BUCKET_BITS, _DIGEST_BITS, _TARGET_BITS = 8, 42, 22
_BITS = _BUCKET_BITS + _DIGEST_BITS
_MOST_TARGET = (1 << _TARGET_BITS) - 1


def digest(uid: str) -> int:
    """Of 50 bits: of a million connections two are one in one reading of two thousand."""
    whole = int.from_bytes(hashlib.blake2b(uid.encode(), digest_size=7).digest())
    return whole >> (56 - _BITS)


def as_kept(ident: int) -> int:
    """A digest that a cursor has: earlier versions kept 56 bits."""
    return (ident if ident < 1 << _BITS else ident >> (56 - _BITS)) & ((1 << _BITS) - 1)


class Connections:
    """Digest -> number of what the connection leads to."""

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(1 << _BUCKET_BITS)]
        self._count = 0
        self._newest: deque[int] = deque(maxlen=_NEWEST)

    def __len__(self) -> int:
        return self._count

    def put(self, ident: int, target: int) -> bool:
        """Whether there was room for it, or it was there."""
        bucket, at, is_there = self._find(ident)
        packed = (ident >> _BUCKET_BITS) << _TARGET_BITS | target
        if is_there:
            bucket[at] = packed
            return True
        if self._count >= MOST or target > _MOST_TARGET:
            return False
        bucket.insert(at, packed)
        self._count += 1
        self._newest.append(ident)
        return True

    def get(self, ident: int) -> int | None:
        bucket, at, is_there = self._find(ident)
        return bucket[at] & _MOST_TARGET if is_there else None

    def __contains__(self, ident: int) -> bool:
        return self._find(ident)[2]

    def _find(self, ident: int) -> tuple[array[int], int, bool]:
        bucket, high = self._buckets[ident & ((1 << _BUCKET_BITS) - 1)], ident >> _BUCKET_BITS
        at = bisect_left(bucket, high << _TARGET_BITS)
        return bucket, at, at < len(bucket) and bucket[at] >> _TARGET_BITS == high

    def items(self) -> Iterator[tuple[int, int]]:
        """All, those that came last behind the others."""
        newest = dict.fromkeys(self._newest)
        for low, bucket in enumerate(self._buckets):
            for packed in bucket:
                ident = (packed >> _TARGET_BITS) << _BUCKET_BITS | low
                if ident not in newest:
                    yield ident, packed & _MOST_TARGET
        yield from self.newest()

    def newest(self) -> Iterator[tuple[int, int]]:
        """The last ones, in order."""
        for ident in self._newest:
            target = self.get(ident)
            if target is not None:
                yield ident, target
