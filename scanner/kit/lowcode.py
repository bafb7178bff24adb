"""Flows of low-code tools as facts, and their definitions for the detector.

Owns how a flow is told whatever the tool: what it is, what starts it, which credentials it uses by
name, and whose it is. Whether a step of it is AI, and whose, the detector says from the definition;
the flow itself claims nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scanner.kit.named import Names
from scanner.model.facts import Asset, AssetClass, Edge, Identity, Relation
from scanner.model.items import Content, Gap, Item, Place

TRIGGERS, CREDENTIALS = "triggers", "credential_names"
"""Tags of a flow, which whatever AI it holds has as well. A tag that is called ``credentials`` is
taken for one of secrets, and hidden."""
_MOST_DEFINITION = 8 << 20
_MOST_LISTED = 20
_MOST_TEXT = 80


@dataclass(frozen=True)
class Slot:
    """A credential by name: never what it holds. ``kind``: the tool's word for it."""

    ident: str
    name: str
    kind: str = ""


@dataclass(frozen=True)
class Flow:
    """``definition``: as the tool exports it; None: it was not told. ``file``: what the export is
    called, by which the detector's readers know it."""

    ident: str
    name: str
    definition: Any = None
    file: str = "flow.json"
    triggers: Iterable[str] = ()
    slots: Iterable[Slot] = ()
    owners: Iterable[Identity | None] = ()
    status: str = ""
    created_at: str = ""
    changed_at: str = ""
    url: str = ""
    """Its address in the tool, for people."""
    exposure: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)


def kinds(names: Names) -> frozenset[str]:
    """Those that flows bring."""
    of = names.place or names.source
    return frozenset({f"{of}.flow", f"{of}.credential"})


def slot(names: Names, org: str, one: Slot) -> Asset:
    return names.thing(
        org, "credential", one.ident or one.name, one.name[:_MOST_TEXT], AssetClass.SECRET_SLOT,
        is_ai=False, tags={"type": one.kind[:_MOST_TEXT]} if one.kind else {},
    )  # fmt: skip


def flow(names: Names, org: str, rule: str, one: Flow) -> Iterator[Item]:
    """A definition that is too large, or that JSON cannot hold, is a gap of that flow."""
    slots = {each.ident or each.name: each for each in one.slots if each.ident or each.name}
    tags = {
        **one.tags,
        TRIGGERS: _joined(one.triggers),
        CREDENTIALS: _joined(each.name for each in slots.values()),
    }
    thing = names.thing(
        org, "flow", one.ident, one.name, AssetClass.FLOW, is_ai=False, status=one.status,
        created_at=one.created_at, tags={key: value for key, value in tags.items() if value},
        aliases=(one.url,) if one.url else (), exposure=one.exposure,
    )  # fmt: skip
    yield from names.listed(thing, rule, one.owners)
    told = (names.evidence(rule, thing.id),)
    for each in slots.values():
        asset = slot(names, org, each)
        yield from names.listed(asset, rule)
        yield Edge(
            source=thing.id, target=asset.id, relation=Relation.AUTHENTICATES_WITH, evidence=told
        )
    if one.definition is None:
        return
    data = _written(one.definition)
    if data is None or len(data) > _MOST_DEFINITION:
        yield Gap(what=thing.id, reason="the definition is too large, or cannot be written")
        return
    place = Place(
        subject=thing.id, resource=thing.id, path=one.file, seen_at=one.created_at,
        last_seen_at=one.changed_at,
    )  # fmt: skip
    yield Content(place=place, data=data)


def _joined(words: Iterable[str]) -> str:
    found = sorted({word[:_MOST_TEXT] for word in words if word})
    return ", ".join(found[:_MOST_LISTED])


def _written(definition: Any) -> bytes | None:
    if isinstance(definition, str):
        return definition.encode("utf-8", "backslashreplace")
    try:
        return json.dumps(definition, default=str).encode()
    except (RecursionError, ValueError, TypeError):
        return None
