"""A connector whose shards get into trouble as their configuration says, for scans that are run as
processes: it kills its own process, stops it, fails, hangs, waits or grows. It is found as a third
party's is, by an entry point.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from scanner.kit.contract import ConnectorSpec, Context, Mode, Shard
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import Denied, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import AsOf, Checkpoint, Content, Item, Place, Remembered


class _Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    shards: int = 10
    logs: int = 0
    """Shards more, each a log of so many pages of which every one has its checkpoint."""
    assets: int = 5
    journal: str
    """Folder: a file a reading that was begun, and one a page that was."""
    token_env: str = "TROUBLED_TOKEN"
    seconds: float = 0.0
    mib: int = 0
    dies: tuple[str, ...] = ()
    dies_once: tuple[str, ...] = ()
    stops_once: tuple[str, ...] = ()
    hangs: tuple[str, ...] = ()
    """Wait for ten minutes between two things, as in a call that does not come back."""
    lists_slowly: bool = False
    """The list does so at its end."""
    pool: bool = False
    """What hangs has a thread of a pool that hangs with it."""
    secret: str = ""
    version: str = ""
    peer: int = 0
    """Port of the source on this machine, which is asked before each thing; 0: there is none."""


class _Troubled:
    spec = ConnectorSpec(
        name="troubled", title="Troubled", config=_Config, operations=(),
        yields=frozenset({"troubled.app"}), docs_url="",
    )  # fmt: skip

    def shards(self, ctx: Context[_Config]) -> Iterator[Shard]:
        for number in range(ctx.config.shards):
            yield Shard(id=ShardId(f"troubled:{number}"), listed_by="troubled:list")
        for number in range(ctx.config.logs):
            yield Shard(id=ShardId(f"troubled:log-{number}"), mode=Mode.INCREMENTAL)
        if ctx.config.lists_slowly:
            _hang(ctx.config)

    def collect(
        self, ctx: Context[_Config], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        config = ctx.config
        if not ctx.environ.get(config.token_env):
            raise Denied(f"{config.token_env} is not set")
        name = shard.id.partition(":")[2]
        journal = Path(config.journal)
        (journal / f"read-{name}-{os.getpid()}-{time.monotonic_ns()}").touch()
        if shard.mode is Mode.INCREMENTAL:
            yield from _pages(name, config, since)
            return
        if config.version:
            yield AsOf(mark=config.version)
            (journal / f"whole-{name}-{time.monotonic_ns()}").touch()
        held = bytearray(os.urandom(1)) * (config.mib << 20)
        for number in range(config.assets):
            yield _asset(f"{name}-{number}")
            yield Edge(
                source=NodeId(f"troubled:{name}-{number}"),
                target=NodeId(f"troubled:{name}-0"),
                relation=Relation.CALLS,
                evidence=(Evidence(rule="made", source="troubled", path=name),),
            )
            _ask(config)
            _pause(config.seconds / config.assets)
            if number == config.assets // 2:
                _trouble(name, config, journal)
        place = Place(subject=NodeId(f"troubled:{name}-0"), path=f"{name}.py")
        written = f"import openai\nkey = '{config.secret[::-1]}'\n"
        yield Content(place=place, data=written.encode())
        yield Remembered(data=(ctx.recall(shard.id) or b"0") + b"+")
        del held


def _pages(name: str, config: _Config, since: Checkpoint | None) -> Iterator[Item]:
    """Each event once: what is counted twice or never shows in the counts."""
    for page in range(int(since.cursor) if since else 0, config.assets):
        _pause(config.seconds / config.assets)
        if page == config.assets // 2:
            _trouble(name, config, Path(config.journal))
        _ask(config)
        yield _asset(f"{name}-of-all", count=10)
        _ask(config)
        yield _asset(f"{name}-{page}")
        yield Checkpoint(cursor=str(page + 1))


def _ask(config: _Config) -> None:
    if not config.peer:
        return
    try:
        with socket.create_connection(("127.0.0.1", config.peer), timeout=5) as source:
            answer = source.recv(3)
    except OSError as error:
        raise Unavailable(f"the source: {error}") from error
    if answer != b"200":
        raise Denied(f"the source: HTTP {answer.decode()}; the token has expired")


def _pause(seconds: float) -> None:
    """Not by ``time.sleep``, which libfaketime breaks."""
    select.select([], [], [], seconds)


def _trouble(name: str, config: _Config, journal: Path) -> None:
    if name in config.dies or (name in config.dies_once and _is_first(journal / f"died-{name}")):
        os.kill(os.getpid(), signal.SIGKILL)
    if name in config.hangs:
        _hang(config)
    if name in config.stops_once and _is_first(journal / f"stopped-{name}"):
        (journal / f"pid-{os.getpid()}").touch()
        os.kill(os.getpid(), signal.SIGSTOP)


def _hang(config: _Config) -> None:
    if config.pool:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(time.sleep, 600).result()
    time.sleep(600)


def _is_first(mark: Path) -> bool:
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _asset(name: str, count: int = 1) -> Asset:
    evidence = (Evidence(rule="made", source="troubled", path=name, count=count),)
    return Asset(
        id=NodeId(f"troubled:{name}"), kind="troubled.app", name=name, provider="openai",
        asset_class=AssetClass.SAAS_APP, evidence=evidence,
    )  # fmt: skip


CONNECTOR = _Troubled()
