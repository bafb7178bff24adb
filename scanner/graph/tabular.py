"""A part of the graph for graph databases: openCypher statements, and two CSV files.

The statements are of openCypher's common part, and load into Neo4j and FalkorDB; loading them twice
changes nothing. The files have one header line, and load with Neo4j's ``LOAD CSV`` and Ladybug's
``COPY``. Two ids are never written alike: characters that are
not printed, and spaces at an end, are spelled out in them.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence

from scanner.graph.drawn import Edges, Nodes, Row

_LABELS = {
    "account": "Account", "asset": "Asset", "credential": "Credential", "data_store": "DataStore",
    "identity": "Identity", "provider": "Provider", "registry_entry": "RegistryEntry",
    "unknown": "Unknown",
}  # fmt: skip
NODE_COLUMNS = (
    "id", "type", "kind", "label", "provider", "account", "region", "environment", "asset_class",
    "status", "issuer", "hint", "email", "classification", "store_class", "principal_type",
    "created_at", "last_used_at", "first_at", "is_ai", "exposure", "data_classes", "also",
    "evidence", "owner", "team", "basis", "owner_confidence", "risk",
    "business_unit", "risk_tier",
)  # fmt: skip
EDGE_COLUMNS = (
    "source", "target", "relation", "confidence", "detail", "rules", "sources", "first_at",
    "last_at", "evidence", "key",
)  # fmt: skip
_EPOCH = (1980, 1, 1, 0, 0, 0)
_IDS = frozenset({"id", "source", "target", "key"})


def cypher(nodes: Nodes, edges: Edges, notes: Sequence[str] = ()) -> bytes:
    """One statement a line. Every node has the label ``Node`` and that of its type, AI assets
    ``AI`` too; a relation is a type in capitals, and several between two things are told apart by
    their ``key``."""
    said = "".join(f"/* {_one_line(note).replace('*/', '* /')} */ " for note in notes)
    lines = [f"{said}CREATE INDEX FOR (n:Node) ON (n.id);"]
    for ident, row in nodes:
        labels = f":Node:{_LABELS.get(str(row['type']), 'Unknown')}"
        labels += ":AI" if row.get("is_ai") else ""
        lines.append(f"MERGE (n:Node {{id: {_named(ident)}}}) SET n{labels[5:]}, {_set('n', row)};")
    for source, target, row in edges:
        lines.append(
            f"MATCH (a:Node {{id: {_named(source)}}}), (b:Node {{id: {_named(target)}}}) "
            f"MERGE (a)-[r:{str(row['relation']).upper()} {{key: {_named(str(row['key']))}}}]->(b) "
            f"SET {_set('r', row)};"
        )
    return "\n".join(lines).encode() + b"\n"


def _set(name: str, row: Row) -> str:
    return ", ".join(
        f"{name}.{key} = {value if isinstance(value, int) else _quoted(value)}"
        for key, value in row.items()
        if key not in ("relation", "key")
    )


def visible(text: str) -> str:
    """An id for others' files: what is not printed, and spaces at its ends, which databases trim,
    as ``\\u{200b}``. Reversible, as a text that looks so already has its backslash spelled out
    (``\\u{5c}``)."""
    bare = text.strip(" ")
    if bare == text and text.isprintable() and "\\u{" not in text:
        return text
    plain = text.replace("\\u{", "\\u{5c}u{")
    first, last = len(plain) - len(plain.lstrip(" ")), len(plain.rstrip(" "))
    return "".join(
        c if c.isprintable() and first <= place < last else f"\\u{{{ord(c):x}}}"
        for place, c in enumerate(plain)
    )


def _named(ident: str) -> str:
    return _quoted(visible(ident))


def _quoted(text: str) -> str:
    """A string literal on one line, whatever the text holds."""
    plain = text.encode("utf-8", "replace").decode()
    escaped = plain.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(c if c.isprintable() else _ESCAPES.get(c, " ") for c in escaped) + "'"


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\u00a0": " "}


def csv_files(nodes: Nodes, edges: Edges, notes: Sequence[str] = ()) -> dict[str, bytes]:
    """By name."""
    told = "".join(f"{_one_line(note)}\n" for note in notes).encode("utf-8", "replace")
    return {
        "nodes.csv": _table(NODE_COLUMNS, ({"id": ident, **row} for ident, row in nodes)),
        "edges.csv": _table(
            EDGE_COLUMNS,
            ({"source": source, "target": target, **row} for source, target, row in edges),
        ),
        **({"notes.txt": told} if notes else {}),
    }


def _table(columns: tuple[str, ...], rows: object) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for row in rows:  # type: ignore[attr-defined]
        writer.writerow([_cell(row, column) for column in columns])
    return out.getvalue().encode("utf-8", "replace")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _cell(row: Mapping[str, str | int], column: str) -> str:
    """One line a row: loaders that read in parallel cannot cope with line ends in a cell. Ids stay
    as they are; in other cells nothing is a spreadsheet's formula."""
    said = str(row.get(column, ""))
    if column in _IDS:
        return visible(said)
    text = _one_line(said)
    return text if not text.startswith(("=", "+", "-", "@")) else f"'{text}"


def zipped(files: dict[str, bytes]) -> bytes:
    """The same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()
