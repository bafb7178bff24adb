"""How far a message has told, in a real PostgreSQL where several write at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from scanner.app.config import NotifyConfig
from scanner.app.notifying import notify
from scanner.model.finding import FindingEvent
from scanner.store import schema
from scanner.store.state import State
from tests.emit.tickets.findings import NOW, finding
from tests.store.postgres import Server, programs, server

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")


class Service:
    def __init__(self) -> None:
        self.got: list[str] = []

    def send(self, title: str, text: str) -> None:
        self.got.append(text)


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture
def url(running: Server) -> str:
    return running.database()


def _notify(state: State, service: Service) -> str:
    return notify(state, "team", NotifyConfig(), service, now=lambda: NOW).state


def _opened(state: State, name: str) -> None:
    one = finding(name)
    event = FindingEvent(fingerprint=one.fingerprint, scan="s-1", at=NOW, change="opened")
    state.save_findings([one], [event])


def test_what_is_committed_late_is_told_and_nothing_twice(url: str) -> None:
    """A transaction gets its number, and commits after one that got a higher."""
    state, other, service = State(url), State(url), Service()
    late = finding("late")
    state.save_findings([late], ())
    _opened(state, "first")
    assert _notify(state, service) == "sent"
    with other.engine.begin() as db:
        row = {"fingerprint": late.fingerprint, "scan_id": "s-2", "at": NOW, "change": "opened"}
        db.execute(insert(schema.finding_event).values(detail="", **row))
        _opened(state, "second")
        assert _notify(state, service) == "sent"
    assert _notify(state, service) == "sent"
    assert _notify(state, service) == "nothing"
    said = "\n".join(service.got)
    for name in ("first", "second", "late"):
        assert said.count(f"Unregistered AI: {name} ") == 1
    state.close()
    other.close()


def test_of_many_hosts_at_once_one_sends(url: str) -> None:
    service = Service()
    states = [State(url) for _ in range(6)]
    _opened(states[0], "a")
    start = threading.Barrier(len(states))
    came: list[str] = []

    def run(state: State) -> None:
        start.wait()
        came.append(_notify(state, service))

    threads = [threading.Thread(target=run, args=(state,)) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert came.count("sent") == 1
    assert len(service.got) == 1
    for state in states:
        state.close()
