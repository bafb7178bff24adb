"""A source of logs that is divided: one machine, four workers and a cluster come to the same
numbers, and so does a source that is divided otherwise from one day to the next."""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from bench.logs import FORMATS
from scanner.graph.build import AssetGraph
from scanner.model.base import encode
from scanner.store.state import State
from tests.app.cluster import cluster
from tests.app.scans import installed, scanned
from tests.connectors.logs.test_installed import lines, osquery

_DAY = 1_767_225_600
_HOSTS = ("api.openai.com", "claude.ai", "API.Cohere.com", "www.example.org", "notopenai.com")
_FLOW_HEAD = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status\n"
)
_PROCESSES = 'executor = "processes"\nworkers = 4\n'


def _write(folder: Path, day: int, seed: int) -> None:
    """Files of one day. Proxies' shapes, packed and plain; who was answered what, and connections
    to it; handshakes, uploads, model servers and inventories."""
    draw = random.Random(seed)
    folder.mkdir(exist_ok=True)
    begin = _DAY + day * 86_400
    for number in range(9):
        shape = ("json", "squid", "zeek")[number % 3]
        line, head = FORMATS[shape]
        rows = [
            line(begin + draw.randrange(80_000), f"user{draw.randrange(9)}@example.com",
                 f"10.0.0.{draw.randrange(9)}", draw.choice(_HOSTS), draw.randrange(3 << 20), 900)
            for _ in range(60)
        ]  # fmt: skip
        text = (head + "\n".join(rows) + "\n").encode()
        packed = gzip.compress(text) if number % 2 else text
        (folder / f"{day}-{number}.{shape}{'.gz' if number % 2 else ''}").write_bytes(packed)
    _tls_and_servers(folder, day, begin, draw)
    _connections(folder, day, begin, draw)
    for number in range(4):
        rows = [
            osquery("apps", name="LM Studio.app", bundle_identifier="ai.elementlabs.lmstudio"),
            osquery("programs", name=("Cursor (User)", "Ollama")[number % 2]),
        ]  # fmt: skip
        told = [row | {"unixTime": begin + number, "day": day} for row in rows]
        (folder / f"{day}-osquery-{number}.json").write_text(lines(*told))


def _tls_and_servers(folder: Path, day: int, begin: int, draw: random.Random) -> None:
    for number in range(4):
        rows = [
            {"ts": begin + n + draw.random(), "uid": f"C{day}-{number}-{n}",
             "id.orig_h": "10.0.0.7", "id.resp_h": "192.0.2.3", "server_name": "api.openai.com",
             "ja4": f"t13d_{draw.randrange(12)}"}
            for n in range(9)
        ]  # fmt: skip
        (folder / f"{day}-ssl-{number}.log").write_text("".join(json.dumps(r) + "\n" for r in rows))
        what = ("chat/completions", "embeddings")[number % 2]
        (folder / f"{day}-inside-{number}.log").write_text(
            "".join(
                f"{begin + number}.{n:03} 4 10.0.0.{n} TCP_MISS/200 81 POST "
                f"http://10.1.1.9:8000/v1/{what} ben HIER_DIRECT/10.1.1.9 text/event-stream\n"
                for n in range(5)
            )
        )


def _connections(folder: Path, day: int, begin: int, draw: random.Random) -> None:
    answers = [
        {"query_timestamp": _iso(begin + n * 600), "query_name": host, "srcaddr": f"10.0.0.{n}",
         "vpc_id": "vpc-1", "answers": [{"Rdata": address, "Type": "A", "Class": "IN"}]}
        for n in range(6)
        for host, address in (("api.openai.com.", "198.51.100.7"), ("claude.ai.", "198.51.100.8"),
                              ("www.example.org.", "198.51.100.8"))
    ]  # fmt: skip
    draw.shuffle(answers)
    for number in range(3):
        rows = answers[number::3]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{day}-dns-{number}.jsonl").write_text(text)
    for number in range(4):
        flows = [
            f"2 123456789012 eni-{n:08x} {ends} 6 3 "
            f"{draw.randrange(3 << 20)} {begin + n * 600 + 60} {begin + n * 600 + 90} ACCEPT OK"
            for n in range(6)
            for address, port in (("198.51.100.7", 443), ("198.51.100.8", 443),
                                  ("10.1.1.9", 8000), ("10.1.1.8", 11434))
            for ends in (f"10.0.0.{n} {address} {40000 + number} {port}",
                         f"{address} 10.0.0.{n} {port} {40000 + number}")
        ]  # fmt: skip
        (folder / f"{day}-flow-{number}.log").write_text(_FLOW_HEAD + "\n".join(flows) + "\n")


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _scan(tmp_path: Path, name: str, parts: int, scan: str = "") -> list[bytes]:
    """One more scan of the folder into a state of its own, and what it knows then."""
    config = tmp_path / f"{name}.toml"
    url = f"sqlite:///{tmp_path}/{name}.sqlite"
    config.write_text(
        f'[store]\nurl = "{url}"\n[scan]\n{scan}\n[sources.logs]\nfiles = ["{tmp_path}/logs"]\n'
        f"partitions = {parts}\n"
    )
    done = scanned(config, installed(tmp_path))
    assert done.returncode == 0, (done.stdout, done.stderr)
    return _image(url)


def _image(url: str) -> list[bytes]:
    state = State(url)
    try:
        graph = AssetGraph(state.facts())
    finally:
        state.close()
    rows = [*graph.nodes.values(), *graph.edges.values()]
    return sorted(
        encode(msgspec.structs.replace(row, evidence=tuple(sorted(row.evidence, key=encode))))
        for row in rows
    )


@pytest.mark.slow
def test_one_machine_four_workers_and_a_cluster_come_to_the_same_numbers(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    _write(tmp_path / "logs", 0, 1)
    alone = _scan(tmp_path, "alone", 1)
    told = b"".join(alone)
    for word in (b"by address", b"by known port", b"by port", b'"large_uploads":4', b"t13d_",
                 b"installed/", b"logs.squid", b"logs.vpc-flow", b"contested"):  # fmt: skip
        assert word in told, word
    assert _scan(tmp_path, "threads", 4) == alone
    assert _scan(tmp_path, "processes", 4, _PROCESSES) == alone
    with cluster(tmp_path / "cluster", installed(tmp_path)) as made:
        for _ in range(4):
            made.worker()
        away = f'executor = "dask"\n[scan.dask]\naddress = "{made.address}"'
        assert _scan(tmp_path, "dask", 4, away) == alone
    with sqlite3.connect(tmp_path / "dask.sqlite") as db:
        parts = dict(db.execute("SELECT shard, count(*) FROM fact GROUP BY shard").fetchall())
    assert len(parts) == 5
    assert min(parts.values()) > 3


@pytest.mark.slow
def test_days_that_are_divided_differently_lose_and_double_nothing(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    for day, parts in enumerate((1, 4, 2, 4, 1, 1)):
        _write(logs, day, day + 1)
        if day:  # one that grew, one that was rotated and packed
            with (logs / "0-0.json").open("a") as more:
                more.write(
                    FORMATS["json"][0](_DAY + day, "anna", "10.0.0.1", _HOSTS[0], 5, 5) + "\n"
                )
            old = logs / f"{day - 1}-3.json.gz"
            if old.exists():
                (logs / f"{day - 1}-old.log").write_bytes(gzip.decompress(old.read_bytes()))
                old.unlink()
        if day == 3:
            for gone in logs.glob("0-1*"):
                gone.unlink()
        assert _scan(tmp_path, "divided", parts) == _scan(tmp_path, "alone", 1), day


def test_standard_input_is_not_divided(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[sources.logs]\nfiles = ["-"]\npartitions = 2\n')
    done = scanned(config, installed(tmp_path))
    assert done.returncode == 2
    assert "standard input is read by one shard" in done.stderr
