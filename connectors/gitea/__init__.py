"""Gitea and Forgejo: organizations, or a whole instance.

Repositories are cloned and read as local ones are; the API adds who answers for them, the names of
Actions secrets and variables, runners with accelerators, web hooks and OAuth2 applications. There
is no audit log, no environment and no AI setting in this API.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec

from connectors.gitea import operations as op
from connectors.gitea.api import PAGE, organizations, read, repositories
from connectors.gitea.records import (
    OF_A_REPOSITORY,
    OF_AN_ORGANIZATION,
    OF_THE_INSTANCE,
    login_of,
    repository_of,
)
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
    token_of,
)
from scanner.kit.forge.place import only_to, place_of
from scanner.kit.forge.plan import LISTING, SETTINGS, check_listing, listed, plan
from scanner.kit.forge.repository import Repository, decoded
from scanner.kit.forge.session import api_session
from scanner.kit.forge.settings import GitSettings
from scanner.kit.forge.turns import in_turn
from scanner.kit.http import ReadOnlySession
from scanner.model.errors import Unavailable
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Item

_TOKEN = "an access token with read:organization and read:repository"  # noqa: S105


class GiteaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Organizations, or all of an instance."""

    url: str
    """Of the forge: `https://git.acme.example`; with its path where it is below one."""
    organizations: tuple[str, ...] = ()
    instance: bool = False
    """Everything that the token may see, people's own repositories too; an administrator's sees
    all."""
    token_env: str = "GITEA_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable that holds an access token."""
    filters: Filters = Filters()
    git: GitSettings = GitSettings()
    settings: bool = True
    """Teams, collaborators, secrets, variables, runners, web hooks."""

    def __post_init__(self) -> None:
        place_of(self.url, "url")
        if bool(self.organizations) == self.instance:
            raise ValueError("set `organizations`, or `instance = true` (which holds them all)")


Ctx = Context[GiteaConfig]


class GiteaConnector:
    spec = ConnectorSpec(
        name="gitea",
        title="Gitea and Forgejo organizations and instances",
        config=GiteaConfig,
        operations=op.OPERATIONS,
        yields=frozenset({
            "code.repository", "code.author", "code.team", "gitea.organization", "gitea.instance",
            "gitea.user", "gitea.team", "gitea.variable", "gitea.runner",
        }),
        docs_url="https://docs.gitea.com/api/",
        listing={**LISTED, "organizations": Counts.MORE},
    )  # fmt: skip

    def shards(self, ctx: Ctx) -> Iterator[Shard]:
        return in_turn(ctx, self._shards(ctx))

    def _shards(self, ctx: Ctx) -> Iterator[Shard]:
        config, host, api = ctx.config, place_of(ctx.config.url, "url"), _session(ctx)
        parts = parts_of(config.git, with_settings=config.settings)
        for owner in _owners(config):
            found = map(repository_of, repositories(api, "" if owner == INSTANCE else owner))
            yield from plan(
                listed("gitea", host, owner, found),
                config.filters,
                ctx.now(),
                parts=parts,
                exclude=config.git.exclude,
            )
            if config.settings:
                yield owner_shard("gitea", host, owner, SETTINGS)
        if config.instance and config.settings:
            names = set(map(login_of, organizations(api)))
            for name in sorted(names - {""}):
                yield owner_shard("gitea", host, name, SETTINGS)
            if "" in names:
                raise Unavailable(f"{op.ORGS}: a record names no organization")

    def collect(self, ctx: Ctx, shard: Shard, since: Checkpoint | None) -> Iterator[Item]:
        if "repository" in shard.scope:
            yield from _repository(ctx, shard)
            return
        owner = shard.scope["owner"]
        where = of_owner(ctx, shard, "gitea", owner, {"org": owner})
        yield _account(where)
        if shard.scope["part"] == LISTING:
            yield from check_listing(shard)
        else:
            details = OF_THE_INSTANCE if owner == INSTANCE else OF_AN_ORGANIZATION
            yield from read_details(details, where, read(_session(ctx)), op.OPERATIONS)

    def probe(self, ctx: Ctx) -> Iterator[Probe]:
        for owner in _owners(ctx.config):
            path = filled(op.SEARCH if owner == INSTANCE else op.ORG_REPOS, {"org": owner})
            ask = partial(_session(ctx).get, path, {**PAGE, "limit": "1"})
            yield probed(f"repositories of {owner}", ask, _TOKEN)


def _owners(config: GiteaConfig) -> list[str]:
    if config.instance:
        return [INSTANCE]
    return list({name.casefold(): name for name in config.organizations}.values())


def _repository(ctx: Ctx, shard: Shard) -> Iterator[Item]:
    config = ctx.config
    access = Access(
        source="gitea",
        settings=config.git,
        # Whatever the user is called: the token as password decides.
        authorization=only_to(
            config.url, header=lambda: basic("oauth2", token_of(ctx, config.token_env, _TOKEN))
        ),
        pull_refspecs=("+refs/pull/*/head:refs/pull/*/head",),
        holder_rule=op.SEARCH if shard.scope["owner"] == INSTANCE else op.ORG_REPOS,
    )
    owner = decoded(shard.scope["repository"]).full_name.partition("/")[0]
    above = of_owner(ctx, shard, "gitea", owner, {})
    yield from collect_repository(
        ctx, shard, access, above, path=_path, details=OF_A_REPOSITORY,
        read=read(_session(ctx)), operations=op.OPERATIONS,
    )  # fmt: skip


def _path(repository: Repository) -> dict[str, str]:
    owner, _, name = repository.full_name.partition("/")
    return {"owner": owner, "repo": name}


def _account(where: Where) -> Account:
    rule = op.SEARCH if where.name == INSTANCE else op.ORG_REPOS
    return account_of(where, "organization", rule)


def _session(ctx: Ctx) -> ReadOnlySession:
    def make() -> ReadOnlySession:
        token = token_of(ctx, ctx.config.token_env, _TOKEN)
        proof = {"Authorization": f"token {token}"}
        return api_session(ctx, ctx.config.url, op.OPERATIONS, proof)

    return ctx.kept("gitea.session", make)


CONNECTOR = GiteaConnector()
