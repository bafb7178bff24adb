"""A small organization of the Hub, by https://huggingface.co/docs/hub/api."""

from __future__ import annotations

from typing import Any

from connectors import huggingface
from tests.saas_rig import TOKEN, Asked, Reply, Vendor
from tests.saas_rig.cases import Case, Published

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


def entry(number: int, kind: str, day: int, user: str = "ada", **more: Any) -> dict[str, Any]:
    return {
        "_id": f"65{number}", "type": kind, "createdAt": f"2026-11-{day}T08:00:00.000Z",
        "message": "Created model acme/secret-plan", "ip": "203.0.113.0",
        "author": {"_id": "1", "type": "user", "user": user, "avatarUrl": "/a.svg"},
        "location": {"formatted": "Paris, FR"}, "userAgent": "Mozilla", "data": {}, **more,
    }  # fmt: skip


EVENTS = [
    entry(1, "repo.create", 20), entry(2, "repo.create", 21),
    entry(3, "org.sso_login", 22, "ben"),
    entry(4, "org.settings.inference_providers.keys.add", 22),
    entry(5, "org.token_approval.authorization_request.authorized", 23),
    entry(6, "jobs.create", 24, "cleo"),
    entry(7, "billing.renew_subscription", 25,
          author={"_id": "0", "type": "system", "user": "Hugging Face", "avatarUrl": ""}),
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
    vendor.route(huggingface.AUDIT.id, lambda asked: EVENTS, "q author")
    vendor.route(huggingface.ENDPOINTS.id, lambda asked: {"items": ENDPOINTS})
    return vendor


CASE = Case(
    name="huggingface",
    plant=plant,
    settings=lambda url: {
        "organization": "acme",
        "url": url,
        "endpoints_url": url,
        "parts": ("models", "spaces", "datasets", "members", "endpoints", "audit"),
    },
    records=[*ENDPOINTS, *MODELS, *SPACES, *EVENTS],
    environ={"HF_TOKEN": TOKEN},
    published=(
        Published(
            "https://huggingface.co/.well-known/openapi.json",
            EVENTS,
            "_id type createdAt message ip author._id author.type author.user author.avatarUrl "
            "author.deleted location.formatted location.city location.country userAgent data",
        ),
    ),
)
