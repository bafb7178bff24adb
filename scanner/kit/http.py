"""Read-only HTTP over requests: only declared operations leave the process.

Retries follow urllib3's ``Retry`` where the answer may be retried at once; a 429 waits as long as
the source says (``Retry-After``, or the end of the window in epoch seconds as Okta, GitHub and
GitLab send it). What remains wrong becomes one of the source errors, with the URL's path but never
its query or headers, which may carry credentials.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from scanner.kit.contract import Operation
from scanner.kit.limits import Limits
from scanner.model.errors import Denied, Throttled, Unavailable, UndeclaredOperation

_TIMEOUT = (10.0, 60.0)
_MAX_WAIT_SECONDS = 120.0
_DENIALS = frozenset({401, 403})


class Missing(Unavailable):
    """404 or 410: it is not there, or not shown to this credential, or a feature is off. What that
    means is for the caller to say; asked of a whole source it is what ``Unavailable`` is."""


def _template_pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + r"\Z")


class _GuardAdapter(HTTPAdapter):
    """Refuses what is not a declared (method, path) of the one base host."""

    def __init__(self, base: str, operations: tuple[Operation, ...]) -> None:
        super().__init__(max_retries=0)
        split = urlsplit(base)
        self._origin = (split.scheme, split.netloc)
        self._prefix = split.path.rstrip("/")
        self._allowed: list[tuple[str, re.Pattern[str]]] = []
        for operation in operations:
            method, _, path = operation.id.partition(" ")
            self._allowed.append((method, _template_pattern(path)))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        split = urlsplit(request.url or "")
        path = split.path
        if (split.scheme, split.netloc) != self._origin:
            raise UndeclaredOperation(
                f"refused a call to {split.scheme}://{split.netloc}: the connector is configured "
                f"for {self._origin[0]}://{self._origin[1]} only"
            )
        local = path[len(self._prefix) :] if path.startswith(self._prefix) else path
        if not any(
            method == request.method and pattern.match(local) for method, pattern in self._allowed
        ):
            raise UndeclaredOperation(
                f"refused {request.method} {path}: not a declared operation of this connector"
            )
        return super().send(request, *args, **kwargs)


class ReadOnlySession:
    """``get`` JSON from ``base``. Redirects are not followed: a moved API is an error to see."""

    def __init__(
        self,
        base: str,
        operations: tuple[Operation, ...],
        limits: Limits,
        *,
        headers: dict[str, str] | None = None,
        retries: int = 4,
        denials: frozenset[int] = _DENIALS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``denials``: statuses that mean a refusal (some sources send one to sign in instead)."""
        self.base = base.rstrip("/")
        self._buckets = [
            (_template_pattern(op.id.partition(" ")[2]), op.bucket) for op in operations
        ]
        self._limits = limits
        self._retries = max(1, retries)
        self._denials = denials
        self._sleep = sleep
        self._session = requests.Session()
        self._session.headers.update(headers or {})
        self._session.trust_env = True
        adapter = _GuardAdapter(self.base, operations)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def get(self, url: str, params: dict[str, str] | None = None) -> requests.Response:
        """One successful answer. ``url`` is a path below ``base`` or a full link of the source.

        Raises ``Denied`` (401, 403), ``Throttled``, ``Unavailable``, ``UndeclaredOperation``.
        """
        full = url if "://" in url else self.base + url
        path = urlsplit(full).path
        bucket = next((name for rx, name in self._buckets if rx.search(path)), "default")
        last: Exception = Unavailable(f"GET {path}: no attempt made")
        for attempt in range(self._retries):
            self._limits.take(bucket)
            try:
                answer = self._session.get(
                    full, params=params, timeout=_TIMEOUT, allow_redirects=False
                )
            except requests.RequestException as error:
                last = Unavailable(f"GET {path}: {type(error).__name__}: {_short(error)}")
                self._pause(attempt, None)
                continue
            if answer.status_code == 429:
                wait = retry_after(answer)
                last = Throttled(f"GET {path}: still 429 after {attempt + 1} attempts", wait)
                if wait is not None and wait > _MAX_WAIT_SECONDS:
                    raise Throttled(f"GET {path}: 429, told to wait {wait:.0f} s", wait)
                self._pause(attempt, wait)
                continue
            if answer.status_code >= 500:
                last = Unavailable(
                    f"GET {path}: HTTP {answer.status_code} after {attempt + 1} attempts"
                )
                self._pause(attempt, retry_after(answer))
                continue
            self._heed(answer, bucket)
            return self._checked(answer, path)
        raise last

    def _heed(self, answer: requests.Response, bucket: str) -> None:
        """Azure DevOps and others answer, and ask to slow down with the same answer."""
        wait = answer.headers.get("Retry-After", "")
        if wait.isdigit() and answer.ok:
            self._limits.hold(bucket, min(_MAX_WAIT_SECONDS, float(wait)))

    def _checked(self, answer: requests.Response, path: str) -> requests.Response:
        if answer.status_code in self._denials:
            raise Denied(f"GET {path}: HTTP {answer.status_code} {_error_text(answer)}")
        if answer.status_code in (404, 410):
            raise Missing(f"GET {path}: HTTP {answer.status_code} {_error_text(answer)}")
        if answer.status_code >= 300:
            raise Unavailable(f"GET {path}: HTTP {answer.status_code} {_error_text(answer)}")
        return answer

    def _pause(self, attempt: int, wait: float | None) -> None:
        if attempt + 1 >= self._retries:
            return
        backoff = min(30.0, 0.5 * 2**attempt)
        self._sleep(min(_MAX_WAIT_SECONDS, backoff if wait is None else wait))


def json_body(answer: requests.Response) -> Any:
    """The decoded body, or ``Unavailable`` when a proxy answered with a page of its own."""
    try:
        return answer.json()
    except (ValueError, RecursionError) as error:
        path = urlsplit(answer.url).path
        kind = answer.headers.get("Content-Type", "unknown type")
        raise Unavailable(f"GET {path}: the body is not JSON but {kind}") from error


def retry_after(answer: requests.Response) -> float | None:
    """Seconds the source asks us to wait, or None when it does not say."""
    header = answer.headers.get("Retry-After", "")
    if header.isdigit():
        return float(header)
    for name in ("X-Rate-Limit-Reset", "X-RateLimit-Reset", "RateLimit-Reset"):
        reset = answer.headers.get(name, "")
        if reset.isdigit():
            return max(0.0, float(reset) - time.time()) + 0.5
    return None


def link_pages(
    session: ReadOnlySession, url: str, params: dict[str, str] | None = None, *, most: int = 100_000
) -> Iterator[requests.Response]:
    """Pages joined by ``Link: <...>; rel="next"`` (RFC 8288). A repeated link ends in
    ``Unavailable`` instead of a loop."""
    seen: set[str] = set()
    answer = session.get(url, params)
    for _ in range(most):
        yield answer
        following = answer.links.get("next", {}).get("url")
        if not following:
            return
        if following in seen:
            raise Unavailable(f"GET {urlsplit(following).path}: the source repeats a page link")
        seen.add(following)
        answer = session.get(following)
    raise Unavailable(f"GET {url}: more than {most} pages")


def _error_text(answer: requests.Response) -> str:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return ""
    if isinstance(body, dict):
        for field in ("errorSummary", "message", "error_description", "error"):
            if isinstance(body.get(field), str):
                return str(body[field])[:200]
    return ""


def _short(error: Exception) -> str:
    """The innermost reason; requests wraps three deep and repeats the URL with its query."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    return str(cause)[:160].split("?")[0]
