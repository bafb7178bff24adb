"""How fast each subscription is asked: Azure counts reads by subscription and caller.

A bucket of 250 that fills with 25 a second
(https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling),
of which others have a part; Resource Graph counts by caller alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from scanner.kit.pace import Filling, Pace

BURST = 200
RATE = 20.0


def by_subscription(
    *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> Pace:
    return Pace(lambda: Filling(BURST, RATE), clock=clock, sleep=sleep)
