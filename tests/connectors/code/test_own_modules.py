"""A repository's own module is not the package of the same name in the catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import scan
from tests.conftest import Repository

AGENT = "from agents import Agent, Runner\n\nagent = Agent(name='Triage', model='x')\n"


def _found(root: Path, files: dict[str, str] | None = None) -> set[str]:
    """Ids of AI assets below the holder: ``ai/openai``, ``agent/...``."""
    for path, text in (files or {}).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    config = Config(sources={"code": {"paths": [str(root)]}})
    document = scan(LoadedConfig(config=config), url="sqlite://").document
    assert {row.status for row in document.coverage} == {"complete"}
    return {row.uid.partition("#")[2] for row in document.assets if "#" in row.uid}


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("agents", AGENT),
        ("modal", "import modal\n\napp = modal.App('x')\n"),
        ("guidance", "import guidance\nfrom guidance import models\n"),
        ("mcp", "from mcp.server.fastmcp import FastMCP\nserver = FastMCP('x')\n"),
        ("replicate", "import replicate as r\n\nr.run('meta/llama', input={})\n"),
        ("autogen", "from autogen import AssistantAgent\nAssistantAgent(name='a')\n"),
        ("openai", "import openai\nclient = openai.OpenAI(base_url='http://llm.lan:8000/v1')\n"),
    ],
)
@pytest.mark.parametrize("own", ["{}.py", "{}/__init__.py", "src/{}/__init__.py", "lib/{}.py"])
def test_own_module_hides_the_package(tmp_path: Path, module: str, code: str, own: str) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    assert _found(there, {"app/main.py": code}), "not detected at all"

    assert _found(here, {own.format(module): "x = 1\n", "app/main.py": code}) == set()


def test_beside_a_script_deep_in_the_tree_only(tmp_path: Path) -> None:
    own = {"examples/a/agents.py": "x = 1\n", "examples/a/run.py": AGENT}
    assert _found(tmp_path / "one", own) == set()
    assert _found(tmp_path / "two", own | {"examples/b/run.py": AGENT}) != set()


def test_notebooks_know_their_folder(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": AGENT, "metadata": {}, "outputs": []}
    book = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    assert _found(tmp_path / "there", {"a.ipynb": book})
    assert _found(tmp_path / "here", {"agents/__init__.py": "", "a.ipynb": book}) == set()


@pytest.mark.parametrize(
    "files",
    [
        {"openai/notes.py": "x = 1\n", "main.py": "import openai\n"},  # no package
        {"openai/README.md": "x\n", "main.py": "import openai\n"},
        # absolute imports do not look into the package that they stand in
        {"app/__init__.py": "", "app/openai.py": "import openai\n"},
        {"app/__init__.py": "", "app/openai.py": "", "app/a.py": "import openai\n"},
        {"app/__init__.py": "", "app/openai/__init__.py": "", "app/a.py": "import openai\n"},
        # a module does not import itself: its folder is not where imports start
        {"llms/openai.py": "from openai import OpenAI\n", "llms/a.py": "import openai\n"},
        {"tests/openai.py": "", "main.py": "import openai\n"},
        {"openai.py": "", "main.ts": "import OpenAI from 'openai';\n"},
        {"openai.py": "", "main.py": "import openai\n", "requirements.txt": "openai==1.2\n"},
    ],
)
def test_what_hides_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    assert "ai/openai" in _found(tmp_path, files)


def test_other_imports_of_the_file_stay(tmp_path: Path) -> None:
    both = "import anthropic\n" + AGENT
    found = _found(tmp_path, {"agents/__init__.py": "from .a import x\n", "main.py": both})
    assert found == {"ai/anthropic"}


def test_vendors_own_repository_is_still_known_by_its_manifest(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\ndependencies = ['anthropic']\n",
        "src/anthropic/__init__.py": "",
        "examples/a.py": "import anthropic\n",
    }
    assert "ai/anthropic" in _found(tmp_path, files)


def test_bare_repositories_by_their_paths(repository: Repository, tmp_path: Path) -> None:
    repository.write("main.py", AGENT)
    repository.write("deep/llms/anthropic.py", "import anthropic\n")
    repository.commit()
    repository.git("clone", "-q", "--bare", str(repository.root), str(tmp_path / "there.git"))
    repository.write("agents/__init__.py", "")
    repository.commit()
    repository.git("clone", "-q", "--bare", str(repository.root), str(tmp_path / "here.git"))

    assert len(_found(tmp_path / "there.git")) > 1
    assert _found(tmp_path / "here.git") == {"ai/anthropic"}


def test_links_and_oddities_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "agents.py").mkdir()
    (tmp_path / "openai.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "mcp").symlink_to(tmp_path)
    (tmp_path / "__init__.py").write_text("")
    assert len(_found(tmp_path, {"main.py": AGENT})) >= 1
