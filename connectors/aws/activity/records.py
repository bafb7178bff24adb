"""A log's file, cut into records: what trails write, lines of JSON, and what people export.

Trails write one document, ``{"Records":[...]}`` (https://docs.aws.amazon.com/awscloudtrail/latest/
userguide/cloudtrail-log-file-examples.html), which may be large: it is read in parts that end
between two records. Where a part does not decode, the cut was wrong or a record is no JSON; then
the rest is walked record by record, so that nothing inside a record is ever taken for one. Records
that name no service of interest are passed over by their bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from connectors.aws.activity.events import SOURCES, Event, decoded
from connectors.aws.activity.invocation import MARK, Invocation, invocation
from connectors.aws.activity.services import MAKING, is_of_interest
from connectors.aws.activity.unpacking import Damaged, TooLarge
from scanner.kit.expressions import expression
from scanner.kit.values import loose_json

Found = Event | Invocation | None
"""None: a record that is none."""

_PART = 4 << 20
_MOST_RECORD = 64 << 20
_MOST_WALKED = 256 << 20
"""Of what is held at once where a file is no stream of records."""
_MOST_LINE = 16 << 20
_HEAD = expression(rb'(?:\xef\xbb\xbf)?\s*\{\s*"Records"\s*:\s*\[')
_TAIL = expression(rb"\]\s*\}\s*\Z")
_MORE = expression(r'\]\s*\}\s*\{\s*"Records"\s*:\s*\[')
_BORDER = expression(rb"\}\s*,\s*\{\s*\Z")
_FIRST = b'"eventVersion"'
"""Every record of a trail begins with it."""
_names = b"|".join(name.replace(".", r"\.").encode() for name in sorted(SOURCES))
_made = "|".join(MAKING).encode()
_WANTED = expression(
    rb'eventSource\\*"\s*:\s*\\*"(?:' + _names + rb")|"
    rb'eventName\\*"\s*:\s*\\*"(?:' + _made + rb')\\*"|' + MARK
)
_INVOCATION = expression(MARK)
_RAWS: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_WRAPS = ("event", "detail", "_raw", "message", "data", "log", "body", "CloudTrailEvent")
_LISTS = ("Records", "Events", "events", "records", "logEvents")


class _Head(msgspec.Struct, frozen=True, gc=False):
    """What decides whether a record is of interest."""

    eventSource: str = ""
    eventName: str = ""


_HEADS: msgspec.json.Decoder[list[_Head]] = msgspec.json.Decoder(list[_Head])


def read(pieces: Iterator[bytes]) -> Iterator[Found]:
    """The records of interest of one file. Raises ``TooLarge`` and ``Damaged``, after what stood
    before."""
    trouble: list[Damaged | TooLarge] = []

    def calm() -> Iterator[bytes]:
        try:
            yield from pieces
        except (Damaged, TooLarge) as error:
            trouble.append(error)

    for found in _read(calm()):
        if not isinstance(found, Event) or is_of_interest(found.eventSource, found.eventName):
            yield found
    if trouble:
        raise trouble[0]


def _read(pieces: Iterator[bytes]) -> Iterator[Found]:
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= 4096:
            break
    head = _HEAD.match(first)
    if head:
        yield from _of_trail(first[head.end() :], pieces)
        return
    line = first.partition(b"\n")[0].strip()
    if line.startswith(b"{") and (line.endswith(b"}") or b"\n" not in first[: 1 << 16]):
        yield from _of_lines(first, pieces)
    elif first.strip():
        yield from _of_document(_whole(first, pieces, _MOST_WALKED))


def one(data: bytes | msgspec.Raw) -> Found:
    """One record, in whatever it is wrapped."""
    found = decoded(data)
    if found is not None:
        return found
    if _INVOCATION.search(data):
        return invocation(data)
    inner = _unwrapped(loose_json(bytes(data)))
    return inner[0] if inner else None


def _of_trail(part: bytes, pieces: Iterator[bytes]) -> Iterator[Found]:
    for piece in pieces:
        part += piece
        if len(part) < _PART:
            continue
        cut = _border(part)
        if cut < 0:
            if len(part) > _MOST_RECORD:
                raise TooLarge(f"no record ends within {_MOST_RECORD >> 20} MiB")
            continue
        found = _wanted(part[:cut])
        if found is None:
            yield from _walked(_whole(part, pieces, _MOST_WALKED))
            return
        yield from found
        part = part[cut + 1 :]
    tail = _TAIL.search(part)
    found = _wanted(part[: tail.start()]) if tail else None
    yield from _walked(part) if found is None else found


def _wanted(part: bytes) -> list[Found] | None:
    """Of records without their brackets; None where they are not whole."""
    data = b"[" + part + b"]"
    try:
        raws = _RAWS.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return None
    try:
        heads = _HEADS.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return [decoded(raw) for raw in raws if _WANTED.search(raw)]
    return [
        decoded(raw)
        for raw, head in zip(raws, heads, strict=True)
        if is_of_interest(head.eventSource, head.eventName)
    ]


def _border(part: bytes) -> int:
    """Where the comma between the last two records stands; -1 where no such place is seen."""
    end = len(part)
    for _ in range(64):
        end = part.rfind(_FIRST, 0, end)
        if end < 0:
            return -1
        found = _BORDER.search(part, max(0, end - 64), end)
        if found:
            return part.index(b",", found.start())
    return -1


def _walked(part: bytes) -> Iterator[Found]:
    """Record by record, by what opens and closes. Raises ``Damaged`` where that cannot be told."""
    words = part.decode("utf-8", "surrogateescape")
    walk = json.JSONDecoder()
    at = 0
    while True:
        while at < len(words) and words[at] in " \t\r\n,":
            at += 1
        if at >= len(words):
            raise Damaged("ends early")
        if words[at] == "]":
            # Data streams put one file behind another.
            more = _MORE.match(words, at)
            if more is None:
                return
            at = more.end()
            continue
        try:
            _, end = walk.raw_decode(words, at)
        except (ValueError, RecursionError) as error:
            raise Damaged("is no JSON from some record on") from error
        data = words[at:end].encode("utf-8", "surrogateescape")
        if _WANTED.search(data):
            yield decoded(data)
        at = end


def _of_lines(first: bytes, pieces: Iterator[bytes]) -> Iterator[Found]:
    """A record a line, or a whole file of a trail a line (as data streams put them together)."""
    rest = first.removeprefix(b"\xef\xbb\xbf")
    is_first = True
    while True:
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield from _of_line(line, is_first)
            is_first = is_first and not line.strip()
        if len(rest) > _MOST_LINE:
            raise TooLarge(f"a line of more than {_MOST_LINE >> 20} MiB")
        more = next(pieces, None)
        if more is None:
            yield from _of_line(rest, is_first)
            return
        rest += more


def _of_line(line: bytes, is_first: bool) -> Iterator[Found]:
    """The first line must be a record of something: a file of another kind is not passed over."""
    if not line.strip():
        return
    if not _WANTED.search(line):
        if is_first and not isinstance(loose_json(line), Mapping):
            yield None
        return
    if b'"Records"' in line[:64]:
        yield from _of_document(line)
    else:
        yield one(line)


def _of_document(data: bytes) -> Iterator[Found]:
    """A list of records, or an object that holds one, as consoles and the command line write."""
    whole = loose_json(data)
    if whole is None:
        raise Damaged("is no JSON")
    found = _unwrapped(whole)
    yield from found if found else (None,)


def _unwrapped(whole: Any, depth: int = 4) -> list[Found]:
    """The records in anything; empty: there is none."""
    if depth <= 0:
        return []
    if isinstance(whole, str):
        return _unwrapped(loose_json(whole.encode("utf-8", "replace")), depth - 1)
    if isinstance(whole, list):
        return [record for element in whole for record in _unwrapped(element, depth - 1) or [None]]
    if not isinstance(whole, Mapping):
        return []
    if "eventSource" in whole or whole.get("schemaType"):
        return [_encoded(whole)]
    for name in _LISTS:
        if isinstance(whole.get(name), list):
            return _unwrapped(whole[name], depth)
    for name in _WRAPS:
        if name in whole:
            found = _unwrapped(whole[name], depth - 1)
            if found:
                return found
    return []


def _encoded(record: Mapping[str, Any]) -> Found:
    try:
        data = msgspec.json.encode(record)
    except (TypeError, ValueError, RecursionError):
        return None
    return invocation(data) if _INVOCATION.search(data) else decoded(data)


def _whole(first: bytes, pieces: Iterator[bytes], most: int) -> bytes:
    parts, size = [first], len(first)
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > most:
            raise TooLarge(f"one document of more than {most >> 20} MiB")
    return b"".join(parts)
