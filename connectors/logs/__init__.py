"""Traffic logs: proxies, name servers, firewalls, gateways, endpoints.

Bytes are searched for what may be AI before anything is parsed; a line that has it is taken apart,
and what it tells is added up. Owns no catalogue and stores no line.
"""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Annotated, Any

import msgspec

from connectors.logs import files as log_files
from connectors.logs.files import LogFile, Part
from connectors.logs.formats import formats
from connectors.logs.lines import Layout
from connectors.logs.tally import KINDS, Tally, gap
from scanner.kit.contract import (
    ConnectorSpec,
    Context,
    Mode,
    PermissionFormat,
    Probe,
    Shard,
    Watch,
)
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import ConfigError, Denied, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Gap, Item

_AHEAD = 3
"""Blocks that are searched while others are parsed."""
_MOST_PARSED = 1 << 16
"""Bytes of a line that are taken apart; of a longer one those around what was found."""
_SAMPLES = 3
_SAVED_EVERY = 4 << 30
"""Bytes of one file after which what was found is stored."""


class LogsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the logs are."""

    files: tuple[str, ...]
    """Files, folders, globs, ``-`` (standard input) or addresses of object stores
    (``s3://bucket/logs/``); plain, gz, zst or bz2."""
    name: str = "traffic"
    """What the place is called whose traffic this is; part of ids."""
    format: str = ""
    """Name of the only format to try; empty: each line is recognised by itself."""
    exclude: tuple[str, ...] = ()
    """Globs of file names that are not read."""
    large_upload_mib: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Requests that send at least so much are counted."""
    pseudonymize_env: str = ""
    """Environment variable that holds a key: people, devices and addresses become pseudonyms made
    with it, before anything is stored."""

    def __post_init__(self) -> None:
        if not self.files:
            raise ValueError("set `files`")
        names = [one.name for one in formats()]
        if self.format and self.format not in names:
            raise ValueError(f"there is no format {self.format!r}; there are {', '.join(names)}")


class LogsConnector:
    spec = ConnectorSpec(
        name="logs",
        title="Traffic logs",
        config=LogsConfig,
        operations=(),
        yields=frozenset({"logs.network", *KINDS}),
        docs_url="https://opentelemetry.io/docs/specs/semconv/gen-ai/",
        permission_format=PermissionFormat.FILESYSTEM,
        shards_at_once=2,
    )

    def shards(self, ctx: Context[LogsConfig]) -> Iterator[Shard]:
        yield Shard(
            id=ShardId(f"logs:{ctx.config.name}"),
            mode=Mode.INCREMENTAL,
            title=f"traffic of {ctx.config.name}",
        )

    def collect(
        self, ctx: Context[LogsConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        watch = ctx.watch
        if watch is None:
            raise ConfigError("logs: there are no rules to look for")
        ident = NodeId(f"logs:{ctx.config.name}")
        yield Account(
            id=ident,
            kind="logs.network",
            name=ctx.config.name,
            provider="",
            evidence=(Evidence(rule="logs", source="logs", resource=ident),),
        )
        reading = _Reading(ctx, watch, _Cursor.of(since))
        found, gaps = _files(ctx)
        yield from gaps
        if gaps and not found:
            raise Denied(gaps[0].reason) if gaps[0].denied else Unavailable(gaps[0].reason)
        with ThreadPoolExecutor(_AHEAD, thread_name_prefix="logs") as pool:
            for file in found:
                yield from reading.file(file, pool)
        reading.cursor.forget(keep_others=bool(gaps))
        yield Checkpoint(cursor=reading.cursor.text)

    def probe(self, ctx: Context[LogsConfig]) -> Iterator[Probe]:
        found, gaps = _files(ctx)
        for one in gaps:
            yield Probe(check=one.what, ok=False, detail=one.reason)
        for file in found:
            try:
                if file.path != "-":
                    with log_files.opened(file) as stream:
                        stream.read(1)
                yield Probe(check=file.path, ok=True, detail="readable")
            except SourceError as error:
                yield Probe(check=file.path, ok=False, detail=str(error))


def _files(ctx: Context[LogsConfig]) -> tuple[list[LogFile], list[Gap]]:
    found: dict[str, LogFile] = {}
    gaps: list[Gap] = []
    for named in ctx.config.files:
        try:
            for file in log_files.listed(ctx.folder, named, ctx.config.exclude):
                found.setdefault(file.path, file)
        except SourceError as error:
            gaps.append(Gap(what=named, reason=str(error), denied=isinstance(error, Denied)))
    return list(found.values()), gaps


@dataclass
class _Cursor:
    """How far every file has been read, by how it begins."""

    at: dict[str, int] = field(default_factory=dict)
    columns: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, since: Checkpoint | None) -> _Cursor:
        if since is None or not since.cursor:
            return cls()
        try:
            told = msgspec.json.decode(since.cursor, type=dict[str, int])
        except msgspec.MsgspecError:
            return cls()
        return cls(at=told)

    @property
    def text(self) -> str:
        return msgspec.json.encode(dict(sorted(self.at.items()))).decode()

    def find(self, head: bytes) -> tuple[str, int]:
        """Name of the file that begins so, and how far it was read."""
        for name, offset in self.at.items():
            if log_files.is_beginning(name, head):
                return name, offset
        return log_files.beginning(head), 0

    def move(self, old: str, head: bytes, offset: int) -> str:
        """A file that was short is known by more of its beginning from now on."""
        self.at.pop(old, None)
        name = log_files.beginning(head)
        self.at[name] = offset
        self.seen.add(name)
        return name

    def forget(self, *, keep_others: bool) -> None:
        """Files that are no longer there."""
        if not keep_others:
            self.at = {name: at for name, at in self.at.items() if name in self.seen}


class _Reading:
    def __init__(self, ctx: Context[LogsConfig], watch: Watch, cursor: _Cursor) -> None:
        self._config = ctx.config
        self._watch = watch
        self.cursor = cursor
        self._key = b""
        if ctx.config.pseudonymize_env:
            self._key = ctx.environ.get(ctx.config.pseudonymize_env, "").encode()
            if not self._key:
                raise ConfigError(
                    f"logs: the variable {ctx.config.pseudonymize_env} is empty; put the key for "
                    "pseudonyms into it"
                )

    def _tally(self) -> Tally:
        large = self._config.large_upload_mib << 20
        return Tally(self._watch, self._config.name, large, self._key)

    def file(self, file: LogFile, pool: ThreadPoolExecutor) -> Iterator[Item]:
        """What one file tells, then how far it was read."""
        try:
            with log_files.opened(file) as stream:
                yield from self._stream(file, stream, pool)
        except SourceError as error:
            yield Gap(what=file.path, reason=str(error), denied=isinstance(error, Denied))

    def _stream(self, file: LogFile, stream: Any, pool: ThreadPoolExecutor) -> Iterator[Item]:
        head, trouble = log_files.read(stream)
        layout = Layout(year=file.year, forced=self._config.format)
        layout.begin(head[: 1 << 16])
        name, offset = self.cursor.find(head) if file.path != "-" else ("", 0)
        begins, done, size = head, 0, log_files.plain_size(file)
        if offset and size >= 0:
            done = log_files.next_line(file, offset)
        elif offset:
            head, done = _skipped(stream, head, offset)
        samples: list[str] = []
        tally, saved, is_broken = self._tally(), done, None
        try:
            searched = (
                _searched_parts(file, done, size, self._watch, pool)
                if size >= 0
                else _searched(log_files.blocks(stream, head, trouble), self._watch, pool)
            )
            for block, places in searched:
                _read_block(block, places, layout, tally, file.path, samples)
                done += block.stop - block.start
                if done - saved > _SAVED_EVERY:
                    yield from tally.items()
                    tally, saved = self._tally(), done
        except SourceError as error:  # the rest of the file: what was read so far is told
            is_broken = error
        except (OSError, EOFError, ValueError, zlib.error) as error:
            is_broken = Unavailable(f"{file.path}: {error}")
        yield from tally.items()
        if layout.unknown:
            yield gap(file.path, layout.unknown, samples)
        if is_broken is not None:
            yield Gap(what=file.path, reason=str(is_broken))
            return
        if name:
            self.cursor.move(name, begins, done)
            yield Checkpoint(cursor=self.cursor.text)


def _skipped(stream: Any, head: bytes, offset: int) -> tuple[bytes, int]:
    """What of a file is new, and where that begins; a line whose end came later is not new."""
    if offset <= len(head):
        rest, at = head[offset:], offset
        before = head[offset - 1 : offset]
    else:
        at, before = len(head), b""
        while at < offset:
            data = stream.read(min(log_files.BLOCK, offset - at))
            if not data:
                return b"", offset
            at += len(data)
            before = data[-1:]
        rest = b""
    if before != b"\n":
        cut = rest.find(b"\n") + 1
        if not cut:
            more = stream.read(log_files.BLOCK)
            rest += more
            cut = rest.find(b"\n") + 1
        rest, at = (rest[cut:], at + cut) if cut else (b"", at + len(rest))
    return rest, at


Searched = tuple[Part, list[int]]


def _ahead(jobs: Iterator[Future[Searched]]) -> Iterator[Searched]:
    """Some blocks are searched while another is parsed, and no more are held."""
    waiting: deque[Future[Searched]] = deque()
    trouble: Exception | None = None
    try:
        for job in jobs:
            waiting.append(job)
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()
    except (SourceError, OSError, EOFError, ValueError, zlib.error) as error:
        # What was read before a file broke is told.
        trouble = error
    while waiting:
        yield waiting.popleft().result()
    if trouble is not None:
        raise trouble


def _searched(
    blocks: Iterator[bytes], watch: Watch, pool: ThreadPoolExecutor
) -> Iterator[Searched]:
    """Blocks of a stream with the places that were found in them."""

    def search(block: bytes) -> Searched:
        return Part(block, 0, len(block)), watch.places(block)

    return _ahead(pool.submit(search, block) for block in blocks)


def _searched_parts(
    file: LogFile, begin: int, end: int, watch: Watch, pool: ThreadPoolExecutor
) -> Iterator[Searched]:
    """Blocks of a plain file: reading, too, is done side by side."""
    descriptor = os.open(file.path, os.O_RDONLY)

    def search(at: int) -> Searched:
        found = log_files.part(descriptor, begin, at, end)
        view = memoryview(found.data)[found.start : found.stop]
        return found, [found.start + place for place in watch.places(view)]

    starts = range(begin, end, log_files.BLOCK)
    jobs = [] if begin >= end else starts
    running: list[Future[Searched]] = []

    def submitted() -> Iterator[Future[Searched]]:
        for at in jobs:
            running.append(pool.submit(search, at))
            yield running[-1]
            del running[: max(0, len(running) - 2 * _AHEAD)]

    try:
        yield from _ahead(submitted())
    finally:
        wait(running)  # none of them reads from a descriptor that is closed
        os.close(descriptor)


def _read_block(
    part: Part, places: list[int], layout: Layout, tally: Tally, path: str, samples: list[str]
) -> None:
    """Every line that has one of the places, once."""
    place = f"server of {PurePath(path).name}"
    block, behind = part.data, part.start
    for end in places:
        if end <= behind:
            continue
        start = max(block.rfind(b"\n", part.start, end) + 1, part.start)
        stop = block.find(b"\n", end, part.stop)
        behind = stop if stop >= 0 else part.stop
        line = block[start:behind]
        if len(line) > _MOST_PARSED:
            line = block[max(start, end - _MOST_PARSED // 2) : end + _MOST_PARSED // 2]
        unknown = layout.unknown
        told = [record for record in layout.records(line) if tally.add(record, place)]
        if layout.unknown > unknown:
            if not told:
                layout.unknown = unknown  # it only looked like one
            elif len(samples) < _SAMPLES:
                samples.append(told[0].host)


CONNECTOR = LogsConnector()
