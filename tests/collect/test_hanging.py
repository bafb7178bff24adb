"""Threads that are left behind, and who has the last word of a reading."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait

import msgspec
import pytest

from scanner.collect.runner import Options, Source, run
from scanner.collect.threads import Threads, left_behind
from scanner.collect.watch import Abandoned, Watch
from scanner.kit.contract import ConnectorSpec, Context, Mode, Shard
from scanner.kit.limits import Limits
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Outcome
from scanner.model.facts import Asset, AssetClass
from scanner.model.items import Checkpoint, Item
from scanner.store.state import State
from scanner.store.writer import StateSink


class _Config(msgspec.Struct, frozen=True, kw_only=True):
    pass


class _Hanging:
    """Every shard but the last gives one thing, hangs until it is let go, and goes on then."""

    spec = ConnectorSpec(
        name="hanging", title="", config=_Config, operations=(), yields=frozenset(), docs_url=""
    )

    def __init__(self, shards: int) -> None:
        self.shards_there = shards
        self.begun: list[str] = []
        self.let_go = threading.Event()
        self.came_back = threading.Semaphore(0)

    def shards(self, ctx: Context[_Config]) -> Iterator[Shard]:
        for number in range(self.shards_there):
            yield Shard(id=ShardId(f"hanging:{number}"), mode=Mode.INCREMENTAL)

    def collect(
        self, ctx: Context[_Config], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        self.begun.append(shard.id)
        yield _asset(f"{shard.id}-before")
        if shard.id != f"hanging:{self.shards_there - 1}":
            self.let_go.wait(60)
            self.came_back.release()
        yield Checkpoint(cursor="1")
        yield _asset(f"{shard.id}-after")
        yield Checkpoint(cursor="2")


def _asset(name: str) -> Asset:
    return Asset(id=NodeId(name), kind="t.t", name=name, asset_class=AssetClass.MODEL)


def _run(connector: _Hanging, state: State, executor: Threads, at_once: int) -> list[Outcome]:
    context = Context(config=_Config(), examine=lambda *_: (), limits=Limits())
    rows = run(
        [Source("hanging", connector, context)],
        sink=StateSink(state, "s1", "2026-01-01T00:00:00Z"),
        interpret=lambda item, source: iter([item]),  # type: ignore[list-item]
        executor=executor,
        options=Options(attempts=2, deadline_seconds=0.4, at_once=at_once),
    )
    assert all("deadline" in row.reason or "hang" in row.reason for row in rows if row.reason)
    return [row.status for row in rows]


def test_what_comes_back_after_it_was_given_up_stores_nothing() -> None:
    state, connector = State("sqlite://"), _Hanging(2)
    with Threads(1) as executor:
        assert _run(connector, state, executor, 1) == [Outcome.FAILED, Outcome.COMPLETE]
        assert left_behind()
        connector.let_go.set()
        assert connector.came_back.acquire(timeout=10)
        end = time.monotonic() + 10
        while left_behind():
            assert time.monotonic() < end
            time.sleep(0.02)
    names = {fact.id for _, fact, _ in state.facts() if isinstance(fact, Asset)}
    assert names == {"hanging:1-before", "hanging:1-after"}
    assert [row.status for row in state.coverage("s1")] == [Outcome.FAILED, Outcome.COMPLETE]


def test_of_a_source_of_which_many_shards_hang_no_more_is_begun() -> None:
    state, connector = State("sqlite://"), _Hanging(30)
    with Threads(4) as executor:
        outcomes = _run(connector, state, executor, 4)
        connector.let_go.set()
    assert outcomes == [Outcome.FAILED] * 30
    assert 8 <= len(connector.begun) < 16


def test_what_is_being_stored_is_not_given_up() -> None:
    now = [0.0]
    watch = Watch(5.0, lambda: now[0])
    assert not watch.give_up()
    watch.begin()
    now[0] = 6.0
    with watch.storing():
        assert not watch.give_up()
    watch.pause()
    assert not watch.give_up()
    watch.begin()
    now[0] = 12.0
    assert watch.give_up()
    with pytest.raises(Abandoned):
        watch.check()
    with pytest.raises(Abandoned), watch.storing():
        pass


def test_a_thread_that_is_left_behind_has_a_successor() -> None:
    go = threading.Event()
    with Threads(2) as threads:
        hanging = [threads.submit(go.wait, 60) for _ in range(2)]
        rest = [threads.submit(int, str(n)) for n in range(20)]
        assert wait(rest, 0.2).not_done
        threads.leave(hanging[0])
        assert not wait(rest, 10).not_done
        assert [future.result() for future in rest] == list(range(20))
        go.set()
        wait(hanging, 10)
        assert [future.result() for future in hanging] == [True, True]
        failing = threads.submit(int, "no number")
        with pytest.raises(ValueError, match="no number"):
            failing.result(10)
    with pytest.raises(RuntimeError):
        threads.submit(int)
