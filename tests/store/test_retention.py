"""Pruning drops details of old scans, and nothing that is still needed to tell what is gone."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select, update
from sqlalchemy.exc import OperationalError

from scanner.app.config import load
from scanner.app.metering import history_of
from scanner.app.pipeline import scan
from scanner.assess.metrics import metrics
from scanner.model.errors import StoreError
from scanner.store import schema
from scanner.store.connecting import store_error
from scanner.store.retention import prune
from scanner.store.state import State


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "app.py").write_text("import anthropic\n")
        subprocess.run(["git", "init", "-q"], cwd=tmp_path / "all" / name, check=True)
    file = tmp_path / "shadow-ai.toml"
    file.write_text('[store]\nurl = "sqlite:///state.sqlite"\n[sources.code]\npaths = ["all"]\n')
    return file


def _aged(config: Path, times: int) -> State:
    """So many scans, the first of them on the first of January, one a day."""
    state = State(f"sqlite:///{config.parent / 'state.sqlite'}")
    for _ in range(times):
        scan(load(config))
    with state.engine.begin() as db:
        for day, row in enumerate(state.scans(), start=1):
            at = f"2026-01-{day:02}T00:00:00Z"
            db.execute(update(schema.scan).where(schema.scan.c.id == row.id)
                       .values(started_at=at, finished_at=at))  # fmt: skip
    return state


def _rows(state: State) -> int:
    with state.engine.connect() as db:
        return int(db.execute(select(func.count()).select_from(schema.coverage)).scalar_one())


def test_old_scans_lose_their_details_and_the_last_two_never(config: Path) -> None:
    state = _aged(config, 5)
    each = len(state.coverage(state.scans()[0].id))
    told = prune(state, "2026-01-03T12:00:00Z", dry_run=True)
    assert (told.scans, told.coverage, _rows(state)) == (3, 3 * each, 5 * each)
    before = state.findings()
    events = {mark: state.events(mark) for mark in before}
    assert prune(state, "2026-01-03T12:00:00Z").coverage == 3 * each
    assert _rows(state) == 2 * each
    assert prune(state, "2027-01-01T00:00:00Z").scans == 3
    assert _rows(state) == 2 * each, "the last two stay"
    assert len(state.scans()) == 5
    assert state.findings() == before
    assert {mark: state.events(mark) for mark in before} == events


def test_metrics_of_the_past_are_the_same_without_the_rows(config: Path) -> None:
    """What a first reading found is no new shadow AI, however long ago it was."""
    state = _aged(config, 4)
    before = history_of(state)
    told = metrics(before)
    assert before.first_read
    prune(state, "2027-01-01T00:00:00Z")
    prune(state, "2027-01-01T00:00:00Z")
    after = history_of(state)
    assert after.first_read == before.first_read
    assert set(after.first_read.values()) == {state.scans()[0].id}
    assert metrics(after) == told


@pytest.mark.slow
def test_what_was_read_long_ago_is_still_told_to_be_gone(config: Path) -> None:
    """The listing that named a repository is known from its last row, however old."""
    state = _aged(config, 2)
    folder = config.parent / "all" / "two"
    hidden = config.parent / "two"
    text = config.read_text()
    config.write_text(text.replace('["all"]', '["all", "not-there"]'))
    folder.rename(hidden)
    (config.parent / "all").rename(config.parent / "away")
    for _ in range(3):  # nothing can be listed: all is held
        scan(load(config))
    assert {f.status for f in state.findings().values() if not f.asset.startswith("coverage")} == {
        "held"
    }
    prune(state, "2027-01-01T00:00:00Z")
    (config.parent / "away").rename(config.parent / "all")
    config.write_text(text)
    scan(load(config))
    statuses = sorted(str(f.status) for f in state.findings().values()
                      if f.asset.startswith(("dir:", "git:")))  # fmt: skip
    assert set(statuses) == {"open", "resolved"}


def test_by_the_command_line(config: Path) -> None:
    state = _aged(config, 4)
    state.close()
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "prune", "--config", str(config), "--json"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["scans"] == 2


@pytest.mark.parametrize("days", ["36500", "999999"])
def test_days_beyond_any_calendar_are_a_mistake_in_use(config: Path, days: str) -> None:
    _aged(config, 1).close()
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "prune", "--config", str(config), "--keep-days", days],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == (0 if days == "36500" else 2), done.stderr
    assert "internal error" not in done.stderr


def test_a_disk_too_full_to_make_the_file_smaller_is_told_as_such(tmp_path: Path) -> None:
    """To SQLite it is an I/O error, and what it had written is gone by the time that one looks."""
    database = tmp_path / "state.sqlite"
    with database.open("wb") as file:
        file.truncate(shutil.disk_usage(tmp_path).free * 2)  # no byte of it is stored
    engine = create_engine(f"sqlite:///{database}")
    cause = OperationalError("VACUUM", {}, sqlite3.OperationalError("disk I/O error"))
    error = store_error("prune", cause, engine)
    assert isinstance(error, StoreError)
    assert error.is_full
    assert "free some disk space" in str(error)
    file_of_nothing = create_engine(f"sqlite:///{tmp_path / 'small.sqlite'}")
    broken = store_error("prune", cause, file_of_nothing)
    assert "free some disk space" not in str(broken)
