"""What does not come back is given up at its deadline: the rest is read, and the scan ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from scanner.model.coverage import Coverage, Outcome
from tests.app.scans import configured, coverage, installed, readings, scanned

_PROCESSES = 'executor = "processes"\nworkers = 2\n'


def _coverage(url: str) -> dict[str, Coverage]:
    return {str(row.shard): row for row in coverage(url)}


def _code(folder: Path) -> str:
    (folder / "shop").mkdir()
    (folder / "shop/app.py").write_text("import anthropic\n")
    return f'[sources.zz]\nconnector = "code"\npaths = ["{folder}/shop"]\nhistory = false\n'


@pytest.mark.slow
@pytest.mark.parametrize("lines", ["", "workers = 1\n", _PROCESSES])
def test_a_shard_that_hangs_is_left_behind(tmp_path: Path, lines: str) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite"
    lines += "shard_deadline_seconds = 3\n"
    config = configured(tmp_path, "hangs", url, lines, _code(tmp_path), shards=4, logs=1,
                        hangs=["1", "log-0"], pool=True)  # fmt: skip
    began = time.monotonic()
    done = scanned(config, installed(tmp_path))
    assert time.monotonic() - began < 60
    assert done.returncode == 3, done.stderr
    rows = _coverage(url)
    lacking = {name: row for name, row in rows.items() if row.status is not Outcome.COMPLETE}
    assert set(lacking) == {"troubled:1", "troubled:log-0"}
    for row in lacking.values():
        assert row.status is Outcome.FAILED
        assert "not finished after 3 s (deadline)" in row.reason
    assert any(row.source == "zz" for row in rows.values())
    assert readings(config)["1"] == 1  # what hangs is not begun again


@pytest.mark.slow
@pytest.mark.parametrize("lines", ["", _PROCESSES])
def test_a_list_that_hangs_is_given_up_and_what_it_has_named_is_read(
    tmp_path: Path, lines: str
) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite"
    lines += "shard_deadline_seconds = 3\n"
    config = configured(tmp_path, "lists", url, lines, _code(tmp_path), shards=3,
                        lists_slowly=True, pool=True)  # fmt: skip
    done = scanned(config, installed(tmp_path))
    assert done.returncode == 3, done.stderr
    rows = _coverage(url)
    listing = rows["troubled:listing"]
    assert listing.status is Outcome.FAILED
    assert "not finished after 3 s (deadline)" in listing.reason
    assert {rows[f"troubled:{n}"].status for n in range(3)} == {Outcome.COMPLETE}
    assert "troubled:list" not in rows  # what it would have named is not known to be gone
    assert any(row.source == "zz" for row in rows.values())
