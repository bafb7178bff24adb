"""The base of every noun: an immutable msgspec struct that refuses unknown fields."""

from __future__ import annotations

import hashlib
from typing import NewType

import msgspec

NodeId = NewType("NodeId", str)
"""The vendor's natural key: an ARN, ``git:<repository>``, ``okta:<org>/app/<id>``. Never random."""

ShardId = NewType("ShardId", str)
"""``<connector>:<scope>``, the same in every run, so coverage can be compared over time."""

Fingerprint = NewType("Fingerprint", str)
"""The identity of a finding for ever; see :mod:`scanner.assess.fingerprint`."""


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Immutable, keyword-only, strict on decode. Subclasses repeat ``frozen`` for type checkers."""


_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode(value: object) -> bytes:
    """JSON with a fixed key order: equal values give equal bytes."""
    return _ENCODER.encode(value)


def digest(value: object, size: int = 16) -> str:
    """Hex BLAKE2b of the deterministic JSON of ``value``; ``size`` in bytes."""
    return digest_of(encode(value), size)


def digest_of(encoded: bytes, size: int = 16) -> str:
    """The same of what is encoded already."""
    return hashlib.blake2b(encoded, digest_size=size).hexdigest()
