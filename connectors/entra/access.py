"""Calls of Microsoft Graph. Plain REST. Pages are joined by ``@odata.nextLink`` (https://learn.microsoft.com/graph/paging)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from scanner.kit.contract import Context, Operation
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.microsoft_tokens import Tokens
from scanner.kit.values import text
from scanner.model.errors import Denied, Unavailable

if TYPE_CHECKING:
    from connectors.entra.config import EntraConfig

API = "https://graph.microsoft.com"
_MOST_PAGES = 100_000


def _read(path: str, permission: str, bucket: str, reason: str) -> Operation:
    return Operation(id=f"GET {path}", permission=permission, bucket=bucket, reason=reason)


_SP = "/v1.0/servicePrincipals"
USERS = _read("/v1.0/users", "User.Read.All", "directory", "people, and who is disabled")
APPS = _read(_SP, "Application.Read.All", "directory", "applications that the tenant knows")
GRANTS = _read(
    "/v1.0/oauth2PermissionGrants", "DelegatedPermissionGrant.Read.All", "directory",
    "which permissions people, or an administrator for all, have granted",
)  # fmt: skip
ASSIGNED = _read(
    f"{_SP}/{{id}}/appRoleAssignedTo", "Application.Read.All", "directory",
    "permissions that applications hold without a person; who is assigned",
)  # fmt: skip
AGENTS = _read(
    f"{_SP}/microsoft.graph.agentIdentity", "AgentIdentity.Read.All", "directory",
    "identities of AI agents",
)  # fmt: skip
SPONSORS = _read(
    f"{_SP}/{{id}}/microsoft.graph.agentIdentity/sponsors", "AgentIdentity.Read.All", "directory",
    "who answers for an agent",
)  # fmt: skip
OWNERS = _read(f"{_SP}/{{id}}/owners", "Application.Read.All", "directory", "whose an agent is")
PACKAGES = _read(
    "/v1.0/copilot/admin/catalog/packages", "CopilotPackages.Read.All", "copilot",
    "agents and apps of Microsoft 365 Copilot",
)  # fmt: skip
COPILOT_USE = _read(
    "/v1.0/copilot/reports/getMicrosoft365CopilotUsageUserDetail(period='{period}')",
    "Reports.Read.All", "reports", "who used Copilot in which app, when last",
)  # fmt: skip
SIGN_INS = _read(
    "/v1.0/auditLogs/signIns", "AuditLog.Read.All", "audit", "who signs in to which application"
)
OTHER_SIGN_INS = _read(
    "/beta/auditLogs/signIns", "AuditLog.Read.All", "audit",
    "the same where nobody types a password: refreshed tokens, applications by themselves",
)  # fmt: skip
AUDITS = _read(
    "/v1.0/auditLogs/directoryAudits", "AuditLog.Read.All", "audit",
    "consents, permissions and applications that were added",
)  # fmt: skip
OPERATIONS = (
    USERS, APPS, GRANTS, ASSIGNED, AGENTS, SPONSORS, OWNERS, PACKAGES, COPILOT_USE, SIGN_INS,
    OTHER_SIGN_INS, AUDITS,
)  # fmt: skip


def path_of(operation: Operation, **holes: str) -> str:
    path = operation.path
    for name, value in holes.items():
        path = path.replace(f"{{{name}}}", value)
    return path


class Access:
    def __init__(self, ctx: Context[EntraConfig]) -> None:
        config = ctx.config
        token = ctx.environ.get(config.token_env, "")
        tokens = Tokens(config.url, token, config.token_env, config.credential, config.client_id)
        self._session = ReadOnlySession(
            ctx.config.url,
            OPERATIONS,
            ctx.limits,
            headers={"User-Agent": "shadow-ai-scanner", "Accept": "application/json"},
            retries=ctx.retries,
            authorize=tokens.headers,
            connections=ctx.config.parallel_calls,
        )

    def get(
        self, operation: Operation, url: str, query: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """One answer. Raises the source errors; a refusal says what to grant."""
        try:
            body = json_body(self._session.get(url, dict(query) if query else None))
        except Denied as error:
            raise Denied(
                f"{error}; grant {operation.permission} to the application, with an "
                "administrator's consent"
            ) from error
        if not isinstance(body, Mapping):
            raise Unavailable(f"{operation.id}: the answer is malformed")
        return body

    def listed(self, operation: Operation, path: str, query: Mapping[str, str]) -> Iterator[Any]:
        """Every record of ``value``, page by page. Raises the source errors."""
        seen: set[str] = set()
        page = self.get(operation, path, query)
        for _ in range(_MOST_PAGES):
            found = page.get("value")
            if not isinstance(found, list):
                raise Unavailable(f"{operation.id}: the answer has no list `value`")
            yield from found
            link = text(page.get("@odata.nextLink"))
            if not link:
                return
            if link in seen:
                raise Unavailable(f"{operation.id}: the source repeats a page link")
            seen.add(link)
            page = self.get(operation, link)
        raise Unavailable(f"{operation.id}: more than {_MOST_PAGES} pages")
