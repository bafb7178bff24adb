"""Sign-ins and directory audits over the API, each from where its last reading ended.

Graph takes five calls in ten seconds for all of a tenant's logs
(https://learn.microsoft.com/graph/throttling-limits): :attr:`rates` of the connector.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.entra.access import AUDITS, OTHER_SIGN_INS, SIGN_INS, Access, path_of
from connectors.entra.directory import applications
from connectors.entra.events import NAMES, audit, sign_in
from connectors.entra.names import account
from connectors.entra.records import App
from scanner.kit.counted import Counted
from scanner.kit.overlooked import Happened, Novel
from scanner.kit.values import iso
from scanner.kit.windows import Events, Log, read_log
from scanner.model.errors import SourceError
from scanner.model.items import Checkpoint, Item

_PAGE = "999"
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class When:
    """Which part of a log is wanted."""

    now: datetime
    days: int
    kept: int
    overlap: int
    since: Checkpoint | None = None
    counted: Counted | None = None


def read_sign_ins(
    access: Access, tenant: str, kind: str, known: Known, when: When
) -> Iterator[Item]:
    """``kind``: of :data:`connectors.entra.config.SignIn`."""
    operation = SIGN_INS if kind == "interactiveUser" else OTHER_SIGN_INS

    def events(begin: datetime, end: datetime) -> Iterator[Happened | Novel | None]:
        wanted = f"createdDateTime ge {iso(begin)} and createdDateTime lt {iso(end)}"
        if operation is OTHER_SIGN_INS:
            wanted += f" and signInEventTypes/any(t: t eq '{kind}')"
        query = {"$filter": wanted, "$top": _PAGE}
        for record in access.listed(operation, path_of(operation), query):
            yield _with_time(sign_in(record, tenant, known, kind))

    yield from _read(f"sign-ins ({kind})", operation.id, events, tenant, when, _DAY)


def read_audits(access: Access, tenant: str, known: Known, when: When) -> Iterator[Item]:
    names = " or ".join(f"activityDisplayName eq '{name}'" for name in NAMES)

    def events(begin: datetime, end: datetime) -> Iterator[Happened | Novel | None]:
        wanted = f"activityDateTime ge {iso(begin)} and activityDateTime lt {iso(end)}"
        query = {"$filter": f"{wanted} and ({names})", "$top": _PAGE}
        for record in access.listed(AUDITS, path_of(AUDITS), query):
            yield _with_time(audit(record, tenant, known))

    yield from _read("directory audits", AUDITS.id, events, tenant, when, _WEEK)


def _with_time(event: Happened | Novel | None) -> Happened | Novel | None:
    told = event.event if isinstance(event, Novel) else event
    return event if told and told[1] else None  # without a time it is in no window


def _read(
    name: str, rule: str, events: Events, tenant: str, when: When, span: timedelta
) -> Iterator[Item]:
    log = Log(
        name=f"{name} of {tenant}",
        kept=timedelta(days=when.kept),
        first=timedelta(days=when.days),
        span=span,
        overlap=timedelta(hours=when.overlap),
    )
    for item in read_log(log, events, when.now, when.since, when.counted):
        if isinstance(item, Checkpoint):
            yield account(tenant, rule)  # it has answered
        yield item


class Known:
    """Applications by either id, listed when the first is looked for. Without permission to list
    them the log's own words must do; the shard of the applications tells of it."""

    def __init__(self, access: Access, tenant: str, warn: Callable[[str], None]) -> None:
        self._access, self._tenant, self._warn = access, tenant, warn
        self._lock = threading.Lock()
        self._found: Mapping[str, App] | None = None

    def __call__(self, ident: str) -> App | None:
        with self._lock:
            if self._found is None:
                self._found = self._listed()
        return self._found.get(ident)

    def _listed(self) -> dict[str, App]:
        try:
            apps, _ = applications(self._access, self._tenant)
        except SourceError as error:
            self._warn(f"applications are named by the logs alone: {error}")
            return {}
        return {**apps, **{one.app: one for one in apps.values() if one.app}}
