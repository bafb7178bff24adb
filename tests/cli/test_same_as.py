"""What a person decides about a merge is remembered, and the next question follows it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.command import shadow_ai

LOGIN, MAIL = "forge:@lena.berg", "mailto:lena.berg@acme.example"


@pytest.fixture
def company(tmp_path: Path) -> Path:
    repo = tmp_path / "app"
    repo.mkdir()
    (repo / "requirements.txt").write_text("openai\n")
    (repo / "CODEOWNERS").write_text("* @lena.berg\n")
    for command in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=l", "-c", "user.email=lena.berg@acme.example", "commit", "-qm", "one"),
    ):
        subprocess.run(["git", "-C", str(repo), *command], check=True, capture_output=True)
    (tmp_path / "shadow-ai.toml").write_text('[sources.code]\npaths = ["app"]\n')
    assert _run(tmp_path, "scan").returncode == 0
    return tmp_path


def _run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return shadow_ai(*args, cwd=folder, environ={"SHADOW_AI_FINGERPRINT_KEY": "00" * 32})


def _listed(folder: Path) -> list[dict[str, Any]]:
    done = _run(folder, "graph", "same-as", "list", "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_a_candidate_is_listed_confirmed_undone_and_forgotten(company: Path) -> None:
    (row,) = _listed(company)
    assert (row["state"], {row["one"], row["other"]}) == ("candidate", {LOGIN, MAIL})
    assert row["reasons"][0]["rule"] == "login-like-address"

    done = _run(company, "graph", "same-as", "confirm", LOGIN, MAIL, "--note", "asked her")
    assert done.returncode == 0, done.stderr
    (row,) = _listed(company)
    assert row["state"] == "merged"
    assert row["reasons"][-1] == {"rule": "confirmed", "reason": "asked her"}

    _run(company, "graph", "same-as", "undo", MAIL, LOGIN)
    (row,) = _listed(company)
    assert row["state"] == "apart"
    assert _run(company, "scan").returncode == 0
    (row,) = _listed(company)
    assert row["state"] == "apart", "a scan forgets no decision"

    _run(company, "graph", "same-as", "forget", LOGIN, MAIL)
    (row,) = _listed(company)
    assert row["state"] == "candidate"


def test_a_name_that_means_nothing_is_told_with_what_is_near(company: Path) -> None:
    done = _run(company, "graph", "same-as", "confirm", "forge:@lena.ber", "nobody-at-all")

    assert done.returncode == 2
    assert "no node of the graph is called so" in done.stderr
    assert "Traceback" not in done.stderr
