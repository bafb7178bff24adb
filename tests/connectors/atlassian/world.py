"""A small organization of Atlassian Cloud and one site, by https://developer.atlassian.com."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from connectors import atlassian
from tests.saas_rig import TOKEN, Asked, Reply, Vendor
from tests.saas_rig.cases import Case

ORG, SITE_TOKEN, SITE_USER = "org-1", "made-up-site-token", "admin@acme.com"
ADA = {"id": "5f-ada", "name": "Ada Day", "email": "Ada@acme.com"}


def happened(ident: str, at: str, action: str, about: list[Any], said: str = "") -> Any:
    return {
        "id": ident, "type": "events", "message": {"content": said, "format": "simple"},
        "attributes": {"time": at, "action": action, "actor": ADA, "context": about,
                       "container": [{"id": ORG, "type": "organizations", "attributes": {}}],
                       "location": {"ip": "192.0.2.1"}},
    }  # fmt: skip


def about(kind: str, ident: str, name: str, **more: Any) -> list[Any]:
    return [{"id": ident, "type": kind, "attributes": {"name": name, **more}}]


EVENTS = [
    happened("1", "2026-11-01T08:00:00.123Z", "app_installed",
             about("apps", "otter-app", "Otter.ai", scopes=["read:jira-work", "write:page"])),
    happened("2", "2026-11-02T08:00:00Z", "app_uninstalled", about("app", "read-app", "Read AI")),
    happened("3", "2026-11-03T08:00:00Z", "user_authorized_oauth_client",
             about("oauth2client", "claude-1", "Claude")),
    happened("4", "2026-11-04T08:00:00Z", "rovo_feature_enabled", [], "Rovo was turned on"),
    happened("5", "2026-11-05T08:00:00Z", "rovo_agent_created",
             about("rovo-agent", "agent-7", "Release notes")),
    happened("6", "2026-11-06T08:00:00Z", "user_added_to_group", about("group", "g", "ai-team")),
    happened("7", "2026-11-27T20:00:00Z", "rovo_chat_started", []),
]  # fmt: skip
USERS = [
    {"account_id": "5f-ada", "account_type": "atlassian", "account_status": "active",
     "name": "Ada Day", "email": "Ada@acme.com", "product_access": [
         {"key": "jira-software", "name": "Jira", "last_active": "2026-11-20"},
         {"key": "rovo", "name": "Rovo", "last_active": "2026-11-21T00:00:00Z"}]},
    {"account_id": "5f-ben", "account_type": "atlassian", "account_status": "deactivated",
     "name": "Ben Bay", "email": "ben@acme.com", "product_access": []},
    {"account_id": "5f-bot", "account_type": "app", "account_status": "active", "name": "Bot",
     "product_access": [{"key": "rovo", "name": "Rovo"}]},
]  # fmt: skip
JIRA = [
    {"key": "com.read.ai", "name": "Read AI for Jira", "enabled": True, "userInstalled": True,
     "vendor": {"name": "Read AI"}},
    {"key": "com.lunch", "name": "Lunch menu", "enabled": True, "userInstalled": True},
    {"key": "com.atlassian.jira", "name": "Jira AI", "enabled": True, "userInstalled": False},
]  # fmt: skip
CONFLUENCE = [
    {"key": "com.gpt", "name": "Pages with GPT", "enabled": False, "userInstalled": True},
]


def plant() -> Vendor:
    vendor = Vendor()

    def users(asked: Asked) -> Any:
        page, after = vendor.next_page(USERS, asked.query.get("cursor", ""))
        link = f"{vendor.url}{asked.path}?cursor={after}"
        return {"data": page, "links": {"self": "x", **({"next": link} if after else {})}}

    def stream(asked: Asked) -> Any:
        """There is a next cursor always."""
        first, last = (int(asked.query[name]) for name in ("from", "to"))
        times = [datetime.fromisoformat(one["attributes"]["time"]).timestamp() * 1000
                 for one in EVENTS]  # fmt: skip
        found = [one for one, at in zip(EVENTS, times, strict=True) if first <= at <= last]
        start = int(asked.query.get("cursor", "0"))
        page, after = vendor.next_page(found, str(start))
        end = str(max(len(found), start))
        return {"data": page, "meta": {"next": after or end, "page_size": len(page)}}

    known = "Basic " + base64.b64encode(f"{SITE_USER}:{SITE_TOKEN}".encode()).decode()

    def site(records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            if asked.authorization != known:
                return Reply({"message": "who are you"}, 401)
            return {"plugins": records}

        return answer

    vendor.route(atlassian.USERS.id, users, "cursor")
    vendor.route(atlassian.EVENTS.id, stream, "cursor from to limit sortOrder")
    vendor.route(atlassian.JIRA.id, site(JIRA), is_open=True)
    vendor.route(atlassian.CONFLUENCE.id, site(CONFLUENCE), is_open=True)
    return vendor


CASE = Case(
    name="atlassian",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "organization_id": ORG, "url": url, "site_url": url,
        "site_user": SITE_USER, "parts": ("people", "events", "apps"),
    },
    records=[*EVENTS, *USERS, *JIRA],
    environ={"ATLASSIAN_ADMIN_TOKEN": TOKEN, "ATLASSIAN_SITE_TOKEN": SITE_TOKEN},
    kept_days=180,
)  # fmt: skip
