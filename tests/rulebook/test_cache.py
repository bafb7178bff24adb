"""The rules are the same with and without the cache, whatever stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.rulebook import cache
from scanner.rulebook.load import load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "shadow-ai"


def test_the_second_load_gives_the_same_rules(folder: Path) -> None:
    first = load()
    (kept,) = folder.iterdir()
    second = load()
    assert second == first
    assert second.digest in kept.name


@pytest.mark.parametrize("content", [b"", b"junk", b"\x81\xa1a\x01", b"\xc1"])
def test_a_damaged_cache_is_as_none(folder: Path, content: bytes) -> None:
    first = load()
    (kept,) = folder.iterdir()
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
    assert len(list(folder.iterdir())) == 3
