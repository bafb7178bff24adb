"""A small enterprise of Box, by https://developer.box.com/reference."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors import box
from tests.saas_rig import Asked, Vendor, token_route
from tests.saas_rig.cases import Case

CLIENT, SECRET = "made-up-client", "made-up-secret"
ADA = {"type": "user", "id": "11", "login": "Ada@acme.com", "name": "Ada Day"}
USERS = [
    {**ADA, "status": "active"},
    {"type": "user", "id": "12", "login": "ben@acme.com", "name": "Ben Bay", "status": "inactive"},
    {"type": "user", "id": "13", "login": "AutomationUser_1@boxdevedition.com", "name": "app",
     "status": "active"},
]  # fmt: skip
AGENTS = [
    {"id": "14031", "type": "ai_agent", "name": "Contracts", "access_state": "enabled",
     "created_at": "2026-09-01T08:00:00-07:00", "created_by": ADA,
     "ask": {"type": "ai_agent_ask", "access_state": "enabled"}, "extract": None},
    {"id": "14032", "type": "ai_agent", "name": "Invoices", "access_state": "disabled",
     "extract": {"type": "ai_agent_extract"}},
    {"id": "14033", "type": "ai_agent", "name": "Letters", "access_state": "enabled",
     "text_gen": {"type": "ai_agent_text_gen"}},
]  # fmt: skip


def event(ident: str, at: str, kind: str, **details: Any) -> Any:
    return {
        "type": "event", "event_id": ident, "event_type": kind, "created_at": at,
        "created_by": ADA, "source": {"item_type": "file", "item_name": "pay.docx"},
        "additional_details": details,
    }  # fmt: skip


EVENTS = [
    event("e1", "2026-11-01T08:00:00-07:00", "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE",
          service_id="s-claude", service_name="Claude"),
    event("e2", "2026-11-02T08:00:00Z", "DOWNLOAD", service_id="s-claude", service_name="Claude",
          size=4000),
    event("e3", "2026-11-03T08:00:00Z", "DOWNLOAD", service_id="s-claude", service_name="Claude"),
    event("e4", "2026-11-03T08:00:00Z", "DOWNLOAD", service_name="Box Web App"),
    event("e5", "2026-11-04T08:00:00Z", "UPLOAD", service_id="s-otter", service_name="Otter.ai",
          size="500"),
    event("e6", "2026-11-05T08:00:00Z", "OAUTH2_ACCESS_TOKEN_REVOKE", service_name="Read AI",
          service_id="s-read"),
    event("e7", "2026-11-27T20:00:00Z", "DOWNLOAD", service_id="s-claude", service_name="Claude"),
    event("e8", "2026-11-27T20:00:00Z", "LOGIN"),
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor()
    token_route(vendor, box.TOKEN.id, CLIENT, SECRET, box_subject_type="enterprise",
                box_subject_id="e-1")  # fmt: skip

    def marked(records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            page, after = vendor.next_page(records, asked.query.get("marker", ""))
            return {"entries": page, "limit": 1000, **({"next_marker": after} if after else {})}

        return answer

    def stream(asked: Asked) -> Any:
        """The position stays where it is at the end."""
        first, last = (
            datetime.fromisoformat(asked.query[n]) for n in ("created_after", "created_before")
        )
        kinds = asked.query["event_type"].split(",")
        found = [
            one
            for one in EVENTS
            if first <= datetime.fromisoformat(one["created_at"]) < last
            and one["event_type"] in kinds
        ]
        start = asked.query.get("stream_position", "0")
        page, after = vendor.next_page(found, start)
        end = str(max(len(found), int(start)))
        return {"chunk_size": len(page), "entries": page, "next_stream_position": after or end}

    vendor.route(box.USERS.id, marked(USERS), "usemarker limit marker fields user_type")
    vendor.route(
        box.AGENTS.id, marked(AGENTS), "mode fields agent_state include_box_default limit marker"
    )
    vendor.route(
        box.EVENTS.id, stream,
        "stream_type created_after created_before event_type limit stream_position",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="box",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url, "enterprise_id": "e-1"},
    records=[*EVENTS, *AGENTS, *USERS],
    environ={"BOX_CLIENT_ID": CLIENT, "BOX_CLIENT_SECRET": SECRET},
    kept_days=365,
)
