"""What people write for a node -> the nodes that they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from scanner.graph.build import AssetGraph
from scanner.graph.exposed import matters
from scanner.model.base import NodeId
from scanner.model.errors import ConfigError
from scanner.model.facts import (
    Account,
    Asset,
    Credential,
    DataStore,
    Identity,
    NodeFact,
    RegistryNode,
)

_TYPES: dict[str, Callable[[NodeFact], bool]] = {
    "account": lambda node: isinstance(node, Account),
    "ai": lambda node: isinstance(node, Asset) and node.is_ai,
    "asset": lambda node: isinstance(node, Asset),
    "credential": lambda node: isinstance(node, Credential),
    "datastore": lambda node: isinstance(node, DataStore),
    "entry": lambda node: isinstance(node, RegistryNode),
    "identity": lambda node: isinstance(node, Identity),
}
_WORDS: dict[type, str] = {DataStore: "data_store", RegistryNode: "registry_entry"}
_SHOWN = 8


def type_of(node: NodeFact | None, ident: NodeId) -> str:
    """``asset``, ``data_store`` ...; ``provider`` and ``unknown`` for what no source describes."""
    if node is not None:
        return _WORDS.get(type(node)) or type(node).__name__.lower()
    return "provider" if ident.startswith("provider:") else "unknown"


def label(graph: AssetGraph, ident: NodeId) -> str:
    """The name that people use."""
    node = graph.node(ident)
    if node is not None:
        return node.name or ident
    return ident.partition(":")[2] if ident.startswith("provider:") else ident


def every(graph: AssetGraph) -> Iterator[NodeId]:
    """All nodes in order of id, also the ends that no source describes."""
    ends = {end for edge in graph.edges.values() for end in (edge.source, edge.target)}
    yield from sorted({*graph.nodes, *ends})


def named(graph: AssetGraph, text: str) -> list[NodeId]:
    """By id; by name; ``datastore:NAME`` by type and name or id; ``datastore:*`` all of a type;
    ``sensitive:*`` all stores of sensitive data. Names may be globs. A provider is called by its
    whole name: ``provider:aws_bedrock`` is not ``provider:aws_bedrock_agentcore``.

    Raises ``ConfigError`` when nothing is called so.
    """
    known = list(every(graph))
    inside = frozenset(known)
    if text in inside:
        return [NodeId(text)]
    kind, mark, rest = text.partition(":")
    test = _TYPES.get(kind) if mark else None
    if mark and kind == "sensitive":
        test = _sensitive(graph)
    if test is not None and kind == "datastore":
        test = _store(graph)
    pool = [n for n in known if test is None or _is(graph, n, test)]
    wanted = rest if test is not None else text
    exact = [n for n in pool if wanted in (n, label(graph, n))]
    if exact:
        return exact
    if kind == "provider" and mark:
        found = [n for n in known if n.startswith("provider:") and fnmatchcase(n, text.casefold())]
    else:
        found = [n for n in pool if _fits(wanted, n, label(graph, n))]
    if not found:
        raise ConfigError(f"`{text}`: no node of the graph is called so; {_near(wanted, known)}")
    return found


def taken_for(graph: AssetGraph, text: str, found: list[NodeId]) -> str:
    """What to say where ``named`` has taken a part of a name for it; empty: it is called so, or a
    glob."""
    wanted = text.partition(":")[2] if text.partition(":")[0] in (*_TYPES, "sensitive") else text
    is_so = any(mark in text for mark in "*?[") or any(
        one in (text, wanted) or label(graph, one) == wanted for one in found
    )
    if is_so:
        return ""
    shown = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
    return f"nothing is called `{text}`; it was taken for {shown}"


def one(graph: AssetGraph, text: str) -> NodeId:
    """The one node that is meant, for questions about one; several sources' views of a thing are
    one. Raises ``ConfigError``."""
    found = list(dict.fromkeys(graph.entities.of(ident) for ident in named(graph, text)))
    if len(found) > 1:
        shown = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        raise ConfigError(f"`{text}` may be any of {len(found)}: {shown}; give the whole id")
    return found[0]


def one_view(graph: AssetGraph, text: str) -> NodeId:
    """The same as one source shows it: of several that are one thing, the one that is called so."""
    if graph.node(NodeId(text)) is not None:
        return NodeId(text)
    whole = one(graph, text)
    kind, mark, rest = text.partition(":")
    wanted = rest if mark and kind in _TYPES else text
    views = [
        ident for ident in graph.entities.all_of(whole) if _fits(wanted, ident, label(graph, ident))
    ]
    return views[0] if len(views) == 1 else whole


def _store(graph: AssetGraph) -> Callable[[NodeFact], bool]:
    return lambda node: graph.is_store(node.id)


def _sensitive(graph: AssetGraph) -> Callable[[NodeFact], bool]:
    return lambda node: matters(graph, node.id)


def _is(graph: AssetGraph, ident: NodeId, test: Callable[[NodeFact], bool]) -> bool:
    node = graph.node(ident)
    return node is not None and test(node)


def _fits(wanted: str, ident: NodeId, name: str) -> bool:
    glob = wanted.casefold()
    texts = (ident.casefold(), name.casefold())
    if any(mark in glob for mark in "*?["):
        return any(fnmatchcase(text, glob) for text in texts)
    return any(glob in text for text in texts)


def _near(wanted: str, known: list[NodeId]) -> str:
    import difflib

    close = difflib.get_close_matches(wanted, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return "`shadow-ai graph export --format json` lists all"
