"""n8n: workflows of an instance with their AI steps, triggers, credentials by name and owners.

https://docs.n8n.io/api/api-reference/. Pinned data of workflows (real records) is not asked for; of
a credential its name and type alone are in a workflow.
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
from scanner.kit.expressions import expression
from scanner.kit.lowcode import Flow, Slot
from scanner.kit.named import Names
from scanner.kit.paged import by_cursor
from scanner.kit.values import items, mapping, text, when
from scanner.model.facts import Identity
from scanner.model.items import Item

NAMES = Names(source="n8n", vendor="n8n", tenant="instance")
Part = Literal["people", "flows"]
USERS = read("/api/v1/users", "user:list", "people, whose the workflows are")
FLOWS = read("/api/v1/workflows", "workflow:list", "workflows with their steps")
_OWNER = "workflow:owner"
_MAIL = expression(r"<([^<>@\s]{1,64}@[^<>@\s]{1,190})>")
_PAGE = "100"


class N8nConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instance, or workflows exported from one."""

    url: str = ""
    """`https://acme.app.n8n.cloud`, or where you run it."""
    token_env: str = "N8N_API_KEY"  # noqa: S105 - the variable's name
    """Environment variable with an API key of the instance's owner."""
    parts: tuple[Part, ...] = ("people", "flows")


def _access(ctx: Context[N8nConfig]) -> Any:
    key = secret(ctx, "an API key of the instance's owner")
    return session(ctx, (USERS, FLOWS), {"X-N8N-API-KEY": key})


def _listed(reading: Reading, path: str, **query: str) -> Iterator[Any]:
    return by_cursor(
        reading.access, path, {"limit": _PAGE, **query}, items="data", cursor="nextCursor",
        param="cursor",
    )  # fmt: skip


def is_user(record: Mapping[str, Any]) -> bool:
    return {"email", "isPending"} <= record.keys()


def user(record: Any, org: str) -> list[Item] | None:
    """By address: a workflow names its owner by it."""
    given = mapping(record)
    mail = text(given.get("email"))
    if "@" not in mail:
        return None
    name = " ".join(filter(None, (text(given.get("firstName")), text(given.get("lastName")))))
    role = text(given.get("role"))
    return [
        NAMES.member(
            org,
            USERS.id,
            mail,
            name or mail,
            mail,
            is_active=given.get("disabled") is not True,
            tags={"role": role} if role else {},
        )
    ]


def is_flow(record: Mapping[str, Any]) -> bool:
    """As the API and the editor tell it; one without a name has its file's
    (https://docs.n8n.io/workflows/export-import/)."""
    return {"nodes", "connections", "name"} <= record.keys()


def flow(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    name, nodes = text(given.get("name")), items(given.get("nodes"))
    ident = text(given.get("id")) or name
    if not ident or not isinstance(given.get("nodes"), list):
        return None
    active = given.get("active")
    one = Flow(
        ident=ident, name=name, file="workflow.json",
        definition={"name": name, "nodes": nodes, "connections": given.get("connections")},
        triggers=_triggers(nodes), slots=_slots(nodes),
        owners=list(_owners(given, org)), created_at=when(given.get("createdAt")),
        changed_at=when(given.get("updatedAt")),
        status="" if active is None else "active" if active is True else "inactive",
    )  # fmt: skip
    return list(lowcode.flow(NAMES, org, FLOWS.id, one))


def _triggers(nodes: list[Any]) -> Iterator[str]:
    """The last word of a node's type, of those that begin a workflow."""
    for node in map(mapping, nodes):
        kind = text(node.get("type")).rpartition(".")[2]
        if kind.casefold().endswith("trigger") or kind == "webhook":
            yield kind


def _slots(nodes: list[Any]) -> Iterator[Slot]:
    for node in map(mapping, nodes):
        for kind, told in mapping(node.get("credentials")).items():
            given = mapping(told)
            name = text(given.get("name"))
            if name or given.get("id"):
                yield Slot(text(given.get("id")), name or text(kind), text(kind))


def _owners(given: Mapping[str, Any], org: str) -> Iterator[Identity | None]:
    """A personal project is called by its person's name and address."""
    for one in map(mapping, items(given.get("shared"))):
        if text(one.get("role")) == _OWNER:
            found = _MAIL.search(text(mapping(one.get("project")).get("name")))
            mail = found[1] if found else ""
            yield NAMES.person(org, "", mail) if mail else None


def people(reading: Reading) -> Iterator[Item]:
    found = _listed(reading, "/api/v1/users", includeRole="true")
    yield from each(found, user, reading.org, USERS.id)


def flows(reading: Reading) -> Iterator[Item]:
    found = _listed(reading, "/api/v1/workflows", excludePinnedData="true")
    yield from each(found, flow, reading.org, FLOWS.id)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="n8n",
        title="n8n workflows and people",
        config=N8nConfig,
        operations=(USERS, FLOWS),
        yields=NAMES.kinds | lowcode.kinds(NAMES),
        docs_url="https://docs.n8n.io/api/api-reference/",
        exports=("a workflow, as the editor or `n8n export:workflow` writes it",),
        # n8n publishes none for it.
        rates={"default": 5.0},
    ),
    names=NAMES,
    parts=(Listed("people", USERS, people), Listed("flows", FLOWS, flows)),
    kinds=(Kind(is_flow, flow), Kind(is_user, user)),
    access=_access,
    expected="workflows or users",
)
