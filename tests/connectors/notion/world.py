"""A small workspace of Notion, by https://developers.notion.com."""

from __future__ import annotations

from typing import Any

from connectors import notion
from tests.saas_rig import TOKEN, Asked, Vendor
from tests.saas_rig.cases import Case

ADA = {"object": "user", "id": "u1", "type": "person", "name": "Ada Day",
       "person": {"email": "Ada@acme.com"}}  # fmt: skip
USERS = [
    ADA,
    {"object": "user", "id": "u2", "type": "person", "name": "Ben Bay", "person": {}},
    {"object": "user", "id": "b1", "type": "bot", "name": "Claude",
     "bot": {"owner": {"type": "user", "user": ADA}, "workspace_name": "Acme"}},
    {"object": "user", "id": "b2", "type": "bot", "name": "Lunch menu",
     "bot": {"owner": {"type": "workspace", "workspace": True}}},
]  # fmt: skip


def event(ident: str, at: str, kind: str, **details: Any) -> Any:
    return {
        "id": ident, "timestamp": at, "workspace_id": "w1", "type": kind, "platform": "web",
        "actor": {"id": "u1", "object": "user", "type": "person",
                  "person": {"email": "ada@acme.com"}}, "details": details,
    }  # fmt: skip


EVENTS = [
    event(
        "e1",
        "2026-11-01T08:00:00Z",
        "integration.connected",
        integration={"id": "i-otter", "name": "Otter.ai"},
    ),
    event(
        "e2",
        "2026-11-02T08:00:00Z",
        "integration.deleted",
        integration={"id": "i-read", "name": "Read AI"},
    ),
    event("e3", "2026-11-03T08:00:00Z", "workspace.settings.ai.enabled"),
    event("e4", "2026-11-04T08:00:00Z", "user.settings.email.changed"),
    event("e5", "2026-11-05T08:00:00Z", "page.deleted"),
]


def plant() -> Vendor:
    vendor = Vendor()

    def users(asked: Asked) -> Any:
        page, after = vendor.next_page(USERS, asked.query.get("start_cursor", ""))
        return {"object": "list", "results": page, "has_more": bool(after),
                "next_cursor": after or None}  # fmt: skip

    vendor.route(notion.USERS.id, users, "page_size start_cursor")
    return vendor


CASE = Case(
    name="notion",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*EVENTS, *USERS],
    environ={"NOTION_TOKEN": TOKEN},
)
