"""The state in a real PostgreSQL: the same as in SQLite, for many at once, and nothing is lost when
the server goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from scanner.app.config import load
from scanner.app.lock import locked
from scanner.app.pipeline import scan
from scanner.app.ticketing import Target, sync
from scanner.emit.document import render
from scanner.emit.tickets.content import Routing
from scanner.kit.contract import Shard
from scanner.model.base import NodeId, ShardId, encode
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import ConfigError, StoreError
from scanner.model.facts import Asset, AssetClass
from scanner.store.state import State
from scanner.store.writer import StateSink
from tests.emit.tickets import trackers
from tests.emit.tickets.findings import NOW, finding, put, resolved
from tests.store.postgres import Server, programs, server
from tests.store.test_survival import _SLOW_SCAN, _tree

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture
def url(running: Server) -> str:
    return running.database()


def _config(tmp_path: Path, url: str) -> Path:
    config = _tree(tmp_path)
    config.write_text(
        config.read_text().replace('url = "sqlite:///state.sqlite"', f'url = "{url}"')
    )
    return config


def _facts(url: str) -> list[tuple[str, bytes, bool]]:
    state = State(url)
    try:
        return sorted((str(shard), encode(fact), seen) for shard, fact, seen in state.facts())
    finally:
        state.close()


def _plain(document: bytes) -> list[bytes]:
    """Without what differs by time and scan."""
    passing = (b'"id": "2', b'"started"', b'"finished"', b"_seen", b'"generated', b'"at": "2')
    return [line for line in document.splitlines() if not any(one in line for one in passing)]


def test_what_is_kept_and_told_is_the_same_as_in_sqlite(tmp_path: Path, url: str) -> None:
    config = _config(tmp_path, url)
    one = scan(load(config))
    other = f"sqlite:///{tmp_path / 'other.sqlite'}"
    two = scan(load(config), url=other)
    assert _plain(render(one.document)) == _plain(render(two.document))
    assert _facts(url) == _facts(other) != []
    again = scan(load(config))
    assert again.events == ()
    assert {finding.status for finding in again.document.findings} == {"open"}


def test_text_that_no_database_takes_is_kept_all_the_same(url: str) -> None:
    """Names come from outside: NUL, half a character, and what looks like SQL."""
    nasty = ["a\x00b", "\ud800", "'; DROP TABLE fact; --", "%s %(x)s {y}", "ä\U0001f600"]
    state = State(url)
    row = Coverage(shard=ShardId("made\x00:one"), source="made", status=Outcome.COMPLETE,
                   reason="x\x00y")  # fmt: skip
    opened = state.open_scan("d", "2026-01-01T00:00:00Z", {})
    writer = StateSink(state, opened.id, opened.started_at).writer(Shard(id=row.shard))
    for name in nasty:
        clean = name.encode("utf-8", "replace").decode()
        writer.add(Asset(id=NodeId(f"made:{clean}"), kind="made.app", name=clean,
                         asset_class=AssetClass.OTHER))  # fmt: skip
    writer.close(row)
    assert len(list(state.facts())) == len(nasty)
    put(state, finding("a\x00b"))
    assert len(state.findings()) == 1
    state.close()


def test_two_scans_at_once_are_one(tmp_path: Path, url: str) -> None:
    with locked(url), pytest.raises(StoreError, match="another scan is running"):
        scan(load(_config(tmp_path, url)))
    scan(load(tmp_path / "shadow-ai.toml"))


def test_a_killed_scan_keeps_what_it_stored_and_holds_no_lock(tmp_path: Path, url: str) -> None:
    config = _config(tmp_path, url)
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW_SCAN, "--config", str(config)],
        stdout=subprocess.PIPE, env={**os.environ, "SHADOW_AI_FINGERPRINT_KEY": "k" * 20},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"in the middle\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = _facts(url)
    assert before
    result = subprocess.run(
        [sys.executable, "-m", "scanner", "scan", "--config", str(config)], check=False,
        capture_output=True, text=True,
        env={**os.environ, "SHADOW_AI_FINGERPRINT_KEY": "k" * 20},
    )  # fmt: skip
    assert "resumed an interrupted scan" in result.stderr
    assert set(before) <= set(_facts(url))


def test_a_server_that_goes_away_costs_the_moment_and_nothing_stored(tmp_path: Path) -> None:
    with server() as own:
        url = own.database()
        config = _config(tmp_path, url)
        scan(load(config))
        kept = _facts(url)
        state = State(url)
        own.stop()
        with pytest.raises(StoreError, match="cannot"):
            list(state.facts())
        own.start()
        # The same process goes on: a pool asks each connection whether it lives.
        assert len(list(state.facts())) == len(kept)
        state.close()
        assert scan(load(config)).events == ()
        assert _facts(url) == kept


def test_tickets_of_two_hosts_are_one_each(url: str) -> None:
    state, other = State(url), State(url)
    put(state, *(finding(name) for name in "abc"))
    with trackers.github() as tracker:
        for one in (state, other):
            target = Target("made", trackers.github_sink(tracker), Routing())
            assert sync(one, target, now=lambda: NOW).troubles == []
        assert len(tracker.issues) == 3
        put(other, *resolved([finding("a")]))
        sync(state, Target("made", trackers.github_sink(tracker), Routing()), now=lambda: NOW)
        assert sorted(issue.state for issue in tracker.issues.values()) == [
            "closed", "open", "open",
        ]  # fmt: skip
    state.close()
    other.close()


def test_who_may_not_write_is_told_what_to_do(running: Server, url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text("CREATE ROLE reader LOGIN"))
    engine.dispose()
    with pytest.raises(ConfigError, match="let the role make and write tables"):
        State(url.replace("scanner@", "reader@"))
