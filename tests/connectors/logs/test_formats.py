"""Each format is told by its lines, and gives what they hold."""

from __future__ import annotations

import pytest

from connectors.logs.formats import formats
from connectors.logs.lines import Layout
from connectors.logs.times import moment
from tests.connectors.logs.flow_samples import FLOWS
from tests.connectors.logs.samples import SAMPLES


@pytest.mark.parametrize(
    ("name", "header", "line", "expected"),
    SAMPLES,
    ids=[f"{s[0]}-{n}" for n, s in enumerate(SAMPLES)],
)
def test_a_sample_is_recognised_and_taken_apart(
    name: str, header: str, line: str, expected: dict[str, object]
) -> None:
    layout = Layout(day=20261231)
    layout.begin(f"{header}{line}\n".encode())
    found = layout.records(line.encode())
    assert [record.format for record in found][:1] == [name]
    assert {key: getattr(found[0], key) for key in expected} == expected


def test_every_format_has_a_sample() -> None:
    there = {name for name, *_ in (*SAMPLES, *FLOWS)}
    anything = {"json", "table", "key-value"}
    assert {one.name for one in formats()} - anything <= there


def test_every_format_has_a_reference() -> None:
    known = {one.name for one in formats() if one.name not in ("json", "table", "key-value")}
    assert not [one.name for one in formats() if one.name in known and not one.reference]


@pytest.mark.parametrize(
    "line",
    [b"", b"\x00\xff\xfe", b"{", b'{"a":', b"[" * 5000, b'{"a":' * 900, b"=" * 9000,
     b"CEF:0|||||||", b"LEEF:", b"(3)(", b'"' * 3000, "\U0001f600 \u202e".encode(),
     b'{"host": {"x": 1}, "url": 5}',
     b"date=2026-99-99 time=zz devid=1 logid=2 hostname=http://[bad srcip=::::"],
)  # fmt: skip
def test_what_is_no_line_of_any_log_harms_nothing(line: bytes) -> None:
    layout = Layout()
    layout.begin(line)
    for record in layout.records(line):
        assert isinstance(record.host, str)


@pytest.mark.parametrize(
    "line",
    ["CEF:0|a|b|c|d|e|f|x=" + " " * 60_000 + "y",
     "1/1/2026 10:00 x PACKET " + " PACKET Rcv a " * 4000,
     '[2026-11-28T10:00:00Z] "GET / HTTP/1.1" 200 - 1 2 ' + '"a" ' * 15_000,
     "x client " + "1#1 query: " * 5000, "Nov 28 10:00:00 " + "dnsmasq[1]: " * 5000, "1 " * 30_000,
     "a." * 30_000, "a-" * 30_000, 'a="' * 20_000, "x PACKET " + "(1)a" * 15_000],
    ids=range(10),
)  # fmt: skip
def test_a_line_that_is_made_to_take_long_does_not(line: str) -> None:
    """Expressions that share a line out in every way would take hours."""
    Layout(day=20261231).records(line.encode())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1764324000", "2025-11-28T10:00:00Z"), ("1764324000123", "2025-11-28T10:00:00Z"),
     ("1764324000123456789", "2025-11-28T10:00:00Z"), ("2026-11-28 12:00:00+0200",
      "2026-11-28T10:00:00Z"), ("28/Nov/2026:10:00:00 -0100", "2026-11-28T11:00:00Z"),
     ("Nov  8 10:00:00", "2026-11-08T10:00:00Z"), ("99/99/2026 10:00", ""), ("soon", ""), ("", "")],
)  # fmt: skip
def test_times(text: str, expected: str) -> None:
    assert moment(text, 20261231) == expected


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("api.openai.com/v1/chat?next=https://x.example/", "api.openai.com", 0, "/v1/chat"),
        ("https://API.OpenAI.com:8443/v1/models#top", "api.openai.com", 8443, "/v1/models"),
        ("api.openai.com:443", "api.openai.com", 443, ""),
        ("https://user@api.openai.com/", "api.openai.com", 0, "/"),
        ("wss://api.openai.com/v1/realtime", "api.openai.com", 0, "/v1/realtime"),
        ("http://[2001:db8::1]:11434/api/chat", "2001:db8::1", 11434, "/api/chat"),
        ("https://api.openai.com:99999/", "", 0, ""),
    ],
)
def test_urls_as_logs_write_them(url: str, host: str, port: int, path: str) -> None:
    line = f"1764324000.123 4 10.0.0.5 TCP_MISS/200 9 POST {url} anna DIRECT/192.0.2.9 text/html"
    (record,) = Layout().records(line.encode())
    assert (record.host, record.port, record.path) == (host or "192.0.2.9", port, path)
