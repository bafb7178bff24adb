"""CloudTrail Lake: sums instead of events. One statement a scan groups by caller, thing and way, so
that a year of calls comes back as some hundred rows.

StartQuery is the one operation here that is neither List, Get nor Describe; it reads all the same
(access level Read: https://docs.aws.amazon.com/service-authorization/latest/reference/
list_awscloudtrail.html), writes nothing without a delivery bucket, which is never given, and costs
by the bytes it searches. Of a call between two accounts of one store both copies count, the owner's
under the caller's opaque id; who made what is not asked. SQL: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/
query-limitations.html.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.aws.activity.asking import Calls
from connectors.aws.activity.events import NOTHING, Caller, Event, Issuer, Session, when
from connectors.aws.activity.services import FIELDS, SERVICES
from connectors.aws.activity.totals import Totals
from connectors.aws.activity.ways import FRAMEWORKS, SDKS
from scanner.kit.clocks import lost_by
from scanner.kit.values import iso, mapping, text
from scanner.model.errors import Throttled, Unavailable
from scanner.model.items import Checkpoint, Gap, Item

START, DESCRIBE, RESULTS = (
    "cloudtrail:StartQuery", "cloudtrail:DescribeQuery", "cloudtrail:GetQueryResults"
)  # fmt: skip
_SETTLED = timedelta(hours=1)
"""Events of the last hour may not be there yet: they are asked for the next time."""
_PAUSE, _LONGEST_PAUSE, _MOST_WAIT = 2.0, 30.0, 1800.0
_MOST_ROWS = 200_000
_ROWS_A_PAGE = 1000


@dataclass
class Query:
    """``arn``: of the event data store."""

    calls: Calls
    arn: str
    now: datetime
    days: int
    sleep: Callable[[float], None] = time.sleep
    _parts: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._parts = self.arn.split(":")

    @property
    def account(self) -> str:
        return self._parts[4]

    @property
    def region(self) -> str:
        return self._parts[3]

    def items(self, since: Checkpoint | None) -> Iterator[Item]:
        """Activities and one checkpoint. Raises the source errors before anything is given."""
        begin, is_broken = self._begin(since)
        what = f"event data store {self.arn.rpartition('/')[2]}"
        if is_broken:
            yield Gap(what=what, reason="the stored cursor is unreadable; read again")
        end = (self.now.astimezone(UTC) - _SETTLED).replace(microsecond=0)
        if lost := lost_by(begin, end, _SETTLED):
            yield Gap(what=what, reason=lost)
            yield Checkpoint(cursor=iso(end))
        if begin >= end:
            return
        totals = Totals()
        rows = self._rows(statement(self.arn.rpartition("/")[2], begin, end))
        for number, row in enumerate(rows):
            if number >= _MOST_ROWS:
                yield Gap(what=what, reason=f"more than {_MOST_ROWS} rows; the rest is left out")
                break
            event = event_of(row)
            totals.add(
                event, _count(row.get("n")), when(row.get("first_at")), when(row.get("last_at"))
            )
        yield from totals.drain(what)
        yield Checkpoint(cursor=iso(end))

    def _begin(self, since: Checkpoint | None) -> tuple[datetime, bool]:
        first = self.now.astimezone(UTC).replace(microsecond=0) - timedelta(days=self.days)
        if since is None:
            return first, False
        try:
            return datetime.fromisoformat(since.cursor).astimezone(UTC), False
        except ValueError:
            return first, True

    def _rows(self, sql: str) -> Iterator[dict[str, str]]:
        started = self.calls.call(self.account, self.region, START, {"QueryStatement": sql})
        query = text(started.get("QueryId"))
        self._wait(query)
        asked: dict[str, Any] = {"QueryId": query, "MaxQueryResults": _ROWS_A_PAGE}
        seen: set[str] = set()
        while True:
            page = self.calls.call(self.account, self.region, RESULTS, asked)
            for row in page.get("QueryResultRows") or ():
                yield _flat(row)
            token = text(page.get("NextToken"))
            if not token:
                return
            if token in seen:
                raise Unavailable(f"{RESULTS} in {self.region}: the source repeats a page token")
            seen.add(token)
            asked["NextToken"] = token

    def _wait(self, query: str) -> None:
        """Until the query has ended, for half an hour at most."""
        waited, pause = 0.0, _PAUSE
        while True:
            told = self.calls.call(self.account, self.region, DESCRIBE, {"QueryId": query})
            status = text(told.get("QueryStatus"))
            if status == "FINISHED":
                return
            if status not in ("QUEUED", "RUNNING"):
                said = text(told.get("ErrorMessage"))[:300]
                raise Unavailable(f"{START} in {self.account}/{self.region}: {status}: {said}")
            if waited >= _MOST_WAIT:
                raise Throttled(
                    f"{START} in {self.account}/{self.region}: not finished after {waited:.0f} s"
                )
            self.sleep(pause)
            waited, pause = waited + pause, min(_LONGEST_PAUSE, pause * 1.5)


_PATHS = tuple(dict.fromkeys(
    field_.path for fields in FIELDS.values() for field_ in fields if "." not in field_.path
))  # fmt: skip
"""Parameters that name what was used. Lake keeps what lies deeper as text."""
_CALLER = """CASE WHEN userIdentity.arn LIKE '%@%' THEN userIdentity.arn
 ELSE coalesce(userIdentity.sessionContext.sessionIssuer.arn, userIdentity.arn) END"""
_PRIVATE = r"^(10\.|127\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|f[cd])"
_SOURCE = f"""CASE WHEN sourceIPAddress IS NULL THEN ''
 WHEN sourceIPAddress LIKE '%.amazonaws.com' OR sourceIPAddress = 'AWS Internal'
 THEN sourceIPAddress WHEN regexp_like(sourceIPAddress, '{_PRIVATE}')
 THEN 'private' ELSE 'public' END"""


def statement(store: str, begin: datetime, end: datetime) -> str:
    """What is asked: events after ``begin``, up to and with ``end``. All of it is made of tables,
    times and the id of a store, which is checked where it is configured."""
    thing = ", ".join(f"'{p}=' || element_at(requestParameters, '{p}')" for p in _PATHS)
    client = ", ".join(
        f"regexp_extract(lower(userAgent), '{_any_of(words)}')" for words in (FRAMEWORKS, SDKS)
    )
    columns = {
        "recipientAccountId": "recipientAccountId",
        "awsRegion": "awsRegion",
        "eventSource": "eventSource",
        "eventName": "eventName",
        "type": "userIdentity.type",
        "arn": _CALLER,
        "principal": "CASE WHEN userIdentity.arn IS NULL THEN userIdentity.principalId END",
        "account": "userIdentity.accountId",
        "invokedBy": "userIdentity.invokedBy",
        "thing": f"coalesce({thing})",
        "source": _SOURCE,
        "client": f"coalesce({client}, substr(userAgent, 1, 1))",
        "endpoint": "vpcEndpointId",
        "inferred": "element_at(additionalEventData, 'inferenceRegion')",
        "error": "errorCode",
    }
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    groups = ", ".join(str(number) for number in range(1, len(columns) + 1))
    sources = ", ".join(f"'{name}'" for name in SERVICES)
    verbs = sorted({verb for service in SERVICES.values() for verb in service.uses})
    return (  # nothing of it comes from outside
        f"SELECT {chosen}, count(*) AS n, min(eventTime) AS first_at, max(eventTime) AS last_at "  # noqa: S608
        f"FROM {store} WHERE eventTime > '{begin:%Y-%m-%d %H:%M:%S}' "
        f"AND eventTime <= '{end:%Y-%m-%d %H:%M:%S}' "
        f"AND eventSource IN ({sources}) AND regexp_like(eventName, '^({'|'.join(verbs)})') "
        "AND (coalesce(eventCategory, '') <> 'NetworkActivity' OR errorCode = 'VpceAccessDenied') "
        f"GROUP BY {groups}"
    )


def _any_of(words: tuple[tuple[str, str], ...]) -> str:
    return "|".join(word.replace(".", r"\.") for word, _ in words)


def event_of(row: Mapping[str, str]) -> Event | None:
    """A row as the one event that it stands for."""
    source = row.get("eventSource", "")
    if not source:
        return None
    path, _, named = row.get("thing", "").partition("=")
    asked = {path: named} if named else None
    inferred = row.get("inferred")
    issuer = row.get("arn", "")
    session = Session(sessionIssuer=Issuer(arn=issuer)) if ":role/" in issuer else None
    return Event(
        eventSource=source,
        eventName=row.get("eventName", ""),
        awsRegion=row.get("awsRegion") or None,
        recipientAccountId=row.get("recipientAccountId") or None,
        userIdentity=Caller(
            type=row.get("type"),
            arn=issuer or None,
            principalId=row.get("principal") or None,
            accountId=row.get("account") or None,
            invokedBy=row.get("invokedBy") or None,
            sessionContext=session,
        ),
        sourceIPAddress=row.get("source"),
        userAgent=row.get("client"),
        vpcEndpointId=row.get("endpoint"),
        errorCode=row.get("error") or None,
        requestParameters=msgspec.Raw(msgspec.json.encode(asked)) if asked else NOTHING,
        additionalEventData=(
            msgspec.Raw(msgspec.json.encode({"inferenceRegion": inferred})) if inferred else NOTHING
        ),
    )


def _flat(row: Any) -> dict[str, str]:
    """A row is a list of objects with one column each."""
    found: dict[str, str] = {}
    for column in row if isinstance(row, list) else ():
        for name, value in mapping(column).items():
            found[str(name)] = text(value)
    return found


def _count(value: Any) -> int:
    word = text(value)
    return int(word) if word.isdigit() and len(word) < 16 else 1
