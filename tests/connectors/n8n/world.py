"""A small instance of n8n, by https://docs.n8n.io/api/api-reference/."""

from __future__ import annotations

from typing import Any

from connectors import n8n
from tests.saas_rig import Asked, Vendor
from tests.saas_rig.cases import Case, Published

KEY = "made-up-key"
SPEC = "https://github.com/n8n-io/n8n/tree/master/packages/cli/src/public-api/v1/handlers"
USERS = [
    {"id": "u1", "email": "Ada@acme.com", "firstName": "Ada", "lastName": "Day",
     "isPending": False, "role": "global:owner", "createdAt": "2026-01-01T08:00:00.000Z"},
    {"id": "u2", "email": "ben@acme.com", "firstName": "Ben", "lastName": "", "isPending": False,
     "role": "global:member"},
    {"id": "u3", "email": "cem@acme.com", "isPending": True, "role": "global:member"},
]  # fmt: skip


def node(name: str, kind: str, **credentials: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "type": kind, "typeVersion": 1, "position": [0, 0],
            "parameters": {}, "credentials": credentials}  # fmt: skip


def workflow(ident: str, name: str, *nodes: Any, active: bool = True) -> dict[str, Any]:
    project = {"id": "p1", "name": "Ada Day <Ada@acme.com>", "type": "personal"}
    return {
        "id": ident, "name": name, "active": active, "createdAt": "2026-05-01T08:00:00.000Z",
        "updatedAt": "2026-11-20T08:00:00.000Z", "nodes": list(nodes), "connections": {},
        "settings": {}, "tags": [],
        "shared": [{"role": "workflow:owner", "workflowId": ident, "projectId": "p1",
                    "project": project}],
    }  # fmt: skip


FLOWS = [
    workflow(
        "w1", "Answer mail",
        node("On mail", "n8n-nodes-base.gmailTrigger", gmailOAuth2={"id": "c1", "name": "Mail"}),
        node("Model", "@n8n/n8n-nodes-langchain.lmChatOpenAi",
             openAiApi={"id": "c2", "name": "OpenAI of marketing"}),
        node("Agent", "@n8n/n8n-nodes-langchain.agent"),
    ),
    workflow("w2", "Backup", node("Nightly", "n8n-nodes-base.scheduleTrigger"), active=False),
    workflow("w3", "Ping", node("Hook", "n8n-nodes-base.webhook")),
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(authorization=KEY, header="X-N8N-API-KEY")

    def listed(records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            page, after = vendor.next_page(records, asked.query.get("cursor", ""))
            return {"data": page, "nextCursor": after or None}

        return answer

    vendor.route(n8n.USERS.id, listed(USERS), "limit cursor includeRole projectId")
    vendor.route(
        n8n.FLOWS.id, listed(FLOWS),
        "active tags query name projectId excludePinnedData limit cursor",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="n8n",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*FLOWS, *USERS],
    environ={"N8N_API_KEY": KEY},
    published=(
        Published(SPEC, USERS, "id email firstName lastName isPending role createdAt"),
        Published(
            SPEC, FLOWS,
            "id name active createdAt updatedAt nodes.id nodes.name nodes.type nodes.typeVersion "
            "nodes.position nodes.parameters nodes.credentials nodes.credentials.* connections "
            "settings tags shared.role shared.workflowId shared.projectId shared.project.*",
        ),
    ),
)  # fmt: skip
