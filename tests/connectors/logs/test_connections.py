"""Connections by their ids: whatever is put is there, and more of them than are remembered count
once."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import pytest

from connectors.logs import connections
from connectors.logs.answers import Answers
from connectors.logs.connections import Connections, as_kept, digest
from scanner.model.items import Gap
from tests.connectors.logs.conftest import Read
from tests.connectors.logs.test_joined import carried


def test_it_is_a_dictionary() -> None:
    chance, known, made = random.Random(1), dict[int, int](), Connections()
    for _ in range(5000):
        ident = digest(f"C{chance.randrange(3000)}")
        known[ident] = chance.randrange(1 << 18)
        assert made.put(ident, known[ident])
    assert len(made) == len(known)
    for one in (made, pickle.loads(pickle.dumps(made))):
        assert dict(one.items()) == known
        assert all(one.get(ident) == target for ident, target in known.items())
        assert one.get(digest("another")) is None
        assert digest("another") not in one


def test_the_newest_are_the_last() -> None:
    made = Connections()
    for number in range(5000):
        made.put(digest(str(number)), number)
    assert [target for _, target in made.newest()] == list(range(2000, 5000))
    assert [target for _, target in made.items()][2000:] == list(range(2000, 5000))


def test_what_an_earlier_version_has_kept_is_known() -> None:
    whole = 0x9A_1234_5678_9ABC
    assert as_kept(whole) == whole >> 6
    assert as_kept(digest("C1")) == digest("C1")
    key = ["logs.user", "ann", "openai", "Contact", "", False, "zeek"]
    ids = [[whole, 1], [(1 << 56) - 1, 1]]
    told = {"keys": [key], "asked": [], "ids": ids, "shared": []}
    kept = Answers.of(json.dumps(told))
    assert json.loads(kept.text)["ids"] == [[whole >> 6, 1], [(1 << 50) - 1, 1]]


def _tls(number: int) -> str:
    at = {"timestamp": "2026-11-27T10:12:46.000000+0000", "flow_id": 10**15 + number,
          "src_ip": "10.2.0.15", "src_port": 40000 + number, "dest_ip": "203.0.113.12",
          "dest_port": 443, "proto": "TCP"}  # fmt: skip
    bytes_ = {"bytes_toserver": 100, "bytes_toclient": 1000,
              "start": "2026-11-27T10:12:46.000000+0000"}  # fmt: skip
    rows = (
        {**at, "event_type": "tls", "tls": {"sni": "claude.ai"}},
        {**at, "event_type": "flow", "flow": bytes_},
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_more_than_are_remembered_count_once(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST", 30)
    (tmp_path / "eve.json").write_text("".join(map(_tls, range(50))))
    found = read("eve.json")
    assert sum(found.use.values()) == 50
    assert sum(up for up, _ in carried(found).values()) == 5000
    (gap,) = [one for one in found.items if isinstance(one, Gap)]
    assert "20 connections were too many to be known again" in gap.reason
