"""People are told of runs that come to no end, once, and when they do again."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scanner.app.config import load
from scanner.app.daemon import Daemon
from scanner.app.lock import locked
from scanner.app.running import Log
from tests.app.faults import FAKETIME
from tests.app.scans import configured, installed

pytest.importorskip("apprise")


@contextmanager
def _hook() -> Iterator[tuple[str, list[str]]]:
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append(f"{body['title']}\n{body['message']}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/made-up", got
    finally:
        server.shutdown()
        server.server_close()


def _command(config: Path) -> list[str]:
    return [sys.executable, "-m", "scanner", "run", "--config", str(config)]


def _run(config: Path, env: dict[str, str]) -> int:
    done = subprocess.run(_command(config), env=env, check=False, capture_output=True, timeout=120)
    return done.returncode


_PEOPLE = '[notify.team]\nurl_env = "HOOK"\n'


@pytest.mark.slow
def test_a_run_that_was_killed_is_told_by_the_next(tmp_path: Path) -> None:
    with _hook() as (address, got):
        env = {**installed(tmp_path), "HOOK": address}
        url = f"sqlite:///{tmp_path}/state.sqlite"
        config = configured(tmp_path, "killed", url, "", _PEOPLE, shards=3, dies=["1"])
        assert _run(config, env) < 0
        assert got == []
        # As long as it may be running, it is not killed.
        with locked(url):
            assert _run(config, env) == 3
        assert got == []
        assert _run(config, env) == 3  # the shard is set aside: this one comes to its end
        assert got[0].startswith("Shadow AI: a run came to no end\nThe scan that began 2")
        assert "1 no longer read, runs end again" in got[1]
        assert len(got) == 2
        assert _run(config, env) == 3
        assert len(got) == 2


@pytest.mark.slow
@pytest.mark.skipif(not Path(FAKETIME).exists(), reason="libfaketime is not installed")
def test_a_clock_that_was_ahead_keeps_neither_end_nor_death_from_being_told(tmp_path: Path) -> None:
    def run(*dies: str, **env: str) -> tuple[int, list[str]]:
        del got[:]
        config = configured(tmp_path, "ahead", url, "workers = 1\n", _PEOPLE, shards=4, dies=dies)
        code = _run(config, {**installed(tmp_path), "HOOK": address, **env})
        return code, [one.partition("\n")[0] for one in got]

    killed = "Shadow AI: a run came to no end"
    ahead = {"LD_PRELOAD": FAKETIME, "FAKETIME": "+400d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    url = f"sqlite:///{tmp_path}/state.sqlite"
    with _hook() as (address, got):
        assert run() == (0, ["Shadow AI: 48 opened"])
        assert run("0", "1", **ahead) == (-9, [])
        assert run("0", "1", **ahead) == (-9, [killed])
        code, told = run("0", "1")
        assert code == 3
        assert "runs end again" in told[-1]
        assert run("2") == (-9, [])
        assert run("2")[1][0] == killed


def test_the_daemon_tells_how_its_runs_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _hook() as (address, got):
        env = {**installed(tmp_path), "HOOK": address}
        for name in ("SHADOW_AI_FINGERPRINT_KEY", "PYTHONPATH", "TROUBLED_TOKEN", "HOOK"):
            monkeypatch.setenv(name, env[name])
        url = f"sqlite:///{tmp_path}/state.sqlite"
        config = configured(tmp_path, "daemon", url, "", _PEOPLE, shards=2)
        loaded = load(config)
        for code in (2, 2, -9, 3):
            ends = f"import os, signal; os.kill(os.getpid(), 9) if {code} < 0 else os._exit({code})"
            daemon = Daemon(loaded, [sys.executable, "-c", ends], Log(io.StringIO()))
            assert daemon.once() == code
        assert got == ["Shadow AI: a run came to no end\nA run ended with exit code 2; its log "
                       "tells more."]  # fmt: skip
        assert Daemon(loaded, _command(config), Log(io.StringIO())).once() == 0
        assert got[1].startswith("Shadow AI: 24 opened, runs end again\n")
        assert got[1].endswith("\nA run has come to its end again")
        assert len(got) == 2


def test_a_scan_that_fails_is_told_also_where_the_state_is_away(tmp_path: Path) -> None:
    with _hook() as (address, got):
        env = {**installed(tmp_path), "HOOK": address}
        url = f"sqlite:///{tmp_path}/state.sqlite"
        Path(tmp_path / "state.sqlite").write_text("no database at all, but a text of some length")
        secrets = '[scan]\nfingerprint_key_env = "vault:secret/data/key#value"\n'
        config = configured(tmp_path, "fails", url, "", _PEOPLE, shards=2)
        text = config.read_text().replace("[scan]\n", secrets)
        config.write_text(text)
        env |= {"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "made-up"}
        assert _run(config, env) == 4
        (told,) = got
        assert told.startswith("Shadow AI: a run came to no end\nThe scan failed: the key for")
