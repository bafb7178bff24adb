"""Shapes of lines as collectors and devices write them, beside those of the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.logs.lines import Layout, hosts_in
from connectors.logs.records import Record
from tests.connectors.logs.conftest import Read

DAY = 20261231


def one_of(line: str, header: str = "") -> Record:
    layout = Layout(day=DAY)
    layout.begin(f"{header}{line}\n".encode())
    (record,) = layout.records(line.encode())
    return record


@pytest.mark.parametrize(
    ("text", "expected"),
    [("asked chatgpt.com. A IN", [("chatgpt.com", 0, "")]),
     ('q="chatgpt.com." n', [("chatgpt.com", 0, "")]),
     ("q chatgpt.com.", [("chatgpt.com", 0, "")]),
     ("q=chatgpt.com.;", [("chatgpt.com", 0, "")]),
     ("https://chatgpt.com./c/1", [("chatgpt.com", 0, "/c/1")]),
     ("chatgpt.com.:8443/c", [("chatgpt.com", 8443, "/c")]),
     ("q chatgpt.com.lan. A", [("chatgpt.com.lan", 0, "")]),
     ("chatgpt.com.1", []), ("chatgpt.com.-a", []), ("chatgpt.com._tcp", [])],
)  # fmt: skip
def test_a_name_may_end_with_the_roots_dot(text: str, expected: list[tuple[str, int, str]]) -> None:
    assert [(one.host, one.port, one.path) for one in hosts_in(text)] == expected


def test_a_name_servers_line_of_no_known_format_is_told(tmp_path: Path, read: Read) -> None:
    line = "2026-11-28T10:00:00Z ns1 ourdns[7]: lookup by 10.0.0.5 of chatgpt.com. type A\n"
    (tmp_path / "ns.log").write_text(line)
    told = read("ns.log")
    assert [row.count for asset in told.assets.values() for row in asset.evidence] == [1]
    assert told.gaps[-1].reason == "1 lines in no known format; such as chatgpt.com"


@pytest.mark.parametrize(
    "line",
    ["<30>1 2026-11-28T10:00:00Z ns1 named 12 - - client @0x1 10.0.0.5#5 (claude.ai): query: "
     "claude.ai IN A + (10.0.0.1)",
     "Nov 28 10:00:00 10.0.0.1 named[12]: 28-Nov-2026 10:00:00.123 client 10.0.0.5#5: UDP: query: "
     "claude.ai IN A response: NOERROR +A claude.ai. 300 IN A 203.0.113.9;",
     "28-Nov-2026 10:00:00.123 client 10.0.0.5#5 UDP: query: claude.ai IN A response: NOERROR +A",
     "2026-11-28T10:00:00Z ns1 named[12]: client @0x1 10.0.0.5#5 (claude.ai): answer: claude.ai IN "
     "A +EDC (10.0.0.1) -> NOERROR"],
    ids=["rfc5424", "infoblox", "infoblox-file", "answer"],
)  # fmt: skip
def test_queries_of_bind_and_infoblox_name_who_asked(line: str) -> None:
    told = one_of(line)
    assert (told.format, told.src, told.host) == ("bind", "10.0.0.5", "claude.ai")
    assert told.time == "2026-11-28T10:00:00Z"


@pytest.mark.parametrize("start", ["client @0x1 ", "queries: client ", "queries: info: client "])
def test_a_query_without_a_time_names_who_asked(start: str) -> None:
    told = one_of(f"{start}10.0.0.5#5 (claude.ai): query: claude.ai IN A + (10.0.0.1)")
    assert (told.format, told.src, told.host, told.time) == ("bind", "10.0.0.5", "claude.ai", "")


def test_access_logs_of_ciscos_proxy_begin_with_a_level() -> None:
    told = one_of(
        "Info: 1795860000.563 481 10.0.0.5 TCP_MISS/200 6916 CONNECT tunnel://claude.ai:443/ "
        '"ACME\\anna@LDAP" DIRECT/203.0.113.9 - PASSTHRU_1-Default <"C_1",-,-> - 1'
    )
    assert (told.format, told.host, told.src) == ("squid", "claude.ai", "10.0.0.5")
    assert (told.user, told.time) == ("ACME\\anna@LDAP", "2026-11-28T10:00:00Z")


def umbrella(identity: str, kind: str, lead: str = "") -> Record:
    return one_of(
        f'{lead}"2026-11-28 10:00:00","{identity}","{identity},HQ","10.0.0.9","203.0.113.4",'
        f'"Allowed","1 (A)","NOERROR","claude.ai.","AI","{kind}","{kind},Sites",""'
    )


def test_umbrellas_lines_may_begin_with_a_blank() -> None:
    told = umbrella("Anna (anna@example.com)", "AD Users", " ")
    assert (told.format, told.host, told.user) == ("umbrella-dns", "claude.ai.", "anna@example.com")


@pytest.mark.parametrize(
    ("kind", "user", "device"),
    [("AD Users", "x-1", ""), ("SAML Users", "x-1", ""), ("", "x-1", ""), ("Networks", "", ""),
     ("Internal Networks", "", ""), ("Sites", "", ""), ("Roaming Computers", "", "x-1"),
     ("Anyconnect Roaming Client", "", "x-1"), ("AD Computers", "", "x-1")],
)  # fmt: skip
def test_an_identity_of_umbrellas_is_what_its_type_says(kind: str, user: str, device: str) -> None:
    told = umbrella("x-1", kind)
    assert (told.user, told.device, told.src) == (user, device, "10.0.0.9")


CSV = ("1,2026/11/28 10:00:00,001,THREAT,url,2561,2026/11/28 10:00:00,10.0.0.5,203.0.113.9,,,rule,"
       "{},,ssl,v,a,b,c,d,e,f,1,1,1,443,0,0,0x0,tcp,alert,chatgpt.com/,x")  # fmt: skip
FORCEPOINT = ("CEF:0|Forcepoint|Security|8.5|9|Transaction permitted|1|act=permitted src=10.0.0.5 "
              "suser=LDAP://dc.example.com OU\\=Users,DC\\=example/Anna Example {}rt=1795860000000 "
              "request=https://claude.ai/")  # fmt: skip


@pytest.mark.parametrize(
    ("line", "user"),
    [(CSV.format("x-fwd-for: 192.0.2.7"), ""), (CSV.format("acme\\anna"), "acme\\anna"),
     (FORCEPOINT.format(""), "Anna Example"), (FORCEPOINT.format("loginID=anna7 "), "anna7"),
     (FORCEPOINT.format("loginID=- "), "Anna Example")],
)  # fmt: skip
def test_who_somebody_is_is_told_by_a_name(line: str, user: str) -> None:
    told = one_of(line)
    assert (told.user, told.src) == (user, "10.0.0.5")


@pytest.mark.parametrize(("device", "expected"), [("NA", ""), ("LAP1", "LAP1")])
def test_zscaler_writes_na_where_there_is_no_device(device: str, expected: str) -> None:
    told = one_of(
        '{"sourcetype":"zscalernss-web","event":{"datetime":"2026-11-28 10:00:00","user":"na",'
        '"hostname":"claude.ai","url":"claude.ai/new","urlsupercategory":"AI","appclass":"AI",'
        f'"devicehostname":"{device}"}}}}'
    )
    assert (told.user, told.device) == ("na", expected)


@pytest.mark.parametrize(
    ("zone", "time"),
    [("+11", "2026-11-27T23:00:00Z"), ("-0330", "2026-11-28T13:30:00Z"),
     ("CEST", "2026-11-28T10:00:00Z")],
)  # fmt: skip
def test_a_zone_may_stand_beside_the_time(zone: str, time: str) -> None:
    told = one_of(
        f'device="SFW" date=2026-11-28 time=10:00:00 timezone="{zone}" device_name="SG330" '
        'log_component="HTTP" log_subtype="Allowed" src_ip=10.0.0.5 domain=claude.ai'
    )
    assert (told.format, told.time, told.device) == ("sophos-firewall", time, "")


def test_nginx_in_json_tells_who_and_when() -> None:
    told = one_of(
        '{"server_name": "chatgpt.com", "remote_addr": "10.0.0.5", "remote_user": "anna", '
        '"time_local": "28/Nov/2026:12:00:00 +0200", "request": "POST /c/1 HTTP/1.1"}'
    )
    assert (told.host, told.user, told.time) == ("chatgpt.com", "anna", "2026-11-28T10:00:00Z")


@pytest.mark.parametrize(
    ("how", "expected"),
    [('tz="+0200"', "2026-11-28T10:00:00Z"), ("tz=-0730", "2026-11-28T19:30:00Z"),
     ('tz="CEST"', "2026-11-28T12:00:00Z"),
     ('tz="+0200" eventtime=1795860000000000000', "2026-11-28T10:00:00Z")],
)  # fmt: skip
def test_fortinets_times_are_of_the_devices_zone(how: str, expected: str) -> None:
    told = one_of(
        f'date=2026-11-28 time=12:00:00 devname="FGT" devid="FG1" {how} logid="1059028704" '
        'user="ANNA" srcip=10.0.0.5 app="x" hostname="claude.ai"'
    )
    assert (told.format, told.time) == ("fortinet", expected)


@pytest.mark.parametrize("separator", [",", " "])
def test_netskopes_transactions_have_no_header_in_a_bucket(separator: str) -> None:
    begin = ["2026-11-28", "10:00:00", "64", "1977", "651", "2628", "10.0.0.5", "203.0.113.9",
             "anna@acme.example", "POST", "https", "q=1", '"Mozilla/5.0 (X, Y; Z)"', "text/json",
             "200", "text/plain", "claude.ai", "claude.ai", "/api/x", "443", "-", "5", "Client",
             '"Anthropic Claude"']  # fmt: skip
    rest = ["-"] * 60 + ["http_transaction"] + ["-"] * 70
    told = one_of(separator.join([*begin, *rest]))
    assert told.format == "netskope"
    assert (told.user, told.src, told.host) == ("anna@acme.example", "10.0.0.5", "claude.ai")
    assert (told.up, told.down, told.path) == (1977, 651, "/api/x")
    assert (told.time, told.ua) == ("2026-11-28T10:00:00Z", "Mozilla/5.0 (X, Y; Z)")


def test_a_person_called_as_the_address_is_nobody() -> None:
    told = one_of('{"ccl":"high","user":"10.0.0.5","srcip":"10.0.0.5","url":"claude.ai/x"}')
    assert (told.format, told.user, told.src) == ("netskope", "", "10.0.0.5")


def test_where_a_download_came_from_is_told_by_crowdstrike() -> None:
    told = one_of(
        '{"event_simpleName":"NetworkConnectIP4","aid":"a","timestamp":"1795860000000",'
        '"OriginatingURL":"https://claude.ai/api/x","ContextBaseFileName":"curl"}'
    )
    assert (told.format, told.host, told.path) == ("crowdstrike", "claude.ai", "/api/x")


def test_a_name_called_fqdn_alone_is_no_azure_firewalls() -> None:
    told = one_of('{"fqdn":"claude.ai","ua":"curl/8","code":200,"meth":"GET"}')
    assert (told.format, told.host) == ("json", "claude.ai")


FTD = (
    "<30>2026-11-28T10:00:00Z fw1 %FTD-6-{}: EventPriority: Low, InstanceID: 5, FirstPacketSecond: "
    "2026-11-28T10:00:00Z, ConnectionID: {}, AccessControlRuleAction: {}, SrcIP: 10.0.0.5, DstIP: "
    "203.0.113.9, SrcPort: 5, DstPort: 443, Protocol: tcp, User: anna, InitiatorBytes: {}, "
    "ResponderBytes: 70, URL: https://claude.ai/x\n"
)


def test_a_connections_beginning_and_end_are_one_of_ftd(tmp_path: Path, read: Read) -> None:
    lines = [
        FTD.format(430002, 1, "Allow", 0), FTD.format(430003, 1, "Allow", 30),
        FTD.format(430003, 2, "Allow", 40),
        FTD.format(430002, 3, "Allow", 0),  # where ends are not logged
    ]  # fmt: skip
    (tmp_path / "ftd.log").write_text("".join(lines))
    told = read("ftd.log")
    rows = [row for asset in told.assets.values() for row in asset.evidence]
    assert [(row.count, row.bytes_up) for row in rows] == [(3, 70)]
