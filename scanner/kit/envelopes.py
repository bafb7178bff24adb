"""What SIEMs, buses and shippers of logs put around a record, and how it is taken off.

Owns the names of wraps and the shapes of pages that hold records of others. What a record is, the
connector knows.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scanner.kit.elastic import renamed
from scanner.kit.expressions import expression
from scanner.kit.flat_rows import opened
from scanner.kit.spelling import Spelling
from scanner.kit.values import loose_json, mapping, nested

WRAPS = (
    "event", "detail", "_raw", "message", "data", "log", "body", "record", "properties", "original",
    "result", "RawEventData", "_source", "raw", "rawLog", "payload", "audit", "value", "attributes",
    "jsonPayload", "textPayload", "short_message", "full_message", "stringValue", "json",
    "eventData", "raw_data", "raw_log", "unmapped", "V", "SRC", "kinesis",
    "@rawstring", "map", "utf8_payload", "payloadAsUTF",
)  # fmt: skip
"""Names of fields that hold a record, in the order in which they are looked into: by the part
behind the last point, whatever its case."""
_PLACES = {name.casefold(): at for at, name in enumerate(WRAPS)}
_MOST_DEPTH = 5
_LISTS = ("resourceLogs", "scopeLogs", "logRecords", "logEvents")
"""Of OpenTelemetry and of CloudWatch Logs, one within the other."""
_MOST_LISTS = 6
_STREAMED = ("kinesis", "awslogs")
"""Of an event that a stream hands to a function: where its data is."""
_GZIPPED = "H4sI"
"""How a gzip file begins in base64."""
_MOST_UNPACKED = 1 << 25
_OTLP: dict[str, tuple[type, ...]] = {
    "stringValue": (str,), "boolValue": (bool,), "intValue": (int, str),
    "doubleValue": (int, float),
}  # fmt: skip
_MOST_HEADER = 1_000
"""Characters of a line before its JSON."""
_BLANK = expression(r"\s*")


def unwrapped(
    record: Any, known: Callable[[Mapping[str, Any]], bool], depth: int = _MOST_DEPTH,
    spelling: Spelling | None = None, source: str = "",
) -> Mapping[str, Any] | None:  # fmt: skip
    """The record inside whatever was put around it: the outermost that ``known`` takes for one,
    also where its fields are spelt otherwise than in ``spelling``, or are columns. ``source``: a
    name that some put around records of it."""
    if isinstance(record, str):
        record = _said(record)
    if not isinstance(record, Mapping):
        return None
    plain = _decoded(record)
    spelt = plain if spelling is None else spelling.of(plain)
    if known(spelt):
        return opened(plain, spelt)
    if spelt is not plain and known(plain):
        return opened(plain)
    for name in _wraps(plain, source) if depth else ():
        inner = unwrapped(plain[name], known, depth - 1, spelling, source)
        if inner is not None:
            return inner
    spelt_again = renamed(plain) if depth else None
    if spelt_again is not None:
        return unwrapped(spelt_again, known, 0, spelling, source)
    whole = opened(plain, spelt)
    return whole if whole is not spelt and known(whole) else None


def _wraps(record: Mapping[str, Any], source: str) -> list[str]:
    places: list[tuple[int, str]] = []
    for name, value in record.items():
        if isinstance(name, str) and isinstance(value, (str, Mapping)):
            tail = name.rpartition(".")[2].casefold()
            at = _PLACES.get(tail, len(_PLACES) if tail == source and source else -1)
            if at >= 0:
                places.append((at, name))
    return [name for _, name in sorted(places)]


def _said(text: str) -> Any:
    """JSON, behind the header of a log's line, or packed as Pub/Sub does; None: none of these."""
    if text[:1] == "e" and text[1:2] in "wxyz" and len(text) % 4 == 0:  # begins with a brace
        try:
            return loose_json(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            return None
    found = values_of(text.encode("utf-8", "replace"))
    return found[0] if len(found) == 1 else None


def values_of(line: bytes) -> list[Any]:
    """What a line says: one value, also behind a header (syslog, a container's runtime), or several
    in a row, as an event collector takes them. ``[None]``: no JSON."""
    one = loose_json(line)
    start = line[: _MOST_HEADER + 1].find(b"{")
    if one is not None or start < 0 or not line.rstrip().endswith(b"}"):
        return [one]
    text, found = line[start:].decode("utf-8", "replace").strip(), list[Any]()
    decoder, at = json.JSONDecoder(), 0
    try:
        while at < len(text):
            value, at = decoder.raw_decode(text, at)
            found.append(value)
            at = _BLANK.match(text, at).end()  # type: ignore[union-attr]
    except (ValueError, RecursionError):
        return [None]
    return found if all(isinstance(one, dict) for one in found) else [None]


def has_header(line: bytes) -> bool:
    """Whether JSON stands in a line behind something else."""
    return line.lstrip()[:1] not in (b"{", b"[", b'"') and values_of(line) != [None]


def spread(record: Any, depth: int = _MOST_LISTS) -> Iterator[Any]:
    """The records of a page that a store or a shipper of logs has made: OpenTelemetry's,
    CloudWatch's, Elasticsearch's and Loki's; what is no such page is a record."""
    listed = _inner(record) if isinstance(record, Mapping) and depth else None
    if listed is None and isinstance(record, Mapping) and depth:
        listed = _streamed(record)
    if listed is None:
        yield record
        return
    for one in listed:
        yield from spread(one, depth - 1)


def _streamed(record: Mapping[str, Any]) -> list[Any] | None:
    """What a subscription to CloudWatch Logs puts into a stream: a page, gzipped, in base64
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html). None: it is
    no such record, or grows beyond bounds, and stays what it is."""
    inside = (mapping(record.get(name)).get("data") for name in _STREAMED)
    places = (*inside, record.get("data"), record.get("Data"))
    packed = next((one for one in places if isinstance(one, str) and one[:4] == _GZIPPED), "")
    if not packed:
        return None
    unpacking = zlib.decompressobj(wbits=31)
    try:
        data = unpacking.decompress(base64.b64decode(packed, validate=True), _MOST_UNPACKED)
    except (binascii.Error, ValueError, zlib.error):
        return None
    return values_of(data) if unpacking.eof else None


def _inner(page: Mapping[str, Any]) -> list[Any] | None:
    for name in _LISTS:
        if isinstance(page.get(name), list):
            found: list[Any] = page[name]
            return found
    records = page.get("Records")
    if isinstance(records, list) and any(_of_stream(one) for one in records[:1]):
        return records
    hits = mapping(page.get("hits")).get("hits")
    if isinstance(hits, list):
        return hits
    data = mapping(page.get("data"))
    if data.get("resultType") == "streams" and isinstance(data.get("result"), list):
        return [
            {"message": pair[1]}
            for stream in data["result"]
            for pair in mapping(stream).get("values") or ()
            if isinstance(pair, list) and len(pair) > 1
        ]
    return None


def _of_stream(record: Any) -> bool:
    given = mapping(record)
    return "Data" in given or any(name in given for name in _STREAMED)


def _plain(value: Any, depth: int = _MOST_LISTS) -> Any:
    """What OpenTelemetry's ``AnyValue`` says
    (https://opentelemetry.io/docs/specs/otel/protocol/); anything else as it is."""
    if not isinstance(value, Mapping) or len(value) != 1 or not depth:
        return value
    ((kind, inner),) = value.items()
    if kind in _OTLP and isinstance(inner, _OTLP[kind]):
        return inner
    if kind == "kvlistValue":
        return _by_key(mapping(inner).get("values"), depth - 1)
    if kind == "arrayValue":
        listed = mapping(inner).get("values")
        return [_plain(one, depth - 1) for one in listed] if isinstance(listed, list) else value
    return value


def _by_key(pairs: Any, depth: int) -> dict[str, Any]:
    given = [mapping(one) for one in pairs] if isinstance(pairs, list) else []
    return {
        one["key"]: _plain(one.get("value"), depth)
        for one in given
        if isinstance(one.get("key"), str)
    }


def _decoded(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """With objects and lists where a table, a SIEM or OpenTelemetry has written them otherwise."""
    if "body" in record and isinstance(record["body"], Mapping):
        record = {**record, "body": _plain(record["body"])}
    listed = record.get("attributes")
    if isinstance(listed, list) and listed and "value" in mapping(listed[0]):
        record = {**record, "attributes": _by_key(listed, _MOST_LISTS)}
    found = {
        name: inner
        for name, value in record.items()
        if isinstance(value, str)
        and value[:1] in ("{", "[")
        and isinstance(inner := nested(value), (dict, list))
    }
    return {**record, **found} if found else record
