"""Files that are packed, wide, holed, broken or no text at all: read, or said."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.logs import packed
from tests.connectors.logs.conftest import Read, squid

CALLS = "OpenAI: API calls"
LINES = "".join(squid("api.openai.com", at=1764324000 + n) for n in range(100)).encode()


def zipped(*files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("logs/", b"")
        for number, data in enumerate(files):
            archive.writestr(f"logs/{number}.log", data)
    return made.getvalue()


def tarred(*files: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for number, data in enumerate(files):
            member = tarfile.TarInfo(f"{number}.log")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


def wide(data: bytes, encoding: str = "utf-16-le", bom: str = "\ufeff") -> bytes:
    return (bom + data.decode()).encode(encoding)


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "xz": lzma.compress,
    "two streams of xz": lambda data: lzma.compress(data[:600]) + lzma.compress(data[600:]),
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda data: gzip.compress(tarred(data)),
    "utf-16": wide,
    "utf-16, big end first": lambda data: wide(data, "utf-16-be"),
    "utf-16 without a mark": lambda data: wide(data, bom=""),
    "utf-16 in gz": lambda data: gzip.compress(wide(data)),
    "hole": lambda data: b"\0" * 200_000 + data,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_read_as_plain_text_is_and_gone_on_with(
    tmp_path: Path, read: Read, shape: str
) -> None:
    log = tmp_path / "a.bin"
    log.write_bytes(SHAPES[shape](LINES))
    first = read("a.bin")
    assert first.use == {("anna", CALLS): 100}
    assert not first.gaps
    log.write_bytes(SHAPES[shape](LINES + squid("api.openai.com", user="ben").encode()))
    assert read("a.bin", since=first.cursor).use == {("ben", CALLS): 1}


def test_a_log_that_was_read_is_known_when_it_is_packed_by_xz(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_bytes(LINES)
    first = read(".")
    (tmp_path / "a.log").unlink()
    (tmp_path / "a.log.xz").write_bytes(lzma.compress(LINES))
    assert read(".", since=first.cursor).use == {}


def database(path: Path) -> bytes:
    with sqlite3.connect(path) as held:
        held.execute("CREATE TABLE urls (url TEXT)")
        held.execute("INSERT INTO urls VALUES ('https://chatgpt.com/')")
    return path.read_bytes()


def test_what_is_no_text_is_a_gap(tmp_path: Path, read: Read) -> None:
    held = {
        "a.7z": b"7z\xbc\xaf\x27\x1c" + os.urandom(900),
        "b.zip": zipped(LINES, LINES),
        "c.png": b"\x89PNG\r\n\x1a\n" + os.urandom(5000),
        "d.db": database(tmp_path / "made"),
        "e.lz4": b"\x04\x22\x4d\x18" + os.urandom(900),
    }
    (tmp_path / "made").unlink()
    for name, data in held.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "ok.log").write_bytes(LINES)
    told = read(".")
    assert told.use == {("anna", CALLS): 100}
    assert {Path(gap.what).name for gap in told.gaps} == held.keys()


def test_several_files_in_one_archive_are_said(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.tar").write_bytes(tarred(LINES, LINES))
    told = read("a.tar")
    assert told.use == {("anna", CALLS): 100}
    assert "of several files" in told.gaps[0].reason


def test_a_zip_with_a_password_and_a_broken_one_are_gaps(tmp_path: Path, read: Read) -> None:
    whole = bytearray(zipped(LINES))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.rindex(magic) + at] |= 1
    (tmp_path / "a.zip").write_bytes(whole)
    (tmp_path / "b.zip").write_bytes(zipped(LINES)[:-30])
    told = read(".")
    assert {Path(gap.what).name for gap in told.gaps} == {"a.zip", "b.zip"}


def test_xz_that_asks_for_much_memory_is_a_gap(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "_MOST_XZ", 8 << 20)
    (tmp_path / "a.xz").write_bytes(lzma.compress(LINES, preset=9))
    told = read("a.xz")
    assert not told.assets
    assert "emory" in told.gaps[0].reason


def test_a_bomb_of_xz_ends(tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_FREE", 1 << 20)
    monkeypatch.setattr(packed, "_MOST_RATIO", 100)
    (tmp_path / "a.xz").write_bytes(lzma.compress(b"\n" * (64 << 20)))
    assert "unpacks to more" in read("a.xz").gaps[0].reason


BREAKS: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[: len(data) * 9 // 10],
    "garbage behind": lambda data: data + b"\xffgarbage" * 40,
    "broken in between": lambda data: data[: len(data) * 9 // 10] + b"\xff" * 200,
}


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_sound_before_a_break_is_told_once(
    tmp_path: Path, read: Read, pack: Callable[[bytes], bytes], how: str
) -> None:
    """Blocks of their own, as what writes a log leaves them (bzip2 checks a block as a whole)."""
    sound = pack(LINES) + pack(squid("api.openai.com", user="ben").encode() * 50)
    (tmp_path / "a.bin").write_bytes(pack(LINES) + BREAKS[how](pack(LINES)))
    first = read("a.bin")
    assert first.use[("anna", CALLS)] >= 100
    assert len(first.gaps) == 1
    again = read("a.bin", since=first.cursor)
    assert again.use == {}
    assert len(again.gaps) == 1
    (tmp_path / "a.bin").write_bytes(sound)
    assert read("a.bin", since=first.cursor).use.get(("ben", CALLS), 0) in (49, 50)


@pytest.mark.parametrize("how", ["cut off", "garbage behind"])
def test_a_short_file_that_breaks_gives_what_it_has(tmp_path: Path, read: Read, how: str) -> None:
    (tmp_path / "a.gz").write_bytes(BREAKS[how](gzip.compress(LINES)))
    told = read("a.gz")
    assert told.use[("anna", CALLS)] > 50
    assert len(told.gaps) == 1
