"""A small workspace of ElevenLabs, by the types of its published client."""

from __future__ import annotations

from typing import Any

from connectors import elevenlabs
from tests.saas_rig import Asked, Vendor
from tests.saas_rig.cases import Case, Published

KEY = "made-up-key"
TYPES = "https://github.com/elevenlabs/elevenlabs-python/tree/main/src/elevenlabs/types/"
ACCOUNTS = [
    {"service_account_user_id": "sa1", "name": "dubbing", "created_at_unix": 1767225600,
     "api-keys": [
         {"name": "prod", "hint": "1f2e", "key_id": "k1", "service_account_user_id": "sa1",
          "created_at_unix": 1767225600, "is_disabled": False,
          "permissions": ["text_to_speech", "dubbing_write"], "character_limit": 1000,
          "character_count": 420},
         {"name": "old", "hint": "sk_...9c0d", "key_id": "k2", "service_account_user_id": "sa1",
          "is_disabled": True},
     ]},
    {"service_account_user_id": "sa2", "name": "none yet", "api-keys": []},
]  # fmt: skip
AGENTS = [
    {"agent_id": f"a{n}", "name": name, "tags": ["phone"], "created_at_unix_secs": 1767225600,
     "last_call_time_unix_secs": 1795860000, "archived": n == 2,
     "access_info": {"is_creator": False, "creator_name": "Ada Day",
                     "creator_email": "Ada@acme.com", "role": "viewer"}}
    for n, name in enumerate(("Reception", "Returns", "Trial"))
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(authorization=KEY, header="xi-api-key")

    def agents(asked: Asked) -> Any:
        page, after = vendor.next_page(AGENTS, asked.query.get("cursor", ""))
        return {"agents": page, "next_cursor": after or None, "has_more": bool(after)}

    vendor.route(elevenlabs.KEYS.id, lambda asked: {"service-accounts": ACCOUNTS})
    vendor.route(
        elevenlabs.AGENTS.id, agents,
        "page_size search archived show_only_owned_agents sort_direction sort_by cursor",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="elevenlabs",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*ACCOUNTS, *AGENTS],
    environ={"ELEVENLABS_API_KEY": KEY},
    published=(
        Published(
            f"{TYPES}workspace_service_account_response_model.py", ACCOUNTS,
            "service_account_user_id name created_at_unix api-keys.name api-keys.hint "
            "api-keys.key_id api-keys.service_account_user_id api-keys.created_at_unix "
            "api-keys.is_disabled api-keys.permissions api-keys.character_limit "
            "api-keys.character_count",
        ),
        Published(
            f"{TYPES}agent_summary_response_model.py", AGENTS,
            "agent_id name tags created_at_unix_secs last_call_time_unix_secs archived "
            "access_info.is_creator access_info.creator_name access_info.creator_email "
            "access_info.role",
        ),
    ),
)  # fmt: skip
