"""What is asked of Gitea and Forgejo, why, and the token's scope for it
(https://docs.gitea.com/development/oauth2-provider#scopes; paths as in `/swagger.v1.json`)."""

from __future__ import annotations

from scanner.kit.contract import Operation

_API = "GET /api/v1"
ORG_REPOS = f"{_API}/orgs/{{org}}/repos"
SEARCH = f"{_API}/repos/search"
ORGS = f"{_API}/orgs"
ORG_TEAMS = f"{_API}/orgs/{{org}}/teams"
TEAM_MEMBERS = f"{_API}/teams/{{id}}/members"
ORG_SECRETS = f"{_API}/orgs/{{org}}/actions/secrets"
ORG_VARIABLES = f"{_API}/orgs/{{org}}/actions/variables"
ORG_RUNNERS = f"{_API}/orgs/{{org}}/actions/runners"
ORG_HOOKS = f"{_API}/orgs/{{org}}/hooks"
REPO_TEAMS = f"{_API}/repos/{{owner}}/{{repo}}/teams"
COLLABORATORS = f"{_API}/repos/{{owner}}/{{repo}}/collaborators"
PERMISSION = f"{_API}/repos/{{owner}}/{{repo}}/collaborators/{{collaborator}}/permission"
REPO_SECRETS = f"{_API}/repos/{{owner}}/{{repo}}/actions/secrets"
REPO_VARIABLES = f"{_API}/repos/{{owner}}/{{repo}}/actions/variables"
REPO_RUNNERS = f"{_API}/repos/{{owner}}/{{repo}}/actions/runners"
REPO_HOOKS = f"{_API}/repos/{{owner}}/{{repo}}/hooks"
ALL_RUNNERS = f"{_API}/admin/actions/runners"
ALL_HOOKS = f"{_API}/admin/hooks"
OAUTH = f"{_API}/user/applications/oauth2"

_ORG = "read:organization; owner of the organization"
_REPO = "read:repository; administrator of the repository"
_ADMIN = "read:admin; site administrator"

OPERATIONS = tuple(
    Operation(id=ident, permission=permission, reason=reason)
    for ident, permission, reason in (
        (ORG_REPOS, "read:organization, read:repository", "repositories of an organization"),
        (SEARCH, "read:repository; site administrator for all", "every repository"),
        (ORGS, "read:organization", "the organizations of an instance"),
        (ORG_TEAMS, "read:organization", "teams that own or administer"),
        (TEAM_MEMBERS, "read:organization", "who is in them"),
        (ORG_SECRETS, _ORG, "names of Actions secrets"),
        (ORG_VARIABLES, _ORG, "names of Actions variables"),
        (ORG_RUNNERS, _ORG, "runners with accelerators"),
        (ORG_HOOKS, _ORG, "where web hooks lead"),
        (REPO_TEAMS, "read:repository", "teams that own or administer it"),
        (COLLABORATORS, "read:repository", "people with access of their own"),
        (PERMISSION, _REPO, "which of them administer it"),
        (REPO_SECRETS, _REPO, "names of Actions secrets"),
        (REPO_VARIABLES, _REPO, "names of Actions variables"),
        (REPO_RUNNERS, _REPO, "runners with accelerators"),
        (REPO_HOOKS, _REPO, "where web hooks lead"),
        (ALL_RUNNERS, _ADMIN, "runners with accelerators"),
        (ALL_HOOKS, _ADMIN, "where web hooks of the instance lead"),
        (OAUTH, "read:user", "OAuth2 applications of the token's own user"),
    )
)
