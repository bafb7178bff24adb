"""What every connector must prove: a conformance suite, and a server that replays recordings.

A connector's test gives a :class:`World` (a context that works, and how to refuse one operation in
it); the checks raise ``AssertionError`` with what is wrong. Nothing here is needed to scan.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Set
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from scanner.kit.contract import Connector, Context, Mode, Shard
from scanner.kit.permissions import render
from scanner.model.base import encode
from scanner.model.errors import Denied, LeftOut, SourceError
from scanner.model.facts import Account, Asset, Credential, DataStore, Edge, Identity
from scanner.model.items import Activity, Checkpoint, Content, Gap, Item, Sighting

HEAVY = ("boto3", "botocore", "google", "azure", "networkx", "sqlalchemy", "hyperscan")
_NODES = (Account, Asset, Identity, Credential, DataStore)


@dataclass
class World:
    """A source that stands still, and a context for it."""

    connector: Connector
    context: Callable[[], Context[Any]]
    deny: Callable[[str], AbstractContextManager[None]] | None = None
    """``deny(operation id)``: while it lasts, the source refuses that operation."""
    secrets: tuple[str, ...] = ()
    """Values that must never be in what is yielded, but for ``Content``."""
    deny_all: Callable[[Set[str]], AbstractContextManager[None]] | None = None
    """The same for many at once, for a source of hundreds of operations."""
    asked: Callable[[], Set[str]] = frozenset
    """The operations that reading this world has called, where ``deny_all`` is given."""


def check_import(module: str) -> None:
    """Importing a connector loads no SDK: ``connectors list`` and start-up stay fast."""
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]", f"importing {module} loads {done.stdout.strip()}"


def check_declaration(connector: Connector) -> None:
    """The spec is complete, and its permissions can be printed."""
    spec = connector.spec
    assert spec.title, "a title"
    assert spec.docs_url.startswith("https://"), "docs_url: the vendor's page"
    assert spec.yields, "the kinds it may emit"
    assert getattr(spec.config, "__struct_config__").forbid_unknown_fields, "a strict config"  # noqa: B009
    msgspec.json.schema(spec.config)
    ids = [operation.id for operation in spec.operations]
    assert len(ids) == len(set(ids)), "each operation once"
    for operation in spec.operations:
        assert operation.permission, f"{operation.id}: what the vendor must grant"
        assert operation.reason, f"{operation.id}: why it is needed"
    assert render(spec).strip()


def check_shards(world: World) -> list[Shard]:
    """Ids are unique, carry the connector's name and are the same the next time."""
    shards = list(world.connector.shards(world.context()))
    again = list(world.connector.shards(world.context()))
    assert shards, "at least one shard"
    assert [s.id for s in shards] == [s.id for s in again], "the same shards every time"
    assert len({s.id for s in shards}) == len(shards), "each shard once"
    for shard in shards:
        assert shard.id.startswith(f"{world.connector.spec.name}:"), shard.id
    return shards


def check_items(world: World) -> list[Item]:
    """What is yielded is declared, carries evidence of this connector and no secret."""
    spec = world.connector.spec
    items: list[Item] = []
    for shard in world.connector.shards(world.context()):
        with suppress(LeftOut):  # the world's configuration leaves it out, and coverage says so
            items += world.connector.collect(world.context(), shard, None)
    for item in items:
        if isinstance(item, _NODES):
            assert item.kind in spec.yields, f"{item.kind} is not declared in `yields`"
            assert all(e.source == spec.name for e in item.evidence), item.id
        if isinstance(item, Edge):
            assert item.evidence, f"an edge without evidence: {item.key}"
        if isinstance(item, Activity) and item.actor:
            assert item.actor.kind in spec.yields, f"{item.actor.kind} is not declared"
        if not isinstance(item, (Content, Gap, Checkpoint, Sighting)):
            text = encode(item).decode()
            assert not any(secret in text for secret in world.secrets), "a secret leaves"
    assert not [i for i in items if isinstance(i, Gap)], "a world that can be read has no gaps"
    return items


def check_resume(world: World) -> None:
    """A log that is read again from its checkpoint shows nothing twice."""
    for shard in world.connector.shards(world.context()):
        if shard.mode is not Mode.INCREMENTAL:
            continue
        items = list(world.connector.collect(world.context(), shard, None))
        marks = [i for i in items if isinstance(i, Checkpoint)]
        assert marks, f"{shard.id}: an incremental shard saves checkpoints"
        for after, mark in enumerate(marks, start=1):
            rest = list(world.connector.collect(world.context(), shard, mark))
            seen = sum(i.count for i in _until(items, after) if isinstance(i, Activity))
            more = sum(i.count for i in rest if isinstance(i, Activity))
            whole = sum(i.count for i in items if isinstance(i, Activity))
            assert seen + more == whole, f"{shard.id}: {seen} + {more} events, not {whole}"


def check_elsewhere(world: World) -> None:
    """A shard is read the same by a worker that has listed nothing and got it as data."""
    here = world.context()
    at = here.now()  # one moment for both, as a cursor may tell it
    for shard in world.connector.shards(here):
        sent = msgspec.msgpack.decode(msgspec.msgpack.encode(shard), type=Shard)
        assert sent == shard, f"{shard.id}: not the same when it arrives"
        read = [_items(world.connector, replace(ctx, now=lambda: at), one)
                for ctx, one in ((here, shard), (world.context(), sent))]  # fmt: skip
        assert read[0] == read[1], f"{shard.id}: {sorted(read[0] ^ read[1])[:3]}"


def _items(connector: Connector, ctx: Context[Any], shard: Shard) -> frozenset[bytes]:
    with suppress(LeftOut):
        return frozenset(encode(item) for item in connector.collect(ctx, shard, None))
    return frozenset()


def _until(items: list[Item], marks: int) -> Iterator[Item]:
    for item in items:
        yield item
        marks -= isinstance(item, Checkpoint)
        if not marks:
            return


def check_denials(world: World) -> None:
    """Whatever operation is refused, it shows: as ``Denied`` or as a denied gap, never as less."""
    if world.deny_all is not None:
        _check_denials_at_once(world)
        return
    assert world.deny or not world.connector.spec.operations, "a way to refuse an operation"
    for operation in world.connector.spec.operations:
        if operation.is_optional or operation.opt_in or world.deny is None:
            continue
        with world.deny(operation.id):
            assert _is_told(world), f"{operation.id}: refused, and nothing tells of it"


_MOST_UNASKED = 0.1
"""Share of the operations that a world may give no reason to call."""


def _check_denials_at_once(world: World) -> None:
    """Round by round: what is refused hides what would have been asked next, so whatever is not
    told is refused again without those that were."""
    assert world.deny_all is not None
    check_items(world)
    called = world.asked()
    declared = {op.id for op in world.connector.spec.operations if not op.opt_in}
    open_ones = {op.id for op in world.connector.spec.operations if not op.is_optional} & called
    unasked = declared - called
    assert len(unasked) <= len(declared) * _MOST_UNASKED, f"never called: {sorted(unasked)}"
    while open_ones:
        with world.deny_all(open_ones):
            told = "\n".join(_refusals(world))
        seen = {name for name in open_ones if f"{name} " in told}
        assert seen, f"refused, and nothing tells of it: {sorted(open_ones)}"
        open_ones -= seen


def _refusals(world: World) -> Iterator[str]:
    ctx = world.context()
    shards: list[Shard] = []
    try:
        shards += world.connector.shards(ctx)
    except Denied as error:
        yield f"{error} "
    for shard in shards:
        try:
            for item in world.connector.collect(ctx, shard, None):
                if isinstance(item, Gap) and item.denied:
                    yield f"{item.reason} "
        except LeftOut:
            continue
        except Denied as error:
            yield f"{error} "


def _is_told(world: World) -> bool:
    """Other shards must go on: only the listing itself may end early."""
    ctx = world.context()
    told = False
    shards: list[Shard] = []
    try:
        shards += world.connector.shards(ctx)
    except Denied:
        return True
    for shard in shards:
        try:
            items = list(world.connector.collect(ctx, shard, None))
        except SourceError as error:
            told |= isinstance(error, Denied)
        else:
            told |= any(isinstance(item, Gap) and item.denied for item in items)
    return told


# --- recordings --------------------------------------------------------------------------------


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded exchange. ``query``: parameters that must be there with these values (others
    may be, too); ``{base}`` in headers and body stands for the server's URL."""

    path: str
    query: dict[str, str] = {}
    status: int = 200
    headers: dict[str, str] = {}
    body: Any = None


@dataclass
class Recorded:
    """A running replay. ``faults``: path -> answers to give first, in this order."""

    url: str
    calls: list[str] = field(default_factory=list)
    faults: dict[str, list[Answer]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    """Paths that are refused with 403."""


@contextmanager
def recorded_server(
    folder: Path, *, authorization: str = "", header: str = "Authorization"
) -> Iterator[Recorded]:
    """Replay every ``*.json`` (a list of exchanges) of ``folder`` on loopback. Among the exchanges
    of a path the one with most matching parameters answers; ``authorization``: what requests must
    carry as ``header``, else 401."""
    exchanges: list[Answer] = []
    for file in sorted(folder.glob("*.json")):
        exchanges += msgspec.json.decode(file.read_bytes(), type=list[Answer])
    state = Recorded(url="")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: 40 ms otherwise

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            state.calls.append(f"GET {split.path}")
            query = {key: values[0] for key, values in parse_qs(split.query).items()}
            if authorization and self.headers.get(header) != authorization:
                self._send(Answer(path="", status=401, body={"errorSummary": "Invalid token"}))
            elif split.path in state.denied:
                self._send(Answer(path="", status=403, body={"errorSummary": "Not permitted"}))
            elif state.faults.get(split.path):
                self._send(state.faults[split.path].pop(0))
            else:
                self._send(_chosen(exchanges, split.path, query))

        def _send(self, answer: Answer) -> None:
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            data = text.replace("{base}", state.url).encode()
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json", **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value.replace("{base}", state.url))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _chosen(exchanges: list[Answer], path: str, query: dict[str, str]) -> Answer:
    fitting = [
        exchange
        for exchange in exchanges
        if exchange.path == path and exchange.query.items() <= query.items()
    ]
    missing = Answer(path=path, status=404, body={"errorSummary": "not recorded"})
    return max(fitting, key=lambda exchange: len(exchange.query), default=missing)
