"""Registries behind servers, through a whole scan: asked once, kept, replayed without a network."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.app.config import LoadedConfig, load
from scanner.app.pipeline import Settings, replay, scan
from scanner.model.base import NodeId
from tests.reconcile.registry_world import Answer, Asked, ok, serving

_KEY = {"SHADOW_AI_FINGERPRINT_KEY": "made-up-for-the-test-0123456789"}
_NOW = datetime(2026, 11, 28, tzinfo=UTC)


def _routes(asked: Asked) -> Answer:
    if asked.headers.get("authorization") != "Bearer made-up":
        return 401, {"message": "who are you"}, {}
    return ok({"entries": [{
        "id": "R-1", "name": "Reply bot", "owner": "ann@example.com", "stage": "development",
        "approved": {"providers": ["openai"]},
        "bindings": [{"type": "repo", "value": _HOLDER[0]}],
    }]})  # fmt: skip


_HOLDER = [""]


def _loaded(tmp_path: Path, url: str) -> LoadedConfig:
    code = tmp_path / "bot"
    code.mkdir(exist_ok=True)
    (code / "app.py").write_text("import openai\nopenai.OpenAI()\n")
    _HOLDER[0] = f"dir:{code.resolve()}"
    (tmp_path / "shadow-ai.toml").write_text(
        '[sources.code]\npaths = ["bot"]\n[registry.origins.house]\nkind = "rest"\n'
        f'url = "{url}"\ntoken_variable = "HOUSE_TOKEN"\n'
    )
    return load(tmp_path / "shadow-ai.toml")


def _settings(token: str = "made-up") -> Settings:
    return Settings(environ={**_KEY, "HOUSE_TOKEN": token}, now=lambda: _NOW)


def _integration(loaded: LoadedConfig) -> NodeId:
    return NodeId(f"{_HOLDER[0]}#ai/openai")


def test_a_server_registers_and_a_replay_asks_nobody(tmp_path: Path) -> None:
    with serving(_routes) as world:
        loaded = _loaded(tmp_path, world.url)
        result = scan(loaded, settings=_settings())
        standings = result.situation.reconciliation.standings
        assert _integration(loaded) in standings, list(standings)
        assert standings[_integration(loaded)].entry == "R-1"
        asked = len(world.asked)
        again = replay(loaded)
        assert len(world.asked) == asked
    assert again.reconciliation.standings[_integration(loaded)].status == "registered"
    assert "made-up" not in (tmp_path / "shadow-ai.sqlite").read_bytes().decode("latin-1")


@pytest.mark.parametrize("token", ["wrong", ""])
def test_where_the_server_refuses_nothing_is_said_about_registration(
    tmp_path: Path, token: str
) -> None:
    with serving(_routes) as world:
        loaded = _loaded(tmp_path, world.url)
        result = scan(loaded, settings=_settings(token))
    assert result.exit_code == 3
    assert result.situation.reconciliation.is_unknown
    assert result.situation.reconciliation.standings[_integration(loaded)].status == "not_judged"
    row = next(row for row in result.document.coverage if row.shard == "registry:files")
    assert "401" in row.reason


def test_before_the_first_scan_nothing_is_known(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, "http://127.0.0.1:9")
    assert replay(loaded).reconciliation.is_unknown
