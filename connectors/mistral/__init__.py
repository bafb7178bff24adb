"""Mistral: people and seats of an organization, workspaces, API keys with makers and last use, who
works with Vibe (the assistant) and which of its agents, and the audit log.

https://docs.mistral.ai/admin/admin-api (a preview, for Enterprise plans); fields by the description
of its API, https://docs.mistral.ai/api. Of a key its masked value is shown, never the key; of what
people write, counts alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

from connectors.mistral import log
from connectors.mistral.records import (
    AGENT,
    AGENTS,
    ASSISTANT,
    KEY,
    KEYS,
    NAMES,
    USE,
    USERS,
    WORKSPACE,
    WORKSPACES,
    agent,
    is_agent,
    is_key,
    is_use,
    is_user,
    is_workspace,
    key,
    use,
    user,
    workspace,
)
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    each,
    secret,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.paged import by_number, by_offset, whole_list
from scanner.model.items import Item

Part = Literal["people", "workspaces", "keys", "use", "agents", "events"]
_CALLS = (USERS, WORKSPACES, KEYS, USE, AGENTS, log.EVENTS)
_SIZE = "50"
"""As the vendor's own examples ask; how many a page may hold it does not say."""
KEPT = timedelta(days=3650)
"""https://docs.mistral.ai/admin/monitor-comply/audit-logs names no end."""


class MistralConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization, or files exported from one."""

    token_env: str = "MISTRAL_ADMIN_KEY"  # noqa: S105 - the variable's name
    """Environment variable with an Admin API key; a key for models is none."""
    url: str = "https://api.mistral.ai"
    parts: tuple[Part, ...] = ("people", "workspaces", "keys", "use", "agents", "events")


def _access(ctx: Context[MistralConfig]) -> Any:
    key = secret(ctx, "an Admin API key of the organization")
    return session(ctx, _CALLS, {"x-api-key": key})


def _pages(reading: Reading, operation: Operation, items: str) -> Iterator[Any]:
    """Up to a page without records."""
    return by_number(
        reading.access, operation.path, {"page_size": _SIZE}, items=items, param="page", size=1
    )


def people(reading: Reading) -> Iterator[Item]:
    yield from each(_pages(reading, USERS, "members"), user, reading.org, USERS.id)


def workspaces(reading: Reading) -> Iterator[Item]:
    found = _pages(reading, WORKSPACES, "items")
    yield from each(found, workspace, reading.org, WORKSPACES.id)


def keys(reading: Reading) -> Iterator[Item]:
    found = by_offset(
        reading.access, KEYS.path, {"limit": "100"}, items="keys", param="offset"
    )  # fmt: skip
    yield from each(found, key, reading.org, KEYS.id)


def _window(reading: Reading) -> dict[str, str]:
    end = reading.ctx.now()
    days = reading.ctx.config.since_days or reading.ctx.window_days
    return {
        "start_time": str(int((end - timedelta(days=days)).timestamp())),
        "end_time": str(int(end.timestamp())),
    }


def uses(reading: Reading) -> Iterator[Item]:
    found = whole_list(reading.access, USE, _window(reading), items="data")
    yield from each(found, use, reading.org, USE.id)


def agents(reading: Reading) -> Iterator[Item]:
    found = whole_list(reading.access, AGENTS, _window(reading), items="data")
    yield from each(found, agent, reading.org, AGENTS.id)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="mistral",
        title="Mistral people, workspaces, keys, Vibe and audit log",
        config=MistralConfig,
        operations=_CALLS,
        yields=NAMES.kinds | {WORKSPACE, KEY, ASSISTANT, AGENT, log.CONNECTION},
        docs_url="https://docs.mistral.ai/admin/admin-api",
        no_export="the vendor documents no export of people, keys or use",
        # Mistral publishes none for these; its limits are of calls to models.
        rates={"default": 2.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("workspaces", WORKSPACES, workspaces),
        Listed("keys", KEYS, keys),
        Listed("use", USE, uses),
        Listed("agents", AGENTS, agents),
        Logged("events", log.EVENTS, log.events, kept=KEPT),
    ),
    kinds=(
        Kind(log.is_event, log.event),
        Kind(is_key, key),
        Kind(is_use, use),
        Kind(is_agent, agent),
        Kind(is_workspace, workspace),
        Kind(is_user, user),
    ),
    access=_access,
    expected="audit log entries, keys, users, workspaces or use",
)
