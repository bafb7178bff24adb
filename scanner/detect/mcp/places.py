"""Where client configuration keeps its servers, whatever the client: found by structure, so a new
client's file needs no new line here unless it uses a new key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scanner.detect.mcp.server import is_server
from scanner.detect.source import walk
from scanner.kit.expressions import expression

Entry = tuple[str, dict[str, Any]]
"""Name and what is said of the server."""

_LISTS = expression(r"(?:^|.*[._])(?:mcp_?servers?|context_?servers|mcpservers)$")
_MOST = 500


def servers_in(document: Any, file_name: str) -> Iterator[Entry]:
    """Every server below ``mcpServers`` and its spellings, ``mcp.servers`` (VS Code, fast-agent),
    ``mcp`` (opencode, Crush), ``servers`` of a file that is called ``mcp.json``, and Goose's
    ``extensions``."""
    count = 0
    for path, value in walk(document):
        if not isinstance(value, dict | list) or not path or not _is_list(path, file_name):
            continue
        for entry in _entries(value, is_goose=path[-1] == "extensions"):
            yield entry
            count += 1
            if count >= _MOST:
                return


def _is_list(path: tuple[str, ...], file_name: str) -> bool:
    key = path[-1].lower().replace("-", "_")
    if _LISTS.match(key):
        return True
    if key == "servers":
        inside = len(path) > 1 and path[-2].lower() in ("mcp", "chat.mcp")
        return inside or (len(path) == 1 and "mcp" in file_name.lower())
    return key == "mcp.servers" or key in ("mcp", "extensions", "mcps")


def _entries(value: Any, *, is_goose: bool) -> Iterator[Entry]:
    if isinstance(value, dict):
        pairs = [(str(name), inner) for name, inner in value.items()]
    else:
        pairs = [
            (str(inner.get("name") or inner.get("id") or ""), inner)
            for inner in value
            if isinstance(inner, dict)
        ]
    for name, inner in pairs:
        if not name or not is_server(inner):
            continue
        if is_goose and inner.get("type") not in ("stdio", "sse", "streamable_http"):
            continue
        yield name, inner
