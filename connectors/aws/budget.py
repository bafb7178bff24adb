"""How fast each operation of an account in a region may be asked, and how often.

AWS throttles by account, region and operation
(https://docs.aws.amazon.com/general/latest/gr/api-retries.html), so one account that is busy must
not slow the others, nor one list the next. Rates are cut by half when an operation is throttled and
grow again while it is not (additive increase, multiplicative decrease, as TCP's).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from scanner.model.errors import Throttled

Key = tuple[str, str, str]
"""Account, region, operation (``sagemaker:ListModels``)."""

_RATE, _MOST_RATE = 50.0, 200.0
"""Calls a second that most operations are asked at first, and at most when none is refused."""
_RATES = {
    "cloudtrail": 2.0,
    "ce": 2.0,
    "organizations": 5.0,
    "iam": 10.0,
    "resource-explorer-2": 5.0,
    "servicecatalog-appregistry": 5.0,
}
"""Where the vendor allows fewer than most, for all operations of the service together
(https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html and the quota
pages of the services)."""
_LEAST = 0.5
_CUT = 0.5
_MORE = 0.05
"""Calls a second that each answered call adds."""


@dataclass
class _Bucket:
    rate: float
    most: float
    next: float = 0.0


class Budget:
    """``most_calls``: of one service in one account and region; 0: no bound."""

    def __init__(
        self,
        most_calls: int = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most_calls = most_calls
        self._buckets: dict[Key, _Bucket] = {}
        self.calls: Counter[Key] = Counter()
        """By account, region and service; what is sent again is a call of its own."""
        self.throttled: Counter[Key] = Counter()
        self._lock = threading.Lock()
        self._clock = clock
        self._sleep = sleep

    def take(self, key: Key) -> None:
        """Waits for its turn. Raises ``Throttled`` when the budget of calls is spent."""
        account, region, op = key
        service = op.partition(":")[0]
        with self._lock:
            if self._most_calls and self.calls[account, region, service] >= self._most_calls:
                raise Throttled(
                    f"{service} in {account}/{region}: the budget of {self._most_calls} calls is "
                    "spent; raise `most_calls` in [sources.aws]"
                )
            self.calls[account, region, service] += 1
            bucket = self._bucket(key)
            now = self._clock()
            # A burst of up to a second's calls is what AWS's own buckets allow.
            start = max(now, bucket.next)
            bucket.next = max(bucket.next, now - 1.0) + 1 / bucket.rate
            if bucket.next <= now:
                start = now
        if start > now:
            self._sleep(start - now)

    def cut(self, key: Key) -> None:
        """The service has throttled."""
        with self._lock:
            self.throttled[key] += 1
            bucket = self._bucket(key)
            bucket.rate = max(_LEAST, bucket.rate * _CUT)
            bucket.next = max(bucket.next, self._clock())

    def grow(self, key: Key) -> None:
        """The service has answered."""
        with self._lock:
            bucket = self._buckets.get(_shared(key))
            if bucket is not None and bucket.rate < bucket.most:
                bucket.rate = min(bucket.most, bucket.rate + _MORE)

    def _bucket(self, key: Key) -> _Bucket:
        key = _shared(key)
        bucket = self._buckets.get(key)
        if bucket is None:
            rate = _RATES.get(key[2], _RATE)
            most = rate if key[2] in _RATES else _MOST_RATE
            bucket = self._buckets[key] = _Bucket(rate, most)
        return bucket


def _shared(key: Key) -> Key:
    """The whole service where its operations have one rate together."""
    service = key[2].partition(":")[0]
    return (*key[:2], service) if service in _RATES else key
