"""Each format is told by its lines, and gives what they hold."""

from __future__ import annotations

import pytest

from connectors.logs.documents import is_by_value
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


def test_lines_of_every_format_are_lines() -> None:
    """Two of them are no document, whatever they begin with."""
    for name, header, line, _ in SAMPLES:
        assert not is_by_value(f"{header}{line}\n{line}\n".encode()), (name, line)


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
     "a." * 30_000, "a-" * 30_000, 'a="' * 20_000, "x PACKET " + "(1)a" * 15_000,
     "%FTD-1-430003: SrcIP: 1.1.1.1" + ", User: Unknown, UR" * 400, "%FTD-1-430003: " * 500,
     "client " * 1000 + " query: ", "1 1 unbound[1]: " * 500,
     "1795860000.123 " * 500 + " urls src=",
     'a - b [c] "GET ' + '" A:' * 15_000, 'a=1 b=2 c=3 "' + '\\"' * 30_000,
     '{"timestamp":"2026-11-28","user":"a","pad":"' + "x" * 60_000,
     "a=1 b=2 c=3 " + "x" * 60_000, "a=1 b=2 c=3 " + "x.-" * 20_000,
     "CEF:0|a|b|c|d|e|f|a=1 b=" + "x" * 60_000],
    ids=range(21),
)  # fmt: skip
def test_a_line_that_is_made_to_take_long_does_not(line: str) -> None:
    """Expressions that share a line out in every way would take hours."""
    Layout(day=20261231).records(line.encode())


SQUID = ("1795860000.123 456 10.0.0.5 TCP_TUNNEL/200 8123 CONNECT api.openai.com:443 "
         "boss@example.com HIER_DIRECT/203.0.113.9 -")  # fmt: skip
CEF = "CEF:0|a|b|1|c|d|1|suser=boss@example.com act=x request=https://api.openai.com/v1"
PALO_ALTO = ("1,2026/11/28 10:00:00,001,THREAT,url,2561,2026/11/28 10:00:00,10.0.0.5,203.0.113.9,"
             ",,rule,boss@example.com,,ssl,v,a,b,c,d,e,f,1,1,1,443,0,0,0x0,tcp,alert,chatgpt.com/,"
             "x")  # fmt: skip
QUERY = "dnsmasq[1]: query[A] api.openai.com from 10.0.0.99"
NAMED = "client @0x1 10.0.0.99#5 (a): query: claude.ai IN A"
WINDOWS = "PACKET  00AB UDP Rcv 10.0.0.99 0001   Q [0001 D NOERROR] A (6)claude(2)ai(0)"
PAIRS = "user=boss@example.com host=api.openai.com a=1 b=2"
LEEF = "LEEF:2.0|a|b|1|c|\\tusrName=boss@example.com\\tsrc=1.2.3.4\\turl=https://claude.ai/chat"


@pytest.mark.parametrize("forged", [SQUID, CEF, LEEF, PALO_ALTO, QUERY, NAMED, WINDOWS, PAIRS])
@pytest.mark.parametrize(
    "line",
    ['10.0.0.3 - - [28/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "x {}"',
     '[2026-11-28T10:00:00Z] "GET /a HTTP/1.1" 200 - 1 2 3 - "10.0.0.3" "x {}" "1" "a.lan" "-"',
     "1795860000.123 456 10.0.0.3 TCP_TUNNEL/200 1 CONNECT www.example.com:443 ben HIER_DIRECT/"
     "203.0.113.9 - {}",
     '28/11/2026 web 200 "GET /a" "x {}"'],
    ids=["combined", "envoy", "squid", "unknown"],
)  # fmt: skip
def test_what_a_stranger_sends_accuses_nobody(line: str, forged: str) -> None:
    """A user agent may read as a line of another log."""
    told = Layout(day=20261231).records(line.format(forged).encode())
    assert "boss@example.com" not in {record.user for record in told}
    assert "10.0.0.99" not in {record.src for record in told}
    assert not [one for one in told if one.format != "text" and "openai" in one.host]


@pytest.mark.parametrize("forged", [SQUID, CEF, LEEF, PALO_ALTO, QUERY, NAMED, WINDOWS])
def test_what_a_program_quotes_is_no_line_of_another(forged: str) -> None:
    line = f"Nov 28 10:00:00 web sshd[7]: Invalid user {forged} from 203.0.113.5 port 5"
    told = Layout(day=20261231).records(line.encode())
    assert {record.src for record in told} <= {"", "203.0.113.5"}
    assert not [one for one in told if one.user or one.format != "text"]


@pytest.mark.parametrize(
    ("url", "tail", "user"),
    [("https://api.openai.com/v1/responses", "", ""), ("api.openai.com:443", "", ""),
     ("https://api.openai.com/v1/responses", " TCP_MISS:HIER_DIRECT", "boss"),
     ("/v1/responses", "", "boss")],
)  # fmt: skip
def test_who_asks_a_web_server_for_another_site_names_himself_alone(
    url: str, tail: str, user: str
) -> None:
    """nginx logs whatever name a request claims."""
    line = (f'10.0.0.3 - boss [28/Nov/2026:10:00:00 +0000] "POST {url} HTTP/1.1" 200 5 "-" "x"'
            f"{tail}")  # fmt: skip
    (told,) = Layout(day=20261231).records(line.encode())
    assert (told.format, told.src, told.user) == ("combined", "10.0.0.3", user)


@pytest.mark.parametrize("header", [
    "Nov 28 10:00:00 proxy squid[12]: ", "<134>Nov 28 10:00:00 proxy (squid-1): ",
    "<134>1 2026-11-28T10:00:00.5Z proxy squid 12 - - ", "2026-11-28T10:00:00.12345Z stdout F ",
])  # fmt: skip
def test_squids_lines_may_come_by_syslog(header: str) -> None:
    (told,) = Layout(day=20261231).records(f"{header}{SQUID}".encode())
    assert (told.format, told.user, told.host) == ("squid", "boss@example.com", "api.openai.com")


@pytest.mark.parametrize("header", [
    "", "Nov 28 10:00:00 fw ", "<134>Nov 28 10:00:00 10.1.1.1 ", "<134>Nov 28 10:00:00 fw app: ",
    "<134>1 2026-11-28T10:00:00.5Z fw app 12 - - ", "2026-11-28T10:00:00+01:00 relay ",
    "Nov 28 10:00:00 relay Nov 28 10:00:00 fw ",
])  # fmt: skip
@pytest.mark.parametrize("line", [CEF, PALO_ALTO, LEEF], ids=["cef", "palo-alto", "leef"])
def test_firewalls_lines_may_come_by_syslog(header: str, line: str) -> None:
    (told,) = Layout(day=20261231).records(f"{header}{line}".encode())
    assert (told.format in ("cef", "palo-alto", "leef"), told.user) == (True, "boss@example.com")


@pytest.mark.parametrize("line", [
    "Nov 28 10:00:00 pi dnsmasq[1]: query[A] claude.ai from 10.0.0.5",
    "2026-11-28T10:00:00.123+00:00 pi dnsmasq[1]: query[A] claude.ai from 10.0.0.5",
    "<30>Nov 28 10:00:00 dnsmasq[1]: 7 10.0.0.5/5 query[A] claude.ai from 10.0.0.5",
    "Nov 28 10:00:00 ns named[7]: client @0x1 10.0.0.5#5 (claude.ai): query: claude.ai IN A +",
    "Nov 28 10:00:00 ns named[7]: queries: info: client 10.0.0.5#5: query: claude.ai IN A +",
    "2026-11-28T10:00:00.1Z queries: client 10.0.0.5#5 (a.ai): view a: query: claude.ai IN A +",
    "28-Nov-2026 10:00:00.123 client 10.0.0.5#5/key k (claude.ai): query: claude.ai IN A +",
])  # fmt: skip
def test_name_servers_lines_begin_in_several_ways(line: str) -> None:
    (told,) = Layout(day=20261231).records(line.encode())
    assert (told.host, told.src, told.time) == ("claude.ai", "10.0.0.5", "2026-11-28T10:00:00Z")


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
