"""Runs at the times of a schedule: each in a process of its own, so that what one takes of memory,
or how it ends, is not the daemon's.

A run that was missed while nobody was there is made up for at once, and one that becomes due while
another is going begins at that one's end; where several did, one stands for them. On SIGTERM the
run that is going is told to end: what it stored stays, and the next goes on at the shard. Cron
expressions are ``cronsim``'s.
"""

from __future__ import annotations

import math
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence, Set
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec

from scanner.app import breaking
from scanner.app.bounded import SECONDS, BoundedServer
from scanner.app.config import LoadedConfig, ScheduleConfig, store_url
from scanner.app.due import crons
from scanner.emit.exposition import family
from scanner.kit.processes import ENDS_WITH
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import ConfigError, ShadowAIError
from scanner.store.state import ScanRow, State

_ENDS = (0, 1, 3)
"""Exit codes of a run that has told what it came to."""
_FAILED = 4
"""As a run ends that failed for a reason which may pass."""
_FIELDS = 5
_LAST_PORT = 65535
_SKEW = timedelta(minutes=5)
"""How far another machine's clock, which wrote the state, may be ahead of this one's."""


def ticks(schedule: ScheduleConfig, after: datetime, where: str = "[schedule]") -> datetime:
    """The first time of the schedule after a time. ``where`` it stands. Raises ``ConfigError``."""
    try:
        from cronsim import CronSim, CronSimError
    except ImportError as error:
        raise ConfigError("the daemon needs `pip install shadow-ai-scanner[daemon]`") from error
    if len(schedule.cron.split()) != _FIELDS:
        raise ConfigError(
            f"{where} cron `{schedule.cron}`: give five fields, minute to day of the week; e.g. "
            "`15 3 * * *`"
        )
    try:
        return next(CronSim(schedule.cron, after))
    except CronSimError as error:
        raise ConfigError(f"{where} cron `{schedule.cron}`: {error}; e.g. `15 3 * * *`") from error
    except StopIteration:
        raise ConfigError(f"{where} cron `{schedule.cron}`: it names no time to come") from None


def is_missed(schedule: ScheduleConfig, last_started: datetime | None, now: datetime) -> bool:
    """Whether a time of the schedule has passed since the last run began."""
    if last_started is None:
        return True
    return ticks(schedule, last_started) <= now


def address(listen: str) -> tuple[str, int]:
    """``host:port``, or ``[::1]:port``. Every interface is listened on where it is said
    (``0.0.0.0``), and not where the host is left out. Raises ``ConfigError``."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > _LAST_PORT:
        raise ConfigError(
            f"[schedule] listen `{listen}`: give host and port, as 127.0.0.1:9464; every interface "
            "is 0.0.0.0:9464"
        )
    return host, int(port)


def sources_read(coverage: Sequence[Coverage]) -> frozenset[str]:
    """Those of which a scan read anything beyond the list of what there is: where every place was
    refused or failed, the source was asked and not read."""
    lists = {row.listed_by for row in coverage}
    places: dict[str, list[Coverage]] = {}
    for row in coverage:
        places.setdefault(row.source, []).append(row)
    return frozenset(
        source
        for source, rows in places.items()
        if any(
            row.status not in (Outcome.DENIED, Outcome.FAILED)
            for row in [row for row in rows if row.shard not in lists] or rows
        )
    )


class Daemon:
    """``command``: what a run is, as arguments of a process. ``clock`` and ``wait`` (seconds ->
    whether it was told to stop) are for tests."""

    def __init__(
        self,
        loaded: LoadedConfig,
        command: list[str],
        log: Callable[..., None],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._loaded = loaded
        self._schedule = loaded.config.schedule
        self._command = command
        self._log = log
        self._clock = clock
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait
        self._child: subprocess.Popen[bytes] | None = None
        self.grace = 60.0
        """Seconds that a run has to end by itself."""
        self.runs = 0
        self.last_exit: int | None = None
        self.due: datetime | None = None
        self._readings: dict[str, frozenset[str]] = {}
        """Scan -> what :func:`sources_read` said of it: an ended one says the same for ever."""
        ticks(self._schedule, clock())  # told before anything is begun
        self._times = {
            name: msgspec.structs.replace(self._schedule, cron=cron)
            for name, cron in crons(loaded).items()
        }
        for name, at in self._times.items():
            ticks(at, clock(), f"[sources.{name}]")
        if not self._times:
            raise ConfigError(f"{loaded.name}: no source is configured, and none can be due")
        if self._schedule.listen:
            address(self._schedule.listen)

    # --- life ------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Until it is told to stop."""
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        signal.signal(signal.SIGINT, lambda *_: self.stop())
        server = self._listen()
        try:
            self.loop()
        finally:
            if server is not None:
                server.shutdown()

    def loop(self) -> None:
        now = self._clock()
        since = dict.fromkeys(self._times, now)
        owed: Set[str] = frozenset()
        if self._schedule.catch_up:
            last = self.last_read()
            if missed := {n for n, at in self._times.items() if is_missed(at, last[n], now)}:
                self._log("missed run is made up for")
                owed = self._made(missed)
        while not self._stop.is_set():
            # From when the run before began, not from its end: what passed during it is due.
            # Of a clock that was set back meanwhile, the earlier time counts.
            now = self._clock()
            since = {name: min(at, now) for name, at in since.items()}
            jitter = random.uniform(0, self._schedule.jitter_minutes * 60)  # noqa: S311
            first = min(ticks(at, since[name]) for name, at in self._times.items())
            self.due = first + timedelta(seconds=jitter)
            self._log("waiting", until=self.due.isoformat(timespec="seconds"))
            if self._is_due(self.due, max(since.values())):
                now = self._clock()
                due = {n for n, at in self._times.items() if ticks(at, since[n]) <= now}
                since |= dict.fromkeys(due, now)
                owed = self._made(due | owed)

    def _made(self, due: Set[str]) -> Set[str]:
        """A run of these sources -> those that it did not come to, killed or kept out by another:
        the next one reads them, whosever time it is. Their own may be a week away."""
        before = self._ended()
        self.once(due)
        after = self._ended()
        if before is None or after is None:
            return due
        fresh = [after[ident] for ident in after.keys() - before.keys()]
        return {name for name in due if not any(row.has_read(name) for row in fresh)}

    def _is_due(self, due: datetime, since: datetime) -> bool:
        """Waits for it. False: told to stop, or the clock was set back behind ``since``."""
        while not self._stop.is_set():
            now = self._clock()
            if now < since:
                return False
            if (left := (due - now).total_seconds()) <= 0:
                return True
            # In steps: a clock that is set, or a machine that slept, is noticed.
            if self._wait(min(left, 30.0)):
                self.stop()
        return False

    def once(self, due: Set[str] = frozenset()) -> int:
        """One run, to its end, of these sources; none: of all. Its lines go where ours go. One that
        cannot even begin (no process or memory is left, a folder is away) is a run that failed."""
        named = sorted(due) if due and due != self._times.keys() else []
        command = [*self._command, *(word for name in named for word in ("--source", name))]
        try:
            # Its standard input ends with this process, however that ends, and so does the run.
            self._child = subprocess.Popen(
                command, cwd=self._loaded.folder, stdin=subprocess.PIPE,
                env={**os.environ, ENDS_WITH: "stdin"},
            )  # fmt: skip
        except OSError as error:
            self.last_exit = _FAILED
            self._log("run could not begin", "error", reason=str(error))
            self._tell(f"A run could not begin: {error}.")
            return self.last_exit
        limit = self._schedule.run_limit_hours
        end = time.monotonic() + limit * 3600 if limit else math.inf
        is_late = False
        try:
            while True:
                try:
                    self.last_exit = self._child.wait(timeout=1.0)
                    break
                except subprocess.TimeoutExpired:
                    is_late = time.monotonic() > end
                    if is_late:
                        self._log("run hangs", "error", reason=f"not at its end after {limit:g} h")
                    if is_late or self._stop.is_set():
                        self.last_exit = self._told_to_end(self._child)
                        break
        finally:
            if self._child.stdin is not None:
                self._child.stdin.close()
            self._child = None
        self.runs += 1
        self._log("run ended", exit=self.last_exit)
        if is_late:
            self._tell(
                f"A run was not at its end after {limit:g} hours and was ended; the next goes on."
            )
        elif self.last_exit not in _ENDS and not self._stop.is_set():
            code = self.last_exit
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            self._tell(f"A run ended with {how}; its log tells more.")
        return self.last_exit

    def _tell(self, reason: str) -> None:
        """What a run could not tell people itself."""
        try:
            troubles = breaking.tell_for(self._loaded, os.environ, reason)
        except ShadowAIError as error:
            troubles = [str(error)]
        for trouble in troubles:
            self._log("part failed", "error", reason=f"notify {trouble}")

    def _told_to_end(self, child: subprocess.Popen[bytes]) -> int:
        child.send_signal(signal.SIGTERM)
        try:
            return child.wait(timeout=self.grace)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()

    def stop(self) -> None:
        self._stop.set()

    # --- what it tells ---------------------------------------------------------------------------

    def last_read(self) -> dict[str, datetime | None]:
        """Of each source: when the last scan began that came to its end and read anything of it, as
        the state tells; also another's. What began under a clock that was ahead counts for none."""
        found: dict[str, datetime | None] = dict.fromkeys(self._loaded.config.sources)
        latest = self._clock() + _SKEW
        try:
            state = State(store_url(self._loaded))
            try:
                for row in reversed(state.scans()):
                    began = datetime.fromisoformat(row.started_at)
                    if not row.finished_at or began > latest:
                        continue
                    if row.id not in self._readings:
                        self._readings[row.id] = sources_read(state.coverage(row.id))
                    for name in self._readings[row.id]:
                        if name in found and row.has_read(name):
                            found[name] = found[name] or began
                    if all(found.values()):
                        break
            finally:
                state.close()
        except ShadowAIError as error:
            self._log("state cannot be read", "error", reason=str(error))
        return found

    def _ended(self) -> dict[str, ScanRow] | None:
        """The scans that have come to their end. None: the state cannot be read."""
        try:
            state = State(store_url(self._loaded))
            try:
                return {row.id: row for row in state.scans() if row.finished_at}
            finally:
                state.close()
        except ShadowAIError as error:
            self._log("state cannot be read", "error", reason=str(error))
            return None

    def is_ready(self) -> tuple[bool, str]:
        """Whether the last reading of every source is as fresh as the schedule promises, twice
        over."""
        found = self.last_read()
        why = []
        for name, last in found.items():
            if last is None:
                why.append(f"nothing was read of {name} by a scan that came to its end")
                continue
            first = ticks(self._times[name], last)
            late = ticks(self._times[name], first) + timedelta(
                minutes=self._schedule.jitter_minutes
            )
            if self._clock() > late + timedelta(hours=self._schedule.late_hours):
                why.append(f"the last scan that read anything of {name} began {last.isoformat()}")
        if why:
            return False, "\n".join(why)
        oldest = min(filter(None, found.values()), default=None)
        told = f"began {oldest.isoformat()}" if oldest else "is none: no source is configured"
        return oldest is not None, f"the last scan {told}"

    def figures(self) -> str:
        found = self.last_read()
        last = None if None in found.values() else min(filter(None, found.values()), default=None)
        lines = [
            ("runs_total", "counter", "Runs since the daemon began.", self.runs),
            ("run_last_exit_code", "gauge", "Exit code of the last run.", self.last_exit or 0),
            ("scan_last_started_seconds", "gauge", "When the last scan began that read anything of "
             "the source that was read longest ago; 0: one never was.",
             last.timestamp() if last else 0),
            ("running", "gauge", "Whether a run is going.", int(self._child is not None)),
        ]  # fmt: skip
        return "".join(
            family(name, says, [((), f"{value:.16g}")], kind=kind)
            for name, kind, says, value in lines
        ) + family(
            "source_last_read_seconds", "When the last scan began that read anything of a source.",
            [((("source", name),), f"{at.timestamp() if at else 0:.16g}")
             for name, at in sorted(found.items())],
        )  # fmt: skip

    def _listen(self) -> BoundedServer | None:
        if not self._schedule.listen:
            return None
        host, port = address(self._schedule.listen)
        try:
            server = (_IPv6Server if ":" in host else BoundedServer)((host, port), _handler(self))
        except (OSError, ValueError) as error:
            raise ConfigError(f"[schedule] listen `{self._schedule.listen}`: {error}") from error
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._log("listening", address=f"{host}:{server.server_port}")
        return server


class _IPv6Server(BoundedServer):
    address_family = socket.AF_INET6


def _handler(daemon: Daemon) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._send(200, "alive\n")
            elif self.path == "/readyz":
                is_ready, why = daemon.is_ready()
                self._send(200 if is_ready else 503, f"{why}\n")
            elif self.path == "/metrics":
                self._send(200, daemon.figures() + _written(daemon))
            else:
                self._send(404, "there is /healthz, /readyz and /metrics\n")

        def _send(self, status: int, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _written(daemon: Daemon) -> str:
    """The figures of the last run, where the configuration has them written."""
    name = daemon._loaded.config.run.metrics_file
    try:
        return (daemon._loaded.folder / Path(name)).read_text(encoding="utf-8") if name else ""
    except OSError:
        return ""


def command(loaded: LoadedConfig) -> list[str]:
    """A run as a process of this installation."""
    where = ["--config", str(loaded.path.resolve())] if loaded.path else []
    return [sys.executable, "-m", "scanner", "run", *where]
