"""``shadow-ai registry`` and ``explain`` as people use them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.command import shadow_ai

ROOT = Path(__file__).parents[2]
REPOSITORY = "fraud-scoring"


def _run(*arguments: str, cwd: Path, said: str = "") -> subprocess.CompletedProcess[str]:
    environ = {"SHADOW_AI_FINGERPRINT_KEY": "k" * 32}
    return shadow_ai(*arguments, cwd=cwd, environ=environ, feed=said)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders that use AI, one entry that one of them may be; scanned."""
    root = tmp_path_factory.mktemp("company")
    for name in (REPOSITORY, "menu-planner"):
        (root / name).mkdir()
        (root / name / "app.py").write_text("import openai\nopenai.OpenAI()\n")
    (root / "registry.yaml").write_text(
        "entries:\n"
        "  - {id: AIR-0007, name: OpenAI in fraud-scoring, owner: ann@example.com,"
        " business_unit: Payments}\n"
        "  - {id: AIR-0008, name: Route planning, stage: production}\n"
    )
    (root / "shadow-ai.toml").write_text(
        '[registry]\nfiles = ["registry.yaml"]\n[sources.code]\n'
        f'paths = ["{REPOSITORY}", "menu-planner"]\n'
    )
    assert _run("scan", cwd=root).returncode == 0
    return root


def _asked(company: Path) -> list[dict[str, str]]:
    return json.loads(_run("registry", "review", "--json", cwd=company).stdout)


def test_a_person_is_asked_and_the_answer_is_remembered_until_taken_back(company: Path) -> None:
    (question,) = _asked(company)
    assert question["status"] == "probable"

    done = _run("registry", "review", "--author", "bo@example.com", cwd=company,
                said="1u1the team told\nq")  # fmt: skip
    # the first 1 takes "u1the team told" as its reason; ended by the one question that there was
    assert "1 decided, 0 left" in done.stdout
    (kept,) = yaml.safe_load((company / "registry-decisions.yaml").read_text())["decisions"]
    assert (kept["entry"], kept["verdict"], kept["author"]) == (
        "AIR-0007",
        "same",
        "bo@example.com",
    )
    assert kept["expires_at"] > kept["at"][:10]
    assert _asked(company) == []
    said = _run("explain", question["asset"], cwd=company).stdout
    assert "registered: AIR-0007" in said
    assert "bo@example.com said so" in said

    (company / "registry-decisions.yaml").unlink()
    assert len(_asked(company)) == 1


def test_none_of_these_is_an_answer_and_an_answer_can_be_taken_back(company: Path) -> None:
    done = _run("registry", "review", "--author", "bo", "--reason", "looked", cwd=company,
                said="xs")  # fmt: skip
    assert "0 decided, 1 left" in done.stdout
    assert not (company / "registry-decisions.yaml").exists()
    done = _run("registry", "review", "--author", "bo", "--reason", "looked", cwd=company, said="n")
    assert "1 decided" in done.stdout
    assert _asked(company) == []
    said = _run("explain", REPOSITORY + "#ai/openai", cwd=company).stdout
    assert "unregistered" in said
    assert "a person said that it is another system" in said
    (company / "registry-decisions.yaml").unlink()


def test_one_key_of_a_keyboard_is_enough(company: Path) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "scanner", "registry", "review", "--author", "bo", "--reason", "r"],
        cwd=company, stdin=slave, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(slave)
    assert process.stdout is not None
    shown = ""
    while not shown.endswith("q] "):  # only then is the keyboard read key by key
        shown += process.stdout.read(1)
    written = 0
    while process.poll() is None and written < 40:
        os.write(master, b"q")
        written += 1
        time.sleep(0.25)
    out = process.stdout.read()
    os.close(master)
    assert "0 decided, 1 left" in out


def test_an_asset_is_meant_by_its_end_or_told(company: Path) -> None:
    found = json.loads(_run("explain", "menu-planner#ai/openai", "--json", cwd=company).stdout)
    assert found["standing"]["status"] == "unregistered"
    wrong = _run("explain", "#ai/openai", cwd=company)
    assert wrong.returncode == 2
    assert "2 assets end so" in wrong.stderr
    assert "no asset is `nowhere`" in _run("explain", "nowhere", cwd=company).stderr


def test_an_account_of_somebodys_own_is_told_apart(tmp_path: Path) -> None:
    events = [
        {"id": {"time": "2026-11-20T09:00:00Z", "uniqueQualifier": mail,
                "applicationName": "token"},
         "actor": {"email": mail},
         "events": [{"name": "authorize", "parameters": [
             {"name": "client_id", "value": "c9"}, {"name": "app_name", "value": "ChatGPT"}]}]}
        for mail in ("ann@gmail.com", "ann@acme.com")
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, events)))
    (tmp_path / "shadow-ai.toml").write_text(
        '[sources.google_workspace]\ndomain = "acme.com"\nlive = false\nfiles = ["log.jsonl"]\n'
    )
    document = json.loads(_run("scan", "--json", "-q", cwd=tmp_path).stdout)
    (app,) = document["assets"]
    assert app["tenancy"] == {"corporate": 1, "personal": 1}
    uses = {e["source"]: e["tenancy"] for e in document["edges"] if e["kind"] == "grants"}
    assert uses == {
        "google_workspace:acme.com/user/ann@acme.com": "corporate",
        "google_workspace:acme.com/user/ann@gmail.com": "personal",
    }
    said = _run("explain", "ChatGPT", cwd=tmp_path).stdout
    assert "used by accounts: 1 corporate, 1 personal" in said
    assert "a person's own: google_workspace:acme.com/user/ann@gmail.com" in said


def test_a_broken_file_of_decisions_is_told(company: Path) -> None:
    path = company / "registry-decisions.yaml"
    path.write_text("decisions: [{asset: a}]\n")
    done = _run("registry", "status", cwd=company)
    path.unlink()
    assert done.returncode == 2
    assert "registry-decisions.yaml:1" in done.stderr


def test_drafts_take_free_ids_and_are_valid(company: Path) -> None:
    done = _run("registry", "init", cwd=company)
    (draft,) = yaml.safe_load(done.stdout)["entries"]
    assert draft["id"] == "AIR-0009"
    assert draft["approved"]["providers"] == ["openai"]
    (company / "draft.yaml").write_text(done.stdout)
    checked = _run("registry", "validate", "draft.yaml", cwd=company)
    assert checked.returncode == 0, checked.stderr


def test_validation_accounts_for_every_row_and_writes_our_words(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Nr,System,Phase\n1,Bot,Live\n1,Other,Soon\n,,\n,Third,\n")
    (tmp_path / "map.yaml").write_text(
        "id: m\nname: m\nreference: m\nidentity: {id: Nr, or_of: [System]}\n"
        "fields: {name: System, stage: {from: Phase, values: {Live: production}}}\n"
    )
    done = _run("registry", "validate", "t.csv", "--as", "map.yaml", "--json", "-o", "out.yaml",
                cwd=tmp_path)  # fmt: skip
    body = json.loads(done.stdout)
    assert [row["verdict"] for row in body["rows"]] == ["imported_with_notes"] * 3
    assert body["filled"]["stage"] == 1
    again = json.loads(_run("registry", "validate", "out.yaml", "--json", cwd=tmp_path).stdout)
    assert again["entries"] == 3
    wrong = _run("registry", "validate", "t.csv", "--as", "nothing", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "us-federal-2025" in _run("registry", "kinds", cwd=tmp_path).stdout


def test_the_riskiest_use_cases_are_mapped_and_packs_are_written(company: Path) -> None:
    done = _run("assess", "--framework", "nist-ai-rmf", "--top", "1", "--pack", "pack", cwd=company)
    assert done.returncode == 0, done.stderr
    assert "1. " in done.stdout
    assert "2. " not in done.stdout
    assert "GOVERN-1.6" in done.stdout
    names = {path.name for path in (company / "pack").iterdir()}
    assert names == {"nist-ai-rmf.json", "nist-ai-rmf.csv", "nist-ai-rmf.html",
                     "nist-ai-rmf.oscal.json"}  # fmt: skip
    every = json.loads(_run("assess", "--json", cwd=company).stdout)
    assert len(every) == 8
    wrong = _run("assess", "-f", "soc3", cwd=company)
    assert wrong.returncode == 2
    assert "framework `soc3`: not one of csa-aicm" in wrong.stderr


@pytest.mark.parametrize(
    ("name", "text", "status"),
    [
        (".ai-registry.yaml", "ai-registry-id: AIR-1\n", "registered"),
        ("catalog-info.yaml",
         "kind: Component\nmetadata:\n  annotations:\n    ai-registry/id: 'AIR-1'  # ours\n",
         "registered"),
        (".ai-registry.yaml", "ai-registry-id: AIR-2\n", "unregistered"),
        ("catalog-info.yaml", "description: set ai-registry-id: AIR-1 here\n", "unregistered"),
        ("docs.yaml", "ai-registry-id: AIR-1\n", "unregistered"),
    ],
)  # fmt: skip
def test_a_file_at_the_root_declares_the_entry(
    tmp_path: Path, name: str, text: str, status: str
) -> None:
    code = tmp_path / "zqx"
    code.mkdir()
    (code / "app.py").write_text("import openai\nopenai.OpenAI()\nimport mistralai\n")
    (code / name).write_text(text)
    (tmp_path / "registry.yaml").write_text(
        "- {id: AIR-1, name: Reply drafter, owner: ann@example.com,"
        " approved: {providers: [openai]}}\n"
    )
    (tmp_path / "shadow-ai.toml").write_text(
        '[registry]\nfiles = ["registry.yaml"]\n[sources.code]\npaths = ["zqx"]\n'
    )
    done = _run("scan", "--json", cwd=tmp_path)
    rows = {row["provider"]: row["registry"] for row in json.loads(done.stdout)["assets"]}
    assert rows["openai"]["status"] == status, rows
    assert rows["mistral"]["status"] == "unregistered"  # the entry approves another provider


_ANSWERS = (
    ("registry", "status"), ("registry", "init"), ("registry", "review", "--json"),
    ("explain", "openai"), ("assess", "-f", "nist-ai-rmf"), ("metrics", "--json"),
)  # fmt: skip


def test_nothing_is_all_clear_where_no_scan_has_ended(tmp_path: Path) -> None:
    (tmp_path / "shadow-ai.toml").write_text('[sources.code]\npaths = ["."]\n')
    before = sorted(path.name for path in tmp_path.iterdir())
    for answer in _ANSWERS:
        done = _run(*answer, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, ""), answer
        assert "no scan has ended" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_answer_over_an_incomplete_scan_ends_as_the_scan_did(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.py").write_text("import openai\nopenai.OpenAI()\n")
    (tmp_path / "shadow-ai.toml").write_text('[sources.code]\npaths = ["app", "gone"]\n')
    assert _run("scan", cwd=tmp_path).returncode == 3
    for asked in _ANSWERS:
        answer = ("explain", "app#ai/openai") if asked[0] == "explain" else asked
        done = _run(*answer, cwd=tmp_path)
        assert done.returncode == 3, (answer, done.stderr)
        assert done.stdout
        assert "gone" in done.stderr, answer
