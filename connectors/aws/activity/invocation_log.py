"""Bedrock's log of model invocations, wherever an account keeps it in a region: an S3 bucket, by
the hour, or a CloudWatch log group, by spans of time.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html: objects are
``[prefix/]AWSLogs/<account>/BedrockModelInvocationLogs/<region>/yyyy/mm/dd/hh/....json.gz``, beside
``data/``, where long texts are: those are never opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.aws.activity.asking import Bucket, Calls
from connectors.aws.activity.records import one
from connectors.aws.activity.things import Place
from connectors.aws.activity.totals import Totals
from connectors.aws.activity.trail import Files, add, day_before
from scanner.kit.clocks import lost_by
from scanner.kit.expressions import expression
from scanner.kit.values import mapping, text
from scanner.model.errors import NotEnabled, Unavailable
from scanner.model.items import Checkpoint, Gap, Item

DESTINATION = "bedrock:GetModelInvocationLoggingConfiguration"
EVENTS = "logs:FilterLogEvents"
_HOURLY = expression(r"(.*/\d{4}/\d\d/\d\d/\d\d)/.*")
_OVERLAP = timedelta(minutes=10)
_SPAN = timedelta(days=1)
_MOST_KNOWN = 20_000


def read_invocations(
    calls: Calls, place: Place, now: datetime, days: int, since: Checkpoint | None
) -> Iterator[Item]:
    """Activities and checkpoints. Raises the source errors; ``NotEnabled`` where no log is kept."""
    answer = calls.call(place.account, place.region, DESTINATION, {})
    config = mapping(answer.get("loggingConfig"))
    stored = mapping(config.get("s3Config"))
    group = text(mapping(config.get("cloudWatchConfig")).get("logGroupName"))
    if bucket := text(stored.get("bucketName")):
        head = text(stored.get("keyPrefix")).strip("/")
        folder = f"AWSLogs/{place.account}/BedrockModelInvocationLogs/{place.region}/"
        prefix = f"{head}/{folder}" if head else folder
        files = Files(
            bucket=Bucket(calls, place.account, place.region, bucket),
            prefix=prefix,
            first=day_before(prefix, now, days),
            totals=Totals(place=place),
            border=_hour_before,
            wants=_is_log,
        )
        yield from files.items(since)
    elif group:
        yield from _of_group(calls, place, group, now, days, since)
    else:
        raise NotEnabled(
            f"Bedrock in {place.account}/{place.region} keeps no log of model invocations"
        )


def _is_log(key: str) -> bool:
    return key.endswith((".json.gz", ".json")) and "/data/" not in key


def _hour_before(key: str) -> str:
    """Objects of an hour have names in no order: that hour and the one before are listed again."""
    found = _HOURLY.fullmatch(key)
    if found is None:
        return key
    above = found[1].rsplit("/", 4)[0]
    try:
        at = datetime.strptime(found[1][-13:], "%Y/%m/%d/%H") - timedelta(hours=1)
    except (ValueError, OverflowError):
        return key
    return f"{above}/{at:%Y/%m/%d/%H}"


class _Cursor(msgspec.Struct):
    until: int
    """Milliseconds: up to here all is read."""
    known: dict[str, int] = {}
    """Digests of events of the last minutes before, with their times."""


def _of_group(
    calls: Calls, place: Place, group: str, now: datetime, days: int, since: Checkpoint | None
) -> Iterator[Item]:
    what = f"log group {group} in {place.account}/{place.region}"
    end = _milliseconds(now)
    start = end - _milliseconds_of(timedelta(days=days))
    cursor = _Cursor(until=start)
    if since is not None:
        try:
            cursor = msgspec.json.decode(since.cursor, type=_Cursor)
        except msgspec.MsgspecError:
            yield Gap(what=what, reason="the stored cursor is unreadable; read again")
    late, span = _milliseconds_of(_OVERLAP), _milliseconds_of(_SPAN)
    totals = Totals(place=place)
    # Events come late, also where the last minutes were quiet.
    begin = cursor.until - late if since is not None else cursor.until
    if begin > end:
        reached = datetime.fromtimestamp(cursor.until / 1000, UTC)
        yield Gap(what=what, reason=lost_by(reached, now, _OVERLAP))
        begin = end - late
    while begin < end:
        until = min(end, begin + span)
        for event in _events(calls, place, group, begin, until):
            mark = hashlib.blake2b(text(event.get("eventId")).encode(), digest_size=8).hexdigest()
            at = event.get("timestamp")
            if mark in cursor.known:
                continue
            cursor.known[mark] = at if isinstance(at, int) else until
            add(one(text(event.get("message")).encode("utf-8", "replace")), totals)
        cursor.until = until
        recent = [(mark, at) for mark, at in cursor.known.items() if at >= until - late]
        cursor.known = dict(recent[-_MOST_KNOWN:])
        yield from totals.drain(what)
        yield Checkpoint(cursor=msgspec.json.encode(cursor).decode())
        begin = until


def _events(
    calls: Calls, place: Place, group: str, begin: int, until: int
) -> Iterator[Mapping[str, Any]]:
    """Those from ``begin`` to before ``until``."""
    args: dict[str, Any] = {"logGroupName": group, "startTime": begin, "endTime": until - 1}
    seen: set[str] = set()
    while True:
        page = calls.call(place.account, place.region, EVENTS, args)
        for event in page.get("events") or ():
            yield mapping(event)
        token = text(page.get("nextToken"))
        if not token:
            return
        if token in seen:
            raise Unavailable(f"{EVENTS} of {group}: the source repeats a page token")
        seen.add(token)
        args["nextToken"] = token


def _milliseconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _milliseconds_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
