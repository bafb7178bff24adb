"""Secrets by reference through the whole program: each place that names one, a scan by processes
that look it up themselves, and nothing of it in what is stored or told."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from scanner.app.config import LoadedConfig, fingerprint_key, load, store_url
from scanner.app.notifying import messengers
from scanner.app.pipeline import Settings, scan
from scanner.app.trackers import targets
from scanner.emit.document import Document
from scanner.model.coverage import Outcome
from scanner.model.errors import ConfigError
from scanner.store.state import State
from tests.kit.references.stores import Asked, Vault, serving

SECRET = "made-up-" + "s" * 12
KEY = {"SHADOW_AI_FINGERPRINT_KEY": "made-up-for-the-test-0123456789"}


def _loaded(tmp_path: Path, text: str) -> LoadedConfig:
    path = tmp_path / "shadow-ai.toml"
    path.write_text(text)
    return load(path)


def _secret(tmp_path: Path, name: str = "secret", text: str = SECRET) -> Path:
    path = tmp_path / name
    path.write_text(text)
    path.chmod(0o600)
    return path


def _okta(asked: Asked) -> tuple[int, object]:
    if asked.headers.get("authorization") != f"SSWS {SECRET}":
        return 401, {"errorSummary": f"Invalid token {asked.headers.get('authorization')}"}
    return 200, []


@pytest.mark.parametrize("executor", ["threads", "processes"])
@pytest.mark.parametrize("way", ["file", "vault", "table"])
def test_a_source_reads_with_a_secret_that_is_looked_up_where_it_is_used(
    tmp_path: Path, way: str, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is another process: it has the reference alone."""
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VAULT_TOKEN", "made-up-token")
    _secret(tmp_path)
    answers = Vault(two={"app": {"okta": SECRET}}, one={}, tokens={"made-up-token"})
    with serving(_okta) as okta, serving(answers) as vault:
        monkeypatch.setenv("VAULT_ADDR", vault.url)
        named = {
            "file": 'token_env = "file:secret"',
            "vault": 'token = "vault:secret/app#okta"',
            "table": 'token = { vault = "secret/app", field = "okta" }',
        }[way]
        loaded = _loaded(
            tmp_path,
            f'[scan]\nexecutor = "{executor}"\nworkers = 1\n'
            f'[sources.okta]\norg_url = "{okta.url}"\n{named}\n',
        )
        result = scan(loaded, settings=Settings(environ=os.environ))
    assert len(okta.asked) > 0
    assert {one.headers["authorization"] for one in okta.asked} == {f"SSWS {SECRET}"}
    assert not [row for row in result.document.coverage if row.status == Outcome.DENIED]
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("shadow-ai.sqlite*"))
    told = msgspec.json.encode(result.document)
    assert SECRET.encode() not in kept + told


def test_a_reference_that_fails_is_coverage_and_stops_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    loaded = _loaded(
        tmp_path,
        '[sources.okta]\norg_url = "https://acme.okta.com"\ntoken = "file:none"\n'
        '[sources.code]\npaths = ["code"]\nhistory = false\n',
    )
    result = scan(loaded, url="sqlite://", settings=Settings(environ=KEY))
    rows = {row.source: row for row in result.document.coverage}
    assert result.exit_code == 3
    assert rows["okta"].status == Outcome.DENIED
    assert "file:none: No such file" in rows["okta"].reason
    assert rows["code"].status == Outcome.COMPLETE


def test_trackers_people_and_registries(tmp_path: Path) -> None:
    pytest.importorskip("apprise")
    _secret(tmp_path)
    _secret(tmp_path, "address", "json://127.0.0.1/x")
    loaded = _loaded(
        tmp_path,
        '[tickets.github]\nrepository = "acme/x"\ntoken = { file = "secret" }\n'
        '[tickets.hook]\nkind = "webhook"\nurl = "https://hook.example"\n'
        'token_env = "file:secret"\n'
        '[notify.team]\nurl = "file:address"\n'
        '[registry.origins.house]\nkind = "rest"\nurl = "https://r.example"\n'
        'token = "file:secret"\n',
    )
    assert [one.name for one in targets(loaded, {})] == ["github", "hook"]
    assert list(messengers(loaded, {})) == ["team"]
    assert loaded.config.registry.origins["house"].token_variable == "file:secret"
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(ConfigError, match=r"\[tickets.github\]: file:secret: others can read it"):
        targets(loaded, {})
    (tmp_path / "address").unlink()
    with pytest.raises(ConfigError, match=r"\[notify.team\]: file:address: No such file"):
        messengers(loaded, {})


def test_a_registry_is_asked_with_it(tmp_path: Path) -> None:
    _secret(tmp_path)
    (tmp_path / "code").mkdir()

    def registry(asked: Asked) -> tuple[int, object]:
        is_known = asked.headers.get("authorization") == f"Bearer {SECRET}"
        return (200, {"entries": []}) if is_known else (401, {})

    with serving(registry) as house:
        text = (
            '[sources.code]\npaths = ["code"]\nhistory = false\n[registry.origins.house]\n'
            f'kind = "rest"\nurl = "{house.url}"\ntoken = "file:secret"\n'
        )
        settings = Settings(environ=KEY, now=lambda: datetime(2026, 11, 28, tzinfo=UTC))
        assert scan(_loaded(tmp_path, text), url="sqlite://", settings=settings).exit_code == 0
        assert len(house.asked) == 1
        (tmp_path / "secret").unlink()
        result = scan(_loaded(tmp_path, text), url="sqlite://", settings=settings)
    assert result.exit_code == 3
    assert len(house.asked) == 1
    assert "file:secret: No such file" in _text(result.document)


def _text(document: Document) -> str:
    return json.dumps(msgspec.to_builtins(document))


def test_the_key_for_fingerprints(tmp_path: Path) -> None:
    _secret(tmp_path, "key", "made-up-key-of-fingerprints")
    loaded = _loaded(tmp_path, '[scan]\nfingerprint_key = "file:key"\n')
    chosen = loaded.config.scan.fingerprint_key_env
    assert chosen == "file:key"
    assert fingerprint_key({}, chosen, tmp_path) == (b"made-up-key-of-fingerprints", "")
    with pytest.raises(ConfigError, match="file:key: No such file"):
        fingerprint_key({}, chosen, tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="the variable OTHER is not set"):
        fingerprint_key({}, "OTHER")


@pytest.mark.parametrize(
    "text",
    [
        '[sources.okta]\norg_url = "https://a.okta.com"\ntoken = "%s"\n',
        '[sources.okta]\norg_url = "https://a.okta.com"\ntoken_env = "%s"\n',
        '[sources.okta]\norg_url = "https://a.okta.com"\ntoken = { value = "%s" }\n',
        '[sources.okta]\norg_url = "https://a.okta.com"\ntoken = ["%s"]\n',
        '[tickets.github]\nrepository = "a/b"\ntoken = "%s"\n[sources.code]\npaths = ["."]\n',
        '[tickets.github]\nrepository = "a/b"\ntoken_env = "%s"\n[sources.code]\npaths = ["."]\n',
        '[notify.team]\nurl = "slack://%s"\n',
        '[notify.team]\nurl_env = "slack://%s"\n',
        '[registry.origins.h]\nkind = "rest"\ntoken = "%s"\n',
        '[registry.origins.h]\nkind = "rest"\ntoken_variable = "%s"\n',
        '[scan]\nfingerprint_key = "%s"\n',
        '[sources.okta]\norg_url = "https://a.okta.com"\ntoken = "vault:a/b?token=%s#okta"\n',
        '[sources.okta]\norg_url = "https://a.okta.com"\n'
        'token = { vault = "a/b", auth = "approle", secret_id = "%s" }\n',
        '[tickets.github]\nrepository = "a/b"\ntoken = "vault:a/b?role_id=vault:%s"\n',
        '[notify.team]\nurl = "vault:a/b?auth=kubernetes&jwt=%s"\n',
        '[scan]\nfingerprint_key = "vault:a/b?address=https://ai:%s@vault.example"\n',
        '[scan]\nfingerprint_key = "gcp-secretmanager:a/b?url=https://ai:%s@store.example/"\n',
    ],
)
@pytest.mark.parametrize("secret", ["made-up-secret-7", "ghp_" + "a1B2" * 9])
def test_a_secret_in_the_file_is_refused_and_not_shown(
    tmp_path: Path, text: str, secret: str
) -> None:
    def use() -> None:
        loaded = _loaded(tmp_path, text % secret)
        targets(loaded, {})
        scan(loaded, url="sqlite://", settings=Settings(environ=KEY))

    with pytest.raises(ConfigError) as told:
        use()
    assert "shadow-ai.toml" in str(told.value)
    assert "reference" in str(told.value) or "docs/secrets.md" in str(told.value)
    assert secret not in str(told.value)


def test_said_twice(tmp_path: Path) -> None:
    text = '[notify.team]\nurl_env = "A"\nurl = "env:B"\n'
    with pytest.raises(ConfigError, match=r"toml:3:1: `url` and `url_env` say the same; keep one"):
        _loaded(tmp_path, text)


@pytest.mark.parametrize(
    "line", ['url_env = "STATE"', 'url = "env:STATE"', 'url = "STATE"', 'url = { file = "place" }']
)
def test_the_state_is_where_a_reference_says(
    tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (KEY | {"STATE": "sqlite:///kept.sqlite"}).items():
        monkeypatch.setenv(name, value)
    _secret(tmp_path, "place", "sqlite:///kept.sqlite\n")
    (tmp_path / "code").mkdir()
    loaded = _loaded(
        tmp_path, f'[store]\n{line}\n[sources.code]\npaths = ["code"]\nhistory = false\n'
    )
    assert scan(loaded).exit_code == 0
    assert (tmp_path / "kept.sqlite").is_file()
    assert not (tmp_path / "shadow-ai.sqlite").exists()


def test_a_state_whose_reference_gives_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = _loaded(tmp_path, '[store]\nurl_env = "STATE"\n')
    monkeypatch.delenv("STATE", raising=False)
    with pytest.raises(ConfigError, match=r"\[store\] the variable STATE is not set"):
        store_url(loaded)
    monkeypatch.setenv("STATE", f"u:{SECRET}")
    with pytest.raises(ConfigError, match="no URL of a database") as refused:
        State(store_url(loaded))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [
        f'url = "postgresql+psycopg://u:{SECRET}@db.example/state"',
        f'url = "postgresql+psycopg://u@db.example/state?password={SECRET}"',
        f'url = "u:{SECRET}@db.example"',
        f'url_env = "postgresql://u:{SECRET}@db.example/state"',
        'url = "postgresql+psycopg://db.example/state"\nurl_env = "STATE"',
    ],
)
def test_a_password_of_the_state_does_not_stand_in_the_file(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        _loaded(tmp_path, f"[store]\n{line}\n")
    assert "shadow-ai.toml:2:" in str(refused.value)
    assert SECRET not in str(refused.value)
