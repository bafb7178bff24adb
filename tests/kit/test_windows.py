"""Logs read in windows: whatever the order, the clock and the moment of an end, each event once."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations

import msgspec
import pytest

from scanner.kit.folding import Fold, Lately
from scanner.kit.overlooked import Happened, Novel
from scanner.kit.values import iso
from scanner.kit.windows import Log, read_log, spans
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Credential
from scanner.model.items import Activity, Checkpoint, Gap, Item

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
LOG = Log(
    name="log", kept=timedelta(days=30), first=timedelta(days=10), span=timedelta(days=1),
    overlap=timedelta(hours=24),
)  # fmt: skip
Source = dict[str, tuple[datetime, datetime, str]]
"""Id -> when it happened, from when on it is told, and whose row it belongs to."""


def _reader(source: Source, now: datetime, rng: random.Random) -> object:
    def events(begin: datetime, end: datetime) -> Iterator[Happened | None]:
        told = [
            (ident, at, row)
            for ident, (at, since, row) in source.items()
            if begin <= at <= end and since <= now
        ]
        rng.shuffle(told)
        for ident, at, row in [*told, *told[:3]]:  # a page told twice
            one = Activity(
                rule="used", account=NodeId("a"), app_id=NodeId(row), first_at=iso(at),
                last_at=iso(at),
            )  # fmt: skip
            yield ident, iso(at), (one,)

    return events


def _count(items: list[Item]) -> int:
    return sum(one.count for one in items if isinstance(one, Activity))


@pytest.mark.parametrize("seed", range(20))
def test_runs_that_end_anywhere_count_each_event_once(seed: int) -> None:
    rng = random.Random(seed)
    source: Source = {}
    for number in range(300):
        at = NOW - timedelta(seconds=rng.randrange(9 * 86400))
        late = timedelta(seconds=rng.choice((0, 60, 7200, 80_000)))
        source[f"e{number}"] = (at, at + late, rng.choice("abc"))
    now = NOW - timedelta(days=5)
    mark: Checkpoint | None = None
    total = 0
    while True:
        found: list[Item] = []
        end = rng.choice((2, 99, 99))  # a run may be killed after any checkpoint
        for item in read_log(LOG, _reader(source, now, rng), now, mark):  # type: ignore[arg-type]
            found.append(item)
            if isinstance(item, Checkpoint):
                mark, stored = item, _count(found)
                end -= 1
                if not end:
                    break
        total += stored
        if now > NOW + timedelta(days=1) and end:
            break
        now += timedelta(hours=rng.randrange(1, 40))
    assert total == len(source)


def test_a_cursor_holds_a_number_a_row_and_not_an_id_an_event() -> None:
    source: Source = {
        f"e{n}": (NOW - timedelta(seconds=n % 3600 + 1), NOW - timedelta(days=1), "a")
        for n in range(5000)
    }
    items = list(read_log(LOG, _reader(source, NOW, random.Random(1)), NOW, None))  # type: ignore[arg-type]
    assert _count(items) == 5000
    assert max(len(one.cursor) for one in items if isinstance(one, Checkpoint)) < 200


def test_what_is_no_event_and_what_is_lost_are_gaps() -> None:
    items = list(read_log(LOG, lambda begin, end: iter([None]), NOW, None))
    assert [one.reason for one in items if isinstance(one, Gap)] == ["10 records are no events"]
    for cursor, said in (
        ("nonsense", "unreadable"),
        ('{"settled": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}', "no longer kept"),
    ):
        mark = Checkpoint(cursor=cursor)
        (gap,) = [i for i in read_log(LOG, lambda b, e: (), NOW, mark) if isinstance(i, Gap)]
        assert said in gap.reason


def test_nothing_is_asked_for_that_is_no_longer_kept_though_its_overlap_would() -> None:
    week = Log(
        name="log", kept=timedelta(days=7), first=timedelta(days=7), span=timedelta(days=1),
        overlap=timedelta(hours=24),
    )  # fmt: skip
    before = NOW - timedelta(days=6, hours=12)
    times = [NOW - timedelta(days=age) for age in (7.2, 6.8, 6.2, 3)]
    source: Source = {f"e{n}": (at, at, "a") for n, at in enumerate(times)}
    asked: list[tuple[datetime, datetime]] = []

    def read(now: datetime, since: Checkpoint | None) -> list[Item]:
        events = _reader(source, now, random.Random(1))

        def noted(begin: datetime, end: datetime) -> Iterator[Happened | None]:
            asked.append((begin, end))
            return events(begin, end)  # type: ignore[operator,no-any-return]

        return list(read_log(week, noted, now, since))

    first = read(before, None)
    mark = [one for one in first if isinstance(one, Checkpoint)][-1]
    asked.clear()
    found = read(NOW, mark)

    assert asked[0][0] == NOW - timedelta(days=7)
    assert asked[-1][1] == NOW
    assert all(one[1] == two[0] for one, two in pairwise(asked))
    assert [one.reason for one in found if isinstance(one, Gap)] == [
        "late events from 2026-11-21T00:00:00Z to 2026-11-21T12:00:00Z are no longer kept"
    ]
    assert _count(first) + _count(found) == len(source)


def test_windows_follow_each_other_and_the_first_reaches_what_was_read() -> None:
    start = NOW - timedelta(hours=50)
    made = list(spans(start, NOW - timedelta(hours=10), NOW, timedelta(hours=24)))
    assert made[0] == (start, NOW - timedelta(hours=10))
    assert made[-1][1] == NOW
    assert all(a[1] == b[0] for a, b in pairwise(made))


def test_a_row_widens_and_joins() -> None:
    fold = Fold()
    blank = Activity(rule="r", account=NodeId("a"), app_id=NodeId("x"))
    for at, scopes in (("2026-01-02", ("b",)), ("2026-01-01", ("a",)), ("", ())):
        fold.add(msgspec.structs.replace(blank, first_at=at, last_at=at, scopes=scopes))
    (row,) = fold.take()
    assert (row.count, row.first_at, row.last_at) == (3, "2026-01-01", "2026-01-02")
    assert row.scopes == ("a", "b")
    assert not list(fold.take())


def _key(at: str, **more: str) -> Credential:
    node = NodeId("x:key/1")
    told = (Evidence(rule="made", source="x", resource=node, first_at=at, last_at=at),)
    return Credential(
        id=node, kind="x.key", name="1", issuer="x", fingerprint="", evidence=told, **more
    )


def test_what_events_state_is_one_fact_in_any_order() -> None:
    told = [
        _key("2026-01-02", last_used_at="2026-01-02"), _key("2026-01-01", created_at="2026-01-01"),
        _key("2026-01-03", last_used_at="2026-01-01"),
    ]  # fmt: skip
    for order in permutations(told):
        fold = Fold()
        for one in order:
            fold.add(one)
        (fact,) = fold.take()
        assert isinstance(fact, Credential)
        assert (fact.created_at, fact.last_used_at) == ("2026-01-01", "2026-01-02")
        (row,) = fact.evidence
        assert (row.count, row.first_at, row.last_at) == (3, "2026-01-01", "2026-01-03")


def test_facts_of_late_events_are_told_once_and_new_ones_still() -> None:
    at = NOW - timedelta(hours=2)
    told = [("e1", iso(at), (_key(iso(at)),))]

    def events(begin: datetime, end: datetime) -> Iterator[Happened | Novel | None]:
        yield from (one for one in told if iso(begin) <= one[1] < iso(end))

    first = list(read_log(LOG, events, NOW, None))
    assert [type(one) for one in first if not isinstance(one, Checkpoint)] == [Credential]
    mark = [one for one in first if isinstance(one, Checkpoint)][-1]
    assert all(isinstance(one, Checkpoint) for one in read_log(LOG, events, NOW, mark))
    told.append(("e2", iso(at), (_key(iso(at)),)))
    (fact,) = (one for one in read_log(LOG, events, NOW, mark) if isinstance(one, Credential))
    assert fact.evidence[0].count == 1


def test_what_is_not_understood_is_counted_with_the_names_of_its_types() -> None:
    happened = ("e", iso(NOW - timedelta(hours=1)), ())

    def events(begin: datetime, end: datetime) -> Iterator[Happened | Novel | None]:
        for number in range(60):
            ident = f"e{number}"
            yield Novel(f"type.{number}", (ident, happened[1], ()))
            yield Novel("said by a person", (f"{ident}b", happened[1], ()))
        yield Novel("x", ("w", happened[1], ()), "events have no name")

    gaps = [one for one in read_log(LOG, events, NOW, None) if isinstance(one, Gap)]
    assert [one.reason.partition(":")[0] for one in gaps] == [
        "120 events are of types not known here", "1 events have no name",
    ]  # fmt: skip
    names = gaps[0].reason.partition(": ")[2].split(", ")
    assert len(names) <= 21
    assert "said by a person" not in names


def test_the_newest_ids_are_known_and_the_oldest_is_forgotten() -> None:
    known = Lately(2)
    assert [known.before(ident) for ident in "abacab"] == [False, False, True, False, False, False]
    assert [known.before(ident) for ident in "ab"] == [True, True]


def test_a_log_with_many_more_ids_than_are_kept_is_read_in_time_that_grows_with_it() -> None:
    """Beyond 500,000 each took some 100 microseconds more, of all that were forgotten."""
    known = Lately(100_000)
    begin = time.process_time()
    assert not any(known.before(str(ident)) for ident in range(300_000))
    assert time.process_time() - begin < 3
