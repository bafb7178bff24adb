"""MCP servers in configuration: clients' lists, the registry's ``server.json``, bundles, Smithery,
containers of Docker's catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from scanner.detect.knowledge import Knowledge
from scanner.detect.mcp.places import servers_in
from scanner.detect.mcp.server import Server, host_of, plain, server_of, slug
from scanner.detect.source import Found, Reader, SourceFile, by_name, by_suffix
from scanner.kit.expressions import expression
from scanner.model.facts import AssetClass
from scanner.model.items import HitKind

_LITERALS = (
    b"mcpserver", b"mcp_server", b"mcp-server", b"context_server", b'"mcp"', b'"mcp.servers"',
    b"mcp:", b"[mcp", b"mcps",
)  # fmt: skip


def found_server(
    name: str,
    server: Server,
    start: int,
    knowledge: Knowledge,
    *,
    role: str = "",
    end: int = -1,
) -> Found:
    """``role``: ``server`` where this repository is the server, empty where it only uses it."""
    whole = str(name)  # a key of YAML may be a number
    name = plain(whole)
    shown = " ".join(v for k, v in server.tags() if k in ("command", "package", "host"))
    tags = (*server.tags(), ("role", role)) if role else server.tags()
    return Found(
        kind=HitKind.MCP_SERVER,
        label=name,
        start=start,
        end=end if end >= 0 else start + len(name.encode()),
        provider=server.provider(knowledge),
        rule="mcp-server",
        preview=f"{name}: {shown}" if shown else name,
        part=f"mcp/{slug(whole)}",
        asset_class=AssetClass.MCP_SERVER,
        name=name,
        tags=tags,
    )


def with_protocol(servers: Iterable[Found]) -> Iterator[Found]:
    """The servers, and, once a file, evidence that the protocol is in use."""
    is_first = True
    for server in servers:
        if is_first:
            start = server.start
            yield Found(HitKind.MCP_SERVER, "MCP servers", start, start, provider="mcp")
            is_first = False
        yield server


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    if source.suffix in (".yaml", ".yml"):
        documents: tuple[Any, ...] = source.yaml if _YAML_KEY.search(source.data) else ()
    else:
        documents = (source.toml if source.suffix == ".toml" else source.json,)
    at = 0
    for document in documents:
        for name, value in servers_in(document, source.name):
            at = _key(source, name, at)
            yield found_server(name, server_of(value), at, knowledge)


_YAML_KEY = expression(
    rb"(?m)^[ \t]{0,20}(?:\"?[\w.-]{0,20}(?:mcp|context)[_-]?servers?\"?|mcps?|extensions):"
    rb"[ \t\r]{0,4}$",
    re.I,
)
"""What must stand in a stream before it is worth parsing."""


def _key(source: SourceFile, name: str, after: int) -> int:
    """Where the name stands as a key or as a value of ``name``, at or behind ``after``."""
    raw = re.escape(name.encode("utf-8", "surrogatepass"))
    as_key = re.compile(
        rb"[\"']" + raw + rb"[\"'](?=\s{0,20}:)|(?<=\.)[\"']?" + raw + rb"(?=[\"']?\])"
        rb"|(?<![\w-])" + raw + rb"(?=\s{0,4}:)|(?<=name:)\s{1,4}[\"']?" + raw
    )
    for start in (after, 0):
        found = as_key.search(source.data, start)
        if found:
            return found.start() + (found[0][:1] in (b'"', b"'"))
    return source.find(name, after)


def _registry(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``server.json``: https://github.com/modelcontextprotocol/registry"""
    document = source.json
    name = document.get("name") if isinstance(document, dict) else None
    if not isinstance(name, str) or not name:
        return
    packages, remotes = (_maps(document.get(key)) for key in ("packages", "remotes"))
    if not packages and not remotes:
        return
    first = packages[0] if packages else {}
    kind = plain(first.get("registryType") or first.get("registry_type"), 20)
    package = plain(first.get("identifier") or first.get("name"))
    host, path = host_of(str(remotes[0].get("url") or "")) if remotes else ("", "")
    variables = _maps(first.get("environmentVariables") or first.get("environment_variables"))
    names = (str(v.get("name")) for v in variables if isinstance(v.get("name"), str))
    server = Server(
        transport=plain((remotes[0] if remotes else {}).get("type"), 20) or "stdio",
        package=f"{_ECOSYSTEMS.get(kind, kind)}:{package}" if package else "",
        version=plain(first.get("version"), 60),
        host=host,
        path=path,
        env=tuple(sorted(n for n in names if re.fullmatch(r"\w{1,80}", n))),
    )
    yield found_server(name, server, source.find(name), knowledge, role="server")


_ECOSYSTEMS = {"oci": "image", "pypi": "pypi", "npm": "npm", "nuget": "nuget", "mcpb": "mcpb"}


def _bundle(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``manifest.json`` of an MCP bundle: https://github.com/modelcontextprotocol/mcpb"""
    document = source.json
    if not isinstance(document, dict) or not isinstance(document.get("server"), dict):
        return
    name, held = document.get("name"), document["server"].get("mcp_config")
    if (
        isinstance(name, str)
        and name
        and (isinstance(held, dict) or "entry_point" in document["server"])
    ):
        server = server_of(held if isinstance(held, dict) else {})
        yield found_server(name, server, source.find(name), knowledge, role="server")


def _smithery(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``smithery.yaml``: https://smithery.ai/docs/build/project-config"""
    document = source.yaml[0] if source.yaml else None
    if isinstance(document, dict) and ("startCommand" in document or "runtime" in document):
        start = document.get("startCommand")
        said = start.get("type") if isinstance(start, dict) else ""
        name = own_name(source.path)
        yield found_server(
            name, Server(transport=plain(said, 20) or "http"), 0, knowledge, role="server", end=0
        )


def own_name(path: str) -> str:
    """A server that does not say its name is called after its file, or after its folder where the
    file is called like everybody's."""
    *folders, last = path.split("/")
    stem = last.partition(".")[0].lower()
    if stem not in _COMMON:
        return stem
    kept = [folder for folder in folders if folder.lower() not in _COMMON]
    return kept[-1] if kept else "server"


_COMMON = frozenset(
    {"smithery", "server", "main", "index", "app", "program", "mod", "lib", "src", "__init__",
     "__main__", "mcp_server", "mcp", "cli", "source"}
)  # fmt: skip


_IMAGE = expression(
    rb"image[\"']?:[ \t]{0,4}[\"']?(mcp/([\w.-]{1,80})(?::([\w.-]{1,80}))?)(?![\w/])"
)


def _containers(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Images of Docker's MCP catalogue: https://hub.docker.com/mcp"""
    for match in _IMAGE.finditer(source.data):
        name, tag = match[2].decode(), (match[3] or b"").decode()
        server = Server(package=f"image:mcp/{name}", version=tag)
        yield found_server(name, server, match.start(1), knowledge)


def _maps(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _reader(
    name: str,
    matches: Callable[[str], bool],
    read: Callable[[SourceFile, Knowledge], Iterator[Found]],
    literals: tuple[bytes, ...] = (),
) -> Reader:
    return Reader(name, matches, lambda source, known: with_protocol(read(source, known)), literals)


READERS = (
    _reader(
        "mcp-config",
        by_suffix(".json", ".jsonc", ".json5", ".code-workspace", ".toml"),
        _read,
        literals=(*_LITERALS, b'"servers"'),
    ),
    _reader("mcp-config-yaml", by_suffix(".yaml", ".yml"), _read, literals=(*_LITERALS, b"cmd:")),
    _reader(
        "mcp-registry", by_name(r"server\.json"), _registry,
        literals=(b'"packages"', b'"remotes"'),
    ),
    _reader(
        "mcp-bundle", by_name(r"manifest\.json"), _bundle,
        literals=(b"mcp_config", b"dxt_version", b"mcpb"),
    ),
    _reader("smithery", by_name(r"smithery\.ya?ml"), _smithery),
    _reader("mcp-images", by_suffix(".yaml", ".yml"), _containers, literals=(b"mcp/",)),
)  # fmt: skip
