"""What is asked for otherwise is not lost: a finding whose place was read in another way, or is
gone by a list that asks for no less, is resolved as any other is."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

import connectors
from scanner.app.asking import asks_no_less, leaves, mark_of
from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import scan
from scanner.kit.contract import ConnectorSpec, Counts
from scanner.rulebook.examples import expand
from scanner.store.state import State
from tests.conftest import Repository

USE = f'K = "{expand("sk-ant-api03-{b64url:93}AA", "widened")}"\n'


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'state.sqlite'}"

    def scan(self, *paths: str, name: str = "code", **settings: Any) -> tuple[str, tuple[str, ...]]:
        """Status of the one key, and the shards that it stands on."""
        table = {"connector": "code", "paths": list(paths), "history": False, **settings}
        loaded = LoadedConfig(
            config=Config(sources={name: table}), path=self.folder / "shadow-ai.toml"
        )
        assert scan(loaded, url=self.url).exit_code == 0
        state = State(self.url)
        (found,) = [one for one in state.findings().values() if one.policy == "SAI-090"]
        state.close()
        return str(found.status), found.shards

    def repository(self, path: str, origin: str = "") -> Repository:
        made = Repository(self.folder / path)
        if origin:
            made.git("remote", "add", "origin", f"https://git.example.com/acme/{origin}.git")
        return made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _with_key(made: Repository, path: str) -> Repository:
    made.write(path, USE)
    made.commit()
    return made


@pytest.mark.parametrize("origin", ["app", ""])
def test_the_whole_tree_proves_absence_in_a_part_of_it(place: Place, origin: str) -> None:
    made = _with_key(place.repository("r", origin), "sub/a.py")
    assert place.scan("r/sub")[0] == "new"
    status, shards = place.scan("r")
    assert status == "open"
    assert [one.endswith("/tree") for one in shards] == [True]
    made.git("rm", "-q", "sub/a.py")
    made.commit()
    assert place.scan("r")[0] == "resolved"


def test_so_does_a_wider_part(place: Place) -> None:
    _with_key(place.repository("r", "app"), "a/b/c.py")
    place.scan("r/a/b")
    assert place.scan("r/a")[0] == "open"
    (place.folder / "r/a/b/c.py").unlink()
    assert place.scan("r/a")[0] == "resolved"


@pytest.mark.parametrize("exclude", ["sub", "sub/*", "*.py"])
def test_not_where_the_whole_passes_over_it(place: Place, exclude: str) -> None:
    _with_key(place.repository("r", "app"), "sub/a.py")
    place.scan("r/sub")
    assert place.scan("r", exclude=[exclude])[0] == "held"
    assert place.scan("r")[0] == "open"


def test_nor_in_what_is_installed_there(place: Place) -> None:
    _with_key(place.repository("r", "app"), "node_modules/ours/a.py")
    assert place.scan("r/node_modules/ours")[0] == "new"
    assert place.scan("r")[0] == "held"


def test_nor_by_the_tree_of_another_repository(place: Place) -> None:
    _with_key(place.repository("r", "app"), "sub/a.py")
    place.repository("other", "application").write("x.py", "pass\n")
    place.scan("r/sub")
    assert place.scan("other")[0] == "held"


@pytest.mark.parametrize(
    "settings",
    [{"exclude": ["*/nowhere/*"]}, {"max_file_mib": 8}, {"history": True}, {"archives": False}],
    ids=lambda told: next(iter(told)),
)
def test_a_repository_that_is_deleted_is_gone_whatever_else_is_set(
    place: Place, settings: dict[str, Any]
) -> None:
    _with_key(place.repository("org/c"), "a.py")
    place.scan("org")
    shutil.rmtree(place.folder / "org/c")
    assert place.scan("org", **settings)[0] == "resolved"


def test_also_where_more_is_asked_for(place: Place) -> None:
    _with_key(place.repository("org/c"), "a.py")
    (place.folder / "more").mkdir()
    place.scan("org")
    shutil.rmtree(place.folder / "org/c")
    assert place.scan("more", "org")[0] == "resolved"


@pytest.mark.parametrize("name", ["code", "ours"])
def test_not_where_less_is_asked_for(place: Place, name: str) -> None:
    """By a table of another name, too."""
    made = _with_key(place.repository("org/c"), "a.py")
    made.git("rm", "-q", "a.py")
    made.commit()
    place.scan("org", history=True)
    shutil.rmtree(place.folder / "org/c")
    assert place.scan("org", name=name)[0] == "held"
    assert place.scan("org", name=name)[0] == "held"
    assert place.scan("org", name=name, history=True)[0] == "resolved"


class _Inner(msgspec.Struct, frozen=True):
    globs: tuple[str, ...] = ()


class _Settings(msgspec.Struct):
    regions: tuple[str, ...] = ()
    values: bool = False
    token: str = "A"
    inner: _Inner = _Inner()


COUNTS = {"regions": Counts.MORE, "values": Counts.MORE, "inner.globs": Counts.NEVER}


def _mark(**settings: Any) -> str:
    config = msgspec.convert(settings, _Settings)
    return mark_of(settings, config, COUNTS)


@pytest.mark.parametrize(
    ("before", "now", "is_no_less"),
    [
        ({}, {"inner": {"globs": ["x"]}}, True),
        ({}, {"values": True}, True),
        ({"values": True}, {}, False),
        ({"regions": ["a"]}, {"regions": ["b", "a"]}, True),
        ({"regions": ["a", "b"]}, {"regions": ["a"]}, False),
        ({}, {"regions": ["a"]}, False),
        ({"regions": ["a"]}, {}, False),
        ({}, {"token": "B"}, False),
        ({"token": "B"}, {"token": "B", "values": True}, True),
    ],
)
def test_what_asks_for_no_less(
    before: dict[str, Any], now: dict[str, Any], is_no_less: bool
) -> None:
    assert asks_no_less(_mark(**before), _mark(**now), COUNTS) is is_no_less


def test_a_mark_of_an_older_version_says_nothing_but_whether_it_is_the_same() -> None:
    whole = _mark(values=True).partition(" ")[0]
    assert asks_no_less(whole, _mark(values=True), COUNTS)
    assert not asks_no_less(whole, _mark(), COUNTS)


def _specs() -> list[ConnectorSpec]:
    names = [one.name for one in pkgutil.iter_modules(connectors.__path__)]
    found = [importlib.import_module(f"connectors.{name}") for name in names]
    return [one.CONNECTOR.spec for one in found if one.CONNECTOR.spec.listing]


def test_what_connectors_say_of_their_fields_is_of_fields_that_there_are() -> None:
    """Of a switch or a list, where more of it asks for more."""
    told = 0
    for spec in _specs():
        known = dict(_fields(spec.config))
        for name, counts in spec.listing.items():
            told += 1
            assert name in known, f"{spec.name}: {name}"
            if counts is Counts.MORE:
                assert known[name] is bool or str(known[name]).startswith("tuple"), name
    assert told > 50


def _fields(config: type[msgspec.Struct], within: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for field in msgspec.structs.fields(config):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            found += _fields(field.type, f"{within}{field.name}.")
        else:
            found.append((within + field.name, field.type))
    return found


def test_the_fields_of_a_mark_are_those() -> None:
    assert [name for name, _ in leaves(_Settings())] == [
        "regions", "values", "token", "inner.globs",
    ]  # fmt: skip
