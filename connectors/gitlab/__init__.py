"""GitLab: groups with all below them, or a whole instance; gitlab.com and self-managed.

Repositories are cloned and read as local ones are; the API adds who answers for them, the names of
CI/CD variables, integrations and applications, runners with accelerators, environments, whether
GitLab Duo is on, and the audit log. Who has a Duo seat is told by GraphQL alone and not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from connectors.gitlab import operations as op
from connectors.gitlab.api import audit, projects, read
from connectors.gitlab.export import read_file
from connectors.gitlab.records import (
    OF_A_GROUP,
    OF_A_PROJECT,
    OF_THE_INSTANCE,
    group_of,
    repository_of,
)
from scanner.kit.contract import ConnectorSpec, Context, Counts, Probe, Shard
from scanner.kit.counted import of_file, of_log
from scanner.kit.forge.collecting import Access, basic
from scanner.kit.forge.details import Where, filled, read_details
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.owner import (
    INSTANCE,
    LISTED,
    account_of,
    collect_repository,
    of_owner,
    owner_shard,
    parts_of,
    probed,
    read_log,
    token_of,
)
from scanner.kit.forge.place import only_to, place_of
from scanner.kit.forge.plan import (
    AUDIT,
    FILE,
    LISTING,
    SETTINGS,
    check_listing,
    file_probes,
    listed,
    plan,
    with_files,
)
from scanner.kit.forge.repository import Repository, decoded
from scanner.kit.forge.session import api_session
from scanner.kit.forge.settings import GitSettings
from scanner.kit.forge.turns import in_turn
from scanner.kit.http import ReadOnlySession
from scanner.kit.overlooked import Overlooked
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Item

_TOKEN = "an access token with read_api and read_repository"  # noqa: S105
_KEPT = timedelta(days=3650)
_SPAN = timedelta(days=30)
"""One query of the instance's log may span 30 days (https://docs.gitlab.com/api/audit_events/)."""


class GitLabConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Groups, or all of an instance."""

    url: str = "https://gitlab.com"
    """Of the forge; with its path where it is below one."""
    groups: tuple[str, ...] = ()
    """Full paths (`acme`, `acme/platform`); what is below them is read too."""
    instance: bool = False
    """Everything that the token may see; an administrator's sees all."""
    token_env: str = "GITLAB_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable that holds a personal, group or project access token (`read_api` and
    `read_repository`)."""
    token_type: Literal["private", "bearer"] = "private"  # noqa: S105
    """`private`: an access token; `bearer`: an OAuth 2.0 token."""
    git_user: str = "oauth2"
    """User name for git; that of a deploy token, where `git_token_env` holds one."""
    git_token_env: str = ""
    """Variable with a token for git alone (a deploy token); empty: the same token."""
    filters: Filters = Filters()
    git: GitSettings = GitSettings()
    settings: bool = True
    """Members, variables, runners, integrations, environments."""
    audit: bool = True
    """The audit log (Premium)."""
    audit_files: tuple[str, ...] = ()
    """Exported or streamed audit events: JSON, JSONL, CSV, gz too, also wrapped by a SIEM."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 0
    """How far back the first reading of the audit log goes; 0: as `scan.window_days` says."""

    def __post_init__(self) -> None:
        place_of(self.url, "url")
        if self.groups and self.instance:
            raise ValueError("set `groups`, or `instance = true` (which holds every group)")
        if not (self.groups or self.instance or self.audit_files):
            raise ValueError("set `groups`, `instance = true` or `audit_files`")


Ctx = Context[GitLabConfig]


class GitLabConnector:
    spec = ConnectorSpec(
        name="gitlab",
        title="GitLab groups and instances",
        config=GitLabConfig,
        operations=op.OPERATIONS,
        yields=frozenset({
            "code.repository", "code.author", "code.team", "gitlab.group", "gitlab.instance",
            "gitlab.user", "gitlab.team", "gitlab.variable", "gitlab.runner", "gitlab.environment",
        }),
        docs_url="https://docs.gitlab.com/api/rest/",
        exports=("audit events (CSV)",),
        listing={**LISTED, "groups": Counts.MORE, "audit": Counts.MORE, "since_days": Counts.NEVER},
    )  # fmt: skip

    def shards(self, ctx: Ctx) -> Iterator[Shard]:
        host = place_of(ctx.config.url, "url")
        return with_files("gitlab", host, in_turn(ctx, self._shards(ctx)), ctx.config.audit_files)

    def _shards(self, ctx: Ctx) -> Iterator[Shard]:
        config, host = ctx.config, place_of(ctx.config.url, "url")
        parts = parts_of(config.git, with_settings=config.settings)
        known: set[str] = set()
        for owner in _owners(config):
            groups: set[str] = set()
            listing = listed("gitlab", host, owner, _repositories(_session(ctx), owner, groups))
            yield from plan(
                listing, config.filters, ctx.now(), parts=parts, exclude=config.git.exclude
            )
            below = sorted({owner} | _with_parents(groups, owner))
            for name in below if config.settings else ():
                if name not in known:
                    known.add(name)
                    # A group is known by its projects: without any it may still be there, so
                    # no listing proves that it is gone.
                    yield owner_shard("gitlab", host, name, SETTINGS)
            if config.audit:
                yield owner_shard("gitlab", host, owner, AUDIT, groups="\n".join(below))

    def collect(self, ctx: Ctx, shard: Shard, since: Checkpoint | None) -> Iterator[Item]:
        if "repository" in shard.scope:
            yield from _repository(ctx, shard)
            return
        if shard.scope["part"] == FILE:
            yield from _file(ctx, shard)
            return
        part, owner = shard.scope["part"], shard.scope["owner"]
        where = of_owner(ctx, shard, "gitlab", owner, {"id": owner})
        if part == LISTING:
            yield _account(where)
            yield from check_listing(shard)
        elif part == AUDIT:
            yield from _audit(ctx, where, shard, since)
        else:
            details = OF_THE_INSTANCE if owner == INSTANCE else OF_A_GROUP
            yield _account(where)
            yield from read_details(details, where, read(_session(ctx)), op.OPERATIONS)

    def probe(self, ctx: Ctx) -> Iterator[Probe]:
        for owner in _owners(ctx.config):
            path = filled(op.PROJECTS if owner == INSTANCE else op.GROUP_PROJECTS, {"id": owner})
            yield probed(
                f"projects of {owner}",
                partial(_session(ctx).get, path, {"per_page": "1"}),
                _TOKEN,
            )
        yield from file_probes(ctx.folder, ctx.config.audit_files)


def _owners(config: GitLabConfig) -> list[str]:
    """Each group once, and none that is below another one."""
    if config.instance:
        return [INSTANCE]
    found: list[str] = []
    for group in sorted((g.strip("/") for g in config.groups), key=len):
        if not any(f"{group}/".casefold().startswith(f"{top}/".casefold()) for top in found):
            found.append(group)
    return found


def _repositories(
    api: ReadOnlySession, owner: str, groups: set[str]
) -> Iterator[Repository | None]:
    """Fills ``groups`` with those that projects are in."""
    for record in projects(api, "" if owner == INSTANCE else owner):
        if name := group_of(record):
            groups.add(name)
        yield repository_of(record)


def _with_parents(groups: Iterable[str], owner: str) -> set[str]:
    """And every group between them and ``owner``."""
    found: set[str] = set()
    for name in groups:
        steps = name.split("/")
        found |= {"/".join(steps[:count]) for count in range(1, len(steps) + 1)}
    top = owner.casefold()
    return {n for n in found if owner == INSTANCE or n.casefold().startswith(f"{top}/")}


def _repository(ctx: Ctx, shard: Shard) -> Iterator[Item]:
    config = ctx.config

    def header() -> str:
        return basic(
            config.git_user, token_of(ctx, config.git_token_env or config.token_env, _TOKEN)
        )

    access = Access(
        source="gitlab",
        settings=config.git,
        authorization=only_to(config.url, header=header),
        pull_refspecs=("+refs/merge-requests/*/head:refs/merge-requests/*/head",),
        holder_rule=op.PROJECTS if shard.scope["owner"] == INSTANCE else op.GROUP_PROJECTS,
    )
    group = decoded(shard.scope["repository"]).full_name.rpartition("/")[0]
    above = of_owner(ctx, shard, "gitlab", group, {})
    yield from collect_repository(
        ctx, shard, access, above, path=lambda found: {"id": found.key}, details=OF_A_PROJECT,
        read=read(_session(ctx)), operations=op.OPERATIONS,
    )  # fmt: skip


def _file(ctx: Ctx, shard: Shard) -> Iterator[Item]:
    name, where = shard.scope["file"], of_owner(ctx, shard, "gitlab", "(export)", {"id": ""})
    yield account_of(where, "group", "audit events")
    path = ctx.folder / Path(name).expanduser()
    yield from read_file(path, name, where, ctx.now(), of_file(ctx, shard), Overlooked(ctx))


def _audit(ctx: Ctx, where: Where, shard: Shard, since: Checkpoint | None) -> Iterator[Item]:
    overlooked = Overlooked(ctx)
    named = () if where.name == INSTANCE else tuple(shard.scope["groups"].split("\n"))
    events = audit(_session(ctx), where, named, overlooked)
    yield from read_log(
        ctx, where, _account(where), events, since, kept=_KEPT, span=_SPAN,
        counted=of_log(ctx, shard),
    )  # fmt: skip
    yield from overlooked.gap(f"audit log of {where.name}")


def _account(where: Where) -> Account:
    rule = op.PROJECTS if where.name == INSTANCE else op.GROUP_PROJECTS
    return account_of(where, "group", rule, parent=where.name.rpartition("/")[0])


def _session(ctx: Ctx) -> ReadOnlySession:
    def make() -> ReadOnlySession:
        token = token_of(ctx, ctx.config.token_env, _TOKEN)
        is_bearer = ctx.config.token_type == "bearer"  # noqa: S105
        proof = {"Authorization": f"Bearer {token}"} if is_bearer else {"PRIVATE-TOKEN": token}
        return api_session(ctx, ctx.config.url, op.OPERATIONS, proof)

    return ctx.kept("gitlab.session", make)


CONNECTOR = GitLabConnector()
