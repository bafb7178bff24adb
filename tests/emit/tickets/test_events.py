"""Signed events: what arrives can be checked, cannot be sent again later, and is the same twice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.app.ticketing import Target, sync
from scanner.emit.tickets import webhook
from scanner.emit.tickets.content import Routing
from scanner.emit.tickets.sink import Refused
from scanner.emit.tickets.webhook import (
    FileConfig,
    FileSink,
    WebhookConfig,
    WebhookSink,
    verify,
)
from scanner.model.finding import Finding, FindingStatus
from scanner.store.state import State
from tests.dripping import dripping
from tests.emit.tickets.findings import NOW, finding, put, resolved
from tests.forge_rig.loopback import serving

SECRET, NEXT = b"made-up-secret-of-a-test", b"made-up-secret-that-follows"


class Taker:
    """Who takes events, and forgets ids that it has seen."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[dict[str, str], bytes]] = []

    def take(self, client: BaseHTTPRequestHandler) -> None:
        body = client.rfile.read(int(client.headers["Content-Length"]))
        self.got.append((dict(client.headers.items()), body))
        client.send_response(self.status)
        client.send_header("Content-Length", "0")
        client.end_headers()


@pytest.fixture
def taker() -> Iterator[tuple[Taker, str]]:
    made = Taker()
    with serving(made.take) as url:
        yield made, url


def _sync(state: State, sink: Any) -> Any:
    return sync(state, Target("made", sink, Routing()), now=lambda: NOW)


def test_what_arrives_is_signed_and_the_same_when_it_comes_twice(taker: tuple[Taker, str]) -> None:
    where, url = taker
    state = State("sqlite://")
    put(state, finding("a"))
    sink = WebhookSink(WebhookConfig(url=url), Routing(), SECRET, now=lambda: 1000.0)
    where.status = 500
    assert _sync(state, sink).troubles
    where.status = 200
    assert _sync(state, sink).troubles == []
    put(state, *resolved([finding("a")]))
    _sync(state, sink)
    told = [json.loads(body) for _, body in where.got]
    assert [one["event"] for one in told] == ["create", "create", "close"]
    assert told[0]["id"] == told[1]["id"] != told[2]["id"]
    assert told[0]["ticket"]["findings"][0]["asset"] == "a"
    headers, body = where.got[0]
    assert verify([NEXT, SECRET], headers, body, 1010.0)
    assert not verify([NEXT], headers, body, 1010.0)
    assert not verify([SECRET], headers, body + b" ", 1010.0)
    assert not verify([SECRET], headers, body, 1301.0), "an old one"
    later = {**headers, "X-Shadow-AI-Timestamp": "1300"}
    assert not verify([SECRET], later, body, 1301.0), "an old one with a new time"
    other = {**headers, "X-Shadow-AI-Id": "another"}
    assert not verify([SECRET], other, body, 1010.0)
    for name, odd in (("Signature", "v1=é"), ("Timestamp", "²"), ("Id", "\udcff"), ("Id", "é")):
        assert not verify([SECRET], {**headers, f"X-Shadow-AI-{name}": odd}, body, 1010.0)


def test_who_drips_an_answer_holds_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "_WHOLE", 0.3)
    state = State("sqlite://")
    put(state, finding("a"))
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x") as url:
        began = time.monotonic()
        (trouble,) = _sync(state, WebhookSink(WebhookConfig(url=url), Routing(), SECRET)).troubles
        assert time.monotonic() - began < 5
    assert "it is sent again" in trouble[1]


def test_a_weak_secret_or_an_open_address_is_refused() -> None:
    with pytest.raises(Refused, match="16 bytes"):
        WebhookSink(WebhookConfig(url="https://example.com"), Routing(), b"short")
    with pytest.raises(ValueError, match="https"):
        WebhookConfig(url="http://example.com/hook")


def test_files_are_whole_and_one_an_event(tmp_path: Path) -> None:
    state = State("sqlite://")
    put(state, finding("a"), finding("b"))
    sink = FileSink(FileConfig(folder="out"), Routing(), tmp_path)
    _sync(state, sink)
    _sync(state, sink)
    files = sorted((tmp_path / "out").iterdir())
    assert [file.suffix for file in files] == [".json", ".json"]
    assert {json.loads(file.read_text())["event"] for file in files} == {"create"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    state = State("sqlite://")
    put(state, finding("a"))
    (tmp_path / "out").write_text("a file")
    report = _sync(state, FileSink(FileConfig(folder="out"), Routing(), tmp_path))
    assert "cannot be written" in report.troubles[0][1]


def test_no_two_events_bear_one_id(tmp_path: Path) -> None:
    """What goes up and down says what it has said before; what comes back after the time in which a
    ticket is opened again is made anew."""
    state, now = State("sqlite://"), datetime.fromisoformat(NOW)
    sink = FileSink(FileConfig(folder="out"), Routing(), tmp_path)
    target = Target("made", sink, Routing())
    one = finding("a")
    worst = msgspec.structs.replace(one, severity="critical")
    ended = resolved([worst])[0]
    story = [
        *(msgspec.structs.replace(one, severity=word) for word in ("high", "critical") * 2),
        *(ended, worst, ended, msgspec.structs.replace(worst, status=FindingStatus.REOPENED)),
    ]
    times = [timedelta(minutes=1)] * (len(story) - 1) + [timedelta(days=100)]
    for told, later in zip(story, times, strict=True):
        now += later
        put(state, told)
        report = sync(state, target, now=now.isoformat)
        assert report.troubles == []
        assert len(report.actions) == 1
    kept = [json.loads(file.read_text()) for file in (tmp_path / "out").iterdir()]
    assert len(kept) == len({event["id"] for event in kept}) == len(story)
    assert sorted(e["ticket"]["number"] for e in kept if e["event"] == "create") == [1, 2]


def test_a_retry_of_a_later_ticket_is_the_same_event(taker: tuple[Taker, str]) -> None:
    where, url = taker
    state, now = State("sqlite://"), [datetime.fromisoformat(NOW)]
    sink = WebhookSink(WebhookConfig(url=url), Routing(), SECRET, now=lambda: 1000.0)
    target = Target("made", sink, Routing())

    def go(told: Finding, days: int = 0) -> Any:
        now[0] += timedelta(days=days)
        put(state, told)
        return sync(state, target, now=now[0].isoformat)

    one = finding("a")
    go(one)
    go(resolved([one])[0])
    where.status = 422
    assert go(one, 100).troubles
    assert go(one, 1).troubles
    where.status = 200
    assert go(one, 1).troubles == []
    told = [json.loads(body) for _, body in where.got]
    assert [event["event"] for event in told] == ["create", "close", *["create"] * 3]
    assert len({event["id"] for event in told[2:]}) == 1
    assert told[2]["id"] != told[0]["id"]
