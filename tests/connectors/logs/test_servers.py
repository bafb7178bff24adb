"""A host that no rule knows is a model server by how it was asked and what it answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.model.facts import Asset
from tests.connectors.logs.conftest import Read

STREAM, JSON, PAGE = "text/event-stream", "application/json", "text/html; charset=utf-8"


def asked(host: str, path: str, **more: object) -> str:
    line = {"host": host, "path": path, "method": "POST", "status": 200, "src": "10.0.0.1", **more}
    return json.dumps({key: value for key, value in line.items() if value is not None}) + "\n"


@pytest.mark.parametrize(
    ("line", "sure"),
    [
        (asked("llm.corp.lan", "/v1/chat/completions"), "high"),
        (asked("llm.corp.lan", "/openai/v1/chat/completions/"), "high"),
        (asked("llm.corp.lan", "/v1/chat/completions", status=None), "medium"),
        (asked("llm.corp.lan", "/v1/embeddings", method=None, status=None), "low"),
        (asked("llm.corp.lan", "/api/generate", port=11434), "high"),
        (asked("llm.corp.lan", "/api/chat"), "low"),
        ("1764324000.123 4 10.0.0.5 TCP_MISS/200 81 POST http://llm.corp.lan/v1/chat/completions"
         f" ben HIER_DIRECT/10.9.9.9 {STREAM}\n", "certain"),
        ("1764324000.123 4 10.0.0.5 TCP_MISS/200 81 POST http://llm.corp.lan/v1/messages"
         f" ben HIER_DIRECT/10.9.9.9 {STREAM}\n", "high"),
    ],
)  # fmt: skip
def test_how_sure_that_is(tmp_path: Path, read: Read, line: str, sure: str) -> None:
    (tmp_path / "a.log").write_text(line)
    (found,) = read("a.log").assets.values()
    assert (found.kind, found.name.partition(":")[0]) == ("logs.model_endpoint", "llm.corp.lan")
    assert [one.confidence for one in found.evidence] == [sure]


@pytest.mark.parametrize(
    "line",
    [
        asked("slack.com", "/api/chat.postMessage"), asked("api.nexmo.com", "/v1/messages"),
        asked("inference.acme.internal", "/v1/completions", status=404),
        asked("llm.corp.lan", "/v1/chat/completions", status=500),
        asked("llm.corp.lan", "/v1/chat/completions", status=301),
        asked("llm.corp.lan", "/v1/chat/completions", action="blocked"),
        asked("llm.corp.lan", "/v1/chat/completions", method="GET"),
        asked("www.example.org", "/embed/x?next=/v1/messages"),
        asked("shop.example.org", "/invocations"),
        '10.0.0.5 - - [01/Nov/2026:10:00:00 +0000] "GET /mcp HTTP/1.1" 404 5 "-" "Mozilla/5.0"\n',
        '10.0.0.5 - - [01/Nov/2026:10:00:00 +0000] "POST /v1/chat/completions HTTP/1.1" 404 5\n',
        "1764324000.123 4 10.0.0.5 TCP_MISS/200 81 POST http://x.example/v1/chat/completions"
        " ben HIER_DIRECT/10.9.9.9 text/html\n",
    ],
)  # fmt: skip
def test_what_is_none(tmp_path: Path, read: Read, line: str) -> None:
    (tmp_path / "a.log").write_text(line * 3)
    assert not read("a.log").assets


def test_the_servers_own_log_tells_it(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(
        '10.9.8.7 - - [01/Nov/2026:10:00:00 +0000] "POST /v1/chat/completions HTTP/1.1" 200 512\n'
    )
    (found,) = read("a.log").assets.values()
    assert (found.name, found.evidence[0].confidence) == ("server of a.log", "high")


def test_a_guess_makes_no_connection_one_of_a_server(tmp_path: Path, read: Read) -> None:
    """To its port other programs connect, too."""
    flow = "2 1 eni-1 {} {} {} {} 6 10 900 1764324000 1764324020 ACCEPT OK\n"
    (tmp_path / "a.log").write_text(
        asked("10.0.0.9", "/api/chat", port=8000) + asked("10.0.0.8", "/v1/completions", port=8000)
    )
    (tmp_path / "flows.log").write_text(
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "
        "start end action log-status\n"
        + "".join(
            flow.format("10.0.0.5", server, 40001, 8000)
            + flow.format(server, "10.0.0.5", 8000, 40001)
            for server in ("10.0.0.8", "10.0.0.9")
        )
    )
    things = [item for item in read().items if isinstance(item, Asset)]
    rules = {(thing.name, row.rule) for thing in things for row in thing.evidence}
    assert rules == {
        ("10.0.0.9:8000", "logs.json"), ("10.0.0.8:8000", "logs.json"),
        ("10.0.0.8:8000", "logs.vpc-flow"),
    }  # fmt: skip


@pytest.mark.parametrize("host", ["[2001:DB8::1]:8000", "[2001:db8:0::1]", "2001:db8::1", None])
def test_an_address_of_version_6_and_its_port_are_told_apart(
    tmp_path: Path, read: Read, host: str | None
) -> None:
    line = {"host": host, "url": "http://[2001:db8::1]:8000/v1/chat/completions", "method": "POST",
            "status": 200, "user": "ann"}  # fmt: skip
    (tmp_path / "a.log").write_text(json.dumps(line) + "\n")
    (name,) = read("a.log").assets
    assert name.partition(": ")[0] == "[2001:db8::1]:8000"
