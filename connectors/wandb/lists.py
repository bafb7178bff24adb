"""How W&B's lists are asked for: people and teams by SCIM, the rest by GraphQL, team by team."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.wandb.graphql import GRAPHQL, MEMBERS, MODELS, PROJECTS, ask, nodes
from connectors.wandb.records import TEAMS, USERS, member, model, project, team, team_id, user
from scanner.kit.administered import Reading, each, odd_gap
from scanner.kit.contract import Operation
from scanner.kit.http import json_body
from scanner.kit.paged import at
from scanner.kit.told import gap
from scanner.kit.values import mapping, text
from scanner.model.errors import SourceError, Unavailable
from scanner.model.items import Gap, Item


def _scim(reading: Reading, operation: Operation) -> list[Any]:
    """W&B tells all at once; where it says that there are more, some are missing."""
    body = mapping(json_body(reading.access.rest.get(operation.path)))
    found, told = body.get("Resources"), body.get("totalResults")
    if not isinstance(found, list):
        raise Unavailable(f"{operation.id}: the answer has no list `Resources`")
    if isinstance(told, int) and told > len(found):
        raise Unavailable(f"{operation.id}: {len(found)} of {told} were told")
    return found


def people(reading: Reading) -> Iterator[Item]:
    yield from each(_scim(reading, USERS), user, reading.org, USERS.id)


def _teams(reading: Reading) -> list[str]:
    names = (text(mapping(one).get("displayName")) for one in _scim(reading, TEAMS))
    return [name for name in names if name]


def teams(reading: Reading) -> Iterator[Item]:
    """Each with its people and service accounts."""
    found = _scim(reading, TEAMS)
    yield from each(found, team, reading.org, TEAMS.id)
    odd = 0
    for record in found:
        name = text(mapping(record).get("displayName"))
        if not name:
            continue
        try:
            listed = at(ask(reading.access.graphql, MEMBERS, name=name), "entity.members")
        except SourceError as error:
            yield gap(f"members of team {name}", error)
            continue
        if not isinstance(listed, list):
            yield Gap(what=f"members of team {name}", reason="the answer has no list of members")
            continue
        for one in listed:
            told = member(mapping(one), reading.org, team_id(reading.org, name), GRAPHQL.id)
            odd += told is None
            yield from told or ()
    yield from odd_gap(odd, GRAPHQL.id)


def projects(reading: Reading) -> Iterator[Item]:
    """Of teams; what people keep under their own names is theirs alone."""
    for name in _teams(reading):
        found: Iterator[Mapping[str, Any]] = nodes(
            reading.access.graphql, PROJECTS, "models", entity=name
        )
        try:
            yield from each(found, _project, reading.org, GRAPHQL.id)
        except SourceError as error:
            yield gap(f"projects of team {name}", error)


def _project(record: Any, org: str) -> list[Item] | None:
    return project(record, org, GRAPHQL.id)


def models(reading: Reading) -> Iterator[Item]:
    found = nodes(
        reading.access.graphql, MODELS, "organization.orgEntity.artifactCollections",
        organization=reading.ctx.config.wandb_organization or reading.org,
    )  # fmt: skip
    yield from each(found, _model, reading.org, GRAPHQL.id)


def _model(record: Any, org: str) -> list[Item] | None:
    return model(record, org, GRAPHQL.id)
