"""A small team of Dropbox, by the published specification of its API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors import dropbox
from tests.saas_rig import Asked, Reply, Vendor, token_route
from tests.saas_rig.cases import Case, Published

KEY, SECRET, REFRESH = "made-up-key", "made-up-secret", "made-up-refresh"
SPEC = "https://github.com/dropbox/dropbox-api-spec/blob/main/"


def _member(ident: str, mail: str, name: str, status: str = "active") -> dict[str, Any]:
    return {
        "profile": {
            "team_member_id": f"dbmid:{ident}", "account_id": f"dbid:{ident}", "email": mail,
            "email_verified": True, "status": {".tag": status}, "name": {"display_name": name},
            "membership_type": {".tag": "full"}, "groups": [],
        },
        "roles": [],
    }  # fmt: skip


MEMBERS = [
    _member("ada", "Ada@acme.com", "Ada Day"),
    _member("ben", "ben@acme.com", "Ben Bay", "suspended"),
    _member("cem", "cem@acme.com", "Cem Cay"),
]
CLAUDE = {"app_id": "dbaid:claude", "app_name": "Claude", "publisher": "Anthropic",
          "publisher_url": "https://claude.ai", "linked": "2026-09-01T08:00:00Z",
          "is_app_folder": False}  # fmt: skip
LINKED = [
    {"team_member_id": "dbmid:ada", "linked_api_apps": [
        CLAUDE,
        {"app_id": "dbaid:notes", "app_name": "Notes", "is_app_folder": True},
    ]},
    {"team_member_id": "dbmid:ben", "linked_api_apps": []},
    {"team_member_id": "dbmid:cem", "linked_api_apps": [CLAUDE]},
]  # fmt: skip


def event(at: str, kind: str, category: str = "apps", **details: Any) -> dict[str, Any]:
    user = {".tag": "team_member", "team_member_id": "dbmid:ada", "account_id": "dbid:ada",
            "display_name": "Ada Day", "email": "Ada@acme.com"}  # fmt: skip
    return {
        "timestamp": at, "event_category": {".tag": category},
        "event_type": {".tag": kind, "description": kind},
        "details": {".tag": f"{kind}_details", **details},
        "actor": {".tag": "user", "user": user},
    }  # fmt: skip


def _info(ident: str, name: str) -> dict[str, Any]:
    return {".tag": "user_linked_app", "app_id": f"dbaid:{ident}", "display_name": name}


EVENTS = [
    event("2026-11-02T10:00:00Z", "app_link_user", app_info=_info("claude", "Claude")),
    event("2026-11-03T10:00:00Z", "app_unlink_user", app_info=_info("otter", "Otter.ai")),
    event("2026-11-04T10:00:00Z", "app_blocked_by_permissions", app_info=_info("fred", "Fred AI")),
    event("2026-11-05T10:00:00Z", "integration_connected", integration_name="ChatGPT"),
    event("2026-11-06T10:00:00Z", "dash_connector_tools_call", "dash"),
    event("2026-11-07T10:00:00Z", "dash_opened_stack", "dash"),
    event("2026-11-08T10:00:00Z", "previews_ai_policy_changed", "team_policies",
          new_value={".tag": "disabled"}, previous_value={".tag": "enabled"}),
    event("2026-11-08T11:00:00Z", "paper_change_policy", "team_policies"),
    event("2026-11-27T20:00:00Z", "dash_connector_tools_call", "dash"),
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor()
    token_route(vendor, dropbox.TOKEN.id, KEY, SECRET, grant_type="refresh_token",
                refresh_token=REFRESH)  # fmt: skip

    def page(key: str, records: list[Any], cursor: str, prefix: str = "") -> Any:
        found, after = vendor.next_page(records, cursor)
        return {key: found, "cursor": f"{prefix}{after or 'end'}", "has_more": bool(after)}

    def first(key: str, records: list[Any], fields: set[str]) -> Any:
        def answer(asked: Asked) -> Any:
            if odd := asked.body.keys() - fields:
                return Reply({"error_summary": f"unknown field {sorted(odd)}"}, 400)
            return page(key, records, asked.body.get("cursor", ""))

        return answer

    def happened(category: str, begin: str, end: str) -> list[Any]:
        first, last = (datetime.fromisoformat(one) for one in (begin, end))
        return [
            one for one in EVENTS
            if first <= datetime.fromisoformat(one["timestamp"]) < last
            and one["event_category"][".tag"] == category
        ]  # fmt: skip

    def events(asked: Asked) -> Any:
        """The cursor knows what was asked for."""
        body = asked.body
        if odd := body.keys() - {"limit", "account_id", "time", "category", "event_type"}:
            return Reply({"error_summary": f"unknown field {sorted(odd)}"}, 400)
        time = body["time"]
        prefix = f"{body['category']}|{time['start_time']}|{time['end_time']}|"
        return page("events", happened(*prefix.split("|")[:3]), "", prefix)

    def further(asked: Asked) -> Any:
        *told, cursor = asked.body["cursor"].split("|")
        return page("events", happened(*told), cursor, "|".join([*told, ""]))

    vendor.route(dropbox.MEMBERS.id, first("members", MEMBERS, {"limit", "include_removed"}))
    vendor.route(dropbox.MORE_MEMBERS.id, first("members", MEMBERS, {"cursor"}))
    vendor.route(dropbox.LINKED.id, first("apps", LINKED, {"cursor"}))
    vendor.route(dropbox.EVENTS.id, events)
    vendor.route(dropbox.MORE_EVENTS.id, further)
    return vendor


CASE = Case(
    name="dropbox",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*EVENTS, *LINKED, *MEMBERS],
    environ={
        "DROPBOX_APP_KEY": KEY, "DROPBOX_APP_SECRET": SECRET, "DROPBOX_REFRESH_TOKEN": REFRESH,
    },
    kept_days=3650,
    published=(
        Published(
            f"{SPEC}team.stone", MEMBERS,
            "profile.team_member_id profile.account_id profile.email profile.email_verified "
            "profile.status..tag profile.name.display_name profile.membership_type..tag",
        ),
        Published(
            f"{SPEC}team.stone", LINKED,
            "team_member_id linked_api_apps.app_id linked_api_apps.app_name "
            "linked_api_apps.publisher linked_api_apps.publisher_url linked_api_apps.linked "
            "linked_api_apps.is_app_folder",
        ),
        Published(
            f"{SPEC}team_log.stone", EVENTS,
            "timestamp event_category..tag event_type..tag event_type.description details..tag "
            "details.app_info..tag details.app_info.app_id details.app_info.display_name "
            "details.integration_name details.new_value..tag details.previous_value..tag "
            "actor..tag actor.user..tag actor.user.team_member_id actor.user.account_id "
            "actor.user.display_name actor.user.email",
        ),
    ),
)  # fmt: skip
