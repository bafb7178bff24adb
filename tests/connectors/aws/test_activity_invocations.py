"""Bedrock's log of invocations: tokens by caller and model, wherever it is kept, and not a word of
what was asked or answered."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.aws.activity import invocation
from connectors.aws.activity.invocation_log import DESTINATION, EVENTS, read_invocations
from connectors.aws.activity.records import one
from connectors.aws.activity.things import Place
from connectors.aws.activity.totals import Totals
from scanner.model.errors import Denied, NotEnabled
from scanner.model.items import Checkpoint, Item
from tests.aws_rig import Member, Organization, Rig, denied, serving, throttled
from tests.aws_rig.world import Asked, Listed
from tests.connectors.aws import activity as made
from tests.connectors.aws.activity import Store

PLACE = Place(made.ACCOUNT, made.REGION)
SECRET = "the patient has a rare condition"
FOLDER = f"logs/AWSLogs/{made.ACCOUNT}/BedrockModelInvocationLogs/{made.REGION}/"


def record(number: int = 1, **changes: Any) -> dict[str, Any]:
    """As https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html."""
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-05-20T10:00:00Z",
        "accountId": made.ACCOUNT,
        "region": made.REGION,
        "requestId": f"r-{number}",
        "operation": "Converse",
        "modelId": made.HAIKU,
        "identity": {"arn": f"arn:aws:sts::{made.ACCOUNT}:assumed-role/app/i-{number}"},
        "input": {
            "inputContentType": "application/json",
            "inputBodyJson": {"messages": [{"role": "user", "content": [{"text": SECRET}]}]},
            "inputTokenCount": 100,
        },
        "output": {
            "outputContentType": "application/json",
            "outputBodyJson": {"output": {"message": {"content": [{"text": SECRET}]}}},
            "outputTokenCount": 20,
        },
        **changes,
    }


def _packed(*records: Any) -> bytes:
    return gzip.compress(b"\n".join(json.dumps(each).encode() for each in records))


def _counts(items: list[Item]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in made.activities(items):
        found[row.rule.removeprefix("bedrock:invocation-log ")] = (
            found.get(row.rule.removeprefix("bedrock:invocation-log "), 0) + row.count
        )
    return found


@pytest.fixture
def rig() -> Rig:
    found = Rig(page_size=3)
    Organization(members=(Member(made.ACCOUNT),)).into(found)
    return found


@pytest.fixture
def calls(rig: Rig) -> Iterator[Any]:
    with serving(rig) as url:
        yield made.access(url)
    assert not rig.wrong


def _kept_in(rig: Rig, **config: Any) -> None:
    rig.world.answer(made.ACCOUNT, made.REGION, DESTINATION, {}, {"loggingConfig": config})


def _read(calls: Any, since: Checkpoint | None = None, later: int = 0) -> list[Item]:
    now = made.NOW + timedelta(hours=later)
    return list(read_invocations(calls, PLACE, now, 30, since))


@pytest.fixture
def store(rig: Rig) -> Store:
    _kept_in(rig, s3Config={"bucketName": "prompts", "keyPrefix": "logs"})
    return Store("prompts").into(rig)


def test_calls_and_tokens_from_a_bucket(store: Store, calls: Any) -> None:
    for hour in range(4):
        records = [record(10 * hour + n) for n in range(5)]
        store.objects[f"{FOLDER}2026/05/20/{hour:02d}/x{hour}.json.gz"] = _packed(*records)
    store.objects[f"{FOLDER}2026/05/20/01/data/long_input.json.gz"] = _packed({"text": SECRET})
    items = _read(calls)
    assert _counts(items) == {"Converse": 20, "input tokens": 2000, "output tokens": 400}
    (row, *_) = made.activities(items)
    assert row.app_id == f"aws:{made.ACCOUNT}/{made.REGION}/bedrock/{made.HAIKU}"
    assert made.actor(row).id == f"arn:aws:iam::{made.ACCOUNT}:role/app"
    assert not made.gaps(items)
    assert not [key for key in store.opened if "/data/" in key]
    assert SECRET not in repr(items)


def test_the_next_reading_opens_what_is_new_of_this_hour_and_the_last(
    store: Store, calls: Any
) -> None:
    store.objects[f"{FOLDER}2026/05/20/09/b.json.gz"] = _packed(record(1))
    store.objects[f"{FOLDER}2026/05/20/10/b.json.gz"] = _packed(record(2))
    mark = made.last_mark(_read(calls))
    store.objects[f"{FOLDER}2026/05/20/09/a.json.gz"] = _packed(record(3))
    store.objects[f"{FOLDER}2026/05/20/10/a.json.gz"] = _packed(record(4))
    store.opened.clear()
    assert _counts(_read(calls, mark))["Converse"] == 2
    assert len(store.opened) == 2


class Group:
    """A log group as FilterLogEvents tells it."""

    def __init__(self, rig: Rig) -> None:
        self.events: list[tuple[int, dict[str, Any]]] = []
        rig.world.handle(EVENTS, self._filter)
        _kept_in(rig, cloudWatchConfig={"logGroupName": "/bedrock", "roleArn": "arn:aws:iam::1:r"})

    def put(self, hours_ago: float, number: int, **changes: Any) -> None:
        at = int((made.NOW - timedelta(hours=hours_ago)).timestamp() * 1000)
        self.events.append((at, record(number, **changes)))

    def _filter(self, asked: Asked) -> Listed:
        assert asked.params["logGroupName"] == "/bedrock"
        first, last = asked.params["startTime"], asked.params["endTime"]
        rows = [
            {"eventId": str(told["requestId"]), "timestamp": at, "message": json.dumps(told)}
            for at, told in sorted(self.events, key=lambda pair: pair[0])
            if first <= at <= last
        ]
        return Listed({"events": rows})


def test_calls_and_tokens_from_a_log_group(rig: Rig, calls: Any) -> None:
    group = Group(rig)
    for n in range(10):
        group.put(hours_ago=n * 20 + 0.01, number=n)
    first = _read(calls)
    assert _counts(first)["Converse"] == 10
    assert SECRET not in repr(first)
    group.put(hours_ago=0.1, number=77)  # late, by six minutes
    group.put(hours_ago=-0.5, number=78)
    again = _read(calls, made.last_mark(first), later=1)
    assert _counts(again)["Converse"] == 2
    assert not _counts(_read(calls, made.last_mark(again), later=1))


def test_what_comes_late_into_a_quiet_log_group_is_not_lost(rig: Rig, calls: Any) -> None:
    group = Group(rig)
    group.put(hours_ago=30, number=1)
    first = _read(calls)
    assert _counts(first)["Converse"] == 1
    group.put(hours_ago=0.03, number=2)  # two minutes before the first reading, told after it
    again = _read(calls, made.last_mark(first), later=1)
    assert _counts(again)["Converse"] == 1
    assert not _counts(_read(calls, made.last_mark(again), later=1))


def test_a_log_whose_prefix_was_changed_does_not_blind_who_reads_it(
    rig: Rig, store: Store, calls: Any
) -> None:
    store.objects[f"{FOLDER}2026/05/20/09/b.json.gz"] = _packed(record(1))
    mark = made.last_mark(_read(calls))
    _kept_in(rig, s3Config={"bucketName": "prompts", "keyPrefix": "bedrock"})
    moved = FOLDER.replace("logs/", "bedrock/")
    store.objects[f"{moved}2026/05/20/09/b.json.gz"] = _packed(record(2), record(3))
    items = _read(calls, mark)
    assert _counts(items)["Converse"] == 2
    assert "has moved" in made.gaps(items)[0].reason


def test_from_every_checkpoint_the_rest_and_no_more(rig: Rig, calls: Any) -> None:
    group = Group(rig)
    for n in range(40):
        group.put(hours_ago=n * 12, number=n)
    items = _read(calls)
    marks = [n for n, item in enumerate(items) if isinstance(item, Checkpoint)]
    assert len(marks) == 30
    for at in (*marks[:3], *marks[-12::3]):
        mark = items[at]
        assert isinstance(mark, Checkpoint)
        rest = _counts(_read(calls, mark)).get("Converse", 0)
        assert _counts(items[:at]).get("Converse", 0) + rest == _counts(items)["Converse"]


def test_where_no_log_is_kept_there_is_none(rig: Rig, calls: Any) -> None:
    rig.world.answer(made.ACCOUNT, made.REGION, DESTINATION, {}, {})
    with pytest.raises(NotEnabled, match="keeps no log"):
        _read(calls)


@pytest.mark.parametrize("operation", [DESTINATION, EVENTS])
def test_what_was_refused_is_no_empty_log(rig: Rig, calls: Any, operation: str) -> None:
    Group(rig).put(1, 1)
    rig.strike(operation, denied())
    with pytest.raises(Denied, match=operation):
        _read(calls)


def test_what_breaks_off_is_counted_once(rig: Rig, calls: Any) -> None:
    from scanner.model.errors import Throttled

    group = Group(rig)
    for n in range(12):
        group.put(hours_ago=n * 48 + 0.1, number=n)
    rig.strike(EVENTS, throttled(), after=20)
    items = read_invocations(calls, PLACE, made.NOW, 30, None)
    broken, said = made.until_error(items, Throttled)
    assert EVENTS in said
    rig.strikes.clear()
    rest = _read(calls, made.last_mark(broken))
    assert _counts(broken)["Converse"] + _counts(rest)["Converse"] == 12


# --- one record -----------------------------------------------------------------------------------


def _of(*records: Any) -> list[Item]:
    totals = Totals(place=PLACE)
    for each in records:
        found = one(json.dumps(each).encode())
        if isinstance(found, invocation.Invocation):
            invocation.add(found, totals)
        else:
            totals.add(found)
    return list(totals.drain("a log"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"inferenceRegion": "us-west-2"}, "inferred in us-west-2"),
        ({"inferenceRegion": made.REGION}, ""),
        ({"requestMetadata": {"Application": "checkout", "user": SECRET}},
         "for application=checkout"),
        ({"requestMetadata": {"application": SECRET * 9}}, ""),
        ({"requestMetadata": {"application": "<b>"}}, ""),
        ({"requestMetadata": "nothing"}, ""),
    ],
)  # fmt: skip
def test_where_it_ran_and_what_for(changes: dict[str, Any], words: str) -> None:
    row = made.activities(_of(record(**changes)))[0]
    assert row.where == words
    assert SECRET not in repr(row)


def test_what_was_refused_is_no_use_and_what_was_throttled_is() -> None:
    items = _of(
        record(1, errorCode="AccessDeniedException", input=None, output=None),
        record(2, errorCode="ThrottlingException", input=None, output=None),
    )
    assert {(row.rule, row.relation) for row in made.activities(items)} == {
        ("bedrock:invocation-log Converse refused", ""),
        ("bedrock:invocation-log Converse", "used_by"),
    }


def test_an_invocation_counts_once() -> None:
    assert _counts(_of(record(1), record(1), record(2)))["Converse"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"accountId": None, "region": None, "identity": None},
        {"modelId": None},
        {"modelId": "x" * 9000},
        {"operation": "<script>"},
        {"input": {"inputTokenCount": -5}, "output": {"outputTokenCount": 10**30}},
        {"input": {"inputTokenCount": "many"}},
        {"identity": {"arn": "x" * 9000}},
        {"timestamp": "never"},
    ],
)
def test_what_is_hostile_costs_itself_alone(changes: dict[str, Any]) -> None:
    items = _of(record(1, **changes), record(2))
    assert _counts(items)["input tokens"] >= 100
    assert _counts(items)["Converse"] in (1, 2)
    assert max(len(repr(row)) for row in made.activities(items)) < 4000
    assert "<script>" not in repr(items)


def test_a_cursor_of_a_clock_that_was_ahead_is_told_and_left(rig: Rig, calls: Any) -> None:
    group = Group(rig)
    group.put(hours_ago=50, number=1)
    mark = made.last_mark(_read(calls, later=24 * 9))
    group.put(hours_ago=0.1, number=2)
    items = _read(calls, mark)
    assert "was ahead" in made.gaps(items)[0].reason
    assert _counts(items)["Converse"] == 1
    group.put(hours_ago=-0.5, number=3)
    later = _read(calls, made.last_mark(items), later=1)
    assert not made.gaps(later)
    assert _counts(later)["Converse"] == 1
