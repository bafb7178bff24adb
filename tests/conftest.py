"""What every test shares: a fixed key, the bundled rules, made-up secrets, real repositories."""

from __future__ import annotations

import gc
import socket
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from scanner.detect.engine import Detector
from scanner.rulebook.examples import expand
from scanner.rulebook.load import Rulebook, load
from tests.descriptions import read_fast

KEY = "a-fixed-fingerprint-key-for-tests"

# No test is timed: the first example may load a schema that others find loaded.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays to the end: Python looks for circles in what tests make,
    and not in millions of objects of modules again and again, an eighth of the whole time. A scan
    looks less often still (``scanner.cli.scan``)."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path_factory):
    """No test reads the user's files, credentials or the network's metadata services."""
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("SHADOW_AI_FINGERPRINT_KEY", KEY)
    monkeypatch.delenv("SHADOW_AI_CONFIG", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")


@pytest.fixture(autouse=True, scope="session")
def _loopback_alone() -> Iterator[None]:
    """Nothing that runs in a test's process reaches another machine."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def refuse(address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and host not in ("127.0.0.1", "::1", "localhost", "0.0.0.0"):
            raise AssertionError(f"a test reaches for {host}: tests talk to loopback alone")

    def guarded(self: socket.socket, address: Any) -> None:
        refuse(address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        refuse(address)
        return connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        patch.setattr(socket.socket, "connect_ex", guarded_ex)
        yield


@pytest.fixture(autouse=True, scope="session")
def _descriptions_are_read_fast() -> Iterator[None]:
    with read_fast():
        yield


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return load()


@pytest.fixture(scope="session")
def detector(rulebook: Rulebook) -> Detector:
    return Detector(rulebook, KEY.encode())


@pytest.fixture(scope="session")
def made_up_key() -> Callable[[str], str]:
    """A key of Anthropic's shape that no one ever issued; another seed, another key."""
    return lambda seed="one": expand("sk-ant-api03-{b64url:93}AA", seed)


class Repository:
    """A real git repository to write history into."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *args: str) -> str:
        command = ["git", "-C", str(self.root), "-c", "user.name=Ada", "-c",
                   "user.email=ada@example.com", "-c", "commit.gpgsign=false",
                   "-c", "gc.auto=0", "-c", "maintenance.auto=false", *args]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, message: str = "change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self._head() or self.git("rev-parse", "HEAD")

    def _head(self) -> str:
        """As git has it in files, without a process; empty where it is packed or elsewhere."""
        folder = self.root / ".git"
        try:
            head = (folder / "HEAD").read_text().strip()
            return (folder / head.removeprefix("ref: ")).read_text().strip()
        except OSError:
            return ""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repo")
