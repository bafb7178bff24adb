"""A small organization of the Hub, by https://huggingface.co/docs/hub/api."""

from __future__ import annotations

from typing import Any

from connectors import huggingface
from tests.saas_rig import TOKEN, Asked, Reply, Vendor
from tests.saas_rig.cases import Case

MODELS = [
    {"id": f"acme/{name}", "modelId": f"acme/{name}", "private": name != "open",
     "pipeline_tag": "text-generation", "library_name": "transformers", "downloads": 12,
     "createdAt": "2026-08-01T08:00:00.000Z"}
    for name in ("support-llm", "open", "ranker")
]  # fmt: skip
SPACES = [
    {"id": f"acme/{name}", "sdk": "gradio", "private": False,
     "createdAt": "2026-08-01T08:00:00.000Z"} for name in ("demo", "chat", "labels")
]  # fmt: skip
DATASETS = [{"id": f"acme/set-{n}", "private": True} for n in range(3)]
MEMBERS = [
    {"user": "ada", "fullname": "Ada Day", "role": "admin", "email": "Ada@acme.com"},
    {"user": "ben", "fullname": "Ben Bay", "role": "read"},
    {"user": "cleo", "fullname": "Cleo Cay", "role": "write"},
]
ENDPOINTS = [
    {"name": "support", "type": "protected", "provider": {"vendor": "aws", "region": "eu-west-1"},
     "compute": {"accelerator": "gpu", "instanceType": "nvidia-l4"},
     "model": {"repository": "acme/support-llm", "task": "text-generation"},
     "status": {"state": "running", "url": "https://x1.endpoints.huggingface.cloud",
                "createdAt": "2026-09-01T08:00:00Z", "createdBy": {"id": "1", "name": "ada"}}},
    {"name": "embed", "type": "public", "compute": {"accelerator": "cpu"},
     "model": {"repository": "BAAI/bge-m3", "task": "sentence-embeddings"},
     "status": {"state": "paused"}},
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor()

    def linked(records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            page, after = vendor.next_page(records, asked.query.get("cursor", ""))
            link = f'<{vendor.url}{asked.path}?cursor={after}>; rel="next"'
            return Reply(page, headers={"Link": link} if after else {})

        return answer

    asked = "author limit full cursor search sort"
    vendor.route(huggingface.MODELS.id, linked(MODELS), asked)
    vendor.route(huggingface.SPACES.id, linked(SPACES), asked)
    vendor.route(huggingface.DATASETS.id, linked(DATASETS), asked)
    vendor.route(huggingface.MEMBERS.id, linked(MEMBERS), "cursor limit email")
    vendor.route(huggingface.ENDPOINTS.id, lambda asked: {"items": ENDPOINTS})
    return vendor


CASE = Case(
    name="huggingface",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url, "endpoints_url": url},
    records=[*ENDPOINTS, *MODELS, *SPACES],
    environ={"HF_TOKEN": TOKEN},
)
