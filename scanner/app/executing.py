"""Which executor reads the shards: threads, processes of this machine, or a cluster.

All three are :class:`concurrent.futures.Executor`. A worker is told which sources there are, never
a credential; it finds those where it runs.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    InvalidStateError,
)
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec

from scanner import __version__
from scanner.app.config import Config, LoadedConfig, ScanConfig
from scanner.app.memory import SoftLimit, resident_mib
from scanner.app.working import Setup, encoded, give_back, work
from scanner.collect.away import Away
from scanner.collect.reading import Flights, Interpret, Options, Sink, Source
from scanner.collect.runner import run
from scanner.collect.threads import Threads
from scanner.kit import processes
from scanner.kit.addresses import is_loopback
from scanner.model.base import ShardId, digest
from scanner.model.coverage import Coverage
from scanner.model.errors import ConfigError, Unavailable

_log = logging.getLogger("scanner.cluster")
_WAITS = 4
"""A source that is best read with more shards at once than this waits for answers; no processor is
short, and threads are enough."""
_LEAST_SENT = 8
_LOOKED_AFTER_EVERY = 2.0
"""Seconds between two looks at tasks whose client is closed, or that no worker takes."""


def check(loaded: LoadedConfig, *, verify: bool) -> None:
    """Raises ``ConfigError`` for what cannot be, before anything is opened."""
    scan = loaded.config.scan
    if scan.executor != "dask":
        return
    if verify:
        raise ConfigError(
            "--verify asks about each key once in a scan, which workers on several machines cannot "
            "promise: a lease of the cluster's runs out under a worker that stands still. Use "
            'executor = "processes" or "threads" for it, on the sources that have keys'
        )
    parts = urlsplit(scan.dask.address)
    if not parts.hostname or parts.scheme not in ("tls", "tcp"):
        raise ConfigError(
            f"[scan.dask] address `{scan.dask.address}`: give the scheduler's, as tls://host:8786"
        )
    if parts.scheme == "tcp" and not is_loopback(parts.hostname):
        raise ConfigError(
            f"[scan.dask] address `{scan.dask.address}`: whoever reaches a cluster's port runs "
            "code on it, and what was found crosses the net in the clear; use tls:// with tls_ca, "
            "tls_cert and tls_key"
        )


@contextmanager
def workers(
    loaded: LoadedConfig, rules: str, key: str, asked: str = "", *, may_isolate: bool = False
) -> Iterator[Away | None]:
    """Who reads what is not read here; None: nobody. ``rules``: their digest, ``key``: the mark of
    the fingerprint key, ``asked``: see :mod:`scanner.app.verifying`. ``may_isolate``: threads have
    a process beside them for what is suspected of having killed one; it finds credentials in its
    environment alone. Raises ``ConfigError`` where the cluster does not answer."""
    scan = loaded.config.scan
    if scan.executor == "threads" and not may_isolate:
        yield None
        return
    config = Config(scan=scan, rules=loaded.config.rules, sources=loaded.config.sources)
    setup = Setup(
        scan=secrets.token_hex(8), version=__version__, rules=rules, key=key, config=config,
        folder=str(loaded.folder.resolve()), name=loaded.path.name if loaded.path else "",
        mark=mark_of(loaded, rules), readers=1, frugal=bool(scan.memory_mib),
        asked=asked,
    )  # fmt: skip
    if scan.executor == "threads":
        yield Away(
            make=processes.pool,
            work=work,
            setup=encoded(setup),
            at_once=1,
            attempts=max(2, scan.attempts),
            lost=(BrokenExecutor,),
            takes=lambda source: False,
        )
        return
    if scan.executor == "processes":
        count = scan.workers or processes.processors()
        yield Away(
            make=processes.pool,
            work=work,
            setup=encoded(msgspec.structs.replace(setup, readers=count)),
            at_once=count,
            attempts=max(2, scan.attempts),
            lost=(BrokenExecutor,),
            takes=lambda source: source.connector.spec.shards_at_once <= _WAITS,
        )
        return
    with _Cluster(loaded) as cluster:
        threads = cluster.threads()
        yield Away(
            make=lambda count: cluster,
            work=work,
            setup=encoded(msgspec.structs.replace(setup, readers=max(1, len(threads)))),
            at_once=scan.workers or max(_LEAST_SENT, 2 * sum(threads)),
            # The scheduler has tried it on several workers before it says so.
            attempts=1,
            lost=(_distributed().KilledWorker, CancelledError),
        )


def processors_of(scan: ScanConfig) -> int:
    """That a shard which is read here may use by processes of its own: none beside those of an
    executor, or where memory is short."""
    return 1 if scan.executor != "threads" or scan.memory_mib else processes.processors()


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise ConfigError(
            'executor = "dask" needs `pip install shadow-ai-scanner[cluster]`'
        ) from error


class _Cluster(Executor):
    """A client of the scheduler, made anew when the connection was lost."""

    def __init__(self, loaded: LoadedConfig) -> None:
        self._loaded = loaded
        self._client: Any = None
        self._flights: dict[Future[Any], Any] = {}
        """What was sent and has not come back -> by which client."""
        self._is_over = threading.Event()
        self._idle = _Idle(loaded)

    def __enter__(self) -> _Cluster:
        self._connect()
        threading.Thread(target=self._watch, name="cluster-watch", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._client.close(timeout=5)

    def _watch(self) -> None:
        """Ends what would be waited for for ever: what a closed client has left open (one that is
        closed while a task is handed to its loop forgets the task), and what no worker takes."""
        closed: set[Future[Any]] = set()
        while not self._is_over.wait(_LOOKED_AFTER_EVERY):
            flights = list(self._flights.items())
            left = {one for one, client in flights if client.status == "closed"}
            for flight in left & closed:  # closed for a while: its own word does not come
                flight.cancel()
            closed = left
            self._idle.look(is_idle=bool(flights) and self._has_no_worker())
            if self._idle.is_over:
                for flight, _ in flights:
                    with suppress(InvalidStateError):  # it has come back after all
                        flight.set_exception(self._idle.trouble)

    def _has_no_worker(self) -> bool:
        client = self._client
        return client.status == "running" and not client.scheduler_info().get("workers")

    def _connect(self) -> None:
        chosen = self._loaded.config.scan.dask
        logging.getLogger("distributed").setLevel(logging.ERROR)
        security = None
        if chosen.address.startswith("tls:"):
            folder = self._loaded.folder
            security = _distributed().Security(
                tls_ca_file=str(folder / chosen.tls_ca),
                tls_client_cert=str(folder / chosen.tls_cert),
                tls_client_key=str(folder / chosen.tls_key),
                require_encryption=True,
            )
        try:
            self._client = _distributed().Client(
                chosen.address,
                timeout=chosen.timeout_seconds,
                security=security,
                set_as_default=False,
                name="shadow-ai",
            )
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"[scan.dask] the scheduler at {chosen.address} does not answer "
                f"({type(error).__name__}: {error}); start it, or use another executor"
            ) from error

    def threads(self) -> list[int]:
        """Of each worker that is there now."""
        return [int(count) for count in self._client.nthreads().values()]

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._client.status != "running":
            self._client.close(timeout=1)
            try:
                self._connect()
            except ConfigError as error:
                raise Unavailable(str(error)) from error
        if self._idle.is_over and self._has_no_worker():
            raise self._idle.trouble
        # Not pure: a second attempt at the same job is another task.
        client = self._client
        future: Future[Any] = Future()
        sent: Future[Any] = client.get_executor(pure=False).submit(fn, *args, **kwargs)
        self._flights[future] = client
        future.add_done_callback(lambda done: self._flights.pop(done, None))
        future.add_done_callback(lambda done: sent.cancel())
        sent.add_done_callback(partial(_copied, future))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """The client lives as long as the scan."""


class _Idle:
    """Since when a cluster has had no worker, and whether that is to be waited out: a cluster that
    grows when there is work may have none at first."""

    def __init__(self, loaded: LoadedConfig) -> None:
        chosen = loaded.config.scan
        self._address = chosen.dask.address
        self._told_after = chosen.dask.timeout_seconds
        self._most = max(chosen.shard_deadline_seconds, chosen.dask.timeout_seconds)
        self._since: float | None = None
        self._is_told = False
        self.is_over = False

    def look(self, *, is_idle: bool) -> None:
        if not is_idle:
            self._since, self._is_told, self.is_over = None, False, False
            return
        self._since = self._since or time.monotonic()
        past = time.monotonic() - self._since
        if past > self._told_after and not self._is_told:
            self._is_told = True
            _log.warning("the cluster at %s has no worker; what was sent waits for one, for no "
                         "longer than %.0f s", self._address, self._most)  # fmt: skip
        self.is_over = past > self._most

    @property
    def trouble(self) -> Unavailable:
        return Unavailable(
            f"the cluster at {self._address} has had no worker for {self._most:.0f} s; start one "
            "(see its log for why it does not register), or use another executor"
        )


def _copied(future: Future[Any], sent: Future[Any]) -> None:
    """What came back, to who waits, if that is still waited for."""
    with suppress(InvalidStateError):
        if sent.cancelled():
            future.cancel()
        elif (error := sent.exception()) is not None:
            future.set_exception(error)
        else:
            future.set_result(sent.result())


def read(
    loaded: LoadedConfig,
    sources: Sequence[Source],
    sink: Sink,
    interpret: Interpret,
    away: Away | None,
    done: Mapping[ShardId, str],
    *,
    standing: Mapping[ShardId, str],
    mark: str,
    clean: Callable[[str], str],
    on_begin: Callable[[str, ShardId], None],
    on_progress: Callable[[Coverage, int, int], None],
    flights: Flights | None = None,
) -> list[Coverage]:
    """Every shard once, by ``away`` or by threads here."""
    scan = loaded.config.scan
    best = max((source.connector.spec.shards_at_once for source in sources), default=1)
    at_once = best if scan.executor != "threads" else scan.workers or best
    options = Options(
        attempts=scan.attempts,
        deadline_seconds=scan.shard_deadline_seconds,
        at_once=at_once,
        mark=mark,
        clean=clean,
        on_begin=on_begin,
        on_progress=on_progress,
    )
    if scan.memory_mib:
        options.room = SoftLimit(scan.memory_mib, _used_mib, give_back).room
    with Threads(at_once) as executor:
        return run(
            sources, sink=sink, interpret=interpret, executor=executor, away=away, done=done,
            standing=standing, options=options, flights=flights,
        )  # fmt: skip


def mark_of(loaded: LoadedConfig, rules: str) -> str:
    """Under which a shard whose source has not changed is not read again."""
    return digest([__version__, rules, loaded.mark])


def _used_mib() -> float:
    """By this process and those that it has started."""
    started = [p.pid for p in multiprocessing.active_children() if p.pid]
    return sum(resident_mib(pid) for pid in (os.getpid(), *started))
