"""A repository to which nobody has pushed is not read again; the forge says whether."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from scanner.kit.contract import Context, Shard
from scanner.kit.forge.collecting import Access, collect_part
from scanner.kit.forge.plan import HISTORY, TREE
from scanner.kit.forge.repository import Repository, encoded
from scanner.kit.forge.settings import GitSettings
from scanner.kit.limits import Limits
from scanner.model.base import ShardId
from scanner.model.items import AsOf

_NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
_PUSHED = "2026-04-30T08:00:00Z"
_PLAIN = Repository(
    full_name="acme/app", clone_url="https://forge.example/acme/app.git",
    pushed_at=_PUSHED, refs_mark=_PUSHED,
)  # fmt: skip


def _mark(tmp_path: Path, part: str = TREE, **said: object) -> str:
    """The first item's; empty: it is no mark. Nothing is fetched for it."""
    settings = GitSettings(cache_folder=str(tmp_path), free_disk_gib=0)
    context: Context[GitSettings] = Context(
        config=settings, examine=lambda *_: (), limits=Limits(), now=lambda: _NOW
    )
    repository = msgspec.structs.replace(_PLAIN, **said)
    shard = Shard(
        id=ShardId("forge:acme/app"), scope={"repository": encoded(repository), "part": part}
    )
    access = replace(Access("forge", settings, lambda _: _refused()), holder_rule="listing")
    first = next(collect_part(context, shard, access))
    return first.mark if isinstance(first, AsOf) else ""


def _refused() -> str:
    pytest.fail("a repository that has not changed is asked for")


@pytest.mark.parametrize("part", [TREE, HISTORY])
def test_nothing_is_asked_for_to_know_that_nothing_has_changed(tmp_path: Path, part: str) -> None:
    assert _mark(tmp_path, part) == _mark(tmp_path, part) != ""


def test_a_push_and_what_the_forge_says_otherwise_make_another_state(tmp_path: Path) -> None:
    marks = [
        _mark(tmp_path),
        _mark(tmp_path, refs_mark="2026-04-30T09:00:00Z", pushed_at="2026-04-30T09:00:00Z"),
        _mark(tmp_path, is_archived=True),
        _mark(tmp_path, visibility="public"),
    ]
    assert "" not in marks
    assert len(set(marks)) == 4


def test_a_push_of_just_now_and_a_forge_that_tells_nothing_are_read(tmp_path: Path) -> None:
    just_now = "2026-05-01T11:59:30Z"
    for said in ({"pushed_at": just_now, "refs_mark": just_now}, {"refs_mark": ""}):
        with pytest.raises(pytest.fail.Exception, match="asked for"):
            _mark(tmp_path, **said)
