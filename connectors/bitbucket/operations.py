"""What is asked of Bitbucket, why, and what it takes.

Cloud: https://developer.atlassian.com/cloud/bitbucket/rest/ (scopes of API tokens and of access
tokens). Data Center: https://developer.atlassian.com/server/bitbucket/rest/ (permissions of the
token's user); its audit log is a REST resource of its own
(https://support.atlassian.com/bitbucket-data-center/kb/how-to-retrieve-all-audit-entries-using-the-audit-log-api-in-bitbucket-server-and-data-center/).
"""

from __future__ import annotations

from scanner.kit.contract import Operation

_CLOUD = "GET /2.0"
_REPO = f"{_CLOUD}/repositories/{{workspace}}/{{repo_slug}}"
_SPACE = f"{_CLOUD}/workspaces/{{workspace}}"
REPOSITORIES = f"{_CLOUD}/repositories/{{workspace}}"
SPACE_VARIABLES = f"{_SPACE}/pipelines-config/variables"
SPACE_RUNNERS = f"{_SPACE}/pipelines-config/runners"
SPACE_HOOKS = f"{_SPACE}/hooks"
SPACE_OWNERS = f"{_SPACE}/permissions"
REPO_USERS = f"{_REPO}/permissions-config/users"
REPO_GROUPS = f"{_REPO}/permissions-config/groups"
REPO_REVIEWERS = f"{_REPO}/effective-default-reviewers"
REPO_VARIABLES = f"{_REPO}/pipelines_config/variables"
REPO_RUNNERS = f"{_REPO}/pipelines-config/runners"
REPO_HOOKS = f"{_REPO}/hooks"
ENVIRONMENTS = f"{_REPO}/environments"
DEPLOYMENT_VARIABLES = f"{_REPO}/deployments_config/environments/{{environment_uuid}}/variables"

_SERVER = "GET /rest/api/latest"
_PROJECT = f"{_SERVER}/projects/{{projectKey}}"
_SLUG = f"{_PROJECT}/repos/{{repositorySlug}}"
PROJECTS = f"{_SERVER}/projects"
SERVER_REPOS = f"{_PROJECT}/repos"
LABELS = f"{_SLUG}/labels"
COMMITS = f"{_SLUG}/commits"
PROJECT_USERS = f"{_PROJECT}/permissions/users"
PROJECT_GROUPS = f"{_PROJECT}/permissions/groups"
PROJECT_HOOKS = f"{_PROJECT}/webhooks"
SERVER_USERS = f"{_SLUG}/permissions/users"
SERVER_GROUPS = f"{_SLUG}/permissions/groups"
SERVER_HOOKS = f"{_SLUG}/webhooks"
CONDITIONS = (
    "GET /rest/default-reviewers/latest/projects/{projectKey}/repos/{repositorySlug}/conditions"
)
AUDIT = "GET /rest/auditing/1.0/events"

_READ = "read:repository:bitbucket"
_ADMIN = "admin:repository:bitbucket; administrator of the repository"
_SPACE_ADMIN = "administrator of the workspace"
_PIPELINES = "read:pipeline:bitbucket"

CLOUD = tuple(
    Operation(id=ident, permission=permission, reason=reason)
    for ident, permission, reason in (
        (REPOSITORIES, _READ, "repositories of a workspace"),
        (SPACE_VARIABLES, f"{_PIPELINES}; {_SPACE_ADMIN}", "names of pipeline variables"),
        (SPACE_RUNNERS, f"read:runner:bitbucket; {_SPACE_ADMIN}", "runners with accelerators"),
        (SPACE_HOOKS, "read:webhook:bitbucket, read:workspace:bitbucket", "where web hooks lead"),
        (SPACE_OWNERS, f"read:workspace:bitbucket; {_SPACE_ADMIN}", "owners of the workspace"),
        (REPO_USERS, _ADMIN, "people who administer it"),
        (REPO_GROUPS, _ADMIN, "groups that administer it"),
        (REPO_REVIEWERS, "read:pullrequest:bitbucket", "who reviews changes by default"),
        (REPO_VARIABLES, f"{_PIPELINES}; administrator of the repository", "names of variables"),
        (REPO_RUNNERS, "read:runner:bitbucket", "runners with accelerators"),
        (REPO_HOOKS, "read:webhook:bitbucket", "where web hooks lead"),
        (ENVIRONMENTS, _PIPELINES, "whether it is in production"),
        (DEPLOYMENT_VARIABLES, f"{_PIPELINES}; administrator of the repository",
         "names of deployment variables"),
    )
)  # fmt: skip
SERVER = tuple(
    Operation(id=ident, permission=permission, reason=reason)
    for ident, permission, reason in (
        (PROJECTS, "PROJECT_READ", "projects of the server"),
        (SERVER_REPOS, "REPO_READ", "repositories of a project"),
        (LABELS, "REPO_READ", "labels, where `filters.topics` asks for them"),
        (COMMITS, "REPO_READ", "the last commit, where `filters.pushed_since_days` asks for it"),
        (PROJECT_USERS, "PROJECT_ADMIN", "people who administer a project"),
        (PROJECT_GROUPS, "PROJECT_ADMIN", "groups that administer a project"),
        (PROJECT_HOOKS, "PROJECT_ADMIN", "where web hooks lead"),
        (SERVER_USERS, "REPO_ADMIN", "people who administer it"),
        (SERVER_GROUPS, "REPO_ADMIN", "groups that administer it"),
        (SERVER_HOOKS, "REPO_ADMIN", "where web hooks lead"),
        (CONDITIONS, "REPO_READ", "who reviews changes by default"),
        (AUDIT, "ADMIN", "who let which application in"),
    )
)
OPERATIONS = CLOUD + SERVER
