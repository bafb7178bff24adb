"""A small Enterprise organization of Slack, by https://docs.slack.dev."""

from __future__ import annotations

from typing import Any

from connectors import slack
from tests.saas_rig import TOKEN, Asked, Reply, Vendor
from tests.saas_rig.cases import Case

ADA = {"type": "user", "user": {"id": "W1", "name": "Ada Day", "email": "ada@acme.com"}}
BEN = {"type": "user", "user": {"id": "W2", "name": "Ben Bay", "email": "ben@acme.com"}}
HISTORY = ["channels:history", "files:read", "chat:write", "users:read.email"]


def entry(ident: str, at: int, action: str, name: str = "Claude", **details: Any) -> Any:
    app = {"id": f"A{name.upper()}", "name": name, "is_distributed": True, "scopes":
           details.pop("scopes", HISTORY)}  # fmt: skip
    return {
        "id": ident, "date_create": at, "action": action, "actor": details.pop("actor", ADA),
        "entity": {"type": "app", "app": app},
        "context": {"location": {"type": "workspace", "id": "T1"}, "ip_address": "192.0.2.1"},
        "details": details,
    }  # fmt: skip


DAY = 86400
T0 = 1_763_600_000  # 20 November 2026 at 00:53:20 UTC, less a year: see below
T0 += 365 * DAY
ENTRIES = [
    entry("e1", T0, "app_requested", actor=BEN),
    entry("e2", T0 + 60, "app_approved"),
    entry("e3", T0 + DAY, "app_installed"),
    entry("e4", T0 + DAY + 1, "app_installed", "Lunch menu", scopes=["chat:write"]),
    entry("e5", T0 + 2 * DAY, "app_scopes_expanded", new_scopes=["assistant:write", "im:history"]),
    entry("e6", T0 + 2 * DAY, "app_installed", "Meetwise", actor=BEN,
          scopes=["assistant:write", "calls:read"]),
    entry("e7", T0 + 3 * DAY, "app_uninstalled", "Read AI"),
    {"id": "e8", "date_create": T0, "action": "user_login", "actor": ADA,
     "entity": {"type": "user", "user": ADA["user"]}, "details": {}},
]  # fmt: skip
KNOWN = {
    "actions": {
        "workspace_or_org": ["workspace_created", "slack_ai_settings_changed"],
        "user": ["user_login", "user_logout"],
        "app": ["app_installed", "app_requested", "app_agent_enabled", "no,action"],
    }
}  # fmt: skip
LOGS = [
    {"app_id": "AOTTER", "app_type": "Otter.ai", "user_id": "W1", "user_name": "ada",
     "date": str(T0), "change_type": "added", "scope": "chat:write:user,channels:history"},
    {"app_id": "AOTTER", "app_type": "Otter.ai", "user_id": "W1", "user_name": "ada",
     "date": str(T0 + DAY), "change_type": "added", "scope": "files:read"},
    {"service_id": 1234567890, "service_type": "Google Calendar", "user_id": "W2",
     "user_name": "ben", "date": "1392163200", "change_type": "disabled", "reason": "user",
     "scope": "incoming-webhook"},
]  # fmt: skip
APPROVED = [
    {"app": {"id": "ACLAUDE", "name": "Claude", "description": "x"}, "date_updated": T0,
     "scopes": [{"name": one, "description": "", "is_sensitive": False} for one in HISTORY],
     "last_resolved_by": {"actor_id": "W1", "actor_type": "user"}},
    {"app": {"id": "ALUNCH", "name": "Lunch menu"}, "date_updated": T0, "scopes": []},
    {"app": {"id": "APERP", "name": "Perplexity"}, "date_updated": T0, "scopes": []},
]  # fmt: skip
REQUESTS = [
    {"id": "Ar1", "app": {"id": "AGAMMA", "name": "Gamma"}, "user": BEN["user"],
     "scopes": [{"name": "files:read"}], "message": "please", "date_created": T0},
]  # fmt: skip
RESTRICTED = [
    {"app": {"id": "AREAD", "name": "Read AI"}, "date_updated": T0, "scopes": []},
]
MEMBERS = [
    {"id": "W1", "team_id": "T1", "name": "ada", "deleted": False,
     "profile": {"real_name": "Ada Day", "email": "Ada@acme.com"}},
    {"id": "W2", "team_id": "T1", "name": "ben", "deleted": True,
     "profile": {"real_name": "Ben Bay", "email": "ben@acme.com"}},
    {"id": "U9", "team_id": "T1", "name": "grammarly", "deleted": False, "is_bot": True,
     "profile": {"real_name": "Grammarly", "api_app_id": "AGRAM", "bot_id": "B1"}},
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(refusal=Reply({"ok": False, "error": "missing_scope", "needed": "x:read"}))

    def cursored(key: str, records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            page, after = vendor.next_page(records, asked.query.get("cursor", ""))
            return {"ok": True, key: page, "response_metadata": {"next_cursor": after}}

        return answer

    def audit(asked: Asked) -> Any:
        first, last = int(asked.query["oldest"]), int(asked.query["latest"])
        wanted = asked.query["action"].split(",")
        found = [e for e in ENTRIES if first <= e["date_create"] <= last and e["action"] in wanted]
        return cursored("entries", found)(asked)

    def integrations(asked: Asked) -> Any:
        size = vendor.page_size
        page = 1 if vendor.ring else int(asked.query["page"])
        paging = {"count": size, "page": page, "pages": -(-len(LOGS) // size), "total": len(LOGS)}
        return {"ok": True, "logs": LOGS[(page - 1) * size : page * size], "paging": paging}

    vendor.route(slack.AUDIT.id, audit, "oldest latest action actor entity limit cursor")
    vendor.route(slack.KNOWN_ACTIONS.id, lambda asked: KNOWN, "")
    vendor.route(slack.PEOPLE.id, cursored("members", MEMBERS), "cursor limit team_id")
    vendor.route(
        slack.INTEGRATIONS.id, integrations, "count page team_id app_id change_type service_id user"
    )
    admin = "cursor limit team_id enterprise_id"
    vendor.route(slack.APPROVED.id, cursored("approved_apps", APPROVED), admin)
    vendor.route(slack.REQUESTS.id, cursored("app_requests", REQUESTS), admin)
    vendor.route(slack.RESTRICTED.id, cursored("restricted_apps", RESTRICTED), admin)
    return vendor


CASE = Case(
    name="slack",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url, "audit_url": url, "team_id": "T1"},
    records=[*ENTRIES, *LOGS, *APPROVED, *REQUESTS, *MEMBERS],
    environ={"SLACK_TOKEN": TOKEN},
    kept_days=3650,
)
