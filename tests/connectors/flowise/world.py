"""A small workspace of Flowise, by https://docs.flowiseai.com/api-reference."""

from __future__ import annotations

import json
from typing import Any

from connectors import flowise
from tests.saas_rig import TOKEN, Asked, Vendor
from tests.saas_rig.cases import Case, Published

SOURCE = "https://github.com/FlowiseAI/Flowise/blob/main/packages/server/src/database/entities/"


def node(name: str, category: str, **more: Any) -> dict[str, Any]:
    data = {"name": name, "category": category, "inputs": more.pop("inputs", {}),
            "inputAnchors": [], "inputParams": [], **more}  # fmt: skip
    return {"id": f"{name}_0", "data": data}


def chatflow(ident: str, name: str, kind: str, *nodes: Any, public: bool = False) -> Any:
    return {
        "id": ident, "name": name, "type": kind, "deployed": False, "isPublic": public,
        "flowData": json.dumps({"nodes": nodes, "edges": []}), "apikeyid": None,
        "createdDate": "2026-05-01T08:00:00.000Z", "updatedDate": "2026-11-20T08:00:00.000Z",
    }  # fmt: skip


FLOWS = [
    chatflow("f1", "Support bot", "CHATFLOW",
             node("chatOpenAI", "Chat Models", credential="c1",
                  inputs={"modelName": "gpt-4o-mini"}), public=True),
    chatflow("f2", "Researcher", "AGENTFLOW",
             node("startAgentflow", "Agent Flows", inputs={"startInputType": "chatInput"})),
]  # fmt: skip
CREDENTIALS = [
    {"id": "c1", "name": "OpenAI of support", "credentialName": "openAIApi",
     "createdDate": "2026-05-01T08:00:00.000Z", "updatedDate": "2026-05-01T08:00:00.000Z"},
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor()

    def flows(asked: Asked) -> Any:
        size, page = int(asked.query["limit"]), int(asked.query["page"])
        found = [one for one in FLOWS if one["type"] == asked.query["type"]]
        return {"data": found[(page - 1) * size : page * size], "total": len(found)}

    vendor.route(flowise.FLOWS.id, flows, "type page limit")
    vendor.route(flowise.CREDENTIALS.id, lambda asked: CREDENTIALS, "credentialName")
    return vendor


CASE = Case(
    name="flowise",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*FLOWS, *CREDENTIALS],
    environ={"FLOWISE_API_KEY": TOKEN},
    is_counted=True,
    published=(
        Published(f"{SOURCE}ChatFlow.ts", FLOWS,
                  "id name type deployed isPublic flowData apikeyid createdDate updatedDate"),
        Published(f"{SOURCE}Credential.ts", CREDENTIALS,
                  "id name credentialName createdDate updatedDate"),
    ),
)  # fmt: skip
