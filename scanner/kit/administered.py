"""An organization's administration as a connector, told as data: lists, logs and exported files.

Owns shards and their modes, windows and cursors, the records of files, and doctor. A source brings
its operations, how each part is asked for, and what a record means; no part catches a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec

from scanner.kit.clocks import Clock
from scanner.kit.contract import ConnectorSpec, Context, Mode, Operation, Probe, Shard
from scanner.kit.counted import Counted, in_turn, of_file, of_list, of_log
from scanner.kit.envelopes import unwrapped
from scanner.kit.folding import Fold
from scanner.kit.grouped import Grouped, Rest, grains_of
from scanner.kit.http import ReadOnlySession
from scanner.kit.named import Names
from scanner.kit.overlooked import Happened, Novel, Overlooked
from scanner.kit.records import read_records
from scanner.kit.spelling import Spelling
from scanner.kit.told import check_address
from scanner.kit.windows import Log, read_log
from scanner.model.base import ShardId
from scanner.model.errors import Denied, SourceError
from scanner.model.facts import Fact
from scanner.model.items import Activity, Checkpoint, Gap, Item


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every such source has; a source adds its own."""

    organization: str
    """What it is called here; its nodes are named by it."""
    token_env: str = ""
    """Environment variable that holds the token; the token itself is never in a file."""
    url: str = ""
    """Of the API: another address, a gateway."""
    live: bool = True
    """Read the API; `false` reads `files` alone."""
    parts: tuple[str, ...] = ()
    """What to read of the API."""
    files: tuple[str, ...] = ()
    """Exports to read as well: JSON, JSONL and CSV, gz too, also as SIEMs wrap them."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 0
    """How far back the first reading of a log goes; 0: as `scan.window_days` says."""
    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 7)] = 24
    """How late events may come; what was counted of that time is not counted again."""

    def __post_init__(self) -> None:
        if self.live:
            check_address(self.url, self.organization)
        if "/" in self.organization or not self.organization.strip():
            raise ValueError("`organization` must be a name without a slash")
        if not self.live and not self.files:
            raise ValueError("set `files`, or leave `live` on")


@dataclass(frozen=True)
class Reading:
    """What a part is read with."""

    ctx: Context[Any]
    org: str
    access: Any
    """What the source's own ``access`` has made: most often a session."""
    counted: Counted = field(default_factory=Counted)
    """Of a part that tells events."""


@dataclass(frozen=True)
class Listed:
    """A part that is told whole each time. ``read`` raises the source errors."""

    name: str
    operation: Operation
    read: Callable[[Reading], Iterator[Item]]
    counts: bool = False
    """It tells events, which files may tell, too: see :mod:`scanner.kit.counted`."""


@dataclass(frozen=True)
class Logged:
    """A log by time. ``events``: those of a window, in any order; None for what is none."""

    name: str
    operation: Operation
    events: Callable[[Reading, datetime, datetime], Iterable[Happened | Novel | None]]
    kept: timedelta
    """How long the source keeps it."""
    span: timedelta = timedelta(days=7)
    """Of one window: after each a scan can go on."""


@dataclass(frozen=True)
class Spread:
    """A part of things that the source lists, a shard each. ``shards``: cheap, and ``read`` of one
    of them by its scope; both raise the source errors. The scope's ``part`` is the name."""

    name: str
    operation: Operation
    shards: Callable[[Reading], Iterator[Shard]]
    read: Callable[[Reading, Mapping[str, str]], Iterator[Item]]


Part = Listed | Logged | Spread
Understood = Happened | Novel | list[Item] | None


@dataclass(frozen=True)
class Kind:
    """A kind of record in a file: what tells it from others, and what it tells."""

    fits: Callable[[Mapping[str, Any]], bool]
    told: Callable[[Mapping[str, Any], str], Understood]
    parts: Callable[[Mapping[str, Any]], Iterable[Mapping[str, Any]]] | None = None
    """Of a record that holds several things, each of which counts once by itself."""


@dataclass(frozen=True)
class Administration:
    """A connector. ``kinds``: of records in files, the most exact first. ``access``: made once a
    run; raises ``Denied`` where no token is set."""

    spec: ConnectorSpec
    names: Names
    parts: tuple[Part, ...]
    kinds: tuple[Kind, ...]
    access: Callable[[Context[Any]], Any]
    expected: str = "records of this source"
    """What a file may hold, for people."""
    spelling: Spelling | None = None
    """The fields of its records, which tables and warehouses spell otherwise."""
    grouped: tuple[Grouped, ...] = ()
    """Sums among the kinds that several exports may tell, more or less finely."""
    _by_name: dict[str, Part] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._by_name.update({one.name: one for one in self.parts})

    def shards(self, ctx: Context[Any]) -> Iterator[Shard]:
        yield from in_turn(self._shards(ctx), self._counts)

    def _counts(self, shard: Shard) -> bool:
        part = self._by_name.get(shard.scope["part"])
        return (
            part is None or isinstance(part, Logged) or (isinstance(part, Listed) and part.counts)
        )

    def _shards(self, ctx: Context[Any]) -> Iterator[Shard]:
        config, source = ctx.config, self.spec.name
        for name in config.parts if config.live else ():
            part = self._by_name[name]
            if isinstance(part, Spread):
                yield from part.shards(self._reading(ctx))
                continue
            is_log = isinstance(part, Logged)
            yield Shard(
                id=ShardId(f"{source}:{config.organization}/{name}"),
                scope={"part": name},
                mode=Mode.INCREMENTAL if is_log else Mode.FULL,
            )
        for name in config.files:
            yield Shard(
                id=ShardId(f"{source}:file:{name}"), scope={"file": name, "part": ""}
            )  # fmt: skip

    def collect(self, ctx: Context[Any], shard: Shard, since: Checkpoint | None) -> Iterator[Item]:
        org = ctx.config.organization
        if not shard.scope["part"]:
            name = shard.scope["file"]
            path = ctx.folder / Path(name).expanduser()
            source = self.spec.name
            rest = Rest(grains_of(ctx, source, self.grouped, self.spelling), name)
            yield from read_file(
                path, name, org, self.kinds, self.expected, self.spelling, source, ctx.now(),
                of_file(ctx, shard), ctx, rest,
            )  # fmt: skip
            yield self.names.account(org, "file")
            return
        part = self._by_name[shard.scope["part"]]
        reading = self._reading(ctx)
        if isinstance(part, Listed):
            if part.counts:
                reading = replace(reading, counted=of_list(ctx, shard))
            yield from part.read(reading)
            yield self.names.account(org, part.operation.id)  # it has answered
            return
        if isinstance(part, Spread):
            yield from part.read(reading, shard.scope)
            return
        counted, asked = of_log(ctx, shard), _window(part, reading)
        for item in read_log(_log(ctx, part), asked, ctx.now(), since, counted, ctx):
            if isinstance(item, Checkpoint):
                yield self.names.account(org, part.operation.id)
            yield item

    def probe(self, ctx: Context[Any]) -> Iterator[Probe]:
        for name in ctx.config.parts if ctx.config.live else ():
            part = self._by_name[name]
            trouble = _trouble(part, lambda: self._reading(ctx), ctx)
            remedy = f"grant {part.operation.permission}, or leave `{name}` out of `parts`"
            yield Probe(
                check=part.operation.id, ok=not trouble, detail=trouble or "readable",
                remedy=remedy if trouble else "",
            )  # fmt: skip
        for name in ctx.config.files:
            there = (ctx.folder / Path(name).expanduser()).is_file()
            detail = "readable" if there else "no such file; check `files`"
            yield Probe(check=f"read {name}", ok=there, detail=detail)

    def _reading(self, ctx: Context[Any]) -> Reading:
        org = ctx.config.organization
        made = ctx.kept(f"{self.spec.name}:{org}", lambda: self.access(ctx))
        return Reading(ctx=ctx, org=org, access=made)


def _log(ctx: Context[Any], part: Logged) -> Log:
    return Log(
        name=f"{part.name} of {ctx.config.organization}",
        kept=part.kept,
        first=timedelta(days=ctx.config.since_days or ctx.window_days),
        span=part.span,
        overlap=timedelta(hours=ctx.config.overlap_hours),
    )


def _window(
    part: Logged, reading: Reading
) -> Callable[[datetime, datetime], Iterator[Happened | Novel | None]]:
    def events(begin: datetime, end: datetime) -> Iterator[Happened | Novel | None]:
        for one in part.events(reading, begin, end):
            at = (one.event if isinstance(one, Novel) else one)[1] if one else ""
            yield one if at else None  # without a time it is in no window

    return events


def _trouble(
    part: Part, reading: Callable[[], Reading], ctx: Context[Any]
) -> str:  # fmt: skip
    """Why the first of a part cannot be read; empty: it can."""
    try:
        if isinstance(part, Spread):
            shard = next(iter(part.shards(reading())), None)
            found = part.read(reading(), shard.scope) if shard else ()
            return _refusal(next(iter(found), None))
        if isinstance(part, Listed):
            first = next(iter(part.read(reading())), None)
            return _refusal(first)
        now = ctx.now()
        next(iter(part.events(reading(), now - timedelta(hours=1), now)), None)
    except SourceError as error:
        return str(error)
    return ""


def _refusal(first: Item | None) -> str:
    return first.reason if isinstance(first, Gap) and first.denied else ""


def read_file(
    path: Path, name: str, org: str, kinds: tuple[Kind, ...], expected: str,
    spelling: Spelling | None = None, source: str = "", now: datetime | None = None,
    counted: Counted | None = None, ctx: Context[Any] | None = None, rest: Rest | None = None,
) -> Iterator[Item]:  # fmt: skip
    """What one file tells, each event once. ``now``: of the scan; no event is later. ``counted``:
    what other readings have counted; ``ctx``: for events that tell nothing. Records that are none
    are one gap, with the place of the first; a damaged file gives what was before the damage, then
    ``Unavailable``."""
    clock = Clock(now) if now is not None else None
    fold, listed = Fold(clock=clock), Fold(clock=clock)
    book = _Book(counted or Counted(), Overlooked(ctx))
    odd: list[int] = []
    trouble: SourceError | None = None

    def fits(record: Mapping[str, Any]) -> bool:
        return any(kind.fits(record) for kind in kinds)

    try:
        for number, record in read_records(path, name, "`files`"):
            inner = unwrapped(record, fits, spelling=spelling, source=source)
            kind = next((one for one in kinds if inner is not None and one.fits(inner)), None)
            if kind is None or inner is None:
                odd.append(number)
                continue
            inner = rest.of(inner, number) if rest is not None else inner
            for one in kind.parts(inner) if kind.parts else (inner,):
                found = kind.told(one, org)
                if found is None:
                    odd.append(number)
                elif isinstance(found, list):
                    yield from _passed(found, listed)
                else:
                    for stated in book.told(found, number):
                        fold.add(stated)
    except SourceError as error:
        trouble = error
    yield from book.taken(fold, is_whole=trouble is None)
    yield from listed.take()
    if odd:
        yield Gap(what=f"{name}:{odd[0]}", reason=f"{len(odd)} records are no {expected}")
    yield from book.gaps(name)
    yield from clock.gaps(name) if clock is not None else ()
    if trouble is not None:
        raise trouble


def _passed(told: list[Item], fold: Fold) -> Iterator[Item]:
    """What a list tells; use is added up."""
    for one in told:
        if isinstance(one, Activity):
            fold.add(one)
        else:
            yield one


@dataclass
class _Book:
    """Of the events of one file: which were told, which have no time, which types are new."""

    counted: Counted
    unknown: Overlooked

    def told(self, found: Happened | Novel, number: int) -> tuple[Activity | Fact, ...]:
        return self.unknown.told(found, self.counted, f":{number}")

    def taken(self, fold: Fold, *, is_whole: bool) -> Iterator[Item]:
        """What was counted, and what is remembered of it."""
        yield from self.counted.of_part(fold.take())
        if self.counted.is_kept:
            yield self.counted.remembered(is_whole=is_whole)

    def gaps(self, name: str) -> Iterator[Gap]:
        yield from self.unknown.gap(name)


def bearer(ctx: Context[Any], *, scheme: str = "Bearer", hint: str = "") -> dict[str, str]:
    """Headers with the token of the environment. Raises ``Denied`` where there is none."""
    token = ctx.environ.get(ctx.config.token_env, "")
    if not token:
        raise Denied(f"no token: set the environment variable {ctx.config.token_env}{hint}")
    return {"Authorization": f"{scheme} {token}".strip()}


def secret(ctx: Context[Any], whose: str, what: str = "key") -> str:
    """Of the environment, where the vendor wants it in a header of its own. Raises ``Denied`` where
    there is none."""
    found = ctx.environ.get(ctx.config.token_env, "")
    if not found:
        raise Denied(f"no {what}: set {ctx.config.token_env} to {whose}")
    return found


def session(
    ctx: Context[Any], operations: tuple[Operation, ...], headers: Mapping[str, str], url: str = "",
    **more: Any,
) -> ReadOnlySession:  # fmt: skip
    """``url``: empty for the configured one."""
    return ReadOnlySession(
        url or ctx.config.url,
        operations,
        ctx.limits,
        headers={"User-Agent": "shadow-ai-scanner", "Accept": "application/json", **headers},
        retries=ctx.retries,
        **more,
    )


def read(
    path: str, permission: str, reason: str, *, bucket: str = "default", method: str = "GET",
    **more: Any,
) -> Operation:  # fmt: skip
    """An operation by its path."""
    return Operation(
        id=f"{method} {path}", permission=permission, bucket=bucket, reason=reason, **more
    )


def each(
    found: Iterable[Any], told: Callable[[Any, str], list[Item] | None], org: str, rule: str
) -> Iterator[Item]:
    """What the records of a list tell, use added up; those that are none are one gap."""
    fold, odd = Fold(), 0
    for record in found:
        items = told(record, org)
        odd += items is None
        yield from _passed(items or [], fold)
    yield from fold.take()
    yield from odd_gap(odd, rule)


def told_once(
    found: Iterable[Any], told: Callable[[Any, str], Happened | Novel | None], reading: Reading,
    rule: str,
) -> Iterator[Item]:  # fmt: skip
    """What the events of a log that is told whole say, each once; those that are none are one
    gap."""
    org, clock = reading.org, Clock(reading.ctx.now())
    fold, book, odd = Fold(clock=clock), _Book(reading.counted, Overlooked(reading.ctx)), 0
    for number, record in enumerate(found, start=1):
        event = told(record, org)
        odd += event is None
        for one in book.told(event, number) if event is not None else ():
            fold.add(one)
    yield from book.taken(fold, is_whole=True)
    yield from book.gaps(rule)
    yield from clock.gaps(rule)
    yield from odd_gap(odd, rule)


def odd_gap(count: int, rule: str) -> Iterator[Gap]:
    if count:
        yield Gap(what=rule, reason=f"{count} records are malformed")
