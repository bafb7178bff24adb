"""A small organization of Mistral, by the description of its Admin API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors import mistral
from connectors.mistral import log, records
from tests.saas_rig import Asked, Vendor
from tests.saas_rig.cases import Case, Published

KEY = "made-up-admin-key"
SPEC = "https://github.com/mistralai/platform-docs-public/blob/main/openapi-public-doc.yaml"
USERS = [
    {"uuid": f"0u{n}", "oid_id": None, "name": name, "email": f"{name}@acme.com",
     "is_sso_outsider": n == 2, "workspaces": [{"uuid": "0w1", "name": "Product",
     "is_default": True, "raw_roles": ["M"], "raw_role": "M"}],
     "subscriptions": [], "raw_roles": ["M"], "raw_role": "M", "subscription_types": seats,
     "created_at": "2026-01-01T08:00:00Z"}
    for n, (name, seats) in enumerate((("Ada", ["MISTRAL_CODE", "CHAT"]), ("ben", []),
                                       ("cem", None)))
]  # fmt: skip
WORKSPACES = [
    {"uuid": "0w1", "name": "Product", "description": None, "icon": None, "members_count": 3,
     "is_default": True},
    {"uuid": "0w2", "name": "Batch", "is_default": False, "spend_limit": None},
]  # fmt: skip
KEYS = [
    {"key_id": "0k1", "key": None, "name": "pipeline", "hidden_key": "HQSx...Ug6Y",
     "created_at": "2026-05-01T08:00:00Z", "expiration_date": "2027-05-01T00:00:00Z",
     "actions": {"rotate": {"status": "available"}, "delete": {"status": "available"}},
     "workspace_id": "0w1", "workspace_name": "Product", "created_by": "0u0", "product": "API",
     "last_used": "2026-11-27T00:00:00Z", "can_delete": True},
    {"key_id": "0k2", "name": None, "hidden_key": "abcd...ef01", "actions": {}},
    {"key_id": "0k3", "name": "vibe", "hidden_key": "Zz9x...01Qr", "actions": {},
     "product": "Vibe", "workspace_id": "0w2", "created_by": "0u1"},
]  # fmt: skip
USE = [
    {"user_id": "0u0", "messages_count": 154, "files_count": 8, "images_count": 0,
     "spreadsheets_count": 1, "unique_conversations_count": 31, "unique_agents_count": 2,
     "messages_to_agents_count": 40, "last_message_at": "2026-11-27T10:25:07Z"},
    {"user_id": "0u1", "messages_count": 0, "files_count": 0, "images_count": 0,
     "spreadsheets_count": 0, "unique_conversations_count": 0, "unique_agents_count": 0,
     "messages_to_agents_count": 0, "last_message_at": None},
]  # fmt: skip
AGENTS = [
    {"agent_id": "0a1", "messages_count": 40, "files_count": 0, "images_count": 0,
     "spreadsheets_count": 0, "unique_conversations_count": 9, "unique_users_count": 4,
     "last_message_at": "2026-11-26T10:25:07Z"},
]  # fmt: skip


def entry(number: int, kind: str, target: str, about: Any, at: str, who: Any = "0u0") -> Any:
    return {
        "log_id": number, "created_at": f"2026-11-{at}", "actor_type": "HUMAN",
        "actor_metadata": {"user_uuid": who}, "event_type": kind, "event_metadata": {},
        "target_type": target, "target_metadata": about, "organization_uuid": "0o1",
        "workspace_uuid": "0w1",
    }  # fmt: skip


EVENTS = [
    entry(1, "le_chat.conversation.created", "LE_CHAT_CONVERSATION", {}, "20T08:00:00.250Z"),
    entry(2, "le_chat.conversation.created", "LE_CHAT_CONVERSATION", {}, "20T08:00:00.250Z"),
    entry(3, "user.log_in", "USER", {"user_uuid": "0u1"}, "20T08:00:01Z"),
    entry(4, "agent.create", "AGENT", {"uuid": "0a1", "name": "Contracts"}, "21T09:00:00Z"),
    entry(5, "integration.activated_for_org", "INTEGRATION", {"uuid": "0i1", "name": "Drive"},
          "22T09:00:00Z", {"uuid": "0u0", "email": "Ada@acme.com", "name": "Ada"}),
    entry(6, "connectors_gateway.tool_called", "CONNECTORS_GATEWAY", {"name": "Drive"},
          "23T09:00:00Z"),
    entry(7, "api_key.create", "API_KEY", {}, "24T09:00:00Z"),
    entry(8, "integration.deleted", "INTEGRATION", {"uuid": "0i2", "name": "Mail"},
          "25T09:00:00Z", None),
    entry(9, "billing.seat.grant", "SUBSCRIPTION", {}, "25T10:00:00Z"),
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(authorization=KEY, header="x-api-key")

    def numbered(found: list[Any], items: str) -> Any:
        def answer(asked: Asked) -> Any:
            number = 1 if vendor.ring else int(asked.query["page"])
            size = min(vendor.page_size, int(asked.query["page_size"]))
            page = found[(number - 1) * size : number * size]
            return {items: page, "total": len(found), "page": number, "page_size": size}

        return answer

    def keys(asked: Asked) -> Any:
        first = 0 if vendor.ring else int(asked.query["offset"])
        return {"keys": KEYS[first : first + vendor.page_size]}

    def entries(asked: Asked) -> Any:
        def moment(value: str) -> datetime:
            return datetime.fromisoformat(value)

        after, before = (moment(asked.query[one]) for one in ("after", "before"))
        found = [one for one in EVENTS if after < moment(one["created_at"]) < before]
        return found[: int(asked.query["limit"])]

    vendor.route(records.USERS.id, numbered(USERS, "members"), "page page_size email")
    vendor.route(
        records.WORKSPACES.id, numbered(WORKSPACES, "items"), "is_archived page page_size search"
    )
    vendor.route(records.KEYS.id, keys, "limit offset name")
    vendor.route(records.USE.id, lambda asked: {"data": USE}, "start_time end_time")
    vendor.route(records.AGENTS.id, lambda asked: {"data": AGENTS}, "start_time end_time")
    vendor.route(
        log.EVENTS.id, entries,
        "actor_type event_type target_type actor_user_uuid sort after before limit",
    )  # fmt: skip
    return vendor


_COUNTS = (
    "messages_count files_count images_count spreadsheets_count unique_conversations_count "
    "last_message_at"
)
CASE = Case(
    name="mistral",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*USERS, *WORKSPACES, *KEYS, *USE, *AGENTS, *EVENTS],
    environ={"MISTRAL_ADMIN_KEY": KEY},
    kept_days=mistral.KEPT.days,
    published=(
        Published(
            SPEC, USERS,
            "uuid oid_id name email is_sso_outsider workspaces.uuid workspaces.name "
            "workspaces.is_default workspaces.raw_roles workspaces.raw_role subscriptions "
            "raw_roles raw_role subscription_types created_at",
        ),
        Published(
            SPEC, WORKSPACES, "uuid name description icon members_count spend_limit is_default"
        ),
        Published(
            SPEC, KEYS,
            "key_id key name hidden_key created_at expiration_date actions actions.* workspace_id "
            "workspace_name created_by product last_used can_delete",
        ),
        Published(SPEC, USE, f"user_id {_COUNTS} unique_agents_count messages_to_agents_count"),
        Published(SPEC, AGENTS, f"agent_id {_COUNTS} unique_users_count"),
        Published(
            SPEC, EVENTS,
            "log_id created_at actor_type actor_metadata.* event_type event_metadata target_type "
            "target_metadata target_metadata.* organization_uuid workspace_uuid",
        ),
    ),
)  # fmt: skip
