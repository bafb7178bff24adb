"""How fast each API is asked for each project: Google counts by project and minute, and a location
with a host of its own counts for itself.

Nobody is slowed before Google says so, as quotas differ by API and customer. A 429 holds back the
one API of the one project that pays, as long as Google says.
https://cloud.google.com/docs/quotas/overview
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from requests import PreparedRequest, RequestException, Response
from requests.adapters import BaseAdapter

from scanner.kit.http import is_rate_limit, retry_after
from scanner.kit.pace import MOST_WAIT, Pace, back_off, wait_of


class Waiting(BaseAdapter):
    """The same patience for a session of somebody else's client: ``inner`` sends."""

    def __init__(
        self, inner: BaseAdapter, pace: Pace, key: str, attempts: int,
        check: Callable[[Response], None],
    ) -> None:  # fmt: skip
        """``check``: raises a source error for an answer that is none."""
        super().__init__()
        self._inner = inner
        self._check = check
        self._pace = pace
        self._key = key
        self._attempts = attempts

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        asked: dict[str, Any] = {
            "stream": stream, "timeout": timeout, "verify": verify, "cert": cert,
            "proxies": proxies,
        }  # fmt: skip
        for attempt in range(1, self._attempts + 1):
            self._pace.take(self._key)
            is_last = attempt == self._attempts
            try:
                answer = self._inner.send(request, **asked)
            except RequestException:
                if is_last:
                    raise
                self._pace.pause(back_off(attempt))
                continue
            if answer.ok:
                self._check(answer)
            if is_last or not (is_rate_limit(answer) or answer.status_code >= 502):
                return answer
            wait = wait_of(retry_after(answer), attempt)
            if wait > MOST_WAIT:
                return answer
            if is_rate_limit(answer):
                self._pace.hold(self._key, wait)
            else:
                self._pace.pause(wait)
        raise AssertionError("unreachable")

    def close(self) -> None:
        self._inner.close()
