"""What is read of a repository is not for its own settings to choose."""

from __future__ import annotations

import pytest

from scanner.kit.git.changes import between
from scanner.kit.git.origins import origins
from scanner.kit.git.process import Git
from tests.conftest import Repository

_HOW = ("off", "first-parent", "combined", "cc", "remerge")


@pytest.fixture
def merged(repository: Repository) -> Repository:
    """A merge that brings a file of its own, which the next commit removes."""
    repository.write("a.txt", "a\n")
    repository.commit("base")
    repository.git("tag", "base")
    repository.git("checkout", "-q", "-b", "side")
    repository.write("side.txt", "side\n")
    repository.commit("side")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "--no-commit", "side")
    repository.write("m.txt", "of the merge\n")
    repository.commit("merged, and more")
    repository.git("tag", "merge")
    repository.git("rm", "-q", "m.txt")
    repository.commit("removed")
    return repository


@pytest.mark.parametrize("how", _HOW)
def test_where_a_merge_s_own_file_stood_is_known(merged: Repository, how: str) -> None:
    merged.git("config", "log.diffMerges", how)
    blob = merged.git("rev-parse", "merge:m.txt")

    found = origins(Git(merged.root), {blob}, ())

    assert found.problem == ""
    (first,) = [stay.first for stay in found.stays[blob].values()]
    assert first is not None
    assert first.oid == merged.git("rev-parse", "merge")


def test_each_commit_of_a_range_is_told_with_its_files(merged: Repository) -> None:
    change = between(Git(merged.root), "base")

    paths = [one.path for one in change.added if one.is_file]
    assert sorted(paths) == ["m.txt", "side.txt"]
    messages = {one.commit for one in change.added if one.path == "(commit message)"}
    assert messages == set(merged.git("rev-list", "base..main").split())
    assert not change.left
