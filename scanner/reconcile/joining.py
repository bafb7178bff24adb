"""Several registries that speak of one system -> one entry, field by field.

Owns when two entries are one (they bind the same thing, one names the other's record, or they agree
in id and name), and whose word counts in which field. An id alone is no identity. What they
contradict each other in is told; nothing is averaged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from scanner.model.registry import Approved, Assessment, BindingType, RegistryEntry, SourceId
from scanner.reconcile.keys import UNSURE, canonical
from scanner.reconcile.name_words import plain_words

Origin = tuple[str, Sequence[RegistryEntry]]
"""A registry's name, and its entries."""
_UNITED = ("aliases", "owners", "stage_dates", "bindings", "assessments", "attestations",
           "source_ids")  # fmt: skip
"""Lists to which every registry adds what it knows."""
_MAPS = ("value_metrics", "trust_metrics", "extensions")
_COMPARED = ("name", "owner", "stage", "risk_tier", "business_unit", "personal_data")
_SHARED = ("git:", "dir:", "http:", "https:", "ws:", "wss:")
"""How keys of places begin in which several systems may be."""
_EMPTY = RegistryEntry(id="-", name="-")


def join(
    origins: Sequence[Origin],
    precedence: Mapping[str, Sequence[str]],
    numbering: Collection[str] = (),
) -> tuple[list[RegistryEntry], list[str]]:
    """Entries, each system once under an id of its own, and where registries contradict each other.
    ``origins``: in the order in which they count, unless ``precedence`` says otherwise of a field;
    the first keeps its ids. ``numbering``: those that give one system one id."""
    rank = {name: number for number, (name, _) in enumerate(origins)}
    told: list[str] = []
    joined: list[tuple[str, RegistryEntry]] = []
    for group in _groups(origins, numbering):
        ordered = sorted(group, key=lambda one: rank[one[0]])
        entry = _one(ordered, precedence, told) if len(group) > 1 else ordered[0][1]
        joined.append((ordered[0][0], entry))
    return _apart(joined, origins[0][0] if origins else "", told), told


def _apart(
    joined: Sequence[tuple[str, RegistryEntry]], own: str, told: list[str]
) -> list[RegistryEntry]:
    """Of systems that only share an id each gets one of its own; ours keeps it. What calls itself
    by the shared id then means several, and none by accident."""
    sharing: dict[str, list[tuple[str, RegistryEntry]]] = defaultdict(list)
    for origin, entry in joined:
        sharing[entry.id].append((origin, entry))
    for ident, rows in sharing.items():
        if len({origin for origin, _ in rows}) > 1:
            each = ", ".join(f"{origin} `{entry.name}`" for origin, entry in rows)
            told.append(
                f"{ident}: {each}: one id, and nothing else says that they are one system; so they "
                "are several. If they are one, bind both to the same thing, name the other under "
                "`source_ids`, or give both registries in [registry] shared_ids"
            )
    return [
        entry if origin == own or len({o for o, _ in sharing[entry.id]}) == 1
        else _called(entry, origin)
        for origin, entry in joined
    ]  # fmt: skip


def _called(entry: RegistryEntry, origin: str) -> RegistryEntry:
    known = SourceId(registry=origin, id=entry.id)
    return msgspec.structs.replace(
        entry, id=f"{origin}:{entry.id}",
        source_ids=tuple(dict.fromkeys((*entry.source_ids, known))),
    )  # fmt: skip


def _groups(
    origins: Sequence[Origin], numbering: Collection[str]
) -> list[list[tuple[str, RegistryEntry]]]:
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
    for at, (origin, entry) in enumerate(rows):
        for key in _keys(origin, entry, numbering):
            keys[key].append(at)
    pairs = [(keys[key][0], other) for key in sorted(keys) for other in keys[key][1:]]
    for one, other in (*pairs, *_tagged(rows)):
        here, there = root(one), root(other)
        if here != there and inside[here].isdisjoint(inside[there]):
            parent[there] = here
            inside[here] |= inside[there]
    groups: dict[int, list[tuple[str, RegistryEntry]]] = defaultdict(list)
    for at, row in enumerate(rows):
        groups[root(at)].append(row)
    return list(groups.values())


def _keys(origin: str, entry: RegistryEntry, numbering: Collection[str]) -> set[str]:
    """What makes two entries one where both have it. An id is a number within its registry, and a
    repository or an address may serve several systems (`https://api.example/v1`): each needs the
    name as a second piece of evidence."""
    names = {plain_words(name) for name in (entry.name, *entry.aliases)} - {""}
    found = {f"record {origin}||{entry.id}"}
    found |= {f"record {s.registry}|{s.organization}|{s.id}" for s in entry.source_ids}
    found |= {f"id {s.casefold()}|{name}" for s in _ids(entry) for name in names}
    if origin in numbering:
        found.add(f"number {entry.id}")
    for binding in entry.bindings:
        key = canonical(binding.type, binding.value)
        if key.startswith(_SHARED) and "#" not in key:
            providers = ",".join(sorted(entry.approved.providers or ()))
            of = f"|{providers}" if binding.type is BindingType.REPO else ""
            found |= {f"{key}{of}|{name}" for name in names}
        elif binding.type not in (BindingType.PATTERN, BindingType.TAG) and not key.startswith(
            UNSURE
        ):
            found.add(key)
    return found


def _ids(entry: RegistryEntry) -> set[str]:
    return {entry.id, *(source.id for source in entry.source_ids)}


_DECLARES = "ai-registry-id="


def _tagged(rows: Sequence[tuple[str, RegistryEntry]]) -> Iterator[tuple[int, int]]:
    """Rows of which one claims what is tagged with the other's id: a link that people declared,
    where one entry alone is called so. One's own id says nothing of others."""
    called: dict[str, set[int]] = defaultdict(set)
    for at, (_, entry) in enumerate(rows):
        called[entry.id.casefold()].add(at)
    for at, (_, entry) in enumerate(rows):
        for binding in entry.bindings:
            if binding.type is BindingType.TAG and binding.value.startswith(_DECLARES):
                meant = called[binding.value.removeprefix(_DECLARES).casefold()]
                if len(meant) == 1 and at not in meant:
                    yield next(iter(meant)), at


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
    """Of one type, framework and day the first registry's counts, and any of another result: a
    refusal is not lost behind a registry that does not know of it."""
    found: dict[tuple[str, str, str], list[Assessment]] = {}
    for one in rows:
        known = found.setdefault((one.type, one.framework, one.at), [])
        if not known or (one.result and one.result not in {row.result for row in known}):
            known.append(one)
    return tuple(one for known in found.values() for one in known)


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
