"""What the image is made of and how it is released, as far as no container engine is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.docs.commands import fences

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
LOCK, BUILD = ROOT / "deploy/requirements.lock", ROOT / "deploy/build.lock"
DEVELOP = ROOT / "deploy/develop.lock"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
_USER = 65532


def _run(*command: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], check=False, capture_output=True, text=True, timeout=600,
        cwd=ROOT, env={**os.environ, "PIP_NO_COMPILE": "1", **more},
    )  # fmt: skip


def _locked(path: Path, *, by_hash: bool = True) -> dict[str, list[Requirement]]:
    """By name: what is pinned, each with its hashes."""
    found: dict[str, list[Requirement]] = {}
    for entry in path.read_text().replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        said, *hashes = re.split(r"\s+--hash=", entry.strip())
        assert bool(hashes) is by_hash, entry
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes)
        pinned = Requirement(said)
        assert [one.operator for one in pinned.specifier] == ["=="], said
        found.setdefault(canonicalize_name(pinned.name), []).append(pinned)
    return found


def test_hadolint_takes_the_image() -> None:
    lint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if lint is None:
        pytest.skip("hadolint is not installed")
    done = _run(lint, DOCKERFILE)
    assert done.returncode == 0, done.stdout


def test_the_image_runs_as_nobody_and_holds_what_is_copied() -> None:
    text = DOCKERFILE.read_text()
    assert f"USER {_USER}:{_USER}" in text
    assert 'ENTRYPOINT ["/opt/shadow-ai/bin/shadow-ai"]' in text
    kept = {line[1:].partition("/")[0] for line in (ROOT / ".dockerignore").read_text().split()
            if line.startswith("!")}  # fmt: skip
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.M):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source.partition("/")[0] in kept, source


def test_every_requirement_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = _locked(LOCK)
    extras = (
        "cluster",
        "daemon",
        "kafka",
        "keyring",
        "notify",
        "objects",
        "png",
        "postgres",
        "zstd",
    )
    offered = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"]]
    wanted += [one for extra in extras for one in offered[extra]]
    _are_locked(wanted, locked)
    built = _locked(BUILD)
    for said in project["build-system"]["requires"]:
        assert Requirement(said).name in built


def test_the_tests_run_with_locked_versions_which_are_those_of_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    tested = _locked(DEVELOP, by_hash=False)
    every = [one for extra in project["optional-dependencies"].values() for one in extra]
    itself, offered = project["name"], [one for one in every if not one.startswith("shadow-ai")]
    assert itself.startswith("shadow-ai")
    _are_locked([*project["dependencies"], *offered], tested)
    shipped = _locked(LOCK)
    assert {name: {str(pin.specifier) for pin in pins} for name, pins in shipped.items()} == {
        name: {str(pin.specifier) for pin in tested[name]} for name in shipped
    }


def _are_locked(wanted: list[str], locked: dict[str, list[Requirement]]) -> None:
    for said in wanted:
        need = Requirement(said)
        pins = locked.get(canonicalize_name(need.name), [])
        assert pins, f"{need.name}: run `make lock`"
        assert all(need.specifier.contains(next(iter(pin.specifier)).version) for pin in pins), (
            f"{need}: run `make lock`"
        )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_what_github_takes(path: Path) -> None:
    done = _run(sys.executable, "-m", "check_jsonschema", "--builtin-schema",
                "vendor.github-workflows", path)  # fmt: skip
    assert done.returncode == 0, done.stdout
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}, "each job says what it may"
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        for step in job["steps"]:
            if "uses" in step:
                assert re.search(r"@[0-9a-f]{40}$", step["uses"]), step["uses"]
            for line in step.get("run", "").splitlines():
                if re.search(r"pip3?\W+install", line):
                    # What was locked, or our own wheel, which brings nothing with it.
                    locked = r"--require-hashes --only-binary :all:|--no-deps dist/"
                    assert re.search(locked, line), line


@pytest.mark.slow
def test_the_lock_and_a_pure_wheel_are_all_it_takes(tmp_path: Path) -> None:
    """As the image is made: wheels by their hashes into an empty environment, and run by nobody in
    particular from a tree that cannot be written."""
    python = tmp_path / "env/bin/python"
    assert _run(sys.executable, "-m", "venv", tmp_path / "env").returncode == 0
    done = _run(python, "-m", "pip", "install", "-q", "--require-hashes", "--only-binary", ":all:",
                "-r", LOCK)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    done = _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir",
                tmp_path / "wheels", ".", SHADOW_AI_NATIVE="0")  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".dll"))]
    done = _run(python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel)
    assert done.returncode == 0, done.stderr[-2000:]
    assert _run(python, "-m", "pip", "check").returncode == 0

    (tmp_path / "code").mkdir()
    (tmp_path / "code/app.py").write_text("import openai\n")
    program = tmp_path / "env/bin/shadow-ai"
    command = [str(program), "scan", str(tmp_path / "code")]
    for folder in [tmp_path, *tmp_path.parents]:
        if folder == Path("/tmp"):
            break
        folder.chmod(0o755)
    done = _run(*_confined(tmp_path, command), HOME="/nonexistent", XDG_CACHE_HOME="")
    assert "OpenAI" in done.stdout, done.stdout + done.stderr


def _confined(root: Path, command: list[str]) -> list[str]:
    """By another user, and ``root`` mounted so that nobody writes to it, where that may be done."""
    if os.geteuid() or not (shutil.which("unshare") and shutil.which("setpriv")):
        return command
    script = (
        'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd / && '
        f"exec setpriv --reuid {_USER} --regid {_USER} --clear-groups --no-new-privs "
        '--inh-caps=-all -- "$@"'
    )
    tried = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    if tried.returncode:
        return command
    return ["unshare", "--mount", "sh", "-c", script, str(root), *command]


def _shown_without_a_network() -> list[str]:
    """What the page tells to type, a line each."""
    page = ROOT / "docs/deploy.md"
    part = page.read_text().partition("## Without a network")[2].partition("\n## ")[0]
    shown = [text for language, text in fences(page) if language == "console" and text in part]
    return [line.removeprefix("$ ") for text in shown for line in text.splitlines()]


def test_what_the_page_installs_and_builds_is_locked() -> None:
    lines = [line for line in _shown_without_a_network() if "pip " in line]
    assert len(lines) == 5
    for line in lines:
        words = line.split()
        if "wheel" in words:
            assert words[0] == "SHADOW_AI_NATIVE=0", line
            assert {"--no-index", "--no-deps", "--no-build-isolation"} <= {*words}, line
            continue
        hashed = {"--require-hashes", "--only-binary"} <= {*words}
        assert hashed or "--no-index" in words, line
        if "--requirement" in words:
            assert "--require-hashes" in words, line
            lock = words[words.index("--requirement") + 1]
            assert (ROOT / "deploy" / lock.removeprefix("deploy/")).is_file(), line


@pytest.mark.slow
def test_the_page_s_own_lines_build_a_pure_wheel(tmp_path: Path) -> None:
    """In a copy of what a wheel is made of; its requirements are another test's."""
    for name in ("pyproject.toml", "README.md", "LICENSE", "hatch_build.py", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("scanner", "connectors", "rules", "native", "deploy"):
        shutil.copytree(ROOT / name, tmp_path / name,
                        ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    lines = [line for line in _shown_without_a_network() if "build/env" in line]
    assert len(lines) == 3
    environ = {name: value for name, value in os.environ.items() if name != "SHADOW_AI_NATIVE"}
    folder = Path(sys.executable).parent
    for line in lines:
        done = subprocess.run(
            ["sh", "-ec", line], check=False, capture_output=True, text=True, timeout=600,
            cwd=tmp_path, env=environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".dll"))]
