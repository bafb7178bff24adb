"""What nobody has answered was tried, and is no use: a server that the proxy did not reach, a name
that was not found or is not given out."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.model.facts import Edge
from tests.connectors.logs.conftest import Read, Told
from tests.connectors.logs.test_counted_once import event

ZEEK = (
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tquery\trcode_name\t"
    "rejected\n1795860000.1\tC1\tanna\t3\t10.0.0.2\t53\tclaude.ai\t{}\t{}\n"
)
ROUTE53 = (
    '{{"version":"1.1","vpc_id":"v","query_timestamp":"2026-11-28T10:00:00Z","query_name":'
    '"claude.ai.","rcode":"{}","answers":[],"srcaddr":"anna","srcids":{{}}}}\n'
)
SQUID = "1795860000.1{:02} 5 10.0.0.5 {} {} {} anna {} -\n"
BLUE_COAT = (
    "#Fields: date time c-ip cs-username cs-method cs-host sc-status s-action x-exception-id\n"
    "2026-11-28 10:00:00 10.0.0.5 anna CONNECT claude.ai {} {} {}\n"
)
CLOUDFLARE = '{{"QueryName":"claude.ai","QueryID":"1","RCode":{},"Email":"anna"}}\n'
INFOBLOX = "28-Nov-2026 10:00:00.083 client 10.0.0.5#5 UDP: query: claude.ai IN A response: {} +\n"
AZURE = "DNS Request: 10.0.0.5:4 - 1 A IN claude.ai. udp 55 false 512 {} - 0 2.0s\n"
UNBOUND = "Nov 28 10:00:00 ns unbound[1:0]: reply: 10.0.0.5 claude.ai. A IN {} 0.0 0 45\n"


def tried(told: Told) -> set[str]:
    return {item.target.rpartition("/")[2] for item in told.items
            if isinstance(item, Edge) and item.relation == "tried_by"}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [SQUID.format(1, "NONE_NONE/503 0", "CONNECT", "claude.ai:443", "HIER_NONE/-"),
     SQUID.format(1, "TCP_TUNNEL/503 0", "CONNECT", "claude.ai:443", "HIER_NONE/-"),
     SQUID.format(1, "TCP_TUNNEL/503 0", "CONNECT", "claude.ai:443", "HIER_DIRECT/192.0.2.9"),
     SQUID.format(1, "TCP_MISS/504 4000", "GET", "http://claude.ai/", "HIER_NONE/-"),
     SQUID.format(1, "NONE_ABORTED/000 0", "GET", "http://claude.ai/", "HIER_NONE/-"),
     BLUE_COAT.format(503, "TCP_ERR_MISS", "tcp_error"),
     BLUE_COAT.format(503, "TCP_MISS", "dns_unresolved_hostname"),
     ZEEK.format("NXDOMAIN", "F"), ZEEK.format("NOERROR", "T"), ROUTE53.format("SERVFAIL"),
     ROUTE53.format("NXDOMAIN")],
)  # fmt: skip
def test_what_nobody_has_answered_was_tried(tmp_path: Path, read: Read, text: str) -> None:
    (tmp_path / "a.log").write_text(text)
    told = read("a.log")
    assert told.use == {}
    assert tried(told) == {"anna"}


@pytest.mark.parametrize(
    "text",
    [SQUID.format(1, "TCP_TUNNEL/200 90", "CONNECT", "claude.ai:443", "HIER_DIRECT/192.0.2.9"),
     SQUID.format(1, "TCP_MISS/503 90", "POST", "http://claude.ai/", "HIER_DIRECT/192.0.2.9"),
     SQUID.format(1, "TCP_MEM_HIT/200 90", "GET", "http://claude.ai/", "HIER_NONE/-"),
     SQUID.format(1, "TCP_NEGATIVE_HIT/503 90", "GET", "http://claude.ai/", "HIER_NONE/-"),
     BLUE_COAT.format(200, "TCP_TUNNELED", "-"), ZEEK.format("NOERROR", "F"),
     ROUTE53.format("NOERROR")],
)  # fmt: skip
def test_what_was_answered_is_use(tmp_path: Path, read: Read, text: str) -> None:
    (tmp_path / "a.log").write_text(text)
    told = read("a.log")
    assert [who for who, _ in told.use] == ["anna"]
    assert not tried(told)


@pytest.mark.parametrize("line", [UNBOUND, INFOBLOX, AZURE])
@pytest.mark.parametrize(("code", "count"), [("NOERROR", 1), ("NXDOMAIN", 0), ("REFUSED", 0)])
def test_a_name_servers_answer_tells(
    tmp_path: Path, read: Read, line: str, code: str, count: int
) -> None:
    (tmp_path / "a.log").write_text(line.format(code))
    told = read("a.log")
    assert sum(told.use.values()) == count
    assert tried(told) == (set() if count else {"10.0.0.5"})


@pytest.mark.parametrize(("code", "count"), [(0, 1), (3, 0), (5, 0)])
def test_a_name_servers_answer_tells_by_number(
    tmp_path: Path, read: Read, code: int, count: int
) -> None:
    (tmp_path / "a.log").write_text(CLOUDFLARE.format(code))
    told = read("a.log")
    assert sum(told.use.values()) == count
    assert tried(told) == (set() if count else {"anna"})


def dns(kind: str, name: str = "claude.ai", **more: str) -> str:
    return event("dns", dns={"type": kind, "rrname": name, **more})


@pytest.mark.parametrize(("code", "count"), [("NOERROR", 1), ("NXDOMAIN", 0)])
def test_a_question_with_its_answer_counts_once(
    tmp_path: Path, read: Read, code: str, count: int
) -> None:
    (tmp_path / "eve.json").write_text(dns("query") + dns("answer", rcode=code))
    told = read("eve.json")
    assert sum(told.use.values()) == count
    assert [row.count for one in told.assets.values() for row in one.evidence] == [1]


def test_each_name_of_one_connection_counts(tmp_path: Path, read: Read) -> None:
    (tmp_path / "eve.json").write_text(
        dns("query") + dns("query", "api.openai.com") + dns("answer", rcode="NOERROR")
        + dns("answer", "api.openai.com", rcode="SERVFAIL")
    )  # fmt: skip
    told = read("eve.json")
    assert list(told.use.values()) == [1]
    assert sum(not one.is_ai for one in told.assets.values()) == 1
