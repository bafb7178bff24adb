"""Directories and repositories as they come: hostile, broken, bare, nested."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.code import CONNECTOR, CodeConfig
from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import Result, scan
from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.git.origins import origins
from scanner.kit.git.process import Git
from scanner.kit.limits import Limits
from scanner.model.keys import canonical_remote
from tests.conftest import Repository


def _scan(*paths: Path, **options: object) -> Result:
    source = {"paths": [str(path) for path in paths], **options}
    return scan(LoadedConfig(config=Config(sources={"code": source})), url="sqlite://")


def _keys(result: Result) -> list[tuple[str, str]]:
    return [
        (e.path, e.context)
        for row in result.document.assets
        if row.type == "credential"
        for e in row.evidence
    ]


def _status(result: Result) -> dict[str, str]:
    rows = {row.shard.rpartition("/")[2]: row.status for row in result.document.coverage}
    assert rows.pop("listing", "complete") == "complete"
    return rows


def test_no_link_leads_out_of_the_tree_and_no_pipe_blocks(
    tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.env").write_text(f"ANTHROPIC_API_KEY={made_up_key()}\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.env").symlink_to(outside / "secret.env")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    os.mkfifo(inside / "pipe.py")

    result = _scan(inside)

    assert _keys(result) == []
    assert _status(result) == {"tree": "complete"}


def test_every_corner_of_a_history_is_read(
    repository: Repository, made_up_key: Callable[..., str]
) -> None:
    keys = {name: made_up_key(name) for name in ("branch", "deleted", "message", "stash", "merge")}
    repository.write("a.py", "x = 1\n")
    repository.commit()
    repository.git("checkout", "-q", "-b", "side")
    repository.write("side.py", f"K = '{keys['branch']}'\n")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.git("checkout", "-q", "-b", "gone")
    repository.write("gone.py", f"K = '{keys['deleted']}'\n")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.git("branch", "-q", "-D", "gone")
    repository.commit(f"use {keys['message']}")
    repository.git("merge", "-q", "--no-commit", "--no-ff", "side")
    repository.write("evil.py", f"K = '{keys['merge']}'\n")
    repository.commit("merge")
    repository.write("a.py", f"K = '{keys['stash']}'\n")
    repository.git("stash")

    found = dict(_keys(_scan(repository.root)))

    assert len([p for p in found if p.startswith("(commit message")]) == 1
    assert {"side.py", "evil.py", "a.py", "gone.py"} <= set(found)


def test_a_damaged_object_is_named_and_the_rest_is_read(
    repository: Repository, made_up_key: Callable[..., str]
) -> None:
    repository.write("ok.py", f"K = '{made_up_key()}'\n")
    repository.write("bad.txt", "this object will be damaged\n")
    repository.commit()
    oid = repository.git("rev-parse", "HEAD:bad.txt")
    damaged = repository.root / ".git/objects" / oid[:2] / oid[2:]
    damaged.chmod(0o644)
    damaged.write_bytes(zlib.compress(b"blob 9\0something else entirely"))

    result = _scan(repository.root)

    assert _status(result) == {"tree": "complete", "history": "partial"}
    (row,) = [r for r in result.document.coverage if r.status == "partial"]
    assert oid in row.gaps[0]
    assert ("ok.py", "history") in _keys(result)
    assert result.exit_code == 3


def test_a_repository_that_git_refuses_is_told_and_its_tree_is_read(tmp_path: Path) -> None:
    root = tmp_path / "broken"
    (root / ".git").mkdir(parents=True)
    (root / ".git/HEAD").write_text("nonsense\n")
    (root / "app.py").write_text("import anthropic\n")

    result = _scan(root)

    assert _status(result)["tree"] == "complete"
    assert _status(result)["history"] == "failed"
    assert [row.provider for row in result.document.assets] == ["anthropic"]


def test_nothing_that_a_repository_configures_is_run(repository: Repository) -> None:
    repository.write("a.py", "import anthropic\n")
    repository.commit()
    trap = repository.root / "trap.sh"
    marker = repository.root.parent / "trapped"
    trap.write_text(f"#!/bin/sh\ntouch {marker}\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external",
                "core.hooksPath", "log.showSignature", "gpg.program", "core.editor"):  # fmt: skip
        repository.git("config", key, str(trap))
    repository.git("config", "filter.x.smudge", str(trap))
    repository.git("config", "diff.x.textconv", str(trap))
    repository.write(".gitattributes", "* filter=x diff=x\n")

    _scan(repository.root)

    assert not marker.exists()


def test_a_bare_repository_has_a_tree_and_a_history(
    repository: Repository, tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    repository.write("app.py", f"import anthropic\nK = '{made_up_key()}'\n")
    repository.commit()
    bare = tmp_path / "bare.git"
    repository.git("clone", "-q", "--bare", str(repository.root), str(bare))

    result = _scan(bare)

    assert sorted(_keys(result)) == [("app.py", "history"), ("app.py", "production")]


def test_repositories_below_a_folder_are_their_own_and_read_once(tmp_path: Path) -> None:
    one = Repository(tmp_path / "src" / "one")
    one.write("a.py", "import anthropic\n")
    one.commit()
    (tmp_path / "src" / "loose.py").write_text("import anthropic\n")

    result = _scan(tmp_path / "src")

    names = sorted(row.name for row in result.document.assets)
    assert names == ["Anthropic in one", "Anthropic in src"]
    assert all(len(row.evidence) == 1 for row in result.document.assets)


def test_a_clone_elsewhere_keeps_its_identity(repository: Repository, tmp_path: Path) -> None:
    repository.write("a.py", "import anthropic\n")
    repository.commit()
    repository.git("remote", "add", "origin", "git@github.com:acme/app.git")
    repository.git("clone", "-q", str(repository.root), str(tmp_path / "elsewhere"))
    clone = Repository(tmp_path / "elsewhere")
    clone.git("remote", "set-url", "origin", "https://token@github.com/acme/app")

    one, two = _scan(repository.root), _scan(clone.root)

    assert [f.fingerprint for f in one.document.findings] == [
        f.fingerprint for f in two.document.findings
    ]
    assert one.document.assets[0].uid == "git:github.com/acme/app#ai/anthropic"


def test_clones_of_two_sources_are_both_read(repository: Repository, tmp_path: Path) -> None:
    """As those of one source are: a fork may hold AI of its own."""
    repository.write("a.py", "print(1)\n")
    repository.commit()
    for team in ("a", "b", "c"):
        repository.git("clone", "-q", str(repository.root), str(tmp_path / team / "shop"))
    fork = Repository(tmp_path / "b/shop")
    fork.write("b.py", "import anthropic\nanthropic.Anthropic()\n")
    fork.commit()
    sources = {
        f"team-{team}": {"connector": "code", "paths": [str(tmp_path / team)]} for team in "abc"
    }
    url = f"sqlite:///{tmp_path}/state.sqlite"
    for order in ("abc", "cba"):
        chosen = {f"team-{team}": sources[f"team-{team}"] for team in order}
        result = scan(LoadedConfig(config=Config(sources=chosen)), url=url)
        assert [row.name for row in result.document.assets] == ["Anthropic in shop"]
        assert set(_status(result).values()) == {"complete"}
        assert {row.source for row in result.document.coverage} == sources.keys()
        assert result.document.findings
        assert all(found.status.is_open for found in result.document.findings)


def test_one_place_in_two_sources_is_told(repository: Repository) -> None:
    repository.write("a.py", "import anthropic\n")
    repository.commit()
    one = {"connector": "code", "paths": [str(repository.root)]}
    result = scan(LoadedConfig(config=Config(sources={"x": one, "y": one})), url="sqlite://")
    (shared,) = [row for row in result.document.coverage if row.shard.endswith(":shared")]
    assert "Name each place in one source" in shared.reason
    assert [row.name for row in result.document.assets] == ["Anthropic in repo"]


def test_names_that_are_not_utf8_and_an_empty_repository_are_survived(tmp_path: Path) -> None:
    Repository(tmp_path / "empty")
    folder = tmp_path / "odd"
    folder.mkdir()
    path = os.fsencode(folder) + b"/caf\xe9.py"
    with open(path, "wb") as file:
        file.write(b"import anthropic\n")

    result = _scan(tmp_path / "empty", folder)

    assert set(_status(result).values()) == {"complete"}
    assert [e.path for row in result.document.assets for e in row.evidence] == ["caf\\udce9.py"]


def test_a_part_of_a_repository_belongs_to_the_repository(repository: Repository) -> None:
    repository.write("services/bot/a.py", "import anthropic\n")
    repository.commit()
    repository.git("remote", "add", "origin", "https://github.com/acme/mono.git")

    result = _scan(repository.root / "services/bot")

    (asset,) = result.document.assets
    assert asset.uid == "git:github.com/acme/mono#ai/anthropic"
    assert asset.evidence[0].path == "services/bot/a.py"


def test_a_text_that_is_too_large_is_a_gap_and_a_binary_is_not(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_bytes(b"a" * (2 << 20))
    (tmp_path / "big.bin").write_bytes(b"\0" * (2 << 20))

    result = _scan(tmp_path, max_file_mib=1)

    (row,) = [row for row in result.document.coverage if row.status == "partial"]
    assert row.gaps == ("big.txt: larger than 1 MiB; not read",)


def test_owners_come_from_codeowners_then_from_commits(repository: Repository) -> None:
    repository.write("a.py", "import anthropic\n")
    repository.write("CODEOWNERS", "*.md @docs\n* @acme/ml lead@example.com\n")
    repository.commit()

    (asset,) = _scan(repository.root).document.assets

    assert [(o.owner, o.basis) for o in asset.owners] == [
        ("@acme/ml", "codeowners"),
        ("lead@example.com", "codeowners"),
        ("ada@example.com", "git-committer"),
    ]


def test_the_oldest_commit_introduces(repository: Repository) -> None:
    repository.write("a.txt", "same content\n")
    first = repository.commit("one")
    repository.write("b.txt", "same content\n")
    repository.commit("two")
    oid = repository.git("rev-parse", "HEAD:a.txt")

    stays = origins(Git(repository.root), {oid}, ()).stays[oid]

    assert stays["a.txt"].first is not None
    assert stays["a.txt"].first.oid == first
    assert sorted(stays) == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("git@github.com:Acme/App.git", "github.com/Acme/App"),
        ("https://user:pw@GitHub.com/Acme/App.git/", "github.com/Acme/App"),
        ("ssh://git@host.example:2222/a/b", "host.example/a/b"),
        ("/local/path", ""),
        ("", ""),
    ],
)
def test_remotes_have_one_form_without_credentials(url: str, expected: str) -> None:
    assert canonical_remote(url) == expected


def test_shards_are_the_same_in_every_run(repository: Repository, detector: Detector) -> None:
    repository.commit()
    config = CodeConfig(paths=(str(repository.root),))
    ctx = Context(config=config, examine=detector.examine, limits=Limits())

    assert list(CONNECTOR.shards(ctx)) == list(CONNECTOR.shards(ctx))
