"""A small organization of OpenRouter, by https://openrouter.ai/docs/api-reference."""

from __future__ import annotations

from typing import Any

from connectors import openrouter
from tests.saas_rig import TOKEN, Asked, Vendor
from tests.saas_rig.cases import Case

KEYS = [
    {"hash": f"made-up-hash-{n}", "name": f"team {n}", "label": f"sk-or-v1-0e6...{n:03d}",
     "disabled": n == 1, "limit": None, "usage": n * 1.5, "created_at": "2026-08-24T10:30:00Z",
     "updated_at": None}
    for n in range(130)
]  # fmt: skip


def day(at: str, model: str, requests: int, host: str = "Anthropic") -> Any:
    return {
        "date": at, "model": model, "endpoint_id": "e", "provider_name": host, "usage": 0.1,
        "requests": requests, "prompt_tokens": 9, "completion_tokens": 9,
    }  # fmt: skip


DAYS = [
    day("2026-11-20", "anthropic/claude-sonnet-4", 5),
    day("2026-11-21", "anthropic/claude-sonnet-4", 7),
    day("2026-11-21", "openai/gpt-4.1", 2, "Azure"),
]


def plant() -> Vendor:
    vendor = Vendor(page_size=100)

    def keys(asked: Asked) -> Any:
        first = 0 if vendor.ring else int(asked.query["offset"])
        return {"data": KEYS[first : first + 100]}

    vendor.route(openrouter.KEYS.id, keys, "include_disabled offset workspace_id")
    vendor.route(openrouter.ACTIVITY.id, lambda asked: {"data": DAYS}, "date")
    return vendor


CASE = Case(
    name="openrouter",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*DAYS, *(day(f"2026-11-{n:02d}", f"x/model-{n}", n) for n in range(1, 7)), *KEYS[:3]],
    environ={"OPENROUTER_MANAGEMENT_KEY": TOKEN},
)
