"""Answers of the graph say what they do not know, and go out with what was asked."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command import shadow_ai


def _run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return shadow_ai(*args, cwd=folder, environ={"SHADOW_AI_FINGERPRINT_KEY": "00" * 32})


def _repository(folder: Path) -> None:
    folder.mkdir()
    (folder / "requirements.txt").write_text("openai\n")
    for command in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=l", "-c", "user.email=lena@acme.example", "commit", "-qm", "one"),
    ):
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two repositories, of which one has lost its objects."""
    folder = tmp_path_factory.mktemp("half")
    _repository(folder / "app")
    _repository(folder / "broken")
    for objects in (folder / "broken" / ".git" / "objects").iterdir():
        shutil.rmtree(objects)
        objects.mkdir()
    (folder / "shadow-ai.toml").write_text('[sources.code]\npaths = ["app", "broken"]\n')
    assert _run(folder, "scan").returncode == 3
    return folder


@pytest.mark.parametrize(
    "question",
    [("exposure",), ("flows",), ("owners",), ("risk",), ("neighbours", "provider:openai")],
    ids=" ".join,
)
def test_what_was_not_read_is_told_with_every_answer(
    scanned: Path, question: tuple[str, ...]
) -> None:
    told = _run(scanned, "graph", *question)
    assert told.returncode == 0, told.stderr
    assert "1 of 6 shards were not read to their end, so that this may be less" in told.stderr

    found = json.loads(_run(scanned, "graph", *question, "--json").stdout)
    (unread,) = found["unread"]
    assert unread["shard"].endswith("broken/history")
    assert (unread["status"], unread["reason"] != "") == ("partial", True)
    assert "not read to their end" in found["notes"][-1]


@pytest.mark.parametrize("question", ["exposure", "flows", "owners", "risk"])
def test_nothing_is_answered_where_nothing_was_scanned(tmp_path: Path, question: str) -> None:
    (tmp_path / "shadow-ai.toml").write_text('[sources.code]\npaths = ["app"]\n')

    done = _run(tmp_path, "graph", question)
    assert done.returncode == 2
    assert "no scan has ended in this state" in done.stderr
    assert done.stdout == ""


def test_owners_and_risks_go_out_in_the_columns_of_a_table(scanned: Path, tmp_path: Path) -> None:
    rows: list[dict[str, str]] = []
    for question in ("owners", "risk"):
        done = _run(scanned, "graph", question, "--format", "csv", "-o", str(tmp_path / question))
        assert done.returncode == 0, done.stderr
        with (tmp_path / question / "nodes.csv").open(newline="") as file:
            rows += [row for row in csv.DictReader(file) if row["label"] == "OpenAI in app"]

    assert (rows[0]["owner"], rows[0]["basis"], rows[0]["owner_confidence"]) == (
        "lena@acme.example", "git-committer", "low",
    )  # fmt: skip
    assert int(rows[1]["risk"]) > 0
    drawn = _run(scanned, "graph", "risk", "--format", "cypher").stdout
    assert f"n.risk = {rows[1]['risk']}" in drawn
