"""The steps of the GitHub Action and the pre-commit hook, run as their runners run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Repository
from tests.emit.uploads import uploadable

ROOT = Path(__file__).parents[2]
NEEDED = ("deploy", "scanner", "connectors", "rules", "native")
NOTHING = {
    "BASE": "", "BRANCH": "topic", "DEFAULT_BRANCH": "main", "REGISTRY": "", "CONFIG": "",
    "BASELINE": "", "ALLOW_ASSETS": "false",
}  # fmt: skip
Key = Callable[..., str]
Done = subprocess.CompletedProcess[str]


def _run(*command: str | Path, cwd: Path, environ: dict[str, str] | None = None) -> Done:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, **(environ or {})}, timeout=600,
    )  # fmt: skip


def _step(name: str) -> dict[str, Any]:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (step,) = [row for row in action["runs"]["steps"] if row["name"] == name]
    assert step["shell"] == "bash"
    assert "${{" not in step["run"], "what others may write would be run"
    return dict(step)


def _bash(name: str, cwd: Path, environ: dict[str, str]) -> Done:
    """As https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax says of
    ``shell: bash``."""
    step = _step(name)
    given = {name: environ[name] for name in step["env"]}  # each that the script may read
    given |= {name: environ[name] for name in ("RUNNER_TEMP", "GITHUB_OUTPUT") if name in environ}
    given |= {"PIP_NO_COMPILE": "1"}  # half the time of an installation
    return _run(
        "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"], cwd=cwd,
        environ=given,
    )  # fmt: skip


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Done]:
    program = tmp_path / "shadow-ai" / "bin" / "shadow-ai"
    program.parent.mkdir(parents=True)
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m scanner \"$@\"\n"
    )
    program.chmod(0o755)

    def run(root: Path, **inputs: str) -> Done:
        return _bash("judge", root, {**NOTHING, **inputs, "RUNNER_TEMP": str(tmp_path),
                                     "GITHUB_OUTPUT": str(tmp_path / "out")})  # fmt: skip

    return run


@pytest.fixture
def pushed(repository: Repository, made_up_key: Key, tmp_path: Path) -> Repository:
    """A clone of a server with a key on the default branch, and a branch that adds another."""
    server = tmp_path / "server.git"
    _run("git", "init", "-q", "--bare", "-b", "main", server, cwd=tmp_path)
    _run("git", "config", "uploadpack.allowAnySHA1InWant", "true", cwd=server)  # as GitHub has it
    repository.write("old.env", f"ANTHROPIC_API_KEY={made_up_key('old')}\n")
    repository.commit("base")
    repository.git("remote", "add", "origin", str(server))
    repository.git("push", "-q", "origin", "main")
    repository.git("checkout", "-q", "-b", "topic")
    repository.write("x.env", f"ANTHROPIC_API_KEY={made_up_key('x')}\n")
    repository.commit("x")
    repository.git("push", "-q", "origin", "topic")
    return repository


def test_the_action_says_what_it_is() -> None:
    done = _run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions",
        "action.yml", cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_action_judges_a_range(
    judge: Callable[..., Done], pushed: Repository, tmp_path: Path
) -> None:
    done = judge(pushed.root, BASE=pushed.git("rev-parse", "main"))

    assert done.returncode == 1, done.stderr
    assert "::error file=x.env,line=1" in done.stdout
    assert "old.env" not in done.stdout
    assert uploadable((tmp_path / "shadow-ai.sarif").read_bytes())["results"]
    assert (tmp_path / "out").read_text() == f"sarif={tmp_path}/shadow-ai.sarif\n"


@pytest.mark.parametrize("base", ["0" * 40, ""], ids=["zeros", "none"])
def test_a_new_branch_is_compared_with_the_default_one(
    judge: Callable[..., Done], pushed: Repository, base: str
) -> None:
    done = judge(pushed.root, BASE=base)

    assert done.returncode == 1, done.stderr
    assert "x.env" in done.stdout
    assert "old.env" not in done.stdout


def test_the_first_push_of_all_is_judged_whole(
    judge: Callable[..., Done], pushed: Repository
) -> None:
    done = judge(pushed.root, BASE="0" * 40, BRANCH="main")

    assert done.returncode == 1
    assert "file=old.env" in done.stdout


def test_an_event_without_a_commit_to_compare_with_does_not_pass(
    judge: Callable[..., Done], pushed: Repository, tmp_path: Path
) -> None:
    shallow = tmp_path / "shallow"
    remote = f"file://{tmp_path / 'server.git'}"
    _run("git", "clone", "-q", "--depth=1", "-b", "topic", remote, shallow, cwd=tmp_path)

    for root, branch, code in ((pushed.root, "main", 2), (shallow, "topic", 3)):
        done = judge(root, BRANCH=branch)
        assert done.returncode == code
        assert "::error::" in done.stdout


def test_a_checkout_without_the_whole_range_does_not_pass(
    judge: Callable[..., Done], pushed: Repository, tmp_path: Path
) -> None:
    base = pushed.git("rev-parse", "main")
    pushed.git("rm", "-q", "x.env")
    pushed.commit("removed")
    pushed.git("push", "-q", "origin", "topic")
    shallow = tmp_path / "shallow"
    remote = f"file://{tmp_path / 'server.git'}"
    _run("git", "clone", "-q", "--depth=1", "-b", "topic", remote, shallow, cwd=tmp_path)

    done = judge(shallow, BASE=base)

    assert done.returncode == 3, done.stdout + done.stderr
    assert "::error::" in done.stdout
    assert "fetch-depth: 0" in done.stdout
    assert _run("git", "cat-file", "-e", base, cwd=shallow).returncode == 0


def test_what_was_pushed_away_is_fetched(
    judge: Callable[..., Done], pushed: Repository, tmp_path: Path, made_up_key: Key
) -> None:
    before = pushed.git("rev-parse", "HEAD")
    pushed.write("y.env", f"ANTHROPIC_API_KEY={made_up_key('y')}\n")
    pushed.git("add", "-A")
    pushed.git("commit", "-q", "--amend", "-m", "x and y")
    pushed.git("push", "-q", "--force", "origin", "topic")
    clone = tmp_path / "clone"
    remote = f"file://{tmp_path / 'server.git'}"
    _run("git", "clone", "-q", "-b", "topic", remote, clone, cwd=tmp_path)
    assert _run("git", "cat-file", "-e", before, cwd=clone).returncode != 0

    done = judge(clone, BASE=before)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "file=y.env" in done.stdout


def test_inputs_are_passed_on_and_not_run(
    judge: Callable[..., Done], pushed: Repository, tmp_path: Path
) -> None:
    base = pushed.git("rev-parse", "main")
    (pushed.root / "empty.json").write_text('{"version": 1, "findings": []}')

    done = judge(pushed.root, BASE=base, BASELINE="empty.json", ALLOW_ASSETS="true")
    assert done.returncode == 1
    for name in ("BASE", "REGISTRY", "CONFIG", "BASELINE"):
        evil = {"BASE": base, name: f"$(touch {tmp_path}/ran); touch {tmp_path}/ran"}
        assert judge(pushed.root, **evil).returncode in (2, 3, 4)
    evil = f"--upload-pack=touch {tmp_path}/ran;"  # of git, which runs it
    assert judge(pushed.root, BASE=evil).returncode in (2, 3, 4)
    assert not (tmp_path / "ran").exists()


# ---- from the registry: these install the package into environments of their own ----


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it stands here, in a repository of its own."""
    folder = tmp_path_factory.mktemp("source") / "tool"
    folder.mkdir()
    kept = shutil.ignore_patterns("__pycache__", "*.so", "*.pyc")
    for name in NEEDED:
        shutil.copytree(ROOT / name, folder / name, ignore=kept)
    for file in ROOT.iterdir():
        if file.is_file() and file.suffix in (".toml", ".py", ".md", ".yaml", ".yml", ""):
            shutil.copy(file, folder / file.name)
    Repository(folder).commit("as it stands")
    probe = tmp_path_factory.mktemp("probe")
    done = _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", probe,
                "hatchling", cwd=probe)  # fmt: skip
    if done.returncode:
        pytest.skip("no package registry here")
    return folder


def test_the_action_installs_nothing_without_its_hash() -> None:
    """The job holds the repository's token."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (script,) = [one["run"] for one in action["runs"]["steps"] if one["name"] == "install"]
    installing = [line for line in script.splitlines() if "--require-hashes" in line]
    assert [line.rpartition("/")[2].strip('"') for line in installing] == [
        "requirements.lock", "build.lock",
    ]  # fmt: skip
    assert "--no-build-isolation" in script
    assert '--no-deps --no-index "$RUNNER_TEMP"/shadow-ai-wheel/*.whl' in script


@pytest.mark.slow
def test_the_action_installs_itself(source: Path, pushed: Repository, tmp_path: Path) -> None:
    runner = tmp_path / "runner"
    runner.mkdir()
    environ = {**NOTHING, "RUNNER_TEMP": str(runner), "GITHUB_OUTPUT": str(runner / "out"),
               "ACTION_FOLDER": str(source), "BASE": pushed.git("rev-parse", "main")}  # fmt: skip

    done = _bash("install", pushed.root, environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _bash("install", pushed.root, environ).returncode == 0, "used twice in one job"
    done = _bash("judge", pushed.root, environ)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "::error file=x.env,line=1" in done.stdout
    assert "old.env" not in done.stdout


@pytest.mark.slow
def test_the_hook_refuses_and_lets_pass(
    source: Path, repository: Repository, made_up_key: Key, tmp_path: Path
) -> None:
    revision = _run("git", "rev-parse", "HEAD", cwd=source).stdout.strip()
    hooks = {"repo": str(source), "rev": revision, "hooks": [{"id": "shadow-ai-guard"}]}
    repository.write(".pre-commit-config.yaml", yaml.safe_dump({"repos": [hooks]}))
    environ = {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit"), "PIP_NO_COMPILE": "1"}
    for name in ("AUTHOR", "COMMITTER"):
        environ |= {f"GIT_{name}_NAME": "Ada", f"GIT_{name}_EMAIL": "ada@example.com"}
    done = _run(sys.executable, "-m", "pre_commit", "install", cwd=repository.root, environ=environ)
    assert done.returncode == 0, done.stdout + done.stderr

    def commit(*args: str) -> Done:
        return _run("git", "commit", "-q", "-m", "change", *args, cwd=repository.root,
                    environ=environ)  # fmt: skip

    repository.write("app.py", "print(1)\n")
    repository.git("add", "-A")
    done = commit()
    assert done.returncode == 0, done.stdout + done.stderr

    key = made_up_key("new")
    repository.write("new.env", f"ANTHROPIC_API_KEY={key}\n")
    repository.git("add", "-A")
    done = commit()
    assert done.returncode != 0
    assert "new.env:1: error: Anthropic key" in done.stdout + done.stderr
    assert key not in done.stdout + done.stderr
    repository.git("rm", "-q", "-f", "new.env")

    repository.write("app.py", f"print('{key}')\n")
    done = commit("--all")  # from an index of its own
    assert done.returncode != 0
    assert "app.py:1: error" in done.stdout + done.stderr

    repository.git("checkout", "-q", "HEAD", "--", "app.py")
    repository.write("loose.env", f"ANTHROPIC_API_KEY={key}\n")
    repository.write("fine.py", "print(2)\n")
    repository.git("add", "fine.py")
    assert commit().returncode == 0
    assert repository.git("rev-list", "--count", "HEAD") == "2"
