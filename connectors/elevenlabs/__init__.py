"""ElevenLabs: service accounts of a workspace with their API keys, and voice agents with makers.

https://elevenlabs.io/docs/api-reference/service-accounts/list and /agents/list. Of a key a hint is
shown; keys that people have made for themselves, and who called, no API lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Reading,
    Settings,
    each,
    read,
    secret,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.named import Names
from scanner.kit.paged import by_cursor, whole_list
from scanner.kit.text import cut
from scanner.kit.told import hint
from scanner.kit.values import items, mapping, text, when
from scanner.model.facts import Asset, AssetClass, Credential, Edge, PrincipalType, Relation
from scanner.model.items import Item

NAMES = Names(source="elevenlabs", vendor="elevenlabs", tenant="workspace")
SERVICE, KEY, AGENT = "elevenlabs.service", "elevenlabs.api_key", "elevenlabs.agent"
PROVIDER = "elevenlabs"
Part = Literal["keys", "agents"]
KEYS = read(
    "/v1/service-accounts", "workspace administrator's API key", "service accounts and their keys"
)
AGENTS = read("/v1/convai/agents", "ElevenAgents: read", "voice agents, their makers, last calls")
_SHORT = 8
"""A hint that is no longer shows the end of a key alone."""
_MOST_TEXT = 120


class ElevenLabsConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace, or files exported from one."""

    token_env: str = "ELEVENLABS_API_KEY"  # noqa: S105 - the variable's name
    """Environment variable with an API key of a workspace administrator."""
    url: str = "https://api.elevenlabs.io"
    """Another address (data residency)."""
    parts: tuple[Part, ...] = ("keys", "agents")


def _access(ctx: Context[ElevenLabsConfig]) -> Any:
    key = secret(ctx, "a workspace administrator's API key")
    return session(ctx, (KEYS, AGENTS), {"xi-api-key": key})


def service(org: str) -> Asset:
    return Asset(
        id=NAMES.node(org, "service", "elevenlabs"), kind=SERVICE, name=f"ElevenLabs of {org}",
        asset_class=AssetClass.MODEL_ENDPOINT, provider=PROVIDER, account=NAMES.org(org),
    )  # fmt: skip


# --- keys -----------------------------------------------------------------------------------------


def is_account(record: Mapping[str, Any]) -> bool:
    return {"service_account_user_id", "api-keys"} <= record.keys()


def account(record: Any, org: str) -> list[Item] | None:
    """A service account, and each of its keys with what its hint shows."""
    given = mapping(record)
    ident, name = text(given.get("service_account_user_id")), text(given.get("name"))
    if not ident or not isinstance(given.get("api-keys"), list):
        return None
    node = NAMES.node(org, "user", ident)
    told: list[Item] = [
        NAMES.member(
            org,
            KEYS.id,
            ident,
            cut(name, _MOST_TEXT) or ident,
            principal_type=PrincipalType.SERVICE,
        )
    ]
    thing = service(org)
    told += NAMES.listed(thing, KEYS.id)
    for one in map(mapping, items(given.get("api-keys"))):
        told += _key(one, org, node, thing)
    return told


def _key(given: Mapping[str, Any], org: str, owner: Any, thing: Asset) -> Iterator[Item]:
    key = text(given.get("key_id"))
    if not key:
        return
    ident = NAMES.node(org, "key", key)
    evidence = (NAMES.evidence(KEYS.id, ident),)
    allowed = [text(one) for one in items(given.get("permissions"))]
    used, most = given.get("character_count"), given.get("character_limit")
    tags = {
        "status": "disabled" if given.get("is_disabled") is True else "active",
        "permissions": cut(", ".join(sorted(filter(None, allowed))), 300),
        "characters": text(used) if isinstance(used, int) else "",
        "character_limit": text(most) if isinstance(most, int) else "",
    }
    yield Credential(
        id=ident, kind=KEY,
        name=f"ElevenLabs key {cut(text(given.get('name')), _MOST_TEXT)}".strip(),
        issuer=PROVIDER, fingerprint="", hint=_shown(text(given.get("hint"))),
        created_at=when(given.get("created_at_unix")),
        tags={name: one for name, one in tags.items() if one}, evidence=evidence,
    )  # fmt: skip
    yield Edge(source=ident, target=owner, relation=Relation.OWNED_BY, evidence=evidence)
    yield Edge(
        source=thing.id, target=ident, relation=Relation.AUTHENTICATES_WITH, evidence=evidence
    )


def _shown(told: str) -> str:
    """With one mark in place of what is hidden; a hint without one is the end of the key."""
    known = hint(told.strip())
    if not known or "\u2026" in known:
        return known
    return f"\u2026{known}" if len(known) <= _SHORT else ""


# --- agents ---------------------------------------------------------------------------------------


def is_agent(record: Mapping[str, Any]) -> bool:
    return {"agent_id", "name"} <= record.keys()


def agent(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident = text(given.get("agent_id"))
    if not ident:
        return None
    maker = mapping(given.get("access_info"))
    mail = text(maker.get("creator_email"))
    who = NAMES.person(org, mail, mail, text(maker.get("creator_name"))) if mail else None
    words = sorted(filter(None, map(text, items(given.get("tags")))))
    thing = NAMES.thing(
        org, "agent", ident, text(given.get("name")), AssetClass.AGENT, provider=PROVIDER,
        created_at=when(given.get("created_at_unix_secs")),
        status="archived" if given.get("archived") is True else "",
        tags={"tags": cut(", ".join(words), 300)} if words else {},
    )  # fmt: skip
    last = when(given.get("last_call_time_unix_secs"))
    return list(NAMES.listed(thing, AGENTS.id, [who], last_at=last))


def keys(reading: Reading) -> Iterator[Item]:
    found = whole_list(reading.access, KEYS, items="service-accounts")
    yield from each(found, account, reading.org, KEYS.id)


def agents(reading: Reading) -> Iterator[Item]:
    found = by_cursor(
        reading.access, "/v1/convai/agents", {"page_size": "100"}, items="agents",
        cursor="next_cursor", param="cursor",
    )  # fmt: skip
    yield from each(found, agent, reading.org, AGENTS.id)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="elevenlabs",
        title="ElevenLabs service accounts, keys and voice agents",
        config=ElevenLabsConfig,
        operations=(KEYS, AGENTS),
        yields=NAMES.kinds | {SERVICE, KEY, AGENT},
        docs_url="https://elevenlabs.io/docs/api-reference/introduction",
        no_export="the vendor documents no export of keys or agents",
        # ElevenLabs limits calls at one time, 2 of the smallest plan, and none a minute:
        # https://help.elevenlabs.io/hc/en-us/articles/19571824571921-API-Error-Code-429
        rates={"default": 2.0},
    ),
    names=NAMES,
    parts=(Listed("keys", KEYS, keys), Listed("agents", AGENTS, agents)),
    kinds=(Kind(is_account, account), Kind(is_agent, agent)),
    access=_access,
    expected="service accounts or agents",
)
