"""Tokens and calls. Plain REST; google-auth is imported when the first token is needed.

Who asks is an administrator: a service account that acts as one by domain-wide delegation, with a
key or without (IAM signs for it), or whoever a given token belongs to.
https://developers.google.com/workspace/guides/create-credentials#service-account
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from scanner.kit.contract import Context, Operation
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.text import cut
from scanner.kit.values import text
from scanner.model.errors import Denied, Unavailable

if TYPE_CHECKING:
    from connectors.google_workspace.config import WorkspaceConfig

API = "https://admin.googleapis.com"
_MOST_PAGES = 100_000
_AUTH = "https://www.googleapis.com/auth/"
USERS, TOKENS, ACTIVITIES = (
    "/admin/directory/v1/users",
    "/admin/directory/v1/users/{user}/tokens",
    "/admin/reports/v1/activity/users/all/applications/{report}",
)
OPERATIONS = (
    Operation(
        id=f"GET {USERS}", permission=f"{_AUTH}admin.directory.user.readonly", bucket="directory",
        reason="people, and which of them are suspended",
    ),
    Operation(
        id=f"GET {TOKENS}", permission=f"{_AUTH}admin.directory.user.security", bucket="directory",
        reason="which applications each person lets in, with what scopes",
    ),
    Operation(
        id=f"GET {ACTIVITIES}", permission=f"{_AUTH}admin.reports.audit.readonly",
        bucket="reports", reason="consents, sign-ins, Gemini, agents, settings",
    ),
)  # fmt: skip
SCOPES = tuple(operation.permission for operation in OPERATIONS)


class Access:
    def __init__(self, ctx: Context[WorkspaceConfig]) -> None:
        self._config = ctx.config
        self._token = ctx.environ.get(ctx.config.token_env, "")
        self._lock = threading.Lock()
        self._credentials: Any = None
        self._session = ReadOnlySession(
            ctx.config.url,
            OPERATIONS,
            ctx.limits,
            headers={"User-Agent": "shadow-ai-scanner", "Accept": "application/json"},
            retries=ctx.retries,
            authorize=self._authorization,
            connections=ctx.config.parallel_calls,
        )

    # --- calls ------------------------------------------------------------------------------

    def get(self, operation: Operation, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """One answer. Raises the source errors; a refusal says what to grant."""
        try:
            body = json_body(self._session.get(path, dict(query)))
        except Denied as error:
            raise Denied(
                f"{error}; grant {operation.permission} (Admin console: Security, API controls, "
                "Domain-wide delegation), enable the Admin SDK API in the client's project, and "
                "give the administrator it acts as a role that may read this"
            ) from error
        if not isinstance(body, Mapping):
            raise Unavailable(f"GET {path}: the answer is malformed")
        return body

    def listed(
        self, operation: Operation, path: str, query: Mapping[str, str], key: str
    ) -> Iterator[Any]:
        """Every record, page by page; joined by ``nextPageToken``. An answer without the list is an
        empty page, as Google leaves out lists that are empty; its ``kind`` must be there."""
        asked = dict(query)
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = self.get(operation, path, asked)
            found = page.get(key, [])
            if not isinstance(found, list) or not (key in page or text(page.get("kind"))):
                raise Unavailable(f"GET {path}: the answer has no list `{key}`")
            yield from found
            token = text(page.get("nextPageToken"))
            if not token:
                return
            if token in seen:
                raise Unavailable(f"GET {path}: the source repeats a page token")
            seen.add(token)
            asked["pageToken"] = token
        raise Unavailable(f"GET {path}: more than {_MOST_PAGES} pages")

    # --- tokens -----------------------------------------------------------------------------

    def _authorization(self) -> Mapping[str, str]:
        if self._token:
            return {"Authorization": f"Bearer {self._token}"}
        from google.auth import exceptions
        from google.auth.transport.requests import Request

        with self._lock:
            if self._credentials is None:
                self._credentials = self._found()
            if not self._credentials.valid:
                try:
                    self._credentials.refresh(Request())
                except exceptions.GoogleAuthError as error:
                    raise Denied(f"credentials: no token: {_said(error)}{self._hint()}") from error
            return {"Authorization": f"Bearer {self._credentials.token}"}

    def _found(self) -> Any:
        import google.auth
        from google.auth import exceptions, impersonated_credentials
        from google.oauth2 import service_account

        config = self._config
        try:
            found, _ = google.auth.default(scopes=list(SCOPES))
        except (exceptions.GoogleAuthError, ValueError) as error:
            raise Denied(
                f"no Google credentials: {_said(error)}; set GOOGLE_APPLICATION_CREDENTIALS, or "
                f"{config.token_env} to an access token"
            ) from error
        if config.service_account:
            return impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
                source_credentials=found,
                target_principal=config.service_account,
                target_scopes=list(SCOPES),
                subject=config.admin or None,
            )
        if config.admin and isinstance(found, service_account.Credentials):
            return found.with_subject(config.admin)  # type: ignore[no-untyped-call]
        return found

    def _hint(self) -> str:
        if not self._config.admin:
            return "; set `admin` to the administrator whom the service account acts as"
        return (
            f"; does {self._config.admin} exist, and is the client delegated these scopes: "
            + ", ".join(SCOPES)
        )


def _said(error: Exception) -> str:
    return cut(" ".join(str(error).split()), 200)
