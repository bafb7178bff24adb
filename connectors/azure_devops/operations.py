"""What is asked of Azure DevOps, why, and the scope for it (the `oauth2` scopes of
https://learn.microsoft.com/rest/api/azure/devops/, paths as in its published descriptions; on
Server the organization is a collection)."""

from __future__ import annotations

from scanner.kit.contract import Operation

VERSION = {"api-version": "7.1"}
PREVIEW = {"api-version": "7.1-preview.1"}
"""Of extensions and the audit log."""
_ORG = "GET /{organization}/_apis"
_IN = "GET /{organization}/{project}/_apis"

PROJECTS = f"{_ORG}/projects"
REPOSITORIES = f"{_IN}/git/repositories"
PUSHES = f"{_IN}/git/repositories/{{repositoryId}}/pushes"
TEAMS = f"{_ORG}/projects/{{projectId}}/teams"
MEMBERS = f"{_ORG}/projects/{{projectId}}/teams/{{teamId}}/members"
POLICIES = f"{_IN}/git/policy/configurations"
VARIABLE_GROUPS = f"{_IN}/distributedtask/variablegroups"
ENVIRONMENTS = f"{_IN}/distributedtask/environments"
CONNECTIONS = f"{_IN}/serviceendpoint/endpoints"
POOLS = f"{_ORG}/distributedtask/pools"
AGENTS = f"{_ORG}/distributedtask/pools/{{poolId}}/agents"
EXTENSIONS = f"{_ORG}/extensionmanagement/installedextensions"
AUDIT = f"{_ORG}/audit/auditlog"

OPERATIONS = tuple(
    Operation(id=ident, permission=permission, reason=reason)
    for ident, permission, reason in (
        (PROJECTS, "vso.project", "projects of an organization"),
        (REPOSITORIES, "vso.code", "repositories of a project"),
        (PUSHES, "vso.code", "the last push, where `filters.pushed_since_days` asks for it"),
        (TEAMS, "vso.project", "teams of a project"),
        (MEMBERS, "vso.project", "administrators of the project's teams"),
        (POLICIES, "vso.code", "who must review changes of a repository"),
        (VARIABLE_GROUPS, "vso.variablegroups_read", "names of variables"),
        (ENVIRONMENTS, "vso.environment_manage (there is none that only reads); Reader",
         "environments of a project"),
        (CONNECTIONS, "vso.serviceendpoint", "which services pipelines are connected to"),
        (POOLS, "vso.agentpools", "agent pools of one's own"),
        (AGENTS, "vso.agentpools", "agents with accelerators"),
        (EXTENSIONS, "vso.extension", "extensions that are installed"),
        (AUDIT, "vso.auditlog; View audit log", "who let which application in"),
    )
)  # fmt: skip
EXTENSION_OPERATIONS = tuple(o for o in OPERATIONS if o.id == EXTENSIONS)
AUDIT_OPERATIONS = tuple(o for o in OPERATIONS if o.id == AUDIT)
