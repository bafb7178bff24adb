"""What is asked of GitLab, why, and what it takes: the REST API v4
(https://docs.gitlab.com/api/rest/; paths as in its OpenAPI description)."""

from __future__ import annotations

from scanner.kit.contract import Operation

_OWNER = "read_api; Owner of the group"
_MAINTAINER = "read_api; Maintainer of the project"
_ADMIN = "read_api; administrator (read_admin_mode where admin mode is on)"

GROUP_PROJECTS = "GET /api/v4/groups/{id}/projects"
SUBGROUPS = "GET /api/v4/groups/{id}/subgroups"
PROJECTS = "GET /api/v4/projects"
GROUP = "GET /api/v4/groups/{id}"
GROUP_VARIABLES = "GET /api/v4/groups/{id}/variables"
GROUP_MEMBERS = "GET /api/v4/groups/{id}/members"
GROUP_INTEGRATIONS = "GET /api/v4/groups/{id}/integrations"
GROUP_RUNNERS = "GET /api/v4/groups/{id}/runners"
GROUP_HOOKS = "GET /api/v4/groups/{id}/hooks"
GROUP_AUDIT = "GET /api/v4/groups/{id}/audit_events"
PROJECT_VARIABLES = "GET /api/v4/projects/{id}/variables"
PROJECT_ENVIRONMENTS = "GET /api/v4/projects/{id}/environments"
PROJECT_MEMBERS = "GET /api/v4/projects/{id}/members"
PROJECT_INTEGRATIONS = "GET /api/v4/projects/{id}/integrations"
PROJECT_HOOKS = "GET /api/v4/projects/{id}/hooks"
PROJECT_RUNNERS = "GET /api/v4/projects/{id}/runners"
APPROVAL_RULES = "GET /api/v4/projects/{id}/approval_rules"
RUNNER = "GET /api/v4/runners/{id}"
INSTANCE_SETTINGS = "GET /api/v4/application/settings"
INSTANCE_VARIABLES = "GET /api/v4/admin/ci/variables"
INSTANCE_RUNNERS = "GET /api/v4/runners/all"
APPLICATIONS = "GET /api/v4/applications"
INSTANCE_AUDIT = "GET /api/v4/audit_events"


def _operation(ident: str, permission: str, reason: str) -> Operation:
    return Operation(id=ident, permission=permission, reason=reason)


OPERATIONS = (
    _operation(GROUP_PROJECTS, "read_api; read_repository", "projects of a group and below it"),
    _operation(SUBGROUPS, "read_api", "groups below one with more than 50,000 projects"),
    _operation(PROJECTS, "read_api; read_repository", "every project of an instance"),
    _operation(GROUP, _OWNER, "whether GitLab Duo is on"),
    _operation(GROUP_VARIABLES, _OWNER, "names of CI/CD variables"),
    _operation(GROUP_MEMBERS, "read_api", "owners and maintainers"),
    _operation(GROUP_INTEGRATIONS, _OWNER, "integrations that are on"),
    _operation(GROUP_HOOKS, f"{_OWNER} (Premium)", "where web hooks lead"),
    _operation(GROUP_RUNNERS, _OWNER, "runners with accelerators"),
    _operation(GROUP_AUDIT, f"{_OWNER} (Premium)", "who let which application in"),
    _operation(PROJECT_VARIABLES, _MAINTAINER, "names of CI/CD variables"),
    _operation(PROJECT_ENVIRONMENTS, "read_api; Reporter", "whether it is in production"),
    _operation(PROJECT_MEMBERS, "read_api", "owners and maintainers"),
    _operation(PROJECT_INTEGRATIONS, _MAINTAINER, "integrations that are on"),
    _operation(PROJECT_HOOKS, _MAINTAINER, "where web hooks lead"),
    _operation(PROJECT_RUNNERS, _MAINTAINER, "runners with accelerators"),
    _operation(APPROVAL_RULES, "read_api; Developer (Premium)", "who must approve changes"),
    _operation(RUNNER, _MAINTAINER, "tags of a runner"),
    _operation(INSTANCE_SETTINGS, _ADMIN, "whether GitLab Duo is on"),
    _operation(INSTANCE_VARIABLES, _ADMIN, "names of CI/CD variables"),
    _operation(INSTANCE_RUNNERS, _ADMIN, "runners with accelerators"),
    _operation(APPLICATIONS, _ADMIN, "OAuth applications of the instance"),
    _operation(INSTANCE_AUDIT, f"{_ADMIN} (Premium)", "who let which application in"),
)
