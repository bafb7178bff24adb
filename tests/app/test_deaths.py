"""A shard that kills its whole process, as where all is read by threads of one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.kit.contract import Shard
from scanner.model.base import ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.store import flights
from scanner.store.flights import Flights
from scanner.store.state import State
from scanner.store.writer import StateSink
from tests.app.cluster import wait
from tests.app.faults import can_mount
from tests.app.scans import command, configured, coverage, installed, readings, scanned


def _coverage(url: str) -> dict[str, Coverage]:
    return {row.shard.partition(":")[2]: row for row in coverage(url)}


def _tries(url: str) -> dict[str, int]:
    state = State(url)
    try:
        return {shard.partition(":")[2]: count for shard, count in Flights(state).tries.items()}
    finally:
        state.close()


def test_a_shard_that_kills_the_scan_is_set_aside_by_the_next_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    url, env = f"sqlite:///{tmp_path}/state.sqlite", installed(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/app.py").write_text("import anthropic\n")
    code = f'[sources.code]\npaths = ["{tmp_path}/shop"]\nhistory = false\n'
    config = configured(tmp_path, "poison", url, "", code, shards=6, dies=["2"], seconds=0.2)
    first = scanned(config, env)
    assert first.returncode == -signal.SIGKILL
    assert _tries(url)["2"] == 1
    second = scanned(config, env)
    assert second.returncode == 3, second.stderr
    rows = _coverage(url)
    assert {name for name, row in rows.items() if row.status != Outcome.COMPLETE} == {"2"}
    assert "its worker died" in rows["2"].reason
    assert any(row.source == "code" for row in rows.values())
    assert _tries(url) == {"2": 2}
    # It is tried in every later scan, where it kills nobody else; once it is well, it is forgotten.
    third = scanned(config, env)
    assert third.returncode == 3, third.stderr
    assert _tries(url) == {"2": 2}
    (tmp_path / "poison.toml").write_text(config.read_text().replace('["2"]', "[]"))
    assert scanned(config, env).returncode == 0
    assert _tries(url) == {}


def test_what_killed_every_run_is_not_read_until_the_next_scan(tmp_path: Path) -> None:
    """Where no process of its own could keep it from doing so: all of a container are ended."""
    url, env = f"sqlite:///{tmp_path}/state.sqlite", installed(tmp_path)
    config = configured(tmp_path, "often", url, shards=3)
    state = State(url)
    for _ in range(3):
        Flights(state).note([ShardId("troubled:1")], ())
    state.close()
    done = scanned(config, env)
    assert done.returncode == 3, done.stderr
    rows = _coverage(url)
    assert rows["1"].status is Outcome.FAILED
    assert "in each of the last 3 runs" in rows["1"].reason
    assert set(readings(config)) == {"0", "2"}
    assert scanned(config, env).returncode == 0
    assert set(readings(config)) == {"0", "1", "2"}
    assert _tries(url) == {}


def test_suspects_are_read_last_and_one_at_a_time(tmp_path: Path) -> None:
    url, env = f"sqlite:///{tmp_path}/state.sqlite", installed(tmp_path)
    config = configured(tmp_path, "order", url, shards=8)
    state = State(url)
    Flights(state).note([ShardId(f"troubled:{n}") for n in (0, 1, 2)], ())
    Flights(state).note([ShardId("troubled:0")], ())
    state.close()
    assert scanned(config, env).returncode == 0
    marks = sorted(
        (int(mark.name.rpartition("-")[2]), mark.name.split("-")[1], mark.name.split("-")[2])
        for mark in (tmp_path / "order").glob("read-*")
    )
    assert [name for _, name, _ in marks][-3:] == ["1", "2", "0"]
    assert len({process for _, _, process in marks[-3:]}) == 1
    assert {process for _, _, process in marks[-3:]}.isdisjoint(p for _, _, p in marks[:-3])


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("is_run", [False, True])
def test_a_scan_that_is_told_to_end_suspects_nothing(
    tmp_path: Path, told: signal.Signals, is_run: bool
) -> None:
    url, env = f"sqlite:///{tmp_path}/state.sqlite", installed(tmp_path)
    config = configured(tmp_path, "told", url, shards=6, seconds=3.0)
    run = [sys.executable, "-m", "scanner", "run", "--config", str(config)]
    words = run if is_run else command(config)
    with subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True) as process:
        wait(lambda: len(readings(config)) >= 2)
        process.send_signal(told)
        _, lines = process.communicate(timeout=60)
    assert process.returncode == 3
    assert _tries(url) == {}
    if is_run:
        events = [json.loads(line) for line in lines.splitlines()]
        assert [one["event"] for one in events[-2:]] == ["run stopped", "run finished"]
        assert events[-1]["exit"] == 3
    else:
        assert "interrupted" in lines


@pytest.mark.skipif(not can_mount(), reason="no name space can be made here")
def test_the_first_process_of_a_container_is_told_to_end(tmp_path: Path) -> None:
    url, env = f"sqlite:///{tmp_path}/state.sqlite", installed(tmp_path)
    config = configured(tmp_path, "first", url, shards=6, seconds=3.0)
    run = [sys.executable, "-m", "scanner", "run", "--config", str(config)]
    words = ["unshare", "-rpf", "--kill-child", *run]
    with subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True) as process:
        wait(lambda: len(readings(config)) >= 2)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        _, lines = process.communicate(timeout=60)
    assert process.returncode == 3
    assert '"event": "run finished"' in lines


def test_a_machine_that_went_down_is_no_try(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite"
    state = State(url)
    one = ShardId("s")
    Flights(state, "host first-boot").note([one], ())
    assert Flights(state, "host second-boot").tries == {one: 0}
    assert Flights(state, "host first-boot").tries == {one: 1}
    # The next container of a job has a name of its own, wherever it is.
    assert Flights(state, "other second-boot").tries == {one: 1}
    assert Flights(state, "host ").tries == {one: 1}
    state.close()


def test_what_the_interrupted_run_stored_is_no_suspect(tmp_path: Path) -> None:
    url, env = f"sqlite:///{tmp_path}/state.sqlite", installed(tmp_path)
    config = configured(tmp_path, "stored", url, shards=2, dies=["1"], seconds=0.3)
    assert scanned(config, env).returncode == -signal.SIGKILL
    state = State(url)
    scan = state.scans()[-1]
    shard = Shard(id=ShardId("troubled:0"))
    row = Coverage(shard=shard.id, source="troubled", status=Outcome.COMPLETE)
    StateSink(state, scan.id, scan.started_at).writer(shard).close(row)
    state.close()
    before = readings(config)["0"]
    assert scanned(config, env).returncode == 3
    assert readings(config)["0"] == before
    assert _tries(url) == {"1": 2}


@pytest.mark.skipif(not flights._BOOT.exists(), reason="the system does not tell")
def test_where_this_runs_is_known() -> None:
    host, _, boot = flights.here().rpartition(" ")
    assert host
    assert len(boot) > 30
