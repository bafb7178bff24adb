"""A run's traces as a collector gets them: OTLP over HTTP, read by OpenTelemetry's own schema."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from scanner.app import tracing
from scanner.app.config import load
from scanner.app.running import Log, Ran, job, run
from scanner.model.coverage import Outcome
from scanner.model.errors import ConfigError
from tests.dripping import dripping

ERROR = 2
"""https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto"""


@dataclass
class Collector:
    url: str
    spans: list[Any] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]


@contextmanager
def collector(status: int = 200) -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.headers.append(self.headers.get("x-team", ""))
            for told in ExportTraceServiceRequest.FromString(body).resource_spans:
                found.resources.append(_attributes(told.resource))
                for scope in told.scope_spans:
                    found.spans += scope.spans
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _attributes(one: Any) -> dict[str, str]:
    return {
        row.key: row.value.string_value or str(row.value.int_value) for row in one.attributes
    }  # fmt: skip


def _config(folder: Path, more: str = "") -> Path:
    (folder / "shop").mkdir()
    (folder / "shop/app.py").write_text("import anthropic\nanthropic.Anthropic()\n")
    config = folder / "shadow-ai.toml"
    config.write_text(
        '[store]\nurl = "sqlite:///state.sqlite"\n[sources.code]\npaths = ["shop"]\n'
        '[run]\noutput = "out"\ntraces = true\n' + more
    )
    return config


def _ran(config: Path) -> tuple[Ran, list[dict[str, Any]]]:
    out = io.StringIO()
    done = run(load(config), {"SHADOW_AI_FINGERPRINT_KEY": "k" * 20}, Log(out, run="r-test"))
    return done, [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_run_is_one_trace_with_its_parts_and_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    more = '[sources.gone]\nconnector = "code"\npaths = ["not-there"]\n'
    more += f'[scan]\nexecutor = "{executor}"\nworkers = 2\n'
    with collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=governance")
        done, lines = _ran(_config(tmp_path, more))
    (whole,), (scanned,) = found.named("run"), found.named("scan")
    assert {span.trace_id for span in found.spans} == {whole.trace_id}
    assert not whole.parent_span_id
    assert scanned.parent_span_id == whole.span_id
    assert [span.parent_span_id for span in found.named("write files")] == [whole.span_id]

    read = {_attributes(span)["shadow_ai.shard"]: span for span in found.named("read shard")}
    assert done.result is not None
    coverage = {row.shard: row for row in done.result.document.coverage}
    assert read.keys() == coverage.keys()
    for shard, span in read.items():
        told = _attributes(span)
        assert told["shadow_ai.status"] == str(coverage[shard].status)
        assert told["shadow_ai.records"] == str(coverage[shard].records)
        assert (span.status.code == ERROR) is Outcome(coverage[shard].status).is_lacking
        assert span.parent_span_id == scanned.span_id
        assert scanned.start_time_unix_nano <= span.start_time_unix_nano
        assert span.start_time_unix_nano < span.end_time_unix_nano <= scanned.end_time_unix_nano
    assert any(span.status.code == ERROR for span in read.values())

    assert _attributes(whole)["shadow_ai.exit"] == str(done.exit_code) == "3"
    assert _attributes(scanned)["shadow_ai.scan"] == done.result.document.scan.id
    assert lines[0]["trace"] == whole.trace_id.hex()
    assert {about["service.name"] for about in found.resources} == {"shadow-ai"}
    assert set(found.headers) == {"governance"}


def test_a_collector_that_refuses_costs_no_run_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with collector(status=400) as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        done, lines = _ran(_config(tmp_path))
    assert done.exit_code == 0
    (told,) = [line for line in lines if line["event"] == "traces not delivered"]
    assert told["level"] == "warning"
    assert "400" in told["reason"]
    assert not capfd.readouterr().err


def test_a_redirect_delivers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector(status=307) as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        done, lines = _ran(_config(tmp_path))
    assert done.exit_code == 0
    (told,) = [line for line in lines if line["event"] == "traces not delivered"]
    assert "HTTP 307, a redirect, which is not followed" in told["reason"]


def test_a_collector_that_drips_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes well within a socket's timeout; the answer's own time is what ends it."""
    monkeypatch.setattr(tracing, "_ANSWER_SECONDS", 0.5)
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with dripping(begin, b"x") as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
        began = time.monotonic()
        done, lines = _ran(_config(tmp_path))
        assert time.monotonic() - began < 10
    assert done.exit_code == 0
    assert [line["event"] for line in lines].count("traces not delivered") == 1


def test_spans_that_take_too_long_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_FLUSH_SECONDS", 0.3)
    with dripping(b"", b"") as url:  # it takes the spans and says nothing
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        done, lines = _ran(_config(tmp_path))
    assert done.exit_code == 0
    (told,) = [line for line in lines if line["event"] == "traces not delivered"]
    assert told["reason"] == "the collector did not take them within 0 s"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),  # less than a batch
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "abc"),
        ("OTEL_BSP_SCHEDULE_DELAY", "-5"),
    ],
)
def test_an_odd_variable_of_opentelemetry_costs_the_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    done, lines = _ran(_config(tmp_path))
    assert done.exit_code == 0
    (told,) = [line for line in lines if line["event"] == "traces not delivered"]
    assert "OTEL_*" in told["reason"]
    assert [line["event"] for line in lines][-1] == "run finished"


def test_headers_that_opentelemetry_does_not_understand_are_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, out = _config(tmp_path), io.StringIO()
    with collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization Bearer made-up-value")
        monkeypatch.setenv("SHADOW_AI_FINGERPRINT_KEY", "k" * 20)
        assert job(lambda: load(config), os.environ, Log(out, run="r-test")) == 0
    assert "Header format invalid" in out.getvalue()
    assert "made-up-value" not in out.getvalue()
    assert found.spans


def test_credentials_go_to_no_collector_in_the_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=made-up")
    done, lines = _ran(_config(tmp_path))
    assert done.exit_code == 0
    (told,) = [line for line in lines if line["event"] == "traces not delivered"]
    assert "sent by https alone" in told["reason"]
    assert "made-up" not in json.dumps(lines)


def test_nobody_is_called_unless_traces_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _config(tmp_path)
    config.write_text(config.read_text().replace("traces = true", "traces = false"))
    with collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        _, lines = _ran(config)
    assert not found.spans
    assert "trace" not in lines[0]


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"install shadow-ai-scanner\[traces\]"):
        _ran(_config(tmp_path))
