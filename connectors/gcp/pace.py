"""How fast each API is asked for each project: Google counts by project and minute, and a location
with a host of its own counts for itself.

Nobody is slowed before Google says so, as quotas differ by API and customer. A 429 holds back the
one API of the one project that pays, as long as Google says; and what was let through in the minute
before is what the quota allows, which is kept to from then on.
https://cloud.google.com/docs/quotas/overview
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from requests import PreparedRequest, RequestException, Response
from requests.adapters import BaseAdapter

from scanner.kit.http import is_rate_limit, retry_after

_MINUTE = 60.0
_SHARE = 0.9
"""Of what was let through, so that others who use the project have some of it."""
_FEWEST = 1.0
"""Calls a second. Google's smallest quotas are sixty a minute; a refusal after few calls says that
somebody else has used the quota up."""
MOST_WAIT = 120.0
_UNTOLD = 2.0
"""Seconds of the first wait where Google does not say how long; each further one is doubled."""


@dataclass
class _Bucket:
    passed: deque[float] = field(default_factory=deque)
    """When the calls of the last minute went."""
    rate: float = 0.0
    """Calls a second; 0: not limited."""
    next: float = 0.0
    learned: float = 0.0
    """When the rate was."""


class Pace:
    """``key``: who pays, and the host."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str) -> None:
        """Waits for the turn of a call."""
        while (wait := self._wait(key)) > 0:
            self._sleep(wait)

    def _wait(self, key: str) -> float:
        with self._lock:
            now = self._clock()
            one = self._buckets.setdefault(key, _Bucket())
            if one.next > now:
                return one.next - now
            while one.passed and one.passed[0] < now - _MINUTE:
                one.passed.popleft()
            if one.rate and now > one.learned + 5 * _MINUTE:
                one.rate = 0.0  # somebody else may have used it up then
            if one.rate:
                one.next = now + 1 / one.rate
            one.passed.append(now)
            return 0.0

    def hold(self, key: str, seconds: float) -> None:
        """Google has refused a call: nobody asks before it is over, and then no faster than what
        was let through."""
        with self._lock:
            now = self._clock()
            one = self._buckets.setdefault(key, _Bucket())
            recent = sum(1 for at in one.passed if at >= now - _MINUTE)
            # Of calls that were refused at the same time, the first alone says what the rate was.
            if now >= one.next or not one.rate:
                one.rate = max(_FEWEST, _SHARE * max(0, recent - 1) / _MINUTE)
                one.learned = now
            one.next = max(one.next, now + seconds)

    def pause(self, seconds: float) -> None:
        """Before a call that broke off is made again."""
        self._sleep(seconds)


def wait_of(told: float | None, attempt: int) -> float:
    """Seconds after the ``attempt``-th refusal; ``told``: by Google."""
    return told if told is not None else min(_MINUTE, _UNTOLD * 2 ** (attempt - 1))


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
                self._pace.pause(0.5 * 2**attempt)
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
