"""Of one session several lines may tell, and several logs of one answer: what counts depends on no
order of reading, and what was blocked is no use however its session ended."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from connectors.logs import sessions
from scanner.model.facts import Edge
from scanner.model.items import Gap
from tests.connectors.logs.conftest import Read
from tests.connectors.logs.test_joined import AI, HEAD, carried, resolved, talk

_FORTINET = (
    'date=2026-11-27 time=10:52:28 devname="FGT-1" devid="FGT60F" eventtime=1795776748000000000 '
    'tz="+0000" logid="0000000013" type="traffic" subtype="forward" sessionid=7276 srcip=10.2.0.14 '
    'srcport=40276 dstip=203.0.113.11 dstport=443 proto=6 service="HTTPS" user="anna" '
    'action="client-rst" duration=9 sentbyte=227 rcvdbyte=0 app="OpenAI.ChatGPT" '
    'utmaction="{}" countweb=1\n'
)
_BUMPED = (
    "1795860000.123 2 10.0.0.5 {}/200 0 CONNECT api.openai.com:443 anna HIER_DIRECT/203.0.113.9 -\n"
    "1795860000.456 300 10.0.0.5 TCP_MISS/200 8123 POST https://api.openai.com/v1/embeddings anna "
    "HIER_DIRECT/203.0.113.9 application/json\n"
)


@pytest.mark.parametrize(("said", "relation"), [("block", "tried_by"), ("allow", "used_by")])
def test_a_session_that_a_profile_has_blocked_is_no_use(
    tmp_path: Path, read: Read, said: str, relation: str
) -> None:
    (tmp_path / "a.log").write_text(_FORTINET.format(said))
    edges = [one for one in read("a.log").items if isinstance(one, Edge)]
    assert {str(one.relation) for one in edges if "/user/" in one.target} == {relation}


@pytest.mark.parametrize("opens", ["NONE", "NONE_NONE"])
def test_a_tunnel_that_the_proxy_looks_into_counts_by_what_is_in_it(
    tmp_path: Path, read: Read, opens: str
) -> None:
    (tmp_path / "a.log").write_text(_BUMPED.format(opens))
    assert read("a.log").use == {("anna", "OpenAI: embeddings"): 1}


def test_whose_a_connection_is_does_not_depend_on_which_log_was_read_first(
    tmp_path: Path, read: Read
) -> None:
    """One resolver names the machine, another the address that asked, in the same second."""
    client = "10.0.0.5"
    (tmp_path / "r.json").write_text(resolved(client, "api.openai.com", AI, instance="i-0a"))
    (tmp_path / "s.json").write_text(resolved(client, "api.openai.com", AI))
    (tmp_path / "z.log").write_text(HEAD + talk(client, AI, 500, 7000, 5))
    told = []
    for order in (("r.json", "s.json"), ("s.json", "r.json")):
        for age, name in enumerate((*order, "z.log")):
            os.utime(tmp_path / name, (1_764_324_000 + age, 1_764_324_000 + age))
        told.append(carried(read(".")))
    assert told[0] == told[1]
    assert {who for who, _ in told[0]} == {"i-0a"}


def _fortinet(kind: str, more: str) -> str:
    return (
        'date=2026-11-27 time=09:44:44 devid="FG1" eventtime=1795772684000000000 tz="+0000" '
        f"{kind} sessionid=7207 srcip=10.2.0.11 srcport=40207 dstip=203.0.113.11 dstport=443 "
        f'user="anna" {more}\n'
    )


_APP = _fortinet(
    'logid="1059028704" type="utm" subtype="app-ctrl"',
    'hostname="chatgpt.com" app="OpenAI.ChatGPT" action="{}" url="/"',
)
_URL = _fortinet(
    'logid="0317013312" type="utm" subtype="webfilter"',
    'hostname="chatgpt.com" action="passthrough" url="/x" sentbyte=1462 rcvdbyte=0',
)
_END = _fortinet(
    'logid="0000000013" type="traffic" subtype="forward"',
    'action="close" sentbyte=2925 rcvdbyte=18691 app="{}" utmaction="allow"',
)
_PASSED, _NAMED, _UNNAMED = _APP.format("pass"), _END.format("OpenAI.ChatGPT"), _END.format("SSL")
_PALO_ALTO = (
    "<14>Nov 27 10:27:44 PA-1 1,2026/11/27 10:27:44,0072,{kind},2561,2026/11/27 10:27:44,10.2.0.15,"
    "203.0.113.11,10.9.9.9,203.0.113.11,web,acme\\d.x,,{app},vsys1,trust,untrust,e1,e2,fwd,"
    "2026/11/27 10:27:44,5251,1,40251,443,20251,443,0x400053,tcp,{rest}\n"
)
_CEF = (
    "Nov 28 10:00:00 PA CEF:0|Palo Alto Networks|PAN-OS|10.2|{}|3|rt=Nov 28 2026 10:00:00 GMT "
    "src=10.0.0.5 dst=203.0.113.9 suser=anna app=openai-chatgpt act=alert cn1Label=SessionID "
    "cn1=77 spt=5000 dpt=443 {}\n"
)


def _palo_alto(app: str) -> tuple[str, str]:
    url = 'alert,"chatgpt.com/x",(9999),ai,informational,client-to-server,251,0x0,a,b,,text/html'
    end = "allow,26448,2013,24435,20,2026/11/27 10:27:44,9,ai,,9251,0x0,a,b,,10,10,tcp-fin"
    return (
        _PALO_ALTO.format(kind="THREAT,url", app=app, rest=url),
        _PALO_ALTO.format(kind="TRAFFIC,end", app=app, rest=end),
    )


@pytest.mark.parametrize(
    ("lines", "both"),
    [
        ((_PASSED, _URL, _NAMED), (2925, 18691)),
        ((_PASSED, _NAMED), (2925, 18691)),
        ((_URL, _UNNAMED), (2925, 18691)),
        (_palo_alto("ssl"), (2013, 24435)),
        (_palo_alto("openai-chatgpt"), (2013, 24435)),
        (
            (_CEF.format("start|TRAFFIC", "in=100 out=50"), _CEF.format("url|THREAT",
             "request=chatgpt.com/x"), _CEF.format("end|TRAFFIC", "in=4000 out=1000")),
            (4000, 1000),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_turned", [False, True])
def test_a_session_counts_once_with_the_bytes_of_its_end(
    tmp_path: Path, read: Read, lines: tuple[str, ...], both: tuple[int, int], is_turned: bool
) -> None:
    (tmp_path / "a.log").write_text("".join(reversed(lines) if is_turned else lines))
    told = read("a.log")
    assert list(told.use.values()) == [1]
    assert list(carried(told).values()) == [both]


def test_sessions_of_one_number_are_two_by_their_ports(tmp_path: Path, read: Read) -> None:
    """Numbers of Palo Alto Networks' sessions are given again."""
    line, _ = _palo_alto("ssl")
    (tmp_path / "a.log").write_text(line + line.replace(",40251,", ",40252,"))
    assert list(read("a.log").use.values()) == [2]


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_session_that_is_blocked_by_one_line_is_an_attempt(
    tmp_path: Path, read: Read, is_turned: bool
) -> None:
    lines = (_URL, _APP.format("block"), _NAMED)
    (tmp_path / "a.log").write_text("".join(reversed(lines) if is_turned else lines))
    told = read("a.log")
    assert not told.use
    rows = [row for one in told.assets.values() for row in one.evidence]
    assert [(row.preview, row.count) for row in rows] == [("blocked", 1)]


def test_a_question_and_its_answer_of_fortinet_count_once(tmp_path: Path, read: Read) -> None:
    asked = _fortinet('logid="1" type="utm" subtype="dns" eventtype="dns-{}"',
                      'xid=1 qname="claude.ai"')  # fmt: skip
    (tmp_path / "a.log").write_text(asked.format("response") + asked.format("query"))
    assert list(read("a.log").use.values()) == [1]


def test_a_question_that_was_blocked_moves_no_time_of_use(tmp_path: Path, read: Read) -> None:
    (tmp_path / "p.log").write_text(
        "Nov 27 10:00:00 pi dnsmasq[7]: query[A] claude.ai from 10.0.0.5\n"
        "Nov 27 10:00:00 pi dnsmasq[7]: reply claude.ai is 203.0.113.9\n"
        "Nov 27 18:00:00 pi dnsmasq[7]: query[A] claude.ai from 10.0.0.5\n"
        "Nov 27 18:00:00 pi dnsmasq[7]: gravity blocked claude.ai is 0.0.0.0\n"
    )
    used = [one for one in read("p.log").items if isinstance(one, Edge)]
    (row,) = (row for one in used if one.relation == "used_by" for row in one.evidence)
    assert (row.count, row.last_at[11:]) == (1, "10:00:00Z")


def test_packets_for_which_no_session_was_made_are_each_its_own(tmp_path: Path, read: Read) -> None:
    denied = _END.format("OpenAI.ChatGPT").replace('"close"', '"deny"').replace("=7207", "=0")
    (tmp_path / "a.log").write_text("".join(
        denied.replace("anna", who).replace("40207", str(port))
        for who, port in (("anna", 1), ("bob", 2), ("cyd", 3))
    ))  # fmt: skip
    dropped = _CEF.format("drop|TRAFFIC", "").replace("cn1=77", "cn1=0").replace("alert", "drop")
    (tmp_path / "b.log").write_text(dropped + dropped.replace("anna", "bob"))
    for name, people in (("a.log", ["anna", "bob", "cyd"]), ("b.log", ["anna", "bob"])):
        told = read(name)
        tried = [one.target for one in told.items
                 if isinstance(one, Edge) and one.relation == "tried_by"]  # fmt: skip
        assert sorted(one.rpartition("/")[2] for one in tried) == people
        assert not told.use


_FTD = (
    "<113>2026-11-27T10:00:00Z {sensor} : %FTD-6-{message}: EventPriority: Low, "
    "DeviceUUID: {uuid}, InstanceID: 1, FirstPacketSecond: 2026-11-27T10:00:00Z, ConnectionID: 30, "
    "AccessControlRuleAction: {action}, SrcIP: {src}, DstIP: 203.0.113.11, SrcPort: 4000, "
    "DstPort: 443, Protocol: tcp, User: {who}, InitiatorBytes: 1000, ResponderBytes: 5000, "
    "URL: https://chatgpt.com\n"
)


def test_connections_of_two_sensors_are_two_though_they_are_called_alike(
    tmp_path: Path, read: Read
) -> None:
    rows = [
        {"sensor": "f1", "uuid": "1-a", "message": "430003", "action": "Allow", "src": "10.2.0.1",
         "who": "anna"},
        {"sensor": "f2", "uuid": "2-b", "message": "430002", "action": "Block", "src": "10.2.0.1",
         "who": "bob"},
    ]  # fmt: skip
    (tmp_path / "a.log").write_text("".join(_FTD.format(**row) for row in rows))
    edges = {(str(one.relation), one.target.rpartition("/")[2]) for one in read("a.log").items
             if isinstance(one, Edge) and "/user/" in one.target}  # fmt: skip
    assert edges == {("used_by", "anna"), ("tried_by", "bob")}


def test_more_open_sessions_than_are_remembered_are_told(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_MOST", 10)
    begun = [_URL.replace("7207", str(7000 + n)) for n in range(30)]
    ended = [_NAMED.replace("7207", str(7000 + n)) for n in range(30)]
    (tmp_path / "a.log").write_text("".join((*ended[:1], *begun, *ended[1:])))
    (gap,) = [one for one in read("a.log").items if isinstance(one, Gap)]
    assert "sessions were open when too many others were" in gap.reason
    (tmp_path / "b.log").write_text("".join(line for pair in zip(begun, ended, strict=True)
                                            for line in pair))  # fmt: skip
    told = read("b.log")
    assert not [one for one in told.items if isinstance(one, Gap)]
    assert list(told.use.values()) == [30]


def test_a_connection_that_was_blocked_moves_no_time_of_use(tmp_path: Path, read: Read) -> None:
    def tls(at: str, flow: int, **more: object) -> str:
        row = {"timestamp": f"2026-11-27T{at}.000000+0000", "flow_id": flow, "src_ip": "10.2.0.15",
               "src_port": 4000, "dest_ip": "203.0.113.12", "dest_port": 443, "event_type": "tls",
               "tls": {"sni": "claude.ai"}, **more}  # fmt: skip
        return json.dumps(row) + "\n"

    blocked = {"event_type": "alert", "alert": {"action": "blocked"}}
    (tmp_path / "eve.json").write_text(
        tls("09:00:00", 1) + tls("18:00:00", 2) + tls("18:00:01", 2, **blocked)
    )
    used = [one for one in read("eve.json").items if isinstance(one, Edge)]
    (row,) = (row for one in used if one.relation == "used_by" for row in one.evidence)
    assert (row.count, row.last_at[11:]) == (1, "09:00:00Z")


@pytest.mark.parametrize("is_turned", [False, True])
def test_bytes_of_a_session_are_of_what_went_through(
    tmp_path: Path, read: Read, is_turned: bool
) -> None:
    """One request of it was blocked."""
    blocked = _URL.replace("passthrough", "blocked").replace("=1462", "=0")
    lines = [_URL, _URL, blocked]
    lines = [*(reversed(lines) if is_turned else lines), _UNNAMED]
    (tmp_path / "a.log").write_text("".join(lines))
    told = read("a.log")
    assert list(told.use.values()) == [2]
    assert list(carried(told).values()) == [(2925, 18691)]


def test_a_request_that_stands_for_many_counts_as_many(tmp_path: Path, read: Read) -> None:
    line, _ = _palo_alto("ssl")
    (tmp_path / "a.log").write_text(line.replace(",5251,1,", ",5251,25,"))
    assert list(read("a.log").use.values()) == [25]
