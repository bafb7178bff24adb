"""`executor = "processes"`: the same as threads, whatever the workers die of."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.app.config import load
from scanner.app.executing import workers
from scanner.app.sourcing import sources_of
from scanner.detect.engine import Detector
from scanner.model.coverage import Outcome
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from scanner.store.writer import StateSink
from tests.app.scans import KEY, TOKEN, command, configured, image, installed, readings, scanned
from tests.conftest import Repository

_PROCESSES = 'executor = "processes"\nworkers = 2'


def _coverage(url: str) -> dict[str, tuple[str, str]]:
    state = State(url)
    try:
        rows = state.coverage(state.scans()[-1].id)
    finally:
        state.close()
    return {row.shard.partition(":")[2]: (row.status, row.reason) for row in rows}


@pytest.mark.slow
def test_what_processes_read_is_what_threads_read_byte_for_byte(
    tmp_path: Path, made_up_key: Callable[[str], str]
) -> None:
    env = installed(tmp_path)
    for name in ("one", "two"):
        repository = Repository(tmp_path / "repositories" / name)
        repository.write("app.py", f"import anthropic\nkey = '{made_up_key(name)}'\n")
        repository.write("old.py", "import openai  # shadow-ai: ignore\n")
        repository.commit()
        repository.git("rm", "-q", "old.py")
        repository.commit()
    code = f'[sources.code]\npaths = ["{tmp_path}/repositories"]'
    urls = []
    for name, lines in (("threads", ""), ("processes", _PROCESSES)):
        url = f"sqlite:///{tmp_path}/{name}.sqlite"
        settings = {"shards": 6, "logs": 2, "secret": made_up_key("three")}
        config = configured(tmp_path, name, url, lines, code, **settings)
        for _ in range(2):  # the second goes on at checkpoints and at what is remembered
            done = scanned(config, env)
            assert done.returncode == 0, done.stderr
        urls.append(url)
    ours = [row.replace(b"/processes", b"/threads") for row in image(urls[1])]
    assert ours == image(urls[0])
    assert sum(row.startswith(b"fact") for row in ours) > 80
    assert any(b"credential" in row and b"anthropic" in row for row in ours)


def test_a_worker_that_dies_costs_its_attempt_and_every_shard_is_stored_once(
    tmp_path: Path,
) -> None:
    env = installed(tmp_path)
    calm, troubled = (f"sqlite:///{tmp_path}/{name}.sqlite" for name in ("calm", "troubled"))
    settings = {"shards": 8, "logs": 2}
    scanned(configured(tmp_path, "calm", calm, **settings), env)
    config = configured(tmp_path, "troubled", troubled, _PROCESSES,
                        dies_once=["3", "log-1"], **settings)  # fmt: skip
    done = scanned(config, env)
    assert done.returncode == 0, done.stderr
    assert image(troubled) == image(calm)
    assert readings(config)["3"] >= 2
    assert readings(config)["log-1"] >= 2


def test_workers_know_what_has_not_changed(tmp_path: Path) -> None:
    url, env = f"sqlite:///{tmp_path}/state.sqlite", installed(tmp_path)
    config = configured(tmp_path, "same", url, _PROCESSES, shards=3, version="one")
    for _ in range(2):
        assert scanned(config, env).returncode == 0
    assert set(readings(config).values()) == {2}
    assert len(list((tmp_path / "same").glob("whole-*"))) == 3
    assert {status for status, _ in _coverage(url).values()} == {Outcome.COMPLETE}
    # Another executor is no other reading.
    threads = configured(tmp_path, "same", url, "", shards=3, version="one")
    assert scanned(threads, env).returncode == 0
    assert len(list((tmp_path / "same").glob("whole-*"))) == 3


def test_a_shard_that_always_kills_its_worker_is_set_aside_and_blocks_no_other(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite"
    config = configured(tmp_path, "poison", url, _PROCESSES, shards=8, dies=["2", "5"])
    done = scanned(config, installed(tmp_path))
    assert done.returncode == 3, done.stderr
    rows = _coverage(url)
    assert {name for name, (status, _) in rows.items() if status != Outcome.COMPLETE} == {"2", "5"}
    assert all("its worker died" in rows[name][1] for name in ("2", "5"))
    counts = readings(config)
    assert counts["2"] == counts["5"] == 3  # once among others, twice alone


@pytest.mark.slow
def test_a_scan_that_is_killed_leaves_no_workers_and_the_next_goes_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite"
    env = installed(tmp_path)
    config = configured(tmp_path, "killed", url, _PROCESSES, shards=12, seconds=0.4)
    with subprocess.Popen(command(config), env=env, start_new_session=True) as process:
        _wait(lambda: len(readings(config)) >= 5)
        assert len(_of_group(process.pid)) >= 3
        process.send_signal(signal.SIGKILL)
        process.wait()
        _wait(lambda: not _of_group(process.pid))
    state = State(url)
    stored = {row.shard.partition(":")[2] for row in state.coverage(state.scans()[-1].id)}
    state.close()
    assert stored
    before = readings(config)
    assert scanned(config, env).returncode == 0
    after = readings(config)
    assert all(after[shard] == before[shard] for shard in stored & after.keys())
    assert {status for status, _ in _coverage(url).values()} == {Outcome.COMPLETE}


def test_no_secret_is_in_what_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rulebook: Rulebook
) -> None:
    for name, value in installed(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    password = "the-password-of-the-database"
    monkeypatch.setenv("STATE_URL", f"postgresql+psycopg://scanner:{password}@127.0.0.1/state")
    named = {"token_env": "TROUBLED_TOKEN"}
    loaded = load(configured(tmp_path, "sent", "STATE_URL", _PROCESSES, **named))
    detector = Detector(rulebook, KEY.encode())
    (source,) = sources_of(loaded, detector, os.environ, lambda: datetime.now(UTC))
    (shard, *_) = source.connector.shards(source.context)
    sent = _Pickling()
    with workers(loaded, rulebook.digest, "mark") as away:
        assert away is not None
        away.submit(sent, StateSink(State("sqlite://"), "scan", "now"), source, shard)
    assert b"TROUBLED_TOKEN" in sent.task
    assert b"troubled:0" in sent.task
    for secret in (TOKEN, KEY, password):
        assert secret.encode() not in sent.task


class _Pickling(Executor):
    """Keeps what a pool of processes would send."""

    task = b""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.task = pickle.dumps((fn, args, kwargs))
        return Future()


def test_a_worker_without_the_scan_s_key_or_credentials_says_so(tmp_path: Path) -> None:
    """It reads in its own environment: what this process was told apart is not there."""
    env = installed(tmp_path)
    del env["TROUBLED_TOKEN"]
    url = f"sqlite:///{tmp_path}/state.sqlite"
    done = scanned(configured(tmp_path, "bare", url, _PROCESSES, shards=1), env)
    assert done.returncode == 3
    assert _coverage(url)["0"] == (Outcome.DENIED, "TROUBLED_TOKEN is not set")


def _of_group(group: int) -> list[int]:
    """Live processes of a session that was started for one scan."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if words[0] != "Z" and int(words[2]) == group:
                found.append(int(folder.name))
    return found


def _wait(until: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
