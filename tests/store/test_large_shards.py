"""A shard of any size is stored as one, and its memory is not its size."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, select

from scanner.kit.contract import Mode, Shard
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import StoreError
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass
from scanner.store import partitions, schema, writer
from scanner.store.state import State
from scanner.store.writer import StateSink
from tests.store.postgres import programs, server


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    if programs() is None:
        yield ""
        return
    with server() as running:
        yield running.database()


def _thing(chance: random.Random, things: int) -> Asset:
    number = chance.randrange(things)
    evidence = Evidence(rule="r", source="made", path=f"{chance.choice('abc')}/{number}.py",
                        count=chance.randrange(1, 5))  # fmt: skip
    return Asset(id=NodeId(f"made:{number:04}"), kind="t.t", name=f"n{chance.randrange(3)}",
                 asset_class=AssetClass.MODEL, evidence=(evidence,))  # fmt: skip


def _scans(state: State, seed: int) -> None:
    """Five readings: whole ones, broken ones, some that may not look everywhere; a log."""
    chance = random.Random(seed)
    for number in range(5):
        sink = StateSink(state, f"s{number}", f"2026-01-0{number + 1}T00:00:00Z")
        globs = ("a/**",) if chance.random() < 0.4 else ()
        for shard in (
            Shard(id=ShardId("whole"), left_out=globs),
            Shard(id=ShardId("log"), mode=Mode.INCREMENTAL),
        ):
            one = sink.writer(shard)
            things = chance.choice((0, 3, 60, 90))
            for count in range(chance.randrange(120) if things else 0):
                one.add(_thing(chance, things))
                if shard.id == "log" and count % 40 == 39:
                    one.commit(str(count))
            status = chance.choice((Outcome.COMPLETE, Outcome.COMPLETE, Outcome.FAILED))
            one.close(Coverage(shard=shard.id, source="made", status=status))


def _image(state: State) -> list[object]:
    with state.engine.connect() as db:
        rows = [tuple(row) for row in db.execute(select(schema.fact).order_by("shard", "key"))]
        log = schema.fact_change.c
        changes = [
            tuple(row)
            for row in db.execute(select(log.scan_id, log.shard, log.key, log.before))
        ]  # fmt: skip
    return [rows, sorted(changes, key=repr)]


@pytest.mark.parametrize("seed", range(6))
def test_what_is_stored_in_portions_is_what_is_stored_at_once(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = []
    for most, portion in ((5000, 500), (7, 4)):
        monkeypatch.setattr(writer, "MOST_HELD", most)
        monkeypatch.setattr(writer, "_PORTION", portion)
        state = State(f"sqlite:///{tmp_path}/{most}.sqlite")
        _scans(state, seed)
        images.append(_image(state))
        state.close()
    assert images[0] == images[1]
    assert len(images[0]) == 2


def test_on_a_server_too(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not database:
        pytest.skip("PostgreSQL is not installed")
    whole = State(f"sqlite:///{tmp_path}/whole.sqlite")
    _scans(whole, 1)
    monkeypatch.setattr(writer, "MOST_HELD", 7)
    monkeypatch.setattr(writer, "_PORTION", 4)
    state = State(database)
    with state.engine.begin() as db:
        for number in range(5):
            partitions.make_room(db, f"s{number}")
    _scans(state, 1)
    assert _image(state) == _image(whole)
    state.close()
    whole.close()


def test_a_large_shard_that_breaks_in_its_transaction_is_not_stored_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_HELD", 5)
    monkeypatch.setattr(writer, "_PORTION", 5)
    state = State(f"sqlite:///{tmp_path}/state.sqlite")
    sink = StateSink(state, "s", "2026-01-01T00:00:00Z")
    one = sink.writer(Shard(id=ShardId("s")))
    for number in range(40):
        one.add(_thing(random.Random(number), 1000))

    def full(*_: object) -> None:
        raise StoreError("the disk is full", is_full=True)

    monkeypatch.setattr(writer, "_put_coverage", full)
    with pytest.raises(StoreError):
        one.close(Coverage(shard=ShardId("s"), source="made", status=Outcome.COMPLETE))
    assert list(state.facts()) == []
    state.close()


_LARGE = """
import resource, sys
from scanner.kit.contract import Shard
from scanner.model.coverage import Coverage, Outcome
from scanner.model.facts import Asset, AssetClass
from scanner.store.state import State
from scanner.store.writer import StateSink

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

state = State(sys.argv[1])
for scan, name in (("s1", "one"), ("s2", "two"), ("s3", "two")):
    sink = StateSink(state, scan, "2026-01-01T00:00:00Z")
    if scan == "s1":
        StateSink(state, "s0", "now").writer(Shard(id="small")).close(
            Coverage(shard="small", source="t", status=Outcome.COMPLETE))
        before = peak()
    writer = sink.writer(Shard(id="large"))
    for number in range(60_000 if scan != "s3" else 10):
        writer.add(Asset(id=f"made:{number}", kind="t.t", name=f"{name} {number}",
                         asset_class=AssetClass.OTHER, is_ai=False))
    writer.close(Coverage(shard="large", source="t", status=Outcome.COMPLETE))
print(sum(1 for _ in state.facts()), peak() - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_a_shard(tmp_path: Path) -> None:
    """New, then all changed, then nearly all gone; at once it takes some 150 MiB."""
    done = subprocess.run(
        [sys.executable, "-c", _LARGE, f"sqlite:///{tmp_path}/state.sqlite"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    left, grown = map(int, done.stdout.split())
    assert left == 10
    assert grown < 50, f"{grown} MiB more"


@pytest.mark.parametrize("most", [5, 5000])
def test_of_a_window_nothing_is_read_that_it_has_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """A log's first reading ends with a checkpoint, and then with its coverage: twenty thousand
    facts were read back twice for what such a shard never calls gone."""
    monkeypatch.setattr(writer, "MOST_HELD", most)
    state = State(f"sqlite:///{tmp_path}/state.db")
    one = StateSink(state, "s1", "now").writer(Shard(id=ShardId("log"), mode=Mode.INCREMENTAL))
    chance = random.Random(1)
    for _ in range(40):
        one.add(_thing(chance, 20))
    asked: list[str] = []
    event.listen(state.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    one.commit("1")
    one.close(Coverage(shard=ShardId("log"), source="made", status=Outcome.COMPLETE))
    read = [text for text in asked if "FROM fact WHERE" in " ".join(text.split())]
    assert len(read) == 1  # whether there is anything
    again = random.Random(1)
    assert {fact.id for _, fact, _ in state.facts()} == {_thing(again, 20).id for _ in range(40)}  # type: ignore[union-attr]


def test_what_has_changed_and_what_is_gone_are_a_statement_each(tmp_path: Path) -> None:
    """Row by row was four times as much work for a large shard whose facts change."""
    state = State(f"sqlite:///{tmp_path}/state.db")
    asked: list[str] = []
    event.listen(state.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for scan, name, most in (("s1", "one", 90), ("s2", "two", 90), ("s3", "two", 10)):
        one = StateSink(state, scan, "now").writer(Shard(id=ShardId("s")))
        for number in range(most):
            one.add(Asset(id=NodeId(f"made:{number}"), kind="t.t", name=name,
                          asset_class=AssetClass.MODEL))  # fmt: skip
        one.close(Coverage(shard=ShardId("s"), source="made", status=Outcome.COMPLETE))
    wrote = [" ".join(text.split()[:3]) for text in asked]
    assert (wrote.count("UPDATE fact SET"), wrote.count("DELETE FROM fact")) == (1, 1)
    assert {fact.name for _, fact, _ in state.facts()} == {"two"}  # type: ignore[union-attr]
    assert len(list(state.facts())) == 10
    state.close()
