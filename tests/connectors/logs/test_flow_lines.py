"""Logs of connections are told by how they begin, and give what they hold."""

from __future__ import annotations

import pytest

from connectors.logs.flow_lines import flow_formats, layout_of
from connectors.logs.networks import addresses, is_inside, model_ports, shared_by
from tests.connectors.logs.flow_samples import FLOWS
from tests.connectors.logs.samples import SAMPLES


@pytest.mark.parametrize(
    ("name", "header", "line", "expected"), FLOWS, ids=[f"{f[0]}-{n}" for n, f in enumerate(FLOWS)]
)
def test_an_entry_is_recognised_and_taken_apart(
    name: str, header: str, line: str, expected: dict[str, object] | None
) -> None:
    layout = layout_of(f"{header}{line}\n".encode())
    assert layout is not None
    assert layout.format.name == name
    found = layout.flows(line.encode())
    if expected is None:
        assert not found
        return
    (flow,) = found
    assert {key: getattr(flow, key) for key in expected} == expected


def test_every_format_has_a_sample_and_a_page() -> None:
    assert {one.name for one in flow_formats()} == {sample[0] for sample in FLOWS}
    assert all(one.reference for one in flow_formats())


_BOTH = {
    "zeek-http",
    "zeek-ssl",
    "zeek-dns",
    "zeek-conn",
    "suricata-eve",
    "crowdstrike",
    "aws-network-firewall",
    "palo-alto-traffic",
    "gcp-firewall",
}


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{s[0]}-{n}" for n, s in enumerate(SAMPLES)])
def test_a_log_that_holds_names_is_read_for_them(sample: tuple[str, str, str, object]) -> None:
    name, header, line, _ = sample
    layout = layout_of(f"{header}{line}\n".encode())
    assert layout is None or (name in _BOTH and layout.format.mixed)


def test_columns_may_be_told_where_no_header_does() -> None:
    line = b"eni-1 10.0.0.7 203.0.113.7 443 99 1795860000 ACCEPT\n"
    assert layout_of(line) is None
    columns = "${interface-id} ${srcaddr} ${dstaddr} ${dstport} ${bytes} ${start} ${action}"
    layout = layout_of(line, columns)
    assert layout is not None
    (flow,) = layout.flows(line)
    assert (flow.eni, flow.dport, flow.sent) == ("eni-1", 443, 99)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b'{"logEvents":[1,{"message":2},{"message":"2 x"}]}', b"\xff\xfe", b" " * 9000,
     b'{"logEvents":' + b"[" * 3000, b"," * 9000, b"2 " * 9000, b'{"message":"{"}',
     b"1e999,10.0.0.1,10.0.0.2,1,2,T,O,A,B,1e999,1e999,,", b"9" * 400 + b",a,b,1,2,T,O,A,B,,,,",
     b'{"src_ip":{},"dest_ip":[],"flow":{"bytes_toserver":"x","start":"99999999999999999999"}}'],
    ids=range(12),
)  # fmt: skip
@pytest.mark.parametrize("sample", range(len(FLOWS)))
def test_what_is_no_entry_harms_nothing(sample: int, line: bytes) -> None:
    _, header, good, _ = FLOWS[sample]
    layout = layout_of(f"{header}{good}\n".encode())
    assert layout is not None
    for flow in layout.flows(line):
        assert flow.sent >= 0
        assert flow.start >= 0


def test_addresses_of_answers_however_they_are_written() -> None:
    told = [
        [{"Rdata": "cdn.example.net.", "Type": "CNAME"}, {"Rdata": "203.0.113.7", "Type": "A"}],
        "x.example,2001:DB8::7,203.0.113.8",
        "api.example.\t300\tIN\ta\t203.0.113.9",
        "0.0.0.0 :: 127.0.0.1 999.1.1.1 v1.2.3.4.5 12:30:59",
    ]
    assert addresses(told) == ("203.0.113.7", "203.0.113.8", "2001:db8::7", "203.0.113.9")


def test_what_addresses_and_ports_say() -> None:
    assert is_inside("10.0.0.7")
    assert is_inside("100.64.1.1")
    assert is_inside("fd00::1")
    assert not is_inside("8.8.8.8")
    assert not is_inside("soon")
    assert shared_by("104.18.6.192") == "Cloudflare"
    assert shared_by("160.79.104.10") == ""
    assert model_ports()[11434].is_own
    assert not model_ports()[8000].is_own
    assert all(one.reference.startswith("https://") for one in model_ports().values())
