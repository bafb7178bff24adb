"""What W&B's lists tell. People are known by address, others by name: ids stand in some alone, and
differ in the case of letters alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from scanner.kit.administered import read
from scanner.kit.named import Names
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text, when
from scanner.model.base import NodeId
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Edge,
    Identity,
    PrincipalType,
    Relation,
)
from scanner.model.items import Item

NAMES = Names(source="wandb", vendor="wandb", tenant="organization")
SERVICE, TEAM, PROJECT = "wandb.service", "wandb.team", "wandb.project"
MODEL = "wandb.registered_model"
KINDS = frozenset({SERVICE, TEAM, PROJECT, MODEL})
PROVIDER = "wandb"
_ADMIN = "organization administrator, or its service account"
USERS = read("/scim/Users", _ADMIN, "people, their seats and when they were last active")
TEAMS = read("/scim/Groups", _ADMIN, "teams")
_SERVICE = "SERVICE"
_REGISTRY = "wandb-registry-"
_MOST_TEXT = 120


def service(org: str) -> Asset:
    return Asset(
        id=NAMES.node(org, "service", "wandb"), kind=SERVICE, name=f"Weights & Biases of {org}",
        asset_class=AssetClass.INTEGRATION, provider=PROVIDER, account=NAMES.org(org),
    )  # fmt: skip


def project_thing(org: str, entity: str, name: str, created_at: str = "") -> Asset:
    """In its team, if the team is one's own."""
    thing = NAMES.thing(
        org, "project", f"{entity}/{name}", name, AssetClass.INTEGRATION, provider=PROVIDER,
        created_at=created_at,
    )  # fmt: skip
    return msgspec.structs.replace(thing, account=team_id(org, entity)) if entity else thing


def team_id(org: str, name: str) -> NodeId:
    return NAMES.node(org, "team", name)


def _scim(given: Mapping[str, Any]) -> bool:
    return any("scim" in text(one) for one in items(given.get("schemas")))


def is_user(record: Mapping[str, Any]) -> bool:
    return "userName" in record and _scim(record)


def user(record: Any, org: str) -> list[Item] | None:
    """W&B writes one address where SCIM has a list, with a capital letter."""
    given = mapping(record)
    name = text(given.get("userName"))
    if not name:
        return None
    told = given.get("emails")
    first = mapping(told) or mapping(next(iter(items(told)), None))
    mail = text(first.get("Value")) or text(first.get("value"))
    tags = {
        "role": text(given.get("organizationRole")),
        "models_seat": text(given.get("modelsSeat")),
        "weave_seat": text(given.get("weaveRole")),
        "last_active_at": when(given.get("lastActiveAt")),
    }
    return [
        NAMES.member(
            org, USERS.id, mail or name, text(given.get("displayName")) or name, mail,
            is_active=given.get("active") is not False,
            tags={key: cut(one, _MOST_TEXT) for key, one in tags.items() if one},
        )
    ]  # fmt: skip


def is_team(record: Mapping[str, Any]) -> bool:
    return {"displayName", "members"} <= record.keys() and _scim(record)


def team(record: Any, org: str) -> list[Item] | None:
    name = text(mapping(record).get("displayName"))
    if not name:
        return None
    node = team_id(org, name)
    told = (NAMES.evidence(TEAMS.id, node),)
    return [
        Account(
            id=node, kind=TEAM, name=cut(name, _MOST_TEXT), provider=PROVIDER,
            parent=NAMES.org(org),
            evidence=told,
        ),
        Edge(source=NAMES.org(org), target=node, relation=Relation.CONTAINS, evidence=told),
    ]  # fmt: skip


def member(given: Mapping[str, Any], org: str, team: NodeId, rule: str) -> list[Item] | None:
    """Of a team: a person, or a service account."""
    name, mail = text(given.get("username")), text(given.get("email"))
    if not name and not mail:
        return None
    if given.get("pending") is True:
        return []
    is_service = text(given.get("accountType")).upper() == _SERVICE
    who: Identity = NAMES.member(
        org, rule, name if is_service else mail or name, text(given.get("name")) or name or mail,
        mail, principal_type=PrincipalType.SERVICE if is_service else PrincipalType.HUMAN,
    )  # fmt: skip
    edge = Edge(source=team, target=who.id, relation=Relation.CONTAINS, evidence=who.evidence)
    return [who, edge]


def project(given: Any, org: str, rule: str) -> list[Item] | None:
    record = mapping(given)
    name, entity = text(record.get("name")), text(record.get("entityName"))
    if not name:
        return None
    if name.startswith(_REGISTRY):
        return []  # told by what is registered
    maker = mapping(record.get("user"))
    mail, user_name = text(maker.get("email")), text(maker.get("username"))
    who = NAMES.person(org, mail or user_name, mail, text(maker.get("name")))
    thing = project_thing(org, entity, name, when(record.get("createdAt")))
    return list(NAMES.listed(thing, rule, [who]))


def model(given: Any, org: str, rule: str) -> list[Item] | None:
    """What is registered as a model; data sets and other kinds are none."""
    record = mapping(given)
    name, kind = text(record.get("name")), text(mapping(record.get("type")).get("name"))
    if not name:
        return None
    if "model" not in kind.casefold():
        return []
    registry = text(mapping(record.get("project")).get("name")).removeprefix(_REGISTRY)
    thing = NAMES.thing(
        org, "registered_model", f"{registry}/{name}", name, AssetClass.MODEL,
        created_at=when(record.get("createdAt")),
        tags={"registry": cut(registry, _MOST_TEXT)} if registry else {},
    )  # fmt: skip
    return list(NAMES.listed(thing, rule, last_at=when(record.get("updatedAt"))))
