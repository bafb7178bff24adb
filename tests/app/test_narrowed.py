"""What is read less than before is not gone: a key that is still there stays open, whatever of the
settings, of the rules or of the scanned content keeps a scan from seeing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from scanner.app.config import Config, LoadedConfig, RulesConfig
from scanner.app.pipeline import scan
from scanner.model.finding import Finding
from scanner.rulebook.examples import expand
from scanner.store.state import State
from tests.conftest import Repository

KEY = expand("sk-ant-api03-{b64url:93}AA", "narrowed")
USE = f'import anthropic\nK = "{KEY}"\nanthropic.Anthropic(api_key=K)\n'
POLICY = """
id: SAI-999
name: ours
title: "Ours: {name}"
severity: high
subject: credential
identity: [subject]
when: {stored_in: ["code.*"]}
rationale: It is so.
remedy: Ask us.
"""


class Place:
    def __init__(self, folder: Path, root: Path) -> None:
        self.url = f"sqlite:///{folder / 'state.sqlite'}"
        self.folder = folder
        self.root = root

    def scan(self, rules: tuple[str, ...] = (), **settings: Any) -> list[str]:
        """What the events of the scan say, as the history keeps them."""
        table = {"paths": [str(self.root)], **settings}
        config = Config(sources={"code": table}, rules=RulesConfig(folders=rules))
        loaded = LoadedConfig(config=config, path=self.folder / "shadow-ai.toml")
        result = scan(loaded, url=self.url)
        assert result.exit_code == 0
        state = State(self.url)
        kept = [e for mark in state.findings() for e in state.events(mark)]
        state.close()
        last = result.document.scan.id
        return [f"{event.change}: {event.detail}" for event in kept if event.scan == last]

    def of(self, policy: str) -> Finding:
        state = State(self.url)
        (found,) = [one for one in state.findings().values() if one.policy == policy]
        state.close()
        return found


@pytest.fixture(params=["folder", "tree", "history"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    root = tmp_path / "repo"
    if request.param == "folder":
        (root / "src").mkdir(parents=True)
        (root / "src/app.py").write_text(USE)
        return Place(tmp_path, root)
    made = Repository(root)
    made.write("src/app.py", USE)
    made.commit()
    found = Place(tmp_path, root)
    if request.param == "tree":
        whole = found.scan
        found.scan = lambda rules=(), **more: whole(rules, history=False, **more)  # type: ignore[method-assign,misc]
    return found


@pytest.mark.parametrize("exclude", ["src/*", "src", "*.py"])
def test_what_is_excluded_since_is_held_and_not_gone(place: Place, exclude: str) -> None:
    place.scan()
    told = place.scan(exclude=[exclude])
    assert not [one for one in told if one.startswith("resolved")]
    assert [one for one in told if one.startswith("held: its place was not looked at")]
    assert place.of("SAI-001").status == "held"
    assert place.of("SAI-090").status.is_open
    assert place.scan(exclude=[exclude]) == []
    place.scan()
    assert {place.of(one).status for one in ("SAI-001", "SAI-090")} == {"open"}
    (place.root / "src/app.py").unlink()
    place.scan(exclude=[exclude])
    assert place.of("SAI-001").status == "held", "nobody has looked"
    place.scan()
    assert place.of("SAI-001").status == "resolved"


def test_what_is_elsewhere_too_stays_open_until_both_are_looked_at(place: Place) -> None:
    (place.root / "app").mkdir()
    (place.root / "app/main.py").write_text(USE)
    place.scan()
    place.scan(exclude=["src/*"])
    assert place.of("SAI-001").status == "open"
    (place.root / "app/main.py").unlink()
    place.scan(exclude=["src/*"])
    assert place.of("SAI-001").status == "held"


def test_what_is_in_an_archive_is_held_where_none_is_opened(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    with ZipFile(root / "old.zip", "w") as archive:
        archive.writestr("src/app.py", USE)
    place = Place(tmp_path, root)
    place.scan()
    place.scan(archives=False)
    assert place.of("SAI-090").status == "held"
    place.scan(exclude=["*.zip"])
    assert place.of("SAI-090").status == "held"


def test_a_part_that_is_no_longer_asked_for_is_not_gone(tmp_path: Path) -> None:
    """The key is in the history alone, of a repository that a listing names."""
    made = Repository(tmp_path / "repos/one")
    made.write("app.py", USE)
    made.commit()
    made.git("rm", "-q", "app.py")
    made.commit()
    place = Place(tmp_path, tmp_path / "repos")
    place.scan()
    assert place.of("SAI-090").status == "new"
    place.scan(history=False)
    assert place.of("SAI-090").status == "held"
    place.scan(history=False)
    assert place.of("SAI-090").status == "held", "the settings are those of the scan before"


def test_what_a_policy_said_that_is_gone_is_held(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "app.py").write_text(USE)
    (tmp_path / "own/policies").mkdir(parents=True)
    (tmp_path / "own/policies/own.yaml").write_text(POLICY)
    place = Place(tmp_path, root)
    place.scan(("own",))
    assert place.of("SAI-999").status == "new"
    assert "held: there is no policy SAI-999 any more: nobody judges it" in place.scan()
    assert place.of("SAI-999").status == "held"


def test_what_scanned_content_hides_is_suppressed_and_not_gone(place: Place) -> None:
    place.scan()
    ignore = place.root / ".shadow-ai-ignore"
    ignore.write_text("src/*\n")
    told = place.scan()
    assert "suppressed: suppressed by .shadow-ai-ignore in what was scanned" in told
    assert not [one for one in told if one.startswith("resolved")]
    found = place.of("SAI-001")
    assert (found.status, found.scan_status) == ("suppressed", "new")
    assert place.scan() == []
    ignore.unlink()
    assert "withdrawn: what was scanned no longer says to leave it out" in place.scan()
    assert place.of("SAI-001").status == "open"
    ignore.write_text("src/*\n")
    place.scan()
    (place.root / "src/app.py").unlink()
    assert [one for one in place.scan() if one.startswith("resolved")]
    assert place.of("SAI-001").status == "resolved"
