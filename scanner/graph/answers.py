"""Answers as people and programs read them: rows for a table, the ways with their evidence, and the
part of the graph that they stand on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from scanner.graph.build import AssetGraph
from scanner.graph.flows import Flow, Total, data_flows, hops_of, totals
from scanner.graph.naming import label, named, one, taken_for, type_of
from scanner.graph.ownership import Coverage, Ownership, conflicts
from scanner.graph.part import Part, among, of_hops, of_paths
from scanner.graph.paths import Path
from scanner.graph.questions import (
    WALKS,
    Changes,
    Exposure,
    Reach,
    Reasons,
    behind_open,
    blast_radius,
    exposure,
    has_longer,
    hinted,
    joined,
    neighbours,
    paths,
    unlabelled,
    why,
)
from scanner.model.base import Model, NodeId, ShardId
from scanner.model.facts import Edge

_SHOWN, _SHOWN_SHARDS = 5, 3
_MOST_PATHS = 400
"""Of those that an answer about reach draws."""


class Owned(Model, frozen=True, kw_only=True):
    """One thing and who answers for it."""

    id: NodeId
    owners: tuple[Ownership, ...]
    conflicts: tuple[Ownership, ...]
    left: tuple[Ownership, ...]


class Unread(Model, frozen=True, kw_only=True):
    shard: ShardId
    status: str
    reason: str


class Answer(Model, frozen=True, kw_only=True):
    """``part``: what the answer stands on, for drawings and other tools."""

    question: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    part: Part
    notes: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    flows: tuple[Flow, ...] = ()
    totals: tuple[Total, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    owned: tuple[Owned, ...] = ()
    coverage: Coverage | None = None
    unread: tuple[Unread, ...] = ()
    """Parts of what the scan was asked for that it has not read to their end."""
    changes: Changes | None = None
    reasons: Reasons | None = None
    details: Any = None
    """What a caller of another room gives besides; encodable as JSON."""


def unread_note(unread: Sequence[tuple[str, str]], total: int) -> str:
    """``unread``: shards with their status; empty where all were read."""
    if not unread:
        return ""
    first = ", ".join(f"{shard} ({status})" for shard, status in unread[:_SHOWN_SHARDS])
    left = len(unread) - _SHOWN_SHARDS
    return (
        f"{len(unread)} of {total} shards were not read to their end, so that this may be "
        f"less than there is: {first}{f' and {left} more' if left > 0 else ''}"
    )


def answer_paths(graph: AssetGraph, start: str, goal: str, by: str, most: int) -> Answer:
    """``by``: ``flow``, ``control`` or ``any``."""
    starts, goals = named(graph, start), named(graph, goal)
    every = paths(graph, starts, goals, WALKS[by], most + 1)
    found = every[:most]
    said = (taken_for(graph, start, starts), taken_for(graph, goal, goals))
    notes = [note for note in said if note]
    if len(every) > most:
        left = {*joined(graph, starts, goals, WALKS[by])} - {way.nodes[0] for way in found}
        missing = f"; {len(left)} starts have ways and none among these" if left else ""
        notes.append(f"there are more ways; these are the {most} shortest (`--most`){missing}")
    if found and has_longer(graph, starts, goals, WALKS[by]):
        notes.append("ways that are longer by more than two hops are not listed")
    if not found:
        others = [
            name for name in WALKS if name != by and paths(graph, starts, goals, WALKS[name], 1)
        ]
        notes.append(
            f"no way by {by}" + (f"; there is one by {', '.join(others)}" if others else "")
        )
    return Answer(
        question=f"paths from {start} to {goal} by {by}",
        header=_HOPS,
        rows=tuple(_path_rows(graph, found)),
        part=of_paths(graph, found),
        paths=found,
        notes=tuple(notes),
    )


def answer_reach(graph: AssetGraph, text: str, hops: int | None = None) -> Answer:
    """``hops``: neighbours of any kind within so many; None: the blast radius."""
    start = one(graph, text)
    found = blast_radius(graph, start) if hops is None else neighbours(graph, start, hops)
    question = "blast radius" if hops is None else f"neighbours within {hops}"
    sensitive = found.sensitive
    drawn = [found.path(ident) for ident, _ in found.things[:_MOST_PATHS]]
    rows = tuple(_reach_row(graph, found, ident, far) for ident, far in found.things)
    part = of_paths(graph, drawn, (found.start,))
    if hops is not None and len(found.things) <= _MOST_PATHS:
        part = among(graph, [found.start, *(ident for ident, _ in found.things)])
    return Answer(
        question=f"{question} of {start}",
        header=("hops", "type", "name", "id", "through", "data", "confidence"),
        rows=rows,
        part=part,
        paths=tuple(drawn),
        notes=(f"{len(rows)} reached, {len(sensitive)} of them stores of sensitive data",),
    )


def _reach_row(graph: AssetGraph, found: Reach, ident: NodeId, far: int) -> tuple[str, ...]:
    hop, sure = found.last_hops[ident]
    return (
        str(far),
        type_of(graph.node(ident), ident),
        label(graph, ident),
        ident,
        hop.sentence,
        ", ".join(one.data_class for one in graph.data.labels(ident)),
        str(sure),
    )


def answer_exposure(graph: AssetGraph) -> Answer:
    found = exposure(graph)
    return Answer(
        question="sensitive data behind what anybody can reach",
        header=("open", "how", "data", "store", "way", "confidence"),
        rows=tuple(
            (
                label(graph, row.entry),
                ", ".join(row.how),
                ", ".join(row.data_classes),
                label(graph, row.store),
                _way(graph, row.path),
                str(row.path.confidence),
            )
            for row in found
        ),
        part=of_paths(graph, (row.path for row in found)),
        exposures=found,
        notes=(
            f"{len({row.entry for row in found})} open things reach sensitive data",
            *_doubts(graph),
        ),
    )


def _doubts(graph: AssetGraph) -> Iterator[str]:
    """Of what open things reach: stores that only a name speaks of, and that nothing speaks of."""
    for stores, what in (
        (hinted(graph), "whose name alone speaks of sensitive data, so that they are not counted"),
        (unlabelled(graph), "of whose data nothing is known"),
    ):
        reached = behind_open(graph, stores)
        names = [label(graph, ident) for ident in reached[:_SHOWN]]
        if names:
            more = f" and {len(reached) - _SHOWN} more" if len(reached) > _SHOWN else ""
            yield f"open things also reach {len(reached)} stores {what}: {', '.join(names)}{more}"


def answer_flows(graph: AssetGraph, *, provider: str = "", sensitive: bool = False) -> Answer:
    """``provider``: only to this one; ``sensitive``: only classes that are."""
    found = tuple(
        flow
        for flow in data_flows(graph)
        if (not provider or flow.provider == provider) and (not sensitive or flow.is_sensitive)
    )
    crossing = sum(1 for flow in found if flow.crosses)
    return Answer(
        question="data flows",
        header=(
            "data",
            "store",
            "vendor",
            "through",
            "also by",
            "key",
            "countries",
            "crosses",
            "confidence",
        ),
        rows=tuple(
            (
                ", ".join(one.data_class for one in flow.labels) or "not known",
                label(graph, flow.store),
                flow.provider,
                label(graph, flow.through),
                ", ".join(label(graph, ident) for ident in flow.beside),
                ", ".join(label(graph, key) for key in flow.keys),
                ", ".join([*flow.areas, *(["not known"] if _is_nowhere(graph, flow) else [])]),
                ", ".join(flow.crosses),
                str(flow.confidence),
            )
            for flow in found
        ),
        part=of_hops(graph, hops_of(graph, found), (flow.path.nodes[0] for flow in found)),
        flows=found,
        totals=totals(found),
        notes=(
            f"{len(found)} flows, {crossing} across borders or environments",
            *_nowhere(graph, found),
        ),
    )


def _is_nowhere(graph: AssetGraph, flow: Flow) -> bool:
    """Whether nobody knows where the data goes. Of a vendor that is called it is the seat, of a
    service that the asset itself is also the asset's region."""
    vendor = NodeId(f"provider:{flow.provider}")
    if graph.data.area(vendor):
        return False
    return flow.path.nodes[-1] == vendor or not graph.data.area(flow.through)


def _nowhere(graph: AssetGraph, flows: Iterable[Flow]) -> tuple[str, ...]:
    """What is not known is never told as staying."""
    lost = [flow for flow in flows if _is_nowhere(graph, flow)]
    if not lost:
        return ()
    vendors = ", ".join(sorted({flow.provider for flow in lost}))
    return (f"of {len(lost)} flows nobody knows to which country they go: {vendors}",)


def answer_owners(graph: AssetGraph, owned: Iterable[Owned], coverage: Coverage) -> Answer:
    rows = tuple(owned)
    return Answer(
        question="owners",
        header=("name", "owner", "team", "basis", "confidence", "reason", "others", "left"),
        rows=tuple(_owner_row(graph, row) for row in rows),
        part=Part(
            nodes=tuple(row.id for row in rows),
            edges=(),
            said={row.id: _owner_said(row.owners[0]) for row in rows if row.owners},
        ),
        owned=rows,
        coverage=coverage,
        notes=(
            f"{coverage.owned} of {coverage.total} AI assets and keys have an owner "
            f"({coverage.share:.0%}), {coverage.guessed} only somebody to ask; "
            f"{coverage.conflicting} with conflicting claims, {coverage.left} only claimed by "
            "people who have left"
            if coverage.total
            else "the scan found no AI asset and no key, so that there is nothing to own",
        ),
    )


def _owner_said(first: Ownership) -> dict[str, str | int]:
    said = {
        "owner": first.owner, "team": first.team, "basis": first.basis,
        "owner_confidence": str(first.confidence),
    }  # fmt: skip
    return {key: value for key, value in said.items() if value}


def owned_of(
    ident: NodeId, owners: tuple[Ownership, ...], left: tuple[Ownership, ...]
) -> Owned:  # fmt: skip
    return Owned(id=ident, owners=owners, conflicts=conflicts(owners), left=left)


def _owner_row(graph: AssetGraph, row: Owned) -> tuple[str, ...]:
    first = row.owners[0] if row.owners else None
    shown = ("nobody", "", "", "", "")
    if first is not None:
        shown = (first.owner, first.team, first.basis, str(first.confidence), first.reason)
    others = [f"{claim.owner} ({claim.basis})" for claim in row.owners[1:]]
    marked = [f"{claim.owner} ({claim.basis})" for claim in row.conflicts]
    said = ", ".join(others) + (f"; in conflict: {', '.join(marked)}" if marked else "")
    return (label(graph, row.id), *shown, said, ", ".join(claim.owner for claim in row.left))


def answer_why(graph: AssetGraph, first: str, second: str, most: int) -> Answer:
    left, right = _raw(graph, first), _raw(graph, second)
    found = why(graph, left, right, most)
    ways = (*found.flow, *found.control, *found.related)
    rows = [
        *(("one thing", _said(edge)) for edge in found.same),
        *(("perhaps one thing", _said(edge)) for edge in found.candidates),
        *(("data moves", _way(graph, way)) for way in found.flow),
        *(("control", _way(graph, way)) for way in found.control),
        *(("related", _way(graph, way)) for way in found.related),
    ]
    evidence = [
        (hop.sentence, edge)
        for way in ways
        for hop in way.hops
        for edge in hop.edges
    ]  # fmt: skip
    rows += [("evidence", f"{said}: {_said(edge)}") for said, edge in dict(evidence).items()]
    return Answer(
        question=f"why {left} and {right}",
        header=("how", "by what"),
        rows=tuple(rows),
        part=of_paths(graph, ways, (left, right)),
        paths=ways,
        reasons=found,
        notes=() if rows else ("nothing joins them",),
    )


def answer_diff(graph: AssetGraph, changes: Changes, between: str) -> Answer:
    rows = [
        (kind, row.what, row.name if kind == "node" else row.key,
         "; ".join(f"{field}: {old or '(none)'} -> {new or '(none)'}"
                   for field, old, new in row.fields))
        for kind, several in (("node", changes.nodes), ("edge", changes.edges))
        for row in several
    ]  # fmt: skip
    touched = [NodeId(row.key) for row in changes.nodes if row.what != "removed"]
    touched += [
        end
        for row in changes.edges
        if row.what != "removed"
        for end in (graph.edges[row.key].source, graph.edges[row.key].target)
    ]
    return Answer(
        question=f"changes {between}",
        header=("of", "what", "which", "how"),
        rows=tuple(rows),
        part=among(graph, touched),
        changes=changes,
        notes=(f"{len(changes.nodes)} nodes and {len(changes.edges)} edges changed",),
    )


_HOPS = ("way", "hop", "from", "relation", "to", "evidence", "confidence")


def _path_rows(graph: AssetGraph, ways: Iterable[Path]) -> Iterable[tuple[str, ...]]:
    for number, way in enumerate(ways, 1):
        for place, hop in enumerate(way.hops, 1):
            yield (
                str(number), str(place), label(graph, hop.one), hop.words, label(graph, hop.other),
                "; ".join(_said(edge) for edge in hop.edges), str(hop.confidence),
            )  # fmt: skip


def _way(graph: AssetGraph, way: Path) -> str:
    return " -> ".join(label(graph, ident) for ident in way.nodes)


def _said(edge: Edge) -> str:
    """What the edge stands on, for one line."""
    items = [
        " ".join(filter(None, (item.rule, item.path or item.preview, item.last_at[:10])))
        for item in edge.evidence[:3]
    ]
    more = f" and {len(edge.evidence) - 3} more" if len(edge.evidence) > 3 else ""
    return "; ".join(filter(None, (edge.detail, ", ".join(items) + more)))


def _raw(graph: AssetGraph, text: str) -> NodeId:
    """A view by its own id; else the one thing of that name."""
    return NodeId(text) if graph.node(NodeId(text)) is not None else one(graph, text)
