"""Shapes of lines as collectors and devices write them, beside those of the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.logs.lines import Layout, hosts_in
from connectors.logs.records import Record
from tests.connectors.logs.conftest import Read

DAY = 20261231


def one_of(line: str, header: str = "") -> Record:
    layout = Layout(day=DAY)
    layout.begin(f"{header}{line}\n".encode())
    (record,) = layout.records(line.encode())
    return record


@pytest.mark.parametrize(
    ("text", "expected"),
    [("asked chatgpt.com. A IN", [("chatgpt.com", 0, "")]),
     ('q="chatgpt.com." n', [("chatgpt.com", 0, "")]),
     ("q chatgpt.com.", [("chatgpt.com", 0, "")]),
     ("q=chatgpt.com.;", [("chatgpt.com", 0, "")]),
     ("https://chatgpt.com./c/1", [("chatgpt.com", 0, "/c/1")]),
     ("chatgpt.com.:8443/c", [("chatgpt.com", 8443, "/c")]),
     ("q chatgpt.com.lan. A", [("chatgpt.com.lan", 0, "")]),
     ("chatgpt.com.1", []), ("chatgpt.com.-a", []), ("chatgpt.com._tcp", [])],
)  # fmt: skip
def test_a_name_may_end_with_the_roots_dot(text: str, expected: list[tuple[str, int, str]]) -> None:
    assert [(one.host, one.port, one.path) for one in hosts_in(text)] == expected


def test_a_name_servers_line_of_no_known_format_is_told(tmp_path: Path, read: Read) -> None:
    line = "2026-11-28T10:00:00Z ns1 ourdns[7]: lookup by 10.0.0.5 of chatgpt.com. type A\n"
    (tmp_path / "ns.log").write_text(line)
    told = read("ns.log")
    assert [row.count for asset in told.assets.values() for row in asset.evidence] == [1]
    assert told.gaps[-1].reason == "1 lines in no known format; such as chatgpt.com"
