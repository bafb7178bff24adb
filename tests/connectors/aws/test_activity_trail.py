"""A trail's bucket on a made-up S3: new files alone, each once, whatever breaks off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connectors.aws.activity import PARTS, ActivityConfig, collect, log_shards
from connectors.aws.activity.trail import by_minute
from scanner.kit.contract import Context, Mode, Shard
from scanner.kit.limits import Limits
from scanner.model.errors import Denied, Throttled, Unavailable
from scanner.model.items import Checkpoint, Item
from tests.aws_rig import Member, Organization, Rig, denied, serving, throttled
from tests.aws_rig.faults import Fault, cut
from tests.connectors.aws import activity as made
from tests.connectors.aws.activity import Store

A, B = made.ACCOUNT, made.OTHER
BUCKET = "org-trail"
ROOT = f"audit/AWSLogs/o-exampleorgid/{A}/CloudTrail/{made.REGION}/"
LIST, GET = "s3:ListObjectsV2", "s3:GetObject"


@pytest.fixture
def rig() -> Rig:
    found = Rig(page_size=3)
    Organization(members=(Member(A),)).into(found)
    return found


@pytest.fixture
def store(rig: Rig) -> Store:
    return Store(BUCKET).into(rig)


class Reader:
    """The activity's own doors, as the connector uses them."""

    def __init__(self, calls: Any, **settings: Any) -> None:
        self.calls = calls
        self.config = ActivityConfig(
            trail_bucket=BUCKET, trail_prefix="audit/", **{"event_history": False, **settings}
        )

    def context(self, later: timedelta = timedelta()) -> Context[ActivityConfig]:
        now = made.NOW + later
        return Context(
            config=self.config, examine=lambda *_: (), limits=Limits(), now=lambda: now
        )  # fmt: skip

    def shards(self) -> list[Shard]:
        return list(log_shards(self.config, lambda: self.calls, lambda: (A, made.REGION)))

    def items(
        self, shard: Shard, since: Checkpoint | None = None, later: timedelta = timedelta()
    ) -> Iterator[Item]:
        return collect(self.context(later), lambda: self.calls, shard, since)


@pytest.fixture
def reader(rig: Rig) -> Iterator[Reader]:
    with serving(rig) as url:
        yield Reader(made.access(url))
    assert not rig.wrong
    assert not rig.rejected or rig.strikes


def _key(day: str, minute: str, unique: str = "Mu0KsOhtH1ar15ZZ", root: str = ROOT) -> str:
    account = root.split("/")[-4]
    at = f"{day.replace('/', '')}T{minute}Z"
    return f"{root}{day}/{account}_CloudTrail_{made.REGION}_{at}_{unique}.json.gz"


def _day(store: Store, files: int = 8) -> None:
    for n in range(files):
        store.put(_key("2026/05/20", f"{9 + n // 6:02d}{n % 6}0"), made.event(), made.event())


def test_accounts_and_regions_are_found_in_the_bucket(store: Store, reader: Reader) -> None:
    _day(store, 1)
    other = f"audit/AWSLogs/o-exampleorgid/{B}/CloudTrail/eu-west-1/"
    store.put(_key("2026/05/20", "0900", root=other), made.event())
    store.put(f"audit/AWSLogs/o-exampleorgid/{B}/CloudTrail-Digest/eu-west-1/x.json.gz")
    store.put(f"audit/AWSLogs/o-exampleorgid/{A}/vpcflowlogs/us-east-1/x.gz")
    shards = reader.shards()
    assert [shard.id for shard in shards] == [
        f"aws:{A}/us-east-1/activity/trail", f"aws:{B}/eu-west-1/activity/trail",
    ]  # fmt: skip
    assert {shard.mode for shard in shards} == {Mode.INCREMENTAL}
    assert {shard.listed_by for shard in shards} == {f"aws:*/activity/trail/{BUCKET}"}
    assert all(shard.scope["part"] in PARTS for shard in shards)


def test_a_trail_of_one_account_has_no_organization(store: Store, reader: Reader) -> None:
    root = f"audit/AWSLogs/{A}/CloudTrail/{made.REGION}/"
    store.put(_key("2026/05/20", "0900", root=root), made.event())
    (shard,) = reader.shards()
    assert made.counted(reader.items(shard)) == 1


def test_a_bucket_may_hold_an_accounts_own_trail_beside_its_organizations(
    store: Store, reader: Reader
) -> None:
    own = f"audit/AWSLogs/{A}/CloudTrail/{made.REGION}/"
    store.put(_key("2026/05/20", "0900", root=own), made.event())
    store.put(_key("2026/05/20", "0900"), made.event(), made.event())
    shards = {shard.id: shard for shard in reader.shards()}
    assert set(shards) == {
        f"aws:{A}/us-east-1/activity/trail", f"aws:{A}/us-east-1/activity/trail/account",
    }  # fmt: skip
    assert {ident: made.counted(reader.items(shard)) for ident, shard in shards.items()} == {
        f"aws:{A}/us-east-1/activity/trail": 2, f"aws:{A}/us-east-1/activity/trail/account": 1,
    }  # fmt: skip


def test_a_trail_that_moved_is_read_from_its_first_and_said_to_have_moved(
    store: Store, reader: Reader
) -> None:
    """The new prefix sorts before the old: its keys are behind no cursor of the old."""
    _day(store)
    (shard,) = reader.shards()
    mark = made.last_mark(list(reader.items(shard)))
    scope = {**shard.scope, "folder": ROOT.replace("audit/", "a-new/")}
    moved = msgspec.structs.replace(shard, scope=scope)
    store.put(_key("2026/05/20", "0900", root=scope["folder"]), made.event())
    items = list(reader.items(moved, mark))
    assert made.counted(items) == 1
    assert "has moved" in made.gaps(items)[0].reason
    again = list(reader.items(moved, made.last_mark(items)))
    assert (made.counted(again), made.gaps(again)) == (0, [])


def test_new_files_alone_are_listed_and_opened(store: Store, reader: Reader) -> None:
    _day(store)
    store.put(_key("2025/01/01", "0900"), made.event())  # before the window
    (shard,) = reader.shards()
    first = list(reader.items(shard))
    assert made.counted(first) == 16
    assert len(store.opened) == 8
    store.opened.clear()
    store.asked.clear()
    assert made.counted(reader.items(shard, made.last_mark(first))) == 0
    assert not store.opened
    assert store.asked[-1]["StartAfter"] > f"{ROOT}2026/05/20"
    store.put(_key("2026/05/21", "0000"), made.event())
    later = list(reader.items(shard, made.last_mark(first), timedelta(days=1)))
    assert made.counted(later) == 1
    assert len(store.opened) == 1


def test_a_file_of_the_same_minute_under_a_smaller_name_is_not_lost(
    store: Store, reader: Reader
) -> None:
    store.put(_key("2026/05/20", "0900", "ZZZZ"), made.event())
    (shard,) = reader.shards()
    first = list(reader.items(shard))
    store.put(_key("2026/05/20", "0900", "AAAA"), made.event())
    store.put(_key("2026/05/20", "0830", "late"), made.event())
    again = list(reader.items(shard, made.last_mark(first)))
    assert (made.counted(first), made.counted(again)) == (1, 2)


@pytest.mark.parametrize(
    ("key", "border"),
    [
        (_key("2026/05/20", "0930"), f"{ROOT}2026/05/20/{A}_CloudTrail_us-east-1_20260520T0830"),
        (_key("2026/05/01", "0030"), f"{ROOT}2026/04/30/{A}_CloudTrail_us-east-1_20260430T2330"),
        (f"{ROOT}2026/05/20/renamed.json.gz", f"{ROOT}2026/05/20/renamed.json.gz"),
        (_key("2026/05/20", "9999"), _key("2026/05/20", "9999")),
    ],
)
def test_where_the_next_listing_begins(key: str, border: str) -> None:
    assert by_minute(key) == border


@pytest.mark.parametrize(
    ("operation", "fault", "error"),
    [
        (GET, throttled(), Throttled),
        (GET, denied(), Denied),
        (GET, cut(), Unavailable),
        (LIST, Fault(code="InternalError", status=500), Unavailable),
    ],
)
def test_what_breaks_off_is_read_again_and_counted_once(
    store: Store, reader: Reader, rig: Rig, operation: str, fault: Any, error: type[Exception]
) -> None:
    _day(store)
    (shard,) = reader.shards()
    # Two lists tell the accounts; the third is the first page of files.
    rig.strike(operation, fault, after=5 if operation == GET else 3)
    broken, said = made.until_error(reader.items(shard), error)
    assert operation in said
    assert made.counted(broken) == (10 if operation == GET else 6)
    rig.strikes.clear()
    rest = list(reader.items(shard, made.last_mark(broken)))
    assert made.counted(broken) + made.counted(rest) == 16


def test_from_every_checkpoint_the_rest_and_no_more(
    store: Store, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.aws.activity import trail

    monkeypatch.setattr(trail, "_BATCH_OBJECTS", 3)
    _day(store, 12)
    (shard,) = reader.shards()
    items = list(reader.items(shard))
    marks = [n for n, item in enumerate(items) if isinstance(item, Checkpoint)]
    assert len(marks) == 5
    for at in marks:
        mark = items[at]
        assert isinstance(mark, Checkpoint)
        assert made.counted(items[:at]) + made.counted(reader.items(shard, mark)) == 24


def test_damaged_archived_and_vanished_objects(store: Store, reader: Reader) -> None:
    _day(store, 4)
    keys = sorted(store.objects)
    store.objects[keys[0]] = store.objects[keys[0]][:-6]
    store.archived.add(keys[1])
    (shard,) = reader.shards()
    items = list(reader.items(shard))
    assert made.counted(items) == 6
    said = [f"{gap.what} {gap.reason}" for gap in made.gaps(items)]
    assert any(keys[0] in text and "ends early" in text for text in said)
    assert any("1 objects are archived" in text for text in said)


def test_an_object_that_its_bucket_ended_is_no_trouble(
    store: Store, reader: Reader, rig: Rig
) -> None:
    _day(store, 3)
    (shard,) = reader.shards()
    rig.strike(GET, Fault(code="NoSuchKey", status=404), times=1)
    items = list(reader.items(shard))
    assert made.counted(items) == 4
    assert not made.gaps(items)


def test_a_bucket_that_may_not_be_listed_holds_what_was_known(
    store: Store, reader: Reader, rig: Rig
) -> None:
    _day(store)
    rig.strike(LIST, denied())
    (shard,) = reader.shards()
    assert shard.id == f"aws:*/activity/trail/{BUCKET}"
    with pytest.raises(Denied, match="s3:ListObjectsV2"):
        list(reader.items(shard))


def test_a_bucket_without_a_trail_says_what_to_check(store: Store, reader: Reader) -> None:
    store.put("elsewhere/x.json.gz", made.event())
    (shard,) = reader.shards()
    with pytest.raises(Unavailable, match="trail_prefix"):
        list(reader.items(shard))


def test_one_call_between_two_accounts_of_the_trail_counts_once(
    store: Store, reader: Reader
) -> None:
    arn = f"arn:aws:bedrock:{made.REGION}:{B}:agent-alias/AGENT12345/ALIAS"
    asked = {"sharedEventID": "s-1", "resources": [{"ARN": arn}], "eventName": "InvokeAgent"}
    store.put(_key("2026/05/20", "0900"), made.event(**asked))
    opaque = {"type": "AWSAccount", "principalId": "AROAMADEUP:x", "accountId": A}
    other = f"audit/AWSLogs/o-exampleorgid/{B}/CloudTrail/{made.REGION}/"
    copy = made.event(**asked, recipientAccountId=B, userIdentity=opaque)
    store.put(_key("2026/05/20", "0900", root=other), copy)
    items = [item for shard in reader.shards() for item in reader.items(shard)]
    (row,) = made.activities(items)
    assert made.actor(row).kind == "aws.iam_role"


def test_another_account_may_hold_the_bucket(store: Store, rig: Rig) -> None:
    Organization(members=(Member(A), Member(B))).into(rig)
    store.put(_key("2026/05/20", "0900"), made.event())
    with serving(rig) as url:
        calls = made.access(url, role_name="ShadowAIReadOnly")
        reader = Reader(calls, trail_account=B, trail_region="eu-west-1")
        (shard,) = reader.shards()
        assert made.counted(reader.items(shard)) == 1
    assert rig.calls[f"{GET} eu-west-1 {B}"] == 1
    assert not rig.calls[f"{GET} {made.REGION} {A}"]


def test_no_object_elsewhere_is_asked_for(store: Store, reader: Reader) -> None:
    _day(store)
    store.put("audit/other/secret.json.gz", made.event())
    for shard in reader.shards():
        list(reader.items(shard))
    assert all(key.startswith("audit/AWSLogs/") for key in store.opened)
    assert all(one["Prefix"].startswith("audit/AWSLogs/") for one in store.asked)
