"""Repositories below a folder come and go; what a repository is called and where its keys were."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import EXIT_INCOMPLETE, Result, scan
from scanner.kit.git.identity import repository_key
from scanner.kit.git.process import Git
from tests.conftest import Repository


def _scan(*paths: Path, state: Path | None = None, **options: object) -> Result:
    table = {"code": {"paths": [str(path) for path in paths], **options}}
    url = f"sqlite:///{state}" if state else "sqlite://"
    return scan(LoadedConfig(config=Config(sources=table)), url=url)


def _statuses(result: Result, of: str) -> set[str]:
    return {str(f.status) for f in result.document.findings if of in f.asset}


def _listing(result: Result) -> str:
    rows = [row for row in result.document.coverage if row.shard.endswith("/listing")]
    return "\n".join(f"{row.status}: {gap}" for row in rows for gap in row.gaps or ("",))


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    """A folder of two repositories; the second has neither origin nor a package."""
    for name, module in (("one", "anthropic"), ("team/two", "openai")):
        made = Repository(tmp_path / "src" / name)
        made.write(f"{module}_bot.py", f"import {module}\n")
        made.commit(f"of {name}")
    return tmp_path / "src"


def test_a_repository_deleted_below_a_folder_is_gone(clones: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    first = _scan(clones, state=state)
    assert _statuses(first, "#ai/openai") == _statuses(first, "#ai/anthropic") == {"new"}
    shutil.rmtree(clones / "team/two")

    second = _scan(clones, state=state)

    assert second.exit_code == 0
    assert _statuses(second, "#ai/anthropic") == {"open"}
    assert _statuses(second, "#ai/openai") == {"resolved"}
    shutil.rmtree(clones / "one")
    assert _statuses(_scan(clones, state=state), "#ai/anthropic") == {"resolved"}


def test_a_root_that_is_missing_is_held(clones: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    _scan(clones, clones / "one", state=state)
    clones.rename(tmp_path / "away")

    second = _scan(clones, clones / "one", state=state)

    assert second.exit_code == EXIT_INCOMPLETE
    assert _statuses(second, "#ai/") == {"held"}


def test_a_folder_that_cannot_be_listed_is_no_proof(clones: Path, tmp_path: Path) -> None:
    """Deeper than a path may be long: nobody can list it, whoever runs the scan."""
    state = tmp_path / "state.sqlite"
    _scan(clones, state=state)
    shutil.rmtree(clones / "team/two")
    here = os.open(clones, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)

    second = _scan(clones, state=state)

    assert "partial: ddd" in _listing(second)
    assert "cannot be listed: File name too long" in _listing(second)
    assert _statuses(second, "#ai/openai") == {"held"}


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_folder_is_no_proof(clones: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    _scan(clones, state=state)
    (clones / "team").chmod(0)

    second = _scan(clones, state=state)
    (clones / "team").chmod(0o755)

    assert "team: cannot be listed" in _listing(second)
    assert _statuses(second, "#ai/openai") == {"held"}


def _break(folder: Path) -> None:
    (folder / ".git/HEAD").write_text("nonsense\n")


def _lose_branches(folder: Path) -> None:
    (folder / ".git/refs/heads/main").write_text("")


def _cut(folder: Path) -> None:
    full = folder.rename(folder.parent.parent.parent / "full")
    made = Repository(full)
    made.commit("later")
    made.git("clone", "-q", "--depth", "1", f"file://{full}", str(folder))
    made.git("-C", str(folder), "remote", "remove", "origin")


@pytest.mark.parametrize(
    ("harm", "told"),
    [(_break, "not a git repository"), (_lose_branches, "unreadable"), (_cut, "shallow clone")],
)
def test_a_repository_that_lost_its_name_is_not_gone(
    clones: Path, tmp_path: Path, harm: Callable[[Path], None], told: str
) -> None:
    """It is there, under a name that git cannot tell any more."""
    state = tmp_path / "state.sqlite"
    first = _scan(clones, state=state)
    before = {f.fingerprint for f in first.document.findings if "#ai/openai" in f.asset}
    harm(clones / "team/two")

    second = _scan(clones, state=state)

    assert "partial: team/two: what it was called is not sure" in _listing(second)
    assert told in _listing(second)
    after = {f.fingerprint: f.status for f in second.document.findings}
    assert {after[mark] for mark in before} == {"held"}
    assert second.exit_code == EXIT_INCOMPLETE


def test_repositories_within_repositories_are_read_at_any_depth(tmp_path: Path) -> None:
    src = tmp_path / "src"
    outer = Repository(src / "outer")
    outer.write("a.py", "import anthropic\n")
    outer.commit("outer")
    inner = Repository(src / "outer/vendor/inner")
    inner.write("b.py", "import openai\n")
    inner.commit("inner")
    deep = Repository(src / "/".join("d" * 150))
    deep.write("c.py", "import cohere\n")
    deep.commit("deep")

    result = _scan(src)

    assert sorted(a.provider for a in result.document.assets) == ["anthropic", "cohere", "openai"]
    assert {row.status for row in result.document.coverage} == {"complete"}


# --- identity ----------------------------------------------------------------------------------


def test_merging_an_older_unrelated_history_changes_no_name(tmp_path: Path) -> None:
    old = Repository(tmp_path / "old")
    old.git("-c", "core.logAllRefUpdates=false", "commit", "-q", "--allow-empty", "-m", "old",
            "--date", "2001-01-01T00:00:00Z")  # fmt: skip
    made = Repository(tmp_path / "repo")
    made.write("a.py", "import anthropic\n")
    made.commit("new")
    before = repository_key(Git(made.root))
    made.git("fetch", "-q", str(old.root), "main")
    made.git("merge", "-q", "--allow-unrelated-histories", "-m", "both", "FETCH_HEAD")
    assert len(made.git("rev-list", "--max-parents=0", "HEAD").split()) == 2

    assert repository_key(Git(made.root)) == before
    made.git("checkout", "-q", "--orphan", "pages")
    made.commit("pages")
    assert repository_key(Git(made.root)) == before


@pytest.mark.parametrize(("history", "part"), [(True, "history"), (False, "tree")])
def test_a_shallow_clone_without_origin_says_what_it_is_called_by(
    repository: Repository, tmp_path: Path, history: bool, part: str
) -> None:
    repository.commit("one")
    repository.commit("two")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.root}", str(clone))
    repository.git("-C", str(clone), "remote", "remove", "origin")

    rows = {r.shard.rpartition("/")[2]: r for r in _scan(clone, history=history).document.coverage}

    assert any("shallow clone without origin" in gap for gap in rows[part].gaps)
    assert {name for name, row in rows.items() if row.status != "complete"} == {part}


# --- where keys were ---------------------------------------------------------------------------


def test_keys_in_commits_without_a_branch_have_a_place(
    repository: Repository, made_up_key: Callable[..., str]
) -> None:
    repository.write("a.py", "x = 1\n")
    repository.commit()
    repository.git("checkout", "-q", "-b", "gone")
    repository.write("src/gone.py", f"K = '{made_up_key('gone')}'\n")
    gone = repository.commit()
    repository.commit("later")
    repository.git("checkout", "-q", "main")
    repository.git("branch", "-q", "-D", "gone")
    repository.write("a.py", f"K = '{made_up_key('stash')}'\n")
    repository.git("stash", "-q")
    dropped = repository.git("rev-parse", "stash@{0}")
    repository.git("stash", "drop", "-q")
    repository.write("added.py", f"K = '{made_up_key('added')}'\n")
    repository.git("add", "added.py")
    repository.git("reset", "-q", "--hard")

    result = _scan(repository.root)

    rows = [e for a in result.document.assets if a.type == "credential" for e in a.evidence]
    places = {e.path: e.commit for e in rows}
    assert places["src/gone.py"] == gone
    assert places["a.py"] == dropped
    (never,) = places.keys() - {"src/gone.py", "a.py"}
    assert never.startswith("(unreachable object")


def test_what_git_has_cleaned_up_around_a_key_costs_its_place_alone(
    repository: Repository, made_up_key: Callable[..., str]
) -> None:
    repository.write("a.py", "x = 1\n")
    repository.commit()
    repository.git("checkout", "-q", "-b", "gone")
    repository.commit("between")
    parent = repository.git("rev-parse", "HEAD")
    repository.write("gone.py", f"K = '{made_up_key()}'\n")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.git("branch", "-q", "-D", "gone")
    (repository.root / ".git/objects" / parent[:2] / parent[2:]).unlink()

    result = _scan(repository.root)

    (row,) = [e for a in result.document.assets if a.type == "credential" for e in a.evidence]
    assert row.path.startswith(("gone.py", "(unreachable object"))
    assert {row.status for row in result.document.coverage} == {"complete"}
