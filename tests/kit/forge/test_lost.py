"""A key that was pushed over is still leaked, whether or not our own clone still has it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.forge.lost import read_lasting
from scanner.kit.forge.settings import GitSettings
from scanner.kit.git.history import Options, read_history
from scanner.kit.git.process import Git
from scanner.kit.limits import Limits
from scanner.model.base import NodeId
from scanner.model.items import Gap, Item, Remembered, Sighting
from scanner.rulebook.examples import expand
from tests.conftest import Repository

KEY = expand("sk-ant-api03-{b64url:93}AA", "pushed over")


class Scans:
    """One history shard, scan after scan, with what is remembered in between."""

    def __init__(self, detector: Detector, folder: Path) -> None:
        self.work = Repository(folder / "work")
        self.clone = folder / "clone.git"
        self.memory = b""
        self.wrote = False
        self.warned: list[str] = []
        self.context: Context[GitSettings] = Context(
            config=GitSettings(), examine=detector.examine, limits=Limits(),
            make_sieve=lambda: detector.sieve, warn=self.warned.append,
        )  # fmt: skip

    def evict(self) -> None:
        shutil.rmtree(self.clone)

    def scan(self, *, is_empty: bool = False) -> list[Item]:
        """As the cache fetches: what the forge rewrote is overwritten, objects stay."""
        if not is_empty:
            if not self.clone.exists():
                self.work.git("init", "-q", "--bare", str(self.clone))
            refs = "+refs/heads/*:refs/heads/*"
            self.work.git(
                "-C", str(self.clone), "fetch", "-q", "--prune", str(self.work.root), refs
            )
        self.warned.clear()
        git = None if is_empty else Git(self.clone)
        options = Options(32 << 20, memory=self.memory)
        found = list(read_lasting(git, NodeId("git:acme/app"), self.context, options))
        left = [item.data for item in found if isinstance(item, Remembered)]
        assert len(left) <= 1
        self.wrote = bool(left)
        self.memory = left[0] if left else self.memory
        return found

    def paths(self, *, is_empty: bool = False) -> list[str]:
        found = self.scan(is_empty=is_empty)
        return [item.place.path for item in found if isinstance(item, Sighting)]


@pytest.fixture
def scans(detector: Detector, tmp_path: Path) -> Scans:
    made = Scans(detector, tmp_path)
    made.work.write("readme", "nothing\n")
    made.work.commit("first")
    made.work.write("app.py", f"k = '{KEY}'\n")
    made.work.commit("leaks")
    assert made.paths() == ["app.py"]
    return made


def _push_over(work: Repository) -> None:
    """The forge serves the leak no more: gone from every branch, and from its objects."""
    work.git("reset", "-q", "--hard", "HEAD~1")
    work.git("reflog", "expire", "--expire=now", "--all")
    work.git("gc", "-q", "--prune=now")


def test_what_was_pushed_over_lasts_longer_than_the_clone(scans: Scans) -> None:
    _push_over(scans.work)
    assert scans.paths() == ["app.py"], "our clone keeps what was fetched"
    assert scans.warned == []
    scans.evict()
    for _ in range(3):
        found = scans.scan()
        shown = [item for item in found if isinstance(item, Sighting)]
        assert [one.place.path for one in shown] == ["app.py"]
        assert shown[0].place.commit, "when and by whom is still told"
        assert "1 key was in its history, and no branch leads there any more" in scans.warned[0]
        assert not any(isinstance(item, Gap) for item in found)
    assert not scans.wrote, "nothing new to remember of an unchanged repository"
    assert KEY.encode() not in scans.memory
    scans.evict()
    assert scans.paths(is_empty=True) == ["app.py"], "an emptied repository has leaked it, too"


def test_what_comes_back_is_what_is_there(scans: Scans) -> None:
    scans.work.git("branch", "kept")
    scans.work.git("reset", "-q", "--hard", "HEAD~1")
    kept = scans.work.git("rev-parse", "kept")
    scans.work.git("update-ref", "-d", "refs/heads/kept")
    scans.evict()
    assert scans.paths() == ["app.py"]
    assert scans.warned
    scans.work.git("branch", "kept", kept.strip())
    assert scans.paths() == ["app.py"], "once, not twice"
    assert scans.warned == []


def test_a_new_clone_of_an_unchanged_repository_says_the_same(scans: Scans) -> None:
    scans.evict()
    assert scans.paths() == ["app.py"]
    assert scans.warned == []


def test_what_is_here_and_no_longer_counts_is_not_held(
    scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is read again and nothing is found: rules have changed, and nothing is lost."""
    monkeypatch.setattr(scans.context, "examine", lambda *asked: ())
    monkeypatch.setattr(scans.context, "make_sieve", lambda: None)
    monkeypatch.setattr(scans.context, "_kept", {})
    scans.evict()
    assert scans.paths() == []
    assert scans.warned == []


def test_what_cannot_be_read_this_time_is_known_the_next(scans: Scans) -> None:
    """A gap holds the finding; the memory must not forget it meanwhile."""
    blob = scans.work.git("rev-parse", "HEAD:app.py")
    (scans.clone / "objects" / blob[:2] / blob[2:]).unlink()
    gaps = [item for item in scans.scan() if isinstance(item, Gap)]
    assert gaps
    _push_over(scans.work)
    scans.evict()
    assert scans.paths() == ["app.py"]


def test_a_memory_of_an_earlier_version_is_taken_over(scans: Scans) -> None:
    options = Options(32 << 20)
    found = list(read_history(Git(scans.clone), NodeId("git:acme/app"), scans.context, options))
    scans.memory = next((i.data for i in found if isinstance(i, Remembered)), b"")
    assert scans.memory
    assert scans.paths() == ["app.py"]
    _push_over(scans.work)
    scans.evict()
    assert scans.paths() == ["app.py"]
