"""CloudTrail Lake: a query, waited for with bounds, whose rows stand for many events each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.aws.activity.lake import DESCRIBE, RESULTS, START, Query, statement
from connectors.aws.activity.ways import CLIENTS
from scanner.model.errors import Denied, Throttled, Unavailable
from scanner.model.items import Checkpoint, Item
from tests.aws_rig import Member, Organization, Rig, denied, repeated_token, serving
from tests.aws_rig.world import Asked, Listed
from tests.connectors.aws import activity as made

ID = "4f0f5a3a-1111-2222-3333-444455556666"
STORE = f"arn:aws:cloudtrail:eu-west-1:{made.ACCOUNT}:eventdatastore/{ID}"
ROLE = f"arn:aws:iam::{made.OTHER}:role/app"


@pytest.fixture
def rig() -> Rig:
    found = Rig(page_size=2)
    Organization(members=(Member(made.ACCOUNT),)).into(found)
    return found


@pytest.fixture
def calls(rig: Rig) -> Iterator[Any]:
    with serving(rig) as url:
        yield made.access(url)
    assert not rig.wrong


def _row(**columns: str) -> list[dict[str, str]]:
    """A row as Lake gives it: a list of objects of one column; empty ones are left out."""
    whole = {
        "recipientAccountId": made.OTHER, "awsRegion": "eu-west-1",
        "eventSource": "bedrock.amazonaws.com", "eventName": "InvokeModel", "type": "AssumedRole",
        "arn": ROLE, "account": made.OTHER, "thing": f"modelId={made.HAIKU}",
        "source": "private", "client": "langchain", "n": "42",
        "first_at": "2026-05-01 00:00:00.000", "last_at": "2026-05-19 23:59:59.000", **columns,
    }  # fmt: skip
    return [{name: value} for name, value in whole.items() if value]


class Lake:
    def __init__(self, rig: Rig, *rows: list[dict[str, str]], ends: str = "FINISHED") -> None:
        self.statements: list[str] = []
        self.statuses = ["QUEUED", "RUNNING", ends]
        self.rows = rows
        rig.world.handle(START, self._start)
        rig.world.handle(DESCRIBE, self._describe)
        rig.world.handle(RESULTS, lambda asked: Listed({"QueryResultRows": list(self.rows)}))

    def _start(self, asked: Asked) -> dict[str, Any]:
        assert set(asked.params) == {"QueryStatement"}, "never a bucket to write to"
        self.statements.append(asked.params["QueryStatement"])
        return {"QueryId": "0f0f0f0f-0000-0000-0000-000000000000"}

    def _describe(self, asked: Asked) -> dict[str, Any]:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"QueryStatus": status, "ErrorMessage": "made up"}


def _items(
    calls: Any, since: Checkpoint | None = None, slept: list[float] | None = None, **changes: Any
) -> list[Item]:
    waits = slept if slept is not None else []
    settings = {"now": made.NOW, "days": 90, "sleep": waits.append, **changes}
    return list(Query(calls, STORE, **settings).items(since))


def test_rows_stand_for_many_events(rig: Rig, calls: Any) -> None:
    person = f"arn:aws:sts::{made.OTHER}:assumed-role/Dev/jane@example.com"
    Lake(
        rig,
        _row(),
        _row(eventName="InvokeEndpoint", eventSource="sagemaker.amazonaws.com",
             thing="endpointName=fraud", n="7", arn=person, client="boto3"),
        _row(error="AccessDenied", n="3"),
        _row(arn="", type="AWSService", account="", invokedBy="lambda.amazonaws.com", n="1",
             source="lambda.amazonaws.com", client=".amazonaws.com"),
        _row(endpoint="vpce-0123456789abcdef0", inferred="eu-west-3", n="2", client="-"),
    )  # fmt: skip
    items = _items(calls)
    rows = {(row.rule, row.where): row for row in made.activities(items)}
    first = rows["bedrock:InvokeModel", "langchain from a private address"]
    assert (first.count, first.first_at, first.last_at) == (
        42, "2026-05-01T00:00:00Z", "2026-05-19T23:59:59Z",
    )  # fmt: skip
    assert made.actor(first).id == ROLE
    assert first.app_id == f"aws:{made.OTHER}/eu-west-1/bedrock/{made.HAIKU}"
    called = rows["sagemaker:InvokeEndpoint", "boto3 from a private address"]
    assert called.app_id == f"arn:aws:sagemaker:eu-west-1:{made.OTHER}:endpoint/fraud"
    assert made.actor(called).email == "jane@example.com"
    assert rows["bedrock:InvokeModel refused", first.where].count == 3
    assert rows["bedrock:InvokeModel", "aws from AWS service lambda.amazonaws.com"].count == 1
    way = "other through VPC endpoint vpce-0123456789abcdef0 inferred in eu-west-3"
    assert rows["bedrock:InvokeModel", way].count == 2
    assert made.counted(items) == 42 + 7 + 1 + 2
    assert rig.calls[f"{RESULTS} eu-west-1 {made.ACCOUNT}"] == 3
    assert not made.gaps(items)


def test_the_statement_asks_for_what_was_not_asked_before(rig: Rig, calls: Any) -> None:
    lake = Lake(rig, _row())
    mark = made.last_mark(_items(calls))
    assert mark.cursor == "2026-05-20T11:00:00Z", "the last hour is not settled yet"
    _items(calls, mark, now=made.NOW + timedelta(days=1))
    first, second = lake.statements
    assert "eventTime > '2026-02-19 12:00:00' AND eventTime <= '2026-05-20 11:00:00'" in first
    assert "eventTime > '2026-05-20 11:00:00' AND eventTime <= '2026-05-21 11:00:00'" in second
    assert not _items(calls, mark), "nothing has settled since"
    assert len(lake.statements) == 2


def test_the_statement_is_whole(rig: Rig) -> None:
    """Every column that is chosen and no sum is grouped by; quotes and brackets close."""
    sql = statement(ID, made.NOW - timedelta(days=1), made.NOW)
    chosen = sql.partition("SELECT ")[2].partition(f" FROM {ID}")[0]
    names = re.findall(r" AS (\w+)", chosen)
    groups = sql.rpartition("GROUP BY ")[2].split(", ")
    assert groups == [str(n) for n in range(1, len(names) - 2)]
    assert names[-3:] == ["n", "first_at", "last_at"]
    assert sql.count("'") % 2 == 0
    assert sql.count("(") == sql.count(")")
    assert sql.count("CASE ") == len(re.findall(r"\bEND\b", sql))
    assert len(sql) < 8_000, "QueryStatement takes 10,000 characters"
    for word, _ in CLIENTS:
        assert word.replace(".", r"\.") in sql
    assert ";" not in sql


def test_a_query_is_waited_for_and_not_for_ever(rig: Rig, calls: Any) -> None:
    Lake(rig, _row())
    slept: list[float] = []
    _items(calls, slept=slept)
    assert len(slept) == 2
    Lake(rig, _row(), ends="RUNNING")
    slept.clear()
    with pytest.raises(Throttled, match="not finished"):
        _items(calls, slept=slept)
    assert 1800 <= sum(slept) < 1900
    assert max(slept) <= 30


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "TIMED_OUT"])
def test_a_query_that_fails_is_no_empty_answer(rig: Rig, calls: Any, status: str) -> None:
    Lake(rig, _row(), ends=status)
    with pytest.raises(Unavailable, match=status):
        _items(calls)


@pytest.mark.parametrize("operation", [START, DESCRIBE, RESULTS])
def test_what_was_refused_is_told(rig: Rig, calls: Any, operation: str) -> None:
    Lake(rig, _row())
    rig.strike(operation, denied())
    with pytest.raises(Denied, match=operation):
        _items(calls)


def test_answers_in_a_circle_and_rows_of_nonsense(rig: Rig, calls: Any) -> None:
    Lake(
        rig,
        [{"n": "x"}],
        [],
        _row(n="-1"),
        _row(n="9" * 40),
        _row(thing="modelId=" + "\x00" * 99),
        _row(),
    )
    items = _items(calls)
    assert "2 records" in made.gaps(items)[0].reason
    assert made.counted(items) == 1 + 1 + 42 + 42
    rig.strike(RESULTS, repeated_token())
    with pytest.raises(Unavailable, match="repeats a page token"):
        _items(calls)


def test_rows_without_end_end(rig: Rig, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.aws.activity import lake

    monkeypatch.setattr(lake, "_MOST_ROWS", 3)
    Lake(rig, *(_row(thing=f"modelId=a.b{n}") for n in range(9)))
    items = _items(calls)
    assert "more than 3 rows" in made.gaps(items)[0].reason


def test_a_cursor_that_is_none_is_told(rig: Rig, calls: Any) -> None:
    Lake(rig, _row())
    assert "unreadable" in made.gaps(_items(calls, Checkpoint(cursor="{")))[0].reason


def test_times_are_utc(rig: Rig, calls: Any) -> None:
    lake = Lake(rig, _row())
    east = datetime(2026, 5, 20, 20, 0, tzinfo=UTC).astimezone()
    _items(calls, now=east)
    assert "<= '2026-05-20 19:00:00'" in lake.statements[0]


def test_a_cursor_of_a_clock_that_was_ahead_is_told_and_left(rig: Rig, calls: Any) -> None:
    lake = Lake(rig, _row())
    items = _items(calls, Checkpoint(cursor=(made.NOW + timedelta(days=30)).isoformat()))
    assert "was ahead" in made.gaps(items)[0].reason
    assert not lake.statements
    later = _items(calls, made.last_mark(items), now=made.NOW + timedelta(hours=2))
    assert not made.gaps(later)
    assert len(lake.statements) == 1
