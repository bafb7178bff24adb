"""A made-up workspace of Bitbucket Cloud, and a made-up Data Center server."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.bitbucket import operations as op
from tests.forge_rig.api import Forge, Handler, Paged, Reply, Request, forge_api
from tests.forge_rig.githost import GitHost, git_host
from tests.forge_rig.seeded import SETTING_KEY, TOKEN, seed

USER = "ada@acme.example"


@dataclass
class Bitbucket:
    forge: Forge
    git: GitHost
    events: list[dict[str, Any]] = field(default_factory=list)


def by_next(forge: Forge, path: str, request: Request, paged: Paged) -> Reply:
    """Two a page; links to Atlassian's own host, whatever was asked."""
    number = int(request.query.get("page", "1"))
    body: dict[str, Any] = {
        "pagelen": 2, "values": paged.records[(number - 1) * 2 : number * 2], **paged.around,
    }  # fmt: skip
    if number * 2 < len(paged.records):
        body["next"] = f"https://api.bitbucket.org{path}?pagelen=2&page={number + 1}"
    return Reply(body)


def by_start(forge: Forge, path: str, request: Request, paged: Paged) -> Reply:
    """Two a page; the next one begins where the server says: what may not be seen is skipped."""
    start = int(request.query.get("start", "0")) // 10
    body: dict[str, Any] = {"values": paged.records[start : start + 2], "start": start * 10}
    is_last = start + 2 >= len(paged.records)
    body |= {"isLastPage": is_last, "nextPageStart": None if is_last else (start + 2) * 10}
    return Reply(body)


def cloud_repository(url: str, name: str, **given: Any) -> dict[str, Any]:
    host = url.removeprefix("http://")
    return {
        "type": "repository",
        "uuid": f"{{{name}}}",
        "full_name": name,
        "is_private": True,
        "size": 8 << 10,
        "updated_on": "2026-11-01T08:00:00.123456+00:00",
        "mainbranch": {"type": "branch", "name": "main"},
        "links": {
            "html": {"href": f"{url}/{name}"},
            "clone": [
                {"name": "ssh", "href": f"git@{host}:{name}.git"},
                {"name": "https", "href": f"http://ada@{host}/{name}.git"},
            ],
        },
        **given,
    }


def _person(name: str) -> dict[str, Any]:
    return {"type": "user", "account_id": f"557058:{name}", "display_name": name.title()}


def cloud_world(url: str) -> dict[str, Handler]:
    found = [
        cloud_repository(url, "acme/app"),
        cloud_repository(
            url, "acme/old", updated_on="2020-01-01T00:00:00+00:00", is_private=False,
            parent=cloud_repository(url, "else/old"),
        ),
        cloud_repository(url, "acme/empty", mainbranch=None),
    ]  # fmt: skip
    variables = [
        {"type": "pipeline_variable", "uuid": "{1}", "key": "OPENAI_API_KEY", "secured": True},
        {"type": "pipeline_variable", "uuid": "{2}", "key": "CLAUDE", "value": SETTING_KEY,
         "secured": False},
        {"type": "pipeline_variable", "uuid": "{3}", "key": "REGION", "value": "eu",
         "secured": False},
    ]  # fmt: skip
    deployed = [{"type": "pipeline_variable", "uuid": "{4}", "key": "MISTRAL_API_KEY",
                 "secured": True}]  # fmt: skip
    state = {"type": "pipeline_runner_state", "status": "ONLINE"}
    runners = [
        {"type": "pipeline_runner", "uuid": "{box}", "name": "box", "state": state,
         "labels": ["self.hosted", "linux", "gpu"],
         "oauth_client": {"type": "pipeline_runner_oauth_client", "secret": SETTING_KEY}},
        {"type": "pipeline_runner", "uuid": "{plain}", "name": "plain", "state": state,
         "labels": ["self.hosted"]},
    ]  # fmt: skip
    hooks = [{"type": "webhook_subscription", "uuid": "{h}", "description": "Review bot",
              "url": f"https://coderabbit.ai/x?s={SETTING_KEY}", "active": True,
              "events": ["repo:push"], "created_at": "2026-10-01T00:00:00+00:00"}]  # fmt: skip
    users = [{"type": "repository_user_permission", "permission": role, "user": _person(name)}
             for name, role in (("ada", "admin"), ("bob", "read"), ("eve", "admin"))]  # fmt: skip
    groups = [{"type": "repository_group_permission", "permission": "admin",
               "group": {"type": "group", "name": "Leads", "slug": "leads",
                         "full_slug": "acme:leads"}}]  # fmt: skip
    places = [
        {"type": "deployment_environment", "uuid": "{prod}", "name": "Live EU",
         "environment_type": {"name": "Production"}},
        {"type": "deployment_environment", "uuid": "{t}", "name": "Test",
         "environment_type": {"name": "Test"}},
    ]  # fmt: skip
    owners = [{"type": "workspace_membership", "permission": "owner", "user": _person("grace")}]
    reviewers = [{"type": "default_reviewer_and_type", "reviewer_type": "project",
                  "user": _person("bob")}]  # fmt: skip
    return {
        op.REPOSITORIES: lambda r: Paged(found),
        op.SPACE_OWNERS: lambda r: Paged(owners),
        op.SPACE_VARIABLES: lambda r: Paged(variables),
        op.SPACE_RUNNERS: lambda r: Paged(runners),
        op.SPACE_HOOKS: lambda r: Paged(hooks),
        op.REPO_USERS: lambda r: Paged(users),
        op.REPO_GROUPS: lambda r: Paged(groups),
        op.REPO_REVIEWERS: lambda r: Paged(reviewers),
        op.REPO_VARIABLES: lambda r: Paged(variables),
        op.REPO_RUNNERS: lambda r: Paged(runners),
        op.REPO_HOOKS: lambda r: Paged(hooks),
        op.ENVIRONMENTS: lambda r: Paged(places),
        op.DEPLOYMENT_VARIABLES: lambda r: Paged(
            deployed if r.path["environment_uuid"] == "{prod}" else []
        ),
    }


def server_repository(url: str, number: int, slug: str, **given: Any) -> dict[str, Any]:
    return {
        "id": number,
        "slug": slug,
        "name": slug,
        "state": "AVAILABLE",
        "public": False,
        "archived": False,
        "defaultBranch": "refs/heads/main",
        "project": {"key": "ACME", "id": 1, "name": "Acme", "type": "NORMAL"},
        "links": {"clone": [{"name": "http", "href": f"{url}/scm/ACME/{slug}.git"},
                            {"name": "ssh", "href": "ssh://git@x/y.git"}]},
        **given,
    }  # fmt: skip


def event(at: str, action: str, name: str, number: int = 1) -> dict[str, Any]:
    return {
        "timestamp": at,
        "author": {"name": "ada", "type": "NORMAL", "id": "2"},
        "type": {"category": "Apps", "action": action, "actionI18nKey": "bitbucket.x"},
        "affectedObjects": [{"name": name, "type": "PLUGIN", "id": str(number)}],
        "source": "10.0.0.1",
        "node": "n1",
    }


def server_events() -> list[dict[str, Any]]:
    made = [event(f"2026-11-{day:02d}T09:00:00.5Z", "Plugin enabled", "CodeRabbit")
            for day in range(1, 8)]  # fmt: skip
    made.append(event("2026-11-20T11:58:00.1Z", "Plugin enabled", "CodeRabbit"))
    made.append(event("2026-11-20T11:59:00.1Z", "Repository accessed by user", "app"))
    return made


def server_world(url: str, log: list[dict[str, Any]]) -> dict[str, Handler]:
    found = [
        server_repository(url, 1, "app"),
        server_repository(url, 2, "old", archived=True, public=True, origin={"id": 9}),
        server_repository(url, 3, "broken", state="OFFLINE"),
    ]
    user = {"id": 2, "name": "ada", "slug": "ada", "displayName": "Ada", "active": True,
            "emailAddress": "Ada@acme.example", "type": "NORMAL"}  # fmt: skip
    robot = {"id": 3, "name": "robot", "slug": "robot", "type": "SERVICE", "active": True}
    users = [{"permission": "REPO_ADMIN", "user": user}, {"permission": "REPO_READ", "user": user},
             {"permission": "REPO_ADMIN", "user": robot}]  # fmt: skip
    groups = [{"permission": "PROJECT_ADMIN", "group": {"name": "leads"}}]
    hooks = [{"id": 5, "name": "Review bot", "url": f"https://coderabbit.ai/?s={SETTING_KEY}",
              "active": True, "events": ["repo:refs_changed"],
              "createdDate": 1790000000000}]  # fmt: skip
    condition = {"id": 1, "reviewers": [{**user, "name": "grace", "slug": "grace",
                                         "emailAddress": "", "displayName": "Grace"}]}  # fmt: skip
    committed = {"app": 1793500000000, "old": 1577836800000}

    def audit(request: Request) -> Any:
        first, last = request.query["from"], request.query["to"]
        mine = [e for e in reversed(log) if first <= e["timestamp"][:19] + "Z" <= last]
        start = int(request.query.get("pageCursor", "0"))
        is_last = start + 3 >= len(mine)
        page: dict[str, Any] = {"lastPage": is_last, "size": len(mine[start : start + 3])}
        if not is_last:
            page["nextPageCursor"] = str(start + 3)
        return {"entities": mine[start : start + 3], "pagingInfo": page}

    return {
        op.PROJECTS: lambda r: Paged([{"key": "ACME", "id": 1}]),
        op.SERVER_REPOS: lambda r: Paged(found),
        op.LABELS: lambda r: Paged([{"name": "ml"}] if r.path["repositorySlug"] == "app" else []),
        op.COMMITS: lambda r: Paged(
            [{"id": "c", "committerTimestamp": committed[r.path["repositorySlug"]]}]
            if r.path["repositorySlug"] in committed else []
        ),
        op.PROJECT_USERS: lambda r: Paged([{"permission": "PROJECT_ADMIN", "user": user}]),
        op.PROJECT_GROUPS: lambda r: Paged(groups),
        op.PROJECT_HOOKS: lambda r: Paged(hooks),
        op.SERVER_USERS: lambda r: Paged(users),
        op.SERVER_GROUPS: lambda r: Paged([]),
        op.SERVER_HOOKS: lambda r: Paged(hooks),
        op.CONDITIONS: lambda r: [condition],
        op.AUDIT: audit,
    }  # fmt: skip


def _authorized(proofs: tuple[str, ...]) -> Any:
    def check(request: Request) -> Reply | None:
        given = request.headers.get("authorization")
        return None if given in proofs else Reply({"error": {"message": "no"}}, 401)

    return check


def _basic(user: str) -> str:
    return "Basic " + b64encode(f"{user}:{TOKEN}".encode()).decode()


@contextmanager
def cloud(folder: Path) -> Iterator[Bitbucket]:
    seed(folder / "git", "acme/app", "acme/old")
    proofs = (f"Bearer {TOKEN}", _basic(USER))
    accepted = (_basic("x-token-auth"), _basic("x-bitbucket-api-token-auth"))
    with (
        git_host(folder / "git", lambda given, name: given in accepted) as git,
        forge_api(
            "bitbucket", cloud_world(git.url), authorized=_authorized(proofs), pager=by_next
        ) as forge,
    ):
        yield Bitbucket(forge, git)


@contextmanager
def data_center(folder: Path, *, all_readable: bool = False) -> Iterator[Bitbucket]:
    """``all_readable``: no repository is offline."""
    seed(folder / "git", "scm/ACME/app", "scm/ACME/old")
    log = server_events()
    bearer = f"Bearer {TOKEN}"
    with git_host(folder / "git", lambda given, name: given == bearer) as git:
        world = server_world(git.url, log)
        if all_readable:
            some = [server_repository(git.url, 1, "app"), server_repository(git.url, 2, "old")]
            world[op.SERVER_REPOS] = lambda r: Paged(some)
        with forge_api(
            "bitbucket_data_center", world, authorized=_authorized((bearer,)), pager=by_start
        ) as forge:
            yield Bitbucket(forge, git, log)
