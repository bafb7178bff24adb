"""Tables: columns that a header does not name."""

from __future__ import annotations

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
