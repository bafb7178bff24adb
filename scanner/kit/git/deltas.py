"""A delta applied to its base, and what that shows: which parts were copied and which are new.

Formats: https://git-scm.com/docs/gitformat-pack#_deltified_representation. A delta is hostile: one
that does not add up gives nothing.
"""

from __future__ import annotations

Copy = tuple[int, int, int]
"""Offset in the new object, offset in the base, length."""

_NEAR = 16
"""A few bytes between two spans cost less than a span of their own."""


def result_size(delta: bytes, base_size: int) -> tuple[int, int]:
    """Size of the result (-1 where the delta is not one of this base) and where its steps begin."""
    base, at = _varint(delta, 0)
    if base != base_size:
        return -1, at
    return _varint(delta, at)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 63, 7):
        if at >= len(data):
            return -1, at
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    return -1, at


def applied(
    delta: bytes, at: int, base: bytes, size: int, width: int
) -> tuple[bytes, list[Copy], list[tuple[int, int]]] | None:
    """The object, what it copies and which spans of it are new; None for a delta that does not add
    up."""
    parts: list[bytes] = []
    copies: list[Copy] = []
    spans: list[tuple[int, int]] = []
    filled = follows = 0
    end = len(delta)
    while at < end:
        op = delta[at]
        at += 1
        if op & 0x80:
            offset, length, at = _copy(delta, op, at)
            if at > end or offset + length > len(base) or length > size - filled:
                return None
            parts.append(base[offset : offset + length])
            if offset != follows:
                _add(spans, filled - width, filled + width, size)
            elif copies and copies[-1][0] + copies[-1][2] == filled:
                filled_before, source, before = copies.pop()  # long copies come in pieces
                copies.append((filled_before, source, before + length))
                filled += length
                follows += length
                continue
            copies.append((filled, offset, length))
            filled += length
            follows = offset + length
        elif not op or at + op > end or op > size - filled:
            return None
        else:
            parts.append(delta[at : at + op])
            _add(spans, filled - width, filled + op + width, size)
            at += op
            filled += op
            follows = -1
    if filled != size:
        return None
    if follows >= 0 and follows != len(base):
        _add(spans, size - width, size, size)
    return b"".join(parts), copies, spans


def _copy(delta: bytes, op: int, at: int) -> tuple[int, int, int]:
    """Offset, length and where the next step begins: behind the delta when it breaks off."""
    raw = bytearray(7)
    for bit in _BITS[op & 0x7F]:
        if at >= len(delta):
            return 0, 0, at + 1
        raw[bit] = delta[at]
        at += 1
    return (
        int.from_bytes(raw[:4], "little"),
        int.from_bytes(raw[4:], "little") or 0x10000,
        at,
    )


_BITS = tuple(tuple(bit for bit in range(7) if op >> bit & 1) for op in range(128))


def _add(spans: list[tuple[int, int]], low: int, high: int, size: int) -> None:
    low, high = max(0, low), min(high, size)
    if low >= high:
        return
    if spans and low <= spans[-1][1] + _NEAR:
        spans[-1] = (spans[-1][0], max(spans[-1][1], high))
    else:
        spans.append((low, high))
