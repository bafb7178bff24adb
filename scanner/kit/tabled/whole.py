"""A record and all that further calls have told of it -> its id, its name, its asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.kit.tabled.reading import Reading, first_tag, shown
from scanner.kit.tables import (
    Child,
    ResourceType,
    exposed,
    fill,
    first_text,
    holds,
    provider_of,
    values,
)
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset
from scanner.model.items import Content, Gap

_MOST_TEXT = 300


@dataclass
class Whole:
    """A record with all that further calls have told of it."""

    record: dict[str, Any]
    ident: str
    seen_by: str
    tags: dict[str, str] = field(default_factory=dict)
    below: list[tuple[Child, dict[str, Any]]] = field(default_factory=list)
    texts: list[Content] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    doubts: list[Gap] = field(default_factory=list)
    """Gaps, unless the record is gone."""
    listed_as: str = ""
    """Its id in the list: details may tell another."""
    is_wanted: bool = True
    is_whole: bool = True
    """Its details could be read."""


def ident_of(kind: ResourceType, record: Mapping[str, Any], reading: Reading) -> str:
    text = fill(kind.id, record, _named(kind, record, reading))
    return reading.spelled(text) if "{" in kind.id else text


def _named(kind: ResourceType, record: Mapping[str, Any], reading: Reading) -> dict[str, str]:
    # An SSM name may begin with the slash that its ARN has anyway.
    return {**reading.scope, "name": first_text(record, kind.name).removeprefix("/")}


def name_of(kind: ResourceType, record: Mapping[str, Any], reading: Reading) -> str:
    if "{" in kind.name:
        return fill(kind.name, record, reading.scope)
    return reading.called(first_text(record, kind.name))


def asset_of(kind: ResourceType, whole: Whole, evidence: Evidence, reading: Reading) -> Asset:
    record, tags = whole.record, whole.tags
    found = {str(model) for path in kind.models for model in values(record, path)}
    reading.used |= found
    states = exposed(kind.states, record, is_whole=whole.is_whole)
    return Asset(
        id=NodeId(whole.ident),
        kind=kind.kind,
        name=shown(name_of(kind, record, reading)),
        asset_class=kind.asset_class,
        provider=provider_of(kind, record),
        account=reading.holder,
        region=reading.region_of(record),
        environment=first_tag(tags, reading.environment_keys) or reading.account_environment,
        models=tuple(sorted(found)),
        created_at=first_text(record, kind.created_at),
        status=first_text(record, kind.status) or next(states, ""),
        is_ai=kind.is_ai and all(holds(one, record) for one in kind.ai_when),
        tags={**_facts(kind, record), **tags},
        aliases=tuple(sorted(_aliases(kind, whole))),
        exposure=tuple(dict.fromkeys(_exposure(kind, whole, reading))),
        evidence=(evidence,),
    )


def _aliases(kind: ResourceType, whole: Whole) -> set[str]:
    told = [(path, whole.record) for path in kind.aliases]
    told += [(path, found) for child, found in whole.below for path in child.aliases]
    return {str(value) for path, record in told for value in values(record, path) if value}


def _exposure(kind: ResourceType, whole: Whole, reading: Reading) -> Iterator[str]:
    judges = reading.judges
    yield from exposed(kind.exposure, whole.record, is_whole=whole.is_whole, judges=judges)
    for child, found in whole.below:
        yield from exposed(child.exposure, found, judges=judges)


def _facts(kind: ResourceType, record: Mapping[str, Any]) -> dict[str, str]:
    found = {
        name: ", ".join(dict.fromkeys(str(value) for value in values(record, path)))
        for name, path in kind.facts.items()
    }
    return {name: text[:_MOST_TEXT] for name, text in found.items() if text}
