"""What several lines tell of one connection counts once, and each way its own bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.logs.lines import Layout
from tests.connectors.logs.conftest import Read, Told
from tests.connectors.logs.test_joined import AI, carried, resolved, seen

SEEN = {"sni": "claude.ai"}
SO_FAR = {"bytes_toserver": 600, "bytes_toclient": 700, "start": "2026-11-28T10:00:00.1+0000"}
IN_ALL = {"bytes_toserver": 5000, "bytes_toclient": 9000, "start": "2026-11-28T10:00:00.1+0000"}


def event(kind: str, ident: int = 1, **more: Any) -> str:
    """https://docs.suricata.io/en/latest/output/eve/eve-json-format.html"""
    return json.dumps({"timestamp": "2026-11-28T10:00:00.1+0000", "flow_id": ident,
                       "event_type": kind, "src_ip": "10.0.0.7", "src_port": 50212,
                       "dest_ip": "203.0.113.7", "dest_port": 443, **more}) + "\n"  # fmt: skip


TLS, FLOW = event("tls", tls=SEEN), event("flow", flow=IN_ALL)
ALERT = event("alert", tls=SEEN, flow=SO_FAR, alert={"action": "allowed", "signature": "x"})


def requests(told: Told) -> int:
    return sum(told.use.values())


@pytest.mark.parametrize(
    "lines",
    [[TLS, ALERT, FLOW], [ALERT, TLS, FLOW], [ALERT, ALERT, TLS, FLOW], [TLS, ALERT, ALERT, FLOW]],
)
def test_an_alert_is_no_second_connection(tmp_path: Path, read: Read, lines: list[str]) -> None:
    (tmp_path / "eve.json").write_text("".join(lines))
    told = read("eve.json")
    assert requests(told) == 1
    assert list(carried(told).values()) == [(5000, 9000)]


def test_connections_that_alerts_alone_tell_of_count_once_each(tmp_path: Path, read: Read) -> None:
    other = event("alert", 2, tls=SEEN, flow=SO_FAR, alert={"action": "allowed"})
    (tmp_path / "eve.json").write_text(ALERT + other + ALERT)
    assert requests(read("eve.json")) == 2


def test_what_an_alert_blocked_is_no_use(tmp_path: Path, read: Read) -> None:
    (tmp_path / "eve.json").write_text(event("alert", tls=SEEN, alert={"action": "blocked"}))
    told = read("eve.json")
    assert not told.use
    assert [row.count for asset in told.assets.values() for row in asset.evidence] == [1]


def session(logid: str, second: int, total: int, app: str = "OpenAI.ChatGPT") -> str:
    return (f'date=2026-11-28 time=10:00:00 devid="FG1" eventtime=1795860{second}000000000 '
            f'logid="{logid}" type="traffic" subtype="forward" srcip=10.0.0.5 srcport=51000 '
            f'dstip={AI} dstport=443 user="anna" sessionid=21 action="accept" app="{app}" '
            f"sentbyte={total} rcvdbyte={2 * total} sentdelta=1000 rcvddelta=2000\n")  # fmt: skip


@pytest.mark.parametrize(("app", "who"), [("OpenAI.ChatGPT", "anna"), ("SSL", "10.0.0.5")])
def test_a_long_session_of_fortinet_counts_once(
    tmp_path: Path, read: Read, app: str, who: str
) -> None:
    """https://docs2.fortinet.com/document/fortianalyzer/6.2.0/new-features/902615: sums are of the
    deltas. Also where the connection is known by its address alone."""
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI))
    (tmp_path / "fgt.log").write_text(
        session("0000000020", 120, 1000, app) + session("0000000020", 240, 2000, app)
        + session("0000000013", 360, 3000, app)
    )  # fmt: skip
    told = read("dns.log", "fgt.log")
    assert {key[0]: both for key, both in carried(told).items()} == {who: (3000, 6000)}
    asked = 1  # of the name server
    assert requests(told) == asked + 1


def cef(vendor: str, more: str) -> tuple[int, int]:
    line = f"CEF:0|{vendor}|x|1|y|a\\|b|1|src=10.0.0.5 dhost=claude.ai in=4000 out=1000 {more}"
    (told,) = Layout().records(line.encode())
    return told.up, told.down


@pytest.mark.parametrize(
    ("vendor", "both"),
    [("Palo Alto Networks", (4000, 1000)), ("Some Vendor", (4000, 1000)),
     ("Zscaler", (1000, 4000)), ("Fortinet", (1000, 4000)), ("Check Point", (1000, 4000)),
     ("Forcepoint", (1000, 4000))],
)  # fmt: skip
def test_in_and_out_are_the_vendors(vendor: str, both: tuple[int, int]) -> None:
    assert cef(vendor, "act=allow") == both


def test_fortinets_sessions_in_cef_count_deltas() -> None:
    more = "FTNTFGTlogid=0000000020 FTNTFGTsentdelta=10 FTNTFGTrcvddelta=20"
    assert cef("Fortinet", more) == (10, 20)


def test_cef_escapes_backslashes_and_signs() -> None:
    line = (r"CEF:0|Palo Alto Networks|PAN-OS|11|url\|x|THREAT|1|suser=acme\\nora "
            r"request=https://claude.ai/a\=b src=10.1.1.1")  # fmt: skip
    (told,) = Layout().records(line.encode())
    assert (told.user, told.host, told.path) == ("acme\\nora", "claude.ai", "/a=b")


@pytest.mark.parametrize("action", ["ALLOWED", "BLOCKED"])
def test_where_umbrellas_proxy_led_from_is_no_visit(
    tmp_path: Path, read: Read, action: str
) -> None:
    (tmp_path / "proxy.csv").write_text(
        '"2026-11-28 10:00:00","laptop-1","10.0.0.9","203.0.113.4","192.0.2.9","text/html",'
        f'"{action}","https://www.example.com/","https://chatgpt.com/","Mozilla/5.0","200","562",'
        '"1489","1400","","News"\n'
    )
    told = read("proxy.csv")
    assert not told.assets
    assert not told.gaps


BLOCKED = event("alert", tls=SEEN, alert={"action": "blocked"})
DROPPED = event("drop", tls=SEEN, drop={"reason": "flow drop"})


@pytest.mark.parametrize("refusal", [BLOCKED, DROPPED])
@pytest.mark.parametrize("is_turned", [False, True])
def test_a_connection_that_was_blocked_is_an_attempt(
    tmp_path: Path, read: Read, refusal: str, is_turned: bool
) -> None:
    lines = [refusal, TLS] if is_turned else [TLS, refusal]
    (tmp_path / "eve.json").write_text("".join([*lines, FLOW]))
    told = read("eve.json")
    assert not told.use
    assert sum(row.count for row in seen(told)) == 1


def test_bodies_are_inside_the_bytes_of_their_connection(tmp_path: Path, read: Read) -> None:
    asked = [event("http", http={"hostname": "api.openai.com", "url": url, "length": 700})
             for url in ("/v1/embeddings", "/v1/chat/completions")]  # fmt: skip
    (tmp_path / "eve.json").write_text("".join([*asked, FLOW]))
    both = list(carried(read("eve.json")).values())
    assert [sum(ways) for ways in zip(*both, strict=True)] == [5000, 9000]


@pytest.mark.parametrize("order", [("http.log", "conn.log"), ("conn.log", "http.log")])
@pytest.mark.parametrize("partitions", [1, 4])
def test_bodies_of_zeek_are_inside_its_connections(
    tmp_path: Path, read: Read, order: tuple[str, str], partitions: int
) -> None:
    where = "1795860000.1\tC1\t10.0.0.5\t5000\t203.0.113.9\t80\t"
    head = "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\t"
    body = "POST\tapi.openai.com\t/v1/embeddings\tcurl/8\t500\t700\n"
    (tmp_path / "http.log").write_text(
        f"{head}method\thost\turi\tuser_agent\trequest_body_len\tresponse_body_len\n"
        + (where + body) * 2
    )
    (tmp_path / "conn.log").write_text(
        f"{head}orig_bytes\tresp_bytes\tconn_state\n{where}2000\t3000\tSF\n"
    )
    told = read(*order, partitions=partitions)
    assert list(carried(told).values()) == [(2000, 3000)]
    assert list(told.use.values()) == [2]
