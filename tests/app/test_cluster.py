"""`executor = "dask"`: a real scheduler and real workers, of which one is killed, one cut off, and
what they read is what one machine reads."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from scanner.app import executing
from scanner.app.config import Config, DaskConfig, LoadedConfig, ScanConfig
from scanner.app.pipeline import scan
from scanner.model.coverage import Outcome
from scanner.model.errors import ConfigError
from scanner.store.state import State
from tests.app.cluster import Proxy, certificates, cluster, go_on, stopped_pids, wait
from tests.app.scans import (
    KEY,
    TOKEN,
    command,
    configured,
    coverage,
    image,
    installed,
    readings,
    scanned,
)
from tests.store.postgres import programs, server

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def databases() -> Iterator[Callable[[], str]]:
    """URLs of empty states; a server that others share, as on a cluster."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with server() as running:
        yield running.database


def _dask(address: str, **more: object) -> str:
    lines = "".join(f'{name} = "{value}"\n' for name, value in more.items())
    return f'executor = "dask"\n[scan.dask]\naddress = "{address}"\n{lines}'


def _alone(tmp_path: Path, env: dict[str, str], **settings: object) -> list[bytes]:
    """What one machine reads with threads, in SQLite."""
    url = f"sqlite:///{tmp_path}/alone.sqlite"
    assert scanned(configured(tmp_path, "alone", url, **settings), env).returncode == 0
    return image(url)


@pytest.mark.slow
def test_one_worker_killed_and_one_cut_off_and_every_shard_is_stored_once(
    tmp_path: Path, databases: Callable[[], str]
) -> None:
    env, url = installed(tmp_path), databases()
    settings = {"shards": 24, "logs": 3, "seconds": 0.1}
    with cluster(tmp_path / "cluster", env) as made:
        for _ in range(4):
            made.worker()
        config = configured(tmp_path, "troubled", url, _dask(made.address), dies_once=["5"],
                            stops_once=["9", "log-1"], **settings)  # fmt: skip
        with subprocess.Popen(command(config), env=env, stderr=subprocess.PIPE) as process:
            _, told = process.communicate(timeout=120)
            for pid in stopped_pids(tmp_path / "troubled"):
                go_on(pid)  # now it brings what it has read; nobody waits for it
        assert process.returncode == 0, told
    assert image(url) == _alone(tmp_path, env, **settings)
    counts = readings(config)
    assert all(counts[shard] >= 2 for shard in ("5", "9", "log-1"))
    assert len(counts) == 27


@pytest.mark.slow
def test_a_cluster_without_workers_is_told_and_not_waited_for_for_ever(tmp_path: Path) -> None:
    env, url = installed(tmp_path), f"sqlite:///{tmp_path}/state.sqlite"
    with cluster(tmp_path / "cluster", env) as made:
        lines = _dask(made.address).replace(
            "[scan.dask]", "shard_deadline_seconds = 5\n[scan.dask]"
        )
        config = configured(tmp_path, "idle", url, lines + "timeout_seconds = 1\n", shards=20)
        began = time.monotonic()
        done = scanned(config, env)
        assert time.monotonic() - began < 60
        assert done.returncode == 3, done.stderr
        rows = [row for row in coverage(url) if row.status is not Outcome.COMPLETE]
        assert len(rows) == 20
        assert all("has had no worker for 5 s" in row.reason for row in rows)
        assert readings(config) == {}
        made.worker()
        assert scanned(config, env).returncode == 0
    assert {row.status for row in coverage(url)} == {Outcome.COMPLETE}


@pytest.mark.slow
def test_a_worker_behind_a_net_that_is_cut_is_done_without(
    tmp_path: Path, databases: Callable[[], str]
) -> None:
    env, url = installed(tmp_path), databases()
    settings = {"shards": 16, "seconds": 0.4}
    with cluster(tmp_path / "cluster", env) as made:
        made.worker()
        proxy = Proxy(made.port)
        made.worker(address=proxy.address)
        config = configured(tmp_path, "cut", url, _dask(made.address), **settings)
        with subprocess.Popen(command(config), env=env, stderr=subprocess.PIPE) as process:
            wait(lambda: len(readings(config)) >= 4)
            proxy.stop()
            _, told = process.communicate(timeout=120)
        proxy.close()
        assert process.returncode == 0, told
    assert image(url) == _alone(tmp_path, env, **settings)


def test_a_shard_that_kills_every_worker_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    env = {**installed(tmp_path), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    url = f"sqlite:///{tmp_path}/state.sqlite"
    with cluster(tmp_path / "cluster", env) as made:
        for _ in range(4):
            made.worker()
        config = configured(tmp_path, "poison", url, _dask(made.address), shards=12, dies=["3"])
        done = scanned(config, env)
    assert done.returncode == 3, done.stderr
    state = State(url)
    rows = {row.shard: row for row in state.coverage(state.scans()[-1].id)}
    state.close()
    (lacking,) = [row for row in rows.values() if row.status is not Outcome.COMPLETE]
    assert lacking.shard == "troubled:3"
    assert "its worker died" in lacking.reason
    assert len(rows) == 13


def test_no_secret_crosses_the_net_in_either_direction(
    tmp_path: Path, made_up_key: Callable[[str], str]
) -> None:
    env, url = installed(tmp_path), f"sqlite:///{tmp_path}/state.sqlite"
    with cluster(tmp_path / "cluster", env) as made:
        made.worker()
        proxy = Proxy(made.port)
        secret = _spelled(made_up_key("x"))
        config = configured(tmp_path, "heard", url, _dask(proxy.address), shards=2,
                            token_env="TROUBLED_TOKEN", secret=secret)  # fmt: skip
        done = scanned(config, env)
        proxy.close()
    assert done.returncode == 0, done.stderr
    heard = bytes(proxy.heard)
    assert b"TROUBLED_TOKEN" in heard
    assert b"troubled:1-3" in heard
    for secret in (TOKEN, KEY, made_up_key("x")):
        assert secret.encode() not in heard
    state = State(url)
    assert any(type(fact).__name__ == "Credential" for _, fact, _ in state.facts())
    state.close()


def _spelled(key: str) -> str:
    """As a connector's settings hold it, which are no place for keys: not as it is."""
    return key[::-1]


def test_a_cluster_is_spoken_to_by_tls_and_only_with_its_certificates(tmp_path: Path) -> None:
    env, url = installed(tmp_path), f"sqlite:///{tmp_path}/state.sqlite"
    tls, others = tmp_path / "tls", tmp_path / "others"
    for folder in (tls, others):
        folder.mkdir()
    files = certificates(tls)
    certificates(others)
    with cluster(tmp_path / "cluster", env, files) as made:
        made.worker()
        codes = {}
        for folder in (tls, others):
            lines = _dask(
                made.address, tls_ca=f"{folder.name}/tls-ca-file.pem",
                tls_cert=f"{folder.name}/tls-cert.pem", tls_key=f"{folder.name}/tls-key.pem",
            ) + "timeout_seconds = 5\n"  # fmt: skip
            done = scanned(configured(tmp_path, f"by-{folder.name}", url, lines, shards=2), env)
            codes[folder.name] = (done.returncode, done.stderr)
    assert codes["tls"][0] == 0, codes
    assert codes["others"][0] == 2, codes
    assert "does not answer" in codes["others"][1]


def test_a_worker_with_another_key_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    env, url = installed(tmp_path), f"sqlite:///{tmp_path}/state.sqlite"
    other = {**env, "SHADOW_AI_FINGERPRINT_KEY": "the-key-of-somebody-else"}
    with cluster(tmp_path / "cluster", other) as made:
        made.worker()
        done = scanned(configured(tmp_path, "k", url, _dask(made.address), shards=1), env)
    assert done.returncode == 3
    state = State(url)
    (row,) = [r for r in state.coverage(state.scans()[-1].id) if r.shard == "troubled:0"]
    state.close()
    assert "give it the same SHADOW_AI_FINGERPRINT_KEY" in row.reason


@pytest.mark.slow
def test_a_scheduler_that_dies_is_coverage_and_the_next_scan_goes_on(tmp_path: Path) -> None:
    env, url = installed(tmp_path), f"sqlite:///{tmp_path}/state.sqlite"
    with cluster(tmp_path / "cluster", env) as made:
        made.worker()
        lines = _dask(made.address) + "timeout_seconds = 2\n"
        config = configured(tmp_path, "headless", url, lines, shards=10, seconds=0.3)
        with subprocess.Popen(command(config), env=env, stderr=subprocess.PIPE) as process:
            wait(lambda: len(readings(config)) >= 3)
            made.scheduler.kill()
            _, told = process.communicate(timeout=120)
    assert process.returncode == 3, told
    state = State(url)
    rows = state.coverage(state.scans()[-1].id)
    state.close()
    assert any(row.status is Outcome.COMPLETE for row in rows)
    assert any("does not answer" in row.reason for row in rows)
    assert len(rows) == 11


@pytest.mark.slow
def test_a_task_that_a_closed_client_forgets_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that closes while a task is handed to its loop never hears of it: a scan whose
    scheduler died waited for ever."""
    env = installed(tmp_path)
    with cluster(tmp_path / "cluster", env) as made:
        dask = DaskConfig(address=made.address, timeout_seconds=2)
        loaded = LoadedConfig(config=Config(scan=ScanConfig(executor="dask", dask=dask)))
        with executing._Cluster(loaded) as sent_by:
            loop = type(sent_by._client.loop)
            with monkeypatch.context() as patch:
                patch.setattr(loop, "add_callback", lambda *_, **__: None)
                forgotten = sent_by.submit(time.sleep, 60)
            made.scheduler.kill()
            with pytest.raises(CancelledError):
                forgotten.result(timeout=60)
            assert not sent_by._flights


def test_an_address_in_the_clear_is_refused_and_one_that_is_silent_told(tmp_path: Path) -> None:
    for address, words in (
        ("tcp://scheduler.example:8786", "use tls://"),
        ("scheduler.example:8786", "as tls://host:8786"),
        ("tcp://127.0.0.1:1", "does not answer"),
    ):
        dask = DaskConfig(address=address, timeout_seconds=1)
        config = Config(
            scan=ScanConfig(executor="dask", dask=dask),
            sources={"code": {"paths": [str(tmp_path)]}},
        )
        with pytest.raises(ConfigError, match=words):
            scan(LoadedConfig(config=config), url="sqlite://")
