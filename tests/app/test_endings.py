"""How a run ends, and what it says where it may not write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.app.elsewhere import advice
from scanner.store.state import State
from tests.app.faults import can_mount

_BROKEN = """
import sys
from scanner import cli

def broken(name):
    raise RuntimeError("what was being read")

cli.importlib.import_module = broken
sys.argv = ["shadow-ai", "run"]
cli.main()
"""


def _config(tmp_path: Path, lines: str) -> Path:
    (tmp_path / "etc/shop").mkdir(parents=True)
    (tmp_path / "etc/shop/app.py").write_text("import anthropic\nanthropic.Anthropic()\n")
    config = tmp_path / "etc/shadow-ai.toml"
    config.write_text(f'[sources.code]\npaths = ["shop"]\n{lines}')
    return config


def _ended(words: list[str], **env: str) -> tuple[int, list[dict[str, Any]], str]:
    known = {**os.environ, "SHADOW_AI_FINGERPRINT_KEY": "k" * 20, **env}
    done = subprocess.run(words, env=known, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return done.returncode, lines, done.stderr


def _run(config: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "scanner", "run", "--config", str(config), *more]


def _read_only(folder: Path, words: list[str]) -> list[str]:
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    return ["unshare", "-rm", "sh", "-c", script, str(folder), *words]


@pytest.mark.slow
def test_findings_are_a_failure_unless_it_is_said_that_they_are_none(tmp_path: Path) -> None:
    config = _config(
        tmp_path, '[store]\nurl = "sqlite:///s.sqlite"\n[scan]\nfail_on = "info"\n'
    )  # fmt: skip
    assert _ended(_run(config))[0] == 1
    code, lines, _ = _ended(_run(config, "--findings-ok"))
    assert (code, lines[-1]["exit"]) == (0, 0)
    state = State(f"sqlite:///{tmp_path}/etc/s.sqlite")
    assert [row.exit_code for row in state.scans()] == [1, 1], "of the scan, it is told as it was"
    state.close()
    (tmp_path / "etc/shop/app.py").write_bytes(b"import openai\n")
    config.write_text(config.read_text() + '[sources.gone]\nconnector = "code"\npaths = ["no"]\n')
    assert _ended(_run(config, "--findings-ok"))[0] == 3


@pytest.mark.parametrize("debug", [{}, {"SHADOW_AI_DEBUG": "1"}])
def test_what_breaks_never_ends_as_findings_do(debug: dict[str, str]) -> None:
    code, _, told = _ended([sys.executable, "-c", _BROKEN], **debug)
    assert code == 4
    assert ("Traceback" in told) == bool(debug)
    assert ("what was being read" in told) == bool(debug)


@pytest.mark.skipif(not can_mount(), reason="no name space can be made here")
@pytest.mark.parametrize(
    ("given", "folder"), [({}, "/var/lib/…"), ({"STATE_DIRECTORY": "/srv/ai:/b"}, "/srv/ai")]
)
def test_a_place_beside_a_read_only_configuration_is_told_with_one_that_may_be_written(
    tmp_path: Path, given: dict[str, str], folder: str
) -> None:
    config = _config(tmp_path, "")
    code, lines, _ = _ended(_read_only(config.parent, _run(config)), **given)
    assert code == 2
    told = f"by [store] url (sqlite:///{folder}/shadow-ai.sqlite is from the root)"
    assert [told in line["reason"] for line in lines if line["event"] == "run failed"] == [True]

    config.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/s.sqlite"\n[run]\noutput = "reports"\n'
        f'metrics_file = "{tmp_path}/ai.prom"\n' + config.read_text()
    )
    code, lines, _ = _ended(_read_only(config.parent, _run(config)), **given)
    assert code == 3
    told = f"by [run] output ({folder}/reports is from the root)"
    assert [told in line["reason"] for line in lines if line["event"] == "part failed"] == [True]
    assert (tmp_path / "ai.prom").exists(), "the other file is written"


def test_a_path_of_a_place_is_one() -> None:
    assert "(/srv/reports is from the root)" in advice("x", "reports", {"STATE_DIRECTORY": "/srv"})
    assert "(sqlite:////srv/a.db is" in advice("x", "sqlite:///a.db", {"STATE_DIRECTORY": "/srv"})
