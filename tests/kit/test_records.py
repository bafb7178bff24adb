"""Exported files in the encodings and with the first lines that tools and people leave in them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from scanner.kit.exports import MOST_LINE
from scanner.kit.records import read_records

EVENTS: list[dict[str, Any]] = [{"id": f"{n}", "name": f"\u00e9{n}"} for n in range(900)]


def _records(path: Path) -> list[Any]:
    return [one for _, one in read_records(path, path.name, "`files`")]


def _table(events: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    rows = csv.DictWriter(text, ["id", "name"])
    rows.writeheader()
    rows.writerows(events)
    return text.getvalue()


SHAPES = {
    "lines": "\n".join(json.dumps(one, ensure_ascii=False) for one in EVENTS),
    "array": json.dumps(EVENTS, ensure_ascii=False),
    "pretty": json.dumps({"entries": EVENTS}, ensure_ascii=False, indent=1),
    "table": _table(EVENTS),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_powershell_and_excel_write_is_read(
    tmp_path: Path, shape: str, encoding: str, packed: bool
) -> None:
    path = tmp_path / "a"
    data = SHAPES[shape].encode(encoding)
    path.write_bytes(gzip.compress(data) if packed else data)
    assert _records(path) == EVENTS


@pytest.mark.parametrize("first", ['r":"x"}', "# exported by x", "Audit log, acme, 2026"])
def test_a_first_line_that_is_no_record_costs_itself_alone(tmp_path: Path, first: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{first}\n{SHAPES['lines']}", encoding="utf-8")
    told = list(read_records(path, "a", "`files`"))
    assert told == [(1, None), *((n, one) for n, one in enumerate(EVENTS, start=2))]


def test_rows_that_run_over_lines_keep_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,name\n1,"a\n{""b"": 1}\nc"\n\n2,{d}\n{"id": "3"}\n4,e\n5\n')
    assert list(read_records(path, "a", "`files`")) == [
        (4, {"id": "1", "name": 'a\n{"b": 1}\nc'}),
        (6, {"id": "2", "name": "{d}"}),
        (7, {"id": "3"}),
        (8, {"id": "4", "name": "e"}),
        (9, None),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<html><body>Sign in to continue</body></html>", [None]),
        ('<134>Nov 18 11:06:40 host slack: {"id": "x0"', [None]),
        ('<134>Nov 18 11:06:40 host slack: {"id": "x0"}', [{"id": "x0"}]),
        ("Forbidden\n", [None]),
        ("id,name\n", []),
        ("Date (UTC),Actor Principal Name;x\r\n", []),
        ("", []),
    ],
)
def test_one_line_is_columns_of_a_quiet_export_or_no_record(
    tmp_path: Path, text: str, told: list[Any]
) -> None:
    path = tmp_path / "a"
    path.write_text(text)
    assert _records(path) == told


@pytest.mark.parametrize(
    "text",
    [
        '{"records":[{"id":"1"},\n{"id":"2"}]}',
        '{"value":[{"id":"1"},\r\n\r\n{"id":"2"}\r\n]}\r\n',
        '{"records":[\n{"id":"1"},\n{"id":"2"}\n],"nextLink":""}',
        '{ "@odata.context": "x",\n  "value": [{"id":"1"}, {"id":"2"}] }',
        '{"records":\n[{"id":"1"},{"id":"2"}]}',
        '{"records":[{"id":"1"\n},{"id":"2"}]}\n',
        '{"records":[{"id":"1"},\n{"id":"2"}]}\n{"records":[]}\n',
        '\n{"records":[{"id":"1"}],\n"more":[{"id":"2"}]}',
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_document_may_be_broken_into_lines_anywhere(
    tmp_path: Path, text: str, packed: bool
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert _records(path) == [{"id": "1"}, {"id": "2"}]


def test_a_document_in_lines_that_is_too_large_to_be_held_is_read(tmp_path: Path) -> None:
    path, pad = tmp_path / "a.json", "x" * 100_000
    rows = [{"id": n, "pad": pad} for n in range(200)]
    path.write_text('{"value":[' + ",\n".join(map(json.dumps, rows)) + "]}", encoding="utf-8")
    assert [one["id"] for one in _records(path)] == list(range(200))


@pytest.mark.parametrize(
    "cut", ['{"id":"r', '{"id":"r",', '{"id":"r","in":{"a":1', '{"records":[{']
)
@pytest.mark.parametrize("blank", ["", "\n"])
def test_a_first_record_that_is_cut_amid_its_line_costs_itself_alone(
    tmp_path: Path, cut: str, blank: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{cut}\n{blank}{SHAPES['lines']}", encoding="utf-8")
    assert _records(path) == [None, *EVENTS]


def test_a_long_cell_is_read_and_one_that_is_not_held_costs_its_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lengths = (3, 200_000, MOST_LINE + 1, 5)
    path.write_text("id,name\n" + "".join(f'{n},"{"x" * n}"\n' for n in lengths), "utf-8")
    told = _records(path)
    assert [one and len(one["name"]) for one in told] == [3, 200_000, None, 5]


_ROWS = [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]


@pytest.mark.parametrize(
    "page",
    [
        {"start": 0, "limit": 50, "length": 2, "total": 2, "logs": _ROWS},
        {"ok": True, "logs": _ROWS, "paging": {"count": 2, "page": 1}},
        {"_links": {"self": {"href": "x"}}, "_embedded": {"activities": _ROWS}, "size": 2},
        {"audit_logs": _ROWS, "next_page": None, "previous_page": None, "count": 2},
        {"scenarios": _ROWS, "pg": {"offset": 0}},
        {"events": _ROWS, "cursor": "x", "has_more": False},
        {"agents": _ROWS, "next_cursor": None, "has_more": False},
        {"resultSetMetaData": {"numRows": 2, "rowType": [{"name": "id"}, {"name": "name"}]},
         "data": [["1", "a"], ["2", "b"]], "code": "090001"},
    ],
    ids=lambda page: next(iter(page)),
)  # fmt: skip
def test_a_page_of_an_api_is_its_list_whatever_that_is_called(
    tmp_path: Path, page: dict[str, Any]
) -> None:
    """Auth0, Slack, PingOne, Zendesk, Make, Dropbox, ElevenLabs, Snowflake."""
    for name, text in (("whole", json.dumps(page)), ("pretty", json.dumps(page, indent=1)),
                       ("lines", f"{json.dumps(page)}\n{json.dumps(page)}\n")):  # fmt: skip
        path = tmp_path / name
        path.write_text(text)
        assert _records(path) == _ROWS * (2 if name == "lines" else 1), name


@pytest.mark.parametrize(
    "record",
    [
        {"id": {"time": "x"}, "actor": {"email": "a@b.example"}, "events": [{"name": "login"}]},
        {"action": "user_login", "scopes": [{"name": "mail"}], "status": "ok"},
        {"resultSetMetaData": {}, "data": []},
        {"_embedded": {"user": {"id": 1}}, "id": "x"},
    ],
)
def test_a_record_with_lists_stays_one(tmp_path: Path, record: dict[str, Any]) -> None:
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(record)}\n" * 2)
    assert _records(tmp_path / "a.jsonl") == [record] * 2
