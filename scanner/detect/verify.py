"""Asks the provider itself whether a key lives. Off unless the user says so.

Owns one harmless read-only request a key, declared as data in its rule
(:class:`scanner.rulebook.types.Verify`), sent to a host of the key's own provider. At most one call
a second and host, few retries, no redirect followed, a budget a host. The key is in memory for that
one request: not kept, not logged, not part of any error; what is kept is the answer
(:mod:`scanner.detect.asked`).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from scanner.detect.asked import Book, OwnBook, Page, Tags
from scanner.detect.patterns import Pattern
from scanner.detect.redact import fingerprint
from scanner.model.errors import Unavailable
from scanner.rulebook.types import Verify

LIVE, DEAD, UNKNOWN = "live", "dead", "unknown"
_TIMEOUT = (5.0, 15.0)
_WHOLE = 30.0
"""Seconds of an answer with its body."""
_ATTEMPTS = 3
_MOST_WAIT_SECONDS = 10.0
_MOST_CALLS = 200
"""A host and scan: who leaks more has other trouble."""
_MOST_BODY_BYTES = 1 << 20
_MOST_ACCOUNT = 120
_RETRIED = (429, 500, 502, 503, 504)
_UNTOLD: Tags = (("verify", UNKNOWN),)


class Verifier:
    """Used by all threads. ``book``: shared with other processes, which then give the same
    ``salt``. ``base``: where to send every request instead (a stand-in in tests)."""

    def __init__(
        self,
        *,
        book: Book | None = None,
        salt: bytes = b"",
        base: str = "",
        pause_seconds: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = base.rstrip("/")
        self._pause = pause_seconds
        self._sleep = sleep
        self._clock = clock
        self._salt = salt or os.urandom(32)
        self._book = book or OwnBook()

    def ask(self, pattern: Pattern, secret: bytes) -> Tags:
        """``verify`` = live, dead or unknown, and the ``account`` that the answer names; nothing
        for a format that cannot be asked about. Each key is asked about once."""
        wanted = pattern.key.verify if pattern.key is not None else None
        if wanted is None or not _is_plain(secret):
            return ()
        mark = f"{pattern.rule}:{fingerprint(secret, self._salt)}"
        host = urlsplit(wanted.url).hostname or ""
        with self._book.page(host) as page:
            if mark not in page.known:
                page.known[mark] = _UNTOLD  # whoever dies over it has asked
                page.known[mark] = self._asked(wanted, secret.decode("ascii"), host, page)
            return page.known[mark]

    def _asked(self, wanted: Verify, key: str, host: str, page: Page) -> Tags:
        for attempt in range(_ATTEMPTS):
            if page.calls >= _MOST_CALLS:
                break
            self._take_turn(host, page)
            answer = self._send(wanted, key)
            if answer is None:
                continue
            status, headers, body = answer
            if status in wanted.live:
                account = _account(wanted.account, headers, body, key)
                return (("verify", LIVE), *((("account", account),) if account else ()))
            if status in wanted.dead:
                return (("verify", DEAD),)
            if status not in _RETRIED:
                break
            if attempt + 1 < _ATTEMPTS:
                self._sleep(_wait(headers.get("retry-after", ""), attempt))
        return _UNTOLD

    def _take_turn(self, host: str, page: Page) -> None:
        now = self._clock()
        if page.next_at > now:
            self._sleep(page.next_at - now)
        page.next_at = max(now, page.next_at) + self._pause
        page.calls += 1
        self._book.keep(host, page)

    def _send(self, wanted: Verify, key: str) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers (lower case) and the head of the body; None when nothing answered. An
        error is dropped here: its text would hold the request."""
        url = wanted.url
        if self._base:
            split = urlsplit(url)
            url = f"{self._base}{split.path}" + (f"?{split.query}" if split.query else "")
        headers = {"Accept": "application/json", "User-Agent": "shadow-ai-scanner"}
        for line in (wanted.header, *wanted.extra):
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip().replace("{key}", key)
        import requests  # a scan that asks nobody starts without it
        from urllib3.exceptions import HTTPError

        from scanner.kit.outgoing import session as safe

        session = safe(whole=_WHOLE)
        try:
            with session.request(
                wanted.method,
                url,
                headers=headers,
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as answer:
                return (
                    answer.status_code,
                    {name.lower(): value for name, value in answer.headers.items()},
                    answer.content[:_MOST_BODY_BYTES],
                )
        except (requests.RequestException, HTTPError, OSError, ValueError, Unavailable):
            return None
        finally:
            session.close()


def _is_plain(secret: bytes) -> bool:
    """Fit for a header: no line break, no space, ASCII."""
    return all(33 <= byte < 127 for byte in secret)


def _wait(told: str, attempt: int) -> float:
    return min(_MOST_WAIT_SECONDS, float(told) if told.isdigit() else 2.0**attempt)


def _account(path: str, headers: dict[str, str], body: bytes, key: str) -> str:
    """The value at the dotted ``path`` of the JSON body, or of a header (``header.name``)."""
    if not path:
        return ""
    first, _, rest = path.partition(".")
    value: Any = headers.get(rest.lower(), "") if first == "header" else _at(body, path)
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        return ""
    text = "".join(c for c in str(value) if c.isprintable())[:_MOST_ACCOUNT]
    return "" if key in text or text in key else text


def _at(body: bytes, path: str) -> Any:
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
