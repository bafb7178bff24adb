"""GraphML in pieces: the whole of a large company's graph is gigabytes as one document, and several
times that as the tree which networkx makes of it first (http://graphml.graphdrawing.org/specification.html;
what it writes, networkx and others read).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from xml.sax.saxutils import escape, quoteattr

from scanner.graph.build import AssetGraph
from scanner.graph.part import EDGE_FIELDS, NODE_FIELDS, Part, edge_row, node_row
from scanner.graph.tabular import visible
from scanner.graph.xml_text import comments, told
from scanner.model.base import NodeId

_AT_ONCE = 500
_HEAD = (
    "<?xml version='1.0' encoding='utf-8'?>\n",
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns '
    'http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">\n',
)
_CONTROLS = {"\n": "&#10;", "\r": "&#13;", "\t": "&#09;"}


def pieces(graph: AssetGraph, part: Part) -> Iterator[bytes]:
    """The document of ``part``, a few hundred things at a time."""
    yield (_HEAD[0] + comments(part.notes) + _HEAD[1]).encode()
    said = {key: value for row in part.said.values() for key, value in row.items()}
    nodes = {**NODE_FIELDS, **{key: type(value) for key, value in said.items()}}
    keys = [("edge", EDGE_FIELDS), ("node", nodes)]
    for of, fields in keys:
        for name, kind in fields.items():
            yield _key(of, name, kind).encode()
    yield b'  <graph edgedefault="directed">\n'
    yield from _together(_node(graph, ident, part) for ident in _things(part))
    yield from _together(
        _element(
            f"edge source={_attribute(source)} target={_attribute(target)} "
            f"id={_attribute(edge.key)}",
            "edge",
            edge_row(graph, edge),
        )
        for source, target, edge in part.edges
    )
    yield b"  </graph>\n</graphml>\n"


def _things(part: Part) -> Iterator[NodeId]:
    """Also those that edges alone name."""
    known = set(part.nodes)
    yield from part.nodes
    for source, target, _ in part.edges:
        for end in (source, target):
            if end not in known:
                known.add(end)
                yield end


def _node(graph: AssetGraph, ident: NodeId, part: Part) -> str:
    return _element(f"node id={_attribute(ident)}", "node", node_row(graph, ident, part))


def _key(of: str, name: str, kind: type) -> str:
    word = "long" if kind is int else "string"
    name = quoteattr(name)
    return f'  <key id={name} for="{of}" attr.name={name} attr.type="{word}" />\n'


def _element(opening: str, name: str, row: Mapping[str, str | int]) -> str:
    inner = "".join(
        f"      <data key={quoteattr(key)}>{escape(told(str(value)), {chr(13): '&#13;'})}</data>\n"
        for key, value in row.items()
    )
    return f"    <{opening}>\n{inner}    </{name}>\n"


def _attribute(text: str) -> str:
    return quoteattr(visible(text), _CONTROLS)


def _together(elements: Iterable[str]) -> Iterator[bytes]:
    rest = iter(elements)
    while some := "".join(islice(rest, _AT_ONCE)):
        yield some.encode()
