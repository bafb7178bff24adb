"""A small instance of Langflow, by its published API."""

from __future__ import annotations

from typing import Any

from connectors import langflow
from tests.saas_rig import Asked, Vendor
from tests.saas_rig.cases import Case, Published

KEY = "made-up-key"
SOURCE = "https://github.com/langflow-ai/langflow/tree/main/src/backend/base/langflow/services/"
USERS = [
    {"id": "u1", "username": "Ada@acme.com", "is_active": True, "is_superuser": True},
    {"id": "u2", "username": "ben", "is_active": False, "is_superuser": False},
]


def flow(ident: str, name: str, *nodes: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": ident, "name": name, "data": {"nodes": list(nodes), "edges": []},
        "is_component": False, "endpoint_name": None, "user_id": "u1", "folder_id": "d1",
        "updated_at": "2026-11-20T08:00:00+00:00", "webhook": False, "access_type": "PRIVATE",
        "mcp_enabled": False, **more,
    }  # fmt: skip


def node(kind: str, **template: Any) -> dict[str, Any]:
    return {"id": f"{kind}-1", "data": {"type": kind, "node": {"template": template}}}


FLOWS = [
    flow("f1", "Answer mail",
         node("OpenAIModel", api_key={"value": "OPENAI_API_KEY", "load_from_db": True},
              model_name={"value": "gpt-4o-mini"}), mcp_enabled=True, access_type="PUBLIC"),
    flow("f2", "Hook", node("Webhook", data={"value": ""}), webhook=True, endpoint_name="hook"),
]  # fmt: skip
VARIABLES = [
    {"id": "v1", "name": "OPENAI_API_KEY", "type": "Credential", "value": None,
     "default_fields": ["api_key"]},
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(authorization=KEY, header="x-api-key")

    def users(asked: Asked) -> Any:
        first, size = int(asked.query["skip"]), int(asked.query["limit"])
        return {"total_count": len(USERS), "users": USERS[first : first + size]}

    vendor.route(langflow.USERS.id, users, "skip limit")
    vendor.route(
        langflow.FLOWS.id, lambda asked: FLOWS,
        "remove_example_flows components_only get_all folder_id flow_type header_flows page size",
    )  # fmt: skip
    vendor.route(langflow.VARIABLES.id, lambda asked: VARIABLES)
    return vendor


CASE = Case(
    name="langflow",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "parts": ("people", "flows", "variables"),
    },
    records=[*FLOWS, *VARIABLES, *USERS],
    environ={"LANGFLOW_API_KEY": KEY},
    is_counted=True,
    published=(
        Published(
            f"{SOURCE}database/models/flow", FLOWS,
            "id name data.nodes.id data.nodes.data.* data.edges is_component endpoint_name "
            "user_id folder_id updated_at webhook access_type mcp_enabled",
        ),
        Published(f"{SOURCE}database/models/user", USERS, "id username is_active is_superuser"),
        Published(f"{SOURCE}database/models/variable", VARIABLES,
                  "id name type value default_fields"),
    ),
)  # fmt: skip
