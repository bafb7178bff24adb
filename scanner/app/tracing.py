"""A run as OpenTelemetry traces: one trace a run, a span for each of its parts and for every shard.

Where traces go is OpenTelemetry's own matter: ``OTEL_EXPORTER_OTLP_ENDPOINT``, ``_HEADERS``,
``_CERTIFICATE``, ``OTEL_RESOURCE_ATTRIBUTES`` and the others of
https://opentelemetry.io/docs/specs/otel/protocol/exporter/. The calls are made by a session of
ours, so that credentials leave by https alone and no redirect is followed. Traces that cannot be
delivered are told once and cost no run. A reading in another process is timed from here: its worker
needs no connection to the collector.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import requests

from scanner import __version__
from scanner.app import libraries
from scanner.model.base import ShardId
from scanner.model.coverage import Coverage
from scanner.model.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Say = Callable[..., None]
_FLUSH_SECONDS = 15.0
"""At the end of a run no collector is waited for longer."""
_ANSWER_SECONDS = 10.0
"""Of one answer with its body (https://opentelemetry.io/docs/specs/otel/protocol/exporter/)."""


class Untraced:
    """The same calls, for a run whose traces nobody asked for."""

    def part(self, name: str, **about: str) -> AbstractContextManager[None]:
        return nullcontext()

    def began(self, source: str, shard: ShardId) -> None:
        """A shard is read from now on."""

    def ended(self, row: Coverage) -> None:
        """It was read, or set aside."""

    def tell(self, **about: str | int) -> None:
        """Of the part that is being done."""

    def trace_id(self) -> str:
        """32 hexadecimal digits; empty: untraced."""
        return ""


class Traced(Untraced):
    """Spans of one run. Shards may begin and end in any order; one that never ended is not told."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("shadow-ai", __version__)
        self._begun: dict[ShardId, tuple[str, int]] = {}

    @contextmanager
    def part(self, name: str, **about: str) -> Iterator[None]:
        from opentelemetry.trace import Status, StatusCode

        with self._tracer.start_as_current_span(
            name, attributes=_named(about), record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                # The kind alone: a message may quote what was read.
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def began(self, source: str, shard: ShardId) -> None:
        self._begun.setdefault(shard, (source, time.time_ns()))  # a second attempt is the same

    def ended(self, row: Coverage) -> None:
        from opentelemetry.trace import Status, StatusCode

        now = time.time_ns()
        source, at = self._begun.pop(row.shard, (row.source, now))
        told = {"source": source, "shard": row.shard, "status": str(row.status),
                "records": row.records, "gaps": len(row.gaps)}  # fmt: skip
        span = self._tracer.start_span("read shard", start_time=at, attributes=_named(told))
        if row.status.is_lacking:
            span.set_status(Status(StatusCode.ERROR, row.reason))
        span.end(now)

    def tell(self, **about: str | int) -> None:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes(_named(about))

    def trace_id(self) -> str:
        from opentelemetry.trace import format_trace_id, get_current_span

        return format_trace_id(get_current_span().get_span_context().trace_id)


@contextmanager
def traced(is_wanted: bool, run: str, say: Say) -> Iterator[Untraced]:
    """Of the run with this id, around all that it does. Raises ``ConfigError`` where traces are
    wanted and the extra is not installed."""
    if not is_wanted:
        yield Untraced()
        return
    try:
        provider = _provider(run)
    except ValueError as error:
        say("traces not delivered", "warning",
            reason=f"OpenTelemetry does not take what a variable OTEL_* says: {error}")  # fmt: skip
        yield Untraced()
        return
    with _complaints(say) as troubles:
        try:
            spans = Traced(provider)
            with spans.part("run"):
                yield spans
        finally:
            if not _is_delivered(provider):
                troubles.lost = f"the collector did not take them within {_FLUSH_SECONDS:.0f} s"


@contextmanager
def _complaints(say: Say) -> Iterator[_Troubles]:
    """What OpenTelemetry complains of goes into our lines: once, and not between them."""
    troubles, logger = _Troubles(), logging.getLogger("opentelemetry")
    does_propagate, logger.propagate = logger.propagate, False
    logger.addHandler(troubles)
    try:
        yield troubles
    finally:
        logger.removeHandler(troubles)
        logger.propagate = does_propagate
        first = troubles.first or troubles.lost
        if troubles.lost:
            say("traces not delivered", "warning", reason=first)
        elif first:
            say("library", "warning", logger="opentelemetry", reason=first)


def _is_delivered(provider: TracerProvider) -> bool:
    """Whether all went out in time. OpenTelemetry's own ``force_flush`` keeps no time
    (https://github.com/open-telemetry/opentelemetry-python/issues/4568); a thread that is still at
    it ends with the process."""

    def flush() -> None:
        provider.force_flush()
        provider.shutdown()

    worker = threading.Thread(target=flush, name="traces", daemon=True)
    worker.start()
    worker.join(_FLUSH_SECONDS)
    return not worker.is_alive()


class _Troubles(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""
        """Says more than the last: what is given up was tried before."""
        self.lost = ""
        """Empty: whatever there was to complain of, they were delivered."""

    def emit(self, record: logging.LogRecord) -> None:
        said = libraries.plain(record)
        self.first = self.first or said
        if record.levelno >= logging.ERROR or "dropping" in said.casefold():
            self.lost = self.lost or said


def _provider(run: str) -> TracerProvider:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ConfigError(
            "[run] traces: needs OpenTelemetry; install shadow-ai-scanner[traces]"
        ) from error
    from scanner.kit.outgoing import session

    about = _named({"service.version": __version__, "run": run})
    provider = TracerProvider(
        # The name that OTEL_SERVICE_NAME gives goes before ours.
        resource=Resource.create({"service.name": "shadow-ai", **about}), shutdown_on_exit=False
    )  # fmt: skip
    calls = session(whole=_ANSWER_SECONDS)
    calls.hooks["response"].append(_is_taken)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(session=calls)))
    return provider


def _is_taken(answer: requests.Response, **_: Any) -> None:
    """A redirect is not followed, and OpenTelemetry would take it for success."""
    if 300 <= answer.status_code < 400:
        raise requests.HTTPError(
            f"the collector answers with HTTP {answer.status_code}, a redirect, which is not "
            "followed; give the address that it leads to in OTEL_EXPORTER_OTLP_ENDPOINT"
        )


def _named(about: dict[str, Any]) -> dict[str, Any]:
    """Attributes of our own under one name space; OpenTelemetry's keep theirs."""
    return {name if "." in name else f"shadow_ai.{name}": value for name, value in about.items()}
