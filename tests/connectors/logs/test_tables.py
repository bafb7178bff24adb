"""Tables: columns that a header does not name."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connectors.logs import LogsConfig
from tests.connectors.logs.conftest import Read

CALLS = "OpenAI: API calls"
COLUMNS = ("Time", "-", "src", "user", "URL", "bytes_out", "-", "method")
ROWS = (
    ("2026-11-28 10:00:00", "7", "10.0.0.5", "anna", "https://api.openai.com/v1/chat", "30", "x",
     "POST"),
    ("2026-11-28 11:00:00", "8", "10.0.0.6", "berta", "https://www.example.org/", "1", "x", "GET"),
    ("2026-11-28 12:00:00", "9", "10.0.0.5", "anna", "https://api.openai.com/v1/chat", "12", "x",
     "POST"),
)  # fmt: skip


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_columns_that_the_configuration_names_are_read(
    tmp_path: Path, read: Read, separator: str
) -> None:
    (tmp_path / "a.csv").write_text("".join(f"{separator.join(row)}\n" for row in ROWS))
    assert ("anna", CALLS) not in read().use
    told = read(columns=COLUMNS)
    assert told.use == {("anna", CALLS): 2}
    assert not told.gaps
    (edge,) = (one for one in told.items if getattr(one, "relation", "") == "used_by")
    (row,) = edge.evidence
    assert (row.bytes_up, row.first_at) == (42, "2026-11-28T10:00:00Z")
    assert row.last_at == "2026-11-28T12:00:00Z"


def test_a_header_of_a_file_wins_over_the_names_that_were_given(tmp_path: Path, read: Read) -> None:
    rows = "".join(f"{row[3]},{row[4]},{row[0]}\n" for row in ROWS)
    (tmp_path / "a.csv").write_text(f"user,url,time\n{rows}")
    assert read(columns=("url", "user", "time")).use == {("anna", CALLS): 2}


def test_lines_that_do_not_have_the_named_columns_are_told(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.csv").write_text("".join(f"{','.join(row)}\n" for row in ROWS))
    (gap,) = read(columns=("time", "user", "url", "src")).gaps
    assert "2 lines in no known format" in gap.reason


@pytest.mark.parametrize(
    ("columns", "format_", "reason"),
    [(("time", "who asked", "url"), "", "no format of logs knows 'who asked'"),
     (("time", "url", "URL"), "", "url is there more than once"),
     (("time", "user", "-"), "", "none of them tells whom was asked"),
     (("time", "user", "url"), "zscaler", "not of the format 'zscaler'")],
)  # fmt: skip
def test_columns_that_can_not_be_are_refused(
    columns: tuple[str, ...], format_: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        LogsConfig(files=(".",), columns=columns, format=format_)


def test_zscalers_feed_of_values_alone_is_read_through_a_scan(tmp_path: Path, read: Read) -> None:
    """https://help.zscaler.com/zia/nss-feed-output-format-web-logs, the sample with another site"""
    line = (
        '"Sat Nov 28 {hour}:29:11 2026","anna","HTTP","{site}","{action}","Ebay","Consumer Apps",'
        '"72","14061","0","0","Productivity Loss","Shopping and Auctions","Online Shopping","None",'
        '"None","0","None","None","new-gre","Default Department","172.17.3.49","192.0.2.1","POST",'
        '"{status}","curl/7.68.0","None","FwFilter","Firewall_1","Other","None","NA","NA","N/A"\n'
    )
    (tmp_path / "a.csv").write_text(
        line.format(hour=10, site="ebay.example/", action="Blocked", status=403)
        + line.format(hour=11, site="api.openai.com/v1/chat", action="Allowed", status=200)
        + line.format(hour=12, site="api.openai.com/v1/chat", action="Blocked", status=403)
    )
    told = read()
    assert told.use == {("anna", CALLS): 1}
    assert not told.gaps


HEADER = "Time,Client IP,User,URL,Bytes Out,Bytes In,Method\n"
PLAIN = "2026-11-28 09:00:00,10.1.1.1,ann,https://api.openai.com/v1/chat,10,20,POST\n"


@pytest.mark.parametrize(
    "row",
    [
        '"2026-11-28 09:00:00",10.1.1.1,"Doe,\n Jane",https://api.openai.com/v1/chat,10,20,POST\n',
        '2026-11-28 09:00:00,10.1.1.1,"Doe,\n Jane",https://api.openai.com/v1/chat,10,20,"a\n\nb"\n',
        '2026-11-28 09:00:00,10.1.1.1,"Doe,\n Jane",https://api.openai.com/v1/chat,10,20,"a\n""\nb"',
    ],
)
def test_a_row_whose_value_holds_an_end_of_line_is_read_whole(
    tmp_path: Path, read: Read, row: str
) -> None:
    (tmp_path / "a.csv").write_text(HEADER + PLAIN + row.rstrip("\n") + "\n" + PLAIN)
    told = read()
    assert told.use == {("ann", CALLS): 2, ("doe,\n jane", CALLS): 1}
    assert not told.gaps


def test_a_row_is_joined_once_whichever_of_its_lines_name_ai(tmp_path: Path, read: Read) -> None:
    row = (
        '2026-11-28 09:00:00,10.1.1.1,ben,"https://api.openai.com/v1/chat?q=a\n'
        'api.openai.com, claude.ai\nclaude.ai",10,20,POST\n'
    )
    (tmp_path / "a.csv").write_text(HEADER + row * 3)
    told = read()
    assert told.use == {("ben", CALLS): 3}
    assert not told.gaps


def test_half_of_a_row_is_told_as_not_understood_and_is_nobodys(tmp_path: Path, read: Read) -> None:
    """Its other half stands nowhere near."""
    half = ' line",https://claude.ai/new,10,20,GET\n'
    (tmp_path / "a.csv").write_text(HEADER + PLAIN + half + PLAIN)
    told = read()
    assert {who for who, _ in told.use} == {"ann"}
    assert "Anthropic: chat in a browser" in told.assets
    (gap,) = told.gaps
    assert "1 lines in no known format" in gap.reason


def test_a_mark_within_a_value_stands_for_itself(tmp_path: Path, read: Read) -> None:
    row = '2026-11-28 09:00:00,10.1.1.1,ann,https://api.openai.com/v1/chat?a=",10,20,POST\n'
    (tmp_path / "a.csv").write_text(HEADER + row + PLAIN)
    told = read()
    assert told.use == {("ann", CALLS): 2}
    assert not told.gaps


def test_rows_that_never_end_cost_little(tmp_path: Path, read: Read) -> None:
    line = 'a,b,"api.openai.com\n'
    (tmp_path / "a.csv").write_text(HEADER + line * 20_000)
    began = time.process_time()
    told = read()
    assert time.process_time() - began < 20
    assert told.gaps
