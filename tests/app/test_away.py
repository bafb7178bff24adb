"""What a run needs is away for a moment, or for longer: it is no mistake of the configuration."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from scanner.app import running
from scanner.app.config import load
from scanner.app.running import Log, job
from scanner.store.state import State
from tests.store.postgres import Server, programs, server

_KEY = {"SHADOW_AI_FINGERPRINT_KEY": "k" * 20}
_NOWHERE = "http://127.0.0.1:1"


def _config(tmp_path: Path, more: str, url: str = "sqlite:///state.sqlite") -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/app.py").write_text("import anthropic\nanthropic.Anthropic()\n")
    config = tmp_path / "shadow-ai.toml"
    config.write_text(
        f'[store]\nurl = "{url}"\n[sources.code]\npaths = ["shop"]\nhistory = false\n{more}'
    )
    return config


def _job(config: Path, environ: dict[str, str]) -> tuple[int, list[dict[str, Any]]]:
    out = io.StringIO()
    code = job(lambda: load(config), environ, Log(out))
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ('[notify.team]\nurl = "vault:secret/data/notify#url"\n', "notify team"),
        ('[tickets.github]\ntoken = "vault:secret/data/github#token"\n'
         'url = "http://127.0.0.1:1"\nrepository = "acme/ai"\n', "tickets github"),
    ],
)  # fmt: skip
def test_a_secret_store_that_is_away_costs_the_part_that_needs_it(
    tmp_path: Path, more: str, part: str
) -> None:
    config = _config(tmp_path, more)
    environ = {**_KEY, "VAULT_ADDR": _NOWHERE, "VAULT_TOKEN": "made-up"}
    code, lines = _job(config, environ)
    assert code == 3
    (failed,) = [line for line in lines if line["event"] == "part failed"]
    assert failed["reason"].startswith(part)
    assert any(line["event"] == "scan finished" for line in lines)
    state = State(f"sqlite:///{tmp_path}/state.sqlite")
    assert state.findings()
    state.close()


def test_a_mistake_in_a_reference_is_told_before_anything_is_read(tmp_path: Path) -> None:
    config = _config(tmp_path, '[notify.team]\nurl_env = "NO_SUCH_VARIABLE"\n')
    code, lines = _job(config, dict(_KEY))
    assert code == 2
    assert "NO_SUCH_VARIABLE" in lines[0]["reason"]
    assert not (tmp_path / "state.sqlite").exists()


def test_a_key_for_fingerprints_whose_store_is_away_may_be_tried_again(tmp_path: Path) -> None:
    config = _config(tmp_path, '[scan]\nfingerprint_key_env = "vault:secret/data/key#value"\n')
    code, lines = _job(config, {"VAULT_ADDR": _NOWHERE, "VAULT_TOKEN": "made-up"})
    assert code == 4
    assert lines[-1] == {**lines[-1], "event": "run finished", "exit": 4}


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with server() as running_server:
        yield running_server


@pytest.mark.slow
def test_a_database_that_is_away_is_waited_for_and_then_tried_again(
    tmp_path: Path, database: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _config(tmp_path, "", database.database())
    database.stop()
    monkeypatch.setattr(running, "STORE_PAUSES", (0.1, 0.1))
    code, lines = _job(config, dict(_KEY))
    assert code == 4, lines
    monkeypatch.setattr(running, "STORE_PAUSES", (1.0, 2.0, 4.0, 8.0, 16.0))

    def later() -> None:
        time.sleep(1.5)
        database.start()

    back = threading.Thread(target=later)
    back.start()
    try:
        code, lines = _job(config, dict(_KEY))
    finally:
        back.join()
    assert code == 0, lines


def test_what_a_database_refuses_for_good_is_a_mistake(tmp_path: Path, database: Server) -> None:
    url = make_url(database.database()).set(database="no_such_database").render_as_string()
    code, lines = _job(_config(tmp_path, "", url), dict(_KEY))
    assert code == 2, lines
