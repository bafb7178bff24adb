"""What a scan stored can be written in any format later, without the source."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.emit.formats import FORMATS
from tests.command import shadow_ai
from tests.conftest import Repository

SETS = ["--set", "account=123456789012", "--set", "region=eu-west-1"]


def _run(*args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return shadow_ai(*args, cwd=cwd)


@pytest.fixture
def scanned(
    repository: Repository, made_up_key: Callable[..., str], tmp_path: Path
) -> tuple[Path, dict[str, object]]:
    repository.write("app.py", f"import anthropic\nKEY = '{made_up_key()}'\n")
    repository.commit()
    state = tmp_path / "state.db"
    done = _run("scan", str(repository.root), "--state", str(state), "--json")
    assert done.returncode == 0, done.stderr
    repository.root.rename(tmp_path / "gone")
    return state, json.loads(done.stdout)


def test_the_state_gives_the_document_that_the_scan_gave(
    scanned: tuple[Path, dict[str, object]],
) -> None:
    state, document = scanned

    done = _run("findings", "export", "--state", str(state))

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == document


def test_every_format_comes_out_of_the_state(
    scanned: tuple[Path, dict[str, object]], made_up_key: Callable[..., str], tmp_path: Path
) -> None:
    for name, form in FORMATS.items():
        target = tmp_path / form.file
        options = SETS if form.needs else []
        done = _run("findings", "export", "--state", str(scanned[0]), "--format", name,
                    "--output", str(target), *options)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert target.stat().st_size > 0
        assert made_up_key().encode() not in target.read_bytes()


def test_a_scan_writes_the_chosen_files_alone(repository: Repository, tmp_path: Path) -> None:
    repository.write("app.py", "import anthropic\n")
    repository.commit()
    out = tmp_path / "out"

    done = _run("scan", str(repository.root), "-q", "-o", str(out), "--format", "csv",
                "--format", "jsonl")  # fmt: skip
    assert (done.returncode, sorted(path.name for path in out.iterdir())) == (
        0, ["findings.csv", "findings.jsonl"],
    )  # fmt: skip
    done = _run("scan", str(repository.root), "--format", "csv-assets")
    assert done.stdout.startswith('"name","type"')
    assert "Anthropic" in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--format", "csv", "--format", "json"), "--output"),
        (("--format", "csv", "--set", "x"), "NAME=VALUE"),
        (("--format", "csv", "--set", "x=1"), "not an option of csv"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_scan(
    tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    done = _run("scan", str(tmp_path), *args)

    assert done.returncode == 2
    assert said in done.stderr


def test_a_state_without_a_scan_is_told(tmp_path: Path) -> None:
    done = _run("findings", "export", "--state", str(tmp_path / "none.db"))
    assert (done.returncode, "no such state" in done.stderr) == (2, True)


def test_every_system_gets_a_file_and_one_can_be_chosen(
    scanned: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    state, out = str(scanned[0]), tmp_path / "bills"
    export = ("findings", "export", "--state", state, "--format", "cyclonedx")

    done = _run(*export, "--per-system", "--output", str(out))
    assert done.returncode == 0, done.stderr
    (path,) = out.iterdir()
    assert path.name.startswith("Anthropic-in-")
    assert path.name.endswith(".cdx.json")
    bom = json.loads(path.read_text())
    system = next(row["bom-ref"] for row in bom["components"])
    alone = _run(*export, "--system", system)
    assert json.loads(alone.stdout) == bom

    for wrong, said in ((("--per-system",), "--output FOLDER"), (("--system", "x"), "neither")):
        done = _run(*export, *wrong)
        assert (done.returncode, said in done.stderr) == (2, True)


def test_findings_are_chosen_and_the_inventory_stays_whole(
    scanned: tuple[Path, dict[str, object]],
) -> None:
    state, document = scanned
    export = ("findings", "export", "--state", str(state))

    chosen = json.loads(_run(*export, "--policy", "SAI-090").stdout)
    assert {row["policy"] for row in chosen["findings"]} == {"SAI-090"}
    assert chosen["assets"] == document["assets"]
    none = json.loads(_run(*export, "--status", "resolved").stdout)
    assert none["findings"] == []
