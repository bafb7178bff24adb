"""A made-up organization of Azure DevOps: two projects, repositories, teams, pools and a log."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.azure_devops import operations as op
from tests.forge_rig.api import Forge, Handler, Paged, Reply, Request, forge_api
from tests.forge_rig.githost import GitHost, git_host
from tests.forge_rig.seeded import SETTING_KEY, TOKEN, seed

PAT = "Basic " + b64encode(f":{TOKEN}".encode()).decode()
SIGN_IN = Reply(raw=b"<html>Sign in</html>", status=203, headers={"Content-Type": "text/html"})


@dataclass
class AzureDevOps:
    forge: Forge
    git: GitHost
    events: list[dict[str, Any]]


def pager(forge: Forge, path: str, request: Request, paged: Paged) -> Reply:
    """Two a page: by `$skip` where it was given, else by a token; a page between may be empty."""
    skip = request.query.get("$skip")
    if skip is not None:
        size = min(2, int(request.query["$top"]))
        size = int(request.query["$top"]) if path.endswith("/teams") else size
        part = paged.records[int(skip) : int(skip) + size]
        return Reply({"count": len(part), "value": part})
    start = int(request.query.get("continuationToken", "0"))
    if start == 0 and len(paged.records) > 2:
        empty = {"x-ms-continuationtoken": "1"}
        return Reply({"count": 0, "value": []}, headers=empty)
    start = max(0, start - 1)
    part = paged.records[start : start + 2]
    headers = {}
    if start + 2 < len(paged.records):
        headers["x-ms-continuationtoken"] = str(start + 3)
    return Reply({"count": len(part), "value": part}, headers=headers)


def repository(url: str, name: str, **given: Any) -> dict[str, Any]:
    return {
        "id": f"id-{name}",
        "name": name,
        "project": {"id": "p1", "name": "Shop", "visibility": "private"},
        "defaultBranch": "refs/heads/main",
        "size": 4096,
        "remoteUrl": f"http://acme@{url.removeprefix('http://')}/acme/Shop/_git/{name}",
        "webUrl": f"{url}/acme/Shop/_git/{name}",
        "isDisabled": False,
        "isFork": False,
        "isInMaintenance": False,
        **given,
    }


def event(number: int, at: str, action: str, **data: Any) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "timestamp": at,
        "actionId": action,
        "actorUserId": "u1",
        "actorUPN": "Ada@acme.example",
        "actorDisplayName": "Ada",
        "actorClientId": "00000000-0000-0000-0000-000000000000",
        "data": data,
    }


def events() -> list[dict[str, Any]]:
    made = [event(n, f"2026-{9 + n % 3:02d}-{n % 10 + 5:02d}T10:00:00.123Z", "Extension.Installed",
                  ExtensionName="CodeRabbit") for n in range(9)]  # fmt: skip
    made.append(event(50, "2026-11-20T11:58:30.5Z", "Extension.Installed",
                      ExtensionName="CodeRabbit"))  # fmt: skip
    made.append(event(51, "2026-11-20T11:59:00.5Z", "Git.RefUpdatePoliciesBypassed"))
    return made


def world(url: str, log: list[dict[str, Any]]) -> dict[str, Handler]:
    shop = [
        repository(url, "app"),
        repository(url, "old", isFork=True,
                   project={"id": "p1", "name": "Shop", "visibility": "public"}),
        repository(url, "empty", size=0, defaultBranch=""),
    ]  # fmt: skip
    for record in shop[2:]:
        del record["defaultBranch"]
    pushed = {"id-app": "2026-11-01T00:00:00Z", "id-old": "2020-01-01T00:00:00Z"}
    projects = [{"id": f"p{n}", "name": name, "state": "wellFormed"}
                for n, name in enumerate(("Shop", "Lab", "Void"), start=1)]  # fmt: skip
    teams = [{"id": "t1", "name": "Shop Team"}]
    members = [
        {"isTeamAdmin": True, "identity": {"id": "u1", "displayName": "Ada",
                                           "uniqueName": "Ada@acme.example"}},
        {"isTeamAdmin": False, "identity": {"id": "u2", "displayName": "Bob",
                                            "uniqueName": "bob@acme.example"}},
        {"isTeamAdmin": True, "identity": {"id": "g1", "displayName": "[acme]\\Leads",
                                           "uniqueName": "vstfs:///x", "isContainer": True}},
    ]  # fmt: skip
    groups = [
        {"id": 1, "name": "prod", "type": "Vsts", "variables": {
            "OPENAI_API_KEY": {"value": None, "isSecret": True},
            "CLAUDE": {"value": SETTING_KEY, "isSecret": False},
            "REGION": {"value": "eu"}}},
        {"id": 2, "name": "vault", "type": "AzureKeyVault", "variables": {
            "MISTRAL-API-KEY": {"value": None}}},
    ]  # fmt: skip
    connections = [
        {"id": "c1", "name": "llm", "type": "generic", "isReady": True, "isShared": True,
         "url": "https://api.openai.com/v1", "authorization": {"scheme": "UsernamePassword"},
         "data": {"apikey": SETTING_KEY, "deployment": "gpt-4o"}},
        {"id": "c2", "name": "azure", "type": "azurerm", "isReady": True,
         "url": "https://management.azure.com/", "authorization": {"scheme": "ServicePrincipal"},
         "data": {"environment": "AzureCloud"}},
    ]  # fmt: skip
    policies = [
        {"id": 1, "isEnabled": True, "type": {"id": "fd2167ab-b0be-447a-8ec8-39368250530e"},
         "settings": {"requiredReviewerIds": ["u9"]}},
        {"id": 2, "isEnabled": False, "type": {"id": "fd2167ab-b0be-447a-8ec8-39368250530e"},
         "settings": {"requiredReviewerIds": ["u8"]}},
        {"id": 3, "isEnabled": True, "type": {"id": "other"}, "settings": {}},
    ]  # fmt: skip
    agents = [
        {"id": 7, "name": "box", "status": "online", "version": "3.1",
         "systemCapabilities": {"Agent.Name": "box", "CUDA_PATH": "/usr/local/cuda"},
         "userCapabilities": {"card": "A100", "api_token": "gpu-token"}},
        {"id": 8, "name": "plain", "status": "offline", "version": "3.1",
         "systemCapabilities": {"Agent.Name": "plain"}},
    ]  # fmt: skip
    extensions = [
        {"publisherId": "CodeRabbitAI", "extensionId": "coderabbit", "extensionName": "CodeRabbit",
         "baseUri": "https://coderabbit.ai/ado", "scopes": ["vso.code"], "flags": "trusted",
         "installState": {"flags": "none"}},
        {"publisherId": "ms", "extensionId": "boards", "extensionName": "Boards",
         "flags": "builtIn, trusted"},
    ]  # fmt: skip

    def listed(records: list[Any]) -> dict[str, Any]:
        return {"count": len(records), "value": records}

    def pushes(request: Request) -> Any:
        at = pushed.get(request.path["repositoryId"])
        return listed([{"date": at, "pushId": 1}] if at else [])

    def audit(request: Request) -> Any:
        first, last = request.query["startTime"], request.query["endTime"]
        mine = [e for e in reversed(log) if first <= e["timestamp"][:19] + "Z" <= last]
        start = int(request.query.get("continuationToken", "0"))
        more = start + 2 < len(mine)
        return {"decoratedAuditLogEntries": mine[start : start + 2], "hasMore": more,
                "continuationToken": str(start + 2) if more else ""}  # fmt: skip

    return {
        op.PROJECTS: lambda r: Paged(projects),
        op.REPOSITORIES: lambda r: listed(shop if r.path["project"] == "Shop" else []),
        op.PUSHES: pushes,
        op.TEAMS: lambda r: Paged(teams if r.path["projectId"] == "Shop" else []),
        op.MEMBERS: lambda r: listed(members if r.query["$skip"] == "0" else []),
        op.POLICIES: lambda r: Paged(policies),
        op.VARIABLE_GROUPS: lambda r: Paged(groups if r.path["project"] == "Shop" else []),
        op.ENVIRONMENTS: lambda r: Paged([{"id": 1, "name": "shop-prod"}, {"id": 2, "name": "qa"}]),
        op.CONNECTIONS: lambda r: listed(connections if r.path["project"] == "Shop" else []),
        op.POOLS: lambda r: listed([{"id": 1, "name": "Azure Pipelines", "isHosted": True},
                                    {"id": 2, "name": "Own", "isHosted": False}]),
        op.AGENTS: lambda r: listed(agents),
        op.EXTENSIONS: lambda r: listed(extensions),
        op.AUDIT: audit,
    }  # fmt: skip


@contextmanager
def azure_devops(folder: Path) -> Iterator[AzureDevOps]:
    seed(folder / "git", "acme/Shop/_git/app", "acme/Shop/_git/old")
    log = events()

    def authorized(request: Request) -> Reply | None:
        return None if request.headers.get("authorization") == PAT else SIGN_IN

    with (
        git_host(folder / "git", lambda given, name: given == PAT) as git,
        forge_api("azure_devops", world(git.url, log), authorized=authorized, pager=pager) as forge,
    ):
        yield AzureDevOps(forge, git, log)
