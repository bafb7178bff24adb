"""The URL of a store may hold a password: nothing that is told holds it. Its server elsewhere shows
a certificate, or nothing is sent to it."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest
from sqlalchemy import make_url

from scanner.app.lock import locked
from scanner.model.errors import ConfigError, StoreError
from scanner.store.addresses import secured
from scanner.store.state import State
from tests.forge_rig.authority import authority
from tests.store.postgres import programs, server

SECRET = "made-up-secret"


@pytest.mark.parametrize(
    "url",
    [
        f"postgres://h/db?user=u&password={SECRET}",
        f"postgres://u:{SECRET}@h/db",
        f"postgresql+psycopg://u:p@{SECRET}@127.0.0.1:1/db",
        f"postgresql+psycopg://u:p@127.0.0.1:{SECRET}@127.0.0.1:1/db",
        f"postgresql+psycopg://u:p@x/{SECRET}@127.0.0.1:1/db",
        f"postgresql+psycopg://u:{SECRET}/db",
        f"postgresql+psycopg://u@127.0.0.1:1/db?password={SECRET}&no_such_option={SECRET}",
        f"postgresql+psycopg://u@127.0.0.1:1/db?sslmode={SECRET}&password={SECRET}",
        f"u:{SECRET}",
    ],
)
def test_no_message_holds_the_password(url: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises((ConfigError, StoreError)) as refused:
        State(url)
    assert SECRET not in str(refused.value)


def test_a_password_with_an_at_sign_is_told_how_to_be_written() -> None:
    with pytest.raises(ConfigError, match=r"more than one @.*%40"):
        State("postgresql+psycopg://u:p@w@127.0.0.1:1/db")


@pytest.mark.parametrize(
    ("url", "environ", "mode"),
    [
        ("postgresql+psycopg://db.example/x", {}, "verify-full"),
        ("postgresql+psycopg:///x?host=db.example:5432", {}, "verify-full"),
        ("postgresql+psycopg:///x?host=/run/db&host=db.example", {}, "verify-full"),
        ("postgresql+psycopg://localhost/x?hostaddr=192.0.2.1", {}, "verify-full"),
        ("postgresql+psycopg://192.0.2.1/x", {}, "verify-full"),
        ("postgresql+psycopg:///x", {"PGHOST": "/run/db,db.example"}, "verify-full"),
        ("postgresql+psycopg:///x", {"PGHOSTADDR": "192.0.2.1"}, "verify-full"),
        ("postgresql+psycopg://db.example/x?sslmode=require", {}, "require"),
        ("postgresql+psycopg://db.example/x", {"PGSSLMODE": "verify-ca"}, None),
        ("postgresql+psycopg://127.0.0.1/x", {"PGHOST": "db.example"}, None),
        ("postgresql+psycopg://[::1]:5433/x", {}, None),
        ("postgresql+psycopg://localhost/x", {}, None),
        ("postgresql+psycopg:///x?host=/run/db", {}, None),
        ("postgresql+psycopg:///x", {}, None),
        ("sqlite:////db.example/x", {}, None),
    ],
)
def test_who_must_show_a_certificate(
    url: str,
    environ: dict[str, str],
    mode: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = secured(make_url(url), environ)
    assert found.query.get("sslmode") == mode
    assert ("sslrootcert" in found.query) == (mode == "verify-full")


def test_the_authority_that_is_named_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    url = make_url("postgresql://db.example/x?sslrootcert=ours.pem")
    assert secured(url, {}).query["sslrootcert"] == "ours.pem"
    plain = make_url("postgresql://db.example/x")
    assert "sslrootcert" not in secured(plain, {"PGSSLROOTCERT": "ours.pem"}).query
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql/root.crt").touch()
    assert "sslrootcert" not in secured(plain, {}).query


@pytest.mark.parametrize("url", ["postgresql+pg8000://db.example/x", "postgresql:///x?service=s"])
def test_what_would_be_done_must_be_known(url: str) -> None:
    with pytest.raises(ConfigError, match=r"postgresql.psycopg|sslmode=verify-full"):
        secured(make_url(url), {})


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_a_server_elsewhere_is_not_spoken_to_in_the_clear_unless_that_is_said(
    tmp_path: Path,
) -> None:
    pytest.importorskip("psycopg")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # By its name it is elsewhere; where the name leads is given.
    url = f"postgresql+psycopg://scanner@db.example:{port}/postgres?hostaddr=127.0.0.1"
    _, ca = authority(tmp_path, "db.example")
    with server() as own:
        own.stop()
        own.start(port=port)
        with pytest.raises(ConfigError, match=r"does not support SSL.*sslmode"):
            State(f"{url}&sslrootcert={ca}")
        State(f"{url}&sslmode=disable").close()
        own.stop()
        pair = own.home / "server.pem"
        shutil.copy(tmp_path / "server.pem", pair)
        shutil.chown(pair, own.home.owner(), own.home.group())
        pair.chmod(0o600)
        own.start(port=port, certificate=(pair, pair))
        with pytest.raises(ConfigError, match=r"certificate verify failed.*sslrootcert"):
            State(url)
        with pytest.raises(ConfigError, match=r'does not match host name "other.example"'):
            State(f"{url}&sslrootcert={ca}".replace("db.example", "other.example"))
        trusting = f"{url}&sslrootcert={ca}"
        with locked(trusting):
            State(trusting).close()
