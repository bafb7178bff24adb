"""What a bill of materials lists, whatever its format: the AI assets, the models that they use, the
data that they read and write, whom they call, and what depends on what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from scanner.emit.document import AssetRow, Document, EdgeRow

ROOT = "shadow-ai:estate"
_READS = ("reads_from", "derived_from")
_DATA = (*_READS, "writes_to", "stored_in")
_NEEDS = (*_DATA, "calls", "serves", "configured_by", "authenticates_with")
_READ = ("complete", "not_enabled", "left_out")
_PROVIDER = "provider:"


@dataclass(frozen=True)
class Model:
    """A model that an asset names and that is no asset itself."""

    ref: str
    name: str
    provider: str


@dataclass(frozen=True)
class Flow:
    """``asset`` reads ``data`` or writes it."""

    asset: str
    data: str
    is_read: bool


@dataclass
class Bill:
    name: str
    root: str
    assets: dict[str, AssetRow] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    """Ref -> what the vendor says of where in it."""
    providers: dict[str, str] = field(default_factory=dict)
    """Ref -> catalogue id."""
    flows: list[Flow] = field(default_factory=list)
    needs: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Ref -> what it depends on."""
    is_complete: bool = True
    """Whether everything was read that was to be read."""


def bill_of(document: Document, name: str = "") -> Bill:
    """``name``: of the one system that the document is about; empty: all that was scanned."""
    bill = Bill(
        name=name or "AI estate",
        root=f"shadow-ai:system:{name}" if name else ROOT,
        is_complete=all(row.status in _READ for row in document.coverage),
    )
    bill.assets = {row.uid: row for row in document.assets if row.type == "asset"}
    for row in bill.assets.values():
        bill.needs[bill.root].add(row.uid)
        for model in row.models:
            _model(bill, row, model)
    for edge in document.edges:
        if edge.source in bill.assets and edge.kind in _NEEDS:
            _edge(bill, edge)
    return bill


def _model(bill: Bill, row: AssetRow, name: str) -> None:
    if not name.strip() or name == row.name:
        return
    ref = name if name in bill.assets else f"model:{row.provider}/{name}"
    if ref not in bill.assets:
        bill.models.setdefault(ref, Model(ref, name, row.provider))
    if ref != row.uid:
        bill.needs[row.uid].add(ref)


def _edge(bill: Bill, edge: EdgeRow) -> None:
    target = edge.target
    if target == edge.source:
        return
    if target in bill.assets:
        bill.needs[edge.source].add(target)
    elif target.startswith(_PROVIDER):
        bill.providers[target] = target.removeprefix(_PROVIDER)
        bill.needs[edge.source].add(target)
    elif edge.kind in _DATA:
        if not bill.data.get(target):
            bill.data[target] = edge.detail
        bill.needs[edge.source].add(target)
        bill.flows.append(
            Flow(edge.source, target, edge.kind in _READS or edge.kind == "stored_in")
        )


def closure(document: Document, start: set[str]) -> set[str]:
    """The nodes from which or to which the data and calls of ``start`` go, itself included."""
    out: dict[str, list[str]] = defaultdict(list)
    for edge in document.edges:
        if edge.kind in _NEEDS:
            out[edge.source].append(edge.target)
    seen, open_ones = set(start), list(start)
    while open_ones:
        for target in out[open_ones.pop()]:
            if target not in seen:
                seen.add(target)
                open_ones.append(target)
    return seen
