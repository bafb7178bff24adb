"""JSON that stands over many lines (an export written to be read, ``jq .``), or many values in one:
its values as lines.

A value ends with a line that begins with its closing bracket; of an array each element is a line of
its own, however long the array is. Owns no format of logs; what is broken or too large raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from connectors.logs.files import Part
from connectors.logs.marks import TAIL
from scanner.model.errors import Unavailable

_MOST_VALUE = 8 << 20
_HEAD = 1 << 16
_ELEMENT = re.compile(rb"\s*\[\s*\n([ \t]+)\{\s*\n")
_BETWEEN = re.compile(rb"\}\s*(?=\{)")
_MOST_TRIED = 50
_ENCODER = msgspec.json.Encoder()


def is_by_value(head: bytes) -> bool:
    """Whether values and lines are two things."""
    return is_spread(head) or is_joined(head)


def is_spread(head: bytes) -> bool:
    """Whether neither of the first two lines is a value, and they begin one."""
    text = head[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] not in (b"{", b"["):
        return False
    lines = [line.strip() for line in text.split(b"\n")[:-1] if line.strip()][:2]
    return (
        len(lines) == 2
        and lines[1][:1] in (b'"', b"{", b"[")
        and not any(_is_value(line.rstrip(b",")) for line in lines)
    )


def is_joined(head: bytes) -> bool:
    """Whether values stand behind one another without a line's end, as streams that are delivered
    to a bucket write them."""
    most = _HEAD if b"\n" in head[:_HEAD] else len(head)
    text = head[:most].removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] != b"{":
        return False
    for hit in islice(_BETWEEN.finditer(text), _MOST_TRIED):
        if _is_value(text[: hit.end()]):
            return b"\n" not in hit[0]
    return False


def _is_value(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def parts(blocks: Iterator[bytes], begins: bytes, begin: int, path: str) -> Iterator[Part]:
    """``blocks``: of the file from ``begin`` on; ``begins``: its first bytes. Raises
    ``Unavailable`` for a value that is cut off or too large, behind what came before it."""
    joined = is_joined(begins)
    element = _ELEMENT.match(begins.removeprefix(b"\xef\xbb\xbf"))
    opens = element[1] + b"{" if element else b""
    closes = (element[1] + b"}",) if element else (b"}", b"]")
    held: list[bytes] = []
    size, end, tail = 0, begin, b""
    for line in pieces(blocks) if joined else _lines(blocks):
        end += len(line)
        tail = (tail + line)[-TAIL:]
        bare = line.rstrip().rstrip(b",")
        if not held and not (bare.startswith(opens) if opens else bare):
            continue
        held.append(line)
        size += len(line)
        if size > _MOST_VALUE:
            raise Unavailable(f"{path}: a JSON value over many lines of more than 8 MiB; write a "
                              "record a line (`jq -c`)")  # fmt: skip
        if not joined and not bare.startswith(closes):
            continue
        told = _told(b"".join(held))
        if told is not None:
            yield Part(told, 0, len(told), end, tail)
            held, size = [], 0
    if held:
        raise Unavailable(f"{path}: the last JSON value is cut off, or is none")


def values_in(head: bytes) -> list[bytes]:
    """The whole ones of those that stand behind one another."""
    found, held = [], b""
    for piece in pieces(iter((head,))):
        held += piece
        if _is_value(held):
            found.append(held)
            held = b""
    return found


def pieces(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces that end where a value may."""
    carry = b""
    for block in blocks:
        carry += block
        at = 0
        for hit in _BETWEEN.finditer(carry):
            yield carry[at : hit.end()]
            at = hit.end()
        carry = carry[at:]
        if len(carry) > _MOST_VALUE:
            yield carry
            carry = b""
    if carry:
        yield carry


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    carry = b""
    for block in blocks:
        *whole, carry = (carry + block).split(b"\n")
        for line in whole:
            yield line + b"\n"
        if len(carry) > _MOST_VALUE:
            yield carry
            carry = b""
    if carry:
        yield carry


def _told(data: bytes) -> bytes | None:
    """None: it is not whole yet."""
    text = data.removeprefix(b"\xef\xbb\xbf").strip().rstrip(b",")
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        try:
            value = msgspec.json.decode(text.decode("utf-8", "replace"))
        except (msgspec.DecodeError, RecursionError):
            return None
    except RecursionError:
        return b""
    rows = value if isinstance(value, list) else [value]
    return b"".join(_ENCODER.encode(row) + b"\n" for row in rows)
