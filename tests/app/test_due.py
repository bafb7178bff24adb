"""Sources with times of their own: what is due is read, the others stand as they were."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, update

from scanner.app.config import LoadedConfig, load
from scanner.app.daemon import Daemon
from scanner.app.pipeline import Result, Settings, replay, scan
from scanner.app.running import Log, run
from scanner.model.errors import ConfigError
from scanner.store import schema
from scanner.store.state import State

ENVIRON = {"SHADOW_AI_FINGERPRINT_KEY": "k" * 20}


def _config(tmp_path: Path, more: str = "") -> Path:
    for name, package in (("often", "anthropic"), ("seldom", "openai")):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "app.py").write_text(f"import {package}\n")
    config = tmp_path / "shadow-ai.toml"
    config.write_text(
        '[store]\nurl = "sqlite:///state.sqlite"\n'
        '[schedule]\ncron = "0 * * * *"\njitter_minutes = 0\nlate_hours = 0\n'
        '[sources.often]\nconnector = "code"\npaths = ["often"]\n'
        '[sources.seldom]\nconnector = "code"\npaths = ["seldom"]\ncron = "0 3 * * 1"\n' + more
    )
    return config


def _scan(loaded: LoadedConfig, *only: str) -> Result:
    return scan(loaded, settings=Settings(environ=ENVIRON, only=frozenset(only)))


def _vendors(result: Result) -> set[str]:
    return {row.provider for row in result.document.assets if row.provider}


def _unfinished(tmp_path: Path) -> None:
    """As if the second scan had been killed before its end."""
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with state.engine.begin() as db:
        here = schema.scan.c.number == 2
        db.execute(update(schema.scan).where(here).values(finished_at=None, exit_code=None))
    state.close()


def _last(tmp_path: Path) -> frozenset[str] | None:
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    try:
        return state.scans()[-1].read
    finally:
        state.close()


def test_what_is_not_due_stands_and_is_not_gone(tmp_path: Path) -> None:
    loaded = load(_config(tmp_path))
    first = _scan(loaded)
    assert _vendors(first) == {"anthropic", "openai"}
    for name in ("often", "seldom"):
        (tmp_path / name / "app.py").write_text("print('no AI')\n")

    one = _scan(loaded, "often")
    assert _vendors(one) == {"openai"}
    assert {event.change for event in one.events} == {"resolved"}
    assert {row.source for row in one.document.coverage} == {"often", "seldom"}
    old = {row.source: row.read_at for row in one.document.coverage}
    assert old == {"often": "", "seldom": first.document.scan.started}
    left = [row for row in one.document.findings if row.status.is_open]
    assert left
    assert {row.last_seen for row in left} == {first.document.scan.finished}, "nobody has looked"
    assert _last(tmp_path) == {"often"}
    assert {row.source for row in replay(loaded).coverage} == {"often", "seldom"}

    (tmp_path / "often/app.py").write_text("import anthropic\n")
    other = _scan(loaded, "seldom")
    assert _vendors(other) == set()
    assert {event.change for event in other.events} == {"resolved"}
    assert _vendors(_scan(loaded)) == {"anthropic"}
    assert _last(tmp_path) is None


def test_what_was_not_read_completely_stays_so_until_it_is_read(tmp_path: Path) -> None:
    loaded = load(_config(tmp_path, '[sources.gone]\nconnector = "code"\npaths = ["not-there"]\n'))
    assert _scan(loaded).exit_code == 3
    (tmp_path / "not-there").mkdir()
    assert _scan(loaded, "often").exit_code == 3
    assert _scan(loaded, "gone").exit_code == 0
    assert _scan(loaded, "often").exit_code == 0


def test_what_never_was_read_or_has_other_settings_is_due(tmp_path: Path) -> None:
    loaded = load(_config(tmp_path))
    assert _vendors(_scan(loaded, "often")) == {"anthropic", "openai"}
    (tmp_path / "more").mkdir()
    (tmp_path / "more/app.py").write_text("import mistralai\n")
    wider = _config(tmp_path).read_text().replace('["seldom"]', '["seldom", "more"]')
    (tmp_path / "shadow-ai.toml").write_text(wider)
    assert "mistral" in _vendors(_scan(load(tmp_path / "shadow-ai.toml"), "often"))
    assert _last(tmp_path) is None
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with state.engine.begin() as db:  # as other rules have left it
        text = func.replace(schema.scan.c.versions, '"rules":"', '"rules":"other-')
        db.execute(update(schema.scan).values(versions=text))
    state.close()
    _scan(load(tmp_path / "shadow-ai.toml"), "often")
    assert _last(tmp_path) is None
    _scan(load(tmp_path / "shadow-ai.toml"), "often")
    assert _last(tmp_path) == {"often"}


def test_one_that_was_cut_short_goes_on_with_its_own_sources_alone(tmp_path: Path) -> None:
    loaded = load(_config(tmp_path))
    _scan(loaded)
    _scan(loaded, "often")
    _unfinished(tmp_path)
    again = _scan(loaded, "often")
    assert again.resumed
    assert _vendors(again) == {"anthropic", "openai"}
    (tmp_path / "seldom/app.py").write_text("print('no AI')\n")
    other = _scan(loaded, "seldom")
    assert not other.resumed
    assert _vendors(other) == {"anthropic"}


def test_what_was_cut_short_is_due_whatever_the_time(tmp_path: Path) -> None:
    """Its facts are newer than what the last whole scan says of how completely they were read."""
    loaded = load(_config(tmp_path))
    _scan(loaded)
    _scan(loaded, "often")
    _unfinished(tmp_path)
    (tmp_path / "often/app.py").write_text("print('no AI')\n")
    assert _vendors(_scan(loaded, "seldom")) == {"openai"}
    assert _last(tmp_path) is None
    _scan(loaded, "seldom")
    assert _last(tmp_path) == {"seldom"}


_RUN = """
import os, sys
told, fails, *words = sys.argv[1:]
with open(told, "a+") as lines:
    lines.write(" ".join(words) + "\\n")
    lines.seek(0)
    number = len(lines.readlines())
if str(number) == fails:
    sys.exit(137)
os.execv(sys.executable, [sys.executable, "-m", "scanner", "run", *words])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("fails", "last"), [("none", "--source often"), ("5", "")])
def test_the_daemon_asks_for_the_sources_that_are_due_or_owed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str, last: str
) -> None:
    monkeypatch.setenv("SHADOW_AI_FINGERPRINT_KEY", "k" * 20)
    config = _config(tmp_path)
    told = tmp_path / "told"
    sunday = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    now = [sunday]

    def wait(seconds: float) -> bool:
        now[0] += timedelta(seconds=seconds)
        return now[0] > sunday + timedelta(hours=5)

    daemon = Daemon(
        load(config), [sys.executable, "-c", _RUN, str(told), fails], Log(io.StringIO()),
        clock=lambda: now[0], wait=wait,
    )  # fmt: skip
    daemon.loop()
    often = "--source often"
    assert told.read_text().splitlines() == ["", often, often, often, "", last]


def test_each_source_is_fresh_by_its_own_times(tmp_path: Path) -> None:
    config = _config(tmp_path)
    _scan(load(config))
    now = [datetime.now(UTC)]
    daemon = Daemon(load(config), [], Log(io.StringIO()), clock=lambda: now[0])
    assert daemon.is_ready()[0]
    now[0] += timedelta(hours=3)
    is_ready, why = daemon.is_ready()
    assert not is_ready
    assert "of often began" in why
    assert "of seldom" not in why
    before = daemon.last_read()
    _scan(load(config), "seldom")
    after = daemon.last_read()
    assert after["often"] == before["often"], "it stands, and was not read"


def test_times_and_names_that_are_none_are_refused(tmp_path: Path) -> None:
    config = _config(tmp_path)
    with pytest.raises(ConfigError, match=r"no \[sources.oftn\]; there is often, seldom"):
        run(load(config), ENVIRON, Log(io.StringIO()), only=["oftn"])
    for wrong in ('"0 3 * *"', "3"):
        config.write_text(_config(tmp_path).read_text().replace('"0 3 * * 1"', wrong))
        with pytest.raises(ConfigError, match=r"\[sources.seldom\] cron"):
            Daemon(load(config), [], Log(io.StringIO()))


def test_a_run_of_some_sources_says_so(tmp_path: Path) -> None:
    out = io.StringIO()
    config = _config(tmp_path)
    run(load(config), ENVIRON, Log(io.StringIO()))
    assert run(load(config), ENVIRON, Log(out), only=["often"]).exit_code == 0
    assert json.loads(out.getvalue().splitlines()[0])["sources"] == ["often"]
    assert _last(tmp_path) == {"often"}


def test_what_was_registered_since_is_not_missed_before_anybody_looks(tmp_path: Path) -> None:
    more = '[registry]\nfiles = ["registry.yaml"]\n'
    loaded = load(_config(tmp_path, more))
    entry = (
        "  - {id: E-1, name: Bot, owner: a@b.example, stage: production,"
        " bindings: [{type: repo, value: github.com/acme/x}], approved: {providers: [cohere]}}\n"
    )
    registry = tmp_path / "registry.yaml"
    registry.write_text("entries:\n" + entry.replace("E-1", "E-0").replace("acme/x", "other/x"))
    git = ["git", "-C", str(tmp_path / "seldom"), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in ("init -q", "remote add origin https://github.com/acme/x", "add .",
                  "commit -qm one"):  # fmt: skip
        subprocess.run([*git, *words.split()], check=True)

    def missed(*only: str) -> list[str]:
        found = _scan(loaded, *only).document.findings
        return [row.last_seen for row in found if row.policy == "SAI-020" and row.status.is_open]

    assert missed() == []
    registry.write_text(registry.read_text() + entry)
    assert missed("often") == []
    opened = missed("seldom")
    assert len(opened) == 1
    time.sleep(1.1)  # the state keeps seconds
    assert missed("often") == opened
