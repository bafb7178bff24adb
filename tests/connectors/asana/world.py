"""A small organization of Asana, by its published OpenAPI description."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors import asana
from tests.saas_rig import TOKEN, Asked, Vendor
from tests.saas_rig.cases import Case, Published

SPEC = "https://github.com/Asana/openapi/blob/master/defs/asana_oas.yaml"
USERS = [
    {"gid": "11", "resource_type": "user", "name": "Ada Day", "email": "Ada@acme.com"},
    {"gid": "12", "resource_type": "user", "name": "Ben Bay", "email": "ben@acme.com"},
    {"gid": "13", "resource_type": "user", "name": "Cem Cay"},
]
AGENTS = [
    {"gid": f"9{n}", "resource_type": "agent", "resource_subtype": "asana_teammate", "name": name}
    for n, name in enumerate(("Launch planner", "Bug triage", "Campaign strategist"))
]


def event(
    ident: str, at: str, kind: str, category: str = "logins", about: Any = None, app: str = "",
    **details: Any,
) -> dict[str, Any]:  # fmt: skip
    context = {"context_type": "api" if app else "web", "client_ip_address": "203.0.113.9"}
    if app:
        context |= {"oauth_app_name": app, "api_authentication_method": "oauth"}
    return {
        "gid": ident, "created_at": at, "event_type": kind, "event_category": category,
        "actor": {"actor_type": "user", "gid": "11", "name": "Ada Day", "email": "Ada@acme.com"},
        "resource": about or {"resource_type": "user", "gid": "11", "name": "Ada Day"},
        "details": details, "context": context,
    }  # fmt: skip


def _app(name: str) -> dict[str, Any]:
    return {"resource_type": "app", "gid": "77", "name": name}


EVENTS = [
    event("1", "2026-11-02T10:00:00.000Z", "app_authorized", "apps", _app("Claude")),
    event("2", "2026-11-03T10:00:00.000Z", "app_deauthorized", "apps", _app("Otter.ai")),
    event("3", "2026-11-04T10:00:00.000Z", "task_deleted", "deletion", app="Claude"),
    event("4", "2026-11-05T10:00:00.000Z", "project_deleted", "deletion", app="Claude"),
    event("5", "2026-11-06T10:00:00.000Z", "workspace_ai_features_changed", "admin_settings",
          new_value="on"),
    event("6", "2026-11-07T10:00:00.000Z", "user_login_succeeded"),
    event("7", "2026-11-27T20:00:00.000Z", "task_deleted", "deletion", app="Claude"),
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor()

    def listed(records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            page, after = vendor.next_page(records, asked.query.get("offset", ""))
            told = {"offset": after, "path": "", "uri": ""} if after else None
            return {"data": page, "next_page": told}

        return answer

    def events(asked: Asked) -> Any:
        """It always names a next page, where later events will be."""
        first, last = (datetime.fromisoformat(asked.query[n]) for n in ("start_at", "end_at"))
        found = [one for one in EVENTS if first <= datetime.fromisoformat(one["created_at"]) < last]
        offset = asked.query.get("offset", "")
        page, after = vendor.next_page(found, offset)
        if not found:
            return {"data": [], "next_page": None}
        return {"data": page, "next_page": {"offset": after or str(len(found))}}

    vendor.route(asana.USERS.id, listed(USERS), "workspace team limit offset opt_fields")
    vendor.route(asana.AGENTS.id, listed(AGENTS), "limit offset opt_fields")
    vendor.route(
        asana.EVENTS.id, events,
        "start_at end_at event_type actor_type actor_gid resource_gid limit offset",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="asana",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url, "workspace_id": "1"},
    records=[*EVENTS, *AGENTS, *USERS],
    environ={"ASANA_TOKEN": TOKEN},
    kept_days=90,
    published=(
        Published(SPEC, USERS, "gid resource_type name email"),
        Published(SPEC, AGENTS, "gid resource_type resource_subtype name"),
        Published(
            SPEC, EVENTS,
            "gid created_at event_type event_category actor.actor_type actor.gid actor.name "
            "actor.email resource.resource_type resource.gid resource.name details details.* "
            "context.context_type context.client_ip_address context.oauth_app_name "
            "context.api_authentication_method",
        ),
    ),
)  # fmt: skip
