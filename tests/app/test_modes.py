"""What is left on the disk is its owner's alone, whatever the umask says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.app.config import load
from scanner.app.running import run
from scanner.emit.files import made_folder, write_file
from scanner.store.state import State

KEY = {"SHADOW_AI_FINGERPRINT_KEY": "made-up-for-the-test-0123456789"}
pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """The least careful there is."""
    before = os.umask(0)
    yield
    os.umask(before)


def _modes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): f"{stat.S_IMODE(path.stat().st_mode):04o}"
        for path in sorted(folder.rglob("*"))
    }


def test_a_run_leaves_nothing_that_others_can_read(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir(mode=0o755)
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "shadow-ai.toml").write_text(
        '[sources.code]\npaths = ["../code"]\nhistory = false\n'
        '[run]\noutput = "out"\nmetrics_file = "figures/ai.prom"\n'
        'formats = ["json", "html", "csv"]\n'
        '[tickets.events]\nkind = "file"\nfolder = "events"\n'
    )
    (tmp_path / "code" / "app.py").write_text("import openai\nopenai.OpenAI()\n")
    run(load(home / "shadow-ai.toml"), KEY)
    found = _modes(home)
    assert found.pop("shadow-ai.toml") == "0666"  # the user's own
    # For who collects figures; it names nobody.
    assert (found.pop("figures"), found.pop("figures/ai.prom")) == ("0755", "0644")
    assert {found[name] for name in ("out", "events")} == {"0700"}
    files = {name: mode for name, mode in found.items() if name not in ("out", "events")}
    assert set(files.values()) == {"0600"}, files
    assert {"shadow-ai.sqlite", "out/findings.json", "out/report.html"} <= files.keys()
    assert any(name.startswith("events/") for name in files)


def test_the_state_and_its_log_while_it_is_open(tmp_path: Path) -> None:
    state = State(f"sqlite:///{tmp_path}/state.sqlite")
    state.check_room()
    try:
        found = _modes(tmp_path)
    finally:
        state.close()
    assert {"state.sqlite", "state.sqlite-wal"} <= found.keys()
    assert set(found.values()) == {"0600"}


def test_who_shares_a_file_says_so_once(tmp_path: Path) -> None:
    made_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    path = write_file(tmp_path / "report.html", b"first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    write_file(path, b"second")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.read_bytes() == b"second"
