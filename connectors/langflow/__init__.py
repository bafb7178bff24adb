"""Langflow: flows with their components, variables by name, and people.

https://docs.langflow.org/api-reference-api-examples. An API key shows the flows of its own user;
what a variable holds is not kept.
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
    each,
    read,
    secret,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.lowcode import Flow, Slot
from scanner.kit.named import Names
from scanner.kit.paged import by_number, whole_list
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text, when
from scanner.model.items import Item

NAMES = Names(source="langflow", vendor="langflow", tenant="instance")
Part = Literal["people", "flows", "variables"]
USERS = read("/api/v1/users/", "superuser", "people, whose the flows are")
FLOWS = read("/api/v1/flows/", "API key", "flows with their components")
VARIABLES = read("/api/v1/variables/", "API key", "names of variables and credentials")
_CALLS = (USERS, FLOWS, VARIABLES)
_SIZE = 100


class LangflowConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instance, or flows exported from one."""

    url: str = ""
    """Where you run it."""
    token_env: str = "LANGFLOW_API_KEY"  # noqa: S105 - the variable's name
    """Environment variable with an API key; its user's flows are seen."""
    parts: tuple[Part, ...] = ("flows", "variables")
    """What to read; `people` needs a superuser's key."""


def _access(ctx: Context[LangflowConfig]) -> Any:
    key = secret(ctx, "an API key of Langflow")
    return session(ctx, _CALLS, {"x-api-key": key})


def is_flow(record: Mapping[str, Any]) -> bool:
    return {"name", "data"} <= record.keys() and bool(
        {"is_component", "endpoint_name", "last_tested_version"} & record.keys()
    )


def flow(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    name, ident = text(given.get("name")), text(given.get("id")) or text(given.get("name"))
    if not ident:
        return None
    nodes = [mapping(mapping(one).get("data")) for one in
             items(mapping(given.get("data")).get("nodes"))]  # fmt: skip
    tags = {
        "mcp": "served as a tool" if given.get("mcp_enabled") is True else "",
        "endpoint": cut(text(given.get("endpoint_name")), 80),
    }
    one = Flow(
        ident=ident, name=name, definition={"name": name, "data": given.get("data")},
        triggers=("webhook",) if given.get("webhook") is True else (), slots=list(_slots(nodes)),
        owners=[NAMES.person(org, text(given.get("user_id")))],
        changed_at=when(given.get("updated_at")), tags=tags,
        exposure=("public",) if text(given.get("access_type")) == "PUBLIC" else (),
    )  # fmt: skip
    return list(lowcode.flow(NAMES, org, FLOWS.id, one))


def _slots(nodes: list[Mapping[str, Any]]) -> Iterator[Slot]:
    """Fields that are filled from a variable, by its name."""
    for node in nodes:
        for one in map(mapping, mapping(mapping(node.get("node")).get("template")).values()):
            name = text(one.get("value"))
            if one.get("load_from_db") is True and name:
                yield Slot(name, name)


def is_variable(record: Mapping[str, Any]) -> bool:
    return {"name", "default_fields"} <= record.keys()


def variable(record: Any, org: str) -> list[Item] | None:
    """By name, as flows call it."""
    given = mapping(record)
    name = text(given.get("name"))
    if not name:
        return None
    asset = lowcode.slot(NAMES, org, Slot(name, name, text(given.get("type"))))
    return list(NAMES.listed(asset, VARIABLES.id))


def is_user(record: Mapping[str, Any]) -> bool:
    return {"username", "is_superuser"} <= record.keys()


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, name = text(given.get("id")), text(given.get("username"))
    if not ident or not name:
        return None
    return [
        NAMES.member(
            org,
            USERS.id,
            ident,
            name,
            name,
            is_active=given.get("is_active") is not False,
            tags={"role": "superuser"} if given.get("is_superuser") is True else {},
        )
    ]


def people(reading: Reading) -> Iterator[Item]:
    found = by_number(
        reading.access, "/api/v1/users/", {"limit": str(_SIZE)}, items="users", param="skip",
        size=_SIZE, first=0, step=_SIZE,
    )  # fmt: skip
    yield from each(found, user, reading.org, USERS.id)


def flows(reading: Reading) -> Iterator[Item]:
    """Without the examples that every instance has."""
    query = {"remove_example_flows": "true", "get_all": "true"}
    found = whole_list(reading.access, FLOWS, query)
    yield from each(found, flow, reading.org, FLOWS.id)


def variables(reading: Reading) -> Iterator[Item]:
    yield from each(whole_list(reading.access, VARIABLES), variable, reading.org, VARIABLES.id)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="langflow",
        title="Langflow flows, variables by name and people",
        config=LangflowConfig,
        operations=_CALLS,
        yields=NAMES.kinds | lowcode.kinds(NAMES),
        docs_url="https://docs.langflow.org/api-reference-api-examples",
        exports=("a flow, as the editor exports it", "the zip of a project's flows"),
        # Langflow has none of its own.
        rates={"default": 5.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("flows", FLOWS, flows),
        Listed("variables", VARIABLES, variables),
    ),
    kinds=(Kind(is_flow, flow), Kind(is_variable, variable), Kind(is_user, user)),
    access=_access,
    expected="flows, variables or users",
)
