"""The command as users call it: exit codes, streams, JSON, and what start-up costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import late
from tests.command import shadow_ai
from tests.conftest import Repository

ROOT = Path(__file__).parents[2]


def _run(*args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A start like a user's; what is not about starting is asked of ``shadow_ai``."""
    command = [sys.executable, "-m", "scanner", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def test_start_up_imports_no_cloud_sdk_and_no_graph_library() -> None:
    for option in ("--help", "--version"):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "scanner", option],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        heavy = {"boto3", "botocore", "networkx", "google", "azure", "sqlalchemy", "requests",
                 "hyperscan", "rich", "numpy"}  # fmt: skip
        assert not heavy & modules


def test_help_names_every_verb_and_exit_code() -> None:
    text = _run("--help").stdout

    for word in ("scan", "findings", "graph", "registry", "connectors", "permissions", "doctor",
                 "schema", "demo", "rules", "3 incomplete"):  # fmt: skip
        assert word in text


@pytest.mark.slow
def test_the_document_on_standard_output_follows_the_published_schema(
    repository: Repository, made_up_key: Callable[..., str]
) -> None:
    repository.write("app.py", f"import anthropic\nKEY = '{made_up_key()}'\n")
    repository.commit()

    done = _run("scan", str(repository.root), "--json")

    document = json.loads(done.stdout)
    schema = json.loads((ROOT / "docs/document.schema.json").read_text())
    late.jsonschema.Draft202012Validator.check_schema(schema)
    late.jsonschema.validate(document, schema)
    assert done.returncode == 0
    assert set(document) >= {"schema_version", "scan", "coverage", "assets", "edges", "findings"}
    assert made_up_key() not in done.stdout + done.stderr


def test_without_path_or_configuration_the_current_directory_is_scanned(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import anthropic\n")

    done = _run("scan", "--json", cwd=tmp_path)

    assert [row["provider"] for row in json.loads(done.stdout)["assets"]] == ["anthropic"]


def test_published_schemas_are_those_of_the_types() -> None:
    assert (ROOT / "docs/document.schema.json").read_text() == shadow_ai("schema").stdout
    assert (ROOT / "docs/line.schema.json").read_text() == shadow_ai("schema", "line").stdout
    for kind in (
        "provider",
        "policy",
        "framework",
        "registry",
        "registry-map",
        "same-as",
        "flows",
        "risk",
        "norms",
    ):
        assert (ROOT / f"rules/schema/{kind}.json").read_text() == shadow_ai("schema", kind).stdout


def test_the_catalog_page_is_that_of_the_rules() -> None:
    assert (ROOT / "docs/catalog.md").read_text() == shadow_ai(
        "rules", "stats", "--markdown"
    ).stdout


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("scan", "/no/such/path"), 2, "does not exist"),
        (("scan", "--config", "/no/such.toml"), 2, "cannot be read"),
        (("scan", ".", "--fail-on", "horrible"), 2, "not one of info"),
        (("findings", "list", "--state", "/no/such.sqlite"), 2, "no such state"),
        (("permissions", "nobody"), 2, "no connector `nobody`; there are:"),
        (("nonsense",), 2, "No such command"),
        (("registry", "validate", "/no/such.yaml"), 2, "cannot be read"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_one_clear_line(
    args: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    done = shadow_ai(*args, cwd=tmp_path)

    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_findings_are_listed_and_shown_with_their_history(
    tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / ".env").write_text(f"ANTHROPIC_API_KEY={made_up_key()}\n")
    state = str(tmp_path / "state.sqlite")
    shadow_ai("scan", str(folder), "--state", state)
    (folder / ".env").unlink()
    shadow_ai("scan", str(folder), "--state", state)

    listed = shadow_ai("findings", "list", "--state", state, "--status", "all", "--json")
    marks = {row["policy"]: row["fingerprint"] for row in json.loads(listed.stdout)}
    shown = shadow_ai("findings", "show", marks["SAI-090"][:14], "--state", state, "--json")
    told = json.loads(shown.stdout)

    assert told["finding"]["status"] == "resolved"
    assert [event["change"] for event in told["events"]] == ["opened", "resolved"]
    assert shadow_ai("findings", "list", "--state", state).stdout.count("\n") == 1
    assert made_up_key() not in listed.stdout + shown.stdout
    assert made_up_key().encode() not in Path(state).read_bytes()


def test_fail_on_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import anthropic\n")

    assert shadow_ai("scan", str(tmp_path), "-q", "--fail-on", "medium").returncode == 1
    assert shadow_ai("scan", str(tmp_path), "-q", "--fail-on", "critical").returncode == 0


def test_a_drafted_registry_registers_what_it_was_drafted_from(repository: Repository) -> None:
    repository.write("a.py", "import anthropic\n")
    repository.commit()
    registry = repository.root.parent / "registry.yaml"

    drafted = shadow_ai("registry", "init", str(repository.root), "--output", str(registry))
    again = shadow_ai("registry", "init", str(repository.root), "--output", str(registry))
    valid = shadow_ai("registry", "validate", str(registry))
    done = shadow_ai("scan", str(repository.root), "--registry", str(registry), "--json")

    assert drafted.returncode == 0, drafted.stderr
    assert (again.returncode, "exists already" in again.stderr) == (2, True)
    assert valid.stdout.startswith("1 entries are valid")
    (asset,) = json.loads(done.stdout)["assets"]
    assert asset["registry"]["status"] == "registered"


def test_the_graph_is_exported_in_each_format(repository: Repository) -> None:
    repository.write("a.py", "import anthropic\n")
    repository.commit()

    for form, sign in (("graphml", "<graphml"), ("gexf", "<gexf"), ("json", '"nodes"')):
        done = shadow_ai("graph", "export", str(repository.root), "--format", form)
        assert sign in done.stdout, done.stderr


def test_doctor_and_connectors_answer_without_scanning(tmp_path: Path) -> None:
    assert "git" in shadow_ai("doctor", cwd=tmp_path).stdout
    listed = {row["name"] for row in json.loads(shadow_ai("connectors", "list", "--json").stdout)}
    assert "code" in listed
    assert "paths" in shadow_ai("connectors", "show", "code").stdout
    told = shadow_ai("connectors", "show", "zapier").stdout
    assert "reads, as the console exports it: the export of all Zaps" in told
    assert "reads nothing of a console" in shadow_ai("connectors", "show", "mistral").stdout


def test_an_output_that_cannot_be_written_is_one_message(tmp_path, monkeypatch) -> None:
    (tmp_path / "a.py").write_text("import openai\n")
    monkeypatch.chdir(tmp_path)
    for command in (
        ["graph", "export", ".", "-o", "missing/graph.xml"],
        ["registry", "init", ".", "-o", "missing/registry.yaml"],
    ):
        done = shadow_ai(*command)
        assert done.returncode == 4
        assert "cannot be written: No such file or directory" in done.stderr
        assert "Traceback" not in done.stderr


def test_every_verb_speaks_json(tmp_path, monkeypatch) -> None:
    (tmp_path / "a.py").write_text("import openai\n")
    monkeypatch.chdir(tmp_path)
    for command in (
        ["scan", ".", "--json"],
        ["graph", "export", ".", "--json"],
        ["registry", "init", ".", "--json"],
        ["connectors", "list", "--json"],
        ["connectors", "show", "aws", "--json"],
        ["permissions", "okta", "--json"],
        ["rules", "check", "--json"],
        ["rules", "stats", "--json"],
        ["schema", "--json"],
    ):
        assert json.loads(shadow_ai(*command).stdout), command
