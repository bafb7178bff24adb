"""Documents of any size, told an element at a time: what they hold, where they break, and how much
memory it takes."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.kit import json_stream
from scanner.kit.json_stream import Behind, Broken, Window, records
from scanner.kit.records import read_records
from scanner.model.errors import Unavailable

_MIB = 1 << 20
_ROOT = Path(__file__).parents[2]


def _read(path: Path) -> tuple[list[Any], str]:
    """Records until there is trouble, and what that says."""
    found: list[Any] = []
    try:
        found.extend(one for _, one in read_records(path, path.name, "`files`"))
    except Unavailable as error:
        return found, str(error)
    return found, ""


def _events(count: int, size: int = 1) -> list[dict[str, Any]]:
    return [{"id": n, "name": f"é{n}", "text": "x" * size} for n in range(count)]


VALUES: list[Any] = [
    {"a": 1}, 12.5, -3, "é\U0001f600\\\"]", [], {}, [[1], {"b": None}], True, "", 10**30,
    {"long": "y" * 300, "deep": [{"c": [1, 2, {"d": "]}"}]}]},
]  # fmt: skip


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 1 << 16])
@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_is_the_same_however_it_is_read(
    chunk: int, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    for ascii_only in (True, False):
        data = json.dumps(VALUES, indent=indent, ensure_ascii=ascii_only).encode()
        window = Window(data[:3], io.BytesIO(data[3:] + b" "))
        assert list(records(window, lambda *_: True)) == VALUES
        assert window.byte == len(data)


@pytest.mark.parametrize("chunk", [1, 5, 1 << 16])
def test_what_tools_write_that_is_no_json_is_taken(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    data = b'[{"a": NaN, "b": "\\ud800", "c": "\xff"}, 1]'
    first, second = records(Window(b"", io.BytesIO(data)), lambda *_: True)
    assert first["a"] != first["a"]
    assert (first["b"], second) == ("\ud800", 1)


def test_a_page_gives_its_list_and_a_record_itself() -> None:
    def told(text: str) -> list[Any]:
        window = Window(b"", io.BytesIO(text.encode()))
        return list(records(window, lambda name, is_first: name == "value"))

    assert told('{"@odata.context": "x", "value": [1, 2], "next": null, "other": [3]}') == [1, 2]
    assert told('{"value": [], "tags": [1]}') == []
    assert told('{"id": 1, "tags": [1]}') == [{"id": 1, "tags": [1]}]
    assert told("{}") == [{}]


@pytest.mark.parametrize("padding", [0, 17 * _MIB])
@pytest.mark.parametrize(
    ("page", "told"),
    [
        ('{"errors": [], "entries": [%s]}', [1, 2]),
        ('{"errors": [], "events": [%s]}', [1, 2]),
        ('{"items": [], "entries": [%s], "next": ""}', [1, 2]),
        ('{"errors": [{"id": 0}], "entries": [%s]}', [0, 1, 2]),
        ('{"entries": [%s], "tags": [%n], "more": [{"id": 3}]}', [1, 2, 3]),
    ],
)
def test_every_list_of_a_page_is_told_whatever_its_size(
    tmp_path: Path, padding: int, page: str, told: list[int]
) -> None:
    path = tmp_path / "a.json"
    half = "x" * (padding // 2)
    events = ", ".join(json.dumps({"id": n, "text": half}) for n in (1, 2))
    path.write_text(page.replace("%s", events).replace("%n", ", ".join(["1"] * 3000)))
    found, said = _read(path)
    assert (sorted(one["id"] for one in found), said) == (told, "")


@pytest.mark.parametrize(
    ("text", "byte", "told"),
    [
        ('[{"a": 1}, {"a": 2}, {"a": tru', 27, 2),
        ('[{"é": 1}, {"a" 2}]', 17, 1),
        ('[{"a": 1} {"a": 2}]', 10, 1),
        ('[{"a": 1}, ', 11, 1),
        ('{"value": [1, 2', 15, 2),
        ("nothing", 0, 0),
    ],
)
def test_where_it_breaks_is_told_behind_what_came_before(text: str, byte: int, told: int) -> None:
    found: list[Any] = []
    with pytest.raises(Broken) as caught:
        found.extend(records(Window(b"", io.BytesIO(text.encode())), lambda *_: True))
    assert f"at byte {byte}" in str(caught.value)
    assert len(found) == told


@pytest.mark.parametrize("count", [50, 40_000])
def test_a_broken_array_gives_what_came_before_and_the_byte(tmp_path: Path, count: int) -> None:
    events = _events(count, 500)
    whole = json.dumps(events).encode()
    place = len(json.dumps(events[: count // 2]).encode()) - 1
    path = tmp_path / "a.json"
    path.write_bytes(whole[:place] + b', {"id": oops}' + whole[place:])
    found, said = _read(path)
    assert [one["id"] for one in found] == list(range(count // 2))
    assert f"at byte {place + 9}" in said
    assert "oops" not in said
    path.write_bytes(gzip.compress(whole)[: -len(gzip.compress(whole)) // 3])
    found, said = _read(path)
    assert found == events[: len(found)]
    assert len(found) > count // 10
    assert "cut short" in said


@pytest.mark.parametrize("packed", [False, True])
def test_a_page_of_one_long_line_is_read_between_others(tmp_path: Path, packed: bool) -> None:
    events = _events(40_000, 450)
    page = json.dumps({"@odata.context": "x", "value": events, "next": None})
    assert len(page) > 17 * _MIB
    text = '{"id": "first"}\n' + page + '\n{"id": "last"}\n' + page
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(text.encode(), 1) if packed else text.encode())
    found = list(read_records(path, "a.jsonl", "`files`"))
    assert [one for _, one in found] == [{"id": "first"}, *events, {"id": "last"}, *events]
    assert [number for number, _ in found][:: len(events)][:3] == [1, 2, 4]
    path.write_text(page)
    assert _read(path) == (events, "")


def test_a_long_line_that_breaks_costs_itself_alone(tmp_path: Path) -> None:
    events = _events(40_000, 450)
    page = json.dumps({"value": events})
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n' + page[:-5] + "oops\n" + '{"id": 2}\n')
    found, said = _read(path)
    assert found == [{"id": 1}, *events[:-1], {"id": 2}]
    assert "line 2: the document breaks at byte" in said
    path.write_text('{"id": 1}\n{"text": "' + "x" * (40 * _MIB) + '"}\n{"id": 2}\n')
    found, said = _read(path)
    assert found == [{"id": 1}, {"id": 2}]
    assert "line 2: an element of more than 16 MiB" in said


def test_documents_that_follow_each_other_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    pages = [{"items": _events(3)}, {"items": _events(2)}]
    path.write_text("\n".join(json.dumps(one, indent=1) for one in pages))
    assert _read(path) == ([*_events(3), *_events(2)], "")
    path.write_text(json.dumps(_events(3)) + "\n" + json.dumps(_events(2)) + "\n")
    assert _read(path) == ([*_events(3), *_events(2)], "")


def test_a_stream_goes_on_behind_what_was_read_ahead() -> None:
    for most in (1, 3, 5, 100):
        stream = Behind(b"ab\ncd", io.BytesIO(b"ef\ngh"))
        lines = list(iter(lambda: stream.readline(most), b""))  # noqa: B023
        assert b"".join(lines) == b"ab\ncdef\ngh"
        assert all(len(line) <= most for line in lines)
        assert all(b"\n" not in line[:-1] for line in lines)


_COUNT = """
import sys
from pathlib import Path
from scanner.kit.records import read_records
count = total = 0
for _, one in read_records(Path(sys.argv[1]), "a", "x"):
    count, total = count + 1, total + one["id"]
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(count, total, int(peak.split()[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
@pytest.mark.parametrize("before", ["[", '{"context": "x", "value": ['])
@pytest.mark.slow
@pytest.mark.parametrize("many", [400_000, 2_000_000])
def test_an_array_of_200_megabytes_takes_constant_memory(
    tmp_path: Path, before: str, many: int
) -> None:
    path, pad = tmp_path / "a.json", "x" * (192_000_000 // many)
    with path.open("w") as file:
        file.write(before)
        for start in range(0, many, 100_000):
            rows = (f'{{"id":{n},"who":"p{n % 97}{pad}"}}' for n in range(start, start + 100_000))
            file.write(("," if start else "") + ",".join(rows))
        file.write("]" if before == "[" else '],"next":null}')
    done = subprocess.run(
        [sys.executable, "-c", _COUNT, str(path)], cwd=_ROOT, capture_output=True, text=True,
        check=True, timeout=240, env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )  # fmt: skip
    assert path.stat().st_size > 200_000_000
    path.unlink()
    count, total, peak = map(int, done.stdout.split())
    assert (count, total) == (many, many * (many - 1) // 2)
    assert peak < 200
