"""MCP servers and clients in source code, and remote servers that an API call is given as tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from scanner.detect.knowledge import Knowledge
from scanner.detect.manifests.text import bracketed
from scanner.detect.mcp.languages import FLUENT, SDKS, WINDOW, Sdk
from scanner.detect.mcp.server import Server, host_of
from scanner.detect.readers.mcp import found_server, own_name, with_protocol
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.kit.expressions import expression
from scanner.model.items import HitKind

_SUFFIXES = tuple(sorted({suffix for sdk in SDKS for suffix in sdk.suffixes}))


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    for sdk in SDKS:
        if source.suffix in sdk.suffixes and _is_used(source, sdk):
            yield from with_protocol(_servers(source, sdk, knowledge))
            yield from _clients(source, sdk)


def _is_used(source: SourceFile, sdk: Sdk) -> bool:
    """Whether the SDK's import is there, and is not of a module of the same name beside it."""
    if not source.own_modules:
        return sdk.needs.search(source.data) is not None
    statements = islice(sdk.needs.finditer(source.data), _MOST_IMPORTS)
    return any(not _is_own(source, found[0]) for found in statements)


def _is_own(source: SourceFile, statement: bytes) -> bool:
    """``statement``: begins ``from x`` or ``import x``."""
    module = statement.split(maxsplit=2)[1:2]
    name = module[0].partition(b".")[0].decode("utf-8", "replace") if module else ""
    return name in source.own_modules


def _servers(source: SourceFile, sdk: Sdk, knowledge: Knowledge) -> Iterator[Found]:
    imported: dict[bytes, bool] = {}
    for match in islice(sdk.servers.finditer(source.data), _MOST_SERVERS):
        group = match.lastindex
        if group and not _is_imported(source, sdk, match[0], match[group], imported):
            continue
        end = match.end() + WINDOW
        if source.suffix not in FLUENT:
            end = bracketed(source.data, match.end(), WINDOW)
        named = sdk.name.search(source.data[match.end() : end])
        group = named.lastindex if named else None
        if named and group:
            start = match.end() + named.start(group)
            name = named[group].decode("utf-8", "replace")
        else:
            start, name = match.start(), own_name(source.path)
        yield found_server(name, Server(), start, knowledge, role="server")


def _clients(source: SourceFile, sdk: Sdk) -> Iterator[Found]:
    imported: dict[bytes, bool] = {}
    seen: set[bytes] = set()
    for match in sdk.clients.finditer(source.data):
        group = match.lastindex or 0
        if match[group] in seen or not _is_imported(source, sdk, match[0], match[group], imported):
            continue
        seen.add(match[group])
        yield Found(HitKind.CLIENT, match[group].decode(), match.start(group), provider="mcp")


def _is_imported(
    source: SourceFile, sdk: Sdk, written: bytes, name: bytes, known: dict[bytes, bool]
) -> bool:
    """In Python a class must come from one of the SDK's modules: many have a ``Server``. ``known``:
    answers so far."""
    if source.suffix != ".py" or b"." in written:
        return True
    if name not in known:
        module = sdk.needs.pattern.rpartition(b"(?:from|import)[ \\t]{1,4}")[2]
        statement = re.compile(
            rb"(?m)^[ \t]{0,20}from[ \t]{1,4}"
            + module
            + rb"[\w.]{0,100}[ \t]{1,4}import[ \t]{1,4}(\([^)]{0,4000}\)|[^\n]{1,1000})"
        )
        word = re.compile(rb"\b" + re.escape(name) + rb"\b")
        statements = islice(statement.finditer(source.data), _MOST_IMPORTS)
        known[name] = any(
            word.search(found[1]) and not _is_own(source, found[0]) for found in statements
        )
    return known[name]


_MOST_SERVERS = 200
"""Of one file."""
_MOST_IMPORTS = 500


_LABELLED = expression(r"server_label[\"']?\s{0,4}[:=]\s{0,4}[\"']([^\"'\n{}$]{1,80})[\"']", re.I)
_SERVER_URL = expression(
    r"server_url[\"']?\s{0,4}[:=]\s{0,4}[\"'](https?://[^\"'\s{}]{1,300})[\"']", re.I
)


def _hosted(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``{"type": "mcp", "server_label": ..., "server_url": ...}``:
    https://platform.openai.com/docs/guides/tools-remote-mcp"""
    for match in _LABELLED.finditer(source.text):
        around = source.text[max(0, match.start() - 400) : match.end() + 400]
        url = _SERVER_URL.search(around)
        host, path = host_of(url[1]) if url else ("", "")
        server = Server(transport="http", host=host, path=path)
        yield found_server(match[1], server, match.start(1), knowledge)


def _read_hosted(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    yield from with_protocol(_hosted(source, knowledge))


READERS = (
    Reader("mcp-code", by_suffix(*_SUFFIXES), read, literals=(b"mcp", b"modelcontextprotocol")),
    Reader("mcp-hosted", by_suffix(*_SUFFIXES, ".json", ".yaml", ".yml", ".ipynb"), _read_hosted,
           literals=(b"server_label",)),
)  # fmt: skip
