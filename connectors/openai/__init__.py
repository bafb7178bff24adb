"""OpenAI: an organization's projects, people, service accounts, keys, use and audit log, by an
admin key; or the log from files.

The vendor's own record of a key (whose it is, when it was last used, its redacted value) is what
the same key in code is joined to. No prompt, file or answer is ever asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from connectors.openai import admin, chatgpt, costs, log, resources, use
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    Spread,
)
from scanner.kit.contract import ConnectorSpec, Context, Counts, Operation, Shard
from scanner.kit.http import ReadOnlySession
from scanner.kit.money import results_apart
from scanner.kit.named import Names
from scanner.kit.overlooked import Happened, Novel
from scanner.kit.paged import by_last_id
from scanner.kit.values import text
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import Denied
from scanner.model.items import Item

_LISTING = "openai:projects"
AUDIT = "/v1/organization/audit_logs"
KEPT = timedelta(days=3650)
"""https://platform.openai.com/docs/api-reference/audit-logs names no end; it begins when an owner
switches the log on."""
Part = Literal["organization", "use", "projects", "resources", "costs", "audit"]
Resource = Literal["assistants", "vector_stores", "fine_tuning"]


class OpenAIConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One organization, each with an admin key of its own; or files exported from one."""

    organization: str = "default"
    """What the organization is called here; its nodes are named by it."""
    token_env: str = "OPENAI_ADMIN_KEY"  # noqa: S105 - the variable's name
    """Environment variable that holds the admin key; the key itself is never in a file."""
    url: str = "https://api.openai.com"
    """Where data residency or a gateway has its own address."""
    parts: tuple[Part, ...] = ("organization", "use", "projects", "resources", "costs", "audit")
    project_keys: dict[str, str] = {}
    """Id of a project -> environment variable that holds a key of it, by which its resources are
    read; of others they are not."""
    resources: tuple[Resource, ...] = ("assistants", "vector_stores", "fine_tuning")
    """What of a project is read by its own key."""
    archived_projects: bool = True
    """Read projects that were archived, too."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 0
    """How far back use is added up and the log is first read; 0: as `scan.window_days` says."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.project_keys or not self.resources:
            kept = tuple(part for part in self.parts if part != "resources")
            msgspec.structs.force_setattr(self, "parts", kept)


@dataclass(frozen=True)
class _Names(Names):
    """Projects, people and keys have ids that are the vendor's own and hold for all."""

    def org(self, org: str) -> NodeId:
        return admin.org_id(org)


NAMES = _Names(source="openai", vendor="openai", tenant="organization")
_AUDIT_OPERATION = Operation(
    id=f"GET {AUDIT}", permission="api.audit_logs.read", bucket="admin",
    reason="who made keys, service accounts and projects, and signs in",
    elsewhere="an owner switches the audit log on, under Data controls; it begins then",
)  # fmt: skip
_OPERATIONS = (
    *(
        Operation(id=f"GET {path}", permission="api.management.read", bucket=bucket, reason=why)
        for path, bucket, why in (*admin.OPERATIONS, *use.OPERATIONS)
    ),
    Operation(
        id=f"GET {costs.COSTS}", permission="api.usage.read", bucket="usage",
        reason="what projects cost, by line item",
    ),
    _AUDIT_OPERATION,
    *resources.OPERATIONS,
)  # fmt: skip


def _organization(reading: Reading) -> Iterator[Item]:
    yield from admin.organization(reading.access, reading.org)


def _use(reading: Reading) -> Iterator[Item]:
    days = reading.ctx.config.since_days or reading.ctx.window_days
    yield from use.used(reading.access, reading.org, reading.ctx.now(), days)


def _costs(reading: Reading) -> Iterator[Item]:
    days = reading.ctx.config.since_days or reading.ctx.window_days
    yield from costs.costs(reading.access, reading.org, reading.ctx.now(), days)


def _projects(reading: Reading) -> Iterator[Shard]:
    name = reading.org
    archived = reading.ctx.config.archived_projects
    for project in admin.projects(reading.access, with_archived=archived):
        fields = {key: text(project.get(key)) for key in admin.PROJECT_FIELDS}
        yield Shard(
            id=ShardId(f"openai:{name}/{text(project['id'])}"),
            scope={"part": "projects", **fields},
            listed_by=_LISTING,
            title=f"{name}: {text(project.get('name')) or text(project['id'])}",
        )


def _project(reading: Reading, scope: Mapping[str, str]) -> Iterator[Item]:
    yield from admin.project(reading.access, reading.org, scope)


def _events(
    reading: Reading, begin: datetime, end: datetime
) -> Iterator[Happened | Novel | None]:  # fmt: skip
    asked = {
        "limit": "100",
        "effective_at[gte]": str(int(begin.timestamp())),
        "effective_at[lt]": str(int(end.timestamp())),
    }
    for record in by_last_id(reading.access, AUDIT, asked, after="after"):
        yield log.event(record, reading.org)


def _resources(reading: Reading) -> Iterator[Shard]:
    for project, variable in sorted(reading.ctx.config.project_keys.items()):
        yield Shard(
            id=ShardId(f"openai:{reading.org}/{project}/resources"),
            scope={"part": "resources", "project": project, "variable": variable},
            title=f"{reading.org}: resources of {project}",
        )


def _resources_of(reading: Reading, scope: Mapping[str, str]) -> Iterator[Item]:
    ctx = reading.ctx
    session = ctx.kept(
        f"openai:{reading.org}:{scope['variable']}", lambda: _session(ctx, scope["variable"])
    )
    asked = ctx.config.resources
    yield from resources.resources(session, reading.org, scope["project"], asked)


def _session(ctx: Context[OpenAIConfig], variable: str) -> ReadOnlySession:
    """With the key of an organization or a project. Raises ``Denied`` where there is none."""
    key = ctx.environ.get(variable, "")
    if not key:
        what, where = ("admin key", "organization/admin-keys") if (
            variable == ctx.config.token_env
        ) else ("key of the project", "organization/api-keys")  # fmt: skip
        raise Denied(
            f"no OpenAI {what}: set the environment variable {variable} to one "
            f"(https://platform.openai.com/settings/{where})"
        )
    return ReadOnlySession(
        ctx.config.url,
        tuple(one for one in _OPERATIONS if one.is_allowed(ctx.config)),
        ctx.limits,
        headers={
            "Authorization": f"Bearer {key}",
            "OpenAI-Beta": "assistants=v2",
            "User-Agent": "shadow-ai-scanner",
        },
        retries=ctx.retries,
    )


def _access(ctx: Context[OpenAIConfig]) -> ReadOnlySession:
    return _session(ctx, ctx.config.token_env)


_BY_PATH: Mapping[str, Operation] = {one.path: one for one in _OPERATIONS}
CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="openai",
        title="OpenAI organizations",
        config=OpenAIConfig,
        operations=_OPERATIONS,
        yields=frozenset(
            {
                *NAMES.kinds,
                *admin.KINDS,
                *use.KINDS,
                *log.KINDS,
                *resources.KINDS,
                *chatgpt.KINDS,
            }
        ),
        listing={
            "archived_projects": Counts.MORE,
            "parts": Counts.MORE,
            "project_keys": Counts.NEVER,
            "resources": Counts.NEVER,
            "files": Counts.NEVER,
        },
        docs_url="https://platform.openai.com/docs/api-reference/administration",
        exports=(
            "the dashboard's CSV of usage and of costs",
            "a ChatGPT workspace's weekly or monthly reports of users and of GPTs",
        ),
    ),
    names=NAMES,
    parts=(
        Listed("organization", _BY_PATH[admin.USERS], _organization),
        Listed("use", _BY_PATH[use.OPERATIONS[0][0]], _use),
        Spread("projects", _BY_PATH[admin.PROJECTS], _projects, _project),
        Spread("resources", resources.OPERATIONS[0], _resources, _resources_of),
        Listed("costs", _BY_PATH[costs.COSTS], _costs),
        Logged("audit", _AUDIT_OPERATION, _events, kept=KEPT),
    ),
    kinds=(
        Kind(log.is_event, log.event),
        Kind(costs.is_bucket, costs.bucket, results_apart),
        Kind(use.is_bucket, use.bucket),
        Kind(admin.is_record, admin.told),
        Kind(chatgpt.is_user, chatgpt.user),
        Kind(chatgpt.is_gpt, chatgpt.gpt),
    ),
    access=_access,
    expected="events of the audit log, projects, people, keys, use or costs",
    spelling=log.SPELLING,
    grouped=(costs.GROUPED, use.GROUPED),
)
