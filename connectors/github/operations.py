"""What the connector may call: every operation with the permission to grant and the reason.

Permissions are written as "classic scope / fine-grained permission"
(https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens).
Refuses nothing itself; the session compares calls with this table.
"""

from __future__ import annotations

from scanner.kit.contract import Operation

_ORG = "admin:org / organization"
_READ_ORG = "read:org / organization"
_REPO = "repo / repository"

_TABLE: tuple[tuple[str, str, str], ...] = (
    ("GET /orgs/{org}/repos", f"{_REPO} Metadata: read",
     "the organization's repositories"),
    ("GET /users/{username}/repos", f"{_REPO} Metadata: read", "a person's public repositories"),
    ("GET /user/repos", f"{_REPO} Metadata: read", "the token owner's own repositories"),
    ("GET /enterprises/{enterprise}/org-properties/values",
     "read:enterprise / enterprise Custom properties for organizations: read",
     "which organizations the enterprise has"),
    ("GET /app/installations", "the app's own key",
     "which organizations the app is installed in"),
    ("POST /app/installations/{installation_id}/access_tokens", "the app's own key",
     "an hour's read access for one organization, for the app's signed proof of identity"),
    ("GET /orgs/{org}/teams", f"{_READ_ORG} Members: read", "teams, who may own repositories"),
    ("GET /orgs/{org}/teams/{team_slug}/members", f"{_READ_ORG} Members: read",
     "who is in a team, and who maintains it"),
    ("GET /orgs/{org}/teams/{team_slug}/repos", f"{_READ_ORG} Members: read",
     "which repositories a team administers: owners"),
    ("GET /orgs/{org}/actions/secrets", f"{_ORG} Secrets: read",
     "names of secrets (never values)"),
    ("GET /orgs/{org}/actions/variables", f"{_ORG} Variables: read",
     "names and values of variables: models, endpoints"),
    ("GET /orgs/{org}/dependabot/secrets", f"{_ORG} Organization dependabot secrets: read",
     "names of secrets"),
    ("GET /orgs/{org}/codespaces/secrets", f"{_ORG} Organization codespaces secrets: read",
     "names of secrets"),
    ("GET /orgs/{org}/agents/secrets", f"{_ORG} Agent secrets: read",
     "names of what coding agents are given"),
    ("GET /orgs/{org}/agents/variables", f"{_ORG} Agent variables: read",
     "what coding agents are given"),
    ("GET /orgs/{org}/copilot/billing",
     "manage_billing:copilot / organization GitHub Copilot Business: read",
     "Copilot's plan, seats and policies"),
    ("GET /orgs/{org}/copilot/billing/seats",
     "manage_billing:copilot / organization GitHub Copilot Business: read",
     "who uses Copilot, and when last"),
    ("GET /orgs/{org}/copilot/content_exclusion",
     "copilot / organization Copilot content exclusion: read",
     "what Copilot must not read"),
    ("GET /orgs/{org}/copilot/coding-agent/permissions",
     f"{_ORG} Copilot agent settings: read", "where Copilot's coding agent may work"),
    ("GET /orgs/{org}/installations", f"{_ORG} Administration: read",
     "installed apps and what they may do"),
    ("GET /orgs/{org}/personal-access-tokens",
     "(apps only) / organization Personal access tokens: read",
     "fine-grained tokens that reach the organization"),
    ("GET /orgs/{org}/credential-authorizations", f"{_ORG} Administration: read",
     "tokens and OAuth apps that single sign-on lets in"),
    ("GET /orgs/{org}/actions/runners", f"{_ORG} Self-hosted runners: read",
     "runners with accelerators"),
    ("GET /orgs/{org}/actions/runner-groups", f"{_ORG} Self-hosted runners: read",
     "who may use a runner"),
    ("GET /orgs/{org}/actions/hosted-runners", f"{_ORG} Hosted runners: read",
     "larger hosted runners with accelerators"),
    ("GET /repos/{owner}/{repo}/environments", f"{_REPO} Actions: read",
     "what is deployed to production"),
    ("GET /repos/{owner}/{repo}/environments/{environment_name}/secrets",
     f"{_REPO} Environments: read", "names of secrets"),
    ("GET /repos/{owner}/{repo}/environments/{environment_name}/variables",
     f"{_REPO} Environments: read", "names and values of variables"),
    ("GET /repos/{owner}/{repo}/actions/secrets", f"{_REPO} Secrets: read",
     "names of secrets"),
    ("GET /repos/{owner}/{repo}/actions/variables", f"{_REPO} Variables: read",
     "names and values of variables"),
    ("GET /repos/{owner}/{repo}/actions/runners", f"{_REPO} Administration: read",
     "runners with accelerators"),
    ("GET /repos/{owner}/{repo}/dependabot/secrets", f"{_REPO} Dependabot secrets: read",
     "names of secrets"),
    ("GET /repos/{owner}/{repo}/codespaces/secrets", f"{_REPO} Codespaces secrets: read",
     "names of secrets"),
    ("GET /repos/{owner}/{repo}/agents/secrets", f"{_REPO} Agent secrets: read",
     "names of what coding agents are given"),
    ("GET /repos/{owner}/{repo}/agents/variables", f"{_REPO} Agent variables: read",
     "what coding agents are given"),
    ("GET /repos/{owner}/{repo}/collaborators", f"{_REPO} Metadata: read",
     "who administers a repository: owners"),
)  # fmt: skip

OPERATIONS: tuple[Operation, ...] = (
    *(Operation(id=i, permission=p, bucket="core", reason=r) for i, p, r in _TABLE),
    Operation(
        id="GET /orgs/{org}",
        permission=f"{_READ_ORG} Administration: read",
        bucket="core",
        reason="the plan, when the audit log is not there: whether it is to be had",
        is_optional=True,
    ),
    Operation(
        id="GET /orgs/{org}/audit-log",
        permission="read:audit_log / organization Administration: read",
        bucket="audit",
        reason="Copilot, apps, tokens and secrets that come and go, and who brings them",
    ),
    Operation(
        id="GET /enterprises/{enterprise}/audit-log",
        permission="read:audit_log / enterprise Enterprise administration: read",
        bucket="audit",
        reason="the same of a whole enterprise",
    ),
)
RATES = {"core": 12.0, "audit": 0.48}
"""Below the secondary limit of 900 points a minute, and the audit log's 1,750 queries an hour."""
