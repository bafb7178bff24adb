"""Flowise: chatflows, agentflows and assistants of a workspace, and credentials by name.

https://docs.flowiseai.com/api-reference/chatflows. A flow's steps are JSON in a text; a credential
is named in them by its id. Versions before 3 answer with all at once.
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
from scanner.kit.expressions import expression
from scanner.kit.http import json_body
from scanner.kit.lowcode import Flow, Slot
from scanner.kit.named import Names
from scanner.kit.paged import whole_list
from scanner.kit.values import items, mapping, nested, text, when
from scanner.model.errors import Unavailable
from scanner.model.items import Item

NAMES = Names(source="flowise", vendor="flowise", tenant="workspace")
Part = Literal["flows", "credentials"]
FLOWS = read("/api/v1/chatflows", "chatflows:view, agentflows:view", "flows with their steps")
CREDENTIALS = read("/api/v1/credentials", "credentials:view", "names of credentials")
_TYPES = ("CHATFLOW", "AGENTFLOW", "MULTIAGENT", "ASSISTANT")
_SIZE = 100
_MOST_PAGES = 1_000


class FlowiseConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace, or flows exported from one."""

    url: str = ""
    """Where you run it, or `https://cloud.flowiseai.com`."""
    token_env: str = "FLOWISE_API_KEY"  # noqa: S105 - the variable's name
    """Environment variable with an API key of the workspace."""
    parts: tuple[Part, ...] = ("flows", "credentials")


def _access(ctx: Context[FlowiseConfig]) -> Any:
    return session(ctx, (FLOWS, CREDENTIALS), bearer(ctx, hint=" to an API key of the workspace"))


def is_flow(record: Mapping[str, Any]) -> bool:
    return {"name", "flowData"} <= record.keys()


def flow(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    name, ident = text(given.get("name")), text(given.get("id")) or text(given.get("name"))
    if not ident:
        return None
    told = mapping(nested(given.get("flowData")))
    nodes = [mapping(mapping(one).get("data")) for one in items(told.get("nodes"))]
    one = Flow(
        ident=ident, name=name, definition={"name": name, **told} if told else None,
        triggers=(text(mapping(node.get("inputs")).get("startInputType")) for node in nodes),
        slots=list(_slots(nodes)), created_at=when(given.get("createdDate")),
        changed_at=when(given.get("updatedDate")),
        exposure=("public",) if given.get("isPublic") is True else (),
        tags={"type": kind.casefold()} if (kind := text(given.get("type"))) else {},
    )  # fmt: skip
    return list(lowcode.flow(NAMES, org, FLOWS.id, one))


_CALLED = expression(r"(?i)[ _-]+(?:chatflow|agentflow|agents|multiagents?)(?: ?\(\d+\))?$")
"""What the editor adds to the name of a flow, as that of its file."""


def is_drawn(record: Mapping[str, Any]) -> bool:
    """A flow as the editor exports it: its nodes and edges alone
    (https://docs.flowiseai.com/using-flowise/agentflowv2 and ``ExportData`` of
    https://github.com/FlowiseAI/Flowise)."""
    return {"nodes", "edges"} <= record.keys()


def drawn(record: Mapping[str, Any], org: str) -> list[Item] | None:
    """By the name of its file, which is the flow's."""
    name = _CALLED.sub("", text(record.get("name")))
    return flow({"name": name, "flowData": {**record, "name": name}}, org)


_BESIDE = (
    {"chatId", "content", "role"}, {"name", "schema", "func"}, {"templateName", "flowData"},
    {"loaders", "name"}, {"execution", "sessionId"}, {"sessionId", "agentflowId"},
    {"name", "value", "type"},
)  # fmt: skip


def is_beside(record: Mapping[str, Any]) -> bool:
    """What the export of all data holds beside flows (messages, tools, variables, stores,
    templates of the market): nothing of it is read."""
    return any(fields <= record.keys() for fields in _BESIDE)


def beside(record: Mapping[str, Any], org: str) -> list[Item]:
    return []


def _slots(nodes: list[Mapping[str, Any]]) -> Iterator[Slot]:
    """By id; the list of credentials knows their names."""
    for node in nodes:
        inputs = mapping(node.get("inputs"))
        ident = text(node.get("credential")) or text(inputs.get("FLOWISE_CREDENTIAL_ID"))
        if ident:
            yield Slot(ident, "")


def is_credential(record: Mapping[str, Any]) -> bool:
    return {"credentialName", "name"} <= record.keys()


def credential(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, name = text(given.get("id")), text(given.get("name"))
    if not ident:
        return None
    asset = lowcode.slot(NAMES, org, Slot(ident, name, text(given.get("credentialName"))))
    return list(NAMES.listed(asset, CREDENTIALS.id))


def flows(reading: Reading) -> Iterator[Item]:
    yield from each(_flows(reading), flow, reading.org, FLOWS.id)


def _flows(reading: Reading) -> Iterator[Any]:
    """Each once, as older versions do not know types."""
    seen: set[str] = set()
    for kind in _TYPES:
        for record in _paged(reading, kind):
            ident = text(mapping(record).get("id"))
            if not ident or ident not in seen:
                seen.add(ident)
                yield record


def _paged(reading: Reading, kind: str) -> Iterator[Any]:
    """To as many as are told; a page that is a plain list is all of it."""
    got, path = 0, FLOWS.path
    for page in range(1, _MOST_PAGES + 1):
        query = {"type": kind, "page": str(page), "limit": str(_SIZE)}
        body = json_body(reading.access.get(path, query))
        found = body if isinstance(body, list) else mapping(body).get("data")
        if not isinstance(found, list):
            raise Unavailable(f"{FLOWS.id}: the answer has no list of flows")
        yield from found
        got += len(found)
        total = mapping(body).get("total")
        if not found or not isinstance(total, int) or got >= total:
            return
    raise Unavailable(f"{FLOWS.id}: more than {_MOST_PAGES} pages")


def credentials(reading: Reading) -> Iterator[Item]:
    found = whole_list(reading.access, CREDENTIALS)
    yield from each(found, credential, reading.org, CREDENTIALS.id)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="flowise",
        title="Flowise flows and credentials by name",
        config=FlowiseConfig,
        operations=(FLOWS, CREDENTIALS),
        yields=NAMES.kinds | lowcode.kinds(NAMES),
        docs_url="https://docs.flowiseai.com/api-reference/chatflows",
        exports=("a chatflow or agentflow, as the editor exports it", "the export of all data"),
        # Flowise publishes none for it.
        rates={"default": 5.0},
    ),
    names=NAMES,
    parts=(Listed("flows", FLOWS, flows), Listed("credentials", CREDENTIALS, credentials)),
    kinds=(
        Kind(is_flow, flow),
        Kind(is_drawn, drawn),
        Kind(is_credential, credential),
        Kind(is_beside, beside),
    ),
    access=_access,
    expected="flows or credentials",
)
