"""Hosts in fields that no format knows: who asked is known from the line, whom only by a text.

A field that tells where somebody came from, or who it was, names no host that was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from msgspec.structs import replace

from connectors.logs.formats import formats
from connectors.logs.lines import Named, hosts_in
from connectors.logs.pieces import beside
from connectors.logs.records import Record

_NOT_ASKED = re.compile(
    r"refer|origin|agent|mail|user|upn|account|issuer|subject|signature|rule|policy|categor|prompt|"
    r"cookie|query_?string|param|args|redirect|title|body|context|(?<!re)source|(?:^|[._-])src"
)
"""In names of fields."""
_EMAIL = re.compile(r"(?<![/:\w.+-])[\w.+-]+@[\w.-]+")
_NO_HOST = re.compile(r"\+https?://[^\s\"'<>]*|[?#][^\s\"'<>]*|(?<![^\s\"'=(\[,])/(?!/)[^\s\"'<>]*")
"""What a robot says of itself, a URL's query, a path."""
_MOST_VALUE = 1 << 16
_TRACES = re.compile(rb"(?:gen_ai\.|llm_provider|ai[_-]proxy\"?|modelinvocationlog)$", re.I)
_GENERIC = frozenset({"json", "table", "key-value", "nginx-json", "nginx-json-short"})
_OF_ASKED = ("host", "url", "path", "dst", "app", "program", "provider", "model")
"""Fields that may name what was asked, also where another name of the field is taken."""


def is_generic(record: Record) -> bool:
    """Whether its fields are known by common names alone: the ``host`` of such a line may be who
    wrote it."""
    return record.format in _GENERIC


def is_silent(records: Iterable[Record]) -> bool:
    """Whether a line with names tells no host by its name. An application, or a model, that led to
    nothing says nothing of the host."""
    return not any(one.host and not _is_address(one.host) for one in records)


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


@cache
def _never() -> frozenset[str]:
    """Names by which the generic formats know who asked, and how."""
    return frozenset(
        name
        for one in formats()
        if one.name in _GENERIC
        for field, names in one.fields.items()
        if field not in _OF_ASKED
        for name in names
    )


def hosts_of(named: Named, *, without: frozenset[str] = frozenset()) -> Iterator[Record]:
    """What else is named in a line. ``without``: names of fields that were looked at otherwise."""
    seen: set[tuple[str, int, str]] = set()
    record, values = named.record, named.names
    if named.text:
        values = {**values, "": beside(named.text)}
    never = _never() if is_generic(record) else frozenset()
    for name, value in values.items():
        if not isinstance(value, str) or "." not in value or _NOT_ASKED.search(name):
            continue
        if name in never or name in without:
            continue
        text = _NO_HOST.sub(" ", _EMAIL.sub(" ", value[:_MOST_VALUE]))
        for found in hosts_in(text):
            key = (found.host.lower(), found.port, found.path)
            if key in seen:
                continue
            seen.add(key)
            yield replace(
                record, format="text", host=found.host, port=found.port or record.port,
                path=found.path or record.path, is_name=found.is_name, is_joined=False,
                is_alias=False, count=1,
            )  # fmt: skip


def is_trace(before: bytes) -> bool:
    """Whether what was found is a word of AI gateways' logs and traces; ``before``: what stands
    before its end."""
    return _TRACES.search(before) is not None
