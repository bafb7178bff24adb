"""Secrets on this machine: variables, files, keyrings; and what never becomes of a value."""

from __future__ import annotations

import json
import logging
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.kit.references import Secrets, resolve
from scanner.model.errors import Denied
from tests.app.faults import can_mount

VALUE = "made-up-" + "v" * 12


def _file(tmp_path: Path, text: str = VALUE, mode: int = 0o600) -> Path:
    path = tmp_path / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_variables() -> None:
    known = Secrets({"A": VALUE})
    assert (known["A"], known.get("B", ""), known["env:A"]) == (VALUE, "", VALUE)
    with pytest.raises(Denied, match="env:B: the environment variable is not set"):
        known.get("env:B", "")


def test_files_relative_to_the_configuration(tmp_path: Path) -> None:
    _file(tmp_path, VALUE + "\r\n")
    assert Secrets({}, tmp_path)["file:secret"] == VALUE
    _file(tmp_path, json.dumps({"okta": {"token": VALUE}, "a.b": "c", "n": 7}))
    known = Secrets({}, tmp_path)
    assert known["file:secret#okta.token"] == VALUE
    assert (known["file:secret#a.b"], known["file:secret#n"]) == ("c", "7")
    with pytest.raises(Denied, match=r"has no field `jira`; it has: a\.b, n, okta") as told:
        known["file:secret#jira"]
    assert VALUE not in str(told.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = _file(tmp_path, mode=mode)
    with pytest.raises(Denied, match=rf"mode 0{mode:o}\); chmod 600"):
        resolve(f"file:{path}")
    path.chmod(0o400)
    assert resolve(f"file:{path}") == VALUE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_mounted_secret_of_another_owner_is_read(tmp_path: Path) -> None:
    """As ssh does, and Kubernetes mounts: the owner decides who reads it."""
    path = _file(tmp_path, mode=0o644)
    os.chown(path, 12345, 12345)
    assert resolve(f"file:{path}") == VALUE


_FIXED = """
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1" || exit 77
exec "$2" -c "
import sys
from scanner.kit.references import resolve
print(resolve(sys.argv[1]))" "file:$1/secret"
"""


@pytest.mark.skipif(not can_mount(), reason="no name space can be made here")
@pytest.mark.parametrize(("mode", "is_read"), [(0o640, True), (0o644, False), (0o660, False)])
def test_a_token_of_a_pod_may_be_read_by_its_group(
    tmp_path: Path, mode: int, is_read: bool
) -> None:
    """The kubelet gives it to the pod's user, lets the pod's group read it, and mounts it so that
    nobody changes that."""
    _file(tmp_path, mode=mode)
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", _FIXED, "-", str(tmp_path), sys.executable],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("no mount can be made read-only here")
    assert done.stdout.strip() == (VALUE if is_read else "")
    assert is_read or f"mode 0{mode:o}" in done.stderr


def test_what_is_no_file_of_a_secret(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    _file(tmp_path, "")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "bytes").chmod(0o600)
    (tmp_path / "large").write_bytes(b"a" * (2 << 20))
    (tmp_path / "large").chmod(0o600)
    for name, why in (
        ("pipe", "is no file"), ("secret", "is empty"), ("bytes", "no text"), ("large", "larger"),
        ("absent", "No such file"), (".", "is no file|Is a directory"), ("secret#a", "is no JSON"),
    ):  # fmt: skip
        with pytest.raises(Denied, match=why):
            resolve(f"file:{name}", {}, tmp_path)


def test_a_changed_secret_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.kit.references._KEPT_SECONDS", 0.0)
    known = Secrets({}, tmp_path)
    _file(tmp_path, "first")
    assert known["file:secret"] == "first"
    _file(tmp_path, "second")
    assert known["file:secret"] == "second"


def test_values_are_neither_shown_nor_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    known = Secrets({"A": VALUE}, tmp_path)
    _file(tmp_path)
    assert known["file:secret"] == VALUE
    assert VALUE not in repr(known) + str(known)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not sent to another process"):
            pickle.dumps(known, protocol)
    assert VALUE not in caplog.text


def test_keyrings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend
    from keyring.backends import chainer, fail, null
    from keyring.errors import KeyringLocked

    class Own(KeyringBackend):
        priority = 9.0
        is_locked = False
        held = {("shadow-ai", "okta"): VALUE}

        def get_password(self, service: str, username: str) -> str | None:
            if self.is_locked:
                raise KeyringLocked(VALUE)
            return self.held.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            raise AssertionError("nothing is written")

    before = keyring.get_keyring()
    try:
        own = Own()
        keyring.set_keyring(own)
        assert resolve("keyring:shadow-ai/okta") == VALUE
        monkeypatch.setattr(chainer.ChainerBackend, "backends", [null.Keyring(), own])
        keyring.set_keyring(chainer.ChainerBackend())
        assert resolve("keyring:shadow-ai/okta") == VALUE
        with pytest.raises(Denied, match="keyring set shadow-ai jira"):
            resolve("keyring:shadow-ai/jira")
        own.is_locked = True
        with pytest.raises(Exception, match="unlock it") as told:
            resolve("keyring:shadow-ai/okta")
        assert VALUE not in str(told.value)
        keyring.set_keyring(null.Keyring())
        with pytest.raises(Denied, match="is not there"):
            resolve("keyring:shadow-ai/okta")
        keyring.set_keyring(fail.Keyring())
        with pytest.raises(Denied, match="no keyring"):
            resolve("keyring:shadow-ai/okta")
    finally:
        keyring.set_keyring(before)
