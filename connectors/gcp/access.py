"""All calls of one run: tokens, one guarded session a host, pages. Nothing undeclared leaves.

Plain REST with tokens of google-auth, which is imported when the first token is needed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from connectors.gcp import operations
from connectors.gcp.answers import check
from connectors.gcp.config import PUBLIC
from connectors.gcp.errors import is_unknown_caller, translated
from scanner.kit.contract import Context, Operation
from scanner.kit.expressions import expression
from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.pace import MOST_WAIT, Learning, Pace, back_off, wait_of
from scanner.kit.values import text
from scanner.model.errors import (
    Denied,
    SourceError,
    Throttled,
    Unavailable,
    UndeclaredOperation,
)

if TYPE_CHECKING:
    from connectors.gcp.config import GcpConfig

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""Most of these APIs take no narrower one, not even for their lists
(https://developers.google.com/identity/protocols/oauth2/scopes): that nothing is written is the
guard's doing, and the role's."""
STAND_IN = "a-token-for-loopback"
_MOST_PAGES = 100_000


class Access:
    def __init__(
        self, ctx: Context[GcpConfig], declared: tuple[Operation, ...], pace: Pace | None = None
    ) -> None:
        self.config = ctx.config
        self._limits = ctx.limits
        self.attempts = max(1, ctx.retries)
        self.pace = pace or Pace(Learning)
        self._declared = declared
        self._known = {operation.id: operation for operation in declared}
        self._lock = threading.RLock()
        self._sessions: dict[str, ReadOnlySession] = {}
        self._credentials: Any = None
        self._refused = ""
        """The token that Google has not taken, before its time."""
        self._quota = ctx.config.quota_project
        self._pool: ThreadPoolExecutor | None = None
        self._places: ThreadPoolExecutor | None = None

    @property
    def pool(self) -> ThreadPoolExecutor:
        """For calls that wait for each other's answers; who runs in it may not wait for it."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(
                    self.config.parallel_calls, thread_name_prefix="gcp"
                )
            return self._pool

    @property
    def places(self) -> ThreadPoolExecutor:
        """For calls alone, which wait for nobody: those in the pool may wait for these."""
        with self._lock:
            if self._places is None:
                self._places = ThreadPoolExecutor(
                    self.config.parallel_calls, thread_name_prefix="gcp-place"
                )
            return self._places

    # --- tokens -----------------------------------------------------------------------------

    def credentials(self) -> Any:
        """Application default credentials (also of a federation), or a service account that they
        may act as. Raises ``Denied``."""
        with self._lock:
            if self._credentials is None:
                self._credentials = self._found()
                if not self.config.is_stand_in:
                    self._refresh()  # once, before many threads want a token at the same time
            return self._credentials

    def _found(self) -> Any:
        import google.auth
        from google.auth import credentials, exceptions, impersonated_credentials

        if self.config.is_stand_in:
            return credentials.AnonymousCredentials()  # type: ignore[no-untyped-call]
        try:
            # With scopes the library would ask Google for the project of a federation, a call
            # that nobody has declared and that takes a right of its own.
            found, _ = google.auth.default()
        except exceptions.GoogleAuthError as error:
            raise Denied(
                f"no Google credentials: {' '.join(str(error).split())[:200]}; run `gcloud auth "
                "application-default login` or set GOOGLE_APPLICATION_CREDENTIALS"
            ) from error
        own = text(getattr(found, "universe_domain", PUBLIC)) or PUBLIC
        if own != self.config.universe:
            raise Denied(
                f"credentials: they are of {own}, and `universe` is {self.config.universe}; no "
                "token is sent from one cloud to another"
            )
        found = credentials.with_scopes_if_required(found, [SCOPE])  # type: ignore[no-untyped-call]
        if self.config.impersonate:
            found = impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
                source_credentials=found,
                target_principal=self.config.impersonate,
                target_scopes=[SCOPE],
            )
        if self.config.quota_project and hasattr(found, "with_quota_project"):
            found = found.with_quota_project(self.config.quota_project)
        return found

    def payer(self, where: str) -> str:
        """The project whose quota a call in ``where`` uses."""
        return self._quota or text(getattr(self._credentials, "quota_project_id", "")) or where

    def _authorization(self) -> Mapping[str, str]:
        if self.config.is_stand_in:
            return {"Authorization": f"Bearer {STAND_IN}", **_quota(self._quota)}
        found = self.credentials()
        quota = _quota(self._quota or text(getattr(found, "quota_project_id", "")))
        with self._lock:
            if not found.valid or found.token == self._refused:
                self._refresh()
            return {"Authorization": f"Bearer {found.token}", **quota}

    def _refresh(self) -> None:
        from google.auth import exceptions
        from google.auth.transport.requests import Request

        try:
            self._credentials.refresh(Request())
        except exceptions.GoogleAuthError as error:
            said = " ".join(str(error).split())[:200]
            raise Denied(f"credentials: no token: {said}") from error

    # --- calls ------------------------------------------------------------------------------

    def get(
        self, op: str, of: str, location: str, where: str, query: Mapping[str, str]
    ) -> dict[str, Any]:
        """One answer. Raises the source errors."""
        path = operations.path(op, of)
        return self._asked(op, location, where, lambda one: one.get(path, dict(query)))

    def post(self, op: str, of: str, where: str, body: Any) -> dict[str, Any]:
        """The same of a read that Google has made a POST."""
        path = operations.path(op, of)
        return self._asked(op, "", where, lambda one: one.post(path, body))

    def _asked(
        self, op: str, location: str, where: str, ask: Callable[[ReadOnlySession], Any]
    ) -> dict[str, Any]:
        operation = self._known.get(operations.operation_id(op))
        if operation is None:
            raise UndeclaredOperation(f"refused {op}: not a declared operation of gcp")
        host = operations.host(op, location)
        try:
            body = self._patiently(f"{self.payer(where)} {host}", self._session(host), ask)
        except UndeclaredOperation:
            raise
        except SourceError as error:
            raise translated(error, op, where, operation.permission) from error
        if not isinstance(body, dict):
            raise Unavailable(f"{op} in {where}: the answer is malformed")
        return body

    def _patiently(
        self, key: str, session: ReadOnlySession, ask: Callable[[ReadOnlySession], Any]
    ) -> Any:
        """Quotas are waited out, calls that break off made again, and a token that is not taken is
        renewed once: it may have been revoked, or have ended early."""
        renewed = False
        attempt = 0
        while True:
            self.pace.take(key)
            attempt += 1
            try:
                return json_body(ask(session))
            except Denied as error:
                if renewed or not is_unknown_caller(error):
                    raise
                renewed = True
                attempt -= 1
                self._renew()
            except Throttled as error:
                wait = wait_of(error.retry_after, attempt)
                if attempt == self.attempts or wait > MOST_WAIT:
                    raise
                self.pace.hold(key, wait)
            except Unavailable as error:
                if attempt == self.attempts or not _is_passing(error):
                    raise
                self.pace.pause(back_off(attempt))

    def _renew(self) -> None:
        with self._lock:
            self._refused = text(getattr(self._credentials, "token", ""))

    def pages(
        self, op: str, of: str, location: str, where: str, query: Mapping[str, str], items: str
    ) -> Iterator[dict[str, Any]]:
        """Every page, joined by ``nextPageToken``; ``items``: where the records are."""
        asked = dict(query)
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = check(self.get(op, of, location, where, asked), items, f"{op} in {where}")
            yield page
            token = text(page.get("nextPageToken"))
            if not token:
                return
            if token in seen:
                raise Unavailable(f"{op} in {where}: the source repeats a page token")
            seen.add(token)
            asked["pageToken"] = token
        raise Unavailable(f"{op} in {where}: more than {_MOST_PAGES} pages")

    def _session(self, host: str) -> ReadOnlySession:
        with self._lock:
            if host not in self._sessions:
                self._sessions[host] = ReadOnlySession(
                    self.config.base(host),
                    operations.of_host(self._declared, host),
                    self._limits,
                    headers={"User-Agent": "shadow-ai-scanner", "Accept": "application/json"},
                    retries=1,  # waiting is done here, by project; its own would hold back all
                    most_wait=0.0,
                    authorize=self._authorization,
                    connections=self.config.parallel_calls,
                )
            return self._sessions[host]


_FINAL = expression(r"HTTP (?:3\d\d|4\d\d|501)\b")
"""What is said again when it is asked again; 501: of a location that lacks a part of a service."""


def _is_passing(error: Unavailable) -> bool:
    return not (isinstance(error, Missing) or _FINAL.search(str(error)))


def _quota(project: str) -> dict[str, str]:
    return {"x-goog-user-project": project} if project else {}
