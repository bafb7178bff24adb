"""A small organization of JumpCloud, by its documentation and published Swagger."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from connectors import jumpcloud
from tests.saas_rig import Asked, Reply, Vendor
from tests.saas_rig.cases import Case, Published

KEY = "made-up-key"
SWAGGER = "https://github.com/TheJumpCloud/jcapi-powershell/tree/master/SwaggerSpecs"
USERS = [
    {"_id": "u-ada", "username": "ada", "email": "Ada@acme.com", "firstname": "Ada",
     "lastname": "Day", "department": "Legal", "activated": True, "suspended": False},
    {"_id": "u-ben", "username": "ben", "email": "ben@acme.com", "activated": True,
     "suspended": True},
    {"_id": "u-cem", "username": "cem", "email": "cem@acme.com", "activated": True},
]  # fmt: skip
APPS = [
    {"_id": "a-gpt", "name": "openai", "displayLabel": "ChatGPT", "active": True,
     "created": "2026-05-01T08:00:00.000Z", "ssoUrl": "https://sso.jumpcloud.com/saml2/openai",
     "config": {"acsUrl": {"value": "https://auth.openai.com/sso/acs"},
                "idpPrivateKey": {"value": "made-up"}}},
    {"_id": "a-pay", "name": "payroll", "displayLabel": "Payroll", "active": True},
    {"_id": "a-old", "name": "old", "displayName": "Old", "active": False},
]  # fmt: skip
FOUND = [
    {"id": "s-1", "catalog_app_id": "chatgpt", "status": "UNAPPROVED",
     "discovered_at": "2026-08-08T23:01:45.000Z", "access_restriction": "BLOCK"},
    {"id": "s-2", "catalog_app_id": "slack", "status": "APPROVED",
     "discovered_at": "2026-01-08T23:01:45.000Z", "access_restriction": "NO_ACTION"},
    {"id": "s-3", "catalog_app_id": "", "status": "IGNORED"},
]  # fmt: skip
ACCOUNTS = {
    "s-1": [
        {"id": "c-1", "email": "Ada@acme.com", "parent_app_id": "s-1", "user_id": "u-ada"},
        {"id": "c-2", "email": "cem@acme.com", "parent_app_id": "s-1", "user_id": ""},
    ]
}
CATALOG = {
    "chatgpt": {"id": "chatgpt", "name": "ChatGPT", "domains": ["chatgpt.com", "openai.com"]},
}


def event(ident: str, at: str, app: dict[str, Any], user: str = "ada", done: bool = True) -> Any:
    return {
        "id": ident, "timestamp": at, "event_type": "sso_auth", "service": "sso",
        "organization": "o-1", "client_ip": "203.0.113.9", "sso_token_success": done,
        "application": {"id": app["_id"], "name": app["name"],
                        "display_label": app.get("displayLabel", ""), "sso_type": "saml"},
        "initiated_by": {"id": f"u-{user}", "type": "user", "username": user},
    }  # fmt: skip


EVENTS = [
    event("e1", "2026-11-02T10:00:00.123Z", APPS[0]),
    event("e2", "2026-11-03T10:00:00.123Z", APPS[0]),
    event("e3", "2026-11-03T11:00:00.123Z", APPS[0], "ben", done=False),
    event("e4", "2026-11-04T11:00:00.123Z", APPS[1]),
    event("e5", "2026-11-27T20:00:00.123Z", APPS[0]),
    {"id": "e6", "timestamp": "2026-11-27T21:00:00Z", "event_type": "admin_login_attempt"},
]


def plant() -> Vendor:
    vendor = Vendor(authorization=KEY, header="x-api-key")

    def numbered(param: str, records: Any) -> Any:
        def answer(asked: Asked) -> Any:
            all_of_it = records(asked) if callable(records) else records
            first, size = int(asked.query[param]), int(asked.query["limit"])
            return {"results": all_of_it[first : first + size], "totalCount": len(all_of_it)}

        return answer

    def catalog(asked: Asked) -> Any:
        found = CATALOG.get(asked.holes["id"])
        return found or Reply({"message": "Not Found"}, 404)

    def events(asked: Asked) -> Any:
        body = asked.body
        if odd := body.keys() - {"service", "start_time", "end_time", "sort", "limit",
                                 "search_after", "fields", "q", "skip"}:  # fmt: skip
            return Reply({"message": f"unknown fields {sorted(odd)}"}, 400)
        first, last = (datetime.fromisoformat(body[n]) for n in ("start_time", "end_time"))
        found = [
            one for one in EVENTS
            if first <= datetime.fromisoformat(one["timestamp"]) < last
            and one.get("service") in body["service"]
        ]  # fmt: skip
        page, after = vendor.next_page(found, body.get("search_after", ["0"])[0])
        mark = after or str(len(found))
        headers = {
            "X-Result-Count": str(len(page)), "X-Limit": str(vendor.page_size),
            **({"X-Search_after": json.dumps([mark, "id"])} if page else {}),
        }  # fmt: skip
        return Reply(page, headers=headers)

    vendor.route(
        jumpcloud.USERS.id, numbered("skip", USERS), "limit skip sort fields filter search"
    )
    vendor.route(jumpcloud.APPS.id, numbered("skip", APPS), "limit skip sort fields filter")
    vendor.route(
        jumpcloud.FOUND.id, numbered("offset", FOUND), "limit offset sort filter expand"
    )  # fmt: skip
    vendor.route(
        jumpcloud.ACCOUNTS.id,
        numbered("offset", lambda asked: ACCOUNTS.get(asked.holes["id"], [])), "limit offset",
    )  # fmt: skip
    vendor.route(jumpcloud.CATALOG.id, catalog)
    vendor.route(jumpcloud.EVENTS.id, events)
    return vendor


CASE = Case(
    name="jumpcloud",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "events_url": url,
        "parts": ("people", "applications", "discovered", "events"),
    },
    records=[*EVENTS, *APPS, *USERS, {**FOUND[0], "accounts": ACCOUNTS["s-1"]}, *FOUND[1:]],
    environ={"JUMPCLOUD_API_KEY": KEY},
    kept_days=90,
    published=(
        Published(
            f"{SWAGGER}/JumpCloud.SDK.V1.json", USERS,
            "_id username email firstname lastname department activated suspended",
        ),
        Published(
            f"{SWAGGER}/JumpCloud.SDK.V1.json", APPS,
            "_id name displayLabel displayName active created ssoUrl config.acsUrl.value "
            "config.idpPrivateKey.value",
        ),
        Published(
            f"{SWAGGER}/JumpCloud.SDK.DirectoryInsights.json", [EVENTS[-1]],
            "id timestamp event_type",
        ),
    ),
)  # fmt: skip
