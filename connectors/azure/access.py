"""All calls of one run: tokens, pace, retries, pages. Nothing that is not declared leaves.

Plain REST with tokens of azure-identity, which is imported when the first token is needed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from connectors.azure import operations, planes
from connectors.azure.config import CredentialKind
from connectors.azure.errors import EXPIRED, code_of, status_of, translated
from connectors.azure.pace import by_subscription
from scanner.kit.contract import Context, Operation
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.pace import MOST_WAIT, back_off, wait_of
from scanner.kit.tables import values
from scanner.kit.values import text
from scanner.model.errors import Denied, Throttled, Unavailable, UndeclaredOperation

if TYPE_CHECKING:
    import requests

    from connectors.azure.config import AzureConfig

_MOST_PAGES = 100_000
_EARLY = 300.0
"""Seconds before its end at which a token is renewed."""
STAND_IN = "a-token-for-loopback"
TENANT = "the tenant"
"""Where calls are that are in no subscription."""


class Access:
    def __init__(
        self,
        ctx: Context[AzureConfig],
        declared: tuple[Operation, ...],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._config = ctx.config
        self.cloud = ctx.config.cloud
        self._attempts = max(1, ctx.retries)
        self._operations = {operation.id: operation for operation in declared}
        self._pace = by_subscription(sleep=sleep)
        self._lock = threading.Lock()
        self._credential: Any = None
        self._tokens: dict[str, tuple[str, float]] = {}
        self._planes: dict[str, ReadOnlySession] = {}
        self._limits = ctx.limits
        self._pool: ThreadPoolExecutor | None = None
        self.base = ctx.config.manager.rstrip("/")
        # Waiting is done here, by subscription; the session's own would hold back all of them.
        self._session = ReadOnlySession(
            self.base,
            declared,
            ctx.limits,
            headers={"User-Agent": "shadow-ai-scanner", "Accept": "application/json"},
            retries=1,
            authorize=self._authorization,
            most_wait=0.0,
            connections=ctx.config.parallel_calls,
        )

    @property
    def pool(self) -> ThreadPoolExecutor:
        """For calls that wait for each other's answers; who runs in it may not wait for it."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(
                    self._config.parallel_calls, thread_name_prefix="azure"
                )
            return self._pool

    def operation(self, ident: str) -> Operation:
        found = self._operations.get(ident)
        if found is None:
            raise UndeclaredOperation(f"refused {ident}: not a declared operation of azure")
        return found

    # --- tokens -----------------------------------------------------------------------------

    def _authorization(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._current_token(self._config.endpoints.scope)}"}

    def _current_token(self, scope: str) -> str:
        if self._config.is_stand_in:
            return STAND_IN
        with self._lock:
            token, ends = self._tokens.get(scope, ("", 0.0))
            if time.time() > ends - _EARLY:
                token, ends = self._fresh_token(scope)
                self._tokens[scope] = (token, ends)
            return token

    def _fresh_token(self, scope: str) -> tuple[str, float]:
        from azure.core.exceptions import AzureError

        try:
            if self._credential is None:
                self._credential = _credential(self._config)
            found = self._credential.get_token(scope)
        except (AzureError, ValueError) as error:
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
            raise Denied(
                f"credentials: no token of {self._config.endpoints.authority} by "
                f"`{self._config.credential}`: {type(error).__name__} {reason}"
            ) from error
        return str(found.token), float(found.expires_on)

    # --- calls ------------------------------------------------------------------------------

    def get(self, ident: str, path: str, where: str, query: Mapping[str, str]) -> dict[str, Any]:
        """One answer of a declared ``GET``. Raises the source errors."""
        return self._told(ident, where, lambda: self._session.get(path, dict(query)))[0]

    def post(self, ident: str, path: str, where: str, version: str, body: Any) -> dict[str, Any]:
        """The same for a call that reads, though it is a ``POST``."""
        return self.posted(ident, path, where, version, body)[0]

    def posted(
        self, ident: str, path: str, where: str, version: str, body: Any
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """With the headers of the answer."""
        url = f"{path}?api-version={version}"
        return self._told(ident, where, lambda: self._session.post(url, body))

    def plane(self, name: str, host: str) -> ReadOnlySession:
        """Of a service's own host, with a token for it; ``host`` is of the cloud's own domains."""
        audience = planes.PLANES[name].audience[self._config.cloud]
        lead = f"GET //{name}/"
        with self._lock:
            if host not in self._planes:
                allowed = tuple(
                    msgspec.structs.replace(one, id=f"GET /{ident.removeprefix(lead)}")
                    for ident, one in self._operations.items()
                    if ident.startswith(lead)
                )
                self._planes[host] = ReadOnlySession(
                    self._config.plane(host),
                    allowed,
                    self._limits,
                    headers={"User-Agent": "shadow-ai-scanner", "Accept": "application/json"},
                    retries=1,
                    authorize=lambda: {
                        "Authorization": f"Bearer {self._current_token(f'{audience}/.default')}"
                    },
                    most_wait=0.0,
                    connections=self._config.parallel_calls,
                )
            return self._planes[host]

    def told(
        self, ident: str, where: str, session: ReadOnlySession, path: str, query: Mapping[str, str]
    ) -> dict[str, Any]:
        """One answer of a service's own host. Raises the source errors."""
        return self._told(ident, where, lambda: session.get(path, dict(query)))[0]

    def pages(
        self, ident: str, path: str, where: str, query: Mapping[str, str], items: str = "value[]"
    ) -> Iterator[Any]:
        """The records of every page, joined by ``nextLink``."""
        asked = dict(query)
        seen: set[str] = set()
        name = items.partition("[")[0]
        for _ in range(_MOST_PAGES):
            page = self.get(ident, path, where, asked)
            if not isinstance(page.get(name), list):
                raise Unavailable(f"{ident} in {where}: the answer has no list `{name}`")
            for record in values(page, items):
                if not isinstance(record, Mapping):
                    raise Unavailable(f"{ident} in {where}: a record that is none")
                yield record
            link = page.get("nextLink") or ""
            if not link:
                return
            if not isinstance(link, str) or link in seen:
                raise Unavailable(f"{ident} in {where}: the source repeats a page link")
            seen.add(link)
            asked = self._following(link, path, f"{ident} in {where}")
        raise Unavailable(f"{ident} in {where}: more than {_MOST_PAGES} pages")

    def _following(self, link: str, path: str, said: str) -> dict[str, str]:
        """The query of the next page: it is asked of the same host and path, or not at all."""
        split, ours = urlsplit(link), urlsplit(self.base)
        wanted = unquote(f"{ours.path.rstrip('/')}{path}").rstrip("/").casefold()
        if (split.scheme, split.netloc) != (ours.scheme, ours.netloc):
            raise Unavailable(f"{said}: the next page is said to be at {split.netloc[:100]}")
        if unquote(split.path).rstrip("/").casefold() != wanted:
            raise Unavailable(f"{said}: the next page is said to be another list")
        return dict(parse_qsl(split.query, keep_blank_values=True))

    def _told(
        self, ident: str, where: str, ask: Callable[[], requests.Response]
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        operation = self.operation(ident)
        renewed = False
        attempt = 0
        while True:
            self._pace.take(where)
            attempt += 1
            try:
                answer = ask()
                body = _decoded(answer)
            except Throttled as error:
                wait = wait_of(error.retry_after, attempt)
                if attempt >= self._attempts or wait > MOST_WAIT:
                    raise Throttled(f"{ident} in {where}: throttled", wait) from error
                self._pace.hold(where, wait)
                continue
            except Denied as error:
                if code_of(error) in EXPIRED and not renewed:
                    renewed = True
                    self._forget_token()
                    continue
                raise translated(error, operation, where) from error
            except Unavailable as error:
                if attempt >= self._attempts or 400 <= status_of(error) < 500:
                    raise translated(error, operation, where) from error
                self._pace.pause(back_off(attempt))
                continue
            if not isinstance(body, dict):
                raise Unavailable(f"{ident} in {where}: the answer is malformed")
            return body, answer.headers

    def _forget_token(self) -> None:
        with self._lock:
            self._tokens.clear()

    def hold(self, seconds: float) -> None:
        """Of calls in no subscription, Resource Graph's among them."""
        self._pace.hold(TENANT, min(MOST_WAIT, seconds))


def _decoded(answer: requests.Response) -> Any:
    """JSON whose texts can be stored: some hold halves of characters, which UTF-8 has not."""
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _storable(json_body(answer))


def _storable(value: Any) -> Any:
    if isinstance(value, dict):
        return {text(key): _storable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return text(value) if isinstance(value, str) else value


def listed(
    access: Access, op: str, of: str, where: str, query: Mapping[str, str], items: str
) -> Iterator[Any]:
    """What ``list:<type>`` tells below the thing with the id ``of``."""
    asked = {"api-version": operations.version(op), **query}
    yield from access.pages(
        operations.operation_id(op), operations.path(op, of), where, asked, items
    )


def called(access: Access, op: str, of: str, where: str, query: Mapping[str, str]) -> Any:
    """What ``get:<type>`` or ``post:<type>/<action>`` tells of the thing with the id ``of``."""
    ident, path = operations.operation_id(op), operations.path(op, of)
    version = operations.version(op)
    if op.startswith("post:"):
        return access.post(ident, path, where, version, {})
    return access.get(ident, path, where, {"api-version": version, **query})


def _credential(config: AzureConfig) -> Any:
    """One of azure-identity's, without a browser or a cache of a person's own tools."""
    from azure import identity

    authority = urlsplit(config.endpoints.authority).hostname
    tenant = {"tenant_id": config.tenant} if config.tenant else {}
    client: dict[str, Any] = {"client_id": config.client_id} if config.client_id else {}
    if config.credential is CredentialKind.MANAGED_IDENTITY:
        return identity.ManagedIdentityCredential(**client)
    if config.credential is CredentialKind.WORKLOAD_IDENTITY:
        return identity.WorkloadIdentityCredential(authority=authority, **tenant, **client)
    if config.credential is CredentialKind.ENVIRONMENT:
        return identity.EnvironmentCredential(authority=authority)
    return identity.DefaultAzureCredential(
        authority=authority,
        exclude_interactive_browser_credential=True,
        **({"managed_identity_client_id": config.client_id} if config.client_id else {}),
        **({"workload_identity_tenant_id": config.tenant} if config.tenant else {}),
    )
