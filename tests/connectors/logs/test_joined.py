"""Connections that hold addresses alone, joined to the names that led to them."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from connectors.logs import files as log_files
from connectors.logs import marks
from scanner.model.evidence import Confidence, Evidence, merge_evidence
from scanner.model.facts import Asset, Edge, Identity
from scanner.model.items import Checkpoint
from tests.connectors.logs.conftest import Read, Told

T0 = 1_795_860_000
"""2026-11-28T10:00:00Z"""
AI, CDN, OWN = "203.0.113.7", "104.18.6.192", "10.9.9.9"
CONTACT = "OpenAI: contact"


def at(second: int) -> str:
    from connectors.logs.times import moment

    return moment(str(T0 + second))


def resolved(client: str, name: str, address: str, second: int = 0, *, instance: str = "",
             vpc: str = "vpc-1") -> str:  # fmt: skip
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-example-json.html"""
    return json.dumps({
        "version": "1.100000", "account_id": "111122223333", "region": "us-east-1", "vpc_id": vpc,
        "query_timestamp": at(second), "query_name": f"{name}.", "query_type": "A",
        "rcode": "NOERROR", "answers": [
            {"Rdata": f"{name}.cdn.example.", "Type": "CNAME", "Class": "IN"},
            {"Rdata": address, "Type": "A", "Class": "IN"},
        ],
        "srcaddr": client, "srcport": "51001", "transport": "UDP",
        "srcids": {"instance": instance} if instance else {},
    }) + "\n"  # fmt: skip


def vpc(src: str, dst: str, sent: int, second: int, *, sport: int = 51000, dport: int = 443,
        eni: str = "eni-0a", action: str = "ACCEPT") -> str:  # fmt: skip
    return (f"2 111122223333 {eni} {src} {dst} {sport} {dport} 6 9 {sent} {T0 + second} "
            f"{T0 + second + 50} {action} OK\n")  # fmt: skip


def talk(client: str, server: str, up: int, down: int, second: int, sport: int = 51000,
         eni: str = "eni-0a") -> str:  # fmt: skip
    return vpc(client, server, up, second, sport=sport, eni=eni) + vpc(
        server, client, down, second, sport=443, dport=sport, eni=eni
    )


HEAD = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "
        "start end action log-status\n")  # fmt: skip

NAT = ("interface-id srcaddr dstaddr srcport dstport pkt-srcaddr pkt-dstaddr bytes start end "
       "action\n")  # fmt: skip


def carried(
    told: Told, least: Confidence = Confidence.LOW
) -> dict[tuple[str, str], tuple[int, int]]:
    """(who, thing): bytes up and down."""
    names = {asset.id: asset.name for asset in told.assets.values()}
    who = {person.id: person.name for person in told.people.values()}
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for item in told.items:
        if isinstance(item, Edge) and item.relation == "used_by":
            for seen in item.evidence:
                if seen.confidence.rank >= least.rank and (seen.bytes_up or seen.bytes_down):
                    key = who[item.target], names[item.source]
                    up, down = found.get(key, (0, 0))
                    found[key] = up + seen.bytes_up, down + seen.bytes_down
    return found


def seen(told: Told) -> tuple[Evidence, ...]:
    """All of it, as a scan joins it."""
    rows = tuple(row for item in told.items if isinstance(item, Asset) for row in item.evidence)
    return merge_evidence(rows, (), add_counts=True)


def test_bytes_go_to_the_row_of_the_name(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a-flows.log").write_text(HEAD + talk("10.0.0.5", AI, 700, 9000, 5)
                                          + talk("10.0.0.5", "198.51.100.4", 5, 5, 5))  # fmt: skip
    (tmp_path / "b-dns.log").write_text(
        resolved("10.0.0.5", "api.openai.com", AI, instance="i-0123456789abcdef0")
    )
    told = read(".")
    assert carried(told) == {("i-0123456789abcdef0", CONTACT): (700, 9000)}
    rows = {row.rule: row for row in seen(told)}
    assert rows["logs.vpc-flow"].confidence is Confidence.MEDIUM
    assert (rows["logs.vpc-flow"].first_at, rows["logs.vpc-flow"].last_at) == (at(5), at(55))
    assert rows["logs.vpc-flow"].count == 1
    assert "answered" in rows["logs.vpc-flow"].preview
    assert not told.gaps


def test_what_was_refused_is_blocked(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI))
    (tmp_path / "flows.log").write_text(HEAD + vpc("10.0.0.5", AI, 40, 5, action="REJECT"))
    told = read(".")
    assert carried(told) == {}
    (blocked,) = [e for e in told.assets[CONTACT].evidence if "blocked" in e.path]
    assert (blocked.count, blocked.bytes_up) == (1, 40)


def test_a_connection_long_after_the_answer_is_not_due_to_it(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI))
    (tmp_path / "flows.log").write_text(
        HEAD + talk("10.0.0.5", AI, 1, 2, -3000) + talk("10.0.0.5", AI, 100, 200, 9000)
    )
    told = read(".")
    assert carried(told, Confidence.MEDIUM) == {}
    (row,) = [e for e in told.assets[CONTACT].evidence if e.rule == "logs.vpc-flow"]
    assert row.confidence is Confidence.LOW
    assert "not known to have asked" in row.preview


def test_a_connection_that_goes_on_stays_its_own(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI))
    (tmp_path / "flows.log").write_text(
        HEAD + "".join(talk("10.0.0.5", AI, 10, 20, second) for second in range(10, 20_000, 600))
    )
    assert carried(read("."), Confidence.MEDIUM) == {("10.0.0.5", CONTACT): (340, 680)}


def test_an_address_alone_is_a_guess_and_none_where_many_sites_are(
    tmp_path: Path, read: Read
) -> None:
    (tmp_path / "dns.log").write_text(
        resolved("10.0.0.5", "api.openai.com", AI) + resolved("10.0.0.5", "claude.ai", CDN)
    )
    (tmp_path / "flows.log").write_text(
        HEAD + talk("10.0.0.6", AI, 1, 2, 9) + talk("10.0.0.6", CDN, 3, 4, 9)
        + talk("10.0.0.5", CDN, 5, 6, 9)
    )  # fmt: skip
    told = read(".")
    assert carried(told, Confidence.MEDIUM) == {("10.0.0.5", "Anthropic: contact"): (5, 6)}
    assert carried(told) == {
        ("10.0.0.5", "Anthropic: contact"): (5, 6), ("10.0.0.6", CONTACT): (1, 2),
    }  # fmt: skip
    (shared,) = [e for e in told.assets["Anthropic: contact"].evidence if e.bytes_up]
    assert "other sites are at that address" in shared.preview


def test_the_last_name_that_was_asked_decides_and_another_is_a_doubt(
    tmp_path: Path, read: Read
) -> None:
    (tmp_path / "dns.log").write_text(
        resolved("10.0.0.5", "api.openai.com", CDN) + resolved("10.0.0.5", "shop.example", CDN, 600)
        + resolved("10.0.0.6", "shop.example", CDN, 5)
    )  # fmt: skip
    (tmp_path / "flows.log").write_text(
        HEAD + talk("10.0.0.5", CDN, 1, 2, 9) + talk("10.0.0.5", CDN, 3, 4, 700, sport=52000)
        + talk("10.0.0.6", CDN, 5, 6, 9)
    )  # fmt: skip
    told = read(".")
    assert carried(told) == {("10.0.0.5", CONTACT): (1, 2)}
    assert carried(told, Confidence.MEDIUM) == {("10.0.0.5", CONTACT): (1, 2)}


def test_two_networks_may_have_one_address(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(
        resolved("10.0.0.5", "api.openai.com", AI, instance="i-1", vpc="vpc-1")
        + resolved("10.0.0.5", "api.openai.com", AI, 1, instance="i-2", vpc="vpc-2")
    )
    head = "vpc-id interface-id srcaddr dstaddr srcport dstport bytes start end action\n"
    (tmp_path / "flows.log").write_text(head + "".join(
        f"vpc-{n} eni-{n} 10.0.0.5 {AI} 51000 443 {n}00 {T0 + 9} {T0 + 19} ACCEPT\n" for n in (1, 2)
    ))  # fmt: skip
    assert carried(read(".")) == {("i-1", CONTACT): (100, 0), ("i-2", CONTACT): (200, 0)}


def test_what_a_connection_passes_counts_once(tmp_path: Path, read: Read) -> None:
    """Own interface, a firewall's, the other end's, and a gateway's."""
    (tmp_path / "dns.log").write_text(
        resolved("10.0.0.5", "bedrock-runtime.us-east-1.amazonaws.com", OWN)
        + resolved("10.0.0.5", "api.openai.com", AI)
    )
    (tmp_path / "flows.log").write_text(
        HEAD + talk("10.0.0.5", OWN, 7, 8, 9) + talk("10.0.0.5", OWN, 7, 8, 9, eni="eni-0b")
        + talk("10.0.0.5", AI, 5, 6, 9) + talk("10.0.0.5", AI, 5, 6, 10, eni="eni-0c")
    )  # fmt: skip
    (tmp_path / "gateway.log").write_text(
        NAT + f"eni-9 10.0.0.5 10.0.0.220 51000 443 10.0.0.5 {AI} 5 {T0 + 9} {T0 + 19} ACCEPT\n"
    )
    assert carried(read("."), Confidence.MEDIUM) == {
        ("10.0.0.5", CONTACT): (5, 6), ("10.0.0.5", "Amazon Bedrock: contact"): (7, 8),
    }  # fmt: skip


def test_a_gateway_tells_where_nothing_else_does(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI))
    (tmp_path / "gateway.log").write_text(
        NAT + f"eni-9 10.0.0.5 10.0.0.220 51000 443 10.0.0.5 {AI} 5 {T0 + 9} {T0 + 19} ACCEPT\n"
        f"eni-9 10.0.0.220 10.0.0.5 443 51000 {AI} 10.0.0.5 6 {T0 + 9} {T0 + 19} ACCEPT\n"
    )
    assert carried(read("."), Confidence.MEDIUM) == {("10.0.0.5", CONTACT): (5, 6)}


@pytest.mark.parametrize("is_last", [True, False])
def test_what_a_gateway_asks_for_others_counts_once(
    tmp_path: Path, read: Read, is_last: bool
) -> None:
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI))
    own = [f"eni-0a 10.0.0.5 {AI} 51000 443 10.0.0.5 {AI} 50 ",
           f"eni-0a {AI} 10.0.0.5 443 51000 {AI} 10.0.0.5 90 "]  # fmt: skip
    inner = [f"eni-9 10.0.0.5 10.0.0.220 51000 443 10.0.0.5 {AI} 50 ",
             f"eni-9 10.0.0.220 10.0.0.5 443 51000 {AI} 10.0.0.5 90 "]  # fmt: skip
    outer = [f"eni-9 10.0.0.220 {AI} 1029 443 10.0.0.220 {AI} 50 ",
             f"eni-9 {AI} 10.0.0.220 443 1029 {AI} 10.0.0.220 90 "]  # fmt: skip
    lines = own + inner + outer if is_last else outer + inner + own
    (tmp_path / "flows.log").write_text(
        NAT + "".join(f"{line}{T0 + 9} {T0 + 19} ACCEPT\n" for line in lines)
    )
    told = read(".")
    assert carried(told) == {("10.0.0.5", CONTACT): (50, 90)}
    assert {*told.people} == {"10.0.0.5"}


def test_who_is_no_gateway_is_told_though_it_may_have_been(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI))
    sizes = (9_000_000, 20, 9_000_000)
    (tmp_path / "flows.log").write_text(NAT + "".join(
        f"eni-7 10.0.0.6 {AI} {51000 + n} 443 10.0.0.6 {AI} {size} {T0 + 9} {T0 + 19} ACCEPT\n"
        for n, size in enumerate(sizes)
    ))  # fmt: skip
    told = read(".", large_upload_mib=5)
    assert carried(told) == {("10.0.0.6", CONTACT): (sum(sizes), 0)}
    (row,) = [e for e in told.assets[CONTACT].evidence if "others were given" in e.preview]
    assert (row.count, row.large_uploads) == (3, 2)


def falcon(event: str, aid: str, second: int, **more: str) -> str:
    """https://www.crowdstrike.com/en-us/resources/data-sheets/falcon-data-replicator/"""
    told = {"event_simpleName": event, "aid": aid, "ComputerName": f"PC-{aid}"}
    return json.dumps({**told, "timestamp": f"{T0 + second}123", **more}) + "\n"


@pytest.mark.parametrize("is_one_file", [True, False])
def test_a_sensors_devices_are_joined_by_the_sensors_id(
    tmp_path: Path, read: Read, is_one_file: bool
) -> None:
    six = "2001:db8::7"
    names = falcon("DnsRequest", "a1", 0, DomainName="api.openai.com", IP4Records=f"{AI};",
                   IP6Records=f"{six};", aip="198.51.100.1")  # fmt: skip
    connections = "".join((
        falcon("NetworkConnectIP4", "a1", 1, RemoteAddressIP4=AI, RemotePort="443",
               LocalPort="51000", LocalAddressIP4="10.0.0.5"),
        falcon("NetworkConnectIP6", "a1", 2, RemoteAddressIP6=six, RemotePort="443",
               LocalPort="51001", LocalAddressIP6="fd00::5"),
        falcon("NetworkConnectIP4", "a2", 3, RemoteAddressIP4=AI, RemotePort="443",
               LocalPort="51002", LocalAddressIP4="10.0.0.5"),
        falcon("NetworkConnectIP4", "a1", 4, RemoteAddressIP4="198.51.100.9", RemotePort="443"),
    ))  # fmt: skip
    if is_one_file:
        (tmp_path / "falcon.json").write_text(connections + names)
    else:
        (tmp_path / "a.json").write_text(connections)
        (tmp_path / "b.json").write_text(names)
    told = read(".")
    assert told.use == {("pc-a1", CONTACT): 3, ("pc-a2", CONTACT): 1}
    rows = {(row.rule, row.confidence): row.count for row in seen(told)}
    assert rows == {
        ("logs.crowdstrike", Confidence.MEDIUM): 1,
        ("logs.crowdstrike-flow", Confidence.MEDIUM): 2,
        ("logs.crowdstrike-flow", Confidence.LOW): 1,
    }


def test_an_export_of_a_sensor_tells_names_connections_and_programs_once(
    tmp_path: Path, read: Read
) -> None:
    log = tmp_path / "falcon.json"
    ran = falcon("ProcessRollup2", "a1", 0, ImageFileName="/usr/local/bin/ollama")
    asked = falcon("DnsRequest", "a1", 0, DomainName="api.openai.com", IP4Records=f"{AI};")
    connected = falcon("NetworkConnectIP4", "a1", 1, RemoteAddressIP4=AI, RemotePort="443")
    log.write_text(ran + asked + connected)
    told = read("falcon.json")
    program = "Ollama (program that ran)"
    assert told.use == {("pc-a1", CONTACT): 2, ("pc-a1", program): 1}
    assert not read("falcon.json", since=told.cursor).use
    with log.open("a") as more:
        more.write(falcon("NetworkConnectIP4", "a1", 9, RemoteAddressIP4=AI, RemotePort="443"))
        more.write(ran)
    grown = read("falcon.json", since=told.cursor)
    assert grown.use == {("pc-a1", CONTACT): 1, ("pc-a1", program): 1}


ZEEK_SSL = '{{"ts":{at}.1,"uid":"{uid}","id.orig_h":"{src}","id.orig_p":51000,' \
    '"id.resp_h":"{dst}","id.resp_p":443,"server_name":"{name}"}}\n'  # fmt: skip
ZEEK_CONN = '{{"ts":{at}.0,"uid":"{uid}","id.orig_h":"{src}","id.orig_p":51000,' \
    '"id.resp_h":"{dst}","id.resp_p":443,"proto":"tcp","duration":4.5,' \
    '"orig_bytes":{up},"resp_bytes":{down},"conn_state":"SF","history":"ShADadfF"}}\n'  # fmt: skip


@pytest.mark.parametrize("is_one_file", [True, False])
def test_a_sensors_own_id_makes_it_certain(tmp_path: Path, read: Read, is_one_file: bool) -> None:
    names = [("Ca", "api.openai.com"), ("Cb", "shop.example"), ("Cc", "api.openai.com")]
    ssl = "".join(ZEEK_SSL.format(at=T0, uid=u, src="10.0.0.5", dst=CDN, name=n) for u, n in names)
    conn = "".join(
        ZEEK_CONN.format(at=T0, uid=uid, src="10.0.0.5", dst=CDN, up=up, down=up * 2)
        for uid, up in (("Ca", 100), ("Cb", 7000), ("Cc", 1), ("Cd", 90_000))
    )
    if is_one_file:
        (tmp_path / "zeek.log").write_text(ssl + conn)
    else:
        (tmp_path / "a-conn.log").write_text(conn)
        (tmp_path / "b-ssl.log").write_text(ssl)
    told = read(".")
    assert len(told.assets) == 1
    rows = {row.rule: row for row in seen(told)}
    certain = rows["logs.zeek-ssl"]
    assert (certain.confidence, certain.count) == (Confidence.CERTAIN, 2)
    assert (certain.bytes_up, certain.bytes_down) == (101, 202)
    assert (rows["logs.zeek-conn"].confidence, rows["logs.zeek-conn"].bytes_up) == (
        Confidence.LOW, 90_000,
    )  # fmt: skip


def test_suricata_joins_its_own_events(tmp_path: Path, read: Read) -> None:
    def event(kind: str, ident: int, **more: Any) -> str:
        return json.dumps({"timestamp": "2026-11-28T10:00:00.1+0000", "flow_id": ident,
                           "event_type": kind, "src_ip": "10.0.0.7", "src_port": 50212,
                           "dest_ip": CDN, "dest_port": 443, **more}) + "\n"  # fmt: skip

    counted = {"bytes_toserver": 484, "bytes_toclient": 739, "start": "2026-11-28T10:00:00.1+0000"}
    (tmp_path / "eve.json").write_text(
        event("tls", 1, tls={"sni": "api.openai.com"}) + event("flow", 1, flow=counted)
        + event("tls", 2, tls={"sni": "shop.example"}) + event("flow", 2, flow=counted)
    )  # fmt: skip
    assert carried(read("eve.json")) == {("10.0.0.7", "OpenAI: API calls"): (484, 739)}


def test_a_suricata_answer_goes_to_who_asked(tmp_path: Path, read: Read) -> None:
    answer = {"timestamp": "2026-11-28T10:00:00.1+0000", "flow_id": 5, "event_type": "dns",
              "src_ip": "10.0.0.53", "src_port": 53, "dest_ip": "10.0.0.7", "dest_port": 40000,
              "dns": {"version": 2, "type": "answer", "rrname": "api.openai.com", "rrtype": "A",
                      "rcode": "NOERROR", "grouped": {"A": [AI]}}}  # fmt: skip
    (tmp_path / "eve.json").write_text(json.dumps(answer) + "\n")
    (tmp_path / "flows.log").write_text(HEAD + talk("10.0.0.7", AI, 3, 4, 5))
    assert carried(read(".")) == {("10.0.0.7", CONTACT): (3, 4)}


@pytest.mark.parametrize("is_extra", [True, False])
def test_pihole_answers_by_way_of_other_names(tmp_path: Path, read: Read, is_extra: bool) -> None:
    mark = " 45 192.168.1.5/54321" if is_extra else ""
    (tmp_path / "pihole.log").write_text(
        f"Nov 28 10:00:00 dnsmasq[123]:{mark} query[A] api.openai.com from 192.168.1.5\n"
        f"Nov 28 10:00:00 dnsmasq[123]:{mark} forwarded api.openai.com to 9.9.9.9\n"
        f"Nov 28 10:00:00 dnsmasq[123]:{mark} reply api.openai.com is <CNAME>\n"
        f"Nov 28 10:00:00 dnsmasq[123]:{mark} reply x.cdn.example.net is {AI}\n"
        "Nov 28 10:00:01 dnsmasq[123]: query[A] shop.example from 192.168.1.6\n"
        "Nov 28 10:00:01 dnsmasq[123]: reply shop.example is 198.51.100.4\n"
    )
    csv = "ts,te,td,sa,da,sp,dp,pr,ipkt,ibyt,opkt,obyt\n"
    (tmp_path / "flows.csv").write_text(
        csv
        + f"2026-11-28 10:00:02,2026-11-28 10:00:09,7,192.168.1.5,{AI},51000,443,TCP,9,120,8,340\n"
        "2026-11-28 10:00:02,2026-11-28 10:00:09,7,192.168.1.6,198.51.100.4,51000,443,TCP,9,1,8,3\n"
    )
    told = read(".")
    assert carried(told) == {("192.168.1.5", CONTACT): (120, 340)}
    assert told.use[("192.168.1.5", CONTACT)] == 2
    assert not told.gaps


@pytest.mark.parametrize("is_extra", [True, False])
@pytest.mark.parametrize(
    "how", ["gravity blocked {} is 0.0.0.0", "exactly blacklisted {} is 0.0.0.0",
            "regex denied {} is ::", "config {} is 0.0.0.0", "config {} is NXDOMAIN",
            "reply {} is NXDOMAIN"],
)  # fmt: skip
def test_a_name_that_pihole_refuses_was_tried_by_who_asked(
    tmp_path: Path, read: Read, is_extra: bool, how: str
) -> None:
    mark = " 45 192.168.1.5/54321" if is_extra else ""
    day = "Nov 28 10:00:00 dnsmasq[123]:"
    (tmp_path / "pihole.log").write_text(
        f"{day}{mark} query[A] api.openai.com from 192.168.1.5\n"
        f"{day}{mark} {how.format('api.openai.com')}\n"
        f"{day}{mark.replace('1.5', '1.6')} query[A] api.openai.com from 192.168.1.6\n"
        f"{day}{mark.replace('1.5', '1.6')} reply api.openai.com is {AI}\n"
    )
    told = read(".")
    assert told.use == {("192.168.1.6", CONTACT): 1}
    (asset,) = told.assets.values()
    assert sorted((row.preview, row.count) for row in asset.evidence) == [
        ("", 1), ("blocked", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "server",
    ["2001:0db8:0000:0000:0000:0000:0000:0099", "2001:db8:0:0:0:0:0:99", "2001:DB8:0:0:0:0:0:99",
     "2001:db8::99"],
)  # fmt: skip
def test_an_address_of_version_6_is_one_however_it_is_written(
    tmp_path: Path, read: Read, server: str
) -> None:
    (tmp_path / "dns.json").write_text(
        '{"ts":1795860000.0,"uid":"a","id.orig_h":"2001:DB8:0:0::7","query":"api.openai.com",'
        '"answers":["2001:db8:0:0:0:0:0:99"]}\n'
    )
    csv = "ts,te,td,sa,da,sp,dp,pr,ipkt,ibyt,opkt,obyt\n"
    (tmp_path / "flows.csv").write_text(
        csv + "2026-11-28 10:00:02,2026-11-28 10:00:09,7,2001:db8::7,"
        f"{server},51000,443,TCP,9,120,8,340\n"
    )
    told = read(".")
    assert carried(told) == {("2001:db8::7", CONTACT): (120, 340)}


def test_clocks_of_sensors_may_differ_by_a_minute(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.json").write_text(
        '{"ts":1795860040.0,"uid":"a","id.orig_h":"10.0.0.7","query":"api.openai.com",'
        f'"answers":["{AI}"]}}\n'
    )
    csv = "ts,te,td,sa,da,sp,dp,pr,ipkt,ibyt,opkt,obyt\n"
    (tmp_path / "flows.csv").write_text(
        csv + f"2026-11-28 10:00:00,2026-11-28 10:00:09,7,10.0.0.7,{AI},51000,443,TCP,9,120,8,340\n"
    )
    assert carried(read(".")) == {("10.0.0.7", CONTACT): (120, 340)}


def test_a_large_upload_is_one_whoever_counted_it(tmp_path: Path, read: Read) -> None:
    """Bytes by the connection's id, which the line that named the host has not."""
    ssl, conn = (
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tserver_name\n",
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\torig_bytes\tresp_bytes\n",
    )
    ends = f"10.0.0.7\t5\t{AI}\t443"
    (tmp_path / "ssl.log").write_text(
        ssl + "".join(f"179586000{n}.0\tC{n}\t{ends}\tapi.openai.com\n" for n in range(3))
    )
    (tmp_path / "conn.log").write_text(
        conn + f"1795860000.0\tC0\t{ends}\t{5 << 20}\t9\n1795860001.0\tC1\t{ends}\t900\t9\n"
        f"1795860002.0\tC2\t{ends}\t{3 << 20}\t9\n"
    )
    told = read(".", large_upload_mib=1)
    rows = [row for item in told.items if isinstance(item, Asset) for row in item.evidence]
    assert sum(row.count for row in rows) == 3
    assert sum(row.large_uploads for row in rows) == 2


def test_azure_tuples_in_one_long_line(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuples = [f"{T0 + n}000,10.0.0.5,198.51.100.{n % 200},{50000 + n},443,6,O,E,NX,1,1,1,1"
              for n in range(3000)]  # fmt: skip
    tuples[1234] = f"{T0 + 60}000,10.0.0.5,{AI},51000,443,6,O,B,NX,0,0,0,0"
    tuples[2345] = f"{T0 + 90}000,10.0.0.5,{AI},51000,443,6,O,E,NX,9,767,8,1580"
    tuples[2346] = f"{T0 + 90}000,10.0.0.6,{AI},51000,443,6,O,D,X,0,0,0,0"
    flows = {"flows": [{"aclID": "a", "flowGroups": [{"rule": "r", "flowTuples": tuples}]}]}
    document = {"records": [{"time": at(0), "flowLogVersion": 4, "macAddress": "112233445566",
                             "category": "FlowLogFlowEvent", "flowRecords": flows}]}  # fmt: skip
    (tmp_path / "PT1H.json").write_text(json.dumps(document))
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI))
    monkeypatch.setattr(log_files, "BLOCK", 5000)
    told = read(".")
    assert carried(told) == {("10.0.0.5", CONTACT): (767, 1580)}
    assert told.use[("10.0.0.5", CONTACT)] == 2  # the question and one connection
    monkeypatch.setattr(log_files, "_BEYOND", 3)
    (tmp_path / "PT1H.json.gz").write_bytes(gzip.compress((tmp_path / "PT1H.json").read_bytes()))
    (tmp_path / "PT1H.json").unlink()
    assert carried(read(".")) == {("10.0.0.5", CONTACT): (767, 1580)}


def test_google_cloud_tells_of_one_connection_by_both_ends(tmp_path: Path, read: Read) -> None:
    def entry(reporter: str, src: str, dst: str, sent: int, **ends: str) -> str:
        return json.dumps({"logName": "projects/p/logs/compute.googleapis.com%2Fvpc_flows",
            "timestamp": at(9), "jsonPayload": {
            "bytes_sent": str(sent), "reporter": reporter, "start_time": at(5), "end_time": at(8),
            "connection": {"src_ip": src, "dest_ip": dst, "src_port": 51000 if dst == OWN else 443,
                           "dest_port": 443 if dst == OWN else 51000, "protocol": 6},
            **{end: {"vm_name": name} for end, name in ends.items()}}}) + "\n"  # fmt: skip

    vms = {"src_instance": "worker-1", "dest_instance": "gateway-1"}
    back = {"src_instance": "gateway-1", "dest_instance": "worker-1"}
    (tmp_path / "flows.json").write_text(
        entry("SRC", "10.0.0.5", OWN, 70, **vms) + entry("DEST", "10.0.0.5", OWN, 70, **vms)
        + entry("SRC", OWN, "10.0.0.5", 90, **back) + entry("DEST", OWN, "10.0.0.5", 90, **back)
    )  # fmt: skip
    dns = {"timestamp": at(0), "jsonPayload": {"queryName": "aiplatform.googleapis.com.",
           "sourceIP": "10.0.0.5", "vmInstanceName": "1.worker-1", "queryType": "A",
           "rdata": f"aiplatform.googleapis.com.\t300\tIN\ta\t{OWN}"}}  # fmt: skip
    (tmp_path / "dns.json").write_text(json.dumps(dns) + "\n")
    (bytes_,) = carried(read(".")).values()
    assert bytes_ == (70, 90)


def test_a_pod_of_google_cloud_is_told_apart_from_its_node(tmp_path: Path, read: Read) -> None:
    def entry(pod: str, src: str, sent: int) -> str:
        return json.dumps({"logName": "projects/p/logs/compute.googleapis.com%2Fvpc_flows",
            "timestamp": at(9), "jsonPayload": {
            "bytes_sent": str(sent), "reporter": "SRC", "start_time": at(5), "end_time": at(8),
            "connection": {"src_ip": src, "dest_ip": AI, "src_port": 51000, "dest_port": 443,
                           "protocol": 6},
            "src_instance": {"vm_name": "gke-node-1"},
            "src_gke_details": {
                "cluster": {"cluster_name": "prod", "cluster_location": "europe-west1"},
                "pod": {"pod_name": pod, "pod_namespace": "shop"}}}}) + "\n"  # fmt: skip

    (tmp_path / "flows.json").write_text(
        entry("shop-5d9c-x2x", "10.8.0.5", 70) + entry("billing-0", "10.8.0.6", 30)
    )
    # Names are asked for by the cluster's own name server.
    (tmp_path / "dns.log").write_text(resolved("10.8.0.2", "api.openai.com", AI))
    sent = {who: bytes_[0] for (who, _), bytes_ in carried(read(".")).items()}
    assert sent == {"shop-5d9c-x2x": 70, "billing-0": 30}


# --- the next reading ---------------------------------------------------------------------------


def test_what_was_answered_is_known_to_the_next_reading(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(
        resolved("10.0.0.5", "api.openai.com", AI, instance="i-1")
        + resolved("10.0.0.5", "claude.ai", CDN) + resolved("10.0.0.6", "shop.example", CDN, 3)
    )  # fmt: skip
    flows = tmp_path / "flows.log"
    flows.write_text(HEAD + talk("10.0.0.5", AI, 10, 20, 5))
    first = read(".")
    with flows.open("a") as more:
        more.write(talk("10.0.0.5", AI, 1, 2, 900) + talk("10.0.0.6", CDN, 3, 4, 9))
    second = read(".", since=first.cursor)
    assert carried(first) == {("i-1", CONTACT): (10, 20)}
    assert carried(second) == {("i-1", CONTACT): (1, 2)}
    assert carried(read(".", since=second.cursor)) == {}


def test_a_log_of_connections_that_was_rotated_counts_once(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI))
    flows = tmp_path / "flows.log"
    flows.write_text(HEAD + "".join(talk("10.0.0.5", AI, 1, 2, n, 51000 + n) for n in range(20)))
    first = read(".")
    with flows.open("a") as more:
        more.write(talk("10.0.0.5", AI, 100, 200, 30))
    (tmp_path / "flows.log.1.gz").write_bytes(gzip.compress(flows.read_bytes()))
    flows.write_text(HEAD + talk("10.0.0.5", AI, 1000, 2000, 60))
    second = read(".", since=first.cursor)
    assert carried(first) == {("10.0.0.5", CONTACT): (20, 40)}
    assert carried(second) == {("10.0.0.5", CONTACT): (1100, 2200)}


def test_a_cursor_of_before_is_understood(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "dns.log"
    log.write_text(resolved("10.0.0.5", "api.openai.com", AI))
    name = marks.beginning(log.read_bytes())
    told = read(".", since=Checkpoint(cursor=json.dumps({name: log.stat().st_size})))
    assert told.use == {}


def test_nobody_is_named_in_the_cursor_of_pseudonyms(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(resolved("10.0.0.5", "api.openai.com", AI, instance="i-1"))
    (tmp_path / "flows.log").write_text(HEAD + talk("10.0.0.5", AI, 10, 20, 5))
    keys: dict[str, Any] = {"pseudonymize_env": "KEY", "environ": {"KEY": "1" * 16}}
    first = read(".", **keys)
    assert list(carried(first).values()) == [(10, 20)]
    (tmp_path / "flows.log").write_text(HEAD + talk("10.0.0.5", AI, 1, 2, 9))
    second = read(".", since=first.cursor, **keys)
    assert list(carried(second).values()) == [(1, 2)]
    assert first.people.keys() == second.people.keys()
    said = repr(first.items) + repr(second.items)
    assert "10.0.0.5" not in said
    assert "i-1" not in said
    assert "eni-0a" not in said


# --- model servers by their port ----------------------------------------------------------------


def inner(client: str, server: str, port: int, sport: int, down: int = 500) -> str:
    return vpc(client, server, 50, 5, sport=sport, dport=port) + (
        vpc(server, client, down, 5, sport=port, dport=sport) if down else ""
    )


def test_a_port_that_only_model_servers_use_is_a_candidate(tmp_path: Path, read: Read) -> None:
    (tmp_path / "flows.log").write_text(
        HEAD + inner("10.0.0.5", "10.0.0.9", 11434, 51000)
        + "".join(inner("10.0.0.6", "10.0.0.10", 11434, 52000 + n) for n in range(3))
    )  # fmt: skip
    told = read("flows.log")
    assert carried(told) == {
        ("10.0.0.5", "10.0.0.9:11434"): (50, 500), ("10.0.0.6", "10.0.0.10:11434"): (150, 1500),
    }  # fmt: skip
    assert told.assets["10.0.0.9:11434"].kind == "logs.model_endpoint"
    (low,) = told.assets["10.0.0.9:11434"].evidence
    (medium,) = told.assets["10.0.0.10:11434"].evidence
    assert (low.confidence, medium.confidence) == (Confidence.LOW, Confidence.MEDIUM)
    assert "Ollama" in low.preview
    assert "https://docs.ollama.com/faq" in low.preview


@pytest.mark.parametrize(
    "lines",
    [
        inner("10.0.0.5", "10.0.0.9", 11434, 51000, down=0),  # nobody answered
        talk("10.0.0.5", "198.51.100.4", 9, 9, 5, sport=11434),  # a client's own port
        talk("10.0.0.5", "10.0.0.9", 9, 9, 5, sport=11434),
        inner("10.0.0.5", "198.51.100.4", 11434, 51000),  # outside
        inner("198.51.100.4", "10.0.0.9", 11434, 51000),
        inner("10.0.0.5", "10.0.0.9", 8000, 51000),  # anything may be there
        inner("10.0.0.5", "10.0.0.9", 443, 51000, down=11434),
        vpc("10.0.0.5", "10.0.0.9", 9, 5, dport=11434, action="REJECT"),
    ],
    ids=range(8),
)
def test_what_only_looks_like_one_is_none(tmp_path: Path, read: Read, lines: str) -> None:
    (tmp_path / "flows.log").write_text(HEAD + lines)
    assert not read("flows.log").assets


def test_an_ambiguous_port_counts_where_the_server_is_known(tmp_path: Path, read: Read) -> None:
    (tmp_path / "proxy.log").write_text(
        f"{T0}.123 4 10.0.0.4 TCP_MISS/200 81 POST http://10.0.0.9:8000/v1/chat/completions ben "
        "HIER_DIRECT/10.0.0.9 application/json\n"
    )
    (tmp_path / "flows.log").write_text(
        HEAD + inner("10.0.0.5", "10.0.0.9", 8000, 51000)
        + inner("10.0.0.5", "10.0.0.10", 8000, 51000)
    )  # fmt: skip
    told = read(".")
    assert carried(told)[("10.0.0.5", "10.0.0.9:8000")] == (50, 500)
    assert {asset.name for asset in told.assets.values()} == {"10.0.0.9:8000"}


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("ts,te,td,sa,da,sp,dp,pr,ipkt,ibyt,opkt,obyt\n",
         "2026-11-28 10:00:02,2026-11-28 10:00:09,7,10.0.0.5,10.0.0.9,51000,11434,TCP,9,50,8,"
         "500\n"),
        ("", ZEEK_CONN.format(at=T0, uid="Ca", src="10.0.0.5", dst="10.0.0.9", up=50, down=500)
         .replace('"id.resp_p":443', '"id.resp_p":11434')),
        ("", '{"records":[{"category":"FlowLogFlowEvent","flowTuples":["'
         f'{T0}000,10.0.0.5,10.0.0.9,51000,11434,6,O,E,NX,9,50,8,500"]}}]}}\n'),
    ],
    ids=["netflow", "zeek", "azure"],
)  # fmt: skip
def test_ports_are_found_in_every_shape(tmp_path: Path, read: Read, head: str, line: str) -> None:
    (tmp_path / "flows.log").write_text(head + line)
    assert carried(read("flows.log")) == {("10.0.0.5", "10.0.0.9:11434"): (50, 500)}


# --- a company whose truth is known --------------------------------------------------------------

_NAMES = {"api.openai.com": "openai", "api.anthropic.com": "anthropic", "api.mistral.ai": "mistral"}
_OTHERS = ("shop.example", "cdn.example.org", "openai.com.evil.example")
_SITES = {
    "api.openai.com": (CDN, "104.18.7.192"), "api.anthropic.com": ("160.79.104.10",),
    "api.mistral.ai": ("104.18.6.192", "203.0.113.9"), "shop.example": (CDN, "198.51.100.8"),
    "cdn.example.org": ("104.18.7.192", "198.51.100.9"), "openai.com.evil.example": (CDN,),
}  # fmt: skip
Truth = Counter[tuple[str, str]]


def company(folder: Path, seed: int) -> tuple[Truth, Truth]:
    """A day's names and connections; -> bytes up and down by (address, provider). Everybody speaks
    with sites at shared addresses, each connection right behind its question; some connections come
    without one, to addresses where others' AI is."""
    draw = random.Random(seed)
    up: Truth = Counter()
    down: Truth = Counter()
    names: list[tuple[int, str]] = []
    flows: list[tuple[int, str]] = []
    for person in range(60):
        client, moment = f"10.0.{person // 20}.{person % 20 + 4}", draw.randrange(600)
        for _ in range(40):
            moment += draw.randrange(30, 1200)
            host = draw.choice((*_NAMES, *_OTHERS))
            address = draw.choice(_SITES[host])
            names.append((moment, resolved(client, host, address, moment)))
            for _ in range(draw.randrange(1, 4)):
                sent, got = draw.randrange(100, 9000), draw.randrange(100, 90_000)
                begins = moment + draw.randrange(1, 6)
                port = draw.randrange(32_768, 61_000)
                flows.append((begins, talk(client, address, sent, got, begins, port,
                                           eni=f"eni-{person:03}")))  # fmt: skip
                if host in _NAMES:
                    up[client, _NAMES[host]] += sent
                    down[client, _NAMES[host]] += got
        stranger = f"10.7.0.{person + 1}"
        flows.append((moment, talk(stranger, draw.choice((CDN, "104.18.7.192")), 5, 5, moment)))
    lines = [line for _, line in sorted(flows)]
    (folder / "dns").mkdir()
    (folder / "flows").mkdir()
    _spread(folder / "dns", [line for _, line in sorted(names)], "", 3)
    _spread(folder / "flows", lines, HEAD, 5)
    return up, down


def _spread(folder: Path, lines: list[str], head: str, files: int) -> None:
    size = len(lines) // files + 1
    for number in range(files):
        text = (head + "".join(lines[number * size : (number + 1) * size])).encode()
        (folder / f"{number}.log.gz").write_bytes(gzip.compress(text))


def _sums(told: Told, ups: Iterable[bool]) -> list[Truth]:
    found: list[Truth] = []
    providers = {asset.id: asset.provider for asset in told.assets.values()}
    who = {item.id: item.name for item in told.items if isinstance(item, Identity)}
    for is_up in ups:
        sums: Truth = Counter()
        for item in told.items:
            if isinstance(item, Edge) and item.relation == "used_by":
                for row in item.evidence:
                    size = row.bytes_up if is_up else row.bytes_down
                    if size:
                        sums[who[item.target], providers[item.source]] += size
        found.append(sums)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_companys_bytes_come_out_as_they_went(tmp_path: Path, read: Read, seed: int) -> None:
    up, down = company(tmp_path, seed)
    told = read("dns", "flows")
    assert _sums(told, [True, False]) == [up, down]
    assert len(up) > 150
    assert not told.gaps
