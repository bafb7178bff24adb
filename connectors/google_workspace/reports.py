"""The Reports API: one report a shard, from where the last reading ended.

Google keeps every report for 180 days and tells the newest first; most events come within minutes,
some after hours (https://support.google.com/a/answer/7061566).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors.google_workspace.access import ACTIVITIES, OPERATIONS, Access
from connectors.google_workspace.events import happened
from connectors.google_workspace.names import account
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.overlooked import Happened
from scanner.kit.values import iso
from scanner.kit.windows import Log, read_log
from scanner.model.items import Checkpoint, Item

_KEPT = timedelta(days=180)
_SPAN = timedelta(days=7)
_BUSY_SPAN = timedelta(days=1)
_BUSY = ("token", "drive", "gmail", "chat", "chrome")
"""Reports with an event for every call or file."""


def read_report(
    access: Access, report: str, domain: str, customer: str, days: int, overlap: int,
    now: datetime, since: Checkpoint | None, counted: Counted | None = None,
    ctx: Context[Any] | None = None,
) -> Iterator[Item]:  # fmt: skip
    """Activities, a checkpoint after each window. Raises the source errors."""
    path = ACTIVITIES.replace("{report}", report)
    whose = {} if customer == "my_customer" else {"customerId": customer}

    def events(begin: datetime, end: datetime) -> Iterator[Happened | None]:
        query = {"startTime": iso(begin), "endTime": iso(end), "maxResults": "1000", **whose}
        for record in access.listed(OPERATIONS[2], path, query, "items"):
            for event in happened(record, domain) or (None,):
                yield event if event and event[1] else None  # without a time it is in no window

    log = Log(
        name=f"{report} report of {domain}",
        kept=_KEPT,
        first=timedelta(days=days),
        span=_BUSY_SPAN if report in _BUSY else _SPAN,
        overlap=timedelta(hours=overlap),
    )
    for item in read_log(log, events, now, since, counted, ctx):
        if isinstance(item, Checkpoint):
            yield account(domain, f"GET {path}")  # it has answered
        yield item
