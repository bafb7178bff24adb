"""Firewalls tell applications apart where they see no host, and connections where they tell
neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.detect.engine import Detector
from tests.connectors.logs.conftest import Read
from tests.connectors.logs.samples import SAMPLES

CHAT, CONTACT = "OpenAI: chat in a browser", "OpenAI: contact"
TRAFFIC = next(line for name, _, line, _ in SAMPLES if name == "palo-alto-traffic")
FORTINET = next(line for name, _, line, told in SAMPLES if name == "fortinet" and "app" in told)
FIREWALL = next(line for name, _, line, _ in SAMPLES if name == "gcp-firewall")
ANSWER = (
    '{"timestamp":"2026-11-28T09:59:50Z","jsonPayload":{"queryName":"api.openai.com.","queryType":'
    '"A","sourceIP":"10.0.0.5","vmInstanceName":"1.vm1","rdata":"api.openai.com.\\t300\\tIN\\ta\\t'
    '203.0.113.9","responseCode":"NOERROR"}}\n'
)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("openai-chatgpt", ("openai", "web")), ("OpenAI.ChatGPT", ("openai", "web")),
        ("OpenAI - ChatGPT", ("openai", "web")), ("openai-base", ("openai", "")),
        ("openai-api", ("openai", "api")), ("claude-base", ("anthropic", "web")),
        ("claude-upload", ("anthropic", "web")), ("Anthropic.Claude", ("anthropic", "web")),
        ("GitHub.Copilot", ("github_copilot", "")), ("google-base", ("", "")),
        ("Google.Gemini", ("google_gemini", "web")), ("ssl", ("", "")), ("base", ("", "")),
        ("azure-base", ("", "")), ("", ("", "")), ("ngrok-base", ("", "")),
    ],
)  # fmt: skip
def test_names_of_applications(detector: Detector, name: str, told: tuple[str, str]) -> None:
    assert detector.watch.application(name) == told


@pytest.mark.parametrize(("line", "user"), [(TRAFFIC, "acme\\anna"), (FORTINET, "anna")])
def test_an_application_is_use_without_a_host(
    tmp_path: Path, read: Read, line: str, user: str
) -> None:
    (tmp_path / "a.log").write_text(f"{line}\n" * 2)
    told = read("a.log")
    assert told.use == {(user, CHAT): 2}
    (row,) = told.assets[CHAT].evidence
    assert (row.confidence, row.path) == ("high", "by its application")


def test_a_session_counts_once_by_its_end(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(TRAFFIC.replace(",end,", ",start,") + f"\n{TRAFFIC}\n")
    told = read("a.log")
    assert sum(told.use.values()) == 1
    assert sum(row.bytes_up for row in told.assets[CHAT].evidence) == 4000


def test_an_application_of_no_ai_is_nothing(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(TRAFFIC.replace("openai-chatgpt", "google-base") + "\n")
    assert not read("a.log").assets


@pytest.mark.parametrize(
    "line",
    [
        FIREWALL,
        TRAFFIC.replace("openai-chatgpt", "ssl"),
        FORTINET.replace('type="utm"', 'type="traffic"').replace("OpenAI.ChatGPT", "SSL")
        .replace("10.1.100.11", "10.0.0.5") + " sentbyte=4000 rcvdbyte=1000",
    ],
)  # fmt: skip
def test_connections_of_firewalls_are_joined_to_answers(
    tmp_path: Path, read: Read, line: str
) -> None:
    """Also where the answers stand in the same file."""
    (tmp_path / "dns.log").write_text(ANSWER)
    (tmp_path / "fw.log").write_text(line + "\n")
    told = read("dns.log", "fw.log")
    assert told.use == {("1.vm1", CONTACT): 2}
    if "ALLOWED" not in line:
        rows = [row for item in told.items for row in getattr(item, "evidence", ())]
        assert max(row.bytes_up for row in rows) == 4000


def test_a_line_that_names_its_application_is_no_connection_too(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(ANSWER)
    (tmp_path / "fw.log").write_text(TRAFFIC + "\n")
    assert read("dns.log", "fw.log").use == {("1.vm1", CONTACT): 1, ("acme\\anna", CHAT): 1}


def test_zscalers_firewall_names_applications_alone(tmp_path: Path, read: Read) -> None:
    """https://help.zscaler.com/zia/nss-feed-output-format-firewall-logs"""
    (tmp_path / "fw.csv").write_text(
        "datetime,user,csip,cdip,cdport,action,nwsvc,nwapp,inbytes,outbytes,devicehostname\n"
        "Sat Nov 28 10:00:00 2026,anna,10.0.0.5,192.0.2.3,443,Allow,HTTPS,ChatGPT,900,300,LAP1\n"
        "Sat Nov 28 10:00:00 2026,ben,10.0.0.6,192.0.2.4,443,Drop,HTTPS,ChatGPT,0,60,LAP2\n"
        "Sat Nov 28 10:00:00 2026,carl,10.0.0.7,192.0.2.5,443,Allow,HTTPS,ChatGPTX,9,9,LAP3\n"
    )
    told = read("fw.csv")
    assert told.use == {("anna", CHAT): 1, ("lap1", CHAT): 1}
