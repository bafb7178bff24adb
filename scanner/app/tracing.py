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
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from scanner import __version__
from scanner.model.base import ShardId
from scanner.model.coverage import Coverage
from scanner.model.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Say = Callable[..., None]
_FLUSH_MILLIS = 15_000
"""At the end of a run no collector is waited for longer."""


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
    provider, troubles = _provider(run), _Troubles()
    logger = logging.getLogger("opentelemetry")
    logger.addHandler(troubles)
    try:
        spans = Traced(provider)
        with spans.part("run"):
            yield spans
    finally:
        provider.force_flush(_FLUSH_MILLIS)
        provider.shutdown()
        logger.removeHandler(troubles)
        if troubles.first:
            say("traces not delivered", "warning", reason=troubles.first)


class _Troubles(logging.Handler):
    """What OpenTelemetry complains of goes into our lines, once, and not between them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.first = self.first or record.getMessage()[:300]


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
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(session=session())))
    return provider


def _named(about: dict[str, Any]) -> dict[str, Any]:
    """Attributes of our own under one name space; OpenTelemetry's keep theirs."""
    return {name if "." in name else f"shadow_ai.{name}": value for name, value in about.items()}
