"""Bitbucket: workspaces of Cloud, or projects of a Data Center server.

Repositories are cloned and read as local ones are; the API adds who administers and reviews them,
the names of pipeline variables, environments, runners with accelerators and web hooks (Cloud), and
the audit log (Data Center). Cloud's audit log belongs to the Atlassian organization, and neither
API lists which Connect or Forge apps are installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Annotated

import msgspec

from connectors.bitbucket import operations as op
from connectors.bitbucket import records, server
from connectors.bitbucket.api import audit, projects, read, repositories, server_repositories
from scanner.kit.contract import ConnectorSpec, Context, Counts, Probe, Shard
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
from scanner.kit.forge.plan import AUDIT, LISTING, SETTINGS, Listing, check_listing, listed, plan
from scanner.kit.forge.repository import Repository
from scanner.kit.forge.session import api_session
from scanner.kit.forge.settings import GitSettings
from scanner.kit.forge.turns import in_turn
from scanner.kit.http import ReadOnlySession
from scanner.model.errors import SourceError
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Item

_TOKEN = "an access token that reads repositories"  # noqa: S105
_CLONES = "https://bitbucket.org"
_LOG = timedelta(days=365)
"""Data Center keeps events for three years by default, of which a year is asked for at most."""
_SPAN = timedelta(days=30)


class BitbucketConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Workspaces of Cloud, or a Data Center server."""

    workspaces: tuple[str, ...] = ()
    """Slugs of workspaces on bitbucket.org."""
    server_url: str = ""
    """Of a Data Center server instead: `https://bitbucket.acme.example`."""
    projects: tuple[str, ...] = ()
    """Keys of the server's projects; empty: all that the token may see."""
    api_url: str = "https://api.bitbucket.org"
    """Of Cloud's API."""
    token_env: str = "BITBUCKET_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable that holds the token."""
    user: str = ""
    """Address of the Atlassian account whose API token it is; empty: an access token (of a
    repository, project or workspace; of Data Center)."""
    filters: Filters = Filters()
    git: GitSettings = GitSettings()
    settings: bool = True
    """Administrators, reviewers, variables, environments, runners, web hooks."""
    audit: bool = True
    """Data Center's audit log."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 0
    """How far back the first reading of the audit log goes; 0: as `scan.window_days` says."""

    def __post_init__(self) -> None:
        place_of(self.url, "server_url" if self.server_url else "api_url")
        if bool(self.workspaces) == bool(self.server_url):
            raise ValueError("set `workspaces` (Cloud) or `server_url` (Data Center)")
        if self.projects and not self.server_url:
            raise ValueError("`projects` are those of a `server_url`; use `filters.include`")
        if self.user and self.server_url:
            raise ValueError("`user` is for API tokens of Cloud; Data Center's tokens need none")

    @property
    def url(self) -> str:
        return self.server_url or self.api_url

    @property
    def host(self) -> str:
        """Of nodes and shards: that of the clones, not of Cloud's API."""
        place = place_of(self.url, "url")
        return "bitbucket.org" if place == "api.bitbucket.org" else place


Ctx = Context[BitbucketConfig]


class BitbucketConnector:
    spec = ConnectorSpec(
        name="bitbucket",
        title="Bitbucket Cloud workspaces and Data Center projects",
        config=BitbucketConfig,
        operations=op.OPERATIONS,
        yields=frozenset({
            "code.repository", "code.author", "code.team", "bitbucket.workspace",
            "bitbucket.project", "bitbucket.instance", "bitbucket.user", "bitbucket.team",
            "bitbucket.variable", "bitbucket.runner", "bitbucket.environment",
        }),
        docs_url="https://developer.atlassian.com/cloud/bitbucket/rest/",
        listing={
            **LISTED,
            "workspaces": Counts.MORE,
            "audit": Counts.MORE,
            "since_days": Counts.NEVER,
        },
    )  # fmt: skip

    def shards(self, ctx: Ctx) -> Iterator[Shard]:
        return in_turn(ctx, self._shards(ctx))

    def _shards(self, ctx: Ctx) -> Iterator[Shard]:
        config, host = ctx.config, ctx.config.host
        parts = parts_of(config.git, with_settings=config.settings)
        owners, by = list(config.projects or config.workspaces), ""
        if not owners:
            whole = Listing("bitbucket", host, INSTANCE)
            by = whole.id  # the server names its projects, not the user
            try:
                keys = list(projects(_session(ctx)))
                whole.odd = keys.count("")
                owners = sorted({*keys} - {""})
            except SourceError as error:
                whole.trouble = error
            yield from plan(whole, config.filters, ctx.now(), exclude=config.git.exclude)
        for owner in dict.fromkeys(owners):
            listing = listed("bitbucket", host, owner, _repositories(ctx, owner))
            yield from plan(
                listing,
                config.filters,
                ctx.now(),
                parts=parts,
                listed_by=by,
                exclude=config.git.exclude,
            )
            if config.settings:
                yield owner_shard("bitbucket", host, owner, SETTINGS, listed_by=by)
        if config.server_url and config.audit:
            yield owner_shard("bitbucket", host, INSTANCE, AUDIT)

    def collect(self, ctx: Ctx, shard: Shard, since: Checkpoint | None) -> Iterator[Item]:
        is_server = bool(ctx.config.server_url)
        part, owner = shard.scope["part"], shard.scope["owner"]
        path = {"projectKey": owner} if is_server else {"workspace": owner}
        where = of_owner(ctx, shard, "bitbucket", owner, path)
        if "repository" in shard.scope:
            yield from _repository(ctx, shard, where)
        elif part == LISTING:
            yield _account(where, is_server=is_server)
            yield from check_listing(shard)
        elif part == AUDIT:
            yield from _audit(ctx, where, since)
        else:
            details = server.OF_A_PROJECT if is_server else records.OF_A_WORKSPACE
            yield _account(where, is_server=is_server)
            asking = read(_session(ctx), is_server=is_server)
            yield from read_details(details, where, asking, op.OPERATIONS)

    def probe(self, ctx: Ctx) -> Iterator[Probe]:
        config = ctx.config
        for name in config.projects or config.workspaces or (INSTANCE,):
            is_all = name == INSTANCE
            operation = op.SERVER_REPOS if config.server_url else op.REPOSITORIES
            path = filled(op.PROJECTS if is_all else operation,
                          {"workspace": name, "projectKey": name})  # fmt: skip
            yield probed(f"repositories of {name}", partial(_session(ctx).get, path), _TOKEN)


def _repositories(ctx: Ctx, owner: str) -> Iterator[Repository | None]:
    api, config = _session(ctx), ctx.config
    if config.server_url:
        return map(server.repository_of, server_repositories(api, owner, config.filters))
    return map(records.repository_of, repositories(api, owner))


def _repository(ctx: Ctx, shard: Shard, above: Where) -> Iterator[Item]:
    config, is_server = ctx.config, bool(ctx.config.server_url)

    def header() -> str:
        token = token_of(ctx, config.token_env, _TOKEN)
        if is_server:
            return f"Bearer {token}"
        return basic("x-bitbucket-api-token-auth" if config.user else "x-token-auth", token)

    # Cloud's API and its clones have hosts of their own.
    places = (config.url,) if is_server else (config.url, _CLONES)
    access = Access(
        source="bitbucket",
        settings=config.git,
        authorization=only_to(*places, header=header),
        pull_refspecs=("+refs/pull-requests/*/from:refs/pull-requests/*/from",)
        if is_server
        else (),
        holder_rule=op.SERVER_REPOS if is_server else op.REPOSITORIES,
    )
    names = ("projectKey", "repositorySlug") if is_server else ("workspace", "repo_slug")

    def path(repository: Repository) -> dict[str, str]:
        owner, _, slug = repository.full_name.partition("/")
        return dict(zip(names, (owner, slug), strict=True))

    details = server.OF_A_REPOSITORY if is_server else records.OF_A_REPOSITORY
    yield from collect_repository(
        ctx, shard, access, above, path=path, details=details,
        read=read(_session(ctx), is_server=is_server), operations=op.OPERATIONS,
    )  # fmt: skip


def _audit(ctx: Ctx, where: Where, since: Checkpoint | None) -> Iterator[Item]:
    account, events = _account(where, is_server=True), audit(_session(ctx), where)
    return read_log(ctx, where, account, events, since, kept=_LOG, span=_SPAN)


def _account(where: Where, *, is_server: bool) -> Account:
    if not is_server:
        return account_of(where, "workspace", op.REPOSITORIES)
    rule = op.PROJECTS if where.name == INSTANCE else op.SERVER_REPOS
    return account_of(where, "project", rule, parent="" if where.name == INSTANCE else INSTANCE)


def _session(ctx: Ctx) -> ReadOnlySession:
    def make() -> ReadOnlySession:
        config = ctx.config
        token = token_of(ctx, config.token_env, _TOKEN)
        proof = basic(config.user, token) if config.user else f"Bearer {token}"
        operations = op.SERVER if config.server_url else op.CLOUD
        return api_session(ctx, config.url, operations, {"Authorization": proof})

    return ctx.kept("bitbucket.session", make)


CONNECTOR = BitbucketConnector()
