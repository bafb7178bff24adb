"""OpenAI: an organization's projects, people, service accounts, keys and use, by an admin key.

The vendor's own record of a key (whose it is, when it was last used, its redacted value) is what
the same key in code is joined to. No prompt, file or answer is ever asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from connectors.openai import admin, use
from scanner.kit.contract import ConnectorSpec, Context, Counts, Operation, Probe, Shard
from scanner.kit.http import ReadOnlySession
from scanner.kit.told import check_address
from scanner.kit.values import text
from scanner.model.base import ShardId
from scanner.model.errors import Denied, SourceError
from scanner.model.items import Checkpoint, Item

_API = "https://api.openai.com"
_LISTING = "openai:projects"


class OpenAIConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One organization; each has an admin key of its own."""

    organization: str = "default"
    """What the organization is called here; its nodes are named by it."""
    token_env: str = "OPENAI_ADMIN_KEY"  # noqa: S105 - the variable's name
    """Environment variable that holds the admin key; the key itself is never in a file."""
    url: str = _API
    """Where data residency or a gateway has its own address."""
    archived_projects: bool = True
    """Read projects that were archived, too."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 0
    """How far back use is added up; 0: as `scan.window_days` says."""

    def __post_init__(self) -> None:
        check_address(self.url, self.organization)


class OpenAIConnector:
    spec = ConnectorSpec(
        name="openai",
        title="OpenAI organizations",
        config=OpenAIConfig,
        operations=tuple(
            Operation(id=f"GET {path}", permission="api.management.read", bucket=bucket, reason=why)
            for path, bucket, why in (*admin.OPERATIONS, *use.OPERATIONS)
        ),
        yields=frozenset({*admin.KINDS, *use.KINDS}),
        listing={
            "archived_projects": Counts.MORE,
        },
        docs_url="https://platform.openai.com/docs/api-reference/administration",
    )

    def shards(self, ctx: Context[OpenAIConfig]) -> Iterator[Shard]:
        name = ctx.config.organization
        yield Shard(
            id=ShardId(f"openai:{name}/organization"), scope={"part": "organization"}, title=name
        )
        yield Shard(id=ShardId(f"openai:{name}/use"), scope={"part": "use"}, title=f"{name}: use")
        for project in admin.projects(_session(ctx), with_archived=ctx.config.archived_projects):
            yield Shard(
                id=ShardId(f"openai:{name}/{text(project['id'])}"),
                scope={
                    "part": "project",
                    **{key: text(project.get(key)) for key in admin.PROJECT_FIELDS},
                },
                listed_by=_LISTING,
                title=f"{name}: {text(project.get('name')) or text(project['id'])}",
            )

    def collect(
        self, ctx: Context[OpenAIConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        name, session = ctx.config.organization, _session(ctx)
        if shard.scope["part"] == "organization":
            yield from admin.organization(session, name)
        elif shard.scope["part"] == "use":
            days = ctx.config.since_days or ctx.window_days
            yield from use.used(session, name, ctx.now(), days)
        else:
            yield from admin.project(session, name, shard.scope)

    def probe(self, ctx: Context[OpenAIConfig]) -> Iterator[Probe]:
        for path in (admin.PROJECTS, admin.USERS, admin.ADMIN_KEYS):
            try:
                _session(ctx).get(path, {"limit": "1"})
            except SourceError as error:
                yield Probe(
                    check=f"GET {path}", ok=False, detail=str(error),
                    remedy="use an admin key of an organization owner, with read access",
                )  # fmt: skip
            else:
                yield Probe(check=f"GET {path}", ok=True, detail="readable")


def _session(ctx: Context[OpenAIConfig]) -> ReadOnlySession:
    key = ctx.environ.get(ctx.config.token_env, "")
    if not key:
        raise Denied(
            f"no OpenAI admin key: set the environment variable {ctx.config.token_env} to one "
            "(https://platform.openai.com/settings/organization/admin-keys)"
        )
    made: ReadOnlySession = ctx.kept(
        f"openai:{ctx.config.organization}",
        lambda: ReadOnlySession(
            ctx.config.url,
            OpenAIConnector.spec.operations,
            ctx.limits,
            headers={"Authorization": f"Bearer {key}", "User-Agent": "shadow-ai-scanner"},
            retries=ctx.retries,
        ),
    )
    return made


CONNECTOR = OpenAIConnector()
