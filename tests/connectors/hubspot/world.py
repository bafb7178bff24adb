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


def event(
    ident: str, at: str, category: str, action: str, sub: str = "", target: str = "5"
) -> dict[str, Any]:
    return {
        "id": ident, "occurredAt": at, "category": category, "subCategory": sub, "action": action,
        "targetObjectId": target, "actingUser": {"userId": 11, "userEmail": "Ada@acme.com"},
    }  # fmt: skip


EVENTS = [
    event("1", "2026-11-02T10:00:00Z", "AI_AGENT", "CREATE"),
    event("2", "2026-11-03T10:00:00Z", "SETTINGS", "UPDATE", "BREEZE"),
    event("3", "2026-11-04T10:00:00Z", "AI_AGENT", "DELETE"),
    event("4", "2026-11-05T10:00:00Z", "CRM_OBJECT", "UPDATE", "EMAIL_CAMPAIGN"),
    event("5", "2026-11-27T20:00:00Z", "AI_AGENT", "CREATE", target="6"),
    event("6", "2026-11-06T10:00:00Z", "CRITICAL_ACTION", "PERFORM", "INSTALL_INTEGRATION", "71"),
    event("7", "2026-11-07T10:00:00Z", "CRITICAL_ACTION", "PERFORM", "UNINSTALL_INTEGRATION", "71"),
    event("8", "2026-11-08T10:00:00Z", "CRITICAL_ACTION", "PERFORM", "REMOVE_USER", "12"),
    event("9", "2026-11-09T10:00:00Z", "CRITICAL_ACTION", "PERFORM",
          "PRIVATE_APP_ACCESS_TOKEN_VIEW", "72"),
]  # fmt: skip


def activity(ident: str, at: str, kind: str, target: str) -> dict[str, Any]:
    return {
        "id": ident, "createdAt": at, "type": kind, "userId": 11, "actingUser": "Ada@acme.com",
        "objectId": target, "countryCode": "ie", "regionCode": "d", "ipAddress": "192.0.2.1",
        "infoUrl": "app.hubspot.com/settings/123/users",
    }  # fmt: skip


ACTIVITIES = [
    activity("1", "2026-11-02T10:00:00.303Z", "INSTALL_INTEGRATION", "71"),
    activity("2", "2026-11-03T10:00:00.303Z", "PRIVATE_APP_ACCESS_TOKEN_DEACTIVATE", "72"),
    activity("3", "2026-11-04T10:00:00.303Z", "DEACTIVATE_USER", "12"),
    activity("4", "2026-11-05T10:00:00.303Z", "REQUIRE_SINGLE_SIGN_ON", "9"),
    activity("5", "2026-11-27T20:00:00.303Z", "UNINSTALL_INTEGRATION", "71"),
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

    def activities(asked: Asked) -> Any:
        first, last = (int(asked.query[n]) for n in ("fromTimestamp", "toTimestamp"))
        return [
            one for one in ACTIVITIES
            if first <= datetime.fromisoformat(one["createdAt"]).timestamp() * 1000 <= last
        ]  # fmt: skip

    vendor.route(hubspot.USERS.id, listed(USERS), "limit after")
    vendor.route(hubspot.APPS.id, lambda asked: {"results": APPS})
    vendor.route(
        hubspot.AUDIT.id, listed(events),
        "actingUserId after fillFinalTimestamp limit occurredAfter occurredBefore sort",
    )  # fmt: skip
    vendor.route(
        hubspot.SECURITY.id, listed(activities), "after fromTimestamp limit toTimestamp userId"
    )
    return vendor


CASE = Case(
    name="hubspot",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "parts": ("people", "apps", "events", "security"),
    },
    records=[*EVENTS, *ACTIVITIES, *APPS, *USERS],
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
        Published(
            f"{SPEC}Account/Audit%20Logs", ACTIVITIES,
            "id createdAt type userId actingUser objectId countryCode regionCode ipAddress infoUrl "
            "location",
        ),
    ),
)  # fmt: skip
