"""Write a graph, or a part of it, for other tools. Equal graphs give equal bytes; names that come
from outside are data in every format, never syntax."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

from scanner.graph import graphml
from scanner.graph.build import AssetGraph
from scanner.graph.drawn import dot, mermaid
from scanner.graph.part import Part, edge_row, node_row, to_networkx, whole
from scanner.graph.tabular import csv_files, cypher, visible, zipped
from scanner.graph.xml_text import comments, told
from scanner.model.errors import ConfigError

if TYPE_CHECKING:
    import networkx as nx

T = TypeVar("T")


def export(graph: AssetGraph, form: str, part: Part | None = None) -> bytes:
    """``part`` (None: the whole) as bytes of one of ``FORMATS``."""
    if form not in FORMATS:
        raise ConfigError(f"graph format `{form}`: not one of {', '.join(FORMATS)}")
    return _WRITERS[form](graph, part or whole(graph))


def _json(graph: AssetGraph, part: Part) -> bytes:
    import networkx as nx

    data = nx.node_link_data(to_networkx(graph, part), edges="edges")
    return json.dumps(data, indent=1, sort_keys=True).encode() + b"\n"


def _graphml(graph: AssetGraph, part: Part) -> bytes:
    return b"".join(graphml.pieces(graph, part))


def _gexf(graph: AssetGraph, part: Part) -> bytes:
    import networkx as nx

    out = BytesIO()
    nx.write_gexf(_for_xml(to_networkx(graph, part)), out)
    return _noted(out.getvalue(), part)


def _noted(document: bytes, part: Part) -> bytes:
    """With its notes as comments after the declaration."""
    head, line, rest = document.partition(b"\n")
    return head + line + comments(part.notes).encode("utf-8", "replace") + rest


def _rows(
    graph: AssetGraph, part: Part
) -> tuple[
    list[tuple[str, Mapping[str, str | int]]], list[tuple[str, str, Mapping[str, str | int]]]
]:
    """Nodes (also the ends that only edges name) and edges, flat."""
    ends = {end for source, target, _ in part.edges for end in (source, target)}
    nodes = [(ident, node_row(graph, ident, part)) for ident in sorted({*part.nodes, *ends})]
    edges: list[tuple[str, str, Mapping[str, str | int]]] = [
        (source, target, {**edge_row(graph, edge), "key": edge.key})
        for source, target, edge in part.edges
    ]
    return nodes, edges  # type: ignore[return-value]


_WRITERS: dict[str, Callable[[AssetGraph, Part], bytes]] = {
    "graphml": _graphml,
    "gexf": _gexf,
    "json": _json,
    "mermaid": lambda graph, part: mermaid(*_rows(graph, part), part.notes),
    "dot": lambda graph, part: dot(*_rows(graph, part), part.notes),
    "cypher": lambda graph, part: cypher(*_rows(graph, part), part.notes),
    "csv": lambda graph, part: zipped(csv_files(*_rows(graph, part), part.notes)),
}
FORMATS = tuple(_WRITERS)


def files(graph: AssetGraph, part: Part | None = None) -> dict[str, bytes]:
    """``nodes.csv`` and ``edges.csv``, for who wants them apart; ``notes.txt`` where there are."""
    part = part or whole(graph)
    return csv_files(*_rows(graph, part), part.notes)


def _for_xml(view: nx.MultiDiGraph[str]) -> nx.MultiDiGraph[str]:
    """Hostile names may hold what XML cannot; what is told apart by it stays so."""
    import networkx as nx

    clean: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for ident, attributes in view.nodes(data=True):
        clean.add_node(visible(ident), **_texts(attributes))
    for source, target, key, attributes in view.edges(keys=True, data=True):
        clean.add_edge(visible(source), visible(target), key=visible(key), **_texts(attributes))
    return clean


def _texts(attributes: Mapping[str, T]) -> dict[str, T]:
    return {key: _text(value) for key, value in attributes.items()}


def _text(value: T) -> T:
    return told(value) if isinstance(value, str) else value  # type: ignore[return-value]
