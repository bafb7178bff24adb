"""Answers of the graph say what they do not know, and go out with what was asked."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import networkx as nx
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
    assert told.returncode == 3, told.stderr
    assert "1 of 6 shards were not read to their end, so that this may be less" in told.stderr

    found = json.loads(_run(scanned, "graph", *question, "--json").stdout)
    (unread,) = found["unread"]
    assert unread["shard"].endswith("broken/history")
    assert (unread["status"], unread["reason"] != "") == ("partial", True)
    assert "not read to their end" in found["notes"][-1]


@pytest.mark.parametrize("form", ["table", "mermaid", "dot", "graphml", "gexf", "cypher", "csv"])
@pytest.mark.parametrize("question", ["owners", "export"])
def test_what_was_not_read_stands_in_every_file_that_is_kept(
    scanned: Path, tmp_path: Path, question: str, form: str
) -> None:
    if (question, form) == ("export", "table"):
        return
    out = tmp_path / "out"
    place = ("-o", str(out)) if form == "csv" else ()
    done = _run(scanned, "graph", question, "--format", form, *place)

    assert done.returncode == 3
    assert "not read to their end" in done.stderr
    kept = (out / "notes.txt").read_text() if place else done.stdout
    assert "not read to their end" in kept
    if form in ("graphml", "gexf"):
        read = nx.read_graphml if form == "graphml" else nx.read_gexf
        assert read(io.BytesIO(done.stdout.encode())).number_of_nodes()


def test_lineage_pairs_and_the_scans_own_graph_tell_it_too(scanned: Path) -> None:
    for command in (("flows", "--openlineage"), ("same-as", "list"), ("export", "--json")):
        done = _run(scanned, "graph", *command)
        assert done.returncode == 3
        assert "not read to their end" in done.stderr
    assert "not read to their end" in json.loads(done.stdout)["graph"]["notes"]
    assert _run(scanned, "scan", "-o", "out").returncode == 3
    assert "not read to their end" in (scanned / "out" / "graph.graphml").read_text()


def test_every_summary_has_one_number_of_owned(tmp_path: Path) -> None:
    """A program's commits, then also a person's: nobody, then somebody to ask, never an owner."""
    _repository(tmp_path / "app")
    (tmp_path / "shadow-ai.toml").write_text('[sources.code]\npaths = ["app"]\n')
    said = _run(tmp_path, "scan", "-o", "out")
    assert "with an owner: 0 of 1 systems, 1 with somebody to ask" in said.stdout

    page = (tmp_path / "out" / "report.html").read_text()
    assert "<b>0/1</b><span>systems with an owner</span>" in page
    metrics = json.loads(_run(tmp_path, "metrics", "--json").stdout)
    rows = metrics["metrics"] if isinstance(metrics, dict) else metrics
    (metric,) = (row for row in rows if row["id"] == "owner_coverage")
    assert (metric["value"], metric["yes"], metric["of"], metric["unknown"]) == (0.0, 0, 1, 1)
    owners = json.loads(_run(tmp_path, "graph", "owners", "--json").stdout)
    assert owners["notes"][0] == "systems: 0 of 1 have an owner, 1 somebody to ask"
    assert (owners["coverage"]["owned"], owners["coverage"]["guessed"]) == (0, 1)


@pytest.mark.parametrize(
    "question", ["exposure", "flows", "owners", "risk", "export", "scans", "diff", "same-as list"]
)
def test_nothing_is_answered_where_nothing_was_scanned(tmp_path: Path, question: str) -> None:
    (tmp_path / "shadow-ai.toml").write_text('[sources.code]\npaths = ["app"]\n')

    done = _run(tmp_path, "graph", *question.split())
    assert [path.name for path in tmp_path.iterdir()] == ["shadow-ai.toml"]
    assert done.returncode == 2
    assert "no scan has ended in this state" in done.stderr
    assert done.stdout == ""


def test_owners_and_risks_go_out_in_the_columns_of_a_table(scanned: Path, tmp_path: Path) -> None:
    rows: list[dict[str, str]] = []
    for question in ("owners", "risk"):
        done = _run(scanned, "graph", question, "--format", "csv", "-o", str(tmp_path / question))
        assert done.returncode == 3, done.stderr
        with (tmp_path / question / "nodes.csv").open(newline="") as file:
            rows += [row for row in csv.DictReader(file) if row["label"] == "OpenAI in app"]

    assert (rows[0]["owner"], rows[0]["basis"], rows[0]["owner_confidence"]) == (
        "lena@acme.example", "git-committer", "low",
    )  # fmt: skip
    assert int(rows[1]["risk"]) > 0
    drawn = _run(scanned, "graph", "risk", "--format", "cypher").stdout
    assert f"n.risk = {rows[1]['risk']}" in drawn
