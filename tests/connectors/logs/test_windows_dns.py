"""The debug log of Windows' DNS server: one question stands in it up to four times, and its times
are written as the server's region has them
(https://learn.microsoft.com/en-us/windows-server/networking/dns/dns-logging-and-diagnostics)."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.logs.conftest import Read

CONTACT = "OpenAI: contact"
LINE = (
    "{at} 0E70 PACKET  00000000033397A0 UDP {way} 5b47 {kind} [0001   D   NOERROR] A      {name}\n"
)
NAME = "(3)api(6)openai(3)com(0)"


def asked(at: str, way: str = "Rcv 10.0.0.6   ", kind: str = "  Q", name: str = NAME) -> str:
    return LINE.format(at=at, way=way, kind=kind, name=name)


def test_a_question_counts_once_and_no_resolver_uses_ai(tmp_path: Path, read: Read) -> None:
    at = "6/5/2026 10:00:32 AM"
    (tmp_path / "dns.log").write_text(
        asked(at) + asked(at, "Snd 8.8.8.8    ") + asked(at, "Rcv 8.8.8.8    ", "R Q")
        + asked(at, "Snd 10.0.0.6   ", "R Q")
    )  # fmt: skip
    told = read("dns.log")
    assert told.use == {("10.0.0.6", CONTACT): 1}
    assert not told.gaps


@pytest.mark.parametrize(
    ("at", "before", "first"),
    [
        ("6/5/2026 1:00:32 PM", "", "2026-06-05T13:00:32Z"),
        ("05/06/2026 10:00:32", "05/13/2026 10:00:00", "2026-05-06T10:00:32Z"),
        ("05/06/2026 10:00:32", "25/05/2026 10:00:00", "2026-06-05T10:00:32Z"),
        ("25/06/2026 10:00:32", "", "2026-06-25T10:00:32Z"),
        ("05.06.2026 10:00:32", "", "2026-06-05T10:00:32Z"),
        ("5-6-2026 10:00:32", "", "2026-06-05T10:00:32Z"),
        ("2026/6/5 9:00:32", "", "2026-06-05T09:00:32Z"),
        ("20260605 10:00:32", "", "2026-06-05T10:00:32Z"),
    ],
)
def test_times_of_all_regions(tmp_path: Path, read: Read, at: str, before: str, first: str) -> None:
    log = asked(before, name="(3)www(7)example(3)org(0)") if before else ""
    (tmp_path / "dns.log").write_text(log + asked(at))
    told = read("dns.log")
    (row,) = told.assets[CONTACT].evidence
    assert (row.first_at, row.last_at) == (first, first)
    assert not told.gaps


@pytest.mark.parametrize(("changed", "first"), [(5, "2026-06-05"), (20, "2026-05-06")])
def test_where_no_date_tells_its_order_the_files_own_does(
    tmp_path: Path, read: Read, changed: int, first: str
) -> None:
    log = tmp_path / "dns.log"
    log.write_text(asked("05/06/2026 10:00:32"))
    at = datetime(2026, 6, changed, 11, tzinfo=UTC).timestamp()
    os.utime(log, (at, at))
    (row,) = read("dns.log").assets[CONTACT].evidence
    assert row.first_at[:10] == first


def test_a_time_that_nobody_can_read_is_told(tmp_path: Path, read: Read) -> None:
    (tmp_path / "dns.log").write_text(asked("05|06|2026 10:00:32") * 2)
    told = read("dns.log")
    assert told.use == {("10.0.0.6", CONTACT): 2}
    assert [one.reason for one in told.gaps] == [
        "2 lines of a time that is written in no known way; they count without a time"
    ]
