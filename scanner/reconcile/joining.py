"""Several registries that speak of one system -> one entry, field by field.

Owns when two entries are one (they bind the same thing, or one names the other's id), and whose
word counts in which field. What they contradict each other in is told; nothing is averaged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from scanner.model.registry import Approved, Assessment, BindingType, RegistryEntry, SourceId
from scanner.reconcile.keys import canonical

Origin = tuple[str, Sequence[RegistryEntry]]
"""A registry's name, and its entries."""
_UNITED = ("aliases", "owners", "stage_dates", "bindings", "assessments", "attestations",
           "source_ids")  # fmt: skip
"""Lists to which every registry adds what it knows."""
_MAPS = ("value_metrics", "trust_metrics", "extensions")
_COMPARED = ("name", "owner", "stage", "risk_tier", "business_unit", "personal_data")
_EMPTY = RegistryEntry(id="-", name="-")


def join(
    origins: Sequence[Origin], precedence: Mapping[str, Sequence[str]]
) -> tuple[list[RegistryEntry], list[str]]:
    """Entries, each system once, and where registries contradict each other. ``origins``: in the
    order in which they count, unless ``precedence`` says otherwise of a field."""
    rank = {name: number for number, (name, _) in enumerate(origins)}
    told: list[str] = []
    joined: list[RegistryEntry] = []
    for group in _groups(origins):
        if len(group) == 1:
            joined.append(group[0][1])
            continue
        ordered = sorted(group, key=lambda one: rank[one[0]])
        joined.append(_one(ordered, precedence, told))
    return joined, told


def _groups(origins: Sequence[Origin]) -> list[list[tuple[str, RegistryEntry]]]:
    """Entries of different registries that are one system. Two of the same registry are not joined
    by a common key: that is a duplicate, and told as one."""
    rows = [(name, entry) for name, entries in origins for entry in entries]
    parent = list(range(len(rows)))
    inside = [{name} for name, _ in rows]

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    keys: dict[str, list[int]] = defaultdict(list)
    for at, (_, entry) in enumerate(rows):
        for key in _keys(entry):
            keys[key].append(at)
    for key in sorted(keys):
        first, *others = keys[key]
        for other in others:
            here, there = root(first), root(other)
            if here != there and inside[here].isdisjoint(inside[there]):
                parent[there] = here
                inside[here] |= inside[there]
    groups: dict[int, list[tuple[str, RegistryEntry]]] = defaultdict(list)
    for at, row in enumerate(rows):
        groups[root(at)].append(row)
    return list(groups.values())


def _keys(entry: RegistryEntry) -> set[str]:
    found = {f"id {entry.id}"}
    for binding in entry.bindings:
        if binding.type is BindingType.TAG and binding.value.startswith("ai-registry-id="):
            found.add("id " + binding.value.partition("=")[2])
        elif binding.type not in (BindingType.PATTERN, BindingType.TAG, BindingType.REPO):
            found.add(canonical(binding.type, binding.value))
        elif binding.type is BindingType.REPO:
            providers = ",".join(sorted(entry.approved.providers or ()))
            found.add(canonical(binding.type, binding.value) + "|" + providers)
    return found


def _one(
    group: Sequence[tuple[str, RegistryEntry]],
    precedence: Mapping[str, Sequence[str]],
    told: list[str],
) -> RegistryEntry:
    first = group[0][1]
    fields: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    for field in RegistryEntry.__struct_fields__:
        if field in ("id", "source", "provenance", "approved"):
            continue
        if field in _UNITED:
            rows = [item for _, entry in group for item in getattr(entry, field)]
            fields[field] = _each(rows) if field == "assessments" else tuple(dict.fromkeys(rows))
        elif field in _MAPS:
            fields[field] = {
                key: value for _, entry in reversed(group)
                for key, value in getattr(entry, field).items()
            }  # fmt: skip
        else:
            _decide(field, getattr(_EMPTY, field), group, precedence, fields, provenance)
    approved: dict[str, Any] = {}
    for name in Approved.__struct_fields__:
        path = f"approved.{name}"
        rows = [(origin, getattr(entry.approved, name)) for origin, entry in group]
        ordered = _ordered(path, rows, precedence)
        stated = next(((origin, value) for origin, value in ordered if value is not None), None)
        if stated:
            provenance[path], approved[name] = stated
    for field in _COMPARED:
        _contradictions(field, group, first.id, told)
    fields["name"] = fields.get("name") or first.name
    others = (SourceId(registry=name, id=entry.id) for name, entry in group[1:])
    fields["source_ids"] = tuple(dict.fromkeys((*fields["source_ids"], *others)))
    aliases = {entry.name for _, entry in group} - {fields["name"]}
    fields["aliases"] = tuple(dict.fromkeys((*fields["aliases"], *sorted(aliases))))
    return msgspec.structs.replace(
        first, **fields, approved=Approved(**approved), provenance=provenance,
        source="; ".join(entry.source for _, entry in group),
    )  # fmt: skip


def _each(rows: Iterable[Assessment]) -> tuple[Assessment, ...]:
    """Of one type, framework and day the first registry's counts."""
    found: dict[tuple[str, str, str], Assessment] = {}
    for one in rows:
        found.setdefault((one.type, one.framework, one.at), one)
    return tuple(found.values())


def _decide(
    field: str,
    empty: Any,
    group: Sequence[tuple[str, RegistryEntry]],
    precedence: Mapping[str, Sequence[str]],
    fields: dict[str, Any],
    provenance: dict[str, str],
) -> None:
    rows = [(origin, getattr(entry, field)) for origin, entry in group]
    for origin, value in _ordered(field, rows, precedence):
        if value != empty:
            fields[field], provenance[field] = value, origin
            return


def _ordered(
    field: str, rows: Sequence[tuple[str, Any]], precedence: Mapping[str, Sequence[str]]
) -> list[tuple[str, Any]]:
    wanted = list(precedence.get(field, ()))
    last = len(wanted)
    return sorted(rows, key=lambda row: wanted.index(row[0]) if row[0] in wanted else last)


def _contradictions(
    field: str, group: Iterable[tuple[str, RegistryEntry]], ident: str, told: list[str]
) -> None:
    empty = getattr(_EMPTY, field)
    said = {origin: getattr(e, field) for origin, e in group if getattr(e, field) != empty}
    if len({str(value).casefold() for value in said.values()}) > 1:
        each = ", ".join(f"{origin} says {value}" for origin, value in said.items())
        told.append(f"{ident}: {field}: {each}")
