"""A small account of OneLogin, by https://developers.onelogin.com/api-docs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors import onelogin
from tests.saas_rig import Asked, Reply, Vendor, token_route
from tests.saas_rig.cases import Case, Published

CLIENT, SECRET = "made-up-client", "made-up-secret"
SDK = "https://github.com/onelogin/onelogin-python-sdk/blob/master/docs/"
USERS = [
    {"id": 11, "email": "Ada@acme.com", "firstname": "Ada", "lastname": "Day", "status": 1,
     "department": "Legal", "state": 1},
    {"id": 12, "email": "ben@acme.com", "firstname": "Ben", "lastname": "Bay", "status": 2},
    {"id": 13, "email": "cem@acme.com", "firstname": "Cem", "lastname": None, "status": 1},
]  # fmt: skip
APPS = [
    {"id": 501, "name": "ChatGPT Enterprise", "connector_id": 110, "visible": True,
     "auth_method": 2, "created_at": "2026-05-01T08:00:00.000Z"},
    {"id": 502, "name": "Payroll", "connector_id": 111, "visible": True, "auth_method": 2,
     "created_at": "2025-05-01T08:00:00.000Z"},
    {"id": 503, "name": "Otter.ai", "connector_id": 112, "visible": False, "auth_method": 8},
]  # fmt: skip


def event(ident: int, at: str, kind: int, app: int = 501, user: int = 11) -> dict[str, Any]:
    names = {one["id"]: one["name"] for one in APPS}
    people = {one["id"]: f"{one['firstname']} {one['lastname']}" for one in USERS}
    return {
        "id": ident, "created_at": at, "account_id": 1, "event_type_id": kind, "app_id": app,
        "app_name": names[app], "user_id": user, "user_name": people[user], "actor_user_id": 11,
        "actor_user_name": "Ada Day", "ipaddr": "203.0.113.9", "notes": None,
    }  # fmt: skip


EVENTS = [
    event(1, "2026-11-02T10:00:00.000Z", 8),
    event(2, "2026-11-03T10:00:00.000Z", 8),
    event(3, "2026-11-03T11:00:00.000Z", 8, app=502),
    event(4, "2026-11-04T10:00:00.000Z", 34, app=503, user=12),
    event(5, "2026-11-05T10:00:00.000Z", 137, app=503, user=12),
    event(6, "2026-11-06T10:00:00.000Z", 85, user=12),
    event(7, "2026-11-27T20:00:00.000Z", 8),
    {"id": 8, "created_at": "2026-11-27T21:00:00.000Z", "event_type_id": 5, "user_id": 11},
]


def plant() -> Vendor:
    vendor = Vendor()
    token_route(vendor, onelogin.TOKEN.id, CLIENT, SECRET, grant_type="client_credentials")

    def listed(records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            page, after = vendor.next_page(records, asked.query.get("cursor", ""))
            return Reply(page, headers={"After-Cursor": after} if after else {})

        return answer

    def events(asked: Asked) -> Any:
        first, last = (datetime.fromisoformat(asked.query[n]) for n in ("since", "until"))
        kinds = asked.query["event_type_id"].split(",")
        found = [
            one for one in EVENTS
            if first <= datetime.fromisoformat(one["created_at"]) < last
            and str(one["event_type_id"]) in kinds
        ]  # fmt: skip
        page, after = vendor.next_page(found, asked.query.get("after_cursor", ""))
        return {
            "status": {"error": False, "code": 200}, "data": page,
            "pagination": {"before_cursor": None, "after_cursor": after or None},
        }  # fmt: skip

    vendor.route(onelogin.USERS.id, listed(USERS), "limit page cursor fields email status")
    vendor.route(onelogin.APPS.id, listed(APPS), "limit page cursor fields name connector_id")
    vendor.route(
        onelogin.EVENTS.id, events,
        "event_type_id client_id directory_id id created_at resolution since until user_id limit "
        "sort fields after_cursor before_cursor",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="onelogin",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*EVENTS, *APPS, *USERS],
    environ={"ONELOGIN_CLIENT_ID": CLIENT, "ONELOGIN_CLIENT_SECRET": SECRET},
    kept_days=90,
    published=(
        Published(f"{SDK}User.md", USERS, "id email firstname lastname status state department"),
        Published(
            f"{SDK}GenericApp.md", APPS, "id name connector_id visible auth_method created_at"
        ),
        Published(
            f"{SDK}Event.md", EVENTS,
            "id created_at account_id event_type_id app_id app_name user_id user_name "
            "actor_user_id actor_user_name ipaddr notes",
        ),
    ),
)  # fmt: skip
