"""A small account of Zoom, by https://developers.zoom.us/docs/api/."""

from __future__ import annotations

from typing import Any

from connectors import zoom
from tests.saas_rig import Asked, Vendor, token_route
from tests.saas_rig.cases import Case

CLIENT, SECRET, ACCOUNT = "made-up-client", "made-up-secret", "acc-1"
USERS = [
    {"id": "u1", "email": "Ada@acme.com", "first_name": "Ada", "last_name": "Day", "type": 2,
     "status": "active", "dept": "Sales"},
    {"id": "u2", "email": "ben@acme.com", "first_name": "Ben", "last_name": "Bay", "type": 2,
     "status": "inactive"},
    {"id": "u3", "email": "cleo@acme.com", "display_name": "Cleo", "first_name": "", "type": 1,
     "status": "active"},
]  # fmt: skip
SETTINGS = {
    "in_meeting": {
        "chat": True,
        "meeting_summary_with_ai_companion": {"enable": True, "auto_enable": False},
        "ai_companion_questions": {"enable": True},
        "email_notification": {"meeting_summary_email": True},
    },
    "recording": {"smart_recording": {"create_recording_highlights": False}, "cloud_recording":
                  True},
    "feature": {"meeting_capacity": 300},
}  # fmt: skip
OFF = {
    "in_meeting": {"meeting_summary_with_ai_companion": {"enable": False}},
    "recording": {}, "feature": {},
}  # fmt: skip
APPS: dict[str, list[Any]] = {
    "account_added": [
        {"app_id": "a1", "app_name": "Otter.ai", "app_type": "ZoomApp", "app_status": "PUBLISHED",
         "scopes": [{"scope_name": "meeting:read:meeting"}, {"scope_name": "recording:read"},
                    {"scope_name": "user:read:user"}]},
        {"app_id": "a2", "app_name": "Lunch menu", "app_type": "ZoomApp", "scopes": []},
        {"app_id": "a3", "app_name": "Fathom", "app_type": "ZoomApp",
         "scopes": [{"scope_name": "meeting:write:meeting:admin"}]},
    ],
    "approved_apps": [
        {"app_id": "a1", "app_name": "Otter.ai", "scopes": [{"scope_name": "recording:read"}],
         "approval_info": {"approver_id": "u1", "approved_time": "2026-10-01T08:00:00Z"}},
    ],
    "account_created": [],
    "active_requests": [{"app_id": "a4", "app_name": "Fireflies.ai", "scopes": []}],
    "restricted_apps": [{"app_id": "a5", "app_name": "Read AI", "scopes": []}],
}  # fmt: skip


def made(uuid: str, host: str, at: str) -> Any:
    return {
        "meeting_uuid": uuid, "meeting_id": 1, "meeting_topic": "Pay rises",
        "meeting_host_id": host,
        "meeting_host_email": {"u1": "ada@acme.com", "u2": "ben@acme.com"}[host],
        "meeting_start_time": at, "meeting_end_time": at, "summary_start_time": at,
        "summary_end_time": at, "summary_created_time": at, "summary_last_modified_time": at,
    }  # fmt: skip


SUMMARIES = [
    made("m1", "u1", "2026-10-02T08:00:00Z"),
    made("m2", "u1", "2026-11-05T08:00:00Z"),
    made("m3", "u2", "2026-11-05T09:00:00Z"),
    made("m4", "u1", "2026-11-27T20:00:00Z"),
]


def changed(at: str, detail: str, who: str = "ada@acme.com") -> Any:
    return {"time": at, "operator": who, "category_type": "Account", "action": "Update",
            "operation_detail": detail}  # fmt: skip


LOGS = [
    changed("2026-11-01T08:00:00Z", "AI Companion  - Meeting summary: from Off to On"),
    changed("2026-11-02T08:00:00Z", "AI Companion  - Meeting questions: from On to Off"),
    changed("2026-11-03T08:00:00Z", "Security  - Waiting room: from Off to On"),
    changed("2026-11-04T08:00:00Z", "Add User ben@acme.com - User Type: Licensed"),
]


def plant() -> Vendor:
    vendor = Vendor()
    token_route(vendor, zoom.TOKEN.id, CLIENT, SECRET, grant_type="account_credentials",
                account_id=ACCOUNT)  # fmt: skip

    def paged(key: str, records: list[Any], asked: Asked) -> Any:
        page, after = vendor.next_page(records, asked.query.get("next_page_token", ""))
        return {"page_size": 300, "next_page_token": after, key: page}

    def dated(key: str, field: str, records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            first, last = asked.query["from"], asked.query["to"]
            return paged(key, [r for r in records if first <= r[field][:10] <= last], asked)

        return answer

    pages = "page_size next_page_token"
    vendor.route(zoom.USERS.id, lambda asked: paged("users", USERS, asked), f"{pages} status")
    vendor.route(zoom.ACCOUNT.id, lambda asked: SETTINGS, "option custom_query_fields")
    vendor.route(
        zoom.APPS.id, lambda asked: paged("apps", APPS[asked.query["type"]], asked), f"{pages} type"
    )
    dates = f"{pages} from to"
    vendor.route(zoom.SUMMARIES.id, dated("summaries", "summary_created_time", SUMMARIES), dates)
    vendor.route(zoom.LOGS.id, dated("operation_logs", "time", LOGS), f"{dates} category_type")
    return vendor


CASE = Case(
    name="zoom",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "token_url": url, "account_id": ACCOUNT,
    },
    records=[*SUMMARIES, *LOGS, *APPS["account_added"], *APPS["approved_apps"], *USERS],
    environ={"ZOOM_CLIENT_ID": CLIENT, "ZOOM_CLIENT_SECRET": SECRET},
    kept_days=180,
)  # fmt: skip
