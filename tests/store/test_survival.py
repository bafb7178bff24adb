"""What was stored survives: kill -9 in the middle, a full disk, two runs at once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update

from scanner.app.config import Config, LoadedConfig, StoreConfig, load
from scanner.app.pipeline import Settings, scan
from scanner.kit.contract import Shard
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import ConfigError, StoreError
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass
from scanner.store import schema
from scanner.store.state import State
from scanner.store.writer import StateSink

_SLOW_SCAN = """
import sys, time
from scanner.detect import engine
real = engine.Detector.examined
def slow(self, data, path, sets, *more):
    if path == "slow.py":
        print("in the middle", flush=True)
        time.sleep(60)
    return real(self, data, path, sets, *more)
engine.Detector.examined = slow
from scanner.cli import main
sys.argv = ["shadow-ai", "scan", *sys.argv[1:]]
main()
"""


def _tree(tmp_path: Path) -> Path:
    for name, file in (("one", "app.py"), ("two", "slow.py")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / file).write_text("import anthropic\n")
    config = tmp_path / "shadow-ai.toml"
    config.write_text(
        '[store]\nurl = "sqlite:///state.sqlite"\n[scan]\nworkers = 1\n'
        '[sources.code]\npaths = ["one", "two"]\n'
    )
    return config


def test_a_killed_scan_keeps_what_it_stored_and_resumes_at_its_shard(tmp_path: Path) -> None:
    config = _tree(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW_SCAN, "--config", str(config)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "in the middle"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    (interrupted,) = state.scans()
    stored = [row.shard for row in state.coverage(interrupted.id)]
    state.close()

    command = [sys.executable, "-m", "scanner", "scan", "--config", str(config), "--json"]
    done = subprocess.run(command, capture_output=True, check=False)

    assert len(stored) == 1
    assert stored[0].endswith("/one/tree")
    assert done.returncode == 0, done.stderr
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    (finished,) = state.scans()
    assert finished.id == interrupted.id
    assert finished.exit_code == 0
    read = [row.shard.rpartition("/")[2] for row in state.coverage(finished.id)]
    assert sorted(read) == ["listing", "listing", "tree", "tree"]
    assert sum(isinstance(f, Asset) and f.is_ai for _, f, _ in state.facts()) == 2
    state.close()


def test_a_scan_cut_short_under_a_fast_clock_is_begun_anew(tmp_path: Path) -> None:
    loaded = load(_tree(tmp_path))
    for file in tmp_path.glob("*/*.py"):
        file.write_text("print('no AI')\n")
    now = datetime.now(UTC)
    fast = scan(loaded, settings=Settings(now=lambda: now + timedelta(days=30)))
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with state.engine.begin() as db:
        db.execute(update(schema.scan).values(finished_at=None, exit_code=None))
    state.close()
    (tmp_path / "one/app.py").write_text("import anthropic\n")

    corrected = scan(loaded, settings=Settings(now=lambda: now))

    assert not fast.document.assets
    assert not corrected.resumed
    assert corrected.document.scan.started <= corrected.document.scan.finished
    assert corrected.document.assets


def _fill(state: State) -> None:
    """From now on the database may not grow: SQLite answers as on a full disk (SQLITE_FULL)."""

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    state.engine.dispose()
    event.listen(state.engine, "connect", limit)


def _asset(name: str, padding: int = 0) -> Asset:
    evidence = tuple(
        Evidence(rule="r", source="t", path=f"{name}/{n}", preview="x" * 200)
        for n in range(padding)
    )
    return Asset(
        id=NodeId(name), kind="t.t", name=name, asset_class=AssetClass.MODEL, evidence=evidence
    )


def test_a_full_disk_is_told_and_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    complete = Coverage(shard=ShardId("a"), source="t", status=Outcome.COMPLETE)
    writer = StateSink(state, "s", "2026-01-01T00:00:00Z").writer(Shard(id=ShardId("a")))
    writer.add(_asset("kept"))
    writer.close(complete)
    _fill(state)

    big = StateSink(state, "s", "2026-01-01T00:00:00Z").writer(Shard(id=ShardId("b")))
    for number in range(200):
        big.add(_asset(f"lost-{number}", padding=50))
    with pytest.raises(StoreError, match="free some disk space"):
        big.close(complete)

    assert [fact.id for _, fact, _ in state.facts() if isinstance(fact, Asset)] == ["kept"]
    state.close()


def test_a_scan_on_a_full_disk_still_prints_its_document_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        (tmp_path / f"f{number}.py").write_text("import anthropic\n" * 3)
    real = State.open_scan

    def small(self: State, *args: Any, **named: Any) -> Any:
        found = real(self, *args, **named)
        _fill(self)
        return found

    monkeypatch.setattr(State, "open_scan", small)
    config = Config(
        store=StoreConfig(url=f"sqlite:///{tmp_path.parent / 'full.sqlite'}"),
        sources={"code": {"paths": [str(tmp_path)]}},
    )

    result = scan(LoadedConfig(config=config))

    assert result.exit_code == 3
    (tree,) = [row for row in result.document.coverage if row.shard.endswith("/tree")]
    assert tree.status == "failed"
    assert "disk" in tree.reason


def test_two_scans_on_one_state_are_refused_and_a_dead_one_leaves_no_lock(tmp_path: Path) -> None:
    config = _tree(tmp_path)
    first = subprocess.Popen(
        [sys.executable, "-c", _SLOW_SCAN, "--config", str(config)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert first.stdout is not None
    first.stdout.readline()
    command = [sys.executable, "-m", "scanner", "scan", "--config", str(config), "-q"]

    second = subprocess.run(command, capture_output=True, text=True, check=False)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    first.stdout.close()
    time.sleep(0.05)
    third = subprocess.run(command, capture_output=True, text=True, check=False)

    assert second.returncode == 4
    assert "another scan is running" in second.stderr
    assert third.returncode == 0, third.stderr


def test_a_damaged_state_is_told_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 50)

    with pytest.raises(ConfigError, match="move it away or restore"):
        State(f"sqlite:///{path}")
