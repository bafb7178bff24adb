"""What Mistral's lists tell: people, workspaces, keys, and use of Vibe by person and by agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.administered import read
from scanner.kit.named import Names
from scanner.kit.text import cut
from scanner.kit.told import hint
from scanner.kit.values import items, mapping, text, when
from scanner.model.facts import Account, Asset, AssetClass, Credential, Edge, Relation
from scanner.model.items import Item

NAMES = Names(source="mistral", vendor="mistral", tenant="organization")
WORKSPACE, KEY = "mistral.workspace", "mistral.api_key"
ASSISTANT, AGENT = "mistral.assistant", "mistral.agent"
PROVIDER = "mistral"
_ADMIN = "Admin API key of an Enterprise plan"
_WORK = "/v1/admin/analytics/vibe/work/usage"
USERS = read("/v1/admin/users", _ADMIN, "people, and which products they have a seat of")
WORKSPACES = read("/v1/admin/workspaces", _ADMIN, "workspaces, which keys belong to")
KEYS = read("/v1/admin/api-keys", _ADMIN, "API keys, their makers and last use")
USE = read(f"{_WORK}/by_user_stats", _ADMIN, "how much each person works with Vibe")
AGENTS = read(f"{_WORK}/by_agent_stats", _ADMIN, "how much each agent of Vibe is used")
_MOST_TEXT = 120


def assistant(org: str) -> Asset:
    """Vibe, once Le Chat."""
    return Asset(
        id=NAMES.node(org, "product", "vibe"), kind=ASSISTANT, name=f"Mistral Vibe of {org}",
        asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
    )  # fmt: skip


def is_user(record: Mapping[str, Any]) -> bool:
    return {"uuid", "email"} <= record.keys() and bool(
        {"subscription_types", "subscriptions", "raw_roles"} & record.keys()
    )


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("uuid")), text(given.get("email"))
    if not ident:
        return None
    seats = sorted(filter(None, map(text, items(given.get("subscription_types")))))
    tags = {
        "seats": cut(", ".join(seats), 300),
        "outside_sso": "yes" if given.get("is_sso_outsider") is True else "",
    }
    return [
        NAMES.member(
            org, USERS.id, ident, text(given.get("name")) or mail or ident, mail,
            tags={name: one for name, one in tags.items() if one},
        )
    ]  # fmt: skip


def is_workspace(record: Mapping[str, Any]) -> bool:
    return {"uuid", "name", "is_default"} <= record.keys()


def workspace(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident = text(given.get("uuid"))
    if not ident:
        return None
    node = NAMES.node(org, "workspace", ident)
    told = (NAMES.evidence(WORKSPACES.id, node),)
    people = given.get("members_count")
    return [
        Account(
            id=node, kind=WORKSPACE, name=cut(text(given.get("name")), _MOST_TEXT) or ident,
            provider=PROVIDER, parent=NAMES.org(org), evidence=told,
            tags={"members": text(people)} if isinstance(people, int) else {},
        ),
        Edge(source=NAMES.org(org), target=node, relation=Relation.CONTAINS, evidence=told),
    ]  # fmt: skip


def is_key(record: Mapping[str, Any]) -> bool:
    return {"key_id", "hidden_key"} <= record.keys()


def key(record: Any, org: str) -> list[Item] | None:
    """A key as it is masked; ``key`` itself is only in the answer that makes one, and not read."""
    given = mapping(record)
    ident = text(given.get("key_id"))
    if not ident:
        return None
    node = NAMES.node(org, "key", ident)
    evidence = (NAMES.evidence(KEYS.id, node),)
    shown = hint(text(given.get("hidden_key")))
    place, label = text(given.get("workspace_id")), text(given.get("workspace_name"))
    tags = {
        "product": cut(text(given.get("product")), _MOST_TEXT),
        "workspace": cut(label, _MOST_TEXT),
        "expires_at": when(given.get("expiration_date")),
    }
    holder = NAMES.node(org, "workspace", place) if place else NAMES.org(org)
    told: list[Item] = [
        Credential(
            id=node, kind=KEY,
            name=f"Mistral key {cut(text(given.get('name')), _MOST_TEXT)}".strip(),
            issuer=PROVIDER, fingerprint="", hint=shown if "\u2026" in shown else "",
            created_at=when(given.get("created_at")), last_used_at=when(given.get("last_used")),
            tags={name: one for name, one in tags.items() if one}, evidence=evidence,
        ),
        Edge(source=holder, target=node, relation=Relation.CONTAINS, evidence=evidence),
        Edge(source=holder, target=node, relation=Relation.AUTHENTICATES_WITH, evidence=evidence),
    ]  # fmt: skip
    maker = text(given.get("created_by"))
    if maker:
        who = NAMES.node(org, "user", maker)
        told.append(Edge(source=node, target=who, relation=Relation.OWNED_BY, evidence=evidence))
    return told


def is_use(record: Mapping[str, Any]) -> bool:
    return {"user_id", "messages_count"} <= record.keys()


def use(record: Any, org: str) -> list[Item] | None:
    """What one person has sent to Vibe in the window, which the vendor has added up."""
    given = mapping(record)
    ident, count = text(given.get("user_id")), _count(given.get("messages_count"))
    if not ident or count is None:
        return None
    if not count:
        return []
    at = when(given.get("last_message_at"))
    return [
        NAMES.used(
            assistant(org), "vibe work", actor=NAMES.person(org, ident), count=count,
            first_at=at, last_at=at,
        )
    ]  # fmt: skip


def is_agent(record: Mapping[str, Any]) -> bool:
    return {"agent_id", "messages_count"} <= record.keys()


def agent(record: Any, org: str) -> list[Item] | None:
    """An agent that people have built in Vibe, by its id: what it is called is not told here."""
    given = mapping(record)
    ident, count = text(given.get("agent_id")), _count(given.get("messages_count"))
    if not ident or count is None:
        return None
    people = given.get("unique_users_count")
    thing = NAMES.thing(
        org, "agent", ident, "", AssetClass.AGENT, provider=PROVIDER,
        tags={"people": text(people)} if isinstance(people, int) else {},
    )  # fmt: skip
    at = when(given.get("last_message_at"))
    return list(NAMES.listed(thing, AGENTS.id, count=max(1, count), last_at=at))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
