"""A small team of Cursor, by https://docs.cursor.com/en/account/teams/admin-api."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from connectors import cursor
from tests.saas_rig import TOKEN, Asked, Vendor
from tests.saas_rig.cases import Case

MEMBERS = [
    {"id": 1, "name": "Ada Day", "email": "Ada@acme.com", "role": "owner"},
    {"id": 2, "name": "Ben Bay", "email": "ben@acme.com", "role": "member", "isRemoved": True},
]


def day(at: str, mail: str, model: str = "claude-sonnet", **counts: int) -> Any:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return {
        "date": int(moment.timestamp() * 1000), "day": at, "email": mail, "isActive": bool(counts),
        "totalLinesAdded": 9, "composerRequests": 0, "chatRequests": 0, "agentRequests": 0,
        "cmdkUsages": 0, "bugbotUsages": 0, "mostUsedModel": model if counts else "", **counts,
    }  # fmt: skip


DAYS = [
    day("2026-10-01", "ada@acme.com", agentRequests=5, chatRequests=2),
    day("2026-10-02", "ada@acme.com", "gpt-5", composerRequests=3),
    day("2026-10-02", "ben@acme.com"),
    day("2026-11-20", "ada@acme.com", agentRequests=1),
    day("2026-11-21", "ben@acme.com", cmdkUsages=4),
]


def event(ident: str, at: str, kind: str, **data: Any) -> Any:
    return {"event_id": ident, "timestamp": at, "user_email": "ada@acme.com", "event_type": kind,
            "event_data": data, "ip_address": "192.0.2.1"}  # fmt: skip


EVENTS = [
    event("1", "2026-11-01T08:00:00Z", "mcp_server_config", scope="team", server_name="github",
          server_type="stdio", action="add"),
    event("2", "2026-11-02T08:00:00Z", "team_api_key", action="created"),
    event("3", "2026-11-03T08:00:00Z", "privacy_mode", enabled=False),
    event("4", "2026-11-04T08:00:00Z", "login"),
    event("5", "2026-11-27T20:00:00Z", "mcp_server_config", scope="user", server_name="crm",
          server_type="http", action="add"),
]  # fmt: skip


def plant() -> Vendor:
    known = "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode()
    vendor = Vendor(authorization=known)

    def paged(records: list[Any], page: int) -> tuple[list[Any], dict[str, Any]]:
        size = vendor.page_size
        page = 1 if vendor.ring else page
        pages = -(-len(records) // size)
        return records[(page - 1) * size : page * size], {
            "page": page, "pageSize": size, "totalPages": pages,
            "hasNextPage": vendor.ring or page < pages,
        }  # fmt: skip

    def usage(asked: Asked) -> Any:
        first, last = asked.body["startDate"], asked.body["endDate"]
        assert last - first <= 30 * 86_400_000
        found = [one for one in DAYS if first <= one["date"] <= last]
        data, pagination = paged(found, asked.body["page"])
        return {"data": data, "period": {}, "pagination": pagination}

    def log(asked: Asked) -> Any:
        first, last = asked.query["startTime"], asked.query["endTime"]
        found = [one for one in EVENTS if first <= one["timestamp"] <= last]
        events, pagination = paged(found, int(asked.query["page"]))
        return {"events": events, "pagination": pagination, "params": {}}

    vendor.route(cursor.MEMBERS.id, lambda asked: {"teamMembers": MEMBERS})
    vendor.route(cursor.USAGE.id, usage)
    vendor.route(cursor.EVENTS.id, log, "startTime endTime page pageSize eventTypes users search")
    return vendor


CASE = Case(
    name="cursor",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "parts": ("people", "use", "events"),
    },
    records=[*EVENTS, *DAYS, *MEMBERS],
    environ={"CURSOR_ADMIN_KEY": TOKEN},
    kept_days=90,
)  # fmt: skip
