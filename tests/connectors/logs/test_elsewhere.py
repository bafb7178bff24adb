"""Hosts in fields that no format knows, whatever else a line tells: who wrote it, a model, an
application that nobody knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.connectors.logs.conftest import Read, squid

AT = "2025-11-28T10:00:00Z"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps({"time": AT, "user": "anna", "app": "ssl", "to": "claude.ai"})),
        ("a.json", json.dumps({"time": AT, "user": "anna", "host": "fw1.corp.example",
                               "to": "https://claude.ai/chat?q=s"})),
        ("a.json", json.dumps({"time": AT, "user": "anna", "model": "x",
                               "base": "https://claude.ai/chat"})),
        ("a.json", json.dumps({"time": AT, "user": "anna", "host": "fw1.corp.example",
                               "hostname": "claude.ai"})),
        ("a.json", json.dumps({"time": AT, "user": "anna", "dest": "claude.ai",
                               "message": "connected"})),
        ("a.json", json.dumps({"records": [
            {"time": AT, "user": "anna", "host": "fw1", "to": "claude.ai"},
            {"time": AT, "user": "ben", "host": "www.example.org"}]})),
        ("a.csv", f"time,application,user,destination\n{AT},web-browsing,anna,https://claude.ai/a"),
        ("a.log", f"timestamp={AT} hostname=fw1.corp.example user=anna to=claude.ai action=allow"),
        ("a.log", f"timestamp={AT} site=hq user=anna target=claude.ai action=allow"),
        ("a.log", f"asked https://claude.ai/new timestamp={AT} site=hq user=anna n=1 action=allow"),
    ],
    ids=range(10),
)  # fmt: skip
def test_who_is_known_and_the_line_counts_as_not_understood(
    tmp_path: Path, read: Read, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text + "\n")
    told = read(name)
    assert {who for who, _ in told.use} == {"anna"}
    (row,) = (one for asset in told.assets.values() for one in asset.evidence)
    assert (row.rule, row.confidence, row.count, row.first_at) == ("logs.text", "medium", 1, AT)
    assert told.gaps[-1].reason == "1 lines in no known format; such as claude.ai"


@pytest.mark.parametrize(
    "text", ["[1] info: 10.0.0.1 claude.ai. A IN", "the last one was claude.ai.", '"claude.ai." x']
)
def test_a_name_with_its_last_dot_is_one(tmp_path: Path, read: Read, text: str) -> None:
    (tmp_path / "a.log").write_text(f"{text}\nand notclaude.ai.\n")
    told = read("a.log")
    assert told.gaps[-1].reason == "1 lines in no known format; such as claude.ai"
    assert [asset.provider for asset in told.assets.values()] == ["anthropic"]


_CHOSEN = json.dumps({"Datetime": AT, "Email": "boss@corp.example", "HTTPHost": "claude.ai",
                      "HTTPMethod": "POST"})  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        "Invalid user srcip=10.0.0.1 user=boss hostname=claude.ai action=allow from 203.0.113.9",
        "Failed password for invalid user type=utm srcip=10.0.0.1 user=boss hostname=claude.ai",
        f"Invalid user {_CHOSEN}",
    ],
)
@pytest.mark.parametrize(
    "before",
    ["Nov 28 10:00:00 bastion sshd[123]: ", "<38>1 2025-11-28T10:00:00Z bastion sshd 1 - - "],
)
def test_fields_within_a_sentence_tell_nobody(
    tmp_path: Path, read: Read, before: str, said: str
) -> None:
    """A name that somebody tried to log in with is no line of a firewall's."""
    (tmp_path / "auth.log").write_text(f"{before}{said}\n")
    told = read("auth.log")
    assert {who for who, _ in told.use} <= {""}
    assert {one.rule for asset in told.assets.values() for one in asset.evidence} == {"logs.text"}
    assert "in no known format" in told.gaps[-1].reason


@pytest.mark.parametrize(
    "before",
    [
        "Nov 28 10:00:00 gw proxyd[1]: ", "<134>1 2025-11-28T10:00:00Z gw proxyd 1 - - ",
        "2025-11-28T10:00:00Z stdout F ", "2025-11-28T10:00:00Z gw proxyd 1 - ",
        "[28/Nov/2025:10:00:00 +0000] INFO [worker-1] ",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "said",
    [
        json.dumps({"Datetime": AT, "Email": "anna", "HTTPHost": "claude.ai", "HTTPMethod": "GET"}),
        "srcip=10.0.0.1 user=anna hostname=claude.ai action=allow url=/new",
    ],
)
def test_fields_behind_what_collectors_write_are_read(
    tmp_path: Path, read: Read, before: str, said: str
) -> None:
    (tmp_path / "proxy.log").write_text(f"{before}{said}\n")
    told = read("proxy.log")
    assert {who for who, _ in told.use} == {"anna"}
    assert not told.gaps


def test_one_record_of_a_line_that_tells_ai_hides_no_other(tmp_path: Path, read: Read) -> None:
    rows = [
        {"user": "anna", "host": "api.openai.com"},
        {"user": "ben", "host": "fw1", "to": "claude.ai"},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"records": rows}) + "\n")
    told = read("a.json")
    assert {who for who, _ in told.use} == {"anna", "ben"}
    assert [one.reason.partition(" in ")[0] for one in told.gaps] == ["1 lines"]


def test_a_line_within_one_that_names_who_wrote_it_is_read(tmp_path: Path, read: Read) -> None:
    inner = squid("api.openai.com", user="anna").rstrip()
    (tmp_path / "a.json").write_text(json.dumps({"host": "proxy1", "message": inner}) + "\n")
    told = read("a.json")
    assert {who for who, _ in told.use} == {"anna"}
    (row,) = told.assets["OpenAI: API calls"].evidence
    assert (row.rule, row.confidence, row.bytes_down) == ("logs.squid", "certain", 100)
    assert not told.gaps


def test_the_field_of_beats_is_no_unknown_one(tmp_path: Path, read: Read) -> None:
    """https://www.elastic.co/docs/reference/ecs/ecs-tls"""
    line = {"@timestamp": AT, "host": "collector.corp.example", "user": {"name": "anna"},
            "tls": {"client": {"server_name": "api.openai.com"}}}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(line) + "\n")
    told = read("a.json")
    assert told.use == {("anna", "OpenAI: API calls"): 1}
    assert not told.gaps
