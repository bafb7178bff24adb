"""The scanner over itself, and bandit over it: nothing but what is marked, with its reason."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.app.config import load
from scanner.app.pipeline import Settings, scan
from scanner.model.coverage import Outcome

HOUSE = Path(__file__).parents[2]
KEY = {"SHADOW_AI_FINGERPRINT_KEY": "made-up-for-the-test-0123456789"}


def _keys(tmp_path: Path, folder: Path, *, honour: bool) -> list[str]:
    """Where keys stand in the tree and the history of ``folder``."""
    file = tmp_path / "shadow-ai.toml"
    file.write_text(
        f'[sources.code]\npaths = ["{folder}"]\n'
        'exclude = [".venv", ".venv/*", "build/*", "demo-output/*", "dist/*"]\n'
        f"[scan]\nhonour_suppressions = {str(honour).lower()}\n"
    )
    result = scan(load(file), url="sqlite://", settings=Settings(environ=KEY))
    rows = [row for row in result.document.coverage if row.status == Outcome.FAILED]
    assert not rows, rows
    assert any(asset.kind == "code.integration" for asset in result.document.assets)
    return sorted(
        finding.title
        for finding in result.document.findings
        if finding.kind.startswith("credential.")
    )


@pytest.mark.slow
@pytest.mark.skipif(not (HOUSE / ".git").exists(), reason="no clone: there is no history to read")
def test_there_is_no_key_in_our_tree_and_history(tmp_path: Path) -> None:
    """No baseline: samples are put together at run time, and the one that stands whole, a vendor's
    own, is marked as such on its line, for its history, too."""
    assert _keys(tmp_path, HOUSE, honour=True) == []
    marked = _keys(tmp_path, HOUSE, honour=False)
    assert len(marked) <= 1, marked
    assert all("credential_corpus.py" in title for title in marked)


@pytest.mark.slow
def test_what_bandit_says_is_marked_where_it_stands() -> None:
    """ruff has the same rules as ``S…``; bandit itself sees more of the flow. Of medium and high
    severity each has its ``noqa`` with the rule's number on the lines of its statement."""
    pytest.importorskip("bandit")
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-ll", "-r", "scanner", "connectors", "-f", "json"],
        cwd=HOUSE, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["errors"] == []
    assert told["results"], "bandit has read nothing"
    unmarked = []
    for row in told["results"]:
        lines = (HOUSE / row["filename"]).read_text(encoding="utf-8").splitlines()
        first, last = row["line_range"][0], row["line_range"][-1]
        rule = f"S{row['test_id'][1:]}"
        if not re.search(rf"noqa:[^#\n]*\b{rule}\b", "\n".join(lines[first - 1 : last + 1])):
            unmarked.append(f"{row['filename']}:{first}: {row['test_id']} {row['issue_text']}")
    assert unmarked == []


@pytest.mark.parametrize(
    ("says", "code", "required", "ends"),
    [
        ("No known vulnerabilities found", 0, "0", 0),
        ("Found 1 known vulnerability in 1 package", 1, "0", 1),
        ("requests.exceptions.ConnectionError: Max retries exceeded", 1, "0", 0),
        ("requests.exceptions.ConnectionError: Max retries exceeded", 1, "1", 1),
    ],
)
def test_an_audit_that_could_not_be_made_is_no_good_one_in_ci(
    tmp_path: Path, says: str, code: int, required: str, ends: int
) -> None:
    """A stand-in for pip-audit, whose database is not reachable from everywhere."""
    audit = tmp_path / "pip-audit"
    audit.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
    audit.chmod(0o700)
    environ = {**os.environ, "PIP_AUDIT": str(audit), "AUDIT_REQUIRED": required}
    done = subprocess.run(
        [str(HOUSE / ".ci" / "audit")], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == ends, done.stderr
    assert ("not audited" in done.stderr) == ("Connection" in says)
