"""One state has one lock, however its place is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.app.config import Config, LoadedConfig, StoreConfig, store_url
from scanner.app.lock import locked
from scanner.model.errors import ConfigError, StoreError
from scanner.store.state import State


@pytest.mark.parametrize(
    "other",
    ["sqlite:///{folder}/link.sqlite", "sqlite+pysqlite:///{folder}/real/s.sqlite",
     "sqlite:///{folder}/real/../real/s.sqlite", "sqlite:///{folder}/away/s.sqlite",
     "sqlite:///{folder}/real/s.sqlite?timeout=5"],
)  # fmt: skip
def test_another_spelling_is_the_same_lock(tmp_path: Path, other: str) -> None:
    (tmp_path / "real").mkdir()
    url = f"sqlite:///{tmp_path}/real/s.sqlite"
    State(url).close()
    (tmp_path / "link.sqlite").symlink_to(tmp_path / "real/s.sqlite")
    (tmp_path / "away").symlink_to(tmp_path / "real")
    loaded = LoadedConfig(config=Config(store=StoreConfig(url=other.format(folder=tmp_path))))
    for asked in (other.format(folder=tmp_path), store_url(loaded)):
        with (
            locked(url),
            pytest.raises(StoreError, match="another scan is running"),
            locked(asked),
        ):
            pass
        with locked(asked):
            pass


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_a_relative_file_lies_beside_the_configuration(tmp_path: Path, scheme: str) -> None:
    config = Config(store=StoreConfig(url=f"{scheme}:///state.sqlite?timeout=5"))
    loaded = LoadedConfig(config=config, path=tmp_path / "shadow-ai.toml")
    assert store_url(loaded) == f"sqlite:///{tmp_path}/state.sqlite?timeout=5"


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:///s.sqlite", "sqlite:///file:s?uri=true"])
def test_what_would_have_no_lock_is_refused(tmp_path: Path, url: str) -> None:
    loaded = LoadedConfig(config=Config(store=StoreConfig(url=url)), path=tmp_path / "c.toml")
    with pytest.raises(ConfigError, match="use sqlite:///path"):
        store_url(loaded)
