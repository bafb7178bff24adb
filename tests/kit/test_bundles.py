"""Zips of exports: each member is read as a file of its own, and what is wrong with one costs that
one."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from scanner.kit.bundles import At, stem
from scanner.kit.records import read_records
from scanner.model.errors import Unavailable

LINES = b'{"a": 1}\n{"a": 2}\n'


def _zip(path: Path, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


def _read(path: Path) -> list[tuple[str, object]]:
    return [(str(at), record) for at, record in read_records(path, path.name, "`files`")]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2,
                                    zipfile.ZIP_LZMA])  # fmt: skip
def test_members_are_files_of_their_own(tmp_path: Path, method: int) -> None:
    members = {
        "logs/one.jsonl": LINES, "two.csv": "b,c\n3,é\n".encode("utf-16"), "image.png": b"\x00",
        "__MACOSX/._two.csv": b"x", "three.yml": b"app:\n  name: x\n",
    }  # fmt: skip
    path = _zip(tmp_path / "x.zip", method, **members)
    if method == zipfile.ZIP_LZMA:
        with pytest.raises(Unavailable, match="packed by method 14"):
            _read(path)
        return
    assert _read(path) == [
        ("logs/one.jsonl:1", {"a": 1}), ("logs/one.jsonl:2", {"a": 2}),
        ("two.csv:2", {"b": "3", "c": "é"}),
        ("three.yml:1", {"yaml": "app:\n  name: x\n", "name": "three"}),
    ]  # fmt: skip


def test_a_damaged_member_costs_itself(tmp_path: Path) -> None:
    path = _zip(tmp_path / "x.zip", zipfile.ZIP_STORED, **{"a.jsonl": LINES, "b.jsonl": LINES})
    data = bytearray(path.read_bytes())
    data[data.index(b'"a": 1') + 5] = ord("9")  # the first member's checksum is now another
    path.write_bytes(bytes(data))
    got: list[str] = []

    def read() -> None:
        for at, _ in read_records(path, "x.zip", "`files`"):
            got.append(f"{at}")

    with pytest.raises(Unavailable, match=r"a\.jsonl: its checksum is wrong"):
        read()
    assert got == ["a.jsonl:1", "a.jsonl:2", "b.jsonl:1", "b.jsonl:2"]


def test_what_is_no_zip_with_records_is_told(tmp_path: Path) -> None:
    path = _zip(tmp_path / "x.xlsx", **{"xl/sheet1.xml": b"<a/>"})
    with pytest.raises(Unavailable, match="a zip without JSON, CSV or YAML in it"):
        _read(path)
    (tmp_path / "cut.zip").write_bytes(
        _zip(tmp_path / "y.zip", **{"a.json": b"[]"}).read_bytes()[:40]
    )
    with pytest.raises(Unavailable, match="damaged or cut short"):
        _read(tmp_path / "cut.zip")


def test_a_large_member_is_not_held(tmp_path: Path) -> None:
    line = json.dumps({"text": "x" * 1000}).encode() + b"\n"
    path = _zip(tmp_path / "x.zip", **{"a.jsonl": line * 40_000})
    tracemalloc.start()
    count = sum(1 for _ in read_records(path, "x.zip", "`files`"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 24 << 20  # of 40 MB; a line may be 16 MiB long


def test_places_and_names() -> None:
    assert (f"{At(3, 'a/b.csv')}", str(At(3, "b.csv")), At(3, "b") + 1) == (
        "a/b.csv:3",
        "b.csv:3",
        4,
    )
    assert stem("flows/HR bot.json") == "HR bot"
    assert stem("C:\\exports\\HR bot.json.gz") == "HR bot"
    assert stem("Microsoft.Flow/flows/0b1f/definition.json") == "0b1f"
    assert stem("definition.json") == "definition"
