"""A small organization of OpenAI, by the vendor's own description of its administration.

https://github.com/openai/openai-openapi, 2.3.0: parameters, records and pages are its.
"""

from __future__ import annotations

from typing import Any

from connectors import openai
from connectors.openai import admin, costs, resources, use
from tests.saas_rig import Asked, Reply, Vendor
from tests.saas_rig.cases import Case, Published

KEY = "made-up-admin-key"
SPEC = "https://github.com/openai/openai-openapi/blob/master/openapi.json"
DAY = 86_400
NOON = 1_795_867_200  # 2026-11-28T12:00:00Z, the moment of the cases
PROJECTS = [
    {"id": "proj_a", "object": "organization.project", "name": "Support",
     "created_at": NOON - 90 * DAY, "archived_at": None, "status": "active"},
    {"id": "proj_b", "object": "organization.project", "name": "Trial",
     "created_at": NOON - 80 * DAY, "archived_at": NOON - DAY, "status": "archived"},
    {"id": "proj_c", "object": "organization.project", "name": "Batch",
     "created_at": NOON - 70 * DAY, "archived_at": None, "status": "active"},
]  # fmt: skip
USERS = [
    {"object": "organization.user", "id": f"user-{name}", "name": name,
     "email": f"{name}@acme.com", "role": "owner" if name == "ada" else "reader",
     "added_at": NOON - 90 * DAY}
    for name in ("ada", "ben", "cem")
]  # fmt: skip
ADMIN_KEYS = [
    {"object": "organization.admin_api_key", "id": "key_admin", "name": "ops",
     "redacted_value": "sk-admin...def", "created_at": NOON - 50 * DAY, "last_used_at": NOON,
     "owner": {"type": "user", "object": "organization.user", "id": "user-ada", "name": "ada",
               "created_at": NOON - 90 * DAY, "role": "owner"}},
]  # fmt: skip
KEYS = [
    {"object": "organization.project.api_key", "id": f"key_{n}", "name": f"chat {n}",
     "redacted_value": f"sk-svcac...k9Q{n}", "created_at": NOON - 40 * DAY,
     "last_used_at": NOON - DAY, "owner": {"type": "service_account", "service_account":
     {"id": "svc_chat", "name": "chat", "created_at": NOON - 40 * DAY, "role": "member"}}}
    for n in range(3)
]  # fmt: skip
MEMBERS = [
    {"object": "organization.project.user", "id": "user-ben", "name": "ben",
     "email": "ben@acme.com", "role": "member", "added_at": NOON - 60 * DAY},
]  # fmt: skip
ACCOUNTS = [
    {"object": "organization.project.service_account", "id": "svc_chat", "name": "chat",
     "role": "member", "created_at": NOON - 40 * DAY},
]  # fmt: skip
RETENTION = {"object": "project.data_retention", "type": "organization_default"}
MODELS = {"object": "project.model_permissions", "mode": "allow_list", "model_ids": ["gpt-5"]}
USE = [
    {"object": "bucket", "start_time": NOON - n * DAY, "end_time": NOON - (n - 1) * DAY,
     "results": [{"object": "organization.usage.completions.result", "num_model_requests": n,
                  "project_id": "proj_a", "user_id": "user-ben", "api_key_id": "key_0",
                  "model": "gpt-5"}]}
    for n in (3, 2, 1)
]  # fmt: skip
COSTS = [
    {"object": "bucket", "start_time": NOON - n * DAY, "end_time": NOON - (n - 1) * DAY,
     "results": [
         {"object": "organization.costs.result", "amount": {"value": value, "currency": "usd"},
          "line_item": line, "project_id": project, "api_key_id": None, "quantity": 10,
          "quantity_unit": "tokens"} for value, line, project in results]}
    for n, results in (
        (3, [(0.1, "gpt-5, input", "proj_a"), (0.2, "gpt-5, output", "proj_a")]),
        (2, [(1.005, "gpt-5, output", "proj_a"), (0, "gpt-5, input", "proj_c")]),
        (1, [("2.50", "web search tool calls", None)]),
    )
]  # fmt: skip
ASSISTANTS = [
    {"id": f"asst_{n}", "object": "assistant", "created_at": NOON - 30 * DAY, "name": name,
     "description": "d", "model": "gpt-5", "instructions": "be kind", "metadata": {},
     "tools": [{"type": "file_search"}, {"type": "function", "function": {"name": "pay"}}],
     "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}}
    for n, name in enumerate(("Contracts", None, "Claims"))
]  # fmt: skip
VECTOR_STORES = [
    {"id": "vs_1", "object": "vector_store", "created_at": NOON - 30 * DAY, "name": "Handbook",
     "usage_bytes": 4096, "status": "completed", "last_active_at": NOON - DAY, "metadata": {},
     "file_counts": {"in_progress": 0, "completed": 3, "failed": 0, "cancelled": 0, "total": 3}},
]  # fmt: skip
JOBS = [
    {"object": "fine_tuning.job", "id": f"ftjob-{n}", "model": "gpt-5", "error": None,
     "created_at": NOON - 20 * DAY, "finished_at": NOON - 19 * DAY if made else None,
     "fine_tuned_model": made, "organization_id": "org-1", "result_files": [],
     "status": status, "validation_file": None, "training_file": "file-abc", "seed": 1,
     "hyperparameters": {"n_epochs": 3}, "trained_tokens": 9, "method": {"type": "supervised"},
     "metadata": {"who": "ada"}}
    for n, made, status in ((1, "ft:gpt-5:acme::1", "succeeded"), (2, None, "failed"))
]  # fmt: skip


def signed_in(who: str) -> dict[str, Any]:
    return {
        "type": "session",
        "session": {"user": {"id": f"user-{who}", "email": f"{who}@acme.com"},
                    "ip_address": "203.0.113.9"},
    }  # fmt: skip


def by_key(ident: str, account: str) -> dict[str, Any]:
    key = {"id": ident, "type": "service_account", "service_account": {"id": account}}
    return {"type": "api_key", "api_key": key}


def event(number: int, kind: str, hours_ago: int, actor: Any, about: Any = None,
          project: Any = None) -> dict[str, Any]:  # fmt: skip
    made: dict[str, Any] = {
        "id": f"audit_log-{number}", "type": kind, "effective_at": NOON - hours_ago * 3600,
        "actor": actor,
    }  # fmt: skip
    if about is not None:
        made[kind] = about
    if project is not None:
        made["project"] = project
    return made


SUPPORT = {"id": "proj_a", "name": "Support"}
EVENTS = [
    event(1, "project.created", 400, signed_in("ada"), {"id": "proj_a", "data":
          {"name": "support", "title": "Support"}}),
    event(2, "service_account.created", 390, signed_in("ada"),
          {"id": "svc_chat", "data": {"role": "member"}}, SUPPORT),
    event(3, "api_key.created", 380, signed_in("ada"),
          {"id": "key_0", "data": {"scopes": ["model.request"]}}, SUPPORT),
    event(4, "login.succeeded", 300, signed_in("ben"), {}),
    event(5, "login.succeeded", 200, signed_in("ben"), {}),
    event(6, "login.failed", 199, signed_in("ben"),
          {"error_code": "e", "error_message": "no"}),
    event(7, "user.added", 180, signed_in("ada"),
          {"id": "user-cem", "data": {"role": "reader"}}),
    event(8, "invite.sent", 170, signed_in("ada"),
          {"id": "invite_1", "data": {"email": "Dee@acme.com", "role": "reader"}}),
    event(9, "api_key.deleted", 160, by_key("key_admin", "svc_ops"), {"id": "key_2"}, SUPPORT),
    event(10, "checkpoint.permission.created", 100, signed_in("ada"), {"id": "cp_1", "data":
          {"project_id": "proj_c", "fine_tuned_model_checkpoint": "ft:gpt-5:acme::1"}}),
    event(11, "role.bound_to_resource", 90, signed_in("ada"),
          {"id": "w__c", "role_id": "r", "resource_id": "w__c", "resource_type": "connector",
           "permissions": ["connector.use"], "workspace_id": "w", "connector_id": "c_drive",
           "connector_name": "Google Drive", "enabled": True, "source": "connector_publish"}),
    event(12, "project.archived", 24, signed_in("ada"), {"id": "proj_b"}),
    event(13, "ip_allowlist.created", 3, signed_in("ada"),
          {"id": "ip_1", "name": "Office", "allowed_ips": ["198.51.100.0/24"]}),
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(authorization=f"Bearer {KEY}")

    def listed(found: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            ids = [one["id"] for one in found]
            after = "" if vendor.ring else asked.query.get("after", "")
            first = ids.index(after) + 1 if after else 0
            page = found[first : first + vendor.page_size]
            more = len(found) > vendor.page_size if vendor.ring else len(page) + first < len(ids)
            return {"object": "list", "data": page, "has_more": more,
                    "first_id": page[0]["id"] if page else None,
                    "last_id": page[-1]["id"] if page else None}  # fmt: skip

        return answer

    def paged(found: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            page, following = vendor.next_page(found, asked.query.get("page", ""))
            return {"object": "page", "data": page, "has_more": bool(following),
                    "next_page": following or None}  # fmt: skip

        return answer

    def audit(asked: Asked) -> Any:
        begin, end = (int(asked.query[f"effective_at[{one}]"]) for one in ("gte", "lt"))
        if not begin <= end:
            return Reply({"error": {"message": "a window that ends before it begins"}}, 400)
        found = [one for one in reversed(EVENTS) if begin <= one["effective_at"] < end]
        return listed(found)(asked)

    def of_a(found: list[Any]) -> Any:
        return lambda asked: listed(found if asked.holes["project"] == "proj_a" else [])(asked)

    for path, answer, params in (
        (admin.PROJECTS, listed(PROJECTS), "limit after include_archived"),
        (admin.USERS, listed(USERS), "limit after emails"),
        (admin.ADMIN_KEYS, listed(ADMIN_KEYS), "after order limit"),
        (admin.KEYS, of_a(KEYS), "limit after owner_project_access"),
        (admin.MEMBERS, of_a(MEMBERS), "limit after"),
        (admin.SERVICE_ACCOUNTS, of_a(ACCOUNTS), "limit after"),
        (admin.RETENTION, lambda asked: RETENTION, ""),
        (admin.MODELS, lambda asked: MODELS, ""),
        (costs.COSTS, paged(COSTS), "start_time end_time bucket_width project_ids api_key_ids "
         "group_by limit page"),
        (resources.ASSISTANTS, listed(ASSISTANTS), "limit order after before"),
        (resources.VECTOR_STORES, listed(VECTOR_STORES), "limit order after before"),
        (resources.FINE_TUNING, listed(JOBS), "after limit metadata"),
        (openai.AUDIT, audit, "effective_at[gt] effective_at[gte] effective_at[lt] "
         "effective_at[lte] project_ids[] event_types[] actor_ids[] actor_emails[] "
         "resource_ids[] tenant_only limit after before"),
    ):  # fmt: skip
        vendor.route(f"GET {path}", answer, params)
    for path, _, _ in use.OPERATIONS:
        found = USE if path.endswith("completions") else []
        vendor.route(
            f"GET {path}", paged(found),
            "start_time end_time bucket_width sources sizes project_ids user_ids api_key_ids "
            "vector_store_ids models batch context_levels group_by limit page",
        )  # fmt: skip
    return vendor


_ACTOR = (
    "actor.type actor.session.user.id actor.session.user.email actor.session.ip_address "
    "actor.api_key.id actor.api_key.type actor.api_key.service_account.id "
    "id type effective_at project.id project.name login.succeeded "
)
CASE = Case(
    name="openai",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "project_keys": {"proj_a": "OPENAI_SUPPORT_KEY"},
    },
    records=[*EVENTS, *PROJECTS, *USERS, *ADMIN_KEYS, *KEYS, *MEMBERS, *ACCOUNTS],
    environ={"OPENAI_ADMIN_KEY": KEY, "OPENAI_SUPPORT_KEY": KEY},
    kept_days=openai.KEPT.days,
    published=(
        Published(
            SPEC, EVENTS,
            _ACTOR + "api_key.created.id api_key.created.data.scopes api_key.deleted.id "
            "project.created.id project.created.data.name project.created.data.title "
            "project.archived.id service_account.created.id service_account.created.data.role "
            "user.added.id user.added.data.role invite.sent.id invite.sent.data.email "
            "invite.sent.data.role login.failed.error_code login.failed.error_message "
            "checkpoint.permission.created.id checkpoint.permission.created.data.project_id "
            "checkpoint.permission.created.data.fine_tuned_model_checkpoint "
            "role.bound_to_resource.id role.bound_to_resource.role_id "
            "role.bound_to_resource.resource_id role.bound_to_resource.resource_type "
            "role.bound_to_resource.permissions role.bound_to_resource.workspace_id "
            "role.bound_to_resource.connector_id role.bound_to_resource.connector_name "
            "role.bound_to_resource.enabled role.bound_to_resource.source "
            "ip_allowlist.created.id ip_allowlist.created.name ip_allowlist.created.allowed_ips",
        ),
        Published(
            SPEC, ASSISTANTS,
            "id object created_at name description model instructions metadata tools.type "
            "tools.function.name tool_resources.file_search.vector_store_ids",
        ),
        Published(
            SPEC, VECTOR_STORES,
            "id object created_at name usage_bytes file_counts.* status expires_after expires_at "
            "last_active_at metadata",
        ),
        Published(
            SPEC, JOBS,
            "id created_at error fine_tuned_model finished_at hyperparameters.* model object "
            "organization_id result_files status trained_tokens training_file validation_file "
            "integrations seed estimated_finish method.type metadata.*",
        ),
        Published(
            SPEC, COSTS,
            "object start_time end_time results.object results.amount.value "
            "results.amount.currency results.line_item results.project_id results.api_key_id "
            "results.quantity results.quantity_unit",
        ),
    ),
)  # fmt: skip
