"""Which of a file is new: alike beginnings, logs that were emptied, lines that are half written."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.logs.cursor import Cursor
from connectors.logs.marks import Mark
from scanner.model.items import Checkpoint
from tests.connectors.logs.conftest import Read, Told, squid

CALLS = "OpenAI: API calls"
HEAD = "#Software: SGOS 7.3\n#Remark: " + "x" * 1400 + "\n"
FIELDS = "#Fields: date time c-ip cs-username cs-host cs-uri-path cs-method sc-status\n"
Pack = Callable[[bytes], bytes]


def elff(user: str, count: int, day: int = 1) -> str:
    return HEAD + FIELDS + "".join(
        f"2025-11-{day:02} 10:{n // 60:02}:{n % 60:02} 10.0.0.5 {user} "
        + ("api.openai.com /v1/responses POST 200\n" if n % 2 else "www.example.org / GET 200\n")
        for n in range(count)
    )  # fmt: skip


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("count", [40, 3000], ids=["short", "long"])
@pytest.mark.parametrize("partitions", [1, 3])
def test_files_that_begin_alike_are_each_read(
    tmp_path: Path, read: Read, pack: Pack, count: int, partitions: int
) -> None:
    (tmp_path / "mon.log").write_bytes(pack(elff("anna", count).encode()))
    (tmp_path / "tue.log").write_bytes(pack(elff("bob", count + 10, day=2).encode()))
    first = read(".", partitions=partitions)
    assert first.use == {("anna", CALLS): count // 2, ("bob", CALLS): count // 2 + 5}
    if partitions == 1:
        (tmp_path / "wed.log").write_bytes(pack(elff("carl", count, day=3).encode()))
        second = read(".", since=first.cursor)
        assert second.use == {("carl", CALLS): count // 2}
        assert read(".", since=second.cursor).use == {}


def test_a_log_that_is_emptied_and_begins_as_before_is_read_anew(
    tmp_path: Path, read: Read
) -> None:
    log = tmp_path / "a.log"
    log.write_text(squid("www.example.org") * 30 + squid("api.openai.com") * 2)
    first = read("a.log")
    log.write_text(squid("www.example.org") * 12 + squid("api.openai.com", user="carl") * 3)
    second = read("a.log", since=first.cursor)
    assert second.use == {("carl", CALLS): 3}
    log.write_text(squid("www.example.org") * 12 + squid("api.openai.com", user="dora") * 60)
    assert read("a.log", since=second.cursor).use == {("dora", CALLS): 60}


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress], ids=["plain", "gz", "bz2"])
def test_what_differs_behind_the_first_64_kib_is_another_file(
    tmp_path: Path, read: Read, pack: Pack
) -> None:
    alike = squid("www.example.org") * 1000
    log = tmp_path / "a.log"
    log.write_bytes(pack((alike + squid("api.openai.com") * 40).encode()))
    first = read("a.log")
    assert first.use == {("anna", CALLS): 40}
    log.write_bytes(pack((alike + squid("api.openai.com", user="ben") * 60).encode()))
    second = read("a.log", since=first.cursor)
    assert second.use == {("ben", CALLS): 60}
    log.write_bytes(pack((alike + squid("api.openai.com", user="ben") * 75).encode()))
    third = read("a.log", since=second.cursor)
    assert third.use == {("ben", CALLS): 15}
    assert read("a.log", since=third.cursor).use == {}


def test_a_copy_of_a_log_is_not_counted_again(tmp_path: Path, read: Read) -> None:
    text = "".join(squid("api.openai.com", at=1764324000 + n) for n in range(5))
    (tmp_path / "a.log").write_text(text)
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(text.encode()))
    first = read(".")
    assert first.use == {("anna", CALLS): 5}
    (tmp_path / "a.log").write_text(text + squid("api.openai.com", user="ben"))
    second = read(".", since=first.cursor)
    assert second.use == {("ben", CALLS): 1}
    assert read(".", since=second.cursor).use == {}


def test_a_cursor_that_knows_the_first_kilobyte_alone_goes_on(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "a.log"
    log.write_text(squid("api.openai.com") * 20)
    told = read("a.log")
    assert told.cursor is not None
    held = Cursor.of(told.cursor)
    ((text, offset),) = held.at.items()
    before = Checkpoint(cursor=json.dumps({"at": {Mark.of(text).head: offset}}))
    with log.open("a") as more:
        more.write(squid("api.openai.com", user="ben"))
    assert read("a.log", since=before).use == {("ben", CALLS): 1}


# --- headers that change --------------------------------------------------------------------------

TURNED = "#Fields: date time c-ip cs-method sc-bytes cs-bytes cs-username cs-host\n"


def turned(user: str, host: str) -> str:
    return f"2025-11-28 11:00:00 10.0.0.4 POST 100 10 {user} {host}\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_a_file_is_read_on_by_the_header_that_holds_where_it_was(
    tmp_path: Path, read: Read, pack: Pack
) -> None:
    """As ProxySG writes it: another header behind a restart."""
    log = tmp_path / "ex.log"
    text = elff("anna", 4) + TURNED + turned("anna", "api.openai.com")
    log.write_bytes(pack(text.encode()))
    first = read("ex.log")
    assert first.use == {("anna", CALLS): 3}
    text += turned("bert", "api.openai.com")
    log.write_bytes(pack(text.encode()))
    second = read("ex.log", since=first.cursor)
    assert second.use == {("bert", CALLS): 1}
    (row,) = second.assets[CALLS].evidence
    assert (row.bytes_up, row.bytes_down) == (10, 100)
    text += FIELDS + "2025-11-28 12:00:00 10.0.0.5 carl api.openai.com /v1/responses POST 200\n"
    log.write_bytes(pack(text.encode()))
    third = read("ex.log", since=second.cursor)
    assert third.use == {("carl", CALLS): 1}
    assert third.cursor is not None
    assert not Cursor.of(third.cursor).columns, "the file begins with this header"


def test_half_a_header_names_no_columns(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "ex.log"
    log.write_text(elff("anna", 4) + TURNED[:40])
    first = read("ex.log")
    with log.open("a") as more:
        more.write(TURNED[40:] + turned("bert", "api.openai.com"))
    assert read("ex.log", since=first.cursor).use == {("bert", CALLS): 1}


# --- the last line ------------------------------------------------------------------------------

ZEEK = "#separator \\x09\n#fields\tts\tuid\tid.orig_h\tid.resp_h\tid.resp_p\tserver_name\tja3\n"
LINES = {
    "squid": ("", squid("www.example.org"), squid("api.openai.com", user="robert")),
    "json": ("", '{"host": "www.example.org", "user": "anna"}\n',
             '{"time": 1764324000, "host": "api.openai.com", "user": "robert"}\n'),
    "elff": (FIELDS, "2025-11-01 10:00:00 10.0.0.5 anna www.example.org / GET 200\n",
             "2025-11-01 10:00:00 10.0.0.5 robert api.openai.com /v1/responses POST 200\n"),
    "zeek": (ZEEK, "1764324000.1\tC1\t10.0.0.5\t192.0.2.1\t443\twww.example.org\tabc\n",
             "1764324000.1\tC2\trobert\t192.0.2.1\t443\tapi.openai.com\tabc\n"),
}  # fmt: skip


@pytest.mark.parametrize("shape", LINES)
def test_a_line_that_is_half_written_is_read_when_it_is_whole(
    tmp_path: Path, read: Read, shape: str
) -> None:
    head, other, line = LINES[shape]
    for cut in range(1, len(line)):
        log = tmp_path / f"{shape}-{cut}.log"
        log.write_text(head + other * 3 + line[:cut])
        first = read(log.name)
        log.write_text(head + other * 3 + line + other)
        second = read(log.name, since=first.cursor)
        log.write_text(head + other * 3 + line + other + other)
        third = read(log.name, since=second.cursor)
        sums: dict[tuple[str, str], int] = {}
        for told in (first, second, third):
            for key, count in told.use.items():
                sums[key] = sums.get(key, 0) + count
        assert sums == {("robert", CALLS): 1}, cut
        assert not second.gaps


@pytest.mark.parametrize("shape", LINES)
def test_the_last_line_of_a_file_that_is_done_counts_once(
    tmp_path: Path, read: Read, shape: str
) -> None:
    head, other, line = LINES[shape]
    text = (head + other * 3 + line).rstrip("\n")
    for name, pack in (("a.log", bytes), ("a.gz", gzip.compress)):
        (tmp_path / name).write_bytes(pack(text.encode()))  # type: ignore[operator]
        first = read(name)
        assert first.use == {("robert", CALLS): 1}
        assert read(name, since=first.cursor).use == {}
    (tmp_path / "a.log").write_text(text + "\n" + line)
    assert read("a.log", since=first.cursor).use == {("robert", CALLS): 1}


def test_half_a_line_is_said_and_is_read_where_no_more_comes(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "a.log"
    log.write_text(squid("www.example.org") + squid("api.openai.com")[:90])
    told = read("a.log")
    assert not told.assets
    assert "not all there yet" in told.gaps[0].reason
    os.utime(log, (1764324000, 1764324000))
    later = read("a.log", since=told.cursor)
    assert CALLS in later.assets or "OpenAI: contact" in " ".join(later.assets)
    assert not any("not all there" in gap.reason for gap in later.gaps)


def test_the_last_line_of_standard_input_is_read(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.write(writing, squid("api.openai.com").rstrip("\n").encode())
    os.close(writing)
    with os.fdopen(reading, "rb") as piped:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(piped))
        told: Told = read("-")
    assert told.use == {("anna", CALLS): 1}


def test_a_file_that_was_away_for_one_scan_is_not_counted_again(tmp_path: Path, read: Read) -> None:
    """A disk that is mounted late, an archive that is added, a restored backup."""
    log, other = tmp_path / "a.log", tmp_path / "b.log"
    log.write_text(squid("api.openai.com") * 3)
    other.write_text(squid("www.example.org"))
    cursor = read(".").cursor
    log.rename(tmp_path.parent / "away.log")
    for _ in range(2):
        away = read(".", since=cursor)
        assert (away.use, away.gaps) == ({}, [])
        cursor = away.cursor
    (tmp_path.parent / "away.log").rename(log)
    assert read(".", since=cursor).use == {}
    log.write_text(squid("api.openai.com") * 5)
    assert read(".", since=cursor).use == {("anna", CALLS): 2}


def test_what_is_away_is_known_for_a_time_and_up_to_a_number() -> None:
    def away(count: int) -> Cursor:
        return Cursor({Mark.at(str(n).encode(), 1, b"x").text: 1 for n in range(count)})

    cursor = away(1)
    cursor.forget(keep_others=False, today=100)
    cursor = Cursor.of(Checkpoint(cursor=cursor.text))
    cursor.forget(keep_others=False, today=190)
    assert len(cursor.at) == 1
    cursor.forget(keep_others=True, today=191)
    assert len(cursor.at) == 1
    cursor.forget(keep_others=False, today=191)
    assert (cursor.at, cursor.gone) == ({}, {})
    many = away(10_050)
    many.forget(keep_others=False, today=100)
    assert len(many.at) == len(many.gone) == 10_000


def test_what_is_there_again_is_away_no_longer() -> None:
    mark = Mark.at(b"a", 1, b"a")
    cursor = Cursor({mark.text: 1})
    cursor.forget(keep_others=False, today=100)
    cursor = Cursor.of(Checkpoint(cursor=cursor.text))
    assert cursor.places(b"abc") == [(mark, 1)]
    cursor.move(mark.text, mark, 1)
    cursor.forget(keep_others=False, today=150)
    assert (cursor.at, cursor.gone) == ({mark.text: 1}, {})
