"""Workato: recipes of a workspace with their apps, triggers, connections by name and authors.

https://docs.workato.com/workato-api/recipes.html. A recipe's steps are JSON in a text; of a
connection its name and app alone are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from scanner.kit import lowcode
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Reading,
    Settings,
    bearer,
    each,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.lowcode import Flow, Slot
from scanner.kit.named import Names
from scanner.kit.paged import by_number, whole_list
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, nested, text, when
from scanner.model.items import Item

NAMES = Names(source="workato", vendor="workato", tenant="workspace")
Part = Literal["flows", "connections"]
FLOWS = read("/api/recipes", "API client: List recipes", "recipes with their steps")
CONNECTIONS = read("/api/connections", "API client: List connections", "names of connections")
_SIZE = 100


class WorkatoConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace, or recipes exported from one."""

    token_env: str = "WORKATO_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with the token of a developer API client."""
    url: str = "https://www.workato.com"
    """Of the data centre: `https://app.eu.workato.com`, ..."""
    parts: tuple[Part, ...] = ("flows", "connections")


def _access(ctx: Context[WorkatoConfig]) -> Any:
    return session(
        ctx, (FLOWS, CONNECTIONS), bearer(ctx, hint=" to a developer API client's token")
    )


def is_flow(record: Mapping[str, Any]) -> bool:
    """Also without its steps (``exclude_code=true``), and then by the apps that it uses."""
    given = record.keys()
    return (
        {"name", "code"} <= given and bool({"trigger_application", "config", "running"} & given)
    ) or {"name", "applications", "running"} <= given


def flow(record: Any, org: str) -> list[Item] | None:
    """A recipe as the API tells it; or a file of an exported package."""
    given = mapping(record)
    name, ident = text(given.get("name")), text(given.get("id")) or text(given.get("name"))
    if not ident:
        return None
    code = mapping(nested(given.get("code")))
    running, runs = given.get("running"), given.get("job_succeeded_count")
    apps = sorted({text(one) for one in items(given.get("applications"))} - {""})
    tags = {
        "apps": cut(", ".join(apps), 300),
        "runs": text(runs) if isinstance(runs, int) else "",
        "last_run_at": when(given.get("last_run_at")),
    }
    mail = text(given.get("version_author_email"))
    author = text(given.get("version_author_name")) or text(given.get("author_name"))
    who = NAMES.person(org, mail or author, mail or author, author) if mail or author else None
    one = Flow(
        ident=ident, name=name, file="recipe.json", tags=tags, owners=[who],
        definition={"name": name, "code": code} if code
        else {"name": name, "applications": apps, "keyword": "recipe"} if apps else None,
        triggers=[text(given.get("trigger_application")) or text(code.get("provider"))],
        slots=list(_slots(given)), created_at=when(given.get("created_at")),
        changed_at=when(given.get("updated_at")),
        status="" if running is None else "active" if running is True else "inactive",
    )  # fmt: skip
    return list(lowcode.flow(NAMES, org, FLOWS.id, one))


def _slots(given: Mapping[str, Any]) -> Iterator[Slot]:
    """By id; an exported recipe names the file of its connection instead."""
    for one in map(mapping, items(given.get("config"))):
        account = one.get("account_id")
        name = text(mapping(account).get("name"))
        ident = text(account) or name
        if ident:
            yield Slot(ident, name, text(one.get("provider")))


def is_connection(record: Mapping[str, Any]) -> bool:
    return {"name", "authorization_status"} <= record.keys()


def connection(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident = text(given.get("id"))
    if not ident:
        return None
    kind = text(given.get("provider")) or text(given.get("application"))
    one = Slot(ident, text(given.get("name")), kind)
    return list(NAMES.listed(lowcode.slot(NAMES, org, one), CONNECTIONS.id))


def flows(reading: Reading) -> Iterator[Item]:
    found = by_number(
        reading.access, "/api/recipes", {"per_page": str(_SIZE)}, items="items", param="page",
        size=_SIZE,
    )  # fmt: skip
    yield from each(found, flow, reading.org, FLOWS.id)


def connections(reading: Reading) -> Iterator[Item]:
    found = whole_list(reading.access, CONNECTIONS)
    yield from each(found, connection, reading.org, CONNECTIONS.id)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="workato",
        title="Workato recipes and connections by name",
        config=WorkatoConfig,
        operations=(FLOWS, CONNECTIONS),
        yields=NAMES.kinds | lowcode.kinds(NAMES),
        docs_url="https://docs.workato.com/workato-api.html",
        exports=("packages of recipes: their JSON",),
        # 60 a minute for lists: https://docs.workato.com/workato-api/limits.html
        rates={"default": 1.0},
    ),
    names=NAMES,
    parts=(Listed("flows", FLOWS, flows), Listed("connections", CONNECTIONS, connections)),
    kinds=(Kind(is_flow, flow), Kind(is_connection, connection)),
    access=_access,
    expected="recipes or connections",
)
