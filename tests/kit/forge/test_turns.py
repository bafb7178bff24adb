"""Where a forge allows fewer calls than all repositories take, every scan covers others."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connectors.github import CONNECTOR, GitHubConfig
from scanner.detect.engine import Detector
from scanner.kit.forge.settings import GitSettings
from scanner.model.errors import Throttled
from scanner.model.items import Remembered
from tests.connectors.github.world import github, repository
from tests.forge_rig.api import Fault, Reply
from tests.forge_rig.seeded import NOW, TOKEN, Read, context

MANY = 9
NAMES = [f"acme/r{number}" for number in range(MANY)]


@pytest.mark.parametrize("denied", [(), NAMES[:4]], ids=["all-answer", "some-refuse"])
def test_all_are_read_after_some_scans(
    detector: Detector, tmp_path: Path, denied: tuple[str, ...]
) -> None:
    memory: dict[str, bytes] = {}
    told: list[set[str]] = []

    def scan(url: str, number: int) -> None:
        git = GitSettings(clone=False)
        config = GitHubConfig(api_url=url, organizations=("acme",), audit=False, git=git)
        ctx = context(config, detector, {"GITHUB_TOKEN": TOKEN})
        ctx.folder = tmp_path
        ctx.now = lambda: NOW.replace(hour=number)
        ctx.recall = lambda shard: memory.get(shard, b"")
        read = Read(CONNECTOR, ctx)
        for shard, items in read.items.items():
            for item in items:
                if isinstance(item, Remembered):
                    memory[shard] = item.data
        missed = {shard for shard, error in read.errors.items() if isinstance(error, Throttled)}
        assert not [shard for shard in missed if shard.count("/") < 3], "the owner goes first"
        told.append({shard.split("/")[-2] for shard in read.shards.keys() - missed
                     if shard.count("/") == 3})  # fmt: skip

    reset = str(int(time.time()) + 1800)
    spent = Reply(
        {"message": "API rate limit exceeded"},
        403,
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset},
    )
    refused = Reply({"message": "Resource not accessible by personal access token"}, 403)
    with github(tmp_path, repositories=lambda world: [repository(name) for name in NAMES]) as world:
        limit = Fault("", reply=spent, after=100)
        world.forge.faults.append(limit)
        world.forge.faults += [Fault(f"/repos/{name}/", reply=refused) for name in denied]
        for number in range(6):
            limit.seen = 0  # an hour later
            scan(world.forge.url, number)
            assert limit.seen <= limit.after + 1, "who was told to wait does not ask again"
    short = {f"r{number}" for number in range(MANY)}
    assert 0 < len(told[0]) < MANY, "one scan is not enough"
    assert set().union(*told) == short
