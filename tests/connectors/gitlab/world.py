"""A made-up GitLab instance: two groups, four projects, runners, variables and a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from connectors.gitlab import operations as op
from tests.forge_rig.api import Forge, Handler, Paged, Reply, Request, forge_api, pages_by_number
from tests.forge_rig.githost import GitHost, git_host
from tests.forge_rig.seeded import SETTING_KEY, TOKEN, seed

PROJECTS = {"acme/app": 1, "acme/platform/old": 2, "acme/platform/empty": 3, "ada/dotfiles": 4}
GROUPS = {"acme": 10, "acme/platform": 11}


@dataclass
class GitLab:
    forge: Forge
    git: GitHost
    events: list[dict[str, Any]]
    of_groups: frozenset[str] = frozenset(
        {o.id for o in op.OPERATIONS}
        - {op.PROJECTS, op.INSTANCE_SETTINGS, op.INSTANCE_VARIABLES, op.INSTANCE_RUNNERS,
           op.APPLICATIONS, op.INSTANCE_AUDIT}
    )  # fmt: skip
    """Operations that are asked when groups are read."""


def project(url: str, name: str, **given: Any) -> dict[str, Any]:
    space = name.rpartition("/")[0]
    return {
        "id": PROJECTS[name],
        "path_with_namespace": name,
        "http_url_to_repo": f"{url}/{name}.git",
        "web_url": f"{url}/{name}",
        "default_branch": "main",
        "visibility": "private",
        "archived": False,
        "empty_repo": False,
        "topics": [],
        "last_activity_at": "2026-11-01T08:00:00.000Z",
        "namespace": {
            "id": GROUPS.get(space, 99),
            "full_path": space,
            "kind": "group" if space in GROUPS else "user",
        },
        **given,
    }


def event(number: int, at: str, name: str, **details: Any) -> dict[str, Any]:
    return {
        "id": number,
        "author_id": 7,
        "entity_id": 10,
        "entity_type": "Group",
        "event_name": name,
        "created_at": at,
        "details": {"author_name": "Ada", "author_email": "ada@example.com",
                    "entity_path": "acme", **details},
    }  # fmt: skip


def events() -> list[dict[str, Any]]:
    made = [
        event(n, f"2026-{10 + n // 31:02d}-{n % 30 + 1:02d}T10:00:00.000Z", "integration_created",
              target_type="Integration", target_id=5, target_details="CodeRabbit")
        for n in range(31)
    ]  # fmt: skip
    made.append(event(90, "2026-11-20T11:58:00.000Z", "duo_features_enabled_updated",
                      target_type="Group", target_id=10, target_details="acme"))  # fmt: skip
    made.append(event(91, "2026-11-20T11:59:00.000Z", "user_renamed", target_type="User"))
    return made


def _members() -> list[dict[str, Any]]:
    people = [
        (7, "ada", "Ada", 50, "active"), (8, "grace", "Grace", 40, "active"),
        (9, "reporter", "R", 20, "active"), (12, "project_1_bot_ab", "bot", 50, "active"),
        (13, "left", "Left", 50, "blocked"),
    ]  # fmt: skip
    return [
        {"id": i, "username": login, "name": name, "access_level": level, "state": state}
        for i, login, name, level, state in people
    ]


def _variables(prefix: str) -> list[dict[str, Any]]:
    return [
        {"key": f"{prefix}ANTHROPIC_API_KEY", "value": SETTING_KEY, "masked": True, "hidden": False,
         "protected": True, "environment_scope": "production"},
        {"key": f"{prefix}OPENAI_API_KEY", "value": None, "masked": True, "hidden": True,
         "protected": False, "environment_scope": "*"},
        {"key": f"{prefix}COLOUR", "value": "blue", "masked": False, "hidden": False,
         "protected": False, "environment_scope": "*"},
    ]  # fmt: skip


_RUNNERS = {
    "group_type": [{"id": 31, "description": "a100 box", "paused": False, "status": "online",
                    "runner_type": "group_type"}],
    "project_type": [{"id": 32, "description": "shell", "paused": True, "status": "offline",
                      "runner_type": "project_type"}],
    "instance_type": [{"id": 33, "description": "big", "paused": False, "status": "online",
                       "runner_type": "instance_type"}],
}  # fmt: skip
_TAGS = {"31": ["linux"], "32": ["docker"], "33": ["linux", "gpu", "cuda12"]}


def pager(forge: Forge, path: str, request: Request, paged: Paged) -> Reply:
    """Keyset where it was asked for, two records a page; a last page without a link (GitLab's
    external URL is not the one that was asked: only the query of its links may be used)."""
    if request.query.get("pagination") != "keyset":
        return pages_by_number(forge, path, request, paged)
    ordered = sorted(paged.records, key=lambda r: r["id"],
                     reverse=request.query.get("sort") == "desc")  # fmt: skip
    start = int(request.query.get("cursor", request.query.get("id_after", "0")))
    part = ordered[start : start + 2]
    headers = {}
    if start + 2 < len(ordered):
        name = "id_after" if path.endswith("/projects") else "cursor"
        following = urlencode({**request.query, name: str(start + 2)})
        headers["Link"] = f'<https://gitlab.internal{path}?{following}>; rel="next"'
    return Reply(part, headers=headers)


def world(git: GitHost, log: list[dict[str, Any]]) -> dict[str, Handler]:
    records = {
        "acme/app": project(git.url, "acme/app", topics=["ml"]),
        "acme/platform/old": project(
            git.url, "acme/platform/old", archived=True, visibility="internal",
            forked_from_project={"id": 77}, last_activity_at="2020-01-01T00:00:00.000Z",
        ),
        "acme/platform/empty": project(git.url, "acme/platform/empty", empty_repo=True,
                                       default_branch=None),
        "ada/dotfiles": project(git.url, "ada/dotfiles"),
    }  # fmt: skip

    def below(request: Request) -> Any:
        names = [n for n in records if n.startswith(request.path["id"] + "/")]
        if request.query.get("include_subgroups") != "true":
            names = [n for n in names if n.rpartition("/")[0] == request.path["id"]]
        return Paged([records[n] for n in names])

    def audit(request: Request) -> Any:
        first, last = request.query["created_after"], request.query["created_before"]
        found = [e for e in log if first <= e["created_at"][:19] + "Z" <= last]
        is_mine = request.path.get("id", "acme") == "acme"  # a group's log is its own alone
        return Paged(found if is_mine else [])

    def runners(request: Request) -> Any:
        return Paged(_RUNNERS[request.query["type"]])

    def runner(request: Request) -> Any:
        ident = request.path["id"]
        found = next(r for rs in _RUNNERS.values() for r in rs if str(r["id"]) == ident)
        return {**found, "tag_list": _TAGS[ident]}

    integrations = [
        {"id": 1, "title": "CodeRabbit", "slug": "coderabbit", "active": True,
         "created_at": "2026-10-01T00:00:00.000Z"},
        {"id": 2, "title": "Jira", "slug": "jira", "active": False},
    ]  # fmt: skip
    hooks = [
        {"id": 5, "url": f"https://coderabbit.ai/gitlab?token={SETTING_KEY}", "name": "Review",
         "created_at": "2026-10-01T00:00:00.000Z", "push_events": False,
         "merge_requests_events": True, "note_events": True},
        {"id": 6, "url": "https://[", "push_events": True},
    ]  # fmt: skip
    environments = [
        {"id": 1, "name": "production/eu", "tier": "production"},
        {"id": 2, "name": "review/1", "tier": "development"},
    ]
    rule = {"id": 1, "name": "Security", "users": [{"id": 8, "username": "grace"}],
            "groups": [{"id": 11, "full_path": "acme/platform"}]}  # fmt: skip
    return {
        op.GROUP_PROJECTS: below,
        op.SUBGROUPS: lambda r: Paged([{"id": 11, "full_path": "acme/platform"}]),
        op.PROJECTS: lambda r: Paged(list(records.values())),
        op.GROUP: lambda r: {"id": GROUPS[r.path["id"]], "full_path": r.path["id"],
                             "duo_features_enabled": r.path["id"] == "acme",
                             "lock_duo_features_enabled": True},
        op.GROUP_VARIABLES: lambda r: Paged(_variables("GROUP_")),
        op.GROUP_MEMBERS: lambda r: Paged(_members()),
        op.GROUP_INTEGRATIONS: lambda r: Paged(integrations),
        op.GROUP_HOOKS: lambda r: Paged(hooks),
        op.GROUP_RUNNERS: runners,
        op.GROUP_AUDIT: audit,
        op.PROJECT_VARIABLES: lambda r: Paged(_variables("")),
        op.PROJECT_ENVIRONMENTS: lambda r: Paged(environments),
        op.PROJECT_MEMBERS: lambda r: Paged(_members()),
        op.PROJECT_INTEGRATIONS: lambda r: Paged(integrations),
        op.PROJECT_HOOKS: lambda r: Paged(hooks),
        op.PROJECT_RUNNERS: runners,
        op.APPROVAL_RULES: lambda r: Paged([rule]),
        op.RUNNER: runner,
        op.INSTANCE_SETTINGS: lambda r: {"id": 1, "duo_features_enabled": True},
        op.INSTANCE_VARIABLES: lambda r: Paged(_variables("INSTANCE_")),
        op.INSTANCE_RUNNERS: runners,
        op.APPLICATIONS: lambda r: Paged([
            {"id": "1", "application_id": "c0ffee", "application_name": "Assistant",
             "callback_url": "https://chatgpt.com/callback", "confidential": True}]),
        op.INSTANCE_AUDIT: audit,
    }  # fmt: skip


def allowed(request: Request) -> Reply | None:
    given = request.headers.get("private-token") or request.token
    return None if given == TOKEN else Reply({"message": "401 Unauthorized"}, 401)


@contextmanager
def gitlab(folder: Path) -> Iterator[GitLab]:
    seed(folder / "git", "acme/app", "acme/platform/old", "ada/dotfiles")
    log = events()

    def may_clone(authorization: str, repository: str) -> bool:
        from base64 import b64encode

        return authorization == "Basic " + b64encode(f"oauth2:{TOKEN}".encode()).decode()

    with (
        git_host(folder / "git", may_clone) as git,
        forge_api("gitlab", world(git, log), authorized=allowed, pager=pager) as forge,
    ):
        yield GitLab(forge, git, log)
