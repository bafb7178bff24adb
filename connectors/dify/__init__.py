"""Dify: applications of a workspace with their definitions (models, tools, knowledge), and people.

https://docs.dify.ai/en/cli/reference/apps, over the API that Dify's own command line uses
(https://github.com/langgenius/dify, ``api/openapi``). A definition is its DSL as Dify exports it
without secrets; no conversation, log or key is asked for.
"""

from __future__ import annotations

import json
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
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.http import Missing, json_body
from scanner.kit.lowcode import Flow, Slot
from scanner.kit.named import Names
from scanner.kit.paged import by_number
from scanner.kit.records import YAML
from scanner.kit.values import items, mapping, text, when
from scanner.kit.yaml_text import ERRORS as YAML_ERRORS
from scanner.kit.yaml_text import loaded
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.items import Gap, Item

NAMES = Names(source="dify", vendor="dify", tenant="workspace")
Part = Literal["people", "flows"]
_MEMBER = "a member's token"
MEMBERS = read("/openapi/v1/workspaces/{workspace}/members", _MEMBER, "people of the workspace")
APPS = read("/openapi/v1/apps", _MEMBER, "applications that the member sees")
DSL = read("/openapi/v1/apps/{id}/dsl", "a token of an editor, admin or owner", "their definitions")
_CALLS = (MEMBERS, APPS, DSL)
_SIZE = 100


class DifyConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace, or answers of the API and DSL files as the studio exports them."""

    workspace_id: str = ""
    """As `difyctl get workspace` tells it."""
    token_env: str = "DIFY_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with a member's access token."""
    url: str = "https://cloud.dify.ai"
    """Or the console API address of where you run it."""
    parts: tuple[Part, ...] = ("people", "flows")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.live and not self.workspace_id:
            raise ValueError("set `workspace_id`, or `live = false`")


def _access(ctx: Context[DifyConfig]) -> Any:
    return session(ctx, _CALLS, bearer(ctx, hint=" to an editor's access token"))


def _listed(reading: Reading, operation: Operation, **asked: str) -> Iterator[Any]:
    workspace = quote(reading.ctx.config.workspace_id, safe="")
    return by_number(
        reading.access, operation.path.replace("{workspace}", workspace),
        {**asked, "limit": str(_SIZE)}, items="data", param="page", size=_SIZE, more="has_more",
    )  # fmt: skip


def is_member(record: Mapping[str, Any]) -> bool:
    return {"email", "role", "status"} <= record.keys()


def member(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("id")), text(given.get("email"))
    if not ident:
        return None
    role = text(given.get("role"))
    return [
        NAMES.member(
            org, MEMBERS.id, ident, text(given.get("name")) or mail or ident, mail,
            is_active=text(given.get("status")) in ("", "active"),
            tags={"role": role} if role else {},
        )
    ]  # fmt: skip


def is_flow(record: Mapping[str, Any]) -> bool:
    return {"id", "name", "mode"} <= record.keys()


def flow(record: Any, org: str) -> list[Item] | None:
    """An application with its DSL (``dsl``); without, with what the list says of it."""
    given = mapping(record)
    ident, name, mode = (text(given.get(one)) for one in ("id", "name", "mode"))
    if not ident or not mode:
        return None
    dsl = text(given.get("dsl"))
    told = _parsed(dsl)
    one = Flow(
        ident=ident, name=name, file="app.yml", tags={"mode": mode},
        definition=dsl or _outline(name, mode), triggers=_triggers(told), slots=_slots(told),
        changed_at=when(given.get("updated_at")),
    )  # fmt: skip
    return list(lowcode.flow(NAMES, org, APPS.id, one))


def _outline(name: str, mode: str) -> str:
    """What is known without a DSL, in its shape: JSON's texts are YAML's too."""
    return f"app:\n  mode: {json.dumps(mode)}\n  name: {json.dumps(name)}\nmodel_config: {{}}\n"


_TRIGGER, _SECRET = "trigger-", "secret"


def _parsed(dsl: str) -> Mapping[str, Any]:
    """What a DSL says; nothing for what is none."""
    try:
        return mapping(loaded(dsl)) if dsl else {}
    except YAML_ERRORS:
        return {}


def _triggers(told: Mapping[str, Any]) -> Iterator[str]:
    """What begins a workflow, where that is nobody who asks: a schedule, a webhook, a plugin."""
    graph = mapping(mapping(told.get("workflow")).get("graph"))
    for node in map(mapping, items(graph.get("nodes"))):
        kind = text(mapping(node.get("data")).get("type"))
        if kind.startswith(_TRIGGER):
            yield kind.removeprefix(_TRIGGER)


def _slots(told: Mapping[str, Any]) -> Iterator[Slot]:
    """Secret variables of the environment, by name; without secrets they are exported empty."""
    for one in map(mapping, items(mapping(told.get("workflow")).get("environment_variables"))):
        name = text(one.get("name"))
        if name and text(one.get("value_type")) == _SECRET:
            yield Slot(name, name, _SECRET)


def is_dsl(record: Mapping[str, Any]) -> bool:
    return YAML in record


def dsl(record: Mapping[str, Any], org: str) -> list[Item] | None:
    """An application as the studio exports it (https://docs.dify.ai, "Export DSL"):
    ``app.name`` and ``app.mode``; it has no id, and is known by its name."""
    said = text(record.get(YAML))
    app = mapping(_parsed(said).get("app"))
    name, mode = text(app.get("name")) or text(record.get("name")), text(app.get("mode"))
    return flow({"id": name, "name": name, "mode": mode, "dsl": said}, org) if mode else None


def people(reading: Reading) -> Iterator[Item]:
    yield from each(_listed(reading, MEMBERS), member, reading.org, MEMBERS.id)


def flows(reading: Reading) -> Iterator[Item]:
    refused: list[SourceError] = []
    found = _listed(reading, APPS, workspace_id=reading.ctx.config.workspace_id)
    yield from each(_defined(reading, found, refused), flow, reading.org, APPS.id)
    if refused:
        yield Gap(
            what=DSL.id, denied=True,
            reason=f"the DSL of {len(refused)} applications is not shown (its API is off, or the "
            f"role is too low): {refused[0]}",
        )  # fmt: skip


def _defined(
    reading: Reading, found: Iterator[Any], refused: list[SourceError]
) -> Iterator[Any]:  # fmt: skip
    for record in found:
        given = mapping(record)
        ident = text(given.get("id"))
        if not ident:
            yield record
            continue
        try:
            yield {**given, "dsl": _dsl(reading, ident)}
        except Denied as error:
            refused.append(error)
            yield record


def _dsl(reading: Reading, ident: str) -> str:
    """Empty for an application that was deleted meanwhile, or a Dify that has no such call yet."""
    path = DSL.path.replace("{id}", quote(ident, safe=""))
    try:
        found = mapping(json_body(reading.access.get(path))).get("data")
    except Missing:
        return ""
    if not isinstance(found, str):
        raise Unavailable(f"{DSL.id}: the answer has no DSL")
    return found


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="dify",
        title="Dify applications and people",
        config=DifyConfig,
        operations=_CALLS,
        yields=NAMES.kinds | lowcode.kinds(NAMES),
        docs_url="https://docs.dify.ai/en/cli/reference/apps",
        exports=("an application's DSL, as the studio exports it (YAML)",),
        # 60 a minute a token where OPENAPI_RATE_LIMIT_PER_TOKEN says nothing else:
        # https://github.com/langgenius/dify/blob/main/docker/envs/core-services/shared.env.example
        rates={"default": 1.0},
    ),
    names=NAMES,
    parts=(Listed("people", MEMBERS, people), Listed("flows", APPS, flows)),
    kinds=(Kind(is_flow, flow), Kind(is_member, member), Kind(is_dsl, dsl)),
    access=_access,
    expected="applications, their DSL or members",
)
