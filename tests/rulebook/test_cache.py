"""The rules are the same with and without the cache, whatever stands in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from scanner.rulebook import cache
from scanner.rulebook.load import bundled, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "shadow-ai"


def test_the_second_load_gives_the_same_rules(folder: Path) -> None:
    first = load()
    (kept,) = folder.glob("rules-*")
    second = load()
    assert second == first
    assert second.digest in kept.name


@pytest.mark.parametrize("kind", ["rules", "stamp"])
@pytest.mark.parametrize("content", [b"", b"junk", b"\x81\xa1a\x01", b"\xc1"])
def test_a_damaged_cache_is_as_none(folder: Path, content: bytes, kind: str) -> None:
    first = load()
    (kept,) = folder.glob(f"{kind}-*")
    kept.write_bytes(content)
    assert load() == first


def test_a_folder_that_cannot_be_written_is_no_trouble(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "user_cache_path", lambda name: Path("/proc/nope"))
    assert load().providers


def test_only_a_few_are_kept(folder: Path) -> None:
    load()
    for number in range(6):
        (folder / f"rules-0-{number}.msgpack").write_bytes(b"old")
    parsed = cache.read(load().digest)
    assert parsed is not None
    cache.write("new", parsed)
    assert len(list(folder.glob("rules-*"))) == 3


def test_a_rule_that_is_edited_in_place_is_read_anew(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same size, and with its old time set again, as archives and copies do."""
    rules = tmp_path / "rules"
    shutil.copytree(bundled(), rules)
    monkeypatch.setattr("scanner.rulebook.load.bundled", lambda: rules)
    file = rules / "providers" / "openai.yaml"
    first, before = load(), file.stat()
    text = file.read_text()
    file.write_text(text.replace("name: OpenAI\n", "name: OpenOI\n", 1))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    second = load()
    assert second.digest != first.digest
    assert second.by_id["openai"].name == "OpenOI"
