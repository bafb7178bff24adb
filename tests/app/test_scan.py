"""The whole path on a real repository: found, placed, told once, resolved only when proven."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.app.config import Config, LoadedConfig, StoreConfig
from scanner.app.pipeline import EXIT_COMPLETE, EXIT_INCOMPLETE, Result, scan
from scanner.emit.document import render
from tests.conftest import Repository


def _config(tmp_path: Path, *paths: Path) -> LoadedConfig:
    config = Config(
        store=StoreConfig(url=f"sqlite:///{tmp_path / 'state.sqlite'}"),
        sources={"code": {"paths": [str(path) for path in paths]}},
    )
    return LoadedConfig(config=config)


def _changes(result: Result) -> list[str]:
    return sorted({event.change for event in result.events})


def test_a_key_that_was_removed_is_found_in_the_history(
    repository: Repository, made_up_key: Callable[..., str]
) -> None:
    repository.write("app.py", f"import anthropic\nKEY = '{made_up_key()}'\n")
    first = repository.commit("add")
    repository.write("app.py", "import anthropic\n")
    repository.commit("remove the key")

    result = scan(_config(repository.root.parent, repository.root), url="sqlite://")

    (key,) = [row for row in result.document.assets if row.type == "credential"]
    assert [(e.path, e.commit, e.line, e.context) for e in key.evidence] == [
        ("app.py", first, 2, "history")
    ]
    assert key.evidence[0].author == "ada@example.com"
    assert {f.policy for f in result.document.findings} >= {"SAI-001", "SAI-090"}
    assert made_up_key().encode() not in render(result.document)


def test_a_second_scan_of_an_unchanged_source_changes_nothing(
    repository: Repository, tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    repository.write("app.py", f"import anthropic\nKEY = '{made_up_key()}'\n")
    repository.commit()
    config = _config(tmp_path, repository.root)

    first = scan(config)
    second = scan(config)

    assert _changes(first) == ["opened"]
    assert second.events == ()
    assert [f.fingerprint for f in second.document.findings] == [
        f.fingerprint for f in first.document.findings
    ]


def test_removing_the_only_source_of_a_key_resolves_it(
    tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / ".env").write_text(f"ANTHROPIC_API_KEY={made_up_key()}\n")
    config = _config(tmp_path, folder)
    scan(config)
    (folder / ".env").unlink()

    result = scan(config)

    assert _changes(result) == ["resolved"]
    assert not [f for f in result.document.findings if f.status.is_open]
    assert result.exit_code == EXIT_COMPLETE


def test_a_key_whose_place_could_not_be_read_is_held_and_not_resolved(
    tmp_path: Path, made_up_key: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / ".env").write_text(f"ANTHROPIC_API_KEY={made_up_key()}\n")
    config = _config(tmp_path, folder)
    scan(config)
    _deny(monkeypatch, ".env")

    result = scan(config)

    key = [f for f in result.document.findings if f.policy == "SAI-090"]
    assert [str(f.status) for f in key] == ["held"]
    assert result.exit_code == EXIT_INCOMPLETE
    rows = {c.shard.rpartition("/")[2]: c.status for c in result.document.coverage}
    assert rows == {"tree": "partial", "listing": "complete"}


def _deny(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What the operating system answers for a file that may not be read (root may read all, so
    a mode of 000 does not do)."""
    import os

    real = os.open

    def refuse(path: object, *args: object, **kwargs: object) -> int:
        if str(path).endswith(name):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
