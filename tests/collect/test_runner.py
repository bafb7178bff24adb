"""The runner: every kind of trouble becomes coverage, and never an empty answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from typing import Any, NoReturn

import msgspec
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from scanner.collect.away import Away
from scanner.collect.reading import read
from scanner.collect.runner import Options, Source, run
from scanner.kit.contract import ConnectorSpec, Context, Mode, Shard
from scanner.kit.limits import Limits
from scanner.kit.references import Secrets
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import Denied, NotEnabled, Throttled, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Fact
from scanner.model.items import Activity, AsOf, Checkpoint, Gap, Item
from scanner.store.flights import Flights
from scanner.store.state import State
from scanner.store.writer import StateSink


class _Config(msgspec.Struct, frozen=True, kw_only=True):
    pass


class _Scripted:
    """A connector whose shards do what their script says."""

    spec = ConnectorSpec(
        name="scripted", title="", config=_Config, operations=(), yields=frozenset(), docs_url=""
    )

    def __init__(
        self,
        scripts: dict[str, Callable[[Checkpoint | None], Iterator[Item]]],
        mode: Mode = Mode.FULL,
        listing_error: BaseException | None = None,
    ) -> None:
        self.scripts = scripts
        self.mode = mode
        self.listing_error = listing_error
        self.calls: list[str] = []

    def shards(self, ctx: Context[_Config]) -> Iterator[Shard]:
        for name in self.scripts:
            yield Shard(id=ShardId(name), mode=self.mode)
        if self.listing_error:
            raise self.listing_error

    def collect(
        self, ctx: Context[_Config], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        self.calls.append(shard.id)
        yield from self.scripts[shard.id](since)


def _asset(name: str, count: int = 1) -> Asset:
    evidence = (Evidence(rule="r", source="scripted", path=name, count=count),)
    return Asset(
        id=NodeId(name), kind="t.thing", name=name, asset_class=AssetClass.MODEL, evidence=evidence
    )


def _run(
    connector: _Scripted, state: State, scan: str = "s1", environ: Secrets | None = None,
    **options: object,
) -> list[Coverage]:  # fmt: skip
    context = Context(
        config=_Config(), examine=lambda *_: (), limits=Limits(), environ=environ or {}
    )
    with ThreadPoolExecutor(2) as pool:
        return run(
            [Source("scripted", connector, context)],
            sink=StateSink(state, scan, "2026-01-01T00:00:00Z"),
            interpret=lambda item, source: iter([item]),  # type: ignore[list-item]
            executor=pool,
            options=Options(sleep=lambda seconds: None, **options),  # type: ignore[arg-type]
        )


def _facts(state: State) -> dict[str, Fact]:
    return {fact.id: fact for _, fact, _ in state.facts() if isinstance(fact, Asset)}


def _raising(error: BaseException, *before: Item) -> Callable[[Checkpoint | None], Iterator[Item]]:
    def script(since: Checkpoint | None) -> Iterator[Item]:
        yield from before
        raise error

    return script


@pytest.mark.parametrize(
    ("error", "before", "expected"),
    [
        (Denied("no"), (), Outcome.DENIED),
        (Denied("no"), (_asset("a"),), Outcome.PARTIAL),
        (NotEnabled("off"), (), Outcome.NOT_ENABLED),
        (Throttled("slow"), (), Outcome.FAILED),
        (Unavailable("down"), (_asset("a"),), Outcome.PARTIAL),
        (ZeroDivisionError("secret-looking message"), (), Outcome.FAILED),
        (SystemExit("secret-looking message"), (), Outcome.FAILED),
    ],
)
def test_trouble_becomes_coverage_with_a_reason_and_the_others_go_on(
    error: BaseException, before: tuple[Item, ...], expected: Outcome
) -> None:
    state = State("sqlite://")
    connector = _Scripted(
        {"bad": _raising(error, *before), "good": lambda since: iter([_asset("b")])}
    )

    bad, good = _run(connector, state)

    assert bad.status is expected
    assert bad.reason
    assert "secret-looking" not in bad.reason
    assert good.status is Outcome.COMPLETE
    assert "b" in _facts(state)


def test_a_gap_makes_a_shard_partial_and_names_the_thing() -> None:
    state = State("sqlite://")
    connector = _Scripted(
        {"s": lambda since: iter([_asset("a"), Gap(what="file.txt", reason="too large")])}
    )

    (row,) = _run(connector, state)

    assert row.status is Outcome.PARTIAL
    assert row.gaps == ("file.txt: too large",)


def test_a_time_to_come_is_told_and_reaches_nobody() -> None:
    """Of any connector, also one that adds up by itself."""
    at, ahead = "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
    used = Activity(
        rule="r", account=NodeId("a"), app_id=NodeId("x"), first_at=at, last_at=ahead, count=4
    )  # fmt: skip
    told: list[Item] = []

    def interpret(item: Item, source: str) -> Iterator[Fact]:
        told.append(item)
        return iter(())

    context = Context(config=_Config(), examine=lambda *_: (), limits=Limits())
    row = read(
        Source("scripted", _Scripted({"s": lambda since: iter([used])}), context),
        Shard(id=ShardId("s")), StateSink(State("sqlite://"), "s1", at), interpret, Options(),
        threading.Event(),
    )  # fmt: skip
    (one,) = told
    assert isinstance(one, Activity)
    assert (one.count, one.first_at, one.last_at) == (4, at, at)
    assert row.status is Outcome.PARTIAL
    assert "up to 2999-01-01T00:00:00Z" in row.reason


def test_what_may_heal_is_tried_again_and_what_is_denied_is_not() -> None:
    state = State("sqlite://")
    flaky = _Scripted({"s": _raising(Unavailable("down"))})
    denied = _Scripted({"s": _raising(Denied("no"))})

    _run(flaky, state, attempts=3)
    _run(denied, state, attempts=3)

    assert flaky.calls == ["s", "s", "s"]
    assert denied.calls == ["s"]


def test_a_listing_that_breaks_is_coverage_and_what_it_named_before_is_read() -> None:
    state = State("sqlite://")
    connector = _Scripted(
        {"s": lambda since: iter([_asset("a")])}, listing_error=Denied("no more accounts")
    )

    rows = _run(connector, state)

    assert [(row.shard, row.status) for row in rows] == [
        ("s", Outcome.COMPLETE),
        ("scripted:listing", Outcome.DENIED),
    ]


def test_a_list_that_would_end_the_process_is_a_failed_one() -> None:
    connector = _Scripted({"s": lambda since: iter([])}, listing_error=SystemExit(7))
    rows = _run(connector, State("sqlite://"))
    assert [row.status for row in rows] == [Outcome.COMPLETE, Outcome.FAILED]


def test_only_a_complete_reading_lets_facts_vanish() -> None:
    state = State("sqlite://")
    both = _Scripted({"s": lambda since: iter([_asset("a"), _asset("b")])})
    half = _Scripted({"s": _raising(Unavailable("down"), _asset("a"))})
    one = _Scripted({"s": lambda since: iter([_asset("a")])})

    _run(both, state)
    _run(half, state, "s2", attempts=1)
    after_half = {fact.id: seen for _, fact, seen in state.facts() if isinstance(fact, Asset)}
    _run(one, state, "s3")

    assert after_half == {"a": True, "b": False}
    assert set(_facts(state)) == {"a"}


def test_a_log_goes_on_at_its_checkpoint_and_counts_nothing_twice() -> None:
    state = State("sqlite://")
    seen: list[str | None] = []

    def pages(since: Checkpoint | None) -> Iterator[Item]:
        seen.append(since.cursor if since else None)
        start = int(since.cursor) if since else 0
        for page in range(start, 3):
            yield _asset("app", count=10)
            if page == 1 and start == 0:
                raise Unavailable("cut off")
            yield Checkpoint(cursor=str(page + 1))

    _run(_Scripted({"log": pages}, mode=Mode.INCREMENTAL), state)

    assert seen == [None, "1"]
    assert _facts(state)["app"].evidence[0].count == 30


def test_a_shard_that_takes_too_long_is_cut_off_with_its_deadline() -> None:
    state = State("sqlite://")
    ticks = iter(range(0, 10_000, 100))
    connector = _Scripted({"s": lambda since: iter([_asset("a"), _asset("b")])})

    (row,) = _run(connector, state, attempts=1, deadline_seconds=50.0, clock=lambda: next(ticks))

    assert row.status is Outcome.FAILED
    assert "deadline" in row.reason


def _versioned(names: list[str], mark: str, *after: Exception) -> Callable[..., Iterator[Item]]:
    def script(since: Checkpoint | None) -> Iterator[Item]:
        yield AsOf(mark=mark)
        asked.append(mark)
        yield from map(_asset, names)
        for error in after:
            raise error

    asked: list[str] = []
    script.asked = asked  # type: ignore[attr-defined]
    return script


def test_a_shard_whose_source_has_not_changed_is_as_it_is_stored() -> None:
    state = State("sqlite://")
    first, same = _versioned(["a", "b"], "v1"), _versioned(["of nothing"], "v1")
    other = _versioned(["a"], "v2")

    (one,) = _run(_Scripted({"s": first}), state)
    (two,) = _run(_Scripted({"s": same}), state, "s2")
    kept = _facts(state)
    (three,) = _run(_Scripted({"s": other}), state, "s3")

    assert (two.status, two.records) == (one.status, one.records) == (Outcome.COMPLETE, 2)
    assert same.asked == []  # type: ignore[attr-defined]
    assert set(kept) == {"a", "b"}
    assert three.records == 1
    assert set(_facts(state)) == {"a"}
    assert all(is_seen for _, _, is_seen in state.facts())


def test_coverage_of_what_has_not_changed_is_stored_by_others_or_at_the_end() -> None:
    """Many of them in one transaction; who is stopped has stored it, who is killed reads again."""
    state = State("sqlite://")
    names = [f"s{n:03}" for n in range(150)]
    scripts: dict[str, Any] = {name: _versioned([name], "v1") for name in names}
    _run(_Scripted(scripts), state)
    scripts["s149"] = _versioned(["s149"], "v2")
    begun = 0

    @event.listens_for(state.engine, "commit")
    def count(_: object) -> None:
        nonlocal begun
        begun += 1

    rows = _run(_Scripted(scripts), state, "s2")
    assert begun < 30
    assert {row.shard for row in rows} == set(names)
    assert state.coverage("s2") == rows

    def interrupted(since: Checkpoint | None) -> Iterator[Item]:
        raise KeyboardInterrupt
        yield

    scripts = {name: _versioned([name], "v1") for name in names[:3]} | {"t": interrupted}
    with pytest.raises(KeyboardInterrupt):
        _run(_Scripted(scripts), state, "s3")
    assert {row.shard for row in state.coverage("s3")} <= {*names[:3], "t"}


def test_what_waits_to_be_stored_is_kept_where_that_fails() -> None:
    state = State("sqlite://")
    names = [f"s{n}" for n in range(9)]
    _run(_Scripted({name: _versioned([name], "v1") for name in names}), state)
    failures = ["at the end"]

    @event.listens_for(state.engine, "before_cursor_execute")
    def fail(_c: object, _u: object, statement: str, *_: object) -> None:
        if "INSERT INTO coverage" in statement and failures:
            failures.pop()
            raise OperationalError(statement, None, Exception("server closed the connection"))

    rows = _run(_Scripted({name: _versioned([name], "v1") for name in names}), state, "s2")
    assert not failures
    assert state.coverage("s2") == rows
    assert len(rows) == 9


def test_what_was_read_in_part_or_under_other_rules_is_read_again() -> None:
    state = State("sqlite://")
    _run(_Scripted({"s": _versioned(["a", "b"], "v1")}), state)
    # The source moves on and is read in part, and then it is back where it was.
    _run(_Scripted({"s": _versioned(["c"], "v2", Unavailable("down"))}), state, "s2", attempts=1)
    back = _versioned(["a", "b"], "v1")
    _run(_Scripted({"s": back}), state, "s3")
    assert back.asked == ["v1"]  # type: ignore[attr-defined]
    assert set(_facts(state)) == {"a", "b"}

    by_other_rules = _versioned(["a", "b"], "v1")
    _run(_Scripted({"s": by_other_rules}), state, "s4", mark="other rules")
    assert by_other_rules.asked == ["v1"]  # type: ignore[attr-defined]


def test_a_gap_makes_a_shard_one_that_is_read_again() -> None:
    state = State("sqlite://")

    def gappy(since: Checkpoint | None) -> Iterator[Item]:
        yield AsOf(mark="v1")
        yield _asset("a")
        yield Gap(what="b", reason="too large")

    _run(_Scripted({"s": gappy}), state)
    again = _versioned(["a", "b"], "v1")
    _run(_Scripted({"s": again}), state, "s2")
    assert again.asked == ["v1"]  # type: ignore[attr-defined]


def test_evidence_of_a_part_adds_up_in_one_reading_and_no_other_does() -> None:
    """Several people's events are one row of an application's place."""
    plain, parted = (
        Evidence(rule="r", source="scripted", path=path, count=2, part=part)
        for path, part in (("list", ""), ("events", "file:a"))
    )
    one = msgspec.structs.replace(_asset("a"), evidence=(plain, parted))
    state = State("sqlite://")
    connector = _Scripted({"s": lambda since: iter([one, one, one, Gap(what="x", reason="y")])})
    for scan in ("s1", "s2"):  # with a gap, so that the second reading joins the first
        _run(connector, state, scan)
        rows = {row.path: row.count for row in _facts(state)["a"].evidence}
        assert rows == {"list": 2, "events": 6}


def test_a_shard_is_read_after_those_that_it_comes_after() -> None:
    read_in: list[str] = []

    class Ordered(_Scripted):
        def shards(self, ctx: Context[_Config]) -> Iterator[Shard]:
            yield Shard(id=ShardId("slow"))
            yield Shard(id=ShardId("last"), after=(ShardId("slow"), ShardId("failing")))
            yield Shard(id=ShardId("failing"))
            yield Shard(id=ShardId("ring"), after=(ShardId("ring"), ShardId("elsewhere")))
            yield Shard(id=ShardId("end"), after=(ShardId("slow"), ShardId("last")))

        def collect(
            self, ctx: Context[_Config], shard: Shard, since: Checkpoint | None
        ) -> Iterator[Item]:
            if shard.id == "slow":
                threading.Event().wait(0.3)
            read_in.append(shard.id)
            if shard.id == "failing":
                raise Denied("no")
            yield _asset(shard.id)

    rows = _run(Ordered({}), State("sqlite://"))
    assert sorted(row.shard for row in rows) == ["end", "failing", "last", "ring", "slow"]
    assert read_in.index("slow") < read_in.index("last") < read_in.index("end")


def test_a_shard_that_two_sources_name_is_read_of_one_and_told_of_the_other() -> None:
    state = State("sqlite://")
    context = Context(config=_Config(), examine=lambda *_: (), limits=Limits())
    sink = StateSink(state, "s1", "2026-01-01T00:00:00Z")
    first = _Scripted({"s": lambda since: iter([_asset("a")])})
    second = _Scripted({"s": lambda since: iter([_asset("b")]), "t": lambda since: iter([])})

    def read(sources: list[Source], **more: object) -> dict[str, Coverage]:
        with ThreadPoolExecutor(2) as pool:
            rows = run(sources, sink=sink, executor=pool, interpret=lambda item, _: iter([item]),  # type: ignore[list-item,arg-type]
                       **more)  # type: ignore[arg-type]  # fmt: skip
        return {row.shard: row for row in rows}

    rows = read([Source("one", first, context), Source("two", second, context)])
    (shared,) = [row for row in rows.values() if row.shard.endswith(":shared")]
    assert shared.status is Outcome.FAILED
    assert {rows[ShardId("s")].source, shared.source} == {"one", "two"}
    assert len(_facts(state)) == 1
    assert shared in state.coverage("s1")
    # An interrupted run has stored it of one: the other one's was not read, and that is told.
    for known in ({"done": {ShardId("s"): "one"}}, {"standing": {ShardId("s"): "one"}}):
        rows = read([Source("two", second, context)], **known)
        assert rows[ShardId("two:shared")].status is Outcome.FAILED
        assert "[sources.one]" in rows[ShardId("two:shared")].reason
        assert "s" not in rows
    assert read([Source("one", first, context)], done={ShardId("s"): "one"}) == {}


def test_what_a_source_repeats_of_a_secret_is_in_no_coverage() -> None:
    """Whatever a connector puts into its words: it was given the secret."""
    held = Secrets({"OKTA_TOKEN": "made-up-4711", "REGION": "eu-central-1",
                    "VENDOR_KEY": "made-up-line-1\nmade-up-line-2"})  # fmt: skip
    for name in ("OKTA_TOKEN", "REGION", "VENDOR_KEY", "env:OKTA_TOKEN"):
        held.get(name)
    said = "refused made-up-4711 of eu-central-1: made-up-line-2"
    connector = _Scripted(
        {"bad": _raising(Denied(said), Gap(what="x made-up-4711", reason=said))},
        listing_error=Denied(said),
    )
    rows = _run(connector, State("sqlite://"), environ=held)
    told = repr(rows)
    assert len(rows) == 2
    assert "made-up" not in told
    assert told.count("refused *** of eu-central-1: ***") >= 2


def test_what_a_shard_is_set_aside_for_names_no_secret() -> None:
    """Also where it could not be begun: who was to read it may repeat what it was given."""
    held = Secrets({"OKTA_TOKEN": "made-up-4711"})
    held.get("OKTA_TOKEN")

    class Refusing(ThreadPoolExecutor):
        def submit(self, *_: object, **__: object) -> NoReturn:
            raise Unavailable("no worker takes made-up-4711")

    context = Context(config=_Config(), examine=lambda *_: (), limits=Limits(), environ=held)
    with Refusing() as pool:
        (row,) = run(
            [Source("scripted", _Scripted({"a": lambda since: iter([_asset("a")])}), context)],
            sink=StateSink(State("sqlite://"), "s1", "2026-01-01T00:00:00Z"),
            interpret=lambda item, source: iter([item]),  # type: ignore[list-item]
            executor=pool,
            options=Options(sleep=lambda seconds: None),
        )
    assert row.status is Outcome.FAILED
    assert row.reason == "no worker takes ***"


@pytest.mark.parametrize(
    "ended_at", [2, 3], ids=["before it is noticed", "before it is read again"]
)
def test_a_worker_that_died_stays_a_try_where_the_run_is_ended(ended_at: int) -> None:
    """As systemd ends a unit of which one process was out of memory: what killed it would be read
    with all others in every run, and none would come to its end."""
    begun: list[ShardId] = []

    class Dying(ThreadPoolExecutor):
        def submit(self, *_: object, **__: object) -> Future[Any]:
            flight: Future[Any] = Future()
            flight.set_exception(BrokenExecutor("killed"))
            return flight

    def begin(_: str, shard: ShardId) -> None:
        begun.append(shard)
        if len(begun) == ended_at:
            raise KeyboardInterrupt

    state = State("sqlite://")
    shards = {name: lambda since: iter([_asset("a")]) for name in "ab"[: 4 - ended_at]}
    context = Context(config=_Config(), examine=lambda *_: (), limits=Limits())
    away = Away(
        make=Dying, work=bytes, setup=b"", at_once=2, attempts=9,
        lost=(BrokenExecutor,),
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyboardInterrupt):
        run(
            [Source("scripted", _Scripted(shards), context)],
            sink=StateSink(state, "s1", "2026-01-01T00:00:00Z"),
            interpret=lambda item, source: iter([item]),  # type: ignore[list-item]
            executor=pool, away=away, flights=Flights(state),
            options=Options(sleep=lambda seconds: None, on_begin=begin),
        )  # fmt: skip
    assert Flights(state).tries == {begun[0]: 1}
