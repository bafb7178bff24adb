"""A part of the graph as a drawing in words: Mermaid (https://mermaid.js.org/syntax/flowchart.html)
and DOT (https://graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Row = Mapping[str, str | int]
Nodes = Sequence[tuple[str, Row]]
Edges = Sequence[tuple[str, str, Row]]
MOST = 400
"""Nodes of a Mermaid drawing; its renderers refuse more than 500 edges by default."""
_LONGEST = 80
_SHAPES = {
    "account": ("[[", "]]"),
    "asset": ("[", "]"),
    "credential": ("{{", "}}"),
    "data_store": ("[(", ")]"),
    "identity": ("([", "])"),
    "provider": ("((", "))"),
}
_DOT_SHAPES = {
    "account": "folder", "asset": "box", "credential": "hexagon", "data_store": "cylinder",
    "identity": "ellipse", "provider": "doublecircle",
}  # fmt: skip


def mermaid(nodes: Nodes, edges: Edges, notes: Sequence[str] = ()) -> bytes:
    """A flowchart from left to right. What does not fit is counted in a comment."""
    shown = list(nodes[:MOST])
    names = {ident: f"n{place}" for place, (ident, _) in enumerate(shown)}
    lines = ["flowchart LR", *(f"  %% {_mermaid_text(note)}" for note in notes)]
    for ident, row in shown:
        begin, end = _SHAPES.get(str(row["type"]), ("[", "]"))
        lines.append(f'  {names[ident]}{begin}"{_mermaid_text(_title(row))}"{end}')
    drawn = [one for one in edges if one[0] in names and one[1] in names][:MOST]
    for source, target, row in drawn:
        lines.append(f'  {names[source]} -->|"{_mermaid_text(_verb(row))}"| {names[target]}')
    if len(nodes) > len(shown) or len(edges) > len(drawn):
        lines.append(f"  %% {len(nodes) - len(shown)} nodes and {len(edges) - len(drawn)} edges "
                     "are left out")  # fmt: skip
    return "\n".join(lines).encode() + b"\n"


def dot(nodes: Nodes, edges: Edges, notes: Sequence[str] = ()) -> bytes:
    names = {ident: f"n{place}" for place, (ident, _) in enumerate(nodes)}
    said = (f"// {''.join(c if c.isprintable() else ' ' for c in note)}" for note in notes)
    lines = [*said, "digraph shadow_ai {", "  rankdir=LR;", "  node [shape=box];"]
    for ident, row in nodes:
        shape = _DOT_SHAPES.get(str(row["type"]), "box")
        lines.append(
            f'  {names[ident]} [label="{_dot_text(_title(row))}", shape={shape}, '
            f'tooltip="{_dot_text(ident)}"];'
        )
    for source, target, row in edges:
        style = ", style=dashed" if row["confidence"] in ("low", "medium") else ""
        lines.append(
            f'  {names[source]} -> {names[target]} [label="{_dot_text(_verb(row))}"{style}];'
        )
    lines.append("}")
    return "\n".join(lines).encode() + b"\n"


def _title(row: Row) -> str:
    said = str(row["label"])
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _verb(row: Row) -> str:
    sure = str(row["confidence"])
    words = str(row["relation"]).replace("_", " ")
    return words if sure in ("certain", "high") else f"{words} ({sure})"


def _mermaid_text(text: str) -> str:
    """Everything but letters, digits and a few marks as a character reference: nothing in it is
    markup, a quote, or a line's end."""
    return "".join(c if c.isalnum() or c in " .-_/:@()" else f"#{ord(c)};" for c in text)


def _dot_text(text: str) -> str:
    """In a quoted string; a backslash starts an escape there."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain.replace("\\", "\\\\").replace('"', '\\"')
