"""A small organization of LangSmith, by https://docs.langchain.com/langsmith/smith-api."""

from __future__ import annotations

from typing import Any

from connectors import langsmith
from tests.saas_rig import Asked, Vendor
from tests.saas_rig.cases import Case, Published

KEY = "made-up-key"
MEMBERS = [
    {"id": "m1", "ls_user_id": "u1", "email": "Ada@acme.com", "full_name": "Ada Day",
     "role_name": "Organization Admin"},
    {"id": "m2", "ls_user_id": "u2", "email": "ben@acme.com", "full_name": "",
     "role_name": "Organization User"},
]  # fmt: skip
KEYS = [
    {"id": "k1", "description": "ci", "read_only": False, "short_key": "lsv2_sk...1f2e3d",
     "created_at": "2026-05-01T08:00:00Z", "expires_at": None, "last_used_at": None},
    {"id": "k2", "description": "dashboards", "read_only": True, "short_key": "lsv2_sk...9c0d1e",
     "created_at": "2026-05-02T08:00:00Z"},
]  # fmt: skip
PROJECTS = [
    {"id": "p1", "name": "support-bot", "start_time": "2026-05-01T08:00:00",
     "last_run_start_time": "2026-11-27T08:00:00"},
    {"id": "p2", "name": "default", "start_time": "2026-05-01T08:00:00"},
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(authorization=KEY, header="X-API-Key")

    def listed(records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            first, size = int(asked.query["offset"]), int(asked.query["limit"])
            return records[first : first + size]

        return answer

    vendor.route(langsmith.MEMBERS.id, listed(MEMBERS), "limit offset emails")
    vendor.route(langsmith.KEYS.id, lambda asked: KEYS)
    vendor.route(
        langsmith.PROJECTS.id, listed(PROJECTS),
        "limit offset name name_contains id reference_free sort_by sort_by_desc include_stats",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="langsmith",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*MEMBERS, *KEYS, *PROJECTS],
    environ={"LANGSMITH_API_KEY": KEY},
    is_counted=True,
    published=(
        Published(
            "https://docs.langchain.com/langsmith/smith-api/orgs/get-org-service-keys", KEYS,
            "id description read_only short_key created_at expires_at last_used_at",
        ),
    ),
)  # fmt: skip
