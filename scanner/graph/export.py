"""Write the graph for other tools: GraphML, GEXF, node-link JSON, DOT-free and dependency-free."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

from scanner.graph.build import AssetGraph
from scanner.model.errors import ConfigError

if TYPE_CHECKING:
    import networkx as nx

FORMATS = ("graphml", "gexf", "json")
T = TypeVar("T")
_CONTROL = {c: "\N{REPLACEMENT CHARACTER}" for c in range(32) if c not in (9, 10, 13)}


def export(graph: AssetGraph, form: str) -> bytes:
    """The graph as bytes of one of ``FORMATS``; equal graphs give equal bytes."""
    import networkx as nx

    view = graph.to_networkx()
    if form == "json":
        data = nx.node_link_data(view, edges="edges")
        return json.dumps(data, indent=1, sort_keys=True).encode() + b"\n"
    if form not in FORMATS:
        raise ConfigError(f"graph format `{form}`: not one of {', '.join(FORMATS)}")
    clean = _without_control_characters(view)
    out = BytesIO()
    if form == "graphml":
        nx.write_graphml(clean, out, named_key_ids=True)
    else:
        nx.write_gexf(clean, out)
    return out.getvalue()


def _without_control_characters(view: nx.MultiDiGraph[str]) -> nx.MultiDiGraph[str]:
    """XML 1.0 cannot hold them, and a hostile name may."""
    import networkx as nx

    clean: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for ident, attributes in view.nodes(data=True):
        clean.add_node(_text(ident), **{k: _text(v) for k, v in attributes.items()})
    for source, target, key, attributes in view.edges(keys=True, data=True):
        values = {k: _text(v) for k, v in attributes.items()}
        clean.add_edge(_text(source), _text(target), key=_text(key), **values)
    return clean


def _text(value: T) -> T:
    return value.translate(_CONTROL) if isinstance(value, str) else value  # type: ignore[return-value]
