"""Traffic logs: proxies, name servers, firewalls, gateways, endpoints.

Bytes are searched for what may be AI before anything is parsed; a line that has it is taken apart,
and what it tells is added up. Owns no catalogue and stores no line.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import msgspec

from connectors.logs import files as log_files
from connectors.logs import partitions
from connectors.logs.cursor import Cursor
from connectors.logs.divided import Aside
from connectors.logs.files import LogFile
from connectors.logs.formats import formats
from connectors.logs.lines import named_columns
from connectors.logs.listing import listed as listed_of
from connectors.logs.partitions import CONNECTIONS, Listed
from connectors.logs.pseudonyms import LEAST, Pseudonyms
from connectors.logs.reading import Reading
from connectors.logs.search import AHEAD
from connectors.logs.tally import KINDS
from scanner.kit.contract import ConnectorSpec, Context, PermissionFormat, Probe, Shard
from scanner.model.base import NodeId
from scanner.model.errors import ConfigError, Denied, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Account
from scanner.model.items import Checkpoint, Gap, Item


class LogsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the logs are."""

    files: tuple[str, ...]
    """Files, folders, globs, ``-`` (standard input) or addresses of object stores
    (``s3://bucket/logs/``); plain, gz, zst, bz2, xz or zip."""
    name: str = "traffic"
    """What the place is called whose traffic this is; part of ids."""
    format: str = ""
    """Name of the only format to try; empty: each line is recognised by itself."""
    flow_columns: str = ""
    """Columns of VPC flow logs that begin with no header, as they were ordered:
    ``${version} ${interface-id} ${srcaddr} …``."""
    columns: tuple[str, ...] = ()
    """Columns of a table that has no header, in their order, by names that formats know (``time``,
    ``user``, ``src``, ``url``, ``bytes_out``); ``-`` for one that is not read."""
    exclude: tuple[str, ...] = ()
    """Globs of file names that are not read."""
    large_upload_mib: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Requests that send at least so much are counted."""
    pseudonymize_env: str = ""
    """Environment variable that holds a key: people, devices, addresses, unknown servers, models'
    own names and files become pseudonyms made with it, before anything is stored."""
    partitions: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    """Shards among which the files are divided, for workers that read them side by side."""

    def __post_init__(self) -> None:
        if not self.files:
            raise ValueError("set `files`")
        names = [one.name for one in formats()]
        if self.format and self.format not in names:
            raise ValueError(f"there is no format {self.format!r}; there are {', '.join(names)}")
        if self.columns:
            named_columns(self.columns, self.format)
        if self.partitions > 1 and "-" in self.files:
            raise ValueError("standard input is read by one shard; leave out `partitions`")


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
        name, count = ctx.config.name, ctx.config.partitions
        stored = ctx.checkpoints(f"logs:{name}")
        yield from partitions.shards(name, count, _listed(ctx) if count > 1 else None, stored)

    def collect(
        self, ctx: Context[LogsConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        watch = ctx.watch
        if watch is None:
            raise ConfigError("logs: there are no rules to look for")
        share = partitions.share_of(shard)
        if share.is_done:
            yield from partitions.nothing_more(since)
            return
        if not share.part or share.is_first:
            yield from partitions.labelled(iter((_place(ctx.config.name),)), share.part)
        names = _pseudonyms(ctx)
        cursor = Cursor.of(since)
        cursor.join(share.earlier)
        listed = share.listed if share.part else _listed(ctx)
        known = (
            *ctx.config.files,
            *(file.path for file in listed.files),
            *(one.what for one in listed.gaps),
        )
        with Aside(watch, ctx.processors) as aside:
            reading = Reading(
                ctx.config, watch, cursor, names, aside=aside,
                tells_names=share.part != CONNECTIONS,
                tells_connections=share.part in ("", CONNECTIONS),
            )  # fmt: skip
            told = names.hidden(_read(reading, listed), known)
            yield from partitions.labelled(told, share.part)

    def probe(self, ctx: Context[LogsConfig]) -> Iterator[Probe]:
        listed = _listed(ctx)
        for one in listed.gaps:
            yield Probe(check=one.what, ok=False, detail=one.reason)
        for file in listed.files:
            try:
                if file.path != "-":
                    with log_files.opened(file) as stream:
                        stream.read(1)
                yield Probe(check=file.path, ok=True, detail="readable")
            except SourceError as error:
                yield Probe(check=file.path, ok=False, detail=str(error))


def _place(name: str) -> Account:
    ident = NodeId(f"logs:{name}")
    return Account(
        id=ident,
        kind="logs.network",
        name=name,
        provider="",
        evidence=(Evidence(rule="logs", source="logs", resource=ident),),
    )


def _pseudonyms(ctx: Context[LogsConfig]) -> Pseudonyms:
    variable = ctx.config.pseudonymize_env
    key = ctx.environ.get(variable, "").encode() if variable else b""
    if variable and len(key) < LEAST:
        raise ConfigError(
            f"logs: {variable} is " + ("too short" if key else "empty") + "; put the key for "
            f"pseudonyms into it, {LEAST} characters or more, made at random (`openssl rand -hex "
            "32`) and kept: another key makes other pseudonyms"
        )
    return Pseudonyms(key)


def _read(reading: Reading, listed: Listed) -> Iterator[Item]:
    gaps = listed.gaps
    yield from gaps
    if gaps and not listed.files:
        raise Denied(gaps[0].reason) if gaps[0].denied else Unavailable(gaps[0].reason)
    is_whole = not gaps
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="logs") as pool:
        for item in reading.all_of(listed.files, pool):
            is_whole = is_whole and not isinstance(item, Gap)
            yield item
    # One that could not be opened is there, and how far it was read is still to be known.
    reading.cursor.forget(keep_others=not is_whole)
    yield Checkpoint(cursor=reading.cursor.text)


def _listed(ctx: Context[LogsConfig]) -> Listed:
    found: dict[str, LogFile] = {}
    gaps: list[Gap] = []
    for named in ctx.config.files:
        try:
            files, unseen = listed_of(ctx.folder, named, ctx.config.exclude)
            gaps += unseen
            for file in files:
                found.setdefault(file.path, file)
        except SourceError as error:
            gaps.append(Gap(what=named, reason=str(error), denied=isinstance(error, Denied)))
    # What comes by once is read when the names of all other files are known.
    return Listed(sorted(found.values(), key=lambda file: file.path == "-"), gaps)


CONNECTOR = LogsConnector()
