"""A small account of HubSpot, by its published specifications."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors import hubspot
from tests.saas_rig import TOKEN, Asked, Vendor
from tests.saas_rig.cases import Case, Published

SPEC = "https://github.com/HubSpot/HubSpot-public-api-spec-collection/tree/main/PublicApiSpecs/"
USERS = [
    {"id": "11", "email": "Ada@acme.com", "firstName": "Ada", "lastName": "Day",
     "superAdmin": True, "roleIds": []},
    {"id": "12", "email": "ben@acme.com", "firstName": "Ben", "superAdmin": False},
    {"id": "13", "email": "cem@acme.com", "superAdmin": False},
]  # fmt: skip
APPS = [
    {"name": "ChatGPT sync", "currentUsage": 420, "usageLimit": 250000, "fetchStatus": "SUCCESS",
     "collectedAt": "2026-11-28T10:00:00Z", "resetsAt": "2026-11-29T00:00:00Z"},
    {"name": "Warehouse", "currentUsage": 0, "usageLimit": 250000, "fetchStatus": "SUCCESS"},
]  # fmt: skip


def event(ident: str, at: str, category: str, action: str, sub: str = "") -> dict[str, Any]:
    return {
        "id": ident, "occurredAt": at, "category": category, "subCategory": sub, "action": action,
        "targetObjectId": "5", "actingUser": {"userId": 11, "userEmail": "Ada@acme.com"},
    }  # fmt: skip


EVENTS = [
    event("1", "2026-11-02T10:00:00Z", "AI_AGENT", "CREATE"),
    event("2", "2026-11-03T10:00:00Z", "SETTINGS", "UPDATE", "BREEZE"),
    event("3", "2026-11-04T10:00:00Z", "AI_AGENT", "DELETE"),
    event("4", "2026-11-05T10:00:00Z", "CRM_OBJECT", "UPDATE", "EMAIL_CAMPAIGN"),
    event("5", "2026-11-27T20:00:00Z", "AI_AGENT", "CREATE"),
]


def plant() -> Vendor:
    vendor = Vendor()

    def listed(records: Any) -> Any:
        def answer(asked: Asked) -> Any:
            all_of_it = records(asked) if callable(records) else records
            page, after = vendor.next_page(all_of_it, asked.query.get("after", ""))
            return {"results": page, **({"paging": {"next": {"after": after}}} if after else {})}

        return answer

    def events(asked: Asked) -> Any:
        names = ("occurredAfter", "occurredBefore")
        first, last = (datetime.fromisoformat(asked.query[n]) for n in names)
        return [one for one in EVENTS if first < datetime.fromisoformat(one["occurredAt"]) < last]

    vendor.route(hubspot.USERS.id, listed(USERS), "limit after")
    vendor.route(hubspot.APPS.id, lambda asked: {"results": APPS})
    vendor.route(
        hubspot.AUDIT.id, listed(events),
        "actingUserId after fillFinalTimestamp limit occurredAfter occurredBefore sort",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="hubspot",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "parts": ("people", "apps", "events"),
    },
    records=[*EVENTS, *APPS, *USERS],
    environ={"HUBSPOT_TOKEN": TOKEN},
    kept_days=90,
    published=(
        Published(f"{SPEC}Settings/User%20Provisioning", USERS,
                  "id email firstName lastName superAdmin roleIds"),
        Published(f"{SPEC}Account/Account%20Info", APPS,
                  "name currentUsage usageLimit fetchStatus collectedAt resetsAt"),
        Published(
            f"{SPEC}Account/Audit%20Logs", EVENTS,
            "id occurredAt category subCategory action targetObjectId actingUser.userId "
            "actingUser.userEmail",
        ),
    ),
)  # fmt: skip
