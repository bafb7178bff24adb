"""GitHub: organizations, people's own repositories and enterprises; github.com, ghe.com and
Enterprise Server.

Repositories are cloned and read as local ones are; the API adds teams and who answers for what,
names of secrets, variables, installed apps, tokens, runners with accelerators, environments,
Copilot's seats and policies, and the audit log. Whether an organization may use GitHub Models is
told by no endpoint of the published API, and not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from connectors.github import audit
from connectors.github.api import PAGE, Api, organizations, plan_name
from connectors.github.auth import App, Credentials, Fixed, proof
from connectors.github.export import EXPORTS, read_file
from connectors.github.operations import OPERATIONS, RATES
from connectors.github.records import OF_A_REPOSITORY, OF_AN_ORGANIZATION, repository_of
from scanner.kit.contract import ConnectorSpec, Context, Counts, Probe, Shard
from scanner.kit.counted import of_file, of_log
from scanner.kit.forge.collecting import Access, basic, cache_folder
from scanner.kit.forge.details import Where, filled, read_details
from scanner.kit.forge.events import read_events
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.owner import (
    LISTED,
    account_of,
    answered,
    collect_repository,
    of_owner,
    owner_shard,
    parts_of,
    probed,
    token_of,
)
from scanner.kit.forge.paging import by_link
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
from scanner.kit.forge.repository import Repository
from scanner.kit.forge.session import api_session
from scanner.kit.forge.settings import GitSettings
from scanner.kit.forge.turns import in_turn
from scanner.kit.http import Missing, ReadOnlySession
from scanner.kit.http_memory import Memory
from scanner.model.errors import Denied, NotEnabled, SourceError
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Gap, Item

_TOKEN = "a token that may read repositories (classic: repo, read:org)"  # noqa: S105
_OWN = "(own)"
"""Owner of the token's own repositories; no account can be called that."""
_VERSION = "2022-11-28"


class GitHubConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose repositories, and as whom they are read."""

    url: str = "https://github.com"
    """Where people open it: github.com, `https://acme.ghe.com`, or an Enterprise Server."""
    api_url: str = ""
    """Of its REST API; empty: what belongs to `url` (`<url>/api/v3` on Enterprise Server)."""
    organizations: tuple[str, ...] = ()
    """Organizations to read. An app reads all that it is installed in when nothing is named."""
    users: tuple[str, ...] = ()
    """People whose public repositories are read."""
    own: bool = False
    """The token owner's own repositories, private ones too."""
    enterprise: str = ""
    """Slug of an enterprise: all its organizations, and its audit log."""
    token_env: str = "GITHUB_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable that holds a token."""
    app_id: str = ""
    """App id or client id of a GitHub App, which is then used instead of a token."""
    app_key_file: str = ""
    """PEM file of the app's private key."""
    app_key_env: str = ""
    """Environment variable that holds the PEM text instead."""
    filters: Filters = Filters()
    git: GitSettings = GitSettings()
    settings: bool = True
    """Of organizations: teams, secrets' names, variables, apps, tokens, runners, Copilot."""
    repository_settings: bool = True
    """Of each repository: environments, secrets' names, variables, runners, collaborators (about
    eight calls each)."""
    audit: bool = True
    """The audit log of organizations (Enterprise Cloud) or of the enterprise."""
    audit_include: Literal["web", "git", "all"] = "all"
    """Which events are asked for; git's are many, and kept for seven days."""
    audit_files: tuple[str, ...] = ()
    """Exported or streamed audit logs, and Copilot's tables: JSON, JSONL, CSV, gz too."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=180)] = 0
    """How far back the first reading of the log goes; 0: as `scan.window_days` says."""
    wait_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 120
    """How long a rate limit is waited for before it becomes coverage."""

    def __post_init__(self) -> None:
        place_of(self.url, "url")
        if self.api_url:
            place_of(self.api_url, "api_url")
        if self.app_id and bool(self.app_key_file) == bool(self.app_key_env):
            raise ValueError("an app needs one of `app_key_file` and `app_key_env`")
        named = (self.organizations, self.users, self.own, self.enterprise, self.audit_files)
        if not any(named) and not self.app_id:
            raise ValueError(
                "set `organizations`, `users`, `own`, `enterprise`, `audit_files` or an app"
            )
        if self.own and self.app_id:
            raise ValueError("`own` is for a token: an app has no repositories of its own")


Ctx = Context[GitHubConfig]


def api_url(config: GitHubConfig) -> str:
    """https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api"""
    if config.api_url:
        return config.api_url.rstrip("/")
    split = urlsplit(config.url)
    if split.hostname == "github.com" or (split.hostname or "").endswith(".ghe.com"):
        return f"{split.scheme}://api.{split.netloc}"
    return f"{config.url.rstrip('/')}/api/v3"


class GitHubConnector:
    spec = ConnectorSpec(
        name="github",
        title="GitHub organizations, repositories, Copilot and audit log",
        config=GitHubConfig,
        operations=OPERATIONS,
        yields=frozenset({
            "code.repository", "code.author", "code.team", "github.organization", "github.user",
            "github.team", "github.variable", "github.runner", "github.environment", "github.app",
            "github.enterprise",
        }),
        docs_url="https://docs.github.com/en/rest",
        listing={
            **LISTED,
            "organizations": Counts.MORE,
            "users": Counts.MORE,
            "repository_settings": Counts.MORE,
            "audit": Counts.MORE,
            "since_days": Counts.NEVER,
        },
        rates=RATES, exports=EXPORTS,
    )  # fmt: skip

    def shards(self, ctx: Ctx) -> Iterator[Shard]:
        host = place_of(ctx.config.url, "url")
        return with_files("github", host, in_turn(ctx, self._shards(ctx)), ctx.config.audit_files)

    def _shards(self, ctx: Ctx) -> Iterator[Shard]:
        config, host = ctx.config, place_of(ctx.config.url, "url")
        is_asking = config.organizations or config.users or config.own or config.enterprise
        if not is_asking and not config.app_id:
            return
        parts = parts_of(config.git, with_settings=config.repository_settings)
        exclude = config.git.exclude
        owned, trouble = _organizations(ctx)
        if config.enterprise:
            whole = f"enterprises/{config.enterprise}"
            scope = {"trouble": str(trouble)} if trouble else {}
            scope |= {"denied": "yes"} if isinstance(trouble, Denied) else {}
            yield owner_shard("github", host, whole, LISTING, **scope)
            if config.audit:
                yield owner_shard("github", host, whole, AUDIT)
        for owner in owned:
            found = listed("github", host, owner, _repositories(ctx, owner, _org_list(owner)))
            yield from plan(found, config.filters, ctx.now(), parts=parts, exclude=exclude)
            if config.settings:
                yield owner_shard("github", host, owner, SETTINGS)
            if config.audit and not config.enterprise:
                yield owner_shard("github", host, owner, AUDIT)
        for owner in (*config.users, *((_OWN,) if config.own else ())):
            found = listed("github", host, owner, _repositories(ctx, owner, _user_list(owner)))
            yield from plan(found, config.filters, ctx.now(), parts=parts, exclude=exclude)
        if trouble and not config.enterprise:
            raise trouble

    def collect(self, ctx: Ctx, shard: Shard, since: Checkpoint | None) -> Iterator[Item]:
        part = shard.scope["part"]
        if part == FILE:
            name = shard.scope["file"]
            where = of_owner(ctx, shard, "github", "(export)", {"org": ""})
            yield _account(where)
            file, known = ctx.folder / Path(name).expanduser(), of_file(ctx, shard)
            yield from read_file(file, name, where, ctx.now(), known, ctx)
            return
        if "repository" in shard.scope:
            yield from _repository(ctx, shard)
            return
        owner = shard.scope["owner"]
        name = owner.removeprefix("enterprises/")
        path = {"enterprise": name} if name != owner else {"org": owner}
        where = of_owner(ctx, shard, "github", owner, path)
        if part == LISTING:
            if shard.scope.get("found", "0") != "0" or "trouble" not in shard.scope:
                yield _account(where)
            yield from _selected(ctx, owner)
            yield from _listing(shard)
        elif part == AUDIT:
            yield from answered(_account(where), _audit(ctx, where, since, shard))
        else:
            details = read_details(OF_AN_ORGANIZATION, where, _api(ctx, owner).read, OPERATIONS)
            yield from answered(_account(where), details)

    def probe(self, ctx: Ctx) -> Iterator[Probe]:
        for owner in ctx.config.organizations:
            api = _api(ctx, owner)
            for operation in ("GET /orgs/{org}/repos", "GET /orgs/{org}/teams"):
                ask = partial(api.get, filled(operation, {"org": owner}), {"per_page": "1"})
                yield probed(f"{operation} of {owner}", ask, _TOKEN)
        yield from file_probes(ctx.folder, ctx.config.audit_files)


# --- who is asked, and as whom -----------------------------------------------------------------


def _session(ctx: Ctx, owner: str) -> ReadOnlySession:
    """One an owner: an app has another token in each."""
    config = ctx.config
    credentials = _credentials(ctx)  # not within `make`: what is kept is made one at a time

    def make() -> ReadOnlySession:
        return api_session(
            ctx,
            api_url(config),
            OPERATIONS,
            _HEADERS,
            authorize=lambda: {"Authorization": f"Bearer {credentials.token(owner)}"},
            most_wait=float(config.wait_seconds),
            memory=Memory(
                cache_folder(ctx, config.git) / "answers",
                ("/repos",),
                who=f"{config.token_env} {config.app_id}",
            ),
        )

    return ctx.kept(f"github.session {owner}", make)


_HEADERS = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": _VERSION,
}


def _api(ctx: Ctx, owner: str) -> Api:
    return Api(_session(ctx, owner))


def _credentials(ctx: Ctx) -> Credentials:
    if not ctx.config.app_id:
        return Fixed(token_of(ctx, ctx.config.token_env, _TOKEN))
    return ctx.kept("github.app", partial(_app, ctx))


def _app(ctx: Ctx) -> App:
    config = ctx.config
    key = _key(ctx)
    session = api_session(
        ctx,
        api_url(config),
        OPERATIONS,
        _HEADERS,
        authorize=lambda: proof(config.app_id, key),
        most_wait=float(config.wait_seconds),
    )
    return App(session)


def _key(ctx: Ctx) -> str:
    config = ctx.config
    if config.app_key_env:
        return token_of(ctx, config.app_key_env, "the PEM text of the app's private key")
    path = ctx.folder / Path(config.app_key_file).expanduser()
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Denied(f"{path}: the app's private key cannot be read; check `app_key_file`") from (
            error
        )


# --- repositories ------------------------------------------------------------------------------


def _organizations(ctx: Ctx) -> tuple[list[str], SourceError | None]:
    """Those named, those of the enterprise, and those of the app where none is named; and what
    kept the enterprise's from being listed."""
    config = ctx.config
    found = list(config.organizations)
    trouble: SourceError | None = None
    if config.enterprise:
        try:
            found += organizations(_api(ctx, config.enterprise), config.enterprise)
        except SourceError as error:
            trouble = error
    elif config.app_id and not found and not config.users:
        app = ctx.kept("github.app", partial(_app, ctx))
        found = [one.owner for one in app.installations() if one.is_organization]
        trouble = app.trouble
    return list({name.casefold(): name for name in found}.values()), trouble


def _org_list(owner: str) -> tuple[str, dict[str, str]]:
    return filled("GET /orgs/{org}/repos", {"org": owner}), {"type": "all"}


def _user_list(owner: str) -> tuple[str, dict[str, str]]:
    if owner == _OWN:
        return "/user/repos", {"affiliation": "owner"}
    return filled("GET /users/{username}/repos", {"username": owner}), {"type": "owner"}


def _repositories(
    ctx: Ctx, owner: str, how: tuple[str, dict[str, str]]
) -> Iterator[Repository | None]:
    path, params = how
    # By name: what is pushed to meanwhile does not change places between two pages.
    for record in by_link(_api(ctx, owner), path, {**PAGE, **params, "sort": "full_name"}):
        yield repository_of(record, ctx.config.url)


def _selected(ctx: Ctx, owner: str) -> Iterator[Gap]:
    """An app that was given some repositories does not know how many there are."""
    credentials = _credentials(ctx)
    if isinstance(credentials, App) and credentials.installation(owner).is_selected:
        yield Gap(
            what=f"repositories of {owner}",
            reason="the app is installed on selected repositories alone; others are not seen",
        )


def _listing(shard: Shard) -> Iterator[Gap]:
    if shard.scope["owner"].startswith("enterprises/") and "trouble" in shard.scope:
        yield Gap(
            what="organizations of the enterprise",
            reason=shard.scope["trouble"],
            denied="denied" in shard.scope,
        )
    else:
        yield from check_listing(shard)


def _repository(ctx: Ctx, shard: Shard) -> Iterator[Item]:
    config, owner = ctx.config, shard.scope["owner"]

    def header() -> str:
        return basic("x-access-token", _credentials(ctx).token(owner))

    access = Access(
        source="github",
        settings=config.git,
        authorization=only_to(config.url, header=header),
        pull_refspecs=("+refs/pull/*/head:refs/pull/*/head",),
        holder_rule="GET /orgs/{org}/repos",
    )
    above = of_owner(ctx, shard, "github", owner, {})
    yield from collect_repository(
        ctx, shard, access, above,
        path=lambda found: dict(zip(("owner", "repo"), found.full_name.split("/"), strict=True)),
        details=OF_A_REPOSITORY, read=_api(ctx, owner).read, operations=OPERATIONS,
    )  # fmt: skip


# --- audit log ---------------------------------------------------------------------------------


def _audit(ctx: Ctx, where: Where, since: Checkpoint | None, shard: Shard) -> Iterator[Item]:
    config, api = ctx.config, _api(ctx, where.path.get("org", where.name))
    reader, known = audit.reader_of(where, ctx), of_log(ctx, shard)
    log = audit.log_of(config.since_days or ctx.window_days)
    events = audit.events_of(api, reader, config.audit_include)
    found = audit.with_slots(reader, read_events(where, events, log, ctx.now(), since, known))
    try:
        yield from found
    except Missing as error:
        raise _no_log(api, where, error) from error


def _no_log(api: Api, where: Where, error: Missing) -> SourceError:
    """An organization below Enterprise Cloud has no log to ask for; which it is, its plan tells
    whom may see that."""
    with_plan = ""
    if "org" in where.path:
        try:
            with_plan = plan_name(api, where.path["org"])
        except SourceError:
            with_plan = ""
    if with_plan and with_plan not in ("enterprise", "business_plus"):
        return NotEnabled(f"{where.name}: the audit log's API needs Enterprise Cloud ({with_plan})")
    return Denied(
        f"{error}; grant read:audit_log (an owner's token), or it is not Enterprise Cloud"
    )


def _account(where: Where) -> Account:
    is_enterprise = where.name.startswith("enterprises/")
    noun = "enterprise" if is_enterprise else "organization"
    return account_of(where, noun, "GET /orgs/{org}/repos")


CONNECTOR = GitHubConnector()
