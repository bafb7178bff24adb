"""One run of the job: scan, files, tickets, messages; each part's trouble costs that part alone.

What happens is told as one line of JSON an event, each with the run's id, for those who collect
logs.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from scanner.app import breaking, due, libraries
from scanner.app.clock import now
from scanner.app.config import LoadedConfig, store_url
from scanner.app.elsewhere import advice, is_refused
from scanner.app.holding import Patience, may_heal
from scanner.app.notifying import messengers, notify
from scanner.app.pipeline import (
    EXIT_COMPLETE,
    EXIT_FINDINGS,
    EXIT_INCOMPLETE,
    EXIT_INTERNAL,
    Result,
    Settings,
    scan,
)
from scanner.app.suppressing import as_shown
from scanner.app.ticketing import Target, sync
from scanner.app.tracing import Untraced, traced
from scanner.app.trackers import targets
from scanner.collect.reading import STORE_PAUSES
from scanner.emit.files import write_all, write_file, write_formats
from scanner.emit.formats import FORMATS
from scanner.emit.gauges import gauges
from scanner.emit.messages import Messenger
from scanner.model.coverage import Coverage
from scanner.model.errors import ConfigError, RegistryError, RuleError, ShadowAIError, StateTaken
from scanner.store.state import State

EXIT_CONFIG = 2
_NOT_STORED = "not-stored"
"""Folder within `output` for files of a scan that could not be stored."""
_TO_MEND = (ConfigError, RuleError, RegistryError)


class Log:
    """Events as lines of JSON. ``fields``: in each of them. A line that cannot be written (a full
    disk, a collector that went away, no standard error at all) is lost, and the run goes on."""

    def __init__(self, out: TextIO | None = None, **fields: str) -> None:
        self._out = out or sys.stderr
        self._fields = fields

    def __call__(self, event: str, level: str = "info", **more: Any) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row = {"at": at, "level": level, "event": event, **self._fields, **more}
        if self._out is not None:
            with suppress(OSError):
                self._out.write(json.dumps(row, default=str) + "\n")
                self._out.flush()


@dataclass
class Ran:
    """What a run came to."""

    id: str
    exit_code: int
    result: Result | None = None
    troubles: list[str] = field(default_factory=list)


def run(
    loaded: LoadedConfig,
    environ: Mapping[str, str],
    log: Callable[..., None] | None = None,
    ident: str = "",
    only: Sequence[str] = (),
    *,
    findings_ok: bool = False,
) -> Ran:
    """``only``: the sources whose time it is; none: all. ``findings_ok``: findings are no failure,
    whatever `fail_on` says. Raises what somebody must mend first,
    configuration, rules or registry, and nothing else."""
    due.check(loaded, only)
    _check_formats(loaded)
    ident = ident or f"r-{secrets.token_hex(4)}"
    say = log or Log(run=ident)
    began = time.monotonic()
    with traced(loaded.config.run.traces, ident, say) as spans:
        ran = _run(loaded, environ, Ran(ident, EXIT_COMPLETE), say, spans, frozenset(only))
        if findings_ok and ran.exit_code == EXIT_FINDINGS:
            ran.exit_code = EXIT_COMPLETE
        spans.tell(exit=ran.exit_code)
    say("run finished", exit=ran.exit_code, seconds=round(time.monotonic() - began, 1))
    return ran


def _check_formats(loaded: LoadedConfig) -> None:
    unknown = sorted(set(loaded.config.run.formats) - FORMATS.keys())
    if unknown:
        raise ConfigError(
            f"{loaded.name}: [run] formats: there is no `{unknown[0][:40]}`; known are "
            f"{', '.join(FORMATS)}; without `formats`, findings.json, graph.graphml and "
            "report.html are written"
        )


def job(
    configured: Callable[[], LoadedConfig],
    environ: Mapping[str, str],
    log: Callable[..., None] | None = None,
    only: Sequence[str] = (),
    *,
    findings_ok: bool = False,
) -> int:
    """The exit code of a run that tells by lines alone: also of what keeps it from beginning."""
    ident = f"r-{secrets.token_hex(4)}"
    say = log or Log(run=ident)
    began = time.monotonic()
    try:
        with libraries.told_by(say):
            return run(configured(), environ, say, ident, only, findings_ok=findings_ok).exit_code
    except KeyboardInterrupt:
        say("run stopped", "warning", reason="told to end; what was stored stays, and the next run "
            "goes on there")  # fmt: skip
        say("run finished", exit=EXIT_INCOMPLETE, seconds=round(time.monotonic() - began, 1))
        return EXIT_INCOMPLETE
    except ShadowAIError as error:
        code = EXIT_CONFIG if isinstance(error, _TO_MEND) else EXIT_INTERNAL
        say("run failed", "error", reason=str(error))
        say("run finished", exit=code, seconds=round(time.monotonic() - began, 1))
        return code
    except Exception as error:
        # The kind alone: a message may quote what was read. Where it was the command line tells.
        say("run failed", "error", reason=f"internal error: {type(error).__name__}")
        say("run finished", exit=EXIT_INTERNAL, seconds=round(time.monotonic() - began, 1))
        raise


def _run(
    loaded: LoadedConfig,
    environ: Mapping[str, str],
    ran: Ran,
    say: Callable[..., None],
    spans: Untraced,
    only: frozenset[str],
) -> Ran:
    # What somebody must mend is told first; what is away may be there when it is needed.
    _, reached = _sinks(loaded, environ, lambda part, reason: None)
    trace = {"trace": spans.trace_id()} if spans.trace_id() else {}
    say("run started", sources=sorted(only or loaded.config.sources), **trace)
    for trouble in breaking.tell_of_killed(loaded, reached):
        _trouble(ran, say, f"notify {trouble}")

    def shard_read(row: Coverage, done: int, known: int) -> None:
        spans.ended(row)
        if row.status.is_lacking:
            say("shard not read", "warning", shard=row.shard, status=str(row.status),
                reason=row.reason)  # fmt: skip

    try:
        with spans.part("scan"):
            ran.result = scan(
                loaded,
                settings=Settings(
                    environ=environ, only=only,
                    patience=Patience(
                        pauses=STORE_PAUSES, turn=loaded.config.run.wait_minutes * 60,
                        on_taken=lambda reason: say("waiting", reason=reason),
                    ),
                    on_begin=spans.began, on_progress=shard_read,
                ),
            )  # fmt: skip
            spans.tell(scan=ran.result.document.scan.id, assets=len(ran.result.document.assets))
    except _TO_MEND:
        raise
    except ShadowAIError as error:
        say("scan failed", "error", reason=str(error))
        ran.exit_code = EXIT_INTERNAL if may_heal(error) else EXIT_INCOMPLETE
        ran.troubles.append(str(error))
        told = {} if isinstance(error, StateTaken) else reached
        for trouble in breaking.tell(loaded, told, f"The scan failed: {error}"):
            say("part failed", "error", reason=f"notify {trouble}")
        return ran
    ran.exit_code = EXIT_INCOMPLETE if ran.troubles else ran.result.exit_code
    changes = Counter(event.change for event in ran.result.events)
    say("scan finished", scan=ran.result.document.scan.id, exit=ran.exit_code,
        assets=len(ran.result.document.assets), changes=dict(sorted(changes.items())),
        warnings=list(ran.result.document.warnings)[:20])  # fmt: skip
    with spans.part("write files"):
        _files(loaded, ran, say)
    _tell(loaded, environ, ran, say, spans)
    return ran


def _tell(
    loaded: LoadedConfig, environ: Mapping[str, str], ran: Ran, say: Callable[..., None],
    spans: Untraced,
) -> None:  # fmt: skip
    """Findings to trackers, and what changed to people."""
    trackers, people = _late_sinks(loaded, environ, ran, say)
    if trackers or people:
        try:
            state = State(store_url(loaded))
        except ShadowAIError as error:
            _trouble(ran, say, f"tickets and messages: {error}")
            for trouble in breaking.tell(loaded, people, f"The scan is not stored: {error}"):
                _trouble(ran, say, f"notify {trouble}")
            return
        try:
            for target in trackers:
                with spans.part("sync tickets", sink=target.name):
                    report = sync(state, target, now=now, findings=as_shown(state, loaded, now()))
                did = Counter(str(action.do) for action in report.actions)
                say("tickets synced", sink=target.name, done=dict(sorted(did.items())))
                for key, reason in report.troubles:
                    _trouble(ran, say, f"tickets {target.name} {key[:15]}: {reason}")
            for name, service in people.items():
                with spans.part("notify", sink=name):
                    sent = notify(
                        state, name, loaded.config.notify[name], service, now=now,
                        findings=lambda: as_shown(state, loaded, now()),
                    )  # fmt: skip
                say("people notified", name=name, done=sent.state, title=sent.title)
                if sent.trouble:
                    _trouble(ran, say, f"notify {sent.trouble}")
        except ShadowAIError as error:
            _trouble(ran, say, f"tickets and messages: {error}")
        finally:
            state.close()


def _sinks(
    loaded: LoadedConfig, environ: Mapping[str, str], is_away: Callable[[str, str], None]
) -> tuple[list[Target], dict[str, Messenger]]:
    """``is_away``: told the parts whose credentials are asked for in vain, and why."""
    return (
        targets(loaded, environ, lambda name, why: is_away(f"tickets {name}", why))
        if loaded.config.tickets
        else [],
        messengers(loaded, environ, lambda name, why: is_away(f"notify {name}", why))
        if loaded.config.notify
        else {},
    )


def _late_sinks(
    loaded: LoadedConfig, environ: Mapping[str, str], ran: Ran, say: Callable[..., None]
) -> tuple[list[Target], dict[str, Messenger]]:
    try:
        return _sinks(loaded, environ, lambda part, why: _trouble(ran, say, f"{part}: {why}"))
    except ConfigError as error:  # it was well when the run began
        _trouble(ran, say, f"tickets and messages: {error}")
        return [], {}


def _files(loaded: LoadedConfig, ran: Ran, say: Callable[..., None]) -> None:
    chosen, result = loaded.config.run, ran.result
    if result is None:
        return
    document, graph = result.document, result.situation.graph

    def reports(folder: Path) -> Sequence[Path]:
        if chosen.formats:
            return write_formats(folder, document, chosen.formats, {})
        return write_all(folder, document, graph)

    def figures(path: Path) -> Sequence[Path]:
        return [write_file(path, gauges(document), is_shared=True)]

    output, metrics_file = chosen.output, chosen.metrics_file
    if not result.is_stored:
        # What was accepted is new there: nothing of it replaces what stands.
        output, metrics_file = output and f"{output}/{_NOT_STORED}", ""
    for setting, name, write in (
        ("output", output, reports),
        ("metrics_file", metrics_file, figures),
    ):
        if not name:
            continue
        try:
            say("files written", files=[str(path) for path in write(loaded.folder / name)])
        except ShadowAIError as error:
            more = f"; {advice(f'[run] {setting}', Path(name).name)}" if is_refused(error) else ""
            _trouble(ran, say, f"{error}{more}")


def _trouble(ran: Ran, say: Callable[..., None], reason: str) -> None:
    say("part failed", "error", reason=reason)
    ran.troubles.append(reason)
    ran.exit_code = EXIT_INCOMPLETE
