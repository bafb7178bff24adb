"""A large file read by several processes tells what it tells when one reads it."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.logs import json_line, squid_line, zeek_line
from connectors.logs import divided
from connectors.logs.files import BLOCK
from scanner.kit import processes
from scanner.model.items import Checkpoint
from tests.connectors.logs.conftest import Read, Told

HOSTS = ("www.example.org", "cdn.example.net", "notopenai.com", "api.openai.com", "claude.ai",
         "API.Cohere.com")  # fmt: skip
SIZE = 5 * BLOCK + 4321
ZEEK = (
    "#separator \\x09\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\t"
    "trans_id\trtt\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\t"
    "RA\tZ\tanswers\tTTLs\trejected\n"
)
CONN = "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\torig_bytes\tresp_bytes\n"
W3C = "#Fields: date time c-ip cs-username cs-host cs-uri-path cs-method sc-status\n"
TURNED = "#Fields: date time cs-host cs-username c-ip cs-method sc-status cs-uri-path\n"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(divided, "LEAST", 3 * BLOCK)
    monkeypatch.setattr(divided, "PIECE", BLOCK)


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[ProcessPoolExecutor]:
    """Those that were started."""
    started: list[ProcessPoolExecutor] = []
    make = processes.pool

    def pool(*given: Any) -> ProcessPoolExecutor:
        started.append(make(*given))
        return started[-1]

    monkeypatch.setattr(processes, "pool", pool)
    return started


def lines_of(made: Callable[..., str], size: int = SIZE, seed: int = 1) -> Iterator[str]:
    draw = random.Random(seed)
    written = 0
    while written < size:
        host = draw.choice(HOSTS)
        line = made(
            1_795_824_000 + written // 100, f"user{draw.randrange(40)}@example.com",
            f"10.0.0.{draw.randrange(60)}", host, draw.randrange(9000), draw.randrange(90_000),
        ) + "\n"  # fmt: skip
        written += len(line)
        yield line


def w3c(turned: bool) -> Callable[..., str]:
    def line(at: int, user: str, src: str, host: str, up: int, down: int) -> str:
        if turned:
            return f"2026-11-27 10:00:{at % 60:02} {host} {user} {src} GET 200 /v1/a{up % 3}"
        return f"2026-11-27 10:00:{at % 60:02} {src} {user} {host} /v1/a{up % 3} GET 200"

    return line


def long_lines() -> Iterator[str]:
    """Of 3 MiB, which no piece ends in, and of 11 MiB, which are cut."""
    for size in (100, 3 << 20, 50, 11 << 20, 70, 11 << 20, 80):
        host = "api.openai.com" if size < 1000 else "claude.ai"
        row = {"user": "anna", "host": host, "url": f"https://{host}/v1", "rest": "x" * size}
        yield json.dumps(row) + "\n"
        yield from lines_of(squid_line, size=9000, seed=size)


def odd_lines() -> Iterator[str]:
    """Of no format, of impossible times, broken, and of a log that was emptied."""
    for number, line in enumerate(lines_of(squid_line)):
        yield line
        if number % 701 == 0:
            yield f"?? strange{number} https://strange{number}.openai.com/v1/models !!\n"
        if number % 1301 == 0:
            yield json_line(99_999_999_999, "eve", "10.0.0.1", "claude.ai", 1, 1) + "\n"
        if number % 1999 == 0:
            yield "\0" * 700 + line.replace(" CONNECT ", " \udcff ")


LOGS: dict[str, Callable[[], Iterator[str]]] = {
    "json": lambda: lines_of(json_line),
    "squid": lambda: lines_of(squid_line),
    "zeek": lambda: iter([ZEEK, *lines_of(zeek_line)]),
    "turned": lambda: iter([
        W3C, *lines_of(w3c(False), 2 * BLOCK), TURNED, *lines_of(w3c(True), 2 * BLOCK),
        W3C, *lines_of(w3c(False), 2 * BLOCK),
    ]),
    "long": long_lines,
    "odd": odd_lines,
    "crlf": lambda: (line.replace("\n", "\r\n") for line in lines_of(squid_line)),
    "no-end": lambda: iter(["".join(lines_of(squid_line)).rstrip("\n")]),
}  # fmt: skip


def write(path: Path, lines: Iterator[str], age: int = 900) -> None:
    path.write_text("".join(lines), encoding="utf-8", errors="surrogateescape", newline="")
    old = path.stat().st_mtime - age
    os.utime(path, (old, old))


def texts(one: Told) -> list[str]:
    return [repr(item) for item in one.items if not isinstance(item, Checkpoint)]


@pytest.mark.slow
@pytest.mark.parametrize("name", LOGS)
def test_several_processes_tell_what_one_tells(
    name: str, tmp_path: Path, read: Read, pools: list[ProcessPoolExecutor]
) -> None:
    write(tmp_path / "a.log", LOGS[name]())
    alone = read("a.log")
    assert not pools
    together = read("a.log", processors=3)
    assert len(pools) == 1
    assert texts(together) == texts(alone)
    assert alone.use
    at = [json.loads(one.cursor.cursor)["at"] for one in (together, alone) if one.cursor]
    assert len(at) == 2
    assert at[0] == at[1]


@pytest.mark.slow
def test_connections_are_joined_by_names_from_all_pieces(
    tmp_path: Path, read: Read, pools: list[ProcessPoolExecutor]
) -> None:
    write(tmp_path / "dns.log", LOGS["zeek"]())
    conn = (
        f"{1_795_824_000 + n * 40}.5\tD{n}\t10.0.0.{n % 60}\t5555\t203.0.113.9\t443\t{n}\t9\n"
        for n in range(900)
    )
    write(tmp_path / "conn.log", iter([CONN, *conn]))
    alone, together = read("."), read(".", processors=2)
    assert pools
    assert texts(together) == texts(alone)
    rules = {row.rule for item in alone.items for row in getattr(item, "evidence", ())}
    assert {"logs.zeek-dns", "logs.zeek-conn"} <= rules


@pytest.mark.slow
def test_what_a_file_has_grown_by_is_divided_from_where_it_was(
    tmp_path: Path, read: Read, pools: list[ProcessPoolExecutor]
) -> None:
    rows = list(lines_of(squid_line, size=9 * BLOCK))
    log = tmp_path / "a.log"
    cut = len(rows) // 3
    # The last line is half written when it is read first.
    write(log, iter(["".join(rows[:cut]) + rows[cut][:40]]))
    first = read("a.log")
    write(log, iter(rows))
    alone = read("a.log", since=first.cursor)
    together = read("a.log", since=first.cursor, processors=2)
    assert pools
    assert texts(together) == texts(alone)
    whole = read("a.log")
    assert sum(whole.use.values()) == sum(first.use.values()) + sum(together.use.values())


@pytest.mark.slow
def test_what_a_file_has_grown_by_has_the_header_that_holds_there(
    tmp_path: Path, read: Read, pools: list[ProcessPoolExecutor]
) -> None:
    log = tmp_path / "a.log"
    begun = [
        W3C,
        *lines_of(w3c(turned=False), size=BLOCK),
        TURNED,
        *lines_of(w3c(turned=True), 4096),
    ]
    write(log, iter(begun))
    first = read("a.log")
    write(log, iter([*begun, *lines_of(w3c(turned=True), size=9 * BLOCK, seed=2)]))
    together = read("a.log", since=first.cursor, processors=2)
    assert pools
    assert texts(together) == texts(read("a.log", since=first.cursor))
    whole = read("a.log")
    assert sum(whole.use.values()) == sum(first.use.values()) + sum(together.use.values())
    assert {who for who, _ in together.use} <= {who for who, _ in whole.use}


def test_a_process_that_is_ended_loses_nothing(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.log", LOGS["squid"]())
    alone = read("a.log")
    done = divided.Aside._done
    ended: list[int] = []

    def ending(self: divided.Aside, *given: Any) -> divided.Found:
        found = done(self, *given)
        if not ended and self._pool is not None:
            ended.extend(self._pool._processes or ())
            for pid in ended:
                os.kill(pid, signal.SIGKILL)
        return found

    monkeypatch.setattr(divided.Aside, "_done", ending)
    together = read("a.log", processors=3)
    assert ended
    assert texts(together) == texts(alone)


def test_processes_that_cannot_begin_lose_nothing(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.log", LOGS["squid"]())
    alone = read("a.log")
    make = processes.pool
    monkeypatch.setattr(processes, "pool", lambda count, *_: make(count, os._exit, 3))
    assert texts(read("a.log", processors=3)) == texts(alone)


def test_what_a_process_is_told_when_it_begins_is_short(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More than a pipe holds is never taken by one that dies first, and the scan would wait for it.
    told: list[int] = []
    make = processes.pool

    def pool(*given: Any) -> ProcessPoolExecutor:
        told.append(len(pickle.dumps(given)))
        return make(*given)

    monkeypatch.setattr(processes, "pool", pool)
    write(tmp_path / "a.log", LOGS["squid"]())
    assert read("a.log", processors=2).use
    assert told[0] < 4096


def test_nothing_stands_in_the_temporary_directory_that_a_killed_scan_would_leave(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    done = divided.Aside._done
    read_aside: list[bool] = []

    def looking(self: divided.Aside, piece: divided.Piece, job: Any, *given: Any) -> divided.Found:
        found = done(self, piece, job, *given)
        if isinstance(job, Future):
            read_aside.append(job.exception() is None)
        assert not [*scratch.iterdir()]
        return found

    monkeypatch.setattr(divided.Aside, "_done", looking)
    write(tmp_path / "a.log", LOGS["squid"]())
    assert read("a.log", processors=2).use
    assert read_aside
    assert all(read_aside)


def test_a_log_that_is_rotated_while_it_is_read_is_read_as_it_was(
    tmp_path: Path, read: Read, pools: list[ProcessPoolExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.log", LOGS["squid"]())
    alone = read("a.log")
    begin = divided.piece_of

    def rotating(*given: Any) -> divided.Piece | None:
        piece = begin(*given)
        if piece is not None and not (tmp_path / "a.log.1").exists():
            (tmp_path / "a.log").rename(tmp_path / "a.log.1")
            write(tmp_path / "a.log", lines_of(squid_line, seed=99))
        return piece

    monkeypatch.setattr("connectors.logs.reading.piece_of", rotating)
    together = read("a.log", processors=2)
    assert pools
    assert texts(together) == texts(alone)


def test_who_asked_is_on_the_line_before_and_such_a_log_is_not_divided(
    tmp_path: Path, read: Read, pools: list[ProcessPoolExecutor]
) -> None:
    line = (
        "Nov 27 10:00:0{n} dnsmasq[1]: query[A] api.openai.com from 10.0.0.{n}\n"
        "Nov 27 10:00:0{n} dnsmasq[1]: reply api.openai.com is 203.0.113.9\n"
    )
    write(tmp_path / "a.log", (line.format(n=n % 9) for n in range(SIZE // 130)))
    assert read("a.log", processors=2).use
    assert not pools


def test_where_lines_need_those_before_them_the_rest_is_read_by_one(
    tmp_path: Path, read: Read, pools: list[ProcessPoolExecutor]
) -> None:
    """Squid's lines, then Pi-hole's with a question a megabyte before its answer."""
    asked = "Nov 27 10:00:00 dnsmasq[1]: query[A] claude.ai from 10.0.0.77\n"
    answered = "Nov 27 10:00:01 dnsmasq[1]: reply claude.ai is 198.51.100.7\n"
    other = list(lines_of(squid_line, size=2 * BLOCK))
    write(tmp_path / "a.log", iter([*other, asked, *other, answered, *other]))
    conn = f"{1_795_824_000}.5\tD1\t10.0.0.77\t5555\t198.51.100.7\t443\t70\t9\n"
    write(tmp_path / "conn.log", iter([CONN, *[conn] * 60]))
    alone, together = read("."), read(".", processors=2)
    assert pools
    assert texts(together) == texts(alone)


def test_people_are_pseudonyms_in_every_piece(tmp_path: Path, read: Read) -> None:
    write(tmp_path / "a.log", LOGS["json"]())
    given: dict[str, Any] = {"environ": {"KEY": "k" * 40}, "pseudonymize_env": "KEY"}
    alone = read("a.log", **given)
    together = read("a.log", processors=2, **given)
    assert texts(together) == texts(alone)
    assert not any("example.com" in text for text in texts(together))


def test_what_is_stored_between_is_stored_while_pieces_are_read(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.logs import reading

    write(tmp_path / "a.log", LOGS["squid"]())
    alone = read("a.log")
    monkeypatch.setattr(reading, "_SAVED_EVERY", 2 * BLOCK)
    together = read("a.log", processors=2)
    assert len(together.items) > len(alone.items)
    assert together.use == alone.use


def test_a_small_file_starts_no_process(
    tmp_path: Path, read: Read, pools: list[ProcessPoolExecutor]
) -> None:
    write(tmp_path / "a.log", lines_of(squid_line, size=2 * BLOCK))
    assert read("a.log", processors=4).use
    assert not pools


def test_what_a_connection_tells_twice_counts_once_in_any_piece(tmp_path: Path, read: Read) -> None:
    """Suricata's alert of a connection, a megabyte before what it carried."""

    def event(kind: str, number: int) -> str:
        row = {
            "timestamp": "2026-11-27T10:00:00.000000+0000", "event_type": kind, "flow_id": number,
            "src_ip": "10.0.0.5", "src_port": 5000, "dest_ip": "203.0.113.9", "dest_port": 443,
            "proto": "TCP", "tls": {"sni": "api.openai.com"},
        }  # fmt: skip
        return json.dumps(row) + "\n"

    other = list(lines_of(squid_line, size=2 * BLOCK))
    alerts, carried = ([event(kind, n) for n in range(1, 9)] for kind in ("alert", "tls"))
    write(tmp_path / "a.log", iter([*other, *alerts, *other, *carried, *other]))
    alone, together = read("a.log"), read("a.log", processors=2)
    assert texts(together) == texts(alone)
    assert sum(count for (who, _), count in alone.use.items() if who == "10.0.0.5") == 8


def test_a_long_first_line_is_no_reason_to_wait(tmp_path: Path, read: Read) -> None:
    """What cannot be told by the beginning of a line is not sought in it."""
    long = json.dumps({"timestamp": "2026-11-28T10:00:00Z", "user": "lo", "pad": "x" * (2 << 20),
                       "url": "https://api.openai.com/v1"})  # fmt: skip
    lines = "".join(lines_of(squid_line))
    (tmp_path / "a.log").write_text(long + "\n" + lines)
    told, alone = read("a.log", processors=2), read("a.log")
    assert told.use == alone.use
