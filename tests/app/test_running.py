"""The job: what a run leaves behind, what its parts' troubles cost, and the daemon that starts
it."""

from __future__ import annotations

import io
import json
import logging
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Set
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scanner.app import running
from scanner.app.config import LoadedConfig, load, store_url
from scanner.app.daemon import Daemon, command, is_missed, ticks
from scanner.app.lock import locked
from scanner.app.running import Log, job, run
from scanner.model.errors import ConfigError, StoreError
from scanner.store.state import State
from tests.app.cluster import wait
from tests.app.scans import configured, installed, readings
from tests.emit.tickets import trackers
from tests.forge_rig.api import Fault, Reply
from tests.forge_rig.loopback import serving

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _config(tmp_path: Path, more: str = "") -> Path:
    (tmp_path / "shop").mkdir(exist_ok=True)
    (tmp_path / "shop/app.py").write_text("import anthropic\nanthropic.Anthropic()\n")
    config = tmp_path / "shadow-ai.toml"
    config.write_text(
        '[store]\nurl = "sqlite:///state.sqlite"\n[sources.code]\npaths = ["shop"]\n'
        '[run]\noutput = "out"\nmetrics_file = "out/shadow-ai.prom"\n' + more
    )
    return config


def _tickets(tracker: trackers.Tracker) -> str:
    return (
        f'[tickets.github]\nurl = "{tracker.server.url}"\nrepository = "acme/ai"\n'
        'filter = { policy = "SAI-001" }\n'
    )


def _ran(config: Path, environ: dict[str, str]) -> tuple[Any, list[dict[str, Any]]]:
    out = io.StringIO()
    environ = {"SHADOW_AI_FINGERPRINT_KEY": "k" * 20, **environ}
    done = run(load(config), environ, Log(out, run="r-test"))
    return done, [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_run_leaves_files_tickets_figures_and_lines(tmp_path: Path) -> None:
    with trackers.github() as tracker:
        more = _tickets(tracker)
        done, lines = _ran(_config(tmp_path, more), {"GITHUB_TOKEN": "made-up"})
        assert len(tracker.issues) == 1
    assert done.exit_code == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} >= {
        "findings.json", "graph.graphml", "report.html", "shadow-ai.prom",
    }  # fmt: skip
    assert {line["run"] for line in lines} == {"r-test"}
    assert lines[0]["event"] == "run started"
    assert lines[-1]["event"] == "run finished"
    text = (tmp_path / "out/shadow-ai.prom").read_text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    found = {row.labels["status"]: row.value for row in families["shadow_ai_findings"].samples}
    assert found["new"] >= 1
    (started,) = families["shadow_ai_scan_started_seconds"].samples
    assert abs(started.value - time.time()) < 600


def test_a_part_that_fails_costs_that_part(tmp_path: Path) -> None:
    with trackers.github() as tracker:
        tracker.server.faults.append(Fault("POST", "refuse", Reply({"message": "no"}, 403)))
        more = _tickets(tracker) + '[sources.gone]\nconnector = "code"\npaths = ["not-there"]\n'
        done, lines = _ran(_config(tmp_path, more), {"GITHUB_TOKEN": "made-up"})
    assert done.exit_code == 3
    (trouble,) = done.troubles
    assert "HTTP 403: no" in trouble
    assert (tmp_path / "out/findings.json").exists()
    assert [line["shard"] for line in lines if line["event"] == "shard not read"]


def test_what_libraries_log_is_a_line_of_the_run(tmp_path: Path) -> None:
    config, out = _config(tmp_path), io.StringIO()

    def configured() -> LoadedConfig:
        library = logging.getLogger("a.library")
        library.info("nothing of note")
        library.warning("no answer of %s\nat all", "https://ada:hunter2@v.example/x?sig=hidden9")
        return load(config)

    environ = {"SHADOW_AI_FINGERPRINT_KEY": "k" * 20}
    assert job(configured, environ, Log(out, run="r-test")) == 0
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    (told,) = [line for line in lines if line["event"] == "library"]
    assert told["reason"] == "no answer of https://v.example/x?... at all"
    assert (told["level"], told["logger"], told["run"]) == ("warning", "a.library", "r-test")
    logging.getLogger("a.library").warning("later")
    assert "later" not in out.getvalue()


def test_a_format_that_there_is_not_is_told_before_anything_is_read(tmp_path: Path) -> None:
    config, out = _config(tmp_path), io.StringIO()
    config.write_text(config.read_text().replace("[run]\n", '[run]\nformats = ["json", "jsn"]\n'))
    assert job(lambda: load(config), {}, Log(out, run="r-test")) == 2
    failed, finished = map(json.loads, out.getvalue().splitlines())
    assert "[run] formats: there is no `jsn`; known are" in failed["reason"]
    assert finished["exit"] == 2
    assert not (tmp_path / "state.sqlite").exists()


def test_a_state_whose_disk_is_full_is_told_and_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan is made all the same, and is not stored: it knows no decisions."""
    pytest.importorskip("apprise")
    got: list[bytes] = []

    def take(client: BaseHTTPRequestHandler) -> None:
        got.append(client.rfile.read(int(client.headers["Content-Length"])))
        client.send_response(200)
        client.send_header("Content-Length", "0")
        client.end_headers()

    opened = State.__init__

    def refuse(self: State, url: str, **more: Any) -> None:
        if "state.sqlite" in url:
            raise StoreError("state state.sqlite: cannot open: disk I/O error", is_full=True)
        opened(self, url, **more)

    with serving(take) as url:
        config = _config(tmp_path, '[notify.team]\nurl_env = "HOOK"\n')
        hook = {"HOOK": f"json://{url.removeprefix('http://')}/x"}
        assert _ran(config, hook)[0].exit_code == 0
        before = {one: one.read_bytes() for one in (tmp_path / "out").iterdir()}
        del got[:]
        monkeypatch.setattr(State, "__init__", refuse)
        done, lines = _ran(config, hook)
    assert done.exit_code == 3
    (said,) = got
    assert "cannot open: disk I/O error" in json.loads(said)["message"]
    assert [line["event"] for line in lines][-1] == "run finished"
    assert {one: one.read_bytes() for one in before} == before
    assert {one.name for one in (tmp_path / "out/not-stored").iterdir()} == {
        "findings.json", "graph.graphml", "report.html",
    }  # fmt: skip


def test_an_error_of_our_own_is_the_end_of_a_run_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, out = _config(tmp_path), io.StringIO()
    monkeypatch.setattr(running, "scan", lambda *_, **__: {}["a name that was read"])
    with pytest.raises(KeyError):
        job(lambda: load(config), {}, Log(out, run="r-test"))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["run started", "run failed", "run finished"]
    assert lines[1]["reason"] == "internal error: KeyError"
    assert lines[2]["exit"] == 4


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_run_that_another_has_overtaken_ends_and_leaves_nothing(
    tmp_path: Path, executor: str
) -> None:
    """The other one began when a lock of the database ended with its server."""
    more = '[sources.gone]\nconnector = "code"\npaths = ["not-there"]\n'
    config = _config(tmp_path, f'{more}[scan]\nexecutor = "{executor}"\n')
    url = f"sqlite:///{tmp_path}/state.sqlite"
    said: list[str] = []

    def say(event: str, level: str = "info", **more: Any) -> None:
        said.append(f"{event} {more.get('reason', '')}")
        if event == "shard not read" and len(said) < 4:
            other = State(url)
            other.open_scan("x", "2026-11-28T00:00:00Z", {})
            other.close()

    done = run(load(config), {"SHADOW_AI_FINGERPRINT_KEY": "k" * 20}, say)
    assert done.exit_code == 3
    assert done.result is None
    assert any("scan failed" in line and "another scan has begun" in line for line in said)
    assert not (tmp_path / "out").exists()
    state = State(url)
    assert [row.finished_at for row in state.scans()] == ["", ""]
    assert not state.findings()
    state.close()


@pytest.mark.parametrize("end", ["2>/dev/full", "2> >(exec <&-; sleep 3)", "2>&-"])
def test_a_log_that_cannot_be_written_costs_its_lines(tmp_path: Path, end: str) -> None:
    config = _config(tmp_path)
    run = f"{sys.executable} -m scanner run --config {config} {end}"
    done = subprocess.run(["bash", "-c", run], check=False)
    assert done.returncode == 0
    assert (tmp_path / "out/findings.json").exists()
    daemon = Daemon(load(config), [], Log(io.StringIO()))
    assert daemon.last_read()["code"] is not None


@pytest.mark.parametrize("more", ["[oops]\n", '[run]\noops = "1"\n'])
def test_what_is_wrong_ends_with_its_own_code_where_it_cannot_be_told(
    tmp_path: Path, more: str
) -> None:
    config = tmp_path / "shadow-ai.toml"
    config.write_text(more)
    run = f"{sys.executable} -m scanner run --config {config} 2>/dev/full"
    assert subprocess.run(["bash", "-c", run], check=False).returncode == 2


def test_runs_that_share_a_state_take_turns(tmp_path: Path) -> None:
    config = load(_config(tmp_path))
    env = {"SHADOW_AI_FINGERPRINT_KEY": "k" * 20}
    patient = load(_config(tmp_path, "wait_minutes = 1\n"))
    out, done = io.StringIO(), []
    with locked(store_url(config)):
        refused = run(config, env, Log(io.StringIO()))
        second = threading.Thread(target=lambda: done.append(run(patient, env, Log(out))))
        second.start()
        wait(lambda: '"waiting"' in out.getvalue())
        assert not done
    second.join(60)
    assert (refused.exit_code, done[0].exit_code) == (3, 0)
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [e["event"] for e in events].count("waiting") == 1
    assert "another scan is running" in next(e for e in events if e["event"] == "waiting")["reason"]


def test_a_run_goes_on_without_its_log(tmp_path: Path) -> None:
    config = load(_config(tmp_path))
    with open("/dev/full", "wb", buffering=0) as full:
        log = Log(io.TextIOWrapper(full, write_through=True))
        done = run(config, {"SHADOW_AI_FINGERPRINT_KEY": "k" * 20}, log)
    assert done.exit_code == 0
    assert (tmp_path / "out/findings.json").exists()


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ("[oops]\n", 2, "oops"),
        ("[rules]\nfolders = ['none']\n", 2, "none"),
        ("[notify.team]\n", 2, "SHADOW_AI_NOTIFY_TEAM"),
        ("[scan]\nfingerprint_key_env = 'NOT_SET'\n", 2, "NOT_SET"),
    ],
)
def test_what_keeps_a_run_from_beginning_is_lines_too(
    tmp_path: Path, more: str, code: int, said: str
) -> None:
    config = _config(tmp_path, more)
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "run", "--config", str(config)], check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == code
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len({line["run"] for line in lines}) == 1
    assert [line["event"] for line in lines[-2:]] == ["run failed", "run finished"]
    assert said in lines[-2]["reason"]
    assert lines[-1]["exit"] == code


def test_a_run_whose_scan_fails_finishes_as_others_do(tmp_path: Path) -> None:
    config = _config(tmp_path)
    with locked(store_url(load(config))):
        done, lines = _ran(config, {})
    assert done.exit_code == 3
    assert [line["event"] for line in lines[-2:]] == ["scan failed", "run finished"]
    assert lines[-1]["exit"] == 3


def test_what_cannot_work_is_told_before_anything_is_read(tmp_path: Path) -> None:
    config = _config(tmp_path, '[tickets.github]\nrepository = "acme/ai"\n')
    with pytest.raises(ConfigError, match="GITHUB_TOKEN"):
        run(load(config), {}, Log(io.StringIO()))
    assert not (tmp_path / "state.sqlite").exists()


# --- the daemon ----------------------------------------------------------------------------------


class Clock:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.steps = 0
        self.most = 400

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        self.steps += 1
        return self.steps > self.most


def _daemon(config: Path, clock: Clock, code: str = "pass") -> tuple[Daemon, io.StringIO]:
    out = io.StringIO()
    made = Daemon(
        load(config), [sys.executable, "-c", code], Log(out), clock=clock, wait=clock.wait
    )
    return made, out


def test_a_missed_run_is_made_up_for_and_the_next_is_at_its_time(tmp_path: Path) -> None:
    config = _config(tmp_path, '[schedule]\ncron = "0 * * * *"\njitter_minutes = 5\n')
    clock = Clock()
    daemon, out = _daemon(config, clock)
    daemon.loop()
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert events[0]["event"] == "missed run is made up for"
    due = [datetime.fromisoformat(e["until"]) for e in events if e["event"] == "waiting"]
    assert all(timedelta(0) <= one - one.replace(minute=0, second=0) <= timedelta(minutes=5)
               for one in due)  # fmt: skip
    assert [b.hour - a.hour for a, b in pairwise(due)] == [1] * (len(due) - 1)
    assert daemon.runs == len(due)


def test_a_run_that_hangs_is_ended_and_the_next_is_made(tmp_path: Path) -> None:
    """Stopped, it takes no signal but the last, as one does whose library gives nothing back."""
    config = _config(
        tmp_path,
        '[schedule]\ncron = "0 * * * *"\njitter_minutes = 0\nrun_limit_hours = 0.0001\n',
    )
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    daemon, out = _daemon(config, Clock(), code)
    daemon.grace = 0.2
    for _ in range(2):
        daemon.once()
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    hung = [one for one in events if one["event"] == "run hangs"]
    assert len(hung) == daemon.runs == 2
    assert "0.0001 h" in hung[0]["reason"]
    assert daemon.last_exit == -signal.SIGKILL


def test_a_time_that_passes_during_a_run_is_not_dropped(tmp_path: Path) -> None:
    config = _config(tmp_path, '[schedule]\ncron = "0 * * * *"\njitter_minutes = 0\n')
    clock = Clock(NOW + timedelta(minutes=2))
    began: list[float] = []

    class LongRuns(Daemon):
        def once(self, due: Set[str] = frozenset()) -> int:
            began.append((clock.now - NOW) / timedelta(minutes=1))
            clock.now += timedelta(minutes=75)
            if len(began) == 5:
                self.stop()
            return 0

    LongRuns(load(config), [], Log(io.StringIO()), clock=clock, wait=clock.wait).loop()
    assert began == [2, 77, 152, 227, 302]


def test_a_clock_that_is_set_back_while_it_waits_delays_no_run(tmp_path: Path) -> None:
    config = _config(tmp_path, '[schedule]\ncron = "0 * * * *"\njitter_minutes = 0\n')
    clock = Clock(NOW + timedelta(days=30))
    daemon, out = _daemon(config, clock)

    def wait(seconds: float) -> bool:
        if clock.now > NOW + timedelta(days=29):
            clock.now = NOW
        return clock.wait(seconds)

    daemon._wait = wait
    clock.most = 130
    daemon.loop()
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    due = [datetime.fromisoformat(e["until"]) for e in events if e["event"] == "waiting"]
    assert due[1] == NOW + timedelta(hours=1)
    assert daemon.runs == 2


def test_missed_is_what_the_schedule_says(tmp_path: Path) -> None:
    schedule = load(_config(tmp_path, '[schedule]\ncron = "15 3 * * *"\n')).config.schedule
    assert ticks(schedule, NOW) == datetime(2026, 3, 2, 3, 15, tzinfo=UTC)
    assert is_missed(schedule, None, NOW)
    assert not is_missed(schedule, NOW.replace(hour=3, minute=16), NOW)
    assert is_missed(schedule, NOW.replace(hour=3, minute=14), NOW)


@pytest.mark.parametrize("cron", ["", "* * *", "61 * * * *", "0 0 31 2 *", "0 15 3 * * *"])
def test_a_schedule_that_is_none_is_told_before_anything_begins(tmp_path: Path, cron: str) -> None:
    config = _config(tmp_path, f'[schedule]\ncron = "{cron}"\n')
    with pytest.raises(ConfigError, match="cron"):
        _daemon(config, Clock())


def test_a_run_that_cannot_begin_is_told_and_its_sources_are_owed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    config = _config(tmp_path / "there", '[schedule]\ncron = "0 * * * *"\njitter_minutes = 0\n')
    clock = Clock()
    daemon, out = _daemon(config, clock)
    asked: list[Set[str]] = []
    once = daemon.once

    def away(due: Set[str] = frozenset()) -> int:
        asked.append(due)
        if len(asked) == 1:
            (tmp_path / "there").rename(tmp_path / "away")
        elif len(asked) == 3:
            (tmp_path / "away").rename(tmp_path / "there")
            daemon.stop()
        return once(due)

    daemon.once = away  # type: ignore[method-assign]
    daemon.loop()
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    told = [e for e in events if e["event"] == "run could not begin"]
    assert len(told) == 2
    assert "there" in told[0]["reason"]
    assert daemon.last_exit == 0
    assert asked == [{"code"}] * 3
    assert daemon.runs == 1


@pytest.mark.slow
def test_a_daemon_that_is_killed_leaves_no_run_behind(tmp_path: Path) -> None:
    env = installed(tmp_path)
    url = f"sqlite:///{tmp_path}/state.sqlite"
    schedule = '[schedule]\ncron = "0 0 1 1 *"\n'
    config = configured(tmp_path, "left", url, "", schedule, shards=3, seconds=60)
    begun = [sys.executable, "-m", "scanner", "daemon", "--config", str(config)]
    with subprocess.Popen(begun, env=env, stderr=subprocess.PIPE, text=True) as process:
        wait(lambda: sum(readings(config).values()) > 0 or process.poll() is not None)
        (pid,) = {int(one.name.split("-")[-2]) for one in (tmp_path / "left").glob("read-*")}
        process.kill()
    wait(lambda: not Path(f"/proc/{pid}").exists() or "zombie" in _status(pid))
    with locked(url):
        pass


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "zombie"


def test_what_a_run_ends_with_does_not_end_the_daemon(tmp_path: Path) -> None:
    config = _config(tmp_path, '[schedule]\ncron = "0 * * * *"\njitter_minutes = 0\n')
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    clock = Clock()
    clock.most = 130
    daemon, _ = _daemon(config, clock, kill)
    daemon.loop()
    assert daemon.runs >= 2
    assert daemon.last_exit == -signal.SIGKILL


def test_told_to_stop_it_ends_the_run_that_is_going(tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    code = (
        "import signal, sys, time, pathlib\n"
        f"mark = pathlib.Path({str(mark)!r})\n"
        "signal.signal(signal.SIGTERM, lambda *_: (mark.touch(), sys.exit(9)))\n"
        f"pathlib.Path({str(tmp_path / 'began')!r}).touch()\n"
        "time.sleep(60)"
    )
    daemon, _ = _daemon(_config(tmp_path), Clock(), code)
    thread = threading.Thread(target=daemon.once)
    thread.start()
    until = time.monotonic() + 30
    while not (tmp_path / "began").exists() and time.monotonic() < until:
        time.sleep(0.05)
    daemon.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert mark.exists()
    assert daemon.last_exit == 9


@pytest.mark.parametrize(
    "listen",
    ["9464", ":9464", "127.0.0.1:99999", "127.0.0.1:", "localhost", "127.0.0.1:-1", "[]:1"],
)
def test_an_address_that_is_none_is_told_before_anything_begins(
    tmp_path: Path, listen: str
) -> None:
    config = _config(tmp_path, f'[schedule]\nlisten = "{listen}"\n')
    with pytest.raises(ConfigError, match="give host and port"):
        _daemon(config, Clock())


def test_it_listens_where_it_is_told(tmp_path: Path) -> None:
    for listen, host in (("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1")):
        daemon, _ = _daemon(_config(tmp_path, f'[schedule]\nlisten = "{listen}"\n'), Clock())
        server = daemon._listen()
        assert server is not None
        server.shutdown()
        server.server_close()
        assert server.server_address[0] == host


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_readiness_and_figures(tmp_path: Path) -> None:
    config = _config(tmp_path, '[schedule]\nlisten = "127.0.0.1:0"\ncron = "0 * * * *"\n')
    clock = Clock(datetime.now(UTC))
    daemon, out = _daemon(config, clock)
    server = daemon._listen()
    assert server is not None
    try:
        base = f"http://{json.loads(out.getvalue())['address']}"
        assert _get(f"{base}/healthz") == (200, "alive\n")
        assert _get(f"{base}/readyz")[0] == 503
        _ran(config, {})
        assert _get(f"{base}/readyz")[0] == 200
        families = {f.name for f in text_string_to_metric_families(_get(f"{base}/metrics")[1])}
        assert families >= {"shadow_ai_runs", "shadow_ai_running", "shadow_ai_findings"}
        clock.now += timedelta(hours=9)
        status, why = _get(f"{base}/readyz")
        assert (status, "of code began" in why) == (503, True)
        assert _get(f"{base}/etc/passwd")[0] == 404
    finally:
        server.shutdown()


def test_it_is_not_ready_while_nothing_is_read_of_a_source(tmp_path: Path) -> None:
    more = '[schedule]\ncron = "0 * * * *"\n[sources.okta]\norg_url = "https://acme.okta.com"\n'
    config = _config(tmp_path, more)
    clock = Clock(datetime.now(UTC))
    daemon, _ = _daemon(config, clock)
    done, lines = _ran(config, {})
    assert done.exit_code == 3
    assert [line for line in lines if line["event"] == "scan finished"]
    is_ready, why = daemon.is_ready()
    assert not is_ready
    assert "okta" in why
    assert "code" not in why
    families = {f.name: f for f in text_string_to_metric_families(daemon.figures())}
    (whole,) = families["shadow_ai_scan_last_started_seconds"].samples
    assert whole.value == 0
    read = {
        row.labels["source"]: row.value
        for row in families["shadow_ai_source_last_read_seconds"].samples
    }
    assert read["okta"] == 0
    assert abs(read["code"] - time.time()) < 600


def test_a_scan_under_a_fast_clock_is_no_fresh_reading(tmp_path: Path) -> None:
    config = _config(tmp_path, '[schedule]\ncron = "* * * * *"\njitter_minutes = 0\n')
    assert _ran(config, {})[0].exit_code == 0
    slow = Clock(datetime.now(UTC) - timedelta(days=30))
    daemon, out = _daemon(config, slow)
    assert not daemon.is_ready()[0]
    slow.most = 0
    daemon.loop()
    assert json.loads(out.getvalue().splitlines()[0])["event"] == "missed run is made up for"
    assert daemon.runs >= 1


@pytest.mark.slow
def test_the_command_of_a_run_is_this_installations(tmp_path: Path) -> None:
    config = _config(tmp_path)
    daemon = Daemon(load(config), command(load(config)), Log(io.StringIO()))
    assert daemon.once() == 0
    assert (tmp_path / "out/findings.json").exists()
    assert daemon.last_read()["code"] is not None
