"""Read-only HTTP over requests: only declared operations leave the process.

Retries follow urllib3's ``Retry`` where the answer may be retried at once; a rate limit (429, or a
403 that says so, https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api)
waits as long as the source says: ``Retry-After`` in seconds or as a date, or the end of the window
in epoch seconds as Okta, GitHub and GitLab send it. What remains wrong becomes one of the source
errors, with the URL's path but never its query or headers, which may carry credentials. Which
addresses may be asked, and that credentials go by https alone: :mod:`scanner.kit.outgoing`.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import DEFAULT_POOLSIZE

from scanner.kit import timed
from scanner.kit.addresses import origin
from scanner.kit.contract import Operation
from scanner.kit.expressions import expression
from scanner.kit.http_body import CODINGS
from scanner.kit.http_errors import error_text, short
from scanner.kit.http_memory import Memory
from scanner.kit.limits import Limits
from scanner.kit.outgoing import SafeAdapter, session
from scanner.model.errors import Denied, Throttled, Unavailable, UndeclaredOperation

_TIMEOUT = (10.0, 60.0)
_MAX_WAIT_SECONDS = 120.0
_SECONDARY_WAIT_SECONDS = 60.0
"""Where a 403 says that it is a rate limit and not for how long, as GitHub's page advises."""
_DELAY = expression(r"(\d{1,9}(?:\.\d{1,9})?)s")
_LIMITED = expression(
    r"rate limit|abuse detection|too many requests|requests limit exceeded", re.IGNORECASE
)
_DENIALS = frozenset({401, 403})


class Missing(Unavailable):
    """404 or 410: it is not there, or not shown to this credential, or a feature is off. What that
    means is for the caller to say; asked of a whole source it is what ``Unavailable`` is.
    ``headers``: of the answer, where a vendor says more in them."""

    def __init__(
        self, message: str, headers: Mapping[str, str] | None = None, status: int = 404
    ) -> None:
        super().__init__(message)
        self.headers: Mapping[str, str] = headers or {}
        self.status = status


def _template_pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + r"\Z")


class _GuardAdapter(SafeAdapter):
    """Refuses what is not a declared (method, path) of the one base host, and bodies without
    end."""

    def __init__(
        self, base: str, operations: tuple[Operation, ...], connections: int = DEFAULT_POOLSIZE,
        tls: ssl.SSLContext | None = None, server_name: str = "",
    ) -> None:  # fmt: skip
        super().__init__(
            max_retries=0, pool_maxsize=connections, tls=tls, server_name=server_name,
            whole=timed.WHOLE_SECONDS,
        )  # fmt: skip
        split = urlsplit(base)
        self._origin = origin(base)
        self._place = f"{split.scheme}://{split.netloc}"
        self._prefix = split.path.rstrip("/")
        self._allowed: list[tuple[str, re.Pattern[str]]] = []
        for operation in operations:
            method, _, path = operation.id.partition(" ")
            self._allowed.append((method, _template_pattern(path)))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        split = urlsplit(request.url or "")
        path = split.path
        if origin(request.url or "") != self._origin:
            raise UndeclaredOperation(
                f"refused a call to {split.scheme}://{split.netloc}: the connector is configured "
                f"for {self._place} only"
            )
        local = path[len(self._prefix) :] if path.startswith(self._prefix) else path
        if not any(
            method == request.method and pattern.match(local) for method, pattern in self._allowed
        ):
            raise UndeclaredOperation(
                f"refused {request.method} {path}: not a declared operation of this connector"
            )
        return super().send(request, *args, **kwargs)


def guarded(
    session: requests.Session, base: str, operations: tuple[Operation, ...]
) -> requests.Session:
    """The same guard in a session that somebody else's client has made."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, _GuardAdapter(base.rstrip("/"), operations))
    return session


_UNFIT = (
    "a token or another header holds a line break, a blank at its beginning, or a character beyond "
    "Latin-1; put the secret there in one line, and nothing else"
)


class ReadOnlySession:
    """``get`` JSON from ``base``. Redirects are not followed: a moved API is an error to see.

    ``authorize``: headers that prove who asks, asked for before each attempt, so that a token may
    be renewed. ``ca_file``: authorities to trust instead of the system's. ``most_wait``: seconds
    that a rate limit may ask for; longer, and it is ``Throttled``. ``memory``: answers of earlier
    runs that need not be sent again when they are unchanged (ETags).
    """

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
        authorize: Callable[[], Mapping[str, str]] | None = None,
        ca_file: str = "",
        most_wait: float = _MAX_WAIT_SECONDS,
        memory: Memory | None = None,
        connections: int = DEFAULT_POOLSIZE,
        tls: ssl.SSLContext | None = None,
        server_name: str = "",
    ) -> None:
        """``denials``: statuses that mean a refusal (some sources send one to sign in instead).
        ``connections``: that are kept open, for as many threads. ``tls``: whom is trusted instead
        and as whom is asked (:mod:`scanner.kit.tls`); ``server_name``: whom the source's
        certificate must be for, if not for the host of ``base``."""
        self.base = base.rstrip("/")
        self._buckets = [(_template_pattern(op.path), op.bucket) for op in operations]
        self._limits = limits
        self._retries = max(1, retries)
        self._denials = denials
        self._sleep = sleep
        self._most_wait = most_wait
        self._memory = memory
        self._shut: dict[str, float] = {}
        """Until when a bucket's limit lasts that is not waited for."""
        self._authorize = authorize
        self._session = session()
        self._session.headers.update({"Accept-Encoding": CODINGS, **(headers or {})})
        if ca_file:
            self._session.verify = ca_file
        adapter = _GuardAdapter(self.base, operations, connections, tls, server_name)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def get(self, url: str, params: dict[str, str] | None = None) -> requests.Response:
        """One successful answer. ``url`` is a path below ``base`` or a full link of the source.

        Raises ``Denied`` (401, 403), ``Missing`` (404, 410), ``Throttled``, ``Unavailable``,
        ``UndeclaredOperation``.
        """
        return self._call("GET", url, params, None)

    def post(self, url: str, body: Any, *, is_form: bool = False) -> requests.Response:
        """The same for a declared call that reads, though it is a POST: a search, an exchange of
        one proof of identity for another. ``is_form``: not JSON. Raises as :meth:`get`."""
        return self._call("POST", url, None, body, is_form)

    def _call(
        self, method: str, url: str, params: dict[str, str] | None, body: Any,
        is_form: bool = False,
    ) -> requests.Response:  # fmt: skip
        full = url if "://" in url else self.base + url
        path = _path_of(full)
        said = f"{method} {path}"
        bucket = next((name for rx, name in self._buckets if rx.search(path)), "default")
        last: Exception = Unavailable(f"{said}: no attempt made")
        known = self._memory.find(full, params) if self._memory and method == "GET" else None
        for attempt in range(self._retries):
            headers = dict(self._authorize() if self._authorize else {})
            if known is not None:
                headers["If-None-Match"] = known.etag
            self._limits.take(bucket)
            left = self._shut.get(bucket, 0.0) - time.monotonic()
            if left > 0:
                # GitHub bans who goes on asking.
                raise Throttled(f"{said}: not asked, told to wait {left:.0f} s", left)
            try:
                answer = self._asked(said, method, full, params, headers, body, is_form)
            except requests.RequestException as error:
                last = Unavailable(f"{said}: {type(error).__name__}: {short(error)}")
                self._pause(attempt, None)
                continue
            if known is not None and answer.status_code == 304:
                return known.answer(answer)
            if is_rate_limit(answer):
                wait = retry_after(answer)
                if wait is None and answer.status_code == 403:
                    wait = _SECONDARY_WAIT_SECONDS
                code = answer.status_code
                last = Throttled(f"{said}: still {code} after {attempt + 1} attempts", wait)
                if wait is not None and wait > self._most_wait:
                    if _is_spent(answer):
                        self._shut[bucket] = time.monotonic() + wait
                    raise Throttled(f"{said}: {code}, told to wait {wait:.0f} s", wait)
                if wait is not None and attempt + 1 < self._retries:
                    self._limits.hold(bucket, wait)  # nobody else of this run asks meanwhile
                self._pause(attempt, wait)
                self._limits.resume(bucket)
                continue
            if answer.status_code >= 500:
                last = Unavailable(
                    f"{said}: HTTP {answer.status_code} after {attempt + 1} attempts"
                )
                self._pause(attempt, retry_after(answer))
                continue
            self._heed(answer, bucket)
            checked = self._checked(answer, said)
            if self._memory and method == "GET":
                self._memory.keep(full, params, checked)
            return checked
        raise last

    def _asked(
        self, said: str, method: str, url: str, params: dict[str, str] | None,
        headers: dict[str, str], body: Any, is_form: bool,
    ) -> requests.Response:  # fmt: skip
        try:
            return self._session.request(
                method, url, params=params, headers=headers,
                json=None if is_form else body, data=body if is_form else None,
                timeout=_TIMEOUT, allow_redirects=False,
            )  # fmt: skip
        except (requests.exceptions.InvalidHeader, UnicodeError):
            # What they say quotes the header, which may hold the secret.
            raise Denied(f"{said}: not asked: {_UNFIT}") from None

    def _heed(self, answer: requests.Response, bucket: str) -> None:
        """Azure DevOps and others answer, and ask to slow down with the same answer."""
        wait = answer.headers.get("Retry-After", "")
        if wait.isdigit() and answer.ok:
            self._limits.hold(bucket, min(self._most_wait, float(wait)))

    def _checked(self, answer: requests.Response, said: str) -> requests.Response:
        code = answer.status_code
        if code in self._denials:
            raise Denied(f"{said}: HTTP {code} {error_text(answer)}")
        if code in (404, 410):
            raise Missing(f"{said}: HTTP {code} {error_text(answer)}", answer.headers, code)
        if code == 451:
            raise Unavailable(f"{said}: HTTP 451, withheld for legal reasons")
        if code >= 300:
            raise Unavailable(f"{said}: HTTP {code} {error_text(answer)}")
        return answer

    def _pause(self, attempt: int, wait: float | None) -> None:
        if attempt + 1 >= self._retries:
            return
        backoff = min(30.0, 0.5 * 2**attempt)
        self._sleep(min(self._most_wait, backoff if wait is None else wait))


def _path_of(url: str) -> str:
    """Of what may be a link in an answer."""
    try:
        return urlsplit(url).path
    except ValueError as error:
        raise Unavailable("the source names a page by what is no URL") from error


def json_body(answer: requests.Response) -> Any:
    """The decoded body, or ``Unavailable`` when a proxy answered with a page of its own."""
    try:
        return answer.json()
    except (ValueError, RecursionError) as error:
        path = urlsplit(answer.url).path
        kind = answer.headers.get("Content-Type", "unknown type")
        raise Unavailable(f"GET {path}: the body is not JSON but {kind}") from error


def is_rate_limit(answer: requests.Response) -> bool:
    """429; or 403 with a word for it in headers or body, as GitHub sends it for both its limits."""
    if answer.status_code == 429:
        return True
    if answer.status_code != 403:
        return False
    return (
        "Retry-After" in answer.headers
        or _is_spent(answer)
        or bool(_LIMITED.search(error_text(answer)))
    )


def _is_spent(answer: requests.Response) -> bool:
    """Whether it is the window that has no calls left, not this one resource that is busy."""
    names = ("X-RateLimit-Remaining", "X-Rate-Limit-Remaining", "RateLimit-Remaining")
    return any(answer.headers.get(name, "").strip() == "0" for name in names)


def retry_after(answer: requests.Response) -> float | None:
    """Seconds the source asks us to wait, or None when it does not say (RFC 9110, 10.2.3)."""
    header = answer.headers.get("Retry-After", "").strip()
    if header.isdigit():
        return float(header)
    if header:
        try:
            return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
        except (ValueError, OverflowError):
            pass  # neither a number nor a date
    for name in ("X-Rate-Limit-Reset", "X-RateLimit-Reset", "RateLimit-Reset"):
        reset = answer.headers.get(name, "")
        if reset.isdigit():
            return max(0.0, float(reset) - time.time()) + 0.5
    return _told_in_body(answer)


def _told_in_body(answer: requests.Response) -> float | None:
    """Google's ``RetryInfo`` (https://google.aip.dev/193): ``"retryDelay": "17.5s"``."""
    if answer.ok:
        return None
    try:
        details = answer.json()["error"]["details"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    for one in details if isinstance(details, list) else ():
        delay = _DELAY.fullmatch(str(one.get("retryDelay"))) if isinstance(one, dict) else None
        if delay:
            return float(delay[1])
    return None


def linked(answer: requests.Response) -> str:
    """The next page by ``Link: <...>; rel="next"`` (RFC 8288)."""
    return answer.links.get("next", {}).get("url") or ""


def pages(
    session: ReadOnlySession,
    url: str,
    params: dict[str, str] | None = None,
    *,
    following: Callable[[requests.Response], str] = linked,
    most: int = 100_000,
) -> Iterator[requests.Response]:
    """Pages, each of which names the next one. ``following``: its URL or path, with the whole
    query; empty at the end. A repeated one ends in ``Unavailable`` instead of a loop."""
    seen: set[str] = set()
    answer = session.get(url, params)
    for _ in range(most):
        yield answer
        link = following(answer)
        if not link:
            return
        if link in seen:
            raise Unavailable(f"GET {urlsplit(link).path}: the source repeats a page link")
        seen.add(link)
        answer = session.get(link)
    raise Unavailable(f"GET {url}: more than {most} pages")


def link_pages(
    session: ReadOnlySession, url: str, params: dict[str, str] | None = None, *, most: int = 100_000
) -> Iterator[requests.Response]:
    """:func:`pages` joined by Link headers."""
    return pages(session, url, params, most=most)
