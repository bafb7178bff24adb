"""Anthropic: an organization's workspaces, people, API keys and use, by an admin key.

Claude Code is told by person: who works with it, how often, with which models. No prompt, file or
answer is ever asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from connectors.anthropic import admin, use
from scanner.kit.contract import ConnectorSpec, Context, Operation, Probe, Shard
from scanner.kit.http import ReadOnlySession
from scanner.kit.told import check_address
from scanner.model.base import ShardId
from scanner.model.errors import Denied, SourceError
from scanner.model.items import Checkpoint, Item

_VERSION = "2023-06-01"
"""https://platform.claude.com/docs/en/api/versioning"""


class AnthropicConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One organization; each has an admin key of its own."""

    organization: str = "default"
    """What the organization is called here; its nodes are named by it."""
    token_env: str = "ANTHROPIC_ADMIN_KEY"  # noqa: S105 - the variable's name
    """Environment variable that holds the admin key; the key itself is never in a file."""
    url: str = "https://api.anthropic.com"
    archived_workspaces: bool = True
    """Read workspaces that were archived, too."""
    claude_code: bool = True
    """Add up who uses Claude Code: a call a day of the window."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 0
    """How far back use is added up; 0: as `scan.window_days` says."""

    def __post_init__(self) -> None:
        check_address(self.url, self.organization)


class AnthropicConnector:
    spec = ConnectorSpec(
        name="anthropic",
        title="Anthropic organizations",
        config=AnthropicConfig,
        operations=tuple(
            Operation(id=f"GET {path}", permission="admin API key", bucket=bucket, reason=why)
            for path, bucket, why in (*admin.OPERATIONS, *use.OPERATIONS)
        ),
        yields=frozenset({*admin.KINDS, *use.KINDS}),
        docs_url="https://platform.claude.com/docs/en/api/administration-api",
    )

    def shards(self, ctx: Context[AnthropicConfig]) -> Iterator[Shard]:
        name = ctx.config.organization
        _key(ctx)
        parts = {"organization": name, "use": f"{name}: use"}
        if ctx.config.claude_code:
            parts["claude-code"] = f"{name}: Claude Code"
        for part, title in parts.items():
            yield Shard(id=ShardId(f"anthropic:{name}/{part}"), scope={"part": part}, title=title)

    def collect(
        self, ctx: Context[AnthropicConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        name, session = ctx.config.organization, _session(ctx)
        days = ctx.config.since_days or ctx.window_days
        if shard.scope["part"] == "organization":
            archived = ctx.config.archived_workspaces
            yield from admin.organization(session, name, with_archived=archived)
        elif shard.scope["part"] == "use":
            yield from use.used(session, name, ctx.now(), days)
        else:
            yield from use.claude_code(session, name, ctx.now(), days)

    def probe(self, ctx: Context[AnthropicConfig]) -> Iterator[Probe]:
        for path in (admin.WORKSPACES, admin.USERS, admin.KEYS):
            try:
                _session(ctx).get(path, {"limit": "1"})
            except SourceError as error:
                yield Probe(
                    check=f"GET {path}", ok=False, detail=str(error),
                    remedy="use an admin key (sk-ant-admin…), which an admin makes in the Console",
                )  # fmt: skip
            else:
                yield Probe(check=f"GET {path}", ok=True, detail="readable")


def _key(ctx: Context[AnthropicConfig]) -> str:
    key = ctx.environ.get(ctx.config.token_env, "")
    if not key:
        raise Denied(
            f"no Anthropic admin key: set the environment variable {ctx.config.token_env} to one "
            "(https://platform.claude.com/settings/admin-keys)"
        )
    return key


def _session(ctx: Context[AnthropicConfig]) -> ReadOnlySession:
    made: ReadOnlySession = ctx.kept(
        f"anthropic:{ctx.config.organization}",
        lambda: ReadOnlySession(
            ctx.config.url,
            AnthropicConnector.spec.operations,
            ctx.limits,
            headers={
                "x-api-key": _key(ctx),
                "anthropic-version": _VERSION,
                "User-Agent": "shadow-ai-scanner",
            },
            retries=ctx.retries,
        ),
    )
    return made


CONNECTOR = AnthropicConnector()
