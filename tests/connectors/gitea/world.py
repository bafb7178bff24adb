"""A made-up Gitea (or Forgejo): an organization, a person's repository, teams, secrets, runners."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.gitea import operations as op
from tests.forge_rig.api import Forge, Handler, Paged, Reply, Request, forge_api
from tests.forge_rig.githost import GitHost, git_host
from tests.forge_rig.seeded import SETTING_KEY, TOKEN, seed

MOST = 2
"""Records a page that the instance gives at most, whatever is asked for (`MAX_RESPONSE_ITEMS`)."""
OF_THE_INSTANCE = frozenset({op.SEARCH, op.ORGS, op.ALL_RUNNERS, op.ALL_HOOKS, op.OAUTH})


@dataclass
class Gitea:
    forge: Forge
    git: GitHost


def repository(url: str, number: int, name: str, **given: Any) -> dict[str, Any]:
    return {
        "id": number,
        "full_name": name,
        "clone_url": f"{url}/{name}.git",
        "html_url": f"{url}/{name}",
        "default_branch": "main",
        "private": True,
        "internal": False,
        "archived": False,
        "fork": False,
        "empty": False,
        "has_code": True,
        "size": 12,
        "topics": [],
        "updated_at": "2026-11-01T08:00:00Z",
        **given,
    }


def pager(forge: Forge, path: str, request: Request, paged: Paged) -> Reply:
    size = min(MOST, int(request.query.get("limit", "30")))
    number = int(request.query.get("page", "1"))
    part = paged.records[(number - 1) * size : number * size]
    body: Any = {**paged.around, paged.at: part} if paged.at else part
    total = {} if paged.at == "runners" else {"X-Total-Count": str(len(paged.records))}
    return Reply(body, headers=total)


def _user(login: str, **given: Any) -> dict[str, Any]:
    return {"id": 1, "login": login, "full_name": login.title(), "active": True,
            "email": f"{login}@noreply.git.example", **given}  # fmt: skip


def _hooks() -> list[dict[str, Any]]:
    return [
        {"id": 1, "type": "gitea", "active": True, "events": ["push"],
         "created_at": "2026-10-01T00:00:00Z",
         "config": {"url": f"https://coderabbit.ai/hook?token={SETTING_KEY}"}},
        {"id": 2, "type": "slack", "active": False, "events": [], "config": {"url": "https://["}},
    ]  # fmt: skip


def world(git: GitHost, *, is_forgejo: bool) -> dict[str, Handler]:
    mine = [
        repository(git.url, 1, "acme/app", topics=["ml"]),
        repository(git.url, 2, "acme/old", archived=True, fork=True, internal=True, size=4096,
                   updated_at="2020-01-01T00:00:00+01:00"),
        repository(git.url, 3, "acme/empty", empty=True),
        repository(git.url, 4, "acme/wiki", has_code=False),
    ]  # fmt: skip
    every = [*mine, repository(git.url, 5, "ada/dotfiles", private=False)]
    teams = [
        {"id": 1, "name": "Owners", "permission": "owner", "organization": {"name": "acme"}},
        {"id": 2, "name": "readers", "permission": "read", "organization": {"name": "acme"}},
        {"id": 3, "name": "leads", "permission": "admin", "organization": {"username": "acme"}},
    ]
    members = {"1": [_user("ada", email="Ada@acme.example")], "3": [_user("grace")]}
    roles = {"ada": "owner", "bob": "read", "eve": "admin"}
    names = ["OPENAI_API_KEY", "COLOUR", "DATABASE_URL"]
    secrets = [{"name": n, "created_at": "2026-10-01T00:00:00Z"} for n in names]
    variables = [{"name": "ANTHROPIC_KEY", "data": SETTING_KEY}, {"name": "REGION", "data": "eu"}]
    labels: list[Any] = ["linux", "gpu-a100"]
    if not is_forgejo:
        labels = [{"id": n, "name": name, "type": "custom"} for n, name in enumerate(labels)]
    boxes = [
        {"id": 1, "name": "box", "status": "idle" if is_forgejo else "online", "labels": labels},
        {"id": 2, "name": "plain", "status": "offline", "labels": labels[:1]},
        {"id": 3, "name": "plain too", "status": "offline", "labels": labels[:1]},
    ]

    def runners(request: Request) -> Any:
        if is_forgejo:
            return Paged(boxes)
        return Paged(boxes, at="runners", around={"total_count": len(boxes)})

    return {
        op.ORG_REPOS: lambda r: Paged(mine),
        op.SEARCH: lambda r: Paged(every, at="data", around={"ok": True}),
        op.ORGS: lambda r: Paged([{"id": 1, "name": "acme", "username": "acme"}]),
        op.ORG_TEAMS: lambda r: Paged(teams),
        op.TEAM_MEMBERS: lambda r: Paged(members[r.path["id"]]),
        op.ORG_SECRETS: lambda r: Paged(secrets),
        op.ORG_VARIABLES: lambda r: Paged(variables),
        op.ORG_RUNNERS: runners,
        op.ORG_HOOKS: lambda r: Paged(_hooks()),
        op.REPO_TEAMS: lambda r: teams[:2],
        op.COLLABORATORS: lambda r: Paged([_user(login) for login in roles]),
        op.PERMISSION: lambda r: {"permission": roles[r.path["collaborator"]]},
        op.REPO_SECRETS: lambda r: Paged(secrets),
        op.REPO_VARIABLES: lambda r: Paged(variables),
        op.REPO_RUNNERS: runners,
        op.REPO_HOOKS: lambda r: Paged(_hooks()),
        op.ALL_RUNNERS: runners,
        op.ALL_HOOKS: lambda r: Paged(_hooks()),
        op.OAUTH: lambda r: Paged([{"id": 1, "name": "Chat", "client_id": "c0ffee",
                                    "redirect_uris": ["https://chatgpt.com/back"],
                                    "created": "2026-10-01T00:00:00Z"}]),
    }  # fmt: skip


def _allowed(request: Request) -> Reply | None:
    given = request.headers.get("authorization")
    return None if given == f"token {TOKEN}" else Reply({"message": "invalid token"}, 401)


@contextmanager
def gitea(
    folder: Path, description: str = "gitea", *, all_readable: bool = False
) -> Iterator[Gitea]:
    """``description``: ``gitea`` or ``forgejo``; ``all_readable``: none is switched off."""
    seed(folder / "git", "acme/app", "acme/old", "ada/dotfiles")

    def may_clone(authorization: str, name: str) -> bool:
        return authorization == "Basic " + b64encode(f"oauth2:{TOKEN}".encode()).decode()

    with git_host(folder / "git", may_clone) as git:
        made = world(git, is_forgejo=description == "forgejo")
        if all_readable:
            mine = [r for r in made[op.ORG_REPOS](None).records if r["has_code"]]
            made[op.ORG_REPOS] = lambda r: Paged(mine)
        with forge_api(description, made, authorized=_allowed, pager=pager) as forge:
            yield Gitea(forge, git)
