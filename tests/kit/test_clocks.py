"""Clocks that are ahead: of events, and of an earlier reading."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from scanner.kit.administered import Kind, read_file
from scanner.kit.clocks import Clock, latest_of
from scanner.kit.folding import Fold
from scanner.kit.forge.details import Where
from scanner.kit.forge.events import Event, Rows, read_events
from scanner.kit.forge.events import Log as ForgeLog
from scanner.kit.overlooked import Happened
from scanner.kit.values import iso, text
from scanner.kit.windows import Log, read_log
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Credential, Edge, Relation
from scanner.model.items import Activity, Checkpoint, Gap, Item

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
AHEAD = "2030-01-01T00:00:00Z"
TIMES = ("2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z", AHEAD)
LOG = Log(
    name="log", kept=timedelta(days=30), first=timedelta(days=10), span=timedelta(days=1),
    overlap=timedelta(hours=24),
)  # fmt: skip
NODE = NodeId("forge:host/acme")
WHERE = Where("forge", "host", NODE, NODE, "acme", {}, lambda *a: ())


def _used(at: str, row: str = "x") -> Activity:
    return Activity(
        rule="used", account=NodeId("a"), app_id=NodeId(row), first_at=at, last_at=at
    )  # fmt: skip


def _gaps(items: list[Item]) -> list[str]:
    return [one.reason for one in items if isinstance(one, Gap)]


def _count(items: list[Item]) -> int:
    return sum(one.count for one in items if isinstance(one, Activity))


@pytest.mark.parametrize("order", list(permutations(TIMES)))
def test_a_time_to_come_is_none_and_costs_no_other_event_its_own(order: tuple[str, ...]) -> None:
    clock = Clock(NOW)
    fold = Fold(clock=clock)
    for at in order:
        fold.add(_used(at))
    (row,) = fold.take()
    assert isinstance(row, Activity)
    assert (row.count, row.first_at, row.last_at) == (3, *TIMES[:2])
    (gap,) = clock.gaps("log.jsonl")
    assert (gap.what, gap.reason.split(":")[0]) == (
        "log.jsonl", "1 events are of a time to come (up to 2030-01-01T00",
    )  # fmt: skip


@pytest.mark.parametrize("unset", ["1970-01-01T00:00:00Z", "0001-01-01T14:00:00Z", "1601-01-01"])
def test_a_time_that_nobody_set_is_none_and_told(unset: str) -> None:
    for order in permutations((*TIMES, unset)):
        clock = Clock(NOW)
        fold = Fold(clock=clock)
        for at in order:
            fold.add(_used(at))
        (row,) = fold.take()
        assert isinstance(row, Activity)
        assert (row.count, row.first_at, row.last_at) == (4, *TIMES[:2])
        ahead, behind = (gap.reason for gap in clock.gaps("log.jsonl"))
        assert ahead.startswith("1 events are of a time to come")
        assert behind.startswith(f"1 events are of a time before 2000 ({unset})")
    clock = Clock(NOW)
    assert (clock.time(unset), clock.time(TIMES[0]), clock.time("")) == ("", TIMES[0], "")
    assert len(list(clock.gaps("x"))) == 1


def test_times_of_what_is_listed_and_of_commits_may_be_older() -> None:
    clock = Clock(NOW)
    row = Evidence(rule="r", source="s", first_at="1998-01-01T00:00:00Z", last_at=TIMES[0])
    known = Edge(source=NODE, target=NODE, relation=Relation.CALLS, evidence=(row,))
    assert clock.fitted(known) is known
    assert list(clock.gaps("x")) == []


def test_a_day_ahead_is_a_zone_and_no_wrong_clock() -> None:
    clock = Clock(NOW)
    at = latest_of(NOW)
    assert at == "2026-11-29T12:00:00Z"
    assert clock.fitted(_used(at)) == _used(at)
    assert not list(clock.gaps("log"))


def test_of_events_that_came_added_up_the_first_time_stands_for_the_last() -> None:
    clock = Clock(NOW)
    added = Activity(
        rule="used", account=NodeId("a"), app_id=NodeId("x"), count=9, first_at=TIMES[0],
        last_at=AHEAD,
    )  # fmt: skip
    assert clock.fitted(added).last_at == TIMES[0]
    assert clock.count == 1


def test_a_key_is_used_at_no_time_to_come() -> None:
    node = NodeId("x:key/1")
    seen = Evidence(rule="made", source="x", resource=node, first_at=TIMES[0], last_at=AHEAD)
    key = Credential(
        id=node, kind="x.key", name="1", issuer="x", fingerprint="", created_at=TIMES[0],
        last_used_at=AHEAD, evidence=(seen,),
    )  # fmt: skip
    fitted = Clock(NOW).fitted(key)
    assert (fitted.created_at, fitted.last_used_at) == (TIMES[0], "")
    assert fitted.evidence[0].last_at == TIMES[0]


def test_a_file_tells_of_times_to_come(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps({"n": n, "at": at}) for n, at in enumerate(TIMES)))

    def told(record: object, org: str) -> Happened:
        assert isinstance(record, dict)
        at = text(record["at"])
        return str(record["n"]), at, (_used(at),)

    kinds = (Kind(lambda record: "n" in record, told),)
    found = list(read_file(path, path.name, "acme", kinds, "events", now=NOW))
    (row,) = (one for one in found if isinstance(one, Activity))
    assert (row.count, row.last_at) == (3, TIMES[1])
    assert "a clock is wrong" in _gaps(found)[0]


def test_a_row_of_a_forge_has_no_time_to_come() -> None:
    clock = Clock(NOW)
    rows = Rows(WHERE, clock)
    for at in TIMES:
        rows.add(Event(key=at, at=at, action="x", thing=NodeId("t")))
    (row,) = rows.found.values()
    assert (row.count, row.first_at, row.last_at) == (3, *TIMES[:2])
    assert clock.count == 1


# --- cursors --------------------------------------------------------------------------------------

_EVENTS = [(NOW - timedelta(hours=hours), f"e{hours}") for hours in (90, 60, 50, 50, 3, 2, 1)]


def _told_by(moment: datetime) -> list[tuple[datetime, str]]:
    """What the source tells at that moment, each with an id of its own."""
    return [(at, f"{name}/{n}") for n, (at, name) in enumerate(_EVENTS) if at <= moment]


def _read(real: datetime, clock: datetime, since: Checkpoint | None) -> list[Item]:
    def events(begin: datetime, end: datetime) -> Iterator[Happened]:
        for at, ident in _told_by(real):
            if begin <= at < end:
                yield ident, iso(at), (_used(iso(at)),)

    return list(read_log(LOG, events, clock, since))


def _mark(items: list[Item]) -> Checkpoint:
    return [one for one in items if isinstance(one, Checkpoint)][-1]


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=3), timedelta(days=8)])
def test_a_cursor_of_a_clock_that_was_ahead_skips_nothing_and_counts_nothing_twice(
    ahead: timedelta,
) -> None:
    before = NOW - timedelta(hours=49)
    first = _read(before, before + ahead, None)
    second = _read(NOW, NOW, _mark(first))
    third = _read(NOW, NOW, _mark(second))
    assert _count(first) == 4
    assert _count(second) == 3
    assert _count(third) == 0
    assert not _gaps(third)
    is_told = any("clock of an earlier reading was ahead" in one for one in _gaps(second))
    assert is_told is (before + ahead > NOW + LOG.overlap)


def test_what_no_cursor_can_tell_of_a_clock_that_was_ahead_is_a_gap() -> None:
    """Cursors as they were before they knew the newest event."""
    old = Checkpoint(cursor='{"settled":"2026-12-04T12:00:00Z","until":"2026-12-05T12:00:00Z"}')
    (reason,) = _gaps(_read(NOW, NOW, old))
    assert "2026-12-05T12:00:00Z" in reason
    assert "may be missing" in reason


def test_a_forges_cursor_that_was_ahead_is_a_gap() -> None:
    log = ForgeLog(kept=timedelta(days=90), first=timedelta(days=30), span=timedelta(days=7))
    for until, count in (("2026-12-05T12:00:00Z", 1), ("2026-11-28T12:04:00Z", 0)):
        old = Checkpoint(cursor=json.dumps({"until": until, "known": []}))
        found = list(read_events(WHERE, lambda b, e: [], log, NOW, old))
        assert len(_gaps(found)) == count
        assert json.loads(_mark(found).cursor)["until"] == iso(NOW)
