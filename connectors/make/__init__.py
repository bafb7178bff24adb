"""Make: scenarios of an organization with their modules, triggers, connections by name and makers.

https://developers.make.com/api-documentation/api-reference. A scenario's modules are in its
blueprint, one call each; of a connection its name and app alone are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

from scanner.kit import lowcode
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Reading,
    Settings,
    bearer,
    each,
    odd_gap,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.http import Missing, json_body
from scanner.kit.lowcode import Flow, Slot
from scanner.kit.named import Names
from scanner.kit.paged import by_number
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text, when
from scanner.model.errors import Unavailable
from scanner.model.items import Item

NAMES = Names(source="make", vendor="make", tenant="organization")
Part = Literal["people", "flows", "connections"]
USERS = read("/api/v2/users", "user:read", "people and their addresses")
TEAMS = read("/api/v2/teams", "teams:read", "teams, whose the connections are")
FLOWS = read("/api/v2/scenarios", "scenarios:read", "scenarios with their apps")
BLUEPRINT = read("/api/v2/scenarios/{id}/blueprint", "scenarios:read", "modules of a scenario")
CONNECTIONS = read("/api/v2/connections", "connections:read", "names of connections")
_CALLS = (USERS, TEAMS, FLOWS, BLUEPRINT, CONNECTIONS)
_SIZE = 100
_CONNECTION = "__IMTCONN__"
_MOST_DEPTH = 12


class MakeConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization, or blueprints exported from one."""

    organization_id: str = ""
    token_env: str = "MAKE_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an API token of an administrator."""
    url: str = "https://eu1.make.com"
    """Of the organization's zone."""
    parts: tuple[Part, ...] = ("people", "flows", "connections")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.live and not self.organization_id:
            raise ValueError("set `organization_id`, or `live = false`")


def _access(ctx: Context[MakeConfig]) -> Any:
    return session(ctx, _CALLS, bearer(ctx, scheme="Token", hint=" to an API token"))


def _listed(
    reading: Reading, operation: Operation, key: str, name: str, ident: str
) -> Iterator[Any]:
    """``name``: of the parameter that says whose; not every list has pages: a short one is all."""
    asked = {name: ident, "pg[limit]": str(_SIZE)}
    return by_number(
        reading.access, operation.path, asked, items=key, param="pg[offset]",
        size=_SIZE, first=0, step=_SIZE,
    )  # fmt: skip


def _of_organization(reading: Reading, operation: Operation, key: str) -> Iterator[Any]:
    ident = reading.ctx.config.organization_id
    return _listed(reading, operation, key, "organizationId", ident)


# --- what records tell ----------------------------------------------------------------------------


def is_user(record: Mapping[str, Any]) -> bool:
    return {"email", "name", "id"} <= record.keys()


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("id")), text(given.get("email"))
    if not ident or "@" not in mail:
        return None
    return [NAMES.member(org, USERS.id, ident, text(given.get("name")) or mail, mail)]


def is_flow(record: Mapping[str, Any]) -> bool:
    return {"name", "teamId", "usedPackages"} <= record.keys() or (
        {"name", "flow"} <= record.keys() and isinstance(record.get("flow"), list)
    )


def flow(record: Any, org: str) -> list[Item] | None:
    """A scenario with its blueprint, or as the list tells it, with the apps of its modules; or a
    blueprint alone, as people export it."""
    given = mapping(record)
    blueprint = mapping(given.get("blueprint")) or (given if "flow" in given else {})
    name = text(given.get("name"))
    ident = text(given.get("id")) or name
    if not ident:
        return None
    maker = mapping(given.get("createdByUser"))
    who = NAMES.person(
        org, text(maker.get("id")), text(maker.get("email")), text(maker.get("name"))
    )  # fmt: skip
    active = given.get("isActive", given.get("islinked"))
    apps = sorted({text(one) for one in items(given.get("usedPackages"))} - {""})
    listed = {"name": name, "teamId": given.get("teamId"), "usedPackages": apps} if apps else None
    modules = [mapping(one) for one in items(blueprint.get("flow"))]
    one = Flow(
        ident=ident, name=name, file="blueprint.json" if blueprint else "scenario.json",
        definition=blueprint or listed,
        triggers=[*_triggers(given), *(text(one.get("module")) for one in modules[:1])],
        slots=list(_slots(blueprint)), owners=[who], changed_at=when(given.get("lastEdit")),
        created_at=when(given.get("created")), tags={"apps": cut(", ".join(apps), 300)},
        status="" if active is None else "active" if active is True else "inactive",
    )  # fmt: skip
    return list(lowcode.flow(NAMES, org, FLOWS.id, one))


def _triggers(given: Mapping[str, Any]) -> Iterator[str]:
    """The schedule; a scenario that waits for a hook says so."""
    kind = text(mapping(given.get("scheduling")).get("type"))
    yield "webhook" if given.get("hookId") else kind


def _slots(value: Any, depth: int = _MOST_DEPTH) -> Iterator[Slot]:
    """By id, in routes within routes. Their names the list of connections knows; a blueprint shows
    them as what the editor has to restore."""
    if isinstance(value, Mapping):
        ident = text(mapping(value.get("parameters")).get(_CONNECTION))
        if ident:
            shown = mapping(mapping(value.get("metadata")).get("restore"))
            within = mapping(shown.get("parameters"))
            label = mapping(within.get(_CONNECTION)) or mapping(shown.get(_CONNECTION))
            kind = text(mapping(label.get("data")).get("connection"))
            yield Slot(ident, text(label.get("label")), kind)
    inner = value.values() if isinstance(value, Mapping) else items(value)
    for one in inner if depth else ():
        if isinstance(one, (Mapping, list)):
            yield from _slots(one, depth - 1)


def is_connection(record: Mapping[str, Any]) -> bool:
    return {"name", "accountName"} <= record.keys()


def connection(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident = text(given.get("id"))
    if not ident:
        return None
    one = Slot(ident, text(given.get("name")), text(given.get("accountName")))
    return list(NAMES.listed(lowcode.slot(NAMES, org, one), CONNECTIONS.id))


# --- parts ----------------------------------------------------------------------------------------


def people(reading: Reading) -> Iterator[Item]:
    yield from each(_of_organization(reading, USERS, "users"), user, reading.org, USERS.id)


def flows(reading: Reading) -> Iterator[Item]:
    yield from each(_flows(reading), flow, reading.org, FLOWS.id)


def _flows(reading: Reading) -> Iterator[Any]:
    for record in _of_organization(reading, FLOWS, "scenarios"):
        given = mapping(record)
        ident = text(given.get("id"))
        yield {**given, "blueprint": _blueprint(reading, ident)} if ident else record


def _blueprint(reading: Reading, ident: str) -> Any:
    """None for a scenario that was deleted meanwhile."""
    path = BLUEPRINT.path.replace("{id}", quote(ident, safe=""))
    try:
        body = mapping(json_body(reading.access.get(path)))
    except Missing:
        return None
    found = mapping(body.get("response")).get("blueprint")
    if not isinstance(found, Mapping):
        raise Unavailable(f"{BLUEPRINT.id}: the answer has no blueprint")
    return found


def connections(reading: Reading) -> Iterator[Item]:
    """Team by team."""
    odd = 0
    for team in map(mapping, _of_organization(reading, TEAMS, "teams")):
        ident = text(team.get("id"))
        odd += not ident
        found = _listed(reading, CONNECTIONS, "connections", "teamId", ident) if ident else ()
        yield from each(found, connection, reading.org, CONNECTIONS.id)
    yield from odd_gap(odd, TEAMS.id)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="make",
        title="Make scenarios, connections by name and people",
        config=MakeConfig,
        operations=_CALLS,
        yields=NAMES.kinds | lowcode.kinds(NAMES),
        docs_url="https://developers.make.com/api-documentation/api-reference",
        exports=("a scenario's blueprint, as the editor exports it",),
        # 60 a minute of the smallest plan:
        # https://developers.make.com/api-documentation/getting-started/rate-limiting
        rates={"default": 1.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("flows", FLOWS, flows),
        Listed("connections", CONNECTIONS, connections),
    ),
    kinds=(Kind(is_flow, flow), Kind(is_connection, connection), Kind(is_user, user)),
    access=_access,
    expected="scenarios, blueprints, connections or users",
)
