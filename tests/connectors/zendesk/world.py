"""A small account of Zendesk, by https://developer.zendesk.com/api-reference/."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors import zendesk
from tests.saas_rig import TOKEN, Asked, Vendor
from tests.saas_rig.cases import Case, Published

USER = "ada@acme.com"
DOCS = "https://developer.zendesk.com/api-reference/"
USERS = [
    {"id": 11, "name": "Ada Day", "email": "Ada@acme.com", "role": "admin", "active": True,
     "suspended": False},
    {"id": 12, "name": "Ben Bay", "email": "ben@acme.com", "role": "agent", "active": True,
     "suspended": True},
    {"id": 13, "name": "Cem Cay", "email": "cem@acme.com", "role": "agent", "active": True},
]  # fmt: skip
APPS = [
    {"id": 1, "app_id": 501, "enabled": True, "created_at": "2026-05-01T08:00:00Z",
     "settings": {"name": "ChatGPT for Zendesk", "title": "ChatGPT"}},
    {"id": 2, "app_id": 502, "enabled": False, "settings": {"name": "Old", "title": "Old"}},
    {"id": 3, "app_id": 503, "enabled": True, "settings": {"title": "Shop"}},
]  # fmt: skip
GLOBAL = [
    {"id": 71, "identifier": "zdg-claude", "name": "Claude", "company": "Anthropic",
     "created_at": "2026-05-01T08:00:00Z", "redirect_uri": ["https://claude.ai/cb"]},
    {"id": 72, "identifier": "zdg-otter", "name": "Otter", "company": ""},
    {"id": 73, "identifier": "zdg-shop", "name": "Shop", "company": "Shop"},
]  # fmt: skip
CLIENTS = [
    {"id": 81, "identifier": "own", "name": "Acme bot", "company": "Acme",
     "redirect_uri": ["https://bot.acme.com/cb", "http://localhost:3000/cb"]},
]  # fmt: skip
TOKENS = [
    {"id": 1, "client_id": 71, "user_id": 11, "scopes": ["tickets:read", "users:read"],
     "created_at": "2026-06-01T08:00:00Z", "used_at": "2026-11-20T08:00:00Z"},
    {"id": 2, "client_id": 71, "user_id": 12, "scopes": ["read", "write"],
     "created_at": "2026-06-02T08:00:00Z", "used_at": None},
    {"id": 3, "client_id": 81, "user_id": 11, "scopes": ["hc:write"],
     "created_at": "2026-06-03T08:00:00Z", "used_at": None},
]  # fmt: skip


def event(ident: int, at: str, source: str, label: str, action: str = "create") -> dict[str, Any]:
    return {
        "id": ident, "created_at": at, "source_type": source, "source_id": 1, "action": action,
        "source_label": label, "actor_id": 11, "actor_name": "Ada Day", "ip_address": "203.0.113.9",
        "change_description": "",
    }  # fmt: skip


EVENTS = [
    event(1, "2026-11-02T10:00:00Z", "apps/installation", "ChatGPT for Zendesk"),
    event(2, "2026-11-03T10:00:00Z", "oauth_client", "Client: Claude"),
    event(3, "2026-11-04T10:00:00Z", "oauth_client", "Client: Otter", "destroy"),
    event(4, "2026-11-05T10:00:00Z", "ai_agent_setting", "answers", "update"),
    event(5, "2026-11-06T10:00:00Z", "user", "Team member: Ben", "update"),
    event(6, "2026-11-27T20:00:00Z", "ai_agent_setting", "answers", "update"),
]


def plant() -> Vendor:
    known = base64.b64encode(f"{USER}/token:{TOKEN}".encode()).decode()
    vendor = Vendor(authorization=f"Basic {known}")

    def listed(key: str, records: Any) -> Any:
        def answer(asked: Asked) -> Any:
            all_of_it = records(asked) if callable(records) else records
            page, after = vendor.next_page(all_of_it, asked.query.get("page[after]", ""))
            kept = [(n, v) for n, some in asked.every.items() for v in some if n != "page[after]"]
            query = "&".join(f"{quote(n)}={quote(v)}" for n, v in kept)
            link = f"{vendor.url}{asked.path}?{query}&page[after]={after or len(all_of_it)}"
            return {
                key: page, "meta": {"has_more": bool(after), "after_cursor": after or None},
                "links": {"next": link, "prev": None},
            }  # fmt: skip

        return answer

    def events(asked: Asked) -> Any:
        first, last = map(datetime.fromisoformat, asked.every["filter[created_at][]"])
        return [one for one in EVENTS if first <= datetime.fromisoformat(one["created_at"]) <= last]

    paged = "page[size] page[after] sort"
    vendor.route(zendesk.USERS.id, listed("users", USERS), f"{paged} role[] role")
    vendor.route(zendesk.APPS.id, listed("installations", APPS), paged)
    vendor.route(zendesk.GLOBAL.id, listed("global_clients", GLOBAL), paged)
    vendor.route(zendesk.CLIENTS.id, listed("clients", CLIENTS), paged)
    vendor.route(zendesk.TOKENS.id, listed("tokens", TOKENS),
                 f"{paged} all client_id global_client_id")  # fmt: skip
    vendor.route(
        zendesk.AUDIT.id, listed("audit_logs", events),
        f"{paged} filter[created_at][] filter[source_type] filter[source_id] filter[actor_id] "
        "filter[ip_address] filter[action] sort_by sort_order",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="zendesk",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "user": USER,
        "parts": ("people", "apps", "clients", "tokens", "events"),
    },
    records=[*EVENTS, *[{**one, "client": GLOBAL[0]} for one in TOKENS], *APPS, *GLOBAL, *USERS],
    environ={"ZENDESK_TOKEN": TOKEN},
    kept_days=3650,
    published=(
        Published(
            f"{DOCS}ticketing/account-configuration/audit_logs/", EVENTS,
            "id created_at source_type source_id action source_label actor_id actor_name "
            "ip_address change_description",
        ),
        Published(f"{DOCS}ticketing/users/users/", USERS,
                  "id name email role active suspended"),
        Published(f"{DOCS}ticketing/oauth/oauth_tokens/", TOKENS,
                  "id client_id user_id scopes created_at used_at"),
    ),
)  # fmt: skip
