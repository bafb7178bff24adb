"""Azure DevOps: organizations of Services, or collections of a Server.

Repositories are cloned and read as local ones are; the API adds teams and required reviewers, the
names of variables, service connections, environments, agents with accelerators, extensions, and
the audit log (Services). It has no AI seats: GitHub Copilot's are GitHub's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Annotated, Literal

import msgspec

from connectors.azure_devops import auth
from connectors.azure_devops import operations as op
from connectors.azure_devops.api import audit, projects, read, repositories
from connectors.azure_devops.records import (
    OF_A_PROJECT,
    OF_A_REPOSITORY,
    OF_AN_ORGANIZATION,
    repository_of,
)
from scanner.kit.contract import ConnectorSpec, Context, Counts, Operation, Probe, Shard
from scanner.kit.forge.collecting import Access
from scanner.kit.forge.details import Where, filled, read_details
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.owner import (
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
from scanner.kit.forge.repository import Repository, decoded
from scanner.kit.forge.session import api_session
from scanner.kit.forge.settings import GitSettings
from scanner.kit.forge.turns import in_turn
from scanner.kit.http import ReadOnlySession
from scanner.model.errors import SourceError
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Item

_SERVICES = "https://dev.azure.com"
_TOKEN = "a personal access token that reads code"  # noqa: S105
_DENIALS = frozenset({203, 302, 401, 403})
"""A token that is none gets a page to sign in: 203 with HTML, or a redirect to it."""
_KEPT = timedelta(days=90)
_SPAN = timedelta(days=30)


class AzureDevOpsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Organizations, or collections of a Server."""

    organizations: tuple[str, ...]
    """Names of organizations; on a Server, of collections."""
    projects: tuple[str, ...] = ()
    """Names of projects in them; empty: all."""
    url: str = _SERVICES
    """Of a Server instead: `https://tfs.acme.example/tfs`."""
    token_env: str = "AZURE_DEVOPS_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable that holds a personal access token."""
    auth: Literal["pat", "entra"] = "pat"
    """`entra`: a token of Microsoft Entra ID by azure-identity instead (Services)."""
    extensions_url: str = ""
    """Of the extension service; empty: Microsoft's for Services, `url` for a Server."""
    audit_url: str = ""
    """Of the audit service; empty: Microsoft's for Services, none for a Server."""
    filters: Filters = Filters()
    git: GitSettings = GitSettings()
    settings: bool = True
    """Teams, reviewers, variables, connections, environments, agents, extensions."""
    audit: bool = True
    """The audit log (Services)."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=90)] = 0
    """How far back the first reading of the audit log goes; 0: as `scan.window_days` says."""

    def __post_init__(self) -> None:
        place_of(self.url, "url")
        for name in ("extensions_url", "audit_url"):
            if getattr(self, name):
                place_of(getattr(self, name), name)
        if not self.organizations:
            raise ValueError("set `organizations`")

    @property
    def is_services(self) -> bool:
        return self.url.rstrip("/") == _SERVICES

    @property
    def extensions_at(self) -> str:
        if self.extensions_url:
            return self.extensions_url
        return "https://extmgmt.dev.azure.com" if self.is_services else self.url

    @property
    def audit_at(self) -> str:
        """Empty where there is no audit log to be had."""
        if self.audit_url or not self.is_services:
            return self.audit_url
        return "https://auditservice.dev.azure.com"


Ctx = Context[AzureDevOpsConfig]


class AzureDevOpsConnector:
    spec = ConnectorSpec(
        name="azure_devops",
        title="Azure DevOps organizations and Server collections",
        config=AzureDevOpsConfig,
        operations=op.OPERATIONS,
        yields=frozenset({
            "code.repository", "code.author", "code.team", "azure_devops.organization",
            "azure_devops.project", "azure_devops.user", "azure_devops.team",
            "azure_devops.variable", "azure_devops.environment", "azure_devops.runner",
            "azure_devops.service_connection",
        }),
        docs_url="https://learn.microsoft.com/rest/api/azure/devops/",
        listing={
            **LISTED,
            "organizations": Counts.MORE,
            "audit": Counts.MORE,
            "since_days": Counts.NEVER,
        },
    )  # fmt: skip

    def shards(self, ctx: Ctx) -> Iterator[Shard]:
        return in_turn(ctx, self._shards(ctx))

    def _shards(self, ctx: Ctx) -> Iterator[Shard]:
        config, host = ctx.config, place_of(ctx.config.url, "url")
        for organization in dict.fromkeys(config.organizations):
            whole = Listing("azure_devops", host, organization)
            names: list[str] = []
            try:
                names = list(config.projects)
                if not names:
                    found = list(projects(_api(ctx), organization))
                    whole.odd = found.count("")
                    names = sorted({*found} - {""})
            except SourceError as error:
                whole.trouble = error
            yield from plan(whole, config.filters, ctx.now(), exclude=config.git.exclude)
            for name in names:
                yield from _project(ctx, host, organization, name, whole)
            if config.settings:
                yield owner_shard("azure_devops", host, organization, SETTINGS)
            if config.audit and config.audit_at:
                yield owner_shard("azure_devops", host, organization, AUDIT)

    def collect(self, ctx: Ctx, shard: Shard, since: Checkpoint | None) -> Iterator[Item]:
        part, owner = shard.scope["part"], shard.scope["owner"]
        organization, _, project = owner.partition("/")
        holes = {"organization": organization, "project": project, "projectId": project}
        where = of_owner(ctx, shard, "azure_devops", owner, holes)
        if "repository" in shard.scope:
            yield from _repository(ctx, shard, where)
        elif part == LISTING:
            yield _account(where)
            yield from check_listing(shard)
        elif part == AUDIT:
            yield from _audit(ctx, where, since)
        else:
            yield _account(where)
            details = OF_A_PROJECT if project else OF_AN_ORGANIZATION
            yield from read_details(details, where, _reader(ctx), op.OPERATIONS)

    def probe(self, ctx: Ctx) -> Iterator[Probe]:
        for name in ctx.config.organizations:
            path = filled(op.PROJECTS, {"organization": name})
            ask = partial(_get, ctx, path)
            yield probed(f"projects of {name}", ask, _TOKEN)


def _get(ctx: Ctx, path: str) -> object:
    return _api(ctx).get(path, {**op.VERSION, "$top": "1"})


def _project(ctx: Ctx, host: str, organization: str, name: str, whole: Listing) -> Iterator[Shard]:
    """Shards of a project; its listing is named by that of the organization."""
    config, owner = ctx.config, f"{organization}/{name}"
    found = _repositories(ctx, organization, name)
    parts = parts_of(config.git, with_settings=config.settings)
    listing = listed("azure_devops", host, owner, found)
    by = "" if config.projects else whole.id  # what the user no longer names is not gone
    yield from plan(
        listing, config.filters, ctx.now(), parts=parts, listed_by=by, exclude=config.git.exclude
    )
    if config.settings:
        yield owner_shard("azure_devops", host, owner, SETTINGS, listed_by=by)


def _repositories(ctx: Ctx, organization: str, project: str) -> Iterator[Repository | None]:
    for record in repositories(_api(ctx), organization, project, ctx.config.filters):
        found = repository_of(record)
        if found is not None:
            found = msgspec.structs.replace(found, full_name=f"{organization}/{found.full_name}")
        yield found


def _repository(ctx: Ctx, shard: Shard, above: Where) -> Iterator[Item]:
    config = ctx.config
    organization = decoded(shard.scope["repository"]).full_name.partition("/")[0]
    # Old organizations clone from a host of their own.
    old = f"https://{organization}.visualstudio.com"
    places = (config.url, old) if config.is_services else (config.url,)
    access = Access(
        source="azure_devops",
        settings=config.git,
        authorization=only_to(*places, header=_header(ctx)),
        pull_refspecs=("+refs/pull/*/merge:refs/pull/*/merge",),
        holder_rule=op.REPOSITORIES,
    )
    yield from collect_repository(
        ctx, shard, access, above,
        path=lambda repository: {**above.path, "repositoryId": repository.key},
        details=OF_A_REPOSITORY, read=_reader(ctx), operations=op.OPERATIONS,
    )  # fmt: skip


def _audit(ctx: Ctx, where: Where, since: Checkpoint | None) -> Iterator[Item]:
    api = _session(ctx, "audit", ctx.config.audit_at, op.AUDIT_OPERATIONS)
    account, events = _account(where), audit(api, where)
    return read_log(ctx, where, account, events, since, kept=_KEPT, span=_SPAN)


def _account(where: Where) -> Account:
    organization, _, project = where.name.partition("/")
    if project:
        return account_of(where, "project", op.REPOSITORIES, parent=organization)
    return account_of(where, "organization", op.PROJECTS)


def _reader(ctx: Ctx) -> Callable[..., Iterator[object]]:
    extensions = _session(ctx, "extensions", ctx.config.extensions_at, op.EXTENSION_OPERATIONS)
    return read(_api(ctx), extensions)


def _api(ctx: Ctx) -> ReadOnlySession:
    return _session(ctx, "api", ctx.config.url, op.OPERATIONS)


def _header(ctx: Ctx) -> Callable[[], str]:
    if ctx.config.auth == "entra":
        return ctx.kept("azure_devops.entra", auth.entra)
    return lambda: auth.personal(token_of(ctx, ctx.config.token_env, _TOKEN))


def _session(ctx: Ctx, name: str, url: str, operations: tuple[Operation, ...]) -> ReadOnlySession:
    """Each of the services has a host of its own."""
    header = _header(ctx)  # not within `make`: what is kept is made one at a time

    def make() -> ReadOnlySession:
        return api_session(
            ctx,
            url,
            operations,
            {"X-TFS-FedAuthRedirect": "Suppress"},
            denials=_DENIALS,
            authorize=lambda: {"Authorization": header()},
        )

    return ctx.kept(f"azure_devops.{name}", make)


CONNECTOR = AzureDevOpsConnector()
