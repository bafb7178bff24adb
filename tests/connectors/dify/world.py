"""A small workspace of Dify, by the description of its API."""

from __future__ import annotations

from typing import Any

from connectors import dify
from tests.saas_rig import TOKEN, Asked, Reply, Vendor
from tests.saas_rig.cases import Case, Published

SPEC = "https://github.com/langgenius/dify/blob/main/api/openapi/markdown/openapi-openapi.md"
MEMBERS = [
    {"id": f"m{n}", "name": name, "email": f"{name}@acme.com", "role": role, "status": status,
     "avatar": None}
    for n, (name, role, status) in enumerate(
        (("Ada", "owner", "active"), ("ben", "normal", "banned"), ("cem", "editor", "active")))
]  # fmt: skip
APPS = [
    {"id": f"a{n}", "name": name, "description": None, "mode": mode,
     "updated_at": "2026-11-20T08:00:00", "workspace_id": "w1", "workspace_name": "Acme"}
    for n, (name, mode) in enumerate(
        (("Answer mail", "workflow"), ("Helper", "chat"), ("Sort", "workflow")))
]  # fmt: skip
DSL = {
    "a0": """
app:
  mode: workflow
  name: Answer mail
kind: app
version: 0.3.0
workflow:
  graph:
    nodes:
    - data:
        type: llm
        model: {provider: langgenius/openai/openai, name: gpt-4o-mini, mode: chat}
""",
    "a2": """
app:
  mode: workflow
  name: Sort
kind: app
workflow:
  graph:
    nodes:
    - data: {type: start}
    - data: {type: code}
""",
}
HIDDEN: set[str] = set()
"""Ids that the member does not see, though pages are counted with them."""


def plant() -> Vendor:
    vendor = Vendor()

    def listed(records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            number = 1 if vendor.ring else int(asked.query["page"])
            size = vendor.page_size
            page = records[(number - 1) * size : number * size]
            page = [one for one in page if one["id"] not in HIDDEN]
            return {"page": number, "limit": size, "total": len(records), "data": page,
                    "has_more": vendor.ring or number * size < len(records)}  # fmt: skip

        return answer

    def dsl(asked: Asked) -> Any:
        return {"data": DSL[asked.holes["id"]]} if asked.holes["id"] in DSL else Reply({}, 404)

    vendor.route(dify.MEMBERS.id, listed(MEMBERS), "page limit")
    vendor.route(dify.APPS.id, listed(APPS), "workspace_id page limit mode name")
    vendor.route(dify.DSL.id, dsl, "include_secret workflow_id")
    return vendor


CASE = Case(
    name="dify",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url, "workspace_id": "w1"},
    records=[*MEMBERS, *APPS],
    environ={"DIFY_TOKEN": TOKEN},
    published=(
        Published(SPEC, MEMBERS, "id name email role status avatar"),
        Published(SPEC, APPS,
                  "id name description mode updated_at workspace_id workspace_name"),
    ),
)  # fmt: skip
