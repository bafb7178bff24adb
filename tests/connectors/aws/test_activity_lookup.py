"""The event history, against an AWS made from botocore's own models."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.aws.activity.lookup import OPERATION, History, read_history
from connectors.aws.activity.services import MAKING, SERVICES
from connectors.aws.activity.things import Place
from scanner.model.errors import Denied, Throttled, Unavailable
from scanner.model.items import Checkpoint, Item
from tests.aws_rig import Member, Organization, Rig, denied, repeated_token, serving, throttled
from tests.aws_rig.faults import Fault
from tests.connectors.aws import activity as made

PLACE = Place(made.ACCOUNT, made.REGION)
BEDROCK = ("bedrock.amazonaws.com",)


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
    assert not rig.rejected or rig.strikes


def _wanted(**changes: Any) -> History:
    settings = {"place": PLACE, "now": made.NOW, "days": 90, "sources": BEDROCK}
    return History(**{**settings, **changes})


def _read(calls: Any, since: Checkpoint | None = None, **changes: Any) -> list[Item]:
    return list(read_history(calls, _wanted(**changes), since))


def _events(number: int, minutes: int = 10) -> list[dict[str, Any]]:
    """The first is the newest."""
    return [
        made.event(eventTime=(made.NOW - timedelta(minutes=minutes * n)).isoformat()[:19] + "Z")
        for n in range(number)
    ]


def test_events_over_pages_are_added_up_to_one_row(rig: Rig, calls: Any) -> None:
    rig.world.handle(OPERATION, made.history(*_events(7)))
    items = _read(calls)
    (row,) = made.activities(items)
    assert row.count == 7
    assert (row.first_at, row.last_at) == ("2026-05-20T11:00:00Z", "2026-05-20T12:00:00Z")
    assert row.rule == "bedrock:InvokeModel"
    assert row.relation == "used_by"
    assert made.actor(row).id == f"arn:aws:iam::{made.ACCOUNT}:role/service/app"
    assert row.app_id == f"aws:{made.ACCOUNT}/{made.REGION}/bedrock/{made.HAIKU}"
    assert row.where == "boto3 from a public address"
    assert rig.called(OPERATION) == 4
    assert not made.gaps(items)


def test_every_ai_service_is_asked_for_and_keys_where_iam_tells_of_them(
    rig: Rig, calls: Any
) -> None:
    asked: list[dict[str, str]] = []

    def lookup(request: Any) -> dict[str, Any]:
        asked.extend(request.params["LookupAttributes"])
        return {"Events": []}

    rig.world.handle(OPERATION, lookup)
    _read(calls, sources=())
    named = {one["AttributeValue"] for one in asked}
    assert named == {*SERVICES, *MAKING, "CreateServiceSpecificCredential"}
    by_name = {one["AttributeValue"] for one in asked if one["AttributeKey"] == "EventName"}
    assert by_name == {*MAKING, "CreateServiceSpecificCredential"}
    asked.clear()
    place = Place(made.ACCOUNT, "eu-west-1")
    list(read_history(calls, _wanted(sources=(), place=place), None))
    assert {one["AttributeValue"] for one in asked} == {*SERVICES, *MAKING}


def test_whoever_made_a_carrier_is_told_from_the_history(rig: Rig, calls: Any) -> None:
    """Asked for by the event's name, which a service of AI may have, too: that counts once."""
    function = f"arn:aws:lambda:{made.REGION}:{made.ACCOUNT}:function:chat"
    events = [
        made.event("CreateFunction20150331", eventSource="lambda.amazonaws.com",
                   responseElements={"functionArn": function, "functionName": "chat"}),
        made.event("CreateFunction20150331", eventSource="lambda.example.com",
                   responseElements={"functionArn": f"{function}-2", "functionName": "chat-2"}),
        made.event("CreateModel", eventSource="sagemaker.amazonaws.com",
                   responseElements={"modelArn": "arn:aws:sagemaker:us-east-1:1:model/m"}),
    ]  # fmt: skip
    rig.world.handle(OPERATION, made.history(*events))
    items = list(read_history(calls, _wanted(sources=("CreateFunction20150331", "CreateModel")),
                              None))  # fmt: skip
    (row,) = made.activities(items)
    assert (row.app_id, row.relation) == (function, "created_by")
    assert not made.gaps(items)


def test_two_calls_a_second_in_an_accounts_region(rig: Rig) -> None:
    rig.world.handle(OPERATION, made.history(*_events(20)))
    waited: list[float] = []
    with serving(rig) as url:
        calls = made.access(url, waited)
        list(read_history(calls, _wanted(), None))
    assert calls.budget.calls[made.ACCOUNT, made.REGION, "cloudtrail"] == 10
    assert sum(waited) == pytest.approx(10 / 2, abs=1.1)


def test_the_next_reading_counts_only_what_is_new(rig: Rig, calls: Any) -> None:
    lookup = made.history(*_events(5))
    rig.world.handle(OPERATION, lookup)
    first = _read(calls)
    again = _read(calls, made.last_mark(first), now=made.NOW + timedelta(minutes=1))
    assert (made.counted(first), made.counted(again)) == (5, 0)
    later = made.NOW + timedelta(hours=3)
    lookup.events.append(made.event(eventTime="2026-05-20T14:00:00Z"))
    third = _read(calls, made.last_mark(again), now=later)
    assert made.counted(third) == 1
    assert not made.gaps([*again, *third])


def test_an_event_that_comes_late_is_not_lost(rig: Rig, calls: Any) -> None:
    lookup = made.history(*_events(3))
    rig.world.handle(OPERATION, lookup)
    first = _read(calls)
    lookup.events.append(made.event(eventTime="2026-05-20T11:46:00Z"))  # 14 minutes before NOW
    again = _read(calls, made.last_mark(first), now=made.NOW + timedelta(hours=2))
    assert made.counted(again) == 1


def test_from_every_checkpoint_the_rest_and_no_more(rig: Rig, calls: Any) -> None:
    """As the conformance suite asks; also several events of one second on the border of pages."""
    events = [*_events(90, 1), *(made.event(eventTime="2026-05-20T11:20:00Z") for _ in range(9))]
    rig.world.handle(OPERATION, made.history(*events))
    items = _read(calls)
    assert made.counted(items) == 99
    marks = [n for n, item in enumerate(items) if isinstance(item, Checkpoint)]
    assert len(marks) > 2
    for at in marks:
        before, mark = items[:at], items[at]
        assert isinstance(mark, Checkpoint)
        assert made.counted(before) + made.counted(_read(calls, mark)) == 99


@pytest.mark.parametrize("after", range(1, 10))
def test_throttled_in_the_middle_keeps_what_was_read_and_goes_on(
    rig: Rig, calls: Any, after: int
) -> None:
    events = [made.event(eventTime=f"2026-05-20T11:00:{n // 3:02d}Z") for n in range(20)]
    rig.world.handle(OPERATION, made.history(*events))
    rig.strike(OPERATION, throttled(), after=after)
    broken, said = made.until_error(read_history(calls, _wanted(), None), Throttled)
    assert "ThrottlingException" in said
    assert made.ACCOUNT in said
    assert made.counted(broken) == 2 * after
    rig.strikes.clear()
    rest = _read(calls, made.last_mark(broken), now=made.NOW + timedelta(minutes=5))
    assert made.counted(broken) + made.counted(rest) == 20


def test_a_page_token_that_expires_is_asked_for_anew(rig: Rig, calls: Any) -> None:
    rig.world.handle(OPERATION, made.history(*_events(12)))
    rig.strike(OPERATION, Fault(code="InvalidNextTokenException", status=400), after=2, times=1)
    items = _read(calls)
    assert made.counted(items) == 12
    assert not made.gaps(items)


def test_credentials_that_expire_in_the_middle_lose_nothing(rig: Rig, calls: Any) -> None:
    rig.world.handle(OPERATION, made.history(*_events(12)))
    rig.strike(OPERATION, Fault(code="ExpiredTokenException", status=400), after=3)
    broken, said = made.until_error(read_history(calls, _wanted(), None), Denied)
    assert "ExpiredToken" in said
    rig.strikes.clear()
    rest = _read(calls, made.last_mark(broken))
    assert (made.counted(broken), made.counted(rest)) == (6, 6)


def test_what_was_refused_is_no_empty_history(rig: Rig, calls: Any) -> None:
    rig.strike(OPERATION, denied())
    items, said = made.until_error(read_history(calls, _wanted(), None), Denied)
    assert not made.activities(items)
    assert OPERATION in said
    assert "grant" in said


def test_a_source_that_leads_in_a_circle_is_left(rig: Rig, calls: Any) -> None:
    rig.world.handle(OPERATION, made.history(*_events(6)))
    rig.strike(OPERATION, repeated_token())
    _, said = made.until_error(read_history(calls, _wanted(), None), Unavailable)
    assert "repeats a page token" in said


def test_pages_beyond_the_bound_are_told_and_read_the_next_time(rig: Rig, calls: Any) -> None:
    rig.world.handle(OPERATION, made.history(*_events(11)))
    counts, since = [], None
    for number in itertools.count():
        items = _read(calls, since, pages=2, days=30, now=made.NOW + timedelta(minutes=number))
        since = made.last_mark(items)
        counts.append(made.counted(items))
        if not made.gaps(items):
            break
        assert "event_pages" in made.gaps(items)[0].reason
    assert sum(counts) == 11
    assert counts[0] == 4, "the newest first"


def test_a_busy_service_does_not_starve_the_others(rig: Rig, calls: Any) -> None:
    busy = _events(200, 1)
    quiet = made.event(
        "InvokeEndpoint", eventSource="sagemaker.amazonaws.com",
        requestParameters={"endpointName": "fraud"}, eventTime="2026-05-01T00:00:00Z",
    )  # fmt: skip
    rig.world.handle(OPERATION, made.history(*busy, quiet))
    sources = ("bedrock.amazonaws.com", "sagemaker.amazonaws.com")
    items = _read(calls, sources=sources, pages=60)
    assert "sagemaker:InvokeEndpoint" in {row.rule for row in made.activities(items)}
    assert made.gaps(items)


def test_what_is_no_longer_kept_is_told(rig: Rig, calls: Any) -> None:
    rig.world.handle(OPERATION, made.history(*_events(2)))
    mark = made.last_mark(_read(calls))
    items = _read(calls, mark, now=made.NOW + timedelta(days=100))
    (gap,) = made.gaps(items)
    assert "no longer kept" in gap.reason
    assert made.counted(items) == 0


def test_a_stored_cursor_that_is_none_is_told(rig: Rig, calls: Any) -> None:
    rig.world.handle(OPERATION, made.history(*_events(2)))
    items = _read(calls, Checkpoint(cursor="{no"))
    assert "unreadable" in made.gaps(items)[0].reason
    assert made.counted(items) == 2


@pytest.mark.parametrize(
    "whole", ['{"eventSource": "bedrock.amaz', "", '{"eventSource": 7}', '{"a": NaN}', "[" * 9999]
)
def test_an_event_that_is_cut_off_is_told_by_what_stands_around_it(
    rig: Rig, calls: Any, whole: str
) -> None:
    arn = f"arn:aws:bedrock:us-east-1:{made.ACCOUNT}:agent-alias/AGENT12345/ALIAS"
    cut = made.event("InvokeAgent", eventTime="2026-05-20T11:00:00Z")
    cut |= {
        "_whole": whole,
        "_user": "jane@example.com",
        "_resources": [{"ResourceType": "AWS::Bedrock::AgentAlias", "ResourceName": arn}],
    }
    rig.world.handle(OPERATION, made.history(cut))
    (row,) = made.activities(_read(calls))
    assert row.app_id == f"arn:aws:bedrock:us-east-1:{made.ACCOUNT}:agent/AGENT12345"
    assert made.actor(row).email == "jane@example.com"
    assert row.account == f"aws:account/{made.ACCOUNT}"


def test_a_cursor_of_a_clock_that_was_ahead_is_told_and_left(rig: Rig, calls: Any) -> None:
    rig.world.handle(OPERATION, made.history(*_events(2)))
    mark = made.last_mark(_read(calls, now=made.NOW + timedelta(days=40)))
    items = _read(calls, mark)
    assert "was ahead" in made.gaps(items)[0].reason
    assert not made.gaps(_read(calls, made.last_mark(items), now=made.NOW + timedelta(hours=2)))
