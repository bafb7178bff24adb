"""Who used what from which device; what was tried in vain; programs that ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.logs.lines import Layout
from scanner.model.facts import Edge
from tests.connectors.logs.conftest import Read, Told
from tests.connectors.logs.test_joined import carried

CHAT = "OpenAI: chat in a browser"


def gateway(user: str, device: str, second: int = 0, up: int = 10) -> str:
    """https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/gateway_http/"""
    return json.dumps({
        "Datetime": f"2026-11-28T10:00:{second:02}Z", "Email": user, "DeviceName": device,
        "HTTPHost": "chatgpt.com", "URL": "https://chatgpt.com/", "UserAgent": "Mozilla/5.0",
        "SourceIP": "10.0.0.9", "RequestBytes": up, "ResponseBytes": 2 * up,
    }) + "\n"  # fmt: skip


def network(action: str) -> str:
    """https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-devicenetworkevents-table"""
    return ("Timestamp,DeviceName,ActionType,RemoteUrl,RemotePort,InitiatingProcessFileName,"
            "InitiatingProcessAccountUpn\n"
            f"2026-11-28T10:00:00Z,lap-1,{action},claude.ai,443,chrome.exe,ben@example.com\n"
            )  # fmt: skip


def test_a_device_is_told_beside_who_used_it(tmp_path: Path, read: Read) -> None:
    (tmp_path / "gateway.log").write_text(
        gateway("anna@example.com", "LAP1") + gateway("anna@example.com", "lap1", 1, 20)
        + gateway("anna@example.com", "PHONE", 2, 5) + gateway("ben@example.com", "LAP1", 3, 7)
    )  # fmt: skip
    told = read("gateway.log")
    assert told.use == {
        ("anna@example.com", CHAT): 3, ("ben@example.com", CHAT): 1, ("lap1", CHAT): 3,
        ("phone", CHAT): 1,
    }  # fmt: skip
    sums = carried(told)
    assert (sums["lap1", CHAT], sums["phone", CHAT]) == ((37, 74), (5, 10))
    assert sums["anna@example.com", CHAT] == (35, 70)
    assert [(row.count, row.bytes_up) for row in told.assets[CHAT].evidence] == [(4, 42)]
    assert told.people["lap1"].kind == "logs.device"


def test_pseudonyms_stand_for_devices_beside_people(tmp_path: Path, read: Read) -> None:
    (tmp_path / "gateway.log").write_text(gateway("anna@example.com", "LAP1"))
    told = read("gateway.log", pseudonymize_env="KEY", environ={"KEY": "1" * 16})
    assert len(told.people) == 2
    assert "lap1" not in repr(told.items).lower()


@pytest.mark.parametrize(
    "line",
    ["CEF:0|Palo Alto Networks|PAN-OS|11|url|THREAT|1|suser=anna dvchost=fw1 act=alert "
     "request=https://claude.ai/chat src=10.1.1.1",
     '{"@timestamp":"2026-11-28T10:00:00Z","agent":{"hostname":"fw1"},"host":{"name":"fw1"},'
     '"user":{"name":"anna"},"url":{"domain":"claude.ai"}}'],
    ids=["cef", "ecs"],
)  # fmt: skip
def test_who_sends_a_log_is_no_persons_device(line: str) -> None:
    (told,) = Layout().records(line.encode())
    assert (told.host, told.user, told.device) == ("claude.ai", "anna", "")
    (alone,) = Layout().records(line.replace("anna", "").encode())
    assert alone.device == "fw1"


@pytest.mark.parametrize("action", ["ConnectionBlocked", "ConnectionFailed"])
def test_a_connection_that_came_to_nothing_is_no_use(
    tmp_path: Path, read: Read, action: str
) -> None:
    (tmp_path / "device.csv").write_text(network(action))
    told = read("device.csv")
    assert not told.use
    assert [row.count for asset in told.assets.values() for row in asset.evidence] == [1]


def test_a_connection_that_was_made_is_use(tmp_path: Path, read: Read) -> None:
    (tmp_path / "device.csv").write_text(network("ConnectionSuccess"))
    assert {who for who, _ in read("device.csv").use} == {"ben@example.com", "lap-1"}


def installed(told: Told) -> set[tuple[str, str]]:
    names = {asset.id: asset.name for asset in told.assets.values()}
    who = {person.id: person.name for person in told.people.values()}
    return {
        (who[item.target], names[item.source])
        for item in told.items
        if isinstance(item, Edge) and item.relation == "used_by"
    }


PROCESS = {
    "Timestamp": "2026-11-28T10:00:00Z", "DeviceName": "LAP-1", "ActionType": "ProcessCreated",
    "FileName": "ollama.exe", "FolderPath": "C:\\Programs\\Ollama\\ollama.exe",
    "ProcessCommandLine": "ollama serve", "AccountName": "anna",
}  # fmt: skip
"""https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-deviceprocessevents-table"""


def table(record: dict[str, str]) -> str:
    return ",".join(record) + "\n" + ",".join(record.values()) + "\n"


@pytest.mark.parametrize(
    "text",
    [table(PROCESS), json.dumps(PROCESS) + "\n",
     json.dumps({"category": "AdvancedHunting-DeviceProcessEvents", "properties": PROCESS}) + "\n",
     json.dumps({"event_simpleName": "ProcessRollup2", "aid": "a1", "timestamp": "1795860000000",
                 "ImageFileName": "\\Device\\HarddiskVolume3\\Programs\\Ollama\\ollama.exe",
                 "CommandLine": "ollama run x", "ComputerName": "LAP-1", "UserName": "anna"})],
    ids=["defender-table", "defender", "defender-streamed", "crowdstrike"],
)  # fmt: skip
def test_programs_that_started_are_told(tmp_path: Path, read: Read, text: str) -> None:
    (tmp_path / "processes").write_text(text)
    what = "Ollama (program that ran)"
    assert installed(read("processes")) == {("lap-1", what), ("anna", what)}


@pytest.mark.parametrize(
    "text",
    [table({**PROCESS, "ActionType": "ProcessCreatedUsingWmiQuery"}),
     json.dumps({"event_simpleName": "ImageHash", "aid": "a1", "FileName": "ollama.exe"}) + "\n"],
)  # fmt: skip
def test_a_program_that_an_event_mentions_did_not_start(
    tmp_path: Path, read: Read, text: str
) -> None:
    (tmp_path / "processes").write_text(text)
    assert not read("processes").assets
