"""A small organization of Anthropic, by the pages of its Admin and Compliance APIs.

https://platform.claude.com/docs/en/api/admin and .../compliance/activities/list; records also by
the types of https://github.com/anthropics/anthropic-sdk-python.
"""

from __future__ import annotations

from typing import Any

from connectors import anthropic
from connectors.anthropic import admin, costs, use
from tests.saas_rig import Asked, Vendor
from tests.saas_rig.cases import Case, Published

KEY = "made-up-admin-key"
DOCS = "https://platform.claude.com/docs/en/api"
USERS = [
    {"type": "user", "id": f"user_{name}", "name": name, "email": f"{name}@acme.com",
     "role": "admin" if name == "ada" else "developer", "added_at": "2026-01-01T00:00:00Z"}
    for name in ("ada", "ben", "cem")
]  # fmt: skip
WORKSPACES = [
    {"type": "workspace", "id": "wrkspc_a", "name": "Support", "created_at": "2026-01-01T00:00:00Z",
     "archived_at": None, "display_color": "#6C5BB9",
     "data_residency": {"workspace_geo": "eu", "default_inference_geo": "eu"}},
    {"type": "workspace", "id": "wrkspc_b", "name": "Old", "created_at": "2026-01-01T00:00:00Z",
     "archived_at": "2026-10-01T00:00:00Z", "display_color": "#6C5BB9"},
]  # fmt: skip
MEMBERS = [
    {"type": "workspace_member", "user_id": "user_ada", "workspace_id": "wrkspc_a",
     "workspace_role": "workspace_admin"},
]  # fmt: skip
KEYS = [
    {"type": "api_key", "id": "apikey_1", "name": "chat", "status": "active",
     "created_at": "2026-01-02T00:00:00Z", "created_by": {"id": "user_ben", "type": "user"},
     "workspace_id": "wrkspc_a", "partial_key_hint": "sk-ant-api03-R2D...xqAA"},
    {"type": "api_key", "id": "apikey_2", "name": "batch", "status": "active",
     "created_at": "2026-01-02T00:00:00Z", "created_by": None, "expires_at": None,
     "principal": {"type": "service_account_actor", "service_account_id": "svac_1"},
     "scope": {"type": "organization"}, "partial_key_hint": "sk-ant-api03-Q9z...abAA"},
]  # fmt: skip
INVITES = [
    {"type": "invite", "id": f"invite_{n}", "email": f"New{n}@acme.com", "role": "developer",
     "status": status, "invited_at": "2026-11-20T00:00:00Z", "accepted_at": None,
     "expires_at": "2026-12-11T00:00:00Z", "rbac_group_ids": []}
    for n, status in enumerate(("pending", "accepted", "deleted"))
]  # fmt: skip


def bucket(day: int, results: list[Any]) -> dict[str, Any]:
    return {"starting_at": f"2026-11-{day}T00:00:00Z", "ending_at": f"2026-11-{day + 1}T00:00:00Z",
            "results": results}  # fmt: skip


USE = [
    bucket(day, [{"uncached_input_tokens": 9, "cache_read_input_tokens": 0, "output_tokens": 9,
                  "workspace_id": "wrkspc_a", "api_key_id": "apikey_1", "model": "claude-x"}])
    for day in (25, 26, 27)
]  # fmt: skip
COSTS = [
    bucket(day, [
        {"amount": amount, "currency": "USD", "description": what, "cost_type": "tokens",
         "context_window": "0-200k", "model": "claude-x", "service_tier": "standard",
         "token_type": "output_tokens", "inference_geo": "global", "workspace_id": place}
        for amount, what, place in results])
    for day, results in (
        (25, [("123.45", "Claude X Usage - Output", "wrkspc_a")]),
        (26, [("1.05", "Claude X Usage - Output", "wrkspc_a"), ("0", "Web search", None)]),
        (27, [("300", "Web search", None)]),
    )
]  # fmt: skip
CODE = [
    {"date": "2026-11-26T00:00:00Z", "actor": {"type": "user_actor", "email_address": name},
     "organization_id": "o", "customer_type": "api", "terminal_type": "vscode",
     "core_metrics": {"num_sessions": 3}, "model_breakdown": [{"model": "claude-x"}]}
    for name in ("ada@acme.com", "ben@acme.com", "cem@acme.com")
]  # fmt: skip


def person(who: str) -> dict[str, Any]:
    return {"type": "user_actor", "email_address": f"{who}@acme.com", "user_id": f"user_{who}",
            "ip_address": "203.0.113.9", "user_agent": "Mozilla/5.0"}  # fmt: skip


def activity(number: int, kind: str, at: str, actor: Any, **more: Any) -> dict[str, Any]:
    return {"id": f"activity_{number}", "created_at": f"2026-11-{at}", "type": kind,
            "organization_id": "org_1", "organization_uuid": "0-1", "actor": actor,
            **more}  # fmt: skip


_ADMIN_KEY = {"type": "admin_api_key_actor", "admin_api_key_id": "apikey_adm",
              "ip_address": "203.0.113.9", "user_agent": "x"}  # fmt: skip
EVENTS = [
    activity(1, "sso_login_succeeded", "26T08:00:00Z", person("ben")),
    activity(2, "claude_chat_created", "26T08:01:00.250Z", person("ben"), claude_chat_id="c1",
             claude_project_id="p1"),
    activity(3, "claude_chat_created", "26T08:02:00Z", person("ben"), claude_chat_id="c2"),
    activity(4, "claude_chat_access_failed", "26T08:03:00Z",
             {"type": "unauthenticated_user_actor", "ip_address": "203.0.113.9", "user_agent": "x"},
             claude_chat_id="c2"),
    activity(5, "mcp_server_created", "26T09:00:00Z", person("ada"), mcp_server_id="mcpsrv_1",
             mcp_server_name="Snowflake"),
    activity(6, "integration_user_connected", "26T10:00:00Z", person("ben"),
             integration_type="gdrive"),
    activity(7, "integration_user_disconnected", "27T10:00:00Z", person("ben"),
             integration_type="gdrive"),
    activity(8, "claude_skill_created", "27T10:10:00Z", person("cem"), skill_id="skill_1",
             skill_name="contracts"),
    activity(9, "platform_workspace_created", "27T11:00:00Z", _ADMIN_KEY, workspace_id="wrkspc_c"),
    activity(10, "platform_api_key_created", "27T11:01:00Z", person("ada"), api_key_id="apikey_9"),
    activity(11, "admin_api_key_created", "27T11:02:00Z", person("ada"),
             admin_api_key_id="apikey_adm", scopes=["read:compliance_activities"]),
    activity(12, "admin_api_key_updated", "27T11:03:00Z", person("ada"),
             admin_api_key_id="apikey_adm",
             updates=[{"type": "name", "previous_value": "a", "current_value": "siem"}]),
    activity(13, "service_key_created", "27T12:00:00Z", person("ada"), service_name="ext:etl",
             key_name="nightly", is_service_created=True),
    activity(14, "platform_workspace_member_added", "27T13:00:00Z", person("ada"),
             workspace_id="wrkspc_c", user_id="user_cem"),
    activity(15, "org_ip_restriction_created", "28T09:00:00Z", person("ada")),
    activity(16, "claude_code_session_started", "28T10:00:00Z", person("cem")),
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(authorization=KEY, header="x-api-key")

    def listed(found: list[Any], key: str = "id", mark: str = "") -> Any:
        """``mark``: what makes a cursor of an id."""

        def answer(asked: Asked) -> Any:
            ids = [one[key] for one in found]
            after = "" if vendor.ring else asked.query.get("after_id", "").removeprefix(mark)
            first = ids.index(after) + 1 if after else 0
            page = found[first : first + vendor.page_size]
            more = len(found) > vendor.page_size if vendor.ring else len(page) + first < len(ids)
            ends = [mark + page[at][key] if page else None for at in (0, -1)]
            return {"data": page, "has_more": more, "first_id": ends[0], "last_id": ends[1]}

        return answer

    def paged(found: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            page, following = vendor.next_page(found, asked.query.get("page", ""))
            return {"data": page, "has_more": bool(following), "next_page": following or None}

        return answer

    def feed(asked: Asked) -> Any:
        begin, end = asked.query["created_at.gte"], asked.query["created_at.lt"]
        newest = sorted(EVENTS, key=lambda one: one["created_at"], reverse=True)
        found = [one for one in newest if begin <= one["created_at"] < end]
        return listed(found, mark="cursor:")(asked)

    def code(asked: Asked) -> Any:
        day = asked.query["starting_at"]
        return paged([one for one in CODE if one["date"].startswith(day)])(asked)

    def members(asked: Asked) -> Any:
        found = MEMBERS if asked.holes["workspace"] == "wrkspc_a" else []
        return listed(found, "user_id")(asked)

    pages = "after_id before_id limit"
    for path, answer, params in (
        (admin.USERS, listed(USERS), f"{pages} email"),
        (admin.WORKSPACES, listed(WORKSPACES), f"{pages} include_archived"),
        (admin.MEMBERS, members, pages),
        (admin.KEYS, listed(KEYS), f"{pages} status workspace_id created_by_user_id"),
        (admin.INVITES, listed(INVITES), f"{pages} email roles[] statuses[]"),
        (use.MESSAGES, paged(USE), "starting_at ending_at bucket_width group_by[] limit page"),
        (use.CLAUDE_CODE, code, "starting_at limit page"),
        (costs.COSTS, paged(COSTS), "starting_at ending_at bucket_width group_by[] limit page"),
        (anthropic.ACTIVITIES, feed, f"{pages} activity_types[] actor_ids[] organization_ids[] "
         "created_at.gt created_at.gte created_at.lt created_at.lte"),
    ):  # fmt: skip
        vendor.route(f"GET {path}", answer, params)
    return vendor


CASE = Case(
    name="anthropic",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url, "since_days": 3},
    records=[*EVENTS, *USERS, *WORKSPACES, *KEYS, *INVITES],
    environ={"ANTHROPIC_ADMIN_KEY": KEY},
    kept_days=anthropic.KEPT.days,
    published=(
        Published(
            f"{DOCS}/compliance/activities/list", EVENTS,
            "id created_at organization_id organization_uuid type actor.type actor.email_address "
            "actor.user_id actor.ip_address actor.user_agent actor.admin_api_key_id "
            "claude_chat_id claude_project_id mcp_server_id mcp_server_name integration_type "
            "skill_id skill_name workspace_id api_key_id admin_api_key_id scopes updates.type "
            "updates.previous_value updates.current_value service_name key_name "
            "is_service_created user_id",
        ),
        Published(
            f"{DOCS}/admin/cost_report/retrieve", COSTS,
            "starting_at ending_at results.amount results.currency results.description "
            "results.cost_type results.context_window results.model results.service_tier "
            "results.token_type results.inference_geo results.workspace_id",
        ),
        Published(
            "https://github.com/anthropics/anthropic-sdk-python", INVITES,
            "type id email role status invited_at accepted_at expires_at rbac_group_ids",
        ),
    ),
)  # fmt: skip
