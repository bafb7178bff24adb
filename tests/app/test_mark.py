"""An interrupted scan goes on unless what decides what is read has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.app.config import load

_PLAIN = '[sources.code]\npaths = ["shop"]\n'


def _mark(folder: Path, text: str) -> str:
    file = folder / "shadow-ai.toml"
    file.write_text(text)
    return load(file).mark


@pytest.mark.parametrize(
    "more",
    [
        '[schedule]\ncron = "15 4 * * *"\n',
        '[run]\noutput = "reports"\n',
        '[notify.team]\nurl_env = "HOOK"\n',
        '[tickets.github]\nrepository = "acme/ai"\n',
        '[views.mine]\nseverity = "high"\n',
        '[registry]\nfiles = ["registry.yaml"]\n',
        '[store]\nurl = "sqlite:///other.sqlite"\n',
        '[scan]\nworkers = 3\nattempts = 5\ncall_attempts = 2\nshard_deadline_seconds = 60\n'
        'fail_on = "high"\nbaselines = ["known.json"]\nresume_hours = 9\nmemory_mib = 800\n',
        'cron = "0 * * * *"\n',
    ],
)  # fmt: skip
def test_what_decides_nothing_of_what_is_read_is_no_other_scan(tmp_path: Path, more: str) -> None:
    text = _PLAIN + more if more.startswith("cron") else more + _PLAIN
    assert _mark(tmp_path, text) == _mark(tmp_path, _PLAIN)


@pytest.mark.parametrize(
    "text",
    [
        _PLAIN + "history = false\n",
        _PLAIN + '[sources.more]\nconnector = "code"\npaths = ["other"]\n',
        '[scan]\nwindow_days = 7\n' + _PLAIN,
        "[scan]\nhonour_suppressions = false\n" + _PLAIN,
        '[rules]\nfolders = ["own"]\n' + _PLAIN,
    ],
)  # fmt: skip
def test_what_decides_what_is_read_is(tmp_path: Path, text: str) -> None:
    assert _mark(tmp_path, text) != _mark(tmp_path, _PLAIN)
