"""Anthropic: an organization's workspaces, people, API keys, use, costs and activities, by an admin
key; or activities from files.

Claude Code is told by person: who works with it, how often, with which models. No prompt, file or
answer is ever asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from connectors.anthropic import activities, admin, costs, exports, use
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.http import ReadOnlySession
from scanner.kit.money import results_apart
from scanner.kit.named import Names
from scanner.kit.overlooked import Happened, Novel
from scanner.kit.paged import by_last_id
from scanner.kit.values import iso
from scanner.model.base import NodeId
from scanner.model.errors import Denied
from scanner.model.items import Item

_VERSION = "2023-06-01"
"""https://platform.claude.com/docs/en/api/versioning"""
ACTIVITIES = "/v1/compliance/activities"
KEPT = timedelta(days=6 * 365)
"""https://platform.claude.com/docs/en/manage-claude/compliance-activity-feed: six years, and
nothing from before it is enabled."""
Part = Literal["organization", "use", "claude-code", "costs", "activities"]


class AnthropicConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One organization, each with an admin key of its own; or files exported from one."""

    organization: str = "default"
    """What the organization is called here; its nodes are named by it."""
    token_env: str = "ANTHROPIC_ADMIN_KEY"  # noqa: S105 - the variable's name
    """Environment variable that holds the admin key; the key itself is never in a file."""
    compliance_token_env: str = ""
    """Environment variable with a Compliance Access Key, for the activities; empty: the admin key
    has their scope."""
    url: str = "https://api.anthropic.com"
    parts: tuple[Part, ...] = ("organization", "use", "claude-code", "costs", "activities")
    archived_workspaces: bool = True
    """Read workspaces that were archived, too."""
    claude_code: bool = True
    """Add up who uses Claude Code: a call a day of the window."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 0
    """How far back use is added up and activities are first read; 0: as `scan.window_days` says."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.claude_code:
            kept = tuple(part for part in self.parts if part != "claude-code")
            msgspec.structs.force_setattr(self, "parts", kept)


@dataclass(frozen=True)
class _Names(Names):
    """Workspaces, people and keys have ids that are the vendor's own and hold for all."""

    def org(self, org: str) -> NodeId:
        return admin.org_id(org)


NAMES = _Names(source="anthropic", vendor="anthropic", tenant="organization")
_ACTIVITIES = Operation(
    id=f"GET {ACTIVITIES}", permission="read:compliance_activities", bucket="compliance",
    reason="who works with Claude, connects systems to it, and makes keys",
    elsewhere="the Compliance API is enabled for the parent organization; an admin key that is "
    "older than that lacks the scope, and a new one has it",
)  # fmt: skip
_OPERATIONS = (
    *(
        Operation(id=f"GET {path}", permission="admin API key", bucket=bucket, reason=why)
        for path, bucket, why in (
            *admin.OPERATIONS,
            *use.OPERATIONS,
            (costs.COSTS, "usage", "what workspaces cost, by description"),
        )
    ),
    _ACTIVITIES,
)
_BY_PATH = {one.path: one for one in _OPERATIONS}


def _window(reading: Reading) -> tuple[ReadOnlySession, str, datetime, int]:
    days = reading.ctx.config.since_days or reading.ctx.window_days
    return _admin(reading), reading.org, reading.ctx.now(), days


def _organization(reading: Reading) -> Iterator[Item]:
    archived = reading.ctx.config.archived_workspaces
    yield from admin.organization(_admin(reading), reading.org, with_archived=archived)


def _use(reading: Reading) -> Iterator[Item]:
    yield from use.used(*_window(reading))


def _claude_code(reading: Reading) -> Iterator[Item]:
    yield from use.claude_code(*_window(reading))


def _costs(reading: Reading) -> Iterator[Item]:
    yield from costs.costs(*_window(reading))


def _events(
    reading: Reading, begin: datetime, end: datetime
) -> Iterator[Happened | Novel | None]:  # fmt: skip
    """Newest first; ``after_id`` goes back in time, by what the answer says is its last."""
    config = reading.ctx.config
    session = _session(reading, config.compliance_token_env or config.token_env)
    asked = {"limit": "1000", "created_at.gte": iso(begin), "created_at.lt": iso(end)}
    for record in by_last_id(session, ACTIVITIES, asked, after="after_id", told="last_id"):
        yield activities.event(record, reading.org)


def _admin(reading: Reading) -> ReadOnlySession:
    return _session(reading, reading.ctx.config.token_env)


def _session(reading: Reading, variable: str) -> ReadOnlySession:
    ctx = reading.ctx
    key = ctx.environ.get(variable, "")
    if not key:
        raise Denied(
            f"no Anthropic admin key: set the environment variable {variable} to one "
            "(https://platform.claude.com/settings/admin-keys)"
        )
    made: ReadOnlySession = ctx.kept(
        f"anthropic:{reading.org}:{variable}",
        lambda: ReadOnlySession(
            ctx.config.url,
            _OPERATIONS,
            ctx.limits,
            headers={
                "x-api-key": key,
                "anthropic-version": _VERSION,
                "User-Agent": "shadow-ai-scanner",
            },
            retries=ctx.retries,
        ),
    )
    return made


def _no_access(ctx: Context[AnthropicConfig]) -> None:
    """Two kinds of keys: each part asks with its own."""


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="anthropic",
        title="Anthropic organizations",
        config=AnthropicConfig,
        operations=_OPERATIONS,
        yields=frozenset({*NAMES.kinds, *admin.KINDS, *use.KINDS, *activities.KINDS}),
        docs_url="https://platform.claude.com/docs/en/api/administration-api",
        exports=(
            "the Console's CSV of usage and of costs",
            "the audit log of Claude Enterprise (Data and Privacy, Export logs)",
            "the table of members of Claude Team and Enterprise",
        ),
        # 600 a minute for all keys of a parent organization; some are left to others.
        rates={"compliance": 5.0},
    ),
    names=NAMES,
    parts=(
        Listed("organization", _BY_PATH[admin.USERS], _organization),
        Listed("use", _BY_PATH[use.MESSAGES], _use),
        Listed("claude-code", _BY_PATH[use.CLAUDE_CODE], _claude_code),
        Listed("costs", _BY_PATH[costs.COSTS], _costs),
        Logged("activities", _ACTIVITIES, _events, kept=KEPT),
    ),
    kinds=(
        Kind(activities.is_event, activities.event),
        Kind(exports.is_logged, exports.logged),
        Kind(use.is_bucket, use.bucket),
        Kind(costs.is_bucket, costs.bucket, results_apart),
        Kind(use.is_row, use.row),
        Kind(costs.is_row, costs.row),
        Kind(admin.is_record, admin.told),
        Kind(exports.is_member, exports.member),
    ),
    access=_no_access,
    expected="activities, workspaces, people, keys, use or costs",
    spelling=activities.SPELLING,
    grouped=(use.GROUPED, costs.GROUPED),
)
