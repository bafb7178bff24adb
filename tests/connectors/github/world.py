"""A made-up GitHub: an enterprise with one organization, people, an app, Copilot and a log."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.forge_rig.api import Forge, Handler, Paged, Reply, Request, forge_api, pages_by_number
from tests.forge_rig.api import spec as spec_of
from tests.forge_rig.fill import filled_as
from tests.forge_rig.githost import GitHost, git_host
from tests.forge_rig.seeded import NOW, SETTING_KEY, TOKEN, seed

SPEC = spec_of("github")
APP_TOKEN = "ghs_" + TOKEN[8:]
make = partial(filled_as, SPEC)
_REPOSITORIES = ("acme/app", "acme/old", "acme/library")


@dataclass
class GitHub:
    forge: Forge
    git: GitHost
    events: list[dict[str, Any]]
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    """Which are let in."""
    leases: list[str] = field(default_factory=list)
    """Tokens that the app was given."""
    expires_at: str = "2099-01-01T00:00:00Z"
    is_selected: bool = False


def private_key() -> str:
    """Of an app that nobody made."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def repository(name: str, **given: Any) -> dict[str, Any]:
    return make(
        "minimal-repository", full_name=name, name=name.partition("/")[2], id=len(name),
        owner=person(name.partition("/")[0]),
        **{"default_branch": "main", "visibility": "private", "private": True, "archived": False,
           "disabled": False, "topics": [], "pushed_at": "2026-11-01T08:00:00Z", "size": 12,
           "html_url": f"https://forge.example/{name}", **given},
    )  # fmt: skip


def person(login: str, **given: Any) -> dict[str, Any]:
    return make("simple-user", login=login, id=len(login), type="User", **given)


def event(number: int, at: str, action: str, **given: Any) -> dict[str, Any]:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return {
        "@timestamp": int(moment.timestamp() * 1000), "_document_id": f"doc{number}",
        "action": action, "actor": "ada", "org": "acme", **given,
    }  # fmt: skip


def events() -> list[dict[str, Any]]:
    made = [
        event(n, f"2026-11-{n % 15 + 1:02d}T10:00:00", "copilot.cfb_seat_assignment_created",
              user="grace")
        for n in range(45)
    ]  # fmt: skip
    return [
        *made,
        event(100, "2026-11-10T09:00:00", "integration_installation.create", name="coderabbitai"),
        event(101, "2026-11-10T09:01:00", "integration_installation.destroy", name="sourcery-ai"),
        event(102, "2026-11-11T09:00:00", "repo.create_actions_secret", key="OPENAI_API_KEY",
              repo="acme/app"),
        event(103, "2026-11-12T09:00:00", "pull_request.create",
              actor="devin-ai-integration[bot]", user="grace"),
        event(104, "2026-11-12T09:05:00", "pull_request.create",
              actor="devin-ai-integration[bot]", user="grace"),
        event(105, "2026-11-13T09:00:00", "oauth_authorization.create",
              application_name="CodeRabbit", scopes=["repo"]),
        event(106, "2026-11-13T10:00:00", "git.clone", actor="grace"),
        event(107, "2026-11-20T11:58:30", "copilot.content_exclusion_changed"),
    ]  # fmt: skip


def _secrets(kind: str, *names: str) -> list[dict[str, Any]]:
    return [make(kind, name=name, **({"visibility": "all"} if "org" in kind else {}))
            for name in names]  # fmt: skip


def _variables(kind: str, **values: str) -> list[dict[str, Any]]:
    more = {"visibility": "all"} if "org" in kind else {}
    return [make(kind, name=name, value=value, **more) for name, value in values.items()]


def _listed(records: list[dict[str, Any]], at: str) -> Paged:
    return Paged(records, at=at, around={"total_count": len(records)})


def world(github: GitHub) -> dict[str, Handler]:
    repositories = [
        repository("acme/app", topics=["ml"]),
        repository("acme/old", archived=True, fork=True, visibility="internal",
                   pushed_at="2019-01-01T00:00:00Z"),
        repository("acme/library", is_template=True, visibility="public", private=False),
    ]  # fmt: skip
    app_rights = {"contents": "write", "pull_requests": "write"}
    ada, grace = person("ada"), person("grace")
    team = make("team", slug="ml", name="ML", id=1)
    copilot = make(
        "copilot-organization-details", public_code_suggestions="allow", plan_type="business",
        seat_management_setting="assign_selected", ide_chat="enabled", cli="disabled",
        seat_breakdown={"total": 2, "active_this_cycle": 1, "inactive_this_cycle": 1},
    )  # fmt: skip
    seats = [
        make("copilot-seat-details", assignee=grace, created_at="2026-01-01T00:00:00Z",
             last_activity_at="2026-11-18T08:00:00Z", last_activity_editor="vscode/1.99/copilot/1"),
        make("copilot-seat-details", assignee=ada, created_at="2026-01-01T00:00:00Z"),
    ]  # fmt: skip
    gpu = make("runner", id=5, name="build-5", os="linux", status="online", runner_group_id=2,
               labels=[{"name": "self-hosted"}, {"name": "gpu"}, {"name": "cuda12"}])  # fmt: skip
    plain = make("runner", id=6, name="build-6", os="linux", status="online", labels=[])
    group = make("runner-groups-org", id=2, name="accelerated", visibility="all",
                 allows_public_repositories=True)  # fmt: skip
    hosted = make(
        "actions-hosted-runner", id=9, name="trainer", status="Ready", platform="linux-x64",
        machine_size_details=make("actions-hosted-runner-machine-spec", id="4-core-gpu-t4"),
    )  # fmt: skip
    pat = make(
        "organization-programmatic-access-grant", id=1, token_id=77, token_name="OPENAI_SYNC",
        owner=grace, permissions={"repository": {"contents": "read"}},
        access_granted_at="2026-10-01T00:00:00Z", token_last_used_at="2026-11-01T00:00:00Z",
    )  # fmt: skip
    sso = make(
        "credential-authorization", login="grace", credential_id=8, scopes=["repo"],
        credential_type="OAuth app token", authorized_credential_title="CodeRabbit",
        credential_authorized_at="2026-10-01T00:00:00Z",
    )  # fmt: skip

    def lease(request: Request) -> Any:
        made = f"{APP_TOKEN}{len(github.leases)}"
        github.leases.append(made)
        github.tokens = {TOKEN, made}
        body = make("installation-token", token=made, expires_at=github.expires_at)
        return Reply(body, 201)

    def installations(request: Request) -> Any:
        kind = "selected" if github.is_selected else "all"
        # The description wants the fields of a person and of an enterprise at once.
        account = {**make("enterprise"), **person("acme"), "type": "Organization"}
        return Paged([make("installation", id=42, account=account, repository_selection=kind)])

    def log(request: Request) -> Any:
        found = re.fullmatch(r"created:(\S+?)\.\.(\S+)", request.query["phrase"])
        assert found is not None, request.query
        first, last = (datetime.fromisoformat(t).timestamp() * 1000 for t in found.groups())
        chosen = [e for e in github.events if first <= e["@timestamp"] <= last + 999]
        if request.query["include"] == "web":
            chosen = [e for e in chosen if not e["action"].startswith("git.")]
        return Paged(sorted(chosen, key=lambda e: e["@timestamp"]))

    org, repo = "GET /orgs/{org}", "GET /repos/{owner}/{repo}"
    of_org = {
        f"{org}": lambda r: make("organization-full", login="acme", plan={
            "name": "enterprise", "space": 0, "private_repos": 0}),
        f"{org}/repos": lambda r: Paged(repositories),
        f"{org}/teams": lambda r: Paged([team]),
        f"{org}/teams/{{team_slug}}/members": lambda r: Paged(
            [make("team-member", login="grace", type="User")]
            if r.query.get("role") == "maintainer" else
            [make("team-member", login="ada", type="User")]),
        f"{org}/teams/{{team_slug}}/repos": lambda r: Paged([
            repository("acme/app", role_name="admin"),
            repository("acme/old", role_name="read")]),
        f"{org}/actions/secrets": lambda r: _listed(
            _secrets("organization-actions-secret", "ANTHROPIC_API_KEY", "DEPLOY_KEY"), "secrets"),
        f"{org}/actions/variables": lambda r: _listed(
            _variables("organization-actions-variable", MODEL="gpt-4o", COLOUR="blue"),
            "variables"),
        f"{org}/dependabot/secrets": lambda r: _listed(
            _secrets("organization-dependabot-secret", "HF_TOKEN"), "secrets"),
        f"{org}/codespaces/secrets": lambda r: _listed(
            _secrets("codespaces-org-secret", "MISTRAL_API_KEY"), "secrets"),
        f"{org}/agents/secrets": lambda r: _listed(
            _secrets("organization-actions-secret", "COPILOT_MCP_OPENAI_API_KEY"), "secrets"),
        f"{org}/agents/variables": lambda r: _listed(
            _variables("organization-actions-variable", COPILOT_MCP_URL="https://mcp.example"),
            "variables"),
        f"{org}/copilot/billing": lambda r: copilot,
        f"{org}/copilot/billing/seats": lambda r: Paged(
            seats, at="seats", around={"total_seats": 2}),
        f"{org}/copilot/content_exclusion": lambda r: {"app": ["/secrets/**", "*.pem"]},
        f"{org}/copilot/coding-agent/permissions": lambda r: {"enabled_repositories": "all"},
        f"{org}/installations": lambda r: _listed([
            make("installation", id=1, app_slug="coderabbitai", app_id=7, permissions=app_rights,
                 created_at="2026-01-01T00:00:00Z", account=person("acme")),
            make("installation", id=2, app_slug="linter", app_id=8, permissions={},
                 created_at="2026-01-01T00:00:00Z", account=person("acme"))], "installations"),
        f"{org}/personal-access-tokens": lambda r: Paged([pat]),
        f"{org}/credential-authorizations": lambda r: Paged([sso]),
        f"{org}/actions/runners": lambda r: _listed([gpu, plain], "runners"),
        f"{org}/actions/runner-groups": lambda r: _listed([group], "runner_groups"),
        f"{org}/actions/hosted-runners": lambda r: _listed([hosted], "runners"),
        f"{org}/audit-log": log,
    }  # fmt: skip
    environment = f"{repo}/environments/{{environment_name}}"
    of_repo = {
        f"{repo}/environments": lambda r: _listed(
            [make("environment", name="production/eu", id=1), make("environment", name="staging")],
            "environments"),
        f"{environment}/secrets": lambda r: _listed(
            _secrets("actions-secret", "COHERE_API_KEY"), "secrets"),
        f"{environment}/variables": lambda r: _listed(
            _variables("actions-variable", LLM_MODEL="claude-sonnet-4-5"), "variables"),
        f"{repo}/actions/secrets": lambda r: _listed(
            _secrets("actions-secret", "OPENAI_API_KEY"), "secrets"),
        f"{repo}/actions/variables": lambda r: _listed(
            _variables("actions-variable", ANTHROPIC_API_KEY=SETTING_KEY), "variables"),
        f"{repo}/actions/runners": lambda r: _listed([], "runners"),
        f"{repo}/dependabot/secrets": lambda r: _listed(
            _secrets("dependabot-secret", "GROQ_API_KEY"), "secrets"),
        f"{repo}/codespaces/secrets": lambda r: _listed(
            _secrets("repo-codespaces-secret", "XAI_API_KEY"), "secrets"),
        f"{repo}/agents/secrets": lambda r: _listed(_secrets("actions-secret"), "secrets"),
        f"{repo}/agents/variables": lambda r: _listed(_variables("actions-variable"), "variables"),
        f"{repo}/collaborators": lambda r: Paged([
            make("collaborator", login="ada", role_name="admin", type="User"),
            make("collaborator", login="reader", role_name="read", type="User")]),
    }  # fmt: skip
    return {
        **of_org,
        **of_repo,
        "GET /users/{username}/repos": lambda r: Paged([repository("ada/dotfiles")]),
        "GET /user/repos": lambda r: Paged([
            {**make("repository"), **repository("ada/private"), "clone_url": "https://evil.example"}
        ]),
        "GET /enterprises/{enterprise}/org-properties/values": lambda r: Paged([
            make("custom-properties-for-orgs-get-enterprise-property-values",
                 organization_login="acme", organization_id=1)]),
        "GET /enterprises/{enterprise}/audit-log": log,
        "GET /app/installations": installations,
        "POST /app/installations/{installation_id}/access_tokens": lease,
    }  # fmt: skip


def pager(forge: Forge, path: str, request: Request, paged: Paged) -> Reply:
    """Page numbers, at most 20 a page so that there are some; the log by an opaque cursor, as its
    page says. The links lead elsewhere: only their queries may be used."""
    if not path.endswith("/audit-log"):
        reply = pages_by_number(forge, path, _small(request), paged)
        link = reply.headers.get("Link", "").replace(forge.url, "https://forge.internal")
        headers = {"Link": link} if link else {}
        return Reply(reply.body, headers=headers)
    start = int(bytes.fromhex(request.query["after"]).decode()) if "after" in request.query else 0
    part = paged.records[start : start + 20]
    headers = {}
    if start + 20 < len(paged.records):
        query = urlencode({**request.query, "after": str(start + 20).encode().hex()})
        headers["Link"] = f'<{forge.url}{path}?{query}>; rel="next"'
    return Reply(part, headers=headers)


def _small(request: Request) -> Request:
    # As many a page as may be, and then what the link of the page before said.
    assert request.query.get("per_page") in ("100", "1", "2"), request.query
    return Request(request.operation, request.path, {**request.query, "per_page": "2"},
                   request.headers, request.body)  # fmt: skip


@contextmanager
def github(
    folder: Path,
    *,
    repositories: Callable[[GitHub], list[dict[str, Any]]] | None = None,
    etags: bool = False,
) -> Iterator[GitHub]:
    """``repositories``: others instead of the organization's three."""
    if repositories is None:
        seed(folder / "git", *_REPOSITORIES, "ada/dotfiles", "ada/private")
    made: list[GitHub] = []

    def may_clone(authorization: str, repository: str) -> bool:
        given = {f"Basic {b64encode(f'x-access-token:{t}'.encode()).decode()}"
                 for t in made[0].tokens}  # fmt: skip
        return authorization in given

    def may_ask(request: Request) -> Reply | None:
        if request.operation.partition(" ")[2].startswith("/app/"):
            is_proof = request.token.count(".") == 2
            return None if is_proof else Reply({"message": "A JSON web token is needed"}, 401)
        if request.token in made[0].tokens:
            return None
        return Reply({"message": "Bad credentials"}, 401)

    handlers: dict[str, Handler] = {}
    with git_host(folder / "git", may_clone) as git:
        made.append(GitHub(None, git, events()))  # type: ignore[arg-type]
        handlers |= world(made[0])
        if repositories is not None:
            records = repositories(made[0])
            handlers["GET /orgs/{org}/repos"] = lambda r: Paged(records)
        with forge_api("github", handlers, authorized=may_ask, pager=pager, etags=etags) as forge:
            made[0].forge = forge
            yield made[0]


__all__ = ["APP_TOKEN", "NOW", "SPEC", "GitHub", "event", "github", "make", "repository"]
